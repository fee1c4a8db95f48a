"""What finding the noise costs a small fit: ratio of CPU times, in turns. 400 rows, 5 columns.

Noise is calibrated to (epsilon, delta) by a search for a root. Its answer depends on public numbers
only and is kept, so the folds and candidates of a search, and every later fit with the same
settings, do not search again.

Run: python benchmarks/small_fits.py
"""

import time

import numpy as np

from sklearn_private import DPLogisticRegression
from sklearn_private.dp.objective import _gaussian_objective
from sklearn_private.sums import plan

N_ROUNDS = 31
CACHES = {"objective": _gaussian_objective._least_noise, "newton": plan}


def seconds(model, X, y):
    """Return the CPU time of one fit."""
    start = time.process_time()
    model.fit(X, y)
    return time.process_time() - start


def main():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (400, 5)) / np.sqrt(5)
    y = (X[:, 0] > 0).astype(int)
    for solver, cache in CACHES.items():
        model = DPLogisticRegression(feature_norm=1.0, classes=[0, 1], solver=solver)
        times = {"first": [], "later": []}
        for _ in range(N_ROUNDS):
            cache.cache_clear()
            for which in times:
                times[which].append(seconds(model, X, y))
        first, later = (min(times[which]) for which in ("first", "later"))
        print(
            f"{solver}: first fit / later fit = {first / later:.2f}; a later fit takes "
            f"{1e3 * later:.1f} ms of CPU  (best of {N_ROUNDS})"
        )


if __name__ == "__main__":
    main()
