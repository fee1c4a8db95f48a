"""Clipped sums of per-sample gradients from an ordinary backward pass.

The gradients of a layer's parameters for one sample follow from the layer's input and its output
gradient. One backward pass gives both; the layers turn them into norms and, once the norms are
known, into sums (:mod:`torch_private.layers`). No gradient is computed by autograd for a parameter,
and none is stored in ``grad``.
"""

import contextlib
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch

from sklearn_private._checks import Checks
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError

from ..layers import all_norms, wide
from ._backward import Recorder
from ._hooks import RootObserver
from ._modes import MODES
from ._plan import attach, plan, refuse_batch_norm


class Clipper:
    """Sum the clipped per-sample gradients of a module.

    The module stays what it is: its class, its parameters, its outputs and its training loop.

    Parameters
    ----------
    module : torch.nn.Module
        The module to train. Parameters that do not require gradients stay frozen.
    max_grad_norm : float or sequence of floats, default=1.0
        The norm that a sample's gradient is clipped to. A sequence only with "per_layer".
    clipping : {"flat", "per_layer", "automatic", "adaptive"} or a mode, default="flat"
        How: see :class:`FlatClipping`, :class:`PerLayerClipping`, :class:`AutomaticClipping` and
        :class:`AdaptiveClipping`. A mode brings its own norm, and ``max_grad_norm`` is not read.
    loss_reduction : {"mean", "sum"}, default="mean"
        How the loss joins the losses of the samples of a batch.
    engine : {"auto", "fused", "opacus"}, default="auto"
        "auto" takes the fused engine where it knows the layer, and opacus elsewhere.

    Attributes
    ----------
    parameters : list of Parameter
        The trainable parameters, each once.
    layers : list of str
        The layers that hold them, in the order of ``engine_used_``.
    engine_used_ : dict
        "fused" or "opacus" by layer name.
    mode : FlatClipping or another mode
        How gradients are clipped.
    norms : Tensor
        Norms of the gradients of the samples since the last sums began. Exact: they must not leave
        the process without noise.
    batch_size : int
        Number of these samples. Exact, too.
    n_backwards : int
        Number of backward passes since the last sums began; each is taken for other samples.
    n_dropped : int
        Number of these samples whose gradient was not finite, and counted as zero. Exact, too.
    sensitivity : float
        L2 norm of what one sample adds to all sums together, at most.

    See Also
    --------
    torch_private.make_private : Adds sampling, noise and accounting.

    Notes
    -----
    **Protects** nothing by itself: it bounds what one sample adds to the sums, to which noise is
    added.
    **Against** gradients of any size; those that are not finite count as zero.
    **Leaks** the exact sums, norms and batch size to the process that trains.
    **Assumes** that the loss is the mean or the sum of losses of single samples, that no layer
    mixes samples, and that each backward pass is of other samples.

    References
    ----------
    Z. Bu, Y.-X. Wang, S. Zha and G. Karypis, "Differentially private optimization on large model
    at small cost", ICML 2023.

    Examples
    --------
    >>> import torch
    >>> from torch_private.clipping import Clipper
    >>> module = torch.nn.Linear(2, 1)
    >>> clipper = Clipper(module, max_grad_norm=0.5)
    >>> module(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).mean().backward()
    >>> weight, bias = clipper.clipped_sums()
    >>> clipper.norms
    tensor([5.0990, 1.0000])
    >>> bias  # 0.5 / 5.099 + 0.5 / 1
    tensor([0.5981])
    """

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        max_grad_norm: float | Sequence[float] = 1.0,
        clipping: str = "flat",
        loss_reduction: str = "mean",
        engine: str = "auto",
    ):
        self.module = module
        self.loss_reduction = loss_reduction
        self.engine = engine
        check = Checks(self)
        check.choice("loss_reduction", among=("mean", "sum"))
        check.choice("engine", among=("auto", "fused", "opacus"))
        if isinstance(clipping, str):
            self.clipping = clipping
            check.choice("clipping", among=tuple(MODES))
            clipping = MODES[clipping](max_grad_norm)
        self.parameters = _trainable(module)
        self.flat_sums, self._sums = _flat(self.parameters)
        self._modules = list(module.modules())
        self._structure = _structure(self._modules)
        self._recorder = Recorder(self._finish, self.flat_sums.device)
        self._rehearsed = None  # norms of backward passes that do not count
        self._observers, self._guards = [], []
        try:
            self._attach(clipping)
        except Exception:
            self.detach()
            raise
        self._begin()

    def _attach(self, mode):
        for observer in refuse_batch_norm(self.module):
            self._observers.append(observer)
        units = plan(self.module, self.engine)
        self.engine_used_ = {unit.name: unit.engine for unit in units}
        self.layers = list(self.engine_used_)
        self.mode = mode.resolved(len(units))
        self._row_of = _first_owner(units)
        for unit in units:
            self._observers.append(attach(unit, self._recorder))
        self._observers.append(RootObserver(self.module, self._recorder))
        names = {parameter: name for name, parameter in self.module.named_parameters()}
        self._guards = [
            parameter.register_post_accumulate_grad_hook(partial(_refuse_use, names[parameter]))
            for parameter in self.parameters
        ]

    def _begin(self):
        self._norms, self.n_backwards, self.n_dropped, self._collected = [], 0, 0, False

    @property
    def sensitivity(self) -> Any:
        """L2 norm of what one sample adds to all sums together, at most."""
        return self.mode.sensitivity

    @property
    def norms(self) -> Any:
        """Norms of the samples' gradients since the last sums began."""
        return torch.cat(self._norms) if self._norms else self.flat_sums.new_empty(0)

    @property
    def batch_size(self) -> Any:
        """Number of samples since the last sums began."""
        return sum(map(len, self._norms))

    def clipped_sums(self) -> list[torch.Tensor]:
        """Return the sums over all samples since the last call.

        Returns
        -------
        list of Tensors
            One for each of ``parameters``, of its shape. They are parts of ``flat_sums``, a vector
            to which noise can be added at once, and hold until the next backward pass.

        Raises
        ------
        GuaranteeError
            If there was no backward pass, or if other parameters are trainable now.
        """
        if self._collected or not self.n_backwards:
            raise GuaranteeError.unreleased(
                "There are no gradients: no loss of the module went backward since the last sums.",
                "Call loss.backward() first.",
            )
        if _structure(self._modules) != self._structure:
            raise _changed()
        self._collected = True
        return list(self._sums.values())

    def zero_sums(self) -> list[torch.Tensor]:
        """Return the sums over no sample, for a batch that is empty.

        Returns
        -------
        list of Tensors
            As from :meth:`clipped_sums`.
        """
        self._begin()
        self._collected = True
        self.flat_sums.zero_()
        return list(self._sums.values())

    def detach(self) -> None:
        """Leave the module without hooks."""
        for observer in self._observers:
            observer.detach()
        for guard in self._guards:
            guard.remove()

    @contextlib.contextmanager
    def rehearsal(self) -> Iterator[list[torch.Tensor]]:
        """Take norms of backward passes that do not count: sums and counts stay as they are.

        Yields
        ------
        list of Tensor of shape (batch_size,)
            The norms of each pass, in order.
        """
        self._rehearsed = []
        try:
            yield self._rehearsed
        finally:
            self._rehearsed = None

    def _finish(self, batch):
        """Add the clipped gradients of one backward pass to the sums."""
        found = batch.merged()
        if not found:  # all parameters were frozen after the forward pass
            return
        if any(parameter not in self._sums for parameter, _, _ in found):
            raise _changed()
        scale = batch.size if self.loss_reduction == "mean" else 1
        norms = self._norms_to_clip(found, batch.size).mul_(scale)
        if self._rehearsed is not None:
            norms = all_norms(list(norms)) if self.mode.by_layer else norms
            self._rehearsed.append(torch.where(torch.isfinite(norms), norms, 0.0))
            return
        if self._collected:
            self._begin()
        if not math.isfinite(norms.sum().item()):
            self._drop(found, norms)
        weights = self.mode.weights(norms).mul_(scale)
        beta = 1 if self.n_backwards else 0  # the first backward pass overwrites the last sums
        if not beta and len(found) < len(self._sums):
            self.flat_sums.zero_()
        by_layer = self.mode.by_layer
        for parameter, gradients, _ in reversed(found):  # The last ones are in the cache.
            row = weights[self._row_of[parameter]] if by_layer else weights
            gradients.sum_into(self._sums[parameter], row, beta)
        self._norms.append(all_norms(list(norms)) if by_layer else norms)
        self.n_backwards += 1

    def _norms_to_clip(self, found, batch_size):
        """Return the norm of each sample, in one row for each layer that is clipped by itself."""
        if not self.mode.by_layer:
            return all_norms([norms for _, _, norms in found])
        rows = [[self.flat_sums.new_zeros(batch_size)] for _ in self.layers]
        for parameter, _, norms in found:
            rows[self._row_of[parameter]].append(norms)
        return torch.stack([all_norms(row) for row in rows])

    def _drop(self, found, norms):
        """Count gradients and norms that are not finite as zero.

        To raise would tell that such a sample exists. A parameter that is not finite is another
        matter: it is no secret, and no gradient will be finite again.
        """
        if not all(torch.isfinite(parameter).all() for parameter in self.module.parameters()):
            raise GuaranteeError.unreleased(
                "A parameter of the module is not finite: training diverged.",
                "Lower the learning rate, and start again from the last checkpoint.",
            )
        samples = ~torch.isfinite(norms.view(-1, norms.shape[-1])).all(0)
        norms[..., samples] = 0
        for _, gradients, _ in found:
            gradients.drop(samples)
        self.n_dropped += int(samples.sum())


