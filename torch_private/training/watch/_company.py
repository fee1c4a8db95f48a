"""What becomes of a row must be the same beside other rows.

What a loop computed from a batch is computed again with **other rows beside**: half of the rows are
kept, where they are, and one of them takes the place of all others. What went into the module for a
kept row, what came out, the gradient of that and the norm that it was clipped by must be what they
were. Then the kept half is the other one. A row that enters twice, or in another's place, is found
like one that is mixed in, since it is known which rows were replaced.

A number that was taken out of tensors (``.item()``, ``.numpy()``) is not followed through Python.
If it is another one with other rows beside, and numbers enter the loss after it was taken, the
batch is refused.

What the module keeps is compared as a whole: nothing of it may come from the rows at all.
"""

import contextlib
import secrets
import warnings
from typing import Any

import torch

from ._module_state import explain_state, marks, reachable, unchanged
from ._tape import ancestors

_FAILS = (RuntimeError, ValueError, TypeError, LookupError)
_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5}  # else 2e-2: half precision
_NORM_TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-3}  # else 5e-2


def fault_of_state(tape: Any, clipper: Any, before: dict[str, Any]) -> str | None:
    """Return what is wrong if a module keeps something of the rows.

    Parameters
    ----------
    tape : Tape
        Of a batch.
    clipper : Clipper
        Of the module.
    before : dict
        Marks of what the module kept before the batch.

    Returns
    -------
    str or None
    """
    module = clipper.module
    written = {t.untyped_storage().data_ptr() for t in tape.of_rows()}
    for path, value in reachable(module):
        if isinstance(value, torch.Tensor) and value.untyped_storage().data_ptr() in written:
            return explain_state(module, path)
    if marks(module) == before:
        return None
    calls = ancestors(tape.calls, [call for call in tape.calls if call.rows is not None])
    order, found = _shuffled(tape.n_rows), []
    for sources in ([c for _, c in tape.sources], _beside_others(tape, order[:1], order[1:])):
        with unchanged(module):
            with contextlib.suppress(*_FAILS):  # of which fault_of_company tells
                _play(tape, calls, clipper, sources)
            found.append(marks(module))
    different = [path for path, mark in found[1].items() if found[0].get(path) != mark]
    return explain_state(module, different[0]) if different else None


def fault_of_company(tape: Any, clipper: Any, norms: torch.Tensor) -> str | None:
    """Return what is wrong if a row's share is another one beside other rows.

    Parameters
    ----------
    tape : Tape
        Of a batch that went backward.
    clipper : Clipper
        Of the module.
    norms : Tensor of shape (n_rows,)
        Norms of the gradients of the batch.

    Returns
    -------
    str or None
    """
    order, half = _shuffled(tape.n_rows), tape.n_rows // 2
    calls = ancestors(tape.calls, [c for c in tape.calls if c.is_backward or c.escapes])
    for keep, others in ((order[:half], order[half:]), (order[half:], order[:half])):
        sources = _beside_others(tape, keep, others)
        try:
            results, again = _play(tape, calls, clipper, sources)
        except _FAILS as error:
            return (
                "The loop cannot be computed again with other values of the batch "
                f"({type(error).__name__}), so it cannot be checked whether it mixes the samples: "
                "a shape or a choice in it depends on all rows together, or it calls a function "
                "that torch cannot show (an autograd.Function, or vmap: call it in the module)."
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
    with warnings.catch_warnings(), clipper.rehearsal() as rehearsed:
        warnings.simplefilter("ignore")  # They were given when the loss was computed.
        results = tape.play(calls, sources)
    return results, torch.cat(rehearsed) if rehearsed else clipper.norms[:0]


def _beside_others(tape, keep, others):
    """Return a batch in which one of the rows that are kept is in the place of all others."""
    batch = [copy.clone() for _, copy in tape.sources]
    for values in batch:
        values[others] = values[keep[0]].clone()
    return batch


def _shuffled(n_rows):
    """Return a permutation; the loop's random numbers stay as they are."""
    generator = torch.Generator().manual_seed(secrets.randbits(63))
    return torch.randperm(n_rows, generator=generator)


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
