"""Noise from the secure source: time per number against NumPy's and OpenDP's, best of turns.

CPU time of 100 000 numbers (OpenDP: 1 000), 11 rounds in turns. NumPy's samplers are neither exact
nor unpredictable: they are the floor. OpenDP's are both, and draw one number at a time.
"""

import time

import numpy as np

from sklearn_private._optional import require
from sklearn_private.exceptions import MissingDependencyError
from sklearn_private.mechanisms import (
    continuous_gaussian,
    discrete_gaussian,
    gaussian,
    laplace,
    noise_source,
)

N, N_OPENDP, N_ROUNDS = 100_000, 1_000, 11


def opendp_rivals():
    try:
        dp = require("opendp.prelude", extra="test")
    except MissingDependencyError as missing:
        print(f"skipped OpenDP: {missing}")
        return {}
    dp.enable_features("contrib")
    reals, integers = dp.atom_domain(T=float, nan=False), dp.atom_domain(T=int)
    makers = {
        "opendp discrete gaussian": (dp.m.make_gaussian, integers, dp.l2_distance(T=int), 0),
        "opendp gaussian": (dp.m.make_gaussian, reals, dp.l2_distance(T=float), 0.0),
        "opendp laplace": (dp.m.make_laplace, reals, dp.l1_distance(T=float), 0.0),
    }
    rivals = {}
    for name, (make, domain, metric, zero) in makers.items():
        release, zeros = make(dp.vector_domain(domain), metric, scale=3.0), [zero] * N_OPENDP
        rivals[name] = (N_OPENDP, lambda release=release, zeros=zeros: release(zeros))
    return rivals


def rivals():
    zeros, numpy_rng, rng = np.zeros(N), np.random.default_rng(0), noise_source()
    ours = {
        "numpy normal": lambda: numpy_rng.normal(size=N),
        "numpy laplace": lambda: numpy_rng.laplace(size=N),
        "discrete_gaussian": lambda: discrete_gaussian(3.0, N, rng),
        "discrete_gaussian, sigma 2^40": lambda: discrete_gaussian(2**40, N, rng),
        "gaussian": lambda: gaussian(zeros, sensitivity=1.0, noise_multiplier=3.0, rng=rng),
        "laplace": lambda: laplace(zeros, sensitivity=1.0, epsilon=1 / 3, rng=rng),
        "continuous_gaussian": lambda: continuous_gaussian(3.0, N, rng),
    }
    return {name: (N, run) for name, run in ours.items()} | opendp_rivals()


def nanoseconds_per_number(contest):
    times = {name: [] for name in contest}
    for _ in range(N_ROUNDS):  # in turns, so that a busy machine slows all alike
        for name, (n, run) in contest.items():
            start = time.process_time()
            run()
            times[name].append((time.process_time() - start) / n * 1e9)
    return {name: min(seconds) for name, seconds in times.items()}


def main():
    best = nanoseconds_per_number(rivals())
    for ours, numpy_rival, opendp_rival in (
        ("discrete_gaussian", "numpy normal", "opendp discrete gaussian"),
        ("discrete_gaussian, sigma 2^40", "numpy normal", "opendp discrete gaussian"),
        ("gaussian", "numpy normal", "opendp gaussian"),
        ("laplace", "numpy laplace", "opendp laplace"),
        ("continuous_gaussian", "numpy normal", "opendp gaussian"),
    ):
        line = f"{ours} / {numpy_rival} = {best[ours] / best[numpy_rival]:.1f}"
        if opendp_rival in best:
            line += f", {opendp_rival} / {ours} = {best[opendp_rival] / best[ours]:.0f}"
        print(f"{line}  ({best[ours]:.0f} ns a number, best of {N_ROUNDS})")


if __name__ == "__main__":
    main()
