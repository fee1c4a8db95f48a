"""Mistakes of privacy code, planted where every estimator inherits them: in mechanisms and sums.

Each mutant is a function of ``monkeypatch``. A test of an estimator plants one and expects an
audit to find it; without any, the same audit must find nothing.
"""

import math
import sys

import numpy as np

from sklearn_private import mechanisms, sums
from sklearn_private.dp.objective import _gaussian_objective as _objective
from sklearn_private.dp.rows import _row_bounds as _rows


class _SeededSource(mechanisms.SecureSource):
    """A source that says it is the operating system's, and repeats itself in every fit."""

    def __init__(self):
        self._rng = np.random.default_rng(0)

    def bytes(self, n):
        return self._rng.bytes(n)


def replace_everywhere(monkeypatch, function, mutant):
    """Replace a function in every module of the library that imported it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("sklearn_private") and module is not None:
            for key, value in list(vars(module).items()):
                if value is function:
                    monkeypatch.setattr(module, key, mutant)


def less_noise(factor):
    """Divide all Gaussian noise by a factor."""

    def plant(monkeypatch):
        gaussian, continuous = mechanisms.gaussian, mechanisms.continuous_gaussian
        replace_everywhere(
            monkeypatch,
            gaussian,
            lambda value, *, noise_multiplier, **rest: gaussian(
                value, noise_multiplier=noise_multiplier / factor, **rest
            ),
        )
        replace_everywhere(
            monkeypatch,
            continuous,
            lambda sigma, size, rng: continuous(sigma / factor, size, rng),
        )

    return plant


def forgotten_root(n_rounds):
    """Noise each of so many sums as if it were the only one."""
    return less_noise(math.sqrt(n_rounds))


def no_clipping(monkeypatch):
    """Take rows as they come."""
    monkeypatch.setattr(sums.Rows, "clipped", lambda self, limits: self)

    def design(self, X):
        scaled = (X - self.centre) / self.scale
        constant = np.full((len(X), 1), self.intercept)
        return np.hstack([scaled, constant]) if self.intercept else scaled

    monkeypatch.setattr(_rows.RowBounds, "design", design)


def fixed_seed(monkeypatch):
    """Draw the same noise in every fit, and call it secure."""
    replace_everywhere(monkeypatch, mechanisms.noise_source, lambda random_state: _SeededSource())


def lower_bound_twice(monkeypatch):
    """Scale the noise to the lower end of a range and once more to the lower end."""
    correct = _rows.RowBounds.row_norm.fget

    def row_norm(self):
        low, high = self.centre - self.scale, self.centre + self.scale
        return correct(self) * float((abs(low) / np.maximum(abs(low), abs(high))).max())

    monkeypatch.setattr(_rows.RowBounds, "row_norm", property(row_norm))
    sensitivity = sums.Noisy.sensitivity
    monkeypatch.setattr(
        sums.Noisy, "sensitivity", lambda self, *sizes: sensitivity(self, *sizes) / 10
    )


def norm_for_squared_norm(monkeypatch):
    """Bound the Hessian by the norm of a row, not by its square."""
    monkeypatch.setitem(_objective.calibrate.__kwdefaults__, "curvature", lambda norm: norm / 4)


def rows_three_times(monkeypatch):
    """Count every row three times."""
    clipped, minimise = sums.Rows.clipped, _objective.minimise

    def thrice(self, limits):
        rows = clipped(self, limits)
        return sums.Rows(rows.X, rows.y, 3 * rows.weight)

    monkeypatch.setattr(sums.Rows, "clipped", thrice)
    replace_everywhere(
        monkeypatch,
        minimise,
        lambda X, y, *rest: minimise(np.repeat(X, 3, axis=0), np.repeat(y, 3), *rest),
    )
