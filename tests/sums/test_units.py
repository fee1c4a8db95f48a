"""Public units: columns of any size keep their digits in the ring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.preprocessing import StandardScaler, scale

from sklearn_private.exceptions import RangeError
from sklearn_private.sums import (
    Limits,
    Masked,
    Noisy,
    Rows,
    Schema,
    Shared,
    Sites,
    program_for,
    statistic,
)
from sklearn_private.sums.aggregators._units import _BUCKETS, Grid, grid, largest, marks
from sklearn_private.sums.programs.noisy._logistic import log_loss_slope

X, Y = load_diabetes(return_X_y=True)
X = scale(X)
HIDE = {"masked": Masked, "shared": Shared}
HIDING = pytest.mark.parametrize("hide", HIDE.values(), ids=HIDE)


def fitted(estimator, X, y, hide=lambda sites: sites):
    sites = [Rows(X[i::3], y[i::3].astype(float), np.ones(len(y[i::3]))) for i in range(3)]
    schema = Schema(X.shape[1], np.array([0, 1]))
    return program_for(estimator).fit(hide(Sites(sites)), estimator, schema)


CASES = {
    "scaler": lambda unit: (StandardScaler(), Y, "scale_", unit),
    "linear": lambda unit: (LinearRegression(), Y, "coef_", 1 / unit),
    "logistic": lambda unit: (LogisticRegression(C=np.inf), Y > 140, "coef_", 1 / unit),
    "Poisson": lambda unit: (PoissonRegressor(alpha=0.0), Y, "coef_", 1 / unit),
}


@HIDING
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize(
    "unit", [1e-12, 1e-9, 1e6, 1e9, np.logspace(-12, 9, 10)], ids=lambda u: str(np.max(u))
)
def test_units_from_1e_minus_12_to_1e9_cost_no_digits(case, unit, hide):
    estimator, y, name, factor = case(np.broadcast_to(unit, 10))
    truth = fitted(estimator, X, y)[name] * factor
    assert fitted(estimator, X * unit, y, hide)[name] == pytest.approx(truth, rel=1e-6)


@HIDING
@pytest.mark.parametrize("weight", [1e-9, 1e9])
def test_weights_of_any_size_keep_their_digits(hide, weight):
    sites = [Rows(X[i::3], Y[i::3], np.full(len(Y[i::3]), weight)) for i in range(3)]
    found = program_for(LinearRegression()).fit(hide(Sites(sites)), LinearRegression(), Schema(10))
    assert found["coef_"] == pytest.approx(LinearRegression().fit(X, Y).coef_, rel=1e-6)


@given(st.lists(st.floats(0, 2.0**95), min_size=1, max_size=6))
@settings(max_examples=50)
def test_the_largest_magnitude_of_any_site_is_below_its_unit_and_near(values):
    unit = largest(marks(np.array(values)))
    assert (np.array(values) <= unit).all()
    assert all(u <= max(16 * v, 2.0**-96) for v, u in zip(values, unit, strict=True))


@given(n=st.integers(1, 2**20), bits=st.sampled_from([40, 44, 64]), unit=st.floats(1e-20, 1e20))
def test_narrow_words_are_taken_where_they_leave_bits_enough(n, bits, unit):
    found = grid(np.array([unit]), n, bits)
    assert found.unit[0] >= unit
    assert found.fraction_bits >= bits and (found.n_words == 1) is (62 - found.room >= bits)
    value = np.array([unit / 3])
    error = abs(found.decode(found.encode(value, 1.0)) - value)[0]
    assert error <= found.unit[0] * 2.0**-found.fraction_bits + 1e-15 * unit


def test_as_many_rows_as_were_said_do_not_leave_the_ring():
    found = grid(np.ones(1), 1000, 40)
    total = sum(found.encode(np.ones(1), 1.0) for _ in range(1000))
    assert found.decode(total) == pytest.approx(1000, rel=1e-12)
    with pytest.raises(RangeError, match="nothing was opened"):
        found.encode(np.array([5.0]), 4.0)


def test_fewer_than_forty_bits_are_refused():
    assert grid(np.ones(1), 2**84, 64).fraction_bits >= 40
    with pytest.raises(RangeError, match="39 of 128 bits"):
        grid(np.ones(1), 2**86, 64)


def test_buckets_reach_from_1e_minus_28_to_1e28():
    assert _BUCKETS[0] < 1e-28 and 16 * _BUCKETS[-1] > 1e28
    assert Grid(np.ones(1), 4, 1).fraction_bits == 58


@HIDING
@pytest.mark.parametrize("norm", [1e-19, 1e-6, 1.0, 1e12])
def test_a_small_public_norm_moves_the_total_as_far_as_is_paid_for(hide, norm):
    limits = Limits(norm, 3)

    def total(x):
        sites = [Rows(x[i : i + 1], np.zeros(1), np.ones(1)) for i in range(3)]
        return hide(Sites(sites, limits)).sum(log_loss_slope, np.zeros(31), 0.0, 1.0)[0]

    x = np.full((3, 30), norm / np.sqrt(30) * 0.999)
    other = x.copy()
    other[0] = -x[0]
    moved = np.linalg.norm(total(x) - total(other)) / norm
    assert moved == pytest.approx(0.999, abs=1e-9)  # half the norm either way


def test_the_rounding_of_the_ring_is_part_of_the_sensitivity():
    class Coarse(Masked):
        def rounding(self, statistic, n_values):
            return 0.5

    sites = Sites([Rows(X[i : i + 1], Y[:1], np.ones(1)) for i in range(3)], Limits(1.0, 3))
    scales = {}
    for hide in (Masked, Coarse):
        scales[hide] = _spread(hide(sites))
    assert scales[Coarse] / scales[Masked] == pytest.approx(1.25, rel=0.1)
    assert 0 < Masked(sites).rounding(log_loss_slope, 31) < 1e-10


@statistic(bound=lambda limits: (1.0,), bits=40)
def nothing(rows):
    """Return zeros, so that the noise is what is left."""
    return (np.zeros(20_000),)


def _spread(inner):
    from sklearn_private.mechanisms import noise_source

    options = {"noise_multiplier": 1.0, "neighboring": "replace_one", "rng": noise_source(0)}
    return Noisy(inner, charge=lambda event: None, **options).sum(nothing)[0].std()
