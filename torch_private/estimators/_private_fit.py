"""Train a module on tensors in a private run, by the way that is the fastest for it.

=====================  =================================================
a module that is       gets its clipped gradients from
=====================  =================================================
one linear layer       a closed form, :class:`LinearSums`
fed augmented copies   ``torch.func``, :class:`CopiesSums`
anything else          one backward pass, :class:`Clipper`
=====================  =================================================

The rest (self-check, samples, noise, price, ledger) is that of :func:`torch_private.make_private`,
whose parts are put together here. The loop is ours, but the module is not: it is watched where it
sees several rows at once.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from sklearn.base import BaseEstimator
from torch.utils.data import DataLoader, TensorDataset

from sklearn_private._checks import Checks
from sklearn_private.mechanisms import is_secure
from sklearn_private.statements import Payment

from ..clipping import AdaptiveClipping, AutomaticClipping, Clipper, FlatClipping
from ..sampling import private_loader
from ..training import (
    NothingToWatch,
    PrivateTraining,
    RowWatch,
    Run,
    check_optimizer,
    make_plan,
    self_check,
)
from ._batched_draws import BatchedDraws
from ._defaults import is_linear
from .ways import Average, CopiesSums, LinearSums, has_closed_form

CLIPPING = {"flat": FlatClipping, "automatic": AutomaticClipping, "adaptive": AdaptiveClipping}
_ROWS_OF_A_STEP = 2048  # of a module that takes time


def private_fit(
    estimator: BaseEstimator,
    module: torch.nn.Module,
    tensors: tuple[torch.Tensor, ...],
    criterion: Callable[..., Any],
    rng: object,
) -> Any:
    """Train a module.

    Parameters
    ----------
    estimator : DPClassifier or DPRegressor
        With its parameters.
    module : torch.nn.Module
        Trained in place.
    tensors : tuple of Tensor
        Inputs and targets.
    criterion : callable
        From outputs and targets to one loss a row.
    rng : SecureSource or numpy.random.Generator
        Source of samples and noise.

    Returns
    -------
    DPStatement
        What the run promises.
    """
    schedule = estimator._schedule(module, tensors[0])
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimizer = _optimizer(estimator, trained, schedule)
    with seeded_torch(rng, estimator.device):
        private, step = _private(estimator, module, optimizer, tensors, criterion, rng, schedule)
        try:
            _loop(estimator, private, step, schedule.max_epochs)
        finally:
            private.detach()
    return private.privacy_statement_


def batch_size(estimator: BaseEstimator, module: torch.nn.Module, n_rows: int) -> int:
    """Return how many rows a step sees on average.

    All of them are best: for the same number of steps, noise is divided by the size of the batch,
    and larger batches cost time only. A linear layer has the time.

    Parameters
    ----------
    estimator : DPClassifier or DPRegressor
        With its ``batch_size``.
    module : torch.nn.Module
        What is trained.
    n_rows : int
        Rows, a public number.

    Returns
    -------
    int
    """
    if estimator.batch_size is not None:
        return min(estimator.batch_size, n_rows)
    return n_rows if is_linear(module) else min(n_rows, _ROWS_OF_A_STEP)


@contextlib.contextmanager
def seeded_torch(rng: object, device: str | torch.device) -> Iterator[Any]:
    """Make what torch draws repeatable where the rest of a fit is.

    Parameters
    ----------
    rng : SecureSource or numpy.random.Generator
        Of the fit.
    device : str or torch.device
        Of the module.
    """
    if is_secure(rng):
        yield
        return
    device = torch.device(device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int.from_bytes(rng.bytes(4), "little"))
        yield


def _optimizer(estimator, parameters, schedule):
    make = estimator.optimizer
    if make is None:
        lr = schedule.lr * (1 - schedule.momentum)
        return torch.optim.SGD(parameters, lr=lr, momentum=schedule.momentum)
    if not callable(make):
        raise Checks(estimator).invalid("optimizer", "a class like torch.optim.SGD, or None")
    optimizer = make(parameters, lr=schedule.lr)
    check_optimizer(optimizer)
    return optimizer


def _private(estimator, module, optimizer, tensors, criterion, rng, schedule):
    """Return a private run, and what to do with each of its batches."""
    mode = CLIPPING[estimator.clipping](estimator.max_grad_norm)
    if estimator.augment is None and has_closed_form(module, criterion):
        sums = LinearSums(module, criterion, mode)
    else:
        size = {"batch_size": min(len(tensors[0]), _ROWS_OF_A_STEP)}
        options = {"clipping": mode, "max_grad_norm": mode.max_grad_norm, "engine": "auto"}
        loader = DataLoader(TensorDataset(*tensors), **size)
        self_check(module, loader, loss_reduction="mean", **options)
        if estimator.augment is None:
            sums = Clipper(module, clipping=mode)
        else:
            sums = CopiesSums(module, criterion, mode, estimator.augment, estimator.n_copies)
    direct = not isinstance(sums, Clipper)
    rows = TensorDataset(*(sums.rows(*tensors) if direct else tensors))
    loader = DataLoader(rows, batch_size=batch_size(estimator, module, len(rows)))
    private = private_loader(loader, sampling=estimator.sampling, rng=rng)
    plan = make_plan(
        private.sampler,
        n_steps=schedule.max_epochs * len(private),
        **{name: getattr(estimator, name) for name in ("epsilon", "delta", "neighboring")},
    )
    watch = NothingToWatch() if direct else RowWatch(sums, len(private))
    payment = Payment(
        ledger=estimator.ledger,
        owner=type(estimator).__name__,
        neighboring=plan.neighboring,
        rng=rng,
    )
    payment.spend(plan.event, epsilon=plan.epsilon, delta=plan.delta)
    private.sampler = BatchedDraws(private.sampler)
    private.run = Run(plan, sums, optimizer, _Prepaid(payment), rng, watch)
    step = (
        partial(_add, sums, optimizer)
        if direct
        else partial(_backward, module, optimizer, criterion)
    )
    return PrivateTraining(module, private, private.run, rng), step


def _add(sums, optimizer, *rows):
    sums.add(*rows)
    optimizer.step()


def _backward(module, optimizer, criterion, x, targets):
    optimizer.zero_grad()
    criterion(module(x), targets).mean().backward()
    optimizer.step()


class _Prepaid:
    """The spending of a run that was charged before it began, and that makes no checkpoints."""

    def __init__(self, payment):
        self.payment = payment

    def charge(self):
        """Do nothing."""

    def note(self, n_steps):
        """Do nothing."""


def _loop(estimator, private, step, n_passes):
    private.module.train()
    average = None if estimator.ema is None else Average(private.module, estimator.ema)
    start = time.monotonic()
    for number in range(1, n_passes + 1):
        for rows in private.loader:
            step(*rows)
            if average is not None:
                average.update()
        _report(estimator, private, number, n_passes, time.monotonic() - start)
    if average is not None:
        average.settle()
    private.module.eval()


def _report(estimator, private, number, n_passes, seconds):
    """Print progress: nothing of the data, whose losses no budget pays for."""
    every = max(1, n_passes // 10) if estimator.verbose == 1 else 1
    if estimator.verbose and (number % every == 0 or number == n_passes):
        print(
            f"{type(estimator).__name__}: pass {number} of {n_passes}, step "
            f"{private.n_steps} of {private.n_steps_max}, {seconds:.1f} s"
        )
