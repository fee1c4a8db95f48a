"""An attacker who knows all rows tests whether the noise in the objective lies on a lattice.

From a released w follows the noise b = -(gradient + l2 w) under each candidate data set. Had b been
drawn on a lattice and w been solved exactly, the true data set would be the one whose b is a
lattice point: that release identifies it, whatever epsilon says.
"""

import numpy as np
import pytest
from mpmath import mp
from scipy import stats

from sklearn_private.dp.objective._gaussian_objective import calibrate, minimise
from sklearn_private.mechanisms import Lattice, discrete_gaussian, noise_source

N_RELEASES = 100


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.uniform(-0.7, 0.7, size=(25, 2))
    return X, (X[:, 0] + 0.2 * rng.normal(size=25) > 0).astype(float)


@pytest.fixture(scope="module")
def neighbour(rows):
    X, y = rows
    return np.vstack([X[:-1], [[0.3, -0.2]]]), np.append(y[:-1], 1 - y[-1])


@pytest.fixture(scope="module")
def mechanism():
    return calibrate(1.0, 1e-5, row_norm=1.0, n_features=2, neighboring="replace_one")


@pytest.fixture(scope="module")
def step(mechanism):
    return Lattice.finer_than(mechanism.noise_scale / 2**40).step


def exact_noise(w, X, y, l2):
    """The b that makes w the minimiser, to 40 digits."""
    with mp.workdps(40):
        w = [mp.mpf(float(c)) for c in w]
        b = [-mp.mpf(l2) * c for c in w]
        for row, label in zip(X.tolist(), y.tolist(), strict=True):
            residual = 1 / (1 + mp.exp(-mp.fdot(row, w))) - label
            b = [c - residual * x for c, x in zip(b, row, strict=True)]
        return b


def distances(releases, data, l2, step):
    """How far each explaining noise is from the lattice, in steps: 0 on it, 0.5 at most."""
    found = []
    with mp.workdps(40):
        for w in releases:
            units = [c / mp.mpf(step) for c in exact_noise(w, *data, l2)]
            found += [float(abs(u - mp.nint(u))) for u in units]
    return np.array(found)


def planted_release(data, mechanism, step, rng):
    """Lattice noise in the objective, solved to the last float, without output noise."""
    X, y = data
    noise = step * discrete_gaussian(mechanism.noise_scale / step, 2, rng)
    w = minimise(X, y, mechanism.l2, noise, tolerance=1e-9)
    hessian = (X * 0.25).T @ X + mechanism.l2 * np.eye(2)  # A bound: the steps contract.
    for _ in range(40):
        with mp.workdps(40):
            b = exact_noise(w, X, y, mechanism.l2)
            missing = [float(c - n) for c, n in zip(b, noise.tolist(), strict=True)]
        w = w + np.linalg.solve(hessian, missing)
    return w


def names_the_data(releases, data, neighbour, l2, step):
    """Share of releases in which the true data explains w by a lattice point and nothing else."""
    on = [distances(releases, rows, l2, step).reshape(-1, 2).max(1) for rows in (data, neighbour)]
    return np.mean((on[0] < 0.05) & (on[1] >= 0.05))


def test_lattice_noise_in_the_objective_names_the_data(rows, neighbour, mechanism, step):
    rng = noise_source(0)
    releases = [planted_release(rows, mechanism, step, rng) for _ in range(20)]
    assert names_the_data(releases, rows, neighbour, mechanism.l2, step) > 0.9


def test_our_releases_are_explained_by_no_lattice(rows, neighbour, mechanism, step):
    rng = noise_source(0)
    releases = [mechanism.release(*rows, rng) for _ in range(N_RELEASES)]
    assert names_the_data(releases, rows, neighbour, mechanism.l2, step) < 0.05
    uniform = stats.uniform(0, 0.5).cdf
    for data in (rows, neighbour):
        for scale in (step, step * 2.0**-12):  # the lattice above, and the spacing of floats
            assert (
                stats.kstest(distances(releases, data, mechanism.l2, scale), uniform).pvalue > 0.01
            )


def test_the_test_of_uniformity_sees_the_planted_lattice(rows, mechanism, step):
    rng = noise_source(0)
    releases = [planted_release(rows, mechanism, step, rng) for _ in range(10)]
    found = distances(releases, rows, mechanism.l2, step)
    assert stats.kstest(found, stats.uniform(0, 0.5).cdf).pvalue < 1e-6
