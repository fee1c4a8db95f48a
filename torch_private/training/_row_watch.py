"""Every row of a batch must be alone: watched from the loader to the step.

Clipping bounds what a row adds to the gradient *if* its gradient is its own. Whatever mixes rows
(in the loop before the module, in a layer, in the loss, in targets without gradients) makes one row
move the gradients of others, and the noise no longer hides it. All of this is code of the user.

So a batch is watched now and then: everything that is computed from it until the step is written
down (:mod:`._tape`), and before the step it is computed again with **other rows beside**: half of
the rows are kept, where they are, and one of them takes the place of all others. What went into the
module for a kept row, what came out, the gradient of that and the norm that it was clipped by must
be what they were. Then the kept half is the other one. A row that enters twice, or in
another's place, is found like one that is mixed in, since the row that was replaced is known.

How many rows there are is another question, which :mod:`._sizes` asks.

A number that was taken out of tensors (``.item()``, ``.numpy()``) is not followed through Python.
If it is another one with other rows beside, and numbers enter the loss after it was taken, the
batch is refused. What cannot be seen at all (an item of the data set that reads other rows) stands
in the statement's assumptions.

Watched are the steps 0, 1, 2, 4, 8 and so on of a run, one at random of each pass (of each 25 steps
where passes are shorter), and the first batch with a negative label, since that is how losses are
told to ignore one. That is a test on a few batches and no proof.
"""

import secrets
import warnings

import torch

from sklearn_private.exceptions import GuaranteeError, PrivacyWarning

from ..sampling import same_random_numbers, tensors_in
from ._sizes import UncheckedError, fault_of_sizes
from ._tape import Tape, ancestors

_FEWEST_STEPS = 25  # for each random watch: what a watch costs is two steps at most
_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5}  # else 2e-2: half precision
_NORM_TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-3}  # else 5e-2


class RowWatch:
    """Checks that the loop around a module lets each row of a batch alone.

    Parameters
    ----------
    clipper : Clipper
        Of the module.
    n_batches : int
        Steps of a pass.

    Attributes
    ----------
    unchecked : str or None
        Why the reduction of the loss could not be checked; None if it was, or if there was none
        yet.
    """

    def __init__(self, clipper, n_batches):
        self.unchecked = None
        self._clipper = clipper
        self._block = max(n_batches, _FEWEST_STEPS)
        self._chosen = (-1, -1)  # the block of steps that is at work, and its random step
        self._saw_negative = False
        self._expects = False
        self._tape = None
        self._n_before = 0  # rows of the sample that went backward in earlier pieces

    @property
    def watches(self):
        """Whether the batch that is out is watched."""
        return self._tape is not None

    def expect(self, piece, batch):
        """Watch what is made of a batch, if it is its turn.

        Parameters
        ----------
        piece : Piece
            What goes out.
        batch : object
            With these values.
        """
        self.stop()
        self._expects = self._is_due(piece, batch) or (self._expects and not piece.first)
        if self._expects and piece.n_rows > 1:
            self._n_before = 0 if piece.first else self._clipper.batch_size
            self._tape = Tape(self._clipper.module, batch, piece.n_rows)

    def _is_due(self, piece, batch):
        step, block = piece.step, piece.step // self._block
        if self._chosen[0] != block:
            self._chosen = block, block * self._block + secrets.randbelow(self._block)
        negative = not self._saw_negative and _has_negative(batch)
        self._saw_negative |= negative
        return step & (step - 1) == 0 or step == self._chosen[1] or negative

    def stop(self):
        """Leave torch alone until the next batch."""
        if self._tape is not None:
            self._tape.remove()
            self._tape = None

    def conclude(self):
        """Judge, before a step, what was watched.

        Raises
        ------
        GuaranteeError
            If a row was not alone.
        """
        tape = self._tape
        self.stop()
        if tape is None or not self._clipper.n_backwards:
            return
        self._expects = False
        with torch.enable_grad():
            fault = self._fault(tape)
        if fault:
            raise GuaranteeError.unreleased(f"{fault}")

    def _fault(self, tape):
        if not tape.sources:
            tape.fault = (
                "no tensor of the batch has a row for each of its samples. Let collate_fn return "
                "such tensors, in tuples, lists or dictionaries"
            )
        if tape.fault:
            return f"It cannot be checked whether the loop mixes the samples: {tape.fault}."
        if not any(call.is_backward for call in tape.calls):
            return (
                "It cannot be checked whether the loss mixes the samples: it went backward in a "
                "way that is not seen. Call backward() of the loss, a tensor."
            )
        try:
            fault, unchecked = fault_of_sizes(tape, self._clipper.loss_reduction), None
        except UncheckedError as reason:
            fault, unchecked = None, str(reason)
        fault = fault or _fault_of_company(tape, self._clipper, self._n_before)
        if unchecked and not fault:
            self._warn(unchecked)
        return fault

    def _warn(self, reason):
        self.unchecked = reason
        warnings.warn(
            f"It could not be checked that the loss is a {self._clipper.loss_reduction} over "
            f"samples: {reason}. The claim holds on that condition.",
            PrivacyWarning,
            stacklevel=2,
        )

    def detach(self):
        """Leave the module without hooks."""
        self.stop()


