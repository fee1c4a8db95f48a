"""Train a module on tensors in a private run, by the way that is the fastest for it.

=====================  ============================================================
a module that is       gets its clipped gradients from
=====================  ============================================================
one linear layer       a closed form, :class:`LinearSums`
fed augmented copies   ``torch.func``, :class:`CopiesSums`
anything else          an ordinary loop on :func:`torch_private.make_private`
=====================  ============================================================

Samples, noise, the ledger and the number of steps are those of ``make_private`` in all three.
"""

import contextlib
import time

import torch
from torch.utils.data import DataLoader, TensorDataset

from sklearn_private.mechanisms import is_secure

from ..clipping import AdaptiveClipping, AutomaticClipping, FlatClipping
from ..sampling import private_loader
from ..training import PrivateTraining, make_private
from ..training._plan import make_plan
from ..training._run import Run
from ..training._self_check import self_check
from ..training._spending import Spending
from ._average import Average
from ._closed_form import LinearSums, has_closed_form
from ._copies import CopiesSums

CLIPPING = {"flat": FlatClipping, "automatic": AutomaticClipping, "adaptive": AdaptiveClipping}


def private_fit(estimator, module, tensors, criterion, rng):
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
    lr = estimator._default_lr(module) if estimator.lr is None else estimator.lr
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimizer = (estimator.optimizer or torch.optim.SGD)(trained, lr=lr)
    loader = DataLoader(
        TensorDataset(*tensors), batch_size=batch_size(estimator, module, len(tensors[0]))
    )
    with seeded_torch(rng, estimator.device):
        make = _by_sums if _sums(estimator, module, criterion) else _by_autograd
        private, step = make(estimator, module, optimizer, loader, criterion, rng)
        try:
            _loop(estimator, private, step)
        finally:
            private.detach()
    return private.privacy_statement_


def batch_size(estimator, module, n_rows):
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
    return n_rows if type(module) is torch.nn.Linear else min(n_rows, _ROWS_OF_A_STEP)


@contextlib.contextmanager
def seeded_torch(rng, device):
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


_ROWS_OF_A_STEP = 2048


def _sums(estimator, module, criterion):
    """Return what sums clipped gradients without hooks, None where hooks are needed."""
    mode = CLIPPING[estimator.clipping](estimator.max_grad_norm)
    if estimator.augment is not None:
        return CopiesSums(module, criterion, mode, estimator.augment, estimator.n_copies)
    return LinearSums(module, criterion, mode) if has_closed_form(module, criterion) else None


def _by_autograd(estimator, module, optimizer, loader, criterion, rng):
    private = make_private(
        module,
        optimizer,
        loader,
        epochs=estimator.max_epochs,
        ledger=estimator.ledger,
        random_state=rng,
        **{name: getattr(estimator, name) for name in (*_PLANNED, *_CLIPPED, "sampling")},
    )

    def step(x, targets):
        optimizer.zero_grad()
        criterion(module(x), targets).mean().backward()
        optimizer.step()

    return private, step


def _by_sums(estimator, module, optimizer, loader, criterion, rng):
    if estimator.augment is not None:
        self_check(module, loader, **{name: getattr(estimator, name) for name in _CLIPPED})
    sums = _sums(estimator, module, criterion)
    private = private_loader(loader, sampling=estimator.sampling, rng=rng)
    plan = make_plan(
        private.sampler,
        n_steps=estimator.max_epochs * len(private),
        **{name: getattr(estimator, name) for name in _PLANNED},
    )
    spending = Spending(estimator.ledger, plan, seeded=not is_secure(rng))
    private.run = Run(plan, sums, optimizer, spending, rng, _NothingToWatch())

    def step(x, targets):
        sums.add(x, targets)
        optimizer.step()

    return PrivateTraining(module, private, private.run, rng), step


_PLANNED = ("epsilon", "delta", "neighboring")
_CLIPPED = ("max_grad_norm", "clipping")


class _NothingToWatch:
    """The watch of a loss that is ours, or that is taken row by row."""

    unchecked = None

    def expect(self, piece):
        """Do nothing."""

    def stop(self):
        """Do nothing."""

    def conclude(self):
        """Do nothing."""

    def detach(self):
        """Do nothing."""


def _loop(estimator, private, step):
    private.module.train()
    average = None if estimator.ema is None else Average(private.module, estimator.ema)
    start = time.monotonic()
    for number in range(1, estimator.max_epochs + 1):
        for x, targets in private.loader:
            step(x, targets)
            if average is not None:
                average.update()
        _report(estimator, private, number, time.monotonic() - start)
    if average is not None:
        average.settle()
    private.module.eval()


def _report(estimator, private, number, seconds):
    """Print progress: nothing of the data, whose losses no budget pays for."""
    every = max(1, estimator.max_epochs // 10) if estimator.verbose == 1 else 1
    if estimator.verbose and (number % every == 0 or number == estimator.max_epochs):
        print(
            f"{type(estimator).__name__}: pass {number} of {estimator.max_epochs}, step "
            f"{private.n_steps} of {private.n_steps_max}, {seconds:.1f} s"
        )
