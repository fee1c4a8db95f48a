"""A loss must be the mean, or the sum, of losses of single samples; here that is checked.

Clipping bounds what a sample adds to the gradient *if* its gradient is its own. A contrastive loss,
a loss over ranks, weights by class counts of the batch: each makes a sample move the gradients of
the others, and the noise no longer hides it. So does a loss that is a mean where a sum was declared
or the other way round, since one more row then scales all others.

The loss is code of the user that nobody hands to us. So for the first batch of the first passes,
and of the 4th, 8th, 16th and so on after them, what is computed from the module's outputs is
written down (torch lets a mode see every function that is called), until ``backward`` is called on
a result. That computation is then run again on a third of the rows alone, and on the others: the
gradient of every output must be the same, up to the factor that the declared reduction makes. A
loss of single samples passes by construction; one that mixes samples passes only if the mixing of
these two parts moves no gradient. This is a test on a few batches and no proof, and statements name
what it rests on as an assumption.
"""

import itertools
import warnings
from typing import NamedTuple

import torch
from torch.overrides import TorchFunctionMode, _pop_mode, _push_mode

from sklearn_private.exceptions import GuaranteeError, PrivacyWarning

from ._tensors import map_tensors, tensors_in

_MOST_CALLS = 10_000  # Of a loss; beyond, it is not checked.
_MOST_OTHERS = 4  # Tensors beside the outputs that may or may not have a row a sample.
_PRECISE = (torch.float32, torch.float64)


class LossWatch:
    """Checks the loss of the first batch of passes 0, 1, 2, 4, 8 and so on.

    Parameters
    ----------
    module : torch.nn.Module
        The module whose outputs the loss takes.
    loss_reduction : {"mean", "sum"}
        What was declared.
    n_batches : int
        Steps of a pass.

    Attributes
    ----------
    unchecked : str or None
        Why the loss could not be checked; None if it was, or if there was none yet.
    """

    def __init__(self, module, loss_reduction, n_batches):
        self.unchecked = None
        self._reduction = loss_reduction
        self._n_batches = n_batches
        self._expects = False
        self._fault = None
        self._trace = None
        self._handles = [
            module.register_forward_pre_hook(self._before_forward),
            module.register_forward_hook(self._after_forward),
        ]

    def expect(self, piece):
        """Watch the next loss if its batch is the first of a pass to watch and has two rows."""
        number, position = divmod(piece.step, self._n_batches)
        first = piece.first and position == 0 and number & (number - 1) == 0
        self._expects = piece.n_rows > 1 and (first or self._expects)

    def stop(self):
        """Leave torch alone until the next batch."""
        if self._trace is not None:
            self._trace.remove()
            self._trace = None

    def conclude(self):
        """Stop, before a step; refuse a loss that mixes, and warn of one that was not seen."""
        unseen = self._trace is not None and not self._trace.done
        self.stop()
        if unseen:
            self._set_unchecked("loss.backward() was not called")
        if self._fault:
            raise GuaranteeError(f"{self._fault} Nothing was released.")

    def detach(self):
        """Leave the module without hooks."""
        self.stop()
        for handle in self._handles:
            handle.remove()

    def _before_forward(self, module, args):
        if self._trace is not None:
            self._trace.paused = True

    def _after_forward(self, module, args, output):
        if not self._expects or not torch.is_grad_enabled():
            return
        if self._trace is None:
            self._trace = _Trace(self._judge)
            self._trace.__enter__()
        self._trace.paused = False
        self._trace.outputs += [o for o in tensors_in(output) if o.requires_grad]

    def _judge(self, trace, loss):
        self._expects = False
        try:
            # Raised before the step: here torch would keep the mode.
            self._fault = _fault(trace, loss, self._reduction)
        except _UncheckedError as reason:
            self._fault = None
            self._set_unchecked(str(reason))

    def _set_unchecked(self, reason):
        self._expects = False
        self.unchecked = reason
        warnings.warn(
            f"It could not be checked that the loss is a {self._reduction} over samples: {reason}. "
            "The claim holds on that condition.",
            PrivacyWarning,
            stacklevel=2,
        )


class _UncheckedError(Exception):
    """Why a loss cannot be checked."""


class _Trace(TorchFunctionMode):
    """Writes down what is computed from outputs until ``backward`` is called."""

    def __init__(self, judge):
        super().__init__()
        self.outputs = []
        self.calls = []
        self.paused = False
        self.done = False
        self._judge = judge

    def remove(self):
        """Leave the stack of modes; those that were entered later keep their places."""
        above = []
        while (mode := _pop_mode()) is not self:
            above.append(mode)
        for mode in reversed(above):
            _push_mode(mode)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.Tensor.backward and not self.done:
            self.done = True
            self._judge(self, args[0])
        result = function(*args, **kwargs)
        if not self.paused and not self.done and len(self.calls) < _MOST_CALLS:
            self.calls.append((function, args, kwargs, result))
        return result


