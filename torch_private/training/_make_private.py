"""Turn an ordinary training loop into a private one."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import nn

from sklearn_private._checks import Checks
from sklearn_private.accounting import LedgerLike
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from sklearn_private.mechanisms import noise_source

from ..clipping import Clipper
from ..sampling import private_loader
from ._group import current_group
from ._parts import check_module, check_optimizer
from ._plan import make_plan
from ._private_training import PrivateTraining
from ._run import Run
from ._self_check import self_check
from ._spending import Spending
from .watch import RowWatch

_PRIVATE = weakref.WeakKeyDictionary()  # every module of a run: the run


def make_private(
    module: nn.Module,
    optimizer: Any,
    loader: Any,
    *,
    epsilon: float,
    delta: float,
    epochs: int,
    max_grad_norm: float | Sequence[float] = 1.0,
    loss_reduction: str = "mean",
    clipping: str = "flat",
    engine: str = "auto",
    sampling: str = "poisson",
    neighboring: str = "zero_out",
    truncated_batch_size: int | None = None,
    max_physical_batch_size: int | None = None,
    forward: Callable[..., Any] | None = None,
    ledger: LedgerLike | None = None,
    random_state: int | np.random.Generator | None = None,
) -> PrivateTraining:
    """Make the three parts of a training loop private; the loop stays as it is.

    Each step sees a random sample of rows, clips the gradient of each, adds up, adds noise, and
    divides by the *expected* number of rows. The noise is the least that keeps ``epochs`` passes
    within the budget, and the step after those is refused.

    Parameters
    ----------
    module : torch.nn.Module
        What is trained. Freeze what shall not move: ``requires_grad_(False)``.
    optimizer : torch.optim.Optimizer
        Holds the trainable parameters of the module and no others.
    loader : torch.utils.data.DataLoader
        Its dataset, batch size (the expected one, from now on), collation and workers are used.
    epsilon : float
        Privacy loss of the whole run. Larger is more accurate and less private.
    delta : float
        Probability-like slack of the claim, in (0, 1). Keep it below one over the number of rows.
    epochs : int
        Passes over the loader that the budget is spread over. More take more noise each.
    max_grad_norm : float or sequence of floats, default=1.0
        The norm that each row's gradient is clipped to. Smaller: less noise, more bias.
    loss_reduction : {"mean", "sum"}, default="mean"
        What the loss is over the rows of a batch. It is checked.
    clipping : {"flat", "per_layer", "automatic", "adaptive"} or a mode, default="flat"
        How gradients are clipped, see :class:`torch_private.clipping.Clipper`.
    engine : {"auto", "fused", "opacus"}, default="auto"
        What computes them; ``"auto"`` takes opacus for layers that the fused one does not know.
    sampling : {"poisson", "truncated_poisson", "fixed"}, default="poisson"
        Each row by a coin of its own; the same with a limit on the size; or in the order of the
        loader, where each row enters once a pass and nothing is amplified. The price is that of
        the choice.
    neighboring : {"zero_out", "replace_one"}, default="zero_out"
        The neighbouring relation: a row is replaced by nothing or by another. The number of rows
        is public in both.
    truncated_batch_size : int, default=None
        The limit of ``"truncated_poisson"``; None is the mean and six standard deviations.
    max_physical_batch_size : int, default=None
        Rows that go through the module at once, at most; larger samples come in pieces, and
        ``optimizer.step()`` moves after the last one. None: each sample at once.
    forward : callable, default=None
        How a batch goes through the module in the self-check: ``forward(module, batch)`` returns
        outputs with one row a sample. None calls ``module(batch[0])``, or ``module(**batch)``.
    ledger : PrivacyLedger or path-like, default=None
        Charged with the whole run before its first step.
    random_state : None, int or numpy.random.Generator, default=None
        None takes samples and noise from the operating system. A seed is for tests: the noise can
        be repeated, so epsilon is infinite in the statement.

    Returns
    -------
    PrivateTraining
        Unpacks to ``module, optimizer, loader``.

    Raises
    ------
    InvalidParameterError
        If a parameter breaks its rule, or the loader draws rows in a way that has no price.
    GuaranteeError
        If the module mixes samples, keeps statistics of them, or fails the self-check.

    Notes
    -----
    **Protects** the content of one row of the data.
    **Against** whoever reads the module after each step, and knows all other rows.
    **Leaks** the number of rows, all settings, and that no step was refused.
    **Assumes** what :class:`PrivateTraining` names: a loss of single rows above all.

    References
    ----------
    M. Abadi et al., "Deep learning with differential privacy", CCS 2016.

    Examples
    --------
    >>> import torch
    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> from torch_private import make_private
    >>> X = torch.randn(1000, 5)
    >>> module = torch.nn.Linear(5, 2)
    >>> optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    >>> loader = DataLoader(TensorDataset(X, (X[:, 0] > 0).long()), batch_size=100)
    >>> private = make_private(module, optimizer, loader, epsilon=3.0, delta=1e-5, epochs=2)
    >>> module, optimizer, loader = private
    >>> for _ in range(2):
    ...     for x, y in loader:
    ...         optimizer.zero_grad()
    ...         torch.nn.functional.cross_entropy(module(x), y).backward()
    ...         optimizer.step()
    >>> 2.9 < private.epsilon_spent() <= 3.0
    True
    """
    _check_claim(epsilon, delta, epochs, neighboring)
    _check_batches(sampling, clipping, truncated_batch_size, max_physical_batch_size)
    _check_parts(module, optimizer)
    rng = noise_source(random_state)
    private = private_loader(
        loader,
        sampling=sampling,
        rng=rng,
        truncated_batch_size=truncated_batch_size,
        max_physical=max_physical_batch_size,
    )
    plan = make_plan(
        private.sampler,
        epsilon=epsilon,
        delta=delta,
        neighboring=neighboring,
        n_steps=epochs * len(private),
    )
    options = {
        "max_grad_norm": max_grad_norm,
        "clipping": clipping,
        "loss_reduction": loss_reduction,
        "engine": engine,
    }
    group = current_group()
    group.agree((plan.event, plan.sampler.n_rows, options, truncated_batch_size), module)
    private.share = group.share
    self_check(module, loader, forward=forward, **options)
    spending = Spending(ledger if group.leads else None, plan, rng)
    clipper = Clipper(module, **options)
    watch = RowWatch(clipper, len(private))
    private.run = Run(plan, clipper, optimizer, spending, rng, watch, group)
    _PRIVATE.update(dict.fromkeys(module.modules(), weakref.ref(private.run)))
    return PrivateTraining(module, private, private.run, rng)


_CHECK = Checks("make_private")


def _check_claim(epsilon, delta, epochs, neighboring):
    _CHECK.real(epsilon=epsilon, above=0)
    _CHECK.real(delta=delta, above=0, below=1)
    _CHECK.integer(epochs=epochs, at_least=1)
    _CHECK.choice(neighboring=neighboring, among=("zero_out", "replace_one"))


def _check_batches(sampling, clipping, truncated_batch_size, max_physical_batch_size):
    _CHECK.choice(sampling=sampling, among=("poisson", "truncated_poisson", "fixed"))
    if isinstance(clipping, str):  # else a mode of torch_private.clipping
        _CHECK.choice(clipping=clipping, among=("flat", "per_layer", "automatic", "adaptive"))
    _CHECK.integer(truncated_batch_size=truncated_batch_size, at_least=1, optional=True)
    _CHECK.integer(max_physical_batch_size=max_physical_batch_size, at_least=1, optional=True)


def _check_parts(module, optimizer):
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        raise InvalidParameterError(
            f"The 'module' parameter of make_private must be one module in one process. Got "
            f"{type(module).__name__} instead. Give it the module within; with "
            "torch.distributed initialised, every process calls make_private, which adds up their "
            "rows."
        )
    check_module(module)
    check_optimizer(optimizer)
    runs = [_PRIVATE[layer]() for layer in module.modules() if layer in _PRIVATE]
    if any(run is not None and run.attached for run in runs):
        raise GuaranteeError.unreleased(
            "The module, or a layer of it, is private already: a second optimizer would see the "
            "same rows and nobody would count both.",
            "Put all parameters into one optimizer (groups may have their own learning rates), "
            "or detach() the first run.",
        )
    names = {id(p): name for name, p in module.named_parameters()}
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    missing = [
        n for i, n in names.items() if i not in held and module.get_parameter(n).requires_grad
    ]
    if missing or held - set(names):
        raise InvalidParameterError(
            "The optimizer must hold the trainable parameters of the module and no others. It "
            f"lacks {', '.join(missing) or 'none'}, and holds {len(held - set(names))} that the "
            "module does not have. Freeze what shall not move (requires_grad_(False)), or give "
            "the optimizer module.parameters()."
        )
