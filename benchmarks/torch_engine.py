"""A private step in torch against a plain one and against opacus: CPU time and memory.

Process CPU time of one thread, in turns in one process, median over turns. A turn is as many steps
as fit in 50 ms, as in training, where a step follows one of its kind. A step is forward, backward,
clipping, Gaussian noise and plain SGD, on one batch that is in memory already. Ours takes the noise
of a private run, from a cryptographic keystream; "mersenne" is ours with torch's generator, whose
noise opacus takes.
Memory is the growth of a fresh process over its first steps (Linux). Arguments: names of models;
none: all.
"""

import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_private._optional import require
from sklearn_private.mechanisms import noise_source
from torch_private.clipping import Clipper
from torch_private.noise import with_noise

N_ROUNDS, SECONDS, TURN, NORM, RATE = 41, 40, 0.05, 1.0, 0.05


class Block(nn.Module):
    """A transformer block of layers that opacus knows, too."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.packed, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        """Return the sequence after attention and two linear layers."""
        q, k, v = self.packed(self.norm_1(x)).unflatten(2, (3, self.heads, -1)).unbind(2)
        mixed = F.scaled_dot_product_attention(*(t.transpose(1, 2) for t in (q, k, v)))
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm_2(x))))


class Transformer(nn.Module):
    """Two blocks between an embedding of 5 000 words and a classifier."""

    def __init__(self, width=64, length=64, vocabulary=5000):
        super().__init__()
        self.words, self.places = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(Block(width, 4), Block(width, 4))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 2)

    def forward(self, index):
        """Return the scores of two classes."""
        places = torch.arange(index.shape[1]).repeat(len(index), 1)
        x = self.blocks(self.words(index) + self.places(places))
        return self.head(self.norm(x).mean(1))


def mlp():
    return nn.Sequential(
        *(nn.Linear(100, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))
    )


def cnn():
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 8, 2, padding=3), nn.Tanh(), nn.MaxPool2d(2, 1)),
        *(nn.Conv2d(16, 32, 4, 2), nn.Tanh(), nn.MaxPool2d(2, 1)),
        *(nn.Flatten(), nn.Linear(512, 32), nn.Tanh(), nn.Linear(32, 10)),
    )


MODELS = {
    "mlp-256": (mlp, lambda: torch.randn(256, 100), 10),
    "mlp-1024": (mlp, lambda: torch.randn(1024, 100), 10),
    "transformer-256": (Transformer, lambda: torch.randint(0, 5000, (256, 64)), 2),
    "cnn-256": (cnn, lambda: torch.randn(256, 1, 28, 28), 10),
}
RIVALS = ("plain", "ours", "mersenne", "hooks", "ghost")


def plain(module, x, y):
    optimizer = torch.optim.SGD(module.parameters(), RATE)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(module(x), y).backward()
        optimizer.step()

    return step


def ours(noisy, module, x, y):
    optimizer = torch.optim.SGD(module.parameters(), RATE)
    clipper = Clipper(module, max_grad_norm=NORM, engine="fused")

    def step():
        F.cross_entropy(module(x), y).backward()
        clipper.clipped_sums()
        mean = noisy(clipper.flat_sums, clipper.sensitivity, 1 / len(x))
        parts = mean.split([parameter.numel() for parameter in clipper.parameters])
        for parameter, part in zip(clipper.parameters, parts, strict=True):
            parameter.grad = part.view(parameter.shape)
        optimizer.step()

    return step


def from_keystream(rng, sums, std, scale):
    return with_noise(sums, std, rng, scale)


def from_mersenne_twister(sums, std, scale):
    return torch.randn(sums.shape).mul_(std * scale).add_(sums, alpha=scale)


def of_opacus(mode, module, x, y):
    engine = require("opacus", extra="torch").PrivacyEngine()
    data = torch.utils.data.TensorDataset(x, y)
    parts = engine.make_private(
        module=module,
        optimizer=torch.optim.SGD(module.parameters(), RATE),
        criterion=nn.CrossEntropyLoss(),
        data_loader=torch.utils.data.DataLoader(data, batch_size=len(x)),
        noise_multiplier=1.0,
        max_grad_norm=NORM,
        poisson_sampling=False,
        grad_sample_mode=mode,
    )
    private, optimizer = parts[:2]
    criterion = parts[2] if mode == "ghost" else nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        criterion(private(x), y).backward()
        optimizer.step()

    return step


def prepared(model, rival):
    make, inputs, n_classes = MODELS[model]
    torch.manual_seed(0)
    module, x = make(), inputs()
    y = torch.randint(0, n_classes, (len(x),))
    makers = {
        "plain": plain,
        "ours": partial(ours, partial(from_keystream, noise_source())),
        "mersenne": partial(ours, from_mersenne_twister),
    }
    return makers[rival](module, x, y) if rival in makers else of_opacus(rival, module, x, y)


def cpu_seconds(step, n_steps=1):
    start = time.process_time()
    for _ in range(n_steps):
        step()
    return (time.process_time() - start) / n_steps


def compare(model):
    steps = {rival: prepared(model, rival) for rival in RIVALS}
    times = {rival: [] for rival in RIVALS}
    n_steps = {}
    for rival, step in steps.items():
        step()
        n_steps[rival] = max(1, round(TURN / cpu_seconds(step)))
    stop = time.monotonic() + SECONDS
    for turn in range(N_ROUNDS):
        for rival, step in steps.items():  # in turns, so that a busy machine slows all alike
            times[rival].append(cpu_seconds(step, n_steps[rival]))
        if turn >= 6 and time.monotonic() > stop:
            break
    median = {rival: sorted(t)[len(t) // 2] for rival, t in times.items()}
    memory = {rival: peak(model, rival) for rival in RIVALS}
    for rival in RIVALS:
        print(
            f"{model:16} {rival:8} {1000 * median[rival]:8.2f} ms  "
            f"{median[rival] / median['plain']:6.2f} x plain  "
            f"{median[rival] / median['ours']:6.2f} x ours  "
            f"memory {memory[rival]:6.0f} MB  {memory[rival] / memory['plain']:5.2f} x plain"
            f"  ({len(times[rival])} turns)",
            flush=True,
        )


def peak(model, rival):
    command = [sys.executable, __file__, "--peak", model, rival]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def resident():
    """Return the highest resident memory in MB since it was last reset."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def growth(model, rival):
    step = prepared(model, rival)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the peak of the imports
    before = resident()
    for _ in range(4):
        step()
    return resident() - before


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # opacus' and torch's, about hooks and secure noise
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--peak"]:
        print(growth(*sys.argv[2:]))
    else:
        for name in sys.argv[1:] or MODELS:
            compare(name)
