"""Small training loops that tests make private."""

from types import SimpleNamespace

import pytest

BUDGET = {"epsilon": 1.0, "delta": 1e-5, "epochs": 2}


@pytest.fixture
def loops():
    """Return `parts` (of an ordinary loop), `make` (a private one) and `train` (what users write).

    The loop has 400 rows in batches of 100; ``sampling="fixed"`` is the quickest to price.
    """
    torch = pytest.importorskip("torch")
    from torch.utils.data import DataLoader, TensorDataset

    from torch_private import make_private

    generator = torch.Generator().manual_seed(0)
    X = torch.randn(400, 5, generator=generator)
    data = TensorDataset(X, (X[:, 0] > 0).long())

    def parts(module=None, **options):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            module = module or torch.nn.Sequential(
                torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)
            )
        optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
        return module, optimizer, DataLoader(data, **({"batch_size": 100} | options))

    def make(module=None, loader=None, **options):
        return make_private(
            *parts(module, **(loader or {})), **(BUDGET | {"sampling": "fixed"} | options)
        )

    def train(private, loss=torch.nn.functional.cross_entropy, epochs=1):
        module, optimizer, loader = private
        for _ in range(epochs):
            for x, y in loader:
                optimizer.zero_grad()
                loss(module(x), y).backward()
                optimizer.step()
        return private

    def values(module):
        return [tensor.clone() for tensor in module.state_dict().values()]

    return SimpleNamespace(parts=parts, make=make, train=train, values=values, data=data)