def _changed():
    return GuaranteeError.unreleased(
        "The trainable parameters changed after the module was made private.",
        "Freeze, unfreeze and add layers first, load weights without assign=True, then make it "
        "private.",
    )


def _trainable(module):
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def _structure(modules):
    """Return which modules belong to which, and which parameters are trainable."""
    children = [id(child) for module in modules for child in module._modules.values()]
    parameters = (p for module in modules for p in module._parameters.values())
    return children, [id(p) for p in parameters if p is not None and p.requires_grad]


def _first_owner(units):
    """Return the row of norms that each parameter counts in."""
    owners = {}
    for row, unit in enumerate(units):
        for parameter in unit.module.parameters():
            owners.setdefault(parameter, row)
    return owners


def _flat(parameters):
    """Return a vector as long as all parameters, and its part for each of them."""
    if not parameters:
        raise InvalidParameterError(
            "The 'module' parameter of Clipper must have a parameter that requires gradients."
        )
    if len({(wide(parameter[:0]).dtype, parameter.device) for parameter in parameters}) > 1:
        raise InvalidParameterError(
            "The 'module' parameter of Clipper must have its trainable parameters on one device, "
            "and either all or none of them in float64."
        )
    sizes = [parameter.numel() for parameter in parameters]
    flat = wide(parameters[0].detach()).new_zeros(sum(sizes))
    parts = zip(flat.split(sizes), parameters, strict=True)
    return flat, {parameter: part.view(parameter.shape) for part, parameter in parts}


def _refuse_use(name, parameter):
    parameter.grad = None
    raise GuaranteeError.unreleased(
        f"Parameter {name!r} was used outside its layer, so its gradient cannot be taken apart by "
        "sample.",
        "Call the layer instead, leave penalties on parameters to the optimizer (weight_decay), "
        "and do not compile the module: that goes around its layers.",
    )
