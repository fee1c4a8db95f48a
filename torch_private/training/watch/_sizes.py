"""A row's share may not depend on how many rows there are, but for the mean that was declared.

With a Poisson sample a neighbour's batch has one row more or less, and a loss that is a mean where
a sum was declared, or divides by the number of some rows, scales all others then. So what the loop
computes is computed again on a third of the rows, and on the others: before the module, each row
must go in as it did; after it, the gradient of every output must be the same, up to the factor that
the declared reduction makes.

Shapes are numbers in the loop (``x.view(len(x), -1)``), and a number that is the length of the
batch may stand for it or not. All readings are tried, and one that fits is enough: where samples
mix, the whole of the loop with other rows in the batch tells (:mod:`._row_watch`).
"""

import itertools
import warnings
from typing import Any, NamedTuple

import torch

from ...sampling import map_tensors, tensors_in

_MOST_OTHERS = 4  # Tensors beside the outputs that may or may not have a row a sample.
_PRECISE = (torch.float32, torch.float64)


class UncheckedError(Exception):
    """Why a loss cannot be checked."""


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


def fault_of_sizes(tape: Any, reduction: str) -> str | None:
    """Return what is wrong with the sizes that a loop works with, None if nothing is.

    Parameters
    ----------
    tape : Tape
        Of a batch.
    reduction : {"mean", "sum"}
        What was declared.

    Returns
    -------
    str or None

    Raises
    ------
    UncheckedError
        If it cannot be computed again on a part of the batch.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # They were given when the loss was computed.
        faults = [_fault_of_inputs(tape, c) for c in tape.calls if c.rows and c.rows.grads]
        faults += [_fault_of_loss(tape, c, reduction) for c in tape.calls if c.is_backward]
    return next((fault for fault in faults if fault), None)


def _parts(n_rows):
    third = max(n_rows // 3, 1)
    return slice(0, third), slice(third, n_rows)


def _fault_of_inputs(tape, call):
    """Return what is wrong if rows go into the module otherwise where there are fewer of them."""
    n_rows = tape.n_rows
    targets = [(t, c) for t, c in zip(call.read, call.rows.inputs, strict=True) if t.dim()]
    if n_rows < 2 or any(len(copy) != n_rows for _, copy in targets):
        return None
    calls = _between(tape.calls, [t for t, _ in targets], tape.sources)
    chain = _Chain(calls, tape.sources, [t for t, _ in targets], n_rows)
    for part in _parts(n_rows):
        expected = [copy[part] for _, copy in targets]
        found = [values for _, values in chain.readings(part) if _fits(values, expected)]
        if found and not any(_close(reading, expected) for reading in found):
            return (
                "The loop mixes the samples of a batch before the module: what it makes of a row "
                "is another thing where fewer rows are in the batch, so no sample's influence is "
                "bounded. Make of each row what depends on that row alone."
            )
    return None


def _fault_of_loss(tape, backward, reduction):
    loss, weight = backward.args[0], backward.weight
    targets = [loss] if weight is None else [loss, weight]
    outputs = _outputs(tape.calls, targets)
    n_rows = len(outputs[0][1]) if outputs and outputs[0][1].dim() else 0
    if n_rows < 2 or any(not o.dim() or len(o) != n_rows for _, o in outputs):
        raise UncheckedError("the module's outputs do not have a row for each sample")
    chain = _Chain(_between(tape.calls, targets, outputs), outputs, targets, n_rows)
    whole = next(_gradients(chain, slice(0, n_rows)), None)
    passed = {"mean", "sum"}
    for part in _parts(n_rows):
        found = list(_gradients(chain, part))
        if whole is None or not found:
            raise UncheckedError("it cannot be computed again on a part of the batch")
        for kind, factor in (("mean", n_rows / (part.stop - part.start)), ("sum", 1.0)):
            expected = [g[part] * factor for g in whole]
            if not any(_close(reading, expected) for reading in found):
                passed.discard(kind)
    return None if reduction in passed else _explain(reduction, passed)


def _gradients(chain, part):
    """Yield the gradients of a part of the outputs, for each reading."""
    for leaves, (loss, *weight) in chain.readings(part):
        total = (loss * weight[0]).sum() if weight else loss
        if not total.requires_grad:
            raise UncheckedError("a function in it cannot be followed")
        found = torch.autograd.grad(total, leaves, allow_unused=True)
        yield [torch.zeros_like(o) if g is None else g for o, g in zip(leaves, found, strict=True)]


def _outputs(calls, targets):
    """Return the module's outputs that tensors depend on, each with a copy."""
    needed, outputs = set(map(id, targets)), []
    for call in reversed(calls):
        if not any(id(t) in needed for t in call.written):
            continue
        if call.rows is None:
            needed.update(map(id, call.read))
        else:
            pairs = zip(tensors_in(call.result), call.rows.outputs, strict=True)
            outputs += [(t, copy) for t, copy in pairs if id(t) in needed and t.requires_grad]
    return outputs