class NothingToWatch:
    """The watch of a loop that is ours, and sees one row at a time."""

    unchecked = None

    def expect(self, piece, batch):
        """Do nothing."""

    def stop(self):
        """Do nothing."""

    def conclude(self):
        """Do nothing."""

    def detach(self):
        """Do nothing."""


def _has_negative(batch):
    integers = [t for t in tensors_in(batch) if t.dim() and t.numel() and _is_integer(t)]
    return any(bool(t.min() < 0) for t in integers)


def _is_integer(tensor):
    return not tensor.is_floating_point() and not tensor.is_complex() and tensor.dtype != torch.bool


def _fault_of_company(tape, clipper, n_before):
    """Return what is wrong if a row's share is another one beside other rows."""
    order = torch.randperm(
        tape.n_rows, generator=torch.Generator().manual_seed(secrets.randbits(63))
    )
    half = max(tape.n_rows // 2, 1)
    calls = ancestors(tape.calls, [c for c in tape.calls if c.is_backward or c.escapes])
    norms = clipper.norms[n_before:]
    for keep, others in ((order[:half], order[half:]), (order[half:], order[:half])):
        sources = [_beside_others(copy, keep, others) for _, copy in tape.sources]
        try:
            results, again = _play(tape, calls, clipper, sources)
        except (RuntimeError, ValueError, TypeError, LookupError) as error:
            return (
                "The loop cannot be computed again with other values of the batch "
                f"({type(error).__name__}), so it cannot be checked whether it mixes the samples: "
                "a shape or a choice in it depends on all rows together."
            )
        kept = torch.zeros(tape.n_rows, dtype=torch.bool).index_fill_(0, keep, True)
        fault = (
            _fault_of_numbers(tape, calls, results)
            or _fault_of_rows(calls, results, kept)
            or _fault_of_norms(norms, again, kept)
        )
        if fault:
            return fault
    return None


def _play(tape, calls, clipper, sources):
    """Return the results of calls on other values of the batch, and norms of gradients."""
    with same_random_numbers(tape.device), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # They were given when the loss was computed.
        with clipper.rehearsal() as rehearsed:
            results = tape.play(calls, sources)
    return results, torch.cat(rehearsed) if rehearsed else clipper.norms[:0]


def _beside_others(values, keep, others):
    """Return a batch in which one of the rows that are kept is in the place of all others."""
    values = values.clone()
    values[others] = values[keep[0]].clone()
    return values


_MIXED = {
    "inputs": "before the module: what goes into it for a row",
    "outputs": "in the module: what comes out of it for a row",
    "grads": "in the loss: the gradient of a row",
}


def _fault_of_rows(calls, results, kept):
    offset = 0
    for call, again in zip(calls, results, strict=True):
        if call.rows is None or not call.rows.grads:
            continue
        n_rows = len(call.rows.inputs[0]) if call.rows.inputs else 0
        mine = kept[(offset + torch.arange(n_rows)) % len(kept)]
        offset += n_rows
        for kind, words in _MIXED.items():
            if not _same_rows(getattr(call.rows, kind), getattr(again, kind), mine):
                return (
                    f"The loop mixes the samples of a batch {words} is another thing beside other "
                    "rows, so no sample's influence is bounded. Compute from each row what depends "
                    "on that row alone, in the place of the row."
                )
    if offset % len(kept):
        return (
            f"The module was called with {offset} rows for a batch of {len(kept)}, so it cannot be "
            "checked whether the loop mixes the samples. Give all rows of a batch to the module, "
            "and leave some out in the data set, or by a weight of zero in the loss."
        )
    return None


def _same_rows(before, after, kept):
    if isinstance(before, dict):
        if before.keys() != after.keys():
            return False
        before, after = ([d[k] for k in sorted(before)] for d in (before, after))
    if len(before) != len(after):
        return False
    pairs = [(a, b) for a, b in zip(before, after, strict=True) if a.dim() and len(a) == len(kept)]
    return all(a.shape == b.shape and _same(a[kept], b[kept]) for a, b in pairs)


def _same(before, after):
    if not before.is_floating_point():
        return torch.equal(before, after)
    tolerance = _TOLERANCE.get(before.dtype, 2e-2)
    scale = float(before.abs().nan_to_num(posinf=0).max()) if before.numel() else 0.0
    return torch.allclose(before, after, rtol=0, atol=tolerance * scale, equal_nan=True)


def _fault_of_norms(before, after, kept):
    mine = kept[torch.arange(len(before)) % len(kept)]
    tolerance = _NORM_TOLERANCE.get(before.dtype, 5e-2)
    same = len(before) == len(after) and torch.allclose(
        before[mine], after[mine], rtol=tolerance, atol=1e-6 * float(before.max())
    )
    if same:
        return None
    return (
        "The loop mixes the samples of a batch: the gradient of a row is another one beside other "
        "rows, so no sample's influence is bounded."
    )


def _fault_of_numbers(tape, calls, results):
    """Return what is wrong if numbers of the rows go into the loss by way of Python."""
    taken = None  # the first call that took some
    losses = {id(c) for c in ancestors(tape.calls, [c for c in tape.calls if c.is_backward])}
    for call, again in zip(calls, results, strict=True):
        if call.escapes and not _equal(call.result, again):
            if isinstance(call.result, bool):
                return (
                    "A choice in the loop (an `if` on a tensor) turns out otherwise beside other "
                    "rows, so it cannot be checked whether it mixes the samples. Choose for each "
                    "row, by torch.where."
                )
            taken = taken or call
        elif taken and id(call) in losses and _has_fresh_numbers(call, tape, taken):
            return (
                "A number was taken out of the batch (.item(), .numpy(), .tolist()), and numbers "
                "enter the loss after that: it cannot be checked whether they mix the samples of a "
                "batch. Compute with tensors, or take numbers out after backward()."
            )
    return None


def _equal(before, after):
    try:
        return bool(torch.equal(torch.as_tensor(before), torch.as_tensor(after)))
    except (TypeError, ValueError, RuntimeError):
        return before == after


def _has_fresh_numbers(call, tape, taken):
    if call.is_backward:
        return False
    since = next(i for i, other in enumerate(tape.calls) if other is taken)
    if any(tape.first_used.get(id(t), -1) > since for t in call.read):
        return True
    if call.rows is not None:
        return False
    numbers = [*call.args, *call.kwargs.values()]
    return not call.read or any(type(n) is float and n not in (0.0, 1.0) for n in numbers)
