"""What opacus does without a word where ``make_private`` raises, or counts what happened.

Each case runs opacus as its users do, on made-up rows, and prints what came of it, and what
``make_private`` says of the same parts.
"""

import warnings

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

from sklearn_private import accounting
from sklearn_private._optional import require
from sklearn_private.exceptions import PrivacyError
from torch_private import make_private
from torch_private.sampling import FixedOrder

N_ROWS, BATCH, NORM, DELTA = 1000, 100, 1.0, 1e-5


class Centred(nn.Module):
    """A layer whose outputs depend on the other rows of the batch."""

    def forward(self, x):
        """Return rows minus their mean."""
        return x - x.mean(0)


def parts(*before, scale=1.0, **options):
    torch.manual_seed(0)
    X = torch.randn(N_ROWS, 20)
    data = TensorDataset(scale * X, (X[:, 0] > 0).long())
    module = nn.Sequential(*before, nn.Linear(20, 2))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    return {
        "module": module,
        "optimizer": optimizer,
        "loader": DataLoader(data, BATCH, **options),
    }


def opacus(ours, noise_multiplier=1.0, **options):
    engine = require("opacus", extra="torch").PrivacyEngine()
    private = engine.make_private(
        module=ours["module"],
        optimizer=ours["optimizer"],
        data_loader=ours["loader"],
        noise_multiplier=noise_multiplier,
        max_grad_norm=NORM,
        **options,
    )
    return engine, private


def train(module, optimizer, loader, n_passes=1):
    for _ in range(n_passes):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(module(x), y).backward()
            optimizer.step()


def answer(ours, n_passes=1):
    """Return the first sentence of what make_private says, or that it trains."""
    try:
        train(*make_private(**ours, epsilon=1.0, delta=DELTA, epochs=1), n_passes=n_passes)
    except PrivacyError as refusal:
        return f"{type(refusal).__name__}: {str(refusal).partition('. ')[0]}"
    return "trains"


def ghost_with_an_ordinary_loss():
    options = {"grad_sample_mode": "ghost", "poisson_sampling": False}
    ours = parts(scale=1000.0)
    _, (module, optimizer, *_, loader) = opacus(
        ours, noise_multiplier=0.0, criterion=nn.CrossEntropyLoss(), **options
    )
    x, y = next(iter(loader))
    F.cross_entropy(module(x), y, reduction="sum").backward()
    optimizer.step()
    norm = torch.stack([p.grad.norm() for p in module.parameters()]).norm() * BATCH
    return f"sum of norm {norm:,.0f}; {BATCH} rows clipped to {NORM:g} make {BATCH * NORM:g}"


def rows_that_are_mixed():
    engine, private = opacus(parts(Centred()))
    train(*private)
    return f"trains, epsilon {engine.get_epsilon(DELTA):.3f}"


def a_fixed_order():
    engine, private = opacus(parts(), poisson_sampling=False)
    train(*private)
    event = FixedOrder(N_ROWS, BATCH, N_ROWS // BATCH).event(1.0, N_ROWS // BATCH)
    truth = accounting.epsilon(event, delta=DELTA, neighboring="add_remove")
    return f"epsilon {engine.get_epsilon(DELTA):.3f}; the truth is {truth:.3f}"


def a_budget_that_is_spent():
    ours = parts()
    engine = require("opacus", extra="torch").PrivacyEngine()
    private = engine.make_private_with_epsilon(
        module=ours["module"],
        optimizer=ours["optimizer"],
        data_loader=ours["loader"],
        target_epsilon=1.0,
        target_delta=DELTA,
        epochs=1,
        max_grad_norm=NORM,
    )
    train(*private, n_passes=5)
    return f"goes on from epsilon 1 to {engine.get_epsilon(DELTA):.3f}"


def weights_of_a_sampler():
    sampler = WeightedRandomSampler(torch.ones(N_ROWS), N_ROWS)
    _, (_, _, loader) = opacus(parts(sampler=sampler))
    kind = type(loader.batch_sampler).__name__
    return f"replaced by {kind}" if not hasattr(loader.batch_sampler, "weights") else "kept"


CASES = {
    ghost_with_an_ordinary_loss: lambda: "clips in every engine, and checks the sum of each step",
    rows_that_are_mixed: lambda: answer(parts(Centred())),
    a_fixed_order: lambda: "prices the order that was used: sampling='fixed'",
    a_budget_that_is_spent: lambda: answer(parts(), n_passes=2),
    weights_of_a_sampler: lambda: answer(
        parts(sampler=WeightedRandomSampler(torch.ones(N_ROWS), N_ROWS))
    ),
}


def main():
    warnings.simplefilter("ignore")  # opacus' and torch's, about hooks and secure noise
    for theirs, ours in CASES.items():
        print(theirs.__name__.replace("_", " "))
        print(f"  opacus: {theirs()}")
        print(f"  make_private: {ours()}")


if __name__ == "__main__":
    main()