def _between(calls, targets, leaves):
    """Return the calls from some tensors on, or from numbers alone, to other tensors.

    What was drawn at random is no such call: its rows are taken as they were.
    """
    needed, before = set(map(id, targets)), []
    for call in reversed(calls):
        if call.rows is None and any(id(t) in needed for t in call.written):
            before.append(call)
            needed.update(map(id, call.read))
    depends, kept = {id(t) for t, _ in leaves}, []
    for call in reversed(before):
        if not call.read or any(id(t) in depends for t in call.read):
            if call.drawn and any(t.requires_grad for t in call.written):
                raise UncheckedError("it draws random numbers for what the module returns")
            if not call.drawn:
                depends.update(map(id, call.written))
                kept.append(call)
    return kept


def _cut(tensor, part, n_rows):
    """Return a part of the rows, of which each sample may have several."""
    times = len(tensor) // n_rows
    return tensor[part.start * times : part.stop * times]


class _Chain:
    """The calls from some tensors on (leaves, each with a copy of its values) to others."""

    def __init__(self, calls, leaves, targets, n_rows):
        self._calls, self._leaves, self._targets, self._n_rows = calls, leaves, targets, n_rows
        made = {id(t) for t, _ in leaves} | {id(t) for call in calls for t in call.written}
        used = {id(t): t for t in [t for call in calls for t in call.read] + targets}
        self._others = [
            t
            for i, t in used.items()
            if i not in made and t.dim() and len(t) % n_rows == 0 < len(t)
        ]

    def readings(self, part):
        """Yield leaves and targets of a part of the rows, for each reading of other tensors.

        A tensor that came from elsewhere and is as long as the batch, or a multiple, holds a row
        (or some) for each sample (labels), or not (weights of as many classes, by chance). A
        number that is a multiple of the length counts parts of samples (tokens), or not.
        """
        if len(self._others) > _MOST_OTHERS:
            return
        cuts = itertools.product((False, True), *[(True, False)] * len(self._others))
        for multiples, *sliced in cuts:
            numbers = _Numbers(self._n_rows, part.stop - part.start, multiples)
            rows = {id(t): _cut(t, part, self._n_rows)
                    for t, cut in zip(self._others, sliced, strict=True) if cut}  # fmt: skip
            try:
                yield self._play(part, rows, numbers)
            except (RuntimeError, ValueError, TypeError, LookupError):
                continue  # This reading makes shapes that do not fit.

    def _play(self, part, values, numbers):
        leaves = []
        for tensor, copy in self._leaves:
            leaf = copy.detach()[part].clone()
            leaves.append(leaf.requires_grad_(copy.is_floating_point()))
            values[id(tensor)] = leaf.clone()  # It may change in place, which a leaf may not.

        def place(tree):
            return map_tensors(lambda t: values.get(id(t), t), numbers.shorten(tree))

        for call in self._calls:
            again = call.play(place)
            pairs = zip(tensors_in(call.result), tensors_in(again), strict=True)
            values.update((id(old), new) for old, new in pairs)
        return leaves, [values.get(id(t), t) for t in self._targets]


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


def _fits(found, expected):
    return [t.shape for t in found] == [t.shape for t in expected]


def _close(found, expected):
    for one, other in zip(found, expected, strict=True):
        # Rows that are not finite are dropped later; the others are compared.
        one, other = (torch.nan_to_num(g, nan=0.0, posinf=0.0, neginf=0.0) for g in (one, other))
        scale = float(other.abs().max()) if other.numel() else 0.0
        tolerance = 1e-3 if one.dtype in _PRECISE else 5e-2
        if not torch.allclose(one, other, rtol=tolerance, atol=tolerance * scale):
            return False
    return True
