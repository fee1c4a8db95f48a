"""The check of a module on a synthetic batch: each gradient is of one sample, and bounded.

A privacy engine that fails does so silently: the loss falls, epsilon is printed, and nothing was
clipped, or a layer never moved. So before anything is charged a batch that was made up (from shapes
and types, never from data) goes through the module:

* one row is replaced, and no other row's output may change, nor depend on it by a gradient, nor may
  anything that the module keeps (running statistics, the last batch) come out differently;
* the batch is repeated, and the output of a row may not depend on how many there are;
* every trainable parameter takes part;
* the engine's clipped sum is compared with a loop over samples that uses nothing but autograd: no
  longer than its bound, nonzero wherever the loop's is, and equal for flat clipping.

The check draws no random number from torch's generators, and leaves the module, its modes and what
it keeps as they were.
"""

import contextlib
import copy
import math
from collections.abc import Callable
from typing import Any

import torch

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError

from ..clipping import BATCH_NORMS, AdaptiveClipping, Clipper, FlatClipping
from ..sampling import map_tensors, tensors_in
from ._synthetic import N_ROWS, call, synthetic_batch, with_other_row
from .watch import ModuleState, explain_state, marks

_ROW = 1  # the one that is replaced
_SAME = 1e-5  # of the largest output: how far rows may differ by the order of float additions
_TIMES = 3  # How often the rows are repeated in a larger batch.
_ENGINE_ERROR = {torch.float64: 1e-6, torch.float32: 1e-3}  # else 0.1: half precision


def self_check(
    module: torch.nn.Module,
    loader: torch.utils.data.DataLoader,
    *,
    forward: Callable[..., Any] | None = None,
    **options: Any,
) -> None:
    """Raise unless a module can be trained with a bound on each sample.

    Parameters
    ----------
    module : torch.nn.Module
        The module, without hooks.
    loader : torch.utils.data.DataLoader
        The loader of the training loop.
    forward : callable, default=None
        ``forward(module, batch)`` returns the outputs, one row a sample.
    **options
        Of the :class:`~torch_private.clipping.Clipper`.

    Raises
    ------
    GuaranteeError
        If samples mix, statistics of the data are kept, or the engine is wrong about the module.
    InvalidParameterError
        If the module cannot be called on such a batch.
    """
    options = options | {"clipping": copy.deepcopy(options["clipping"])}  # It may adapt.
    Clipper(module, **options).detach()  # It refuses bad options, and layers that it knows.
    with _untouched(module):
        batch = synthetic_batch(loader, next(module.parameters()).device)
        outputs = _Outputs(module, forward or call)
        _refuse_mixing(outputs, batch)
        _refuse_other_sizes(outputs, batch)
        names = {p: name for name, p in module.named_parameters() if p.requires_grad}
        _compare_engine(outputs, batch, names, options)


class _Outputs:
    """The outputs of a module on synthetic batches, with the same random numbers every time."""

    def __init__(self, module, forward):
        self.module = module
        self._forward = forward
        self._state = ModuleState(module)

    def __call__(self, batch, seed=0):
        """Return the output tensors."""
        self._state.restore()
        torch.manual_seed(seed)
        try:
            outputs = tensors_in(self._forward(self.module, batch))
        except (RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
            raise InvalidParameterError.unreleased(
                f"The module cannot be called on a synthetic batch ({type(error).__name__}: "
                f"{error}).",
                "Say how a batch goes through it: forward=lambda module, batch: module(batch[0], "
                "batch[1]).",
            ) from error
        outputs = [o for o in outputs if o.is_floating_point()]
        n_rows = len(tensors_in(batch)[0])
        if not outputs or any(not o.dim() or len(o) != n_rows for o in outputs):
            raise GuaranteeError.unreleased(
                "The module's outputs do not have one row for each sample in their first "
                "dimension, so that it cannot be seen whether samples mix.",
                "Return the outputs of the samples by forward=, such as forward=lambda module, "
                "batch: module(batch[0]).logits.",
            )
        return outputs


@contextlib.contextmanager
def _untouched(module):
    """Train, and leave random numbers, modes, gradients and whatever it keeps as they were."""
    modes = {layer: layer.training for layer in module.modules()}
    state = ModuleState(module)
    devices = sorted({p.device.index for p in module.parameters() if p.is_cuda})
    for layer in modes:
        # A frozen batch norm stays one; whoever wakes it later is refused by the clipper.
        layer.training = layer.training or not isinstance(layer, BATCH_NORMS)
    try:
        with torch.random.fork_rng(devices), torch.enable_grad():
            yield
    finally:
        state.restore()
        for layer, training in modes.items():
            layer.training = training


def _refuse_mixing(outputs, batch):
    inputs = map_tensors(_differentiable, batch)
    first, kept = outputs(inputs), marks(outputs.module)
    others = [row for row in range(N_ROWS) if row != _ROW]
    changed = _depends(first, tensors_in(inputs), others)
    with torch.no_grad():
        second, kept_now = outputs(with_other_row(batch, _ROW)), marks(outputs.module)
    different = [path for path, mark in kept_now.items() if kept.get(path) != mark]
    if different:
        raise GuaranteeError.unreleased(explain_state(outputs.module, different[0]))
    pairs = zip(first, second, strict=True)
    if changed or any(not _same(a.detach()[others], b[others]) for a, b in pairs):
        raise GuaranteeError.unreleased(
            "The module mixes the samples of a batch: when one row was replaced, the output of "
            "another one changed. No sample's influence is bounded.",
            "Replace what works across the batch (batch norm: by GroupNorm, see "
            "opacus.validators.ModuleValidator.fix).",
        )


def _refuse_other_sizes(outputs, batch):
    """Raise if a row comes out otherwise of a larger batch; a random module cannot be compared."""
    with torch.no_grad():
        few = outputs(batch)
        if not _all_same(few, outputs(batch, seed=1)):
            return
        many = outputs(map_tensors(lambda tensor: torch.cat([tensor] * _TIMES), batch))
    for a, b in zip(few, many, strict=True):
        if not _same(a, b[:N_ROWS], _ENGINE_ERROR.get(a.dtype, 0.1)):
            raise GuaranteeError.unreleased(
                f"The output of a row depends on how many rows are in the batch: {N_ROWS} or "
                f"{_TIMES * N_ROWS}. No sample's influence is bounded.",
                "Leave out of the module what depends on the size of the batch.",
            )


def _differentiable(tensor):
    return tensor.clone().requires_grad_() if tensor.is_floating_point() else tensor


def _same(a, b, tolerance=_SAME):
    scale = float(a.abs().max()) if a.numel() else 0.0
    return torch.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True)


