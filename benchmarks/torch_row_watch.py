"""What watching rows costs: process CPU of one pass of 200 steps, with the watch over without it.

The first steps of a run are watched most often (0, 1, 4, 16, ...), so a first pass and a later one
are timed. An MLP of 100-256-256-10 on batches of 256 rows, one thread, in turns, best of 5.
"""

import sys
import time
import warnings

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from torch_private import make_private
from torch_private.training.watch._row_watch import NothingToWatch

N_STEPS, BATCH, N_ROUNDS = 200, 256, 5


def run(watched):
    X = torch.randn(N_STEPS * BATCH, 100)
    module = nn.Sequential(
        *(nn.Linear(100, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh(), nn.Linear(256, 10))
    )
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    loader = DataLoader(TensorDataset(X, torch.randint(10, (len(X),))), batch_size=BATCH)
    private = make_private(
        module, optimizer, loader, epsilon=3.0, delta=1e-5, epochs=2, sampling="fixed"
    )
    if not watched:
        private._run.watch = NothingToWatch()
    return [one_pass(*private) for _ in range(2)]


def one_pass(module, optimizer, loader):
    start = time.process_time()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(module(x), y).backward()
        optimizer.step()
    return time.process_time() - start


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    times = {True: [], False: []}
    for _ in range(N_ROUNDS):  # in turns, so that a busy machine slows both alike
        for watched, found in times.items():
            found.append(run(watched))
    for number, name in enumerate(("first pass", "later pass")):
        best = {watched: min(found[number] for found in times[watched]) for watched in times}
        print(f"  {name}: watched / not watched = {best[True] / best[False]:.3f}")


if __name__ == "__main__":
    sys.exit(main())