def _fault(trace, loss, reduction):
    """Return what is wrong with a loss, None if nothing is."""
    outputs = trace.outputs
    n_rows = len(outputs[0]) if outputs and outputs[0].dim() else 0
    if n_rows < 2 or any(not o.dim() or len(o) != n_rows for o in outputs):
        raise _UncheckedError("the module's outputs do not have a row for each sample")
    calls, gradients = _ancestors(trace.calls, loss), _gradients(loss, outputs)
    passed = {"mean", "sum"}
    for part in (slice(0, max(n_rows // 3, 1)), slice(max(n_rows // 3, 1), n_rows)):
        found = list(_of_part(calls, loss, outputs, n_rows, part))
        if not found:
            raise _UncheckedError("it cannot be computed again on a part of the batch")
        n_part = part.stop - part.start
        for kind, factor in (("mean", n_rows / n_part), ("sum", 1.0)):
            expected = [g[part] * factor for g in gradients]
            if not any(_close(reading, expected) for reading in found):
                passed.discard(kind)
    return None if reduction in passed else _explain(reduction, passed)


def _explain(reduction, passed):
    if passed:
        (other,) = passed
        return (
            f"The loss is a {other} over samples, but loss_reduction={reduction!r}. "
            f"Give make_private loss_reduction={other!r}, or the loss reduction={reduction!r}."
        )
    return (
        "The loss mixes the samples of a batch: a sample's gradient is another one beside other "
        "samples, so no sample's influence is bounded. Use a loss of each sample alone. (The mean "
        "of a cross-entropy with class weights, or with ignored labels, divides by what their sum "
        "in the batch is: take reduction='none' and the plain mean.)"
    )


def _gradients(loss, outputs):
    found = torch.autograd.grad(loss, outputs, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(o) if g is None else g for o, g in zip(outputs, found, strict=True)]


def _ancestors(calls, loss):
    """Return the calls that the loss was computed from, in order."""
    needed, kept = {id(loss)}, []
    for call in reversed(calls):
        _, args, kwargs, result = call
        if any(id(tensor) in needed for tensor in tensors_in(result)):
            kept.append(call)
            needed.update(map(id, tensors_in([args, kwargs])))
    return kept[::-1]


def _of_part(calls, loss, outputs, n_rows, part):
    """Yield the gradients of a part of the outputs, for each reading of other tensors.

    A tensor that came from elsewhere and is as long as the batch holds a row for each sample
    (labels), or not (weights of as many classes, by chance). A number that is a multiple of the
    length counts parts of samples (tokens), or not.
    """
    known = {id(t) for t in outputs} | {id(t) for call in calls for t in tensors_in(call[3])}
    used = {id(t): t for call in calls for t in tensors_in([call[1], call[2]])}
    others = [t for i, t in used.items() if i not in known and t.dim() and len(t) == n_rows]
    if len(others) > _MOST_OTHERS:
        return
    for multiples, *sliced in itertools.product((False, True), *[(True, False)] * len(others)):
        leaves = [o.detach()[part].clone().requires_grad_() for o in outputs]
        values = dict(zip(map(id, outputs), leaves, strict=True))
        values |= {id(t): t[part] for t, cut in zip(others, sliced, strict=True) if cut}
        try:
            numbers = _Numbers(n_rows, part.stop - part.start, multiples)
            again = _run_again(calls, values, loss, numbers)
            yield _gradients(again, leaves)
        except (RuntimeError, ValueError, TypeError, LookupError):
            continue  # This reading makes shapes that do not fit.


class _Numbers(NamedTuple):
    """How numbers that stand for the length of a batch change for a part of it."""

    whole: int
    part: int
    multiples: bool

    def shorten(self, tree):
        """Replace the length, as in a shape or a division, or one over it."""
        if type(tree) is int and (tree == self.whole or (self.multiples and tree > 0)):
            times, rest = divmod(tree, self.whole)
            return tree if rest else times * self.part
        if type(tree) is float and tree in (self.whole, 1 / self.whole):
            return float(self.part) if tree == self.whole else 1 / self.part
        if isinstance(tree, dict):
            return {key: self.shorten(branch) for key, branch in tree.items()}
        if type(tree) in (list, tuple, torch.Size):
            return (list if type(tree) is list else tuple)(map(self.shorten, tree))
        return tree


def _run_again(calls, values, loss, numbers):
    """Return the loss of a part of the rows."""

    def place(tree):
        tree = numbers.shorten(tree)
        return map_tensors(lambda tensor: values.get(id(tensor), tensor), tree)

    devices = [loss.device] if loss.is_cuda else []
    with torch.random.fork_rng(devices), torch.enable_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # They were given when the loss was computed.
        for function, args, kwargs, result in calls:
            again = function(*place(args), **place(kwargs))
            pairs = zip(tensors_in(result), tensors_in(again), strict=True)
            values.update((id(old), new) for old, new in pairs)
    return values[id(loss)]


def _close(found, expected):
    for one, other in zip(found, expected, strict=True):
        # Rows that are not finite are dropped later; the others are compared.
        one, other = (torch.nan_to_num(g, nan=0.0, posinf=0.0, neginf=0.0) for g in (one, other))
        scale = float(other.abs().max()) if other.numel() else 0.0
        tolerance = 1e-3 if one.dtype in _PRECISE else 5e-2
        if not torch.allclose(one, other, rtol=tolerance, atol=tolerance * scale):
            return False
    return True
