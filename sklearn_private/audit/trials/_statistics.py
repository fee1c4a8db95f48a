"""Statistics of releases: one number each, large where a release looks like the second side.

Each function here looks at releases of both sides, and returns a function from releases, of shape
``(n, n_values)``, to scores. What it looks at are the releases that pick; what it scores are those
that test. Columns are scaled by their spread within the sides, so that a value that tells the sides
apart without any noise outweighs all others.
"""

from typing import Any

import numpy as np

_RIDGE = 1e-6
_TINY = 1e-300


def difference(first: Any, second: Any) -> Any:
    """Project on the difference of the means, each value over its spread."""
    scale = _spread(first, second)
    direction = (second.mean(axis=0) - first.mean(axis=0)) / scale
    return lambda releases: (releases / scale) @ direction


def likelihood_ratio(first: Any, second: Any) -> Any:
    """Compare two normal laws of one covariance: the best statistic for Gaussian noise."""
    scale = _spread(first, second)
    a, b = first / scale, second / scale
    covariance = (_covariance(a) + _covariance(b)) / 2
    direction = np.linalg.solve(covariance, b.mean(axis=0) - a.mean(axis=0))
    return lambda releases: (releases / scale) @ direction


def quadratic_likelihood_ratio(first: Any, second: Any) -> Any:
    """Compare two normal laws of different covariances: sees noise that depends on the rows."""
    scale = _spread(first, second)
    near = [_normal(side / scale) for side in (first, second)]
    return lambda releases: near[1](releases / scale) - near[0](releases / scale)


def coordinate(first: Any, second: Any) -> Any:
    """Take the one value whose means differ most for its spread."""
    scale = _spread(first, second)
    best = np.argmax(np.abs(second.mean(axis=0) - first.mean(axis=0)) / scale)
    return lambda releases: releases[:, best]


def norm(first: Any, second: Any) -> Any:
    """Take the Euclidean norm."""
    return lambda releases: np.linalg.norm(releases, axis=1)


def distance(first: Any, second: Any) -> Any:
    """Take the distance from the centre of the first side, each value over its spread."""
    scale, centre = _spread(first, second), first.mean(axis=0)
    return lambda releases: np.linalg.norm((releases - centre) / scale, axis=1)


STATISTICS = {
    function.__name__: function
    for function in (
        likelihood_ratio,
        quadratic_likelihood_ratio,
        difference,
        coordinate,
        norm,
        distance,
    )
}


def usable(name: str, first: Any) -> Any:
    """Return whether a statistic can be estimated from so many releases."""
    n, size = first.shape
    return "likelihood" not in name or size <= n / 4


def _spread(first, second):
    within = np.sqrt((first.var(axis=0) + second.var(axis=0)) / 2)
    level = np.abs(np.concatenate([first, second])).max(axis=0)
    return np.maximum(within, np.maximum(1e-12 * level, _TINY))


def _covariance(releases):
    size = releases.shape[1]
    return np.cov(releases, rowvar=False).reshape(size, size) + _RIDGE * np.eye(size)


def _normal(releases):
    """Return the logarithm of the normal density fitted to releases, up to a constant."""
    centre, covariance = releases.mean(axis=0), _covariance(releases)
    inverse, volume = np.linalg.inv(covariance), np.linalg.slogdet(covariance)[1]

    def log_density(points):
        apart = points - centre
        return -(np.einsum("ij,jk,ik->i", apart, inverse, apart) + volume) / 2

    return log_density
