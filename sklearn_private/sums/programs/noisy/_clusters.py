"""k-means on noisy sums: where the rows lie, a free start there, and a few rounds of Lloyd.

Lloyd's rounds on noisy sums [1]_ need a good start, and a random one wastes the budget. So the
first sums find out where rows are: their mean and covariance; then how many rows each cell of a
grid along the first principal components holds, whose range the noisy variances tell. k-means++ on
the cells, weighted by their counts, costs no privacy, however often it starts.

Each round then sums what rows differ from their centre, clipped to twice the spread that the cells
show, and counts them. With the count scaled by the clip r, a row adds a vector of norm sqrt(2)·r,
and two rows are 2·r apart whether they are in one cluster (the counts cancel) or in two.

.. [1] D. Su et al., "Differentially private k-means clustering", CODASPY 2016.
"""

import itertools
import math
from typing import Any

import numpy as np
from sklearn.cluster import KMeans

from ..._statistic import clip_norm, statistic
from ._spectrum import noisy_covariance

N_LLOYD_ROUNDS = 4
N_DIRECTIONS = 3
_N_CELLS = (64, 12, 8)  # along each of one, two, three directions, at the least
_REACH = 2.2  # deviations that the cells span on each side of the mean
_SEEN = 2.5  # deviations of noise below which a cell counts as empty
_UP = 1 + 1e-15


def cluster_shares(n_features: int) -> tuple[float, ...]:
    """Return the shares of the mean, the covariance, the cells and the rounds."""
    mean = 0.3 if n_features > N_DIRECTIONS else 0.1
    return (0.15 * mean, 0.15 * (1 - mean), 0.35, *(0.5 / N_LLOYD_ROUNDS,) * N_LLOYD_ROUNDS)


def cluster_numbers(n_features: int, n_clusters: int) -> int:
    """Return the length of all sums together."""
    cells = _cells_along(n_features, n_clusters) ** min(N_DIRECTIONS, n_features)
    spectrum = n_features + 1 + n_features * (n_features + 1) // 2
    return spectrum + cells + N_LLOYD_ROUNDS * n_clusters * (n_features + 1)


def _cells_along(n_features, n_clusters):
    """Return into how many cells each direction is cut: twice as many in all as clusters."""
    n_directions = min(N_DIRECTIONS, n_features)
    enough = math.ceil((2 * n_clusters) ** (1 / n_directions))
    return max(_N_CELLS[n_directions - 1], enough)


@statistic(bound=lambda limits, mean, directions, edges: (1.0,), apart=math.sqrt(2) * _UP)
def grid_counts(rows: Any, mean: Any, directions: Any, edges: Any) -> tuple[np.ndarray]:
    """Return how many rows lie in each cell of a grid along ``directions``."""
    at = np.zeros(len(rows.X), dtype=np.intp)
    for position, inner in zip(((rows.X - mean) @ directions).T, edges, strict=True):
        at = at * (len(inner) + 1) + np.searchsorted(inner, position)
    n_cells = math.prod(len(inner) + 1 for inner in edges)
    return (np.bincount(at, rows.weight, minlength=n_cells),)


@statistic(bound=lambda limits, centres, r: (math.sqrt(2) * r * _UP,), apart=math.sqrt(2) * _UP)
def moves(rows: Any, centres: Any, r: Any) -> tuple[np.ndarray]:
    """Return r times the count of each cluster, and the sum of its rows' clipped differences."""
    nearest = nearest_centre(rows.X, centres)
    added = np.column_stack([np.full(len(rows.X), r), clip_norm(rows.X - centres[nearest], r)])
    added *= rows.weight[:, None]
    sums = [added[nearest == cluster].sum(axis=0) for cluster in range(len(centres))]
    return (np.array(sums),)


def nearest_centre(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the position of the nearest centre of every row."""
    return (np.einsum("ij,ij->i", centres, centres) - 2 * X @ centres.T).argmin(axis=1)


def noisy_clusters(aggregator: Any, *, n_clusters: int, n_rows: int | None) -> np.ndarray:
    """Return the centres of clusters.

    Parameters
    ----------
    aggregator : Noisy
        Answers the sums.
    n_clusters : int
        How many centres.
    n_rows : int or None
        The number of rows where it is public; None takes a noisy count.

    Returns
    -------
    ndarray of shape (n_clusters, n_features)
    """
    mean, covariance, _ = noisy_covariance(aggregator, n_rows=n_rows)
    centres, spread = _start(aggregator, mean, covariance, n_clusters)
    longest = aggregator.limits.row_norm
    r = float(np.clip(2 * spread, longest / 10, longest))
    for _ in range(N_LLOYD_ROUNDS):
        (sums,) = aggregator.sum(moves, centres, r)
        (scale,) = aggregator.noise_scales(moves, centres, r)
        counts, least = sums[:, 0] / r, 2 * scale / r
        step = sums[:, 1:] / np.maximum(counts, least)[:, None]
        centres = centres + step * (counts > least)[:, None]
        centres = clip_norm(centres, longest)
    return centres


def _start(aggregator, mean, covariance, n_clusters):
    """Return centres of weighted k-means on the cells that hold rows, and its spread."""
    values, vectors = np.linalg.eigh(covariance)
    n_directions = min(N_DIRECTIONS, len(values))
    directions = vectors[:, ::-1][:, :n_directions]
    norm = aggregator.limits.row_norm
    deviations = np.sqrt(np.clip(values[::-1][:n_directions], 1e-3 * norm**2, norm**2))
    n_cells = _cells_along(len(values), n_clusters)
    outer = [np.linspace(-_REACH, _REACH, n_cells + 1) * deviation for deviation in deviations]
    asked = mean, directions, [edges[1:-1] for edges in outer]
    (counts,) = aggregator.sum(grid_counts, *asked)
    (scale,) = aggregator.noise_scales(grid_counts, *asked)
    # grid: (n_cells, n_directions), in the order of the counts
    grid = np.array(list(itertools.product(*((e[1:] + e[:-1]) / 2 for e in outer))))
    fullest = np.argsort(-counts)[:n_clusters]
    weight = np.where(counts > _SEEN * scale, counts, 0.0)
    weight[fullest] = np.maximum(counts[fullest], 1.0)
    held = weight > 0
    grid, weight = grid[held], weight[held]
    found = KMeans(n_clusters, n_init=30, random_state=0).fit(grid, sample_weight=weight)
    spread = math.sqrt(found.inertia_ / weight.sum())
    return mean + found.cluster_centers_ @ directions.T, spread