def _all_same(first, second):
    return all(_same(a.detach(), b.detach()) for a, b in zip(first, second, strict=True))


def _depends(outputs, inputs, others):
    """Return whether outputs of other rows have a gradient in the replaced row."""
    inputs = [x for x in inputs if x.requires_grad]
    total = _losses(outputs)[others].sum()
    if not inputs or not total.requires_grad:
        return False
    try:
        found = torch.autograd.grad(total, inputs, allow_unused=True)
    except RuntimeError as error:
        if "use_reentrant" not in str(error):
            raise
        raise GuaranteeError.unreleased(
            "A layer is recomputed in a backward pass of its own (a reentrant checkpoint), apart "
            "from the other layers of its samples.",
            "Checkpoint with use_reentrant=False.",
        ) from error
    return any(g is not None and bool(g[_ROW].nan_to_num().any()) for g in found)


def _compare_engine(outputs, batch, names, options):
    bound = getattr(options["clipping"], "max_grad_norm", options["max_grad_norm"])
    bound = float(bound) if isinstance(bound, int | float) else math.hypot(*bound)
    first = outputs(batch)
    expected, factors = _loop(list(names), _losses(first), bound)
    is_random = not _all_same(first, outputs(batch, seed=1))
    clipper = Clipper(outputs.module, **options)
    try:
        observed = outputs(batch)
        same = _all_same(first, observed)
        if not same and not is_random:
            raise GuaranteeError(_BROKEN)
        losses = _losses(observed) * factors
        (losses.mean() if clipper.loss_reduction == "mean" else losses.sum()).backward()
        # The engine may draw dropout in another order; then sums differ, and only bounds compare.
        _judge(clipper, expected, names, same)
    finally:
        clipper.detach()


def _losses(outputs):
    """Return one loss a sample, in which every output has a weight of its own."""
    generator = torch.Generator().manual_seed(1)
    losses = torch.zeros(N_ROWS, device=outputs[0].device)
    for output in outputs:
        flat = output.reshape(N_ROWS, -1).float()
        losses = losses + flat @ torch.randn(flat.shape[1], generator=generator).to(flat.device)
    return losses


def _loop(parameters, losses, bound):
    """Return clipped sums by one backward pass a sample, and the factor of each sample's loss.

    The factors make every other gradient longer than the bound. A parameter that has no gradient
    at all has the sum None.
    """
    sums, factors = [None] * len(parameters), []
    for row, loss in enumerate(losses):
        found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        norm = math.hypot(*(float(torch.linalg.vector_norm(g)) for g in found if g is not None))
        if not factors:
            unit = bound / norm if norm else 1.0
        factors.append(unit * (0.25 if row % 2 else 2.0))
        weight = factors[-1] * min(1.0, bound / (factors[-1] * norm) if norm else 1.0)
        sums = [
            s if g is None else g * weight + (0 if s is None else s)
            for s, g in zip(sums, found, strict=True)
        ]
    return sums, losses.new_tensor(factors)


def _judge(clipper, expected, names, same):
    error = _ENGINE_ERROR.get(next(iter(names)).dtype, 0.1)
    sums = dict(zip(clipper.parameters, clipper.clipped_sums(), strict=True))
    longest = N_ROWS * clipper.sensitivity
    difference = 0.0
    for (parameter, name), right in zip(names.items(), expected, strict=True):
        if right is None:
            raise GuaranteeError.unreleased(
                f"The parameter {name!r} is trainable and takes no part in the output, so it "
                "would move by noise alone.",
                "Freeze it: requires_grad_(False).",
            )
        # Made-up words are all equal, so that attention has gradients of rounding errors alone.
        if float(right.norm()) > _SAME * longest and not sums[parameter].any():
            raise GuaranteeError.unreleased(
                f"The parameter {name!r} would never move: its gradient does not reach the engine.",
                "Make the module private after adapters were added.",
            )
        difference += float((sums[parameter] - right).square().sum())
    if not float(torch.linalg.vector_norm(clipper.flat_sums)) <= longest * (1 + error):
        raise GuaranteeError(_BROKEN)
    by_norm = type(clipper.mode) in (FlatClipping, AdaptiveClipping)
    if same and by_norm and not math.sqrt(difference) <= longest * error:
        raise GuaranteeError(_BROKEN)


_BROKEN = (
    "The clipped gradients of the module are not those that a loop over samples gives. Nothing was "
    "released. Please report the module as a fault; engine='opacus' takes another way."
)
