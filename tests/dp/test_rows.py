from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_private.dp.rows._row_bounds import row_bounds
from sklearn_private.exceptions import InvalidParameterError

finite = st.floats(allow_nan=False, allow_infinity=False)
tables = arrays(np.float64, st.tuples(st.integers(1, 4), st.just(3)), elements=finite)


def bounded(n_features=3, names=None, **parameters):
    intercept = parameters.pop("intercept", 0.35)
    bounds = {"feature_norm": None, "bounds": None} | parameters
    return row_bounds(n_features, **bounds, owner="Model", intercept=intercept, names=names)


def exact_norms_squared(rows):
    return [sum(Fraction(v) ** 2 for v in row) for row in rows.tolist()]


EVERY_KIND = [
    {"feature_norm": 1.0},
    {"feature_norm": 0.3, "intercept": 0.0},
    {"feature_norm": 1e-60},
    {"feature_norm": 1e60, "intercept": 3.0},
    {"bounds": (0.0, 1.0), "intercept": 1.1e5},
    {"bounds": [(-1.0, 1.0), (0.0, 1e-9), (5.0, 1e12)], "intercept": 0.0},
    {"bounds": (-1e300, 1e300), "intercept": 1e-5},
]


@pytest.mark.parametrize("parameters", EVERY_KIND, ids=str)
@given(X=tables)
def test_no_row_is_longer_than_the_bound_in_exact_arithmetic(parameters, X):
    bounds = bounded(**parameters)
    design = bounds.design(X)
    assert np.isfinite(design).all()
    limit = Fraction(bounds.row_norm) ** 2
    assert all(size <= limit for size in exact_norms_squared(design))


def test_rounding_alone_would_let_rows_be_longer_than_one():
    # The test above is not empty: without the margin, some rows of ordinary size would fail it.
    rows = np.random.default_rng(0).normal(size=(50, 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert any(size > 1 for size in exact_norms_squared(rows))


def test_long_rows_keep_their_direction_and_short_ones_their_length():
    X = np.array([[3.0, 4.0, 0.0], [0.3, 0.0, 0.4], [0.0, 0.0, 0.0], [0.0, -1e9, 0.0]])
    rows = bounded(feature_norm=1.0, intercept=0.0).design(X)
    expected = [[0.6, 0.8, 0.0], [0.3, 0.0, 0.4], [0.0, 0.0, 0.0], [0.0, -1.0, 0.0]]
    np.testing.assert_allclose(rows, expected, atol=1e-11)


@pytest.mark.parametrize("size", [1e9, 1e200, 1.7e308])
def test_a_huge_row_is_cut_like_a_long_one(size):
    X = np.array([[size, size, 0.0], [1e3, 1e3, 0.0]])
    rows = bounded(feature_norm=1.0).design(X)
    np.testing.assert_allclose(rows[0], rows[1], rtol=1e-12)
    boxed = bounded(bounds=(-1.0, 2.0)).design(X)
    np.testing.assert_array_equal(boxed[0], boxed[1])


def test_bounds_scale_each_feature_to_a_share_of_the_norm():
    bounds = bounded(bounds=[(0, 10), (-1, 1), (100, 300)])
    rows = bounds.design(np.array([[10.0, 0.0, 100.0], [50.0, -5.0, 200.0]]))
    share = 1 / np.sqrt(3)
    expected = [[share, 0, -share, 0.35], [share, -share, 0, 0.35]]
    np.testing.assert_allclose(rows, expected, atol=1e-11)
    assert bounds.row_norm == pytest.approx(np.hypot(1, 0.35))


@pytest.mark.parametrize("parameters", EVERY_KIND[:2] + EVERY_KIND[4:6], ids=str)
def test_coefficients_in_input_units_give_the_same_scores(parameters):
    bounds = bounded(**parameters)
    rng = np.random.default_rng(0)
    X = bounds.centre + 0.1 * bounds.scale * rng.uniform(-1, 1, (20, 3))
    design = bounds.design(X)
    w = rng.normal(size=design.shape[1])
    coef, intercept = bounds.to_input_units(w)
    np.testing.assert_allclose(X @ coef[0] + intercept, design @ w, rtol=1e-6, atol=1e-9)


def test_coefficients_of_several_classes_come_by_class():
    bounds = bounded(bounds=[(-1.0, 1.0), (0.0, 4.0), (5.0, 6.0)])
    w = np.random.default_rng(0).normal(size=(4, 5))
    coef, intercept = bounds.to_input_units(w)
    assert coef.shape == (5, 3) and intercept.shape == (5,)
    for k in range(5):
        alone = bounds.to_input_units(w[:, k])
        assert coef[k] == pytest.approx(alone[0][0]) and intercept[k] == pytest.approx(alone[1][0])


def test_a_dictionary_is_read_by_name_and_a_list_by_position():
    pairs = [(0, 1), (-2, 2), (5, 9)]
    by_name = bounded(names=["a", "b", "c"], bounds={"c": (5, 9), "a": (0, 1), "b": (-2, 2)})
    by_position = bounded(bounds=pairs)
    for name in ("low", "high", "centre", "scale"):
        np.testing.assert_array_equal(getattr(by_name, name), getattr(by_position, name))


def test_the_source_of_the_bound_is_told():
    assert bounded(feature_norm=2.0).source == "feature_norm=2, from the caller"
    assert bounded(bounds=(0, 1)).source == "bounds= per column, from the caller"


@pytest.mark.parametrize(
    "bounds",
    [
        (1, 0),
        (1, 1),
        (0, np.inf),
        (0, np.nan),
        (-1e308, 1e308),
        (0, "a"),
        "ab",
        7,
        [(0, 1), (0, 1)],
        [(0, 1)] * 4,
        [(0, 1), (2, 1), (0, 1)],
        [0, 1, 2],
        [None] * 3,
    ],
    ids=str,
)
def test_rejects_bad_bounds(bounds):
    with pytest.raises(InvalidParameterError, match=r"The 'bounds' parameter of Model .* Got"):
        bounded(bounds=bounds)


@pytest.mark.parametrize(
    "names, bounds, said",
    [
        (["a", "b"], {"a": (0, 1)}, r"for every column of X, also \['b'\]"),
        (["a"], {"a": (0, 1), "income": (0, 1)}, r"which do not include \['income'\]"),
        (None, {"a": (0, 1)}, "the columns of X have no names"),
    ],
)
def test_rejects_a_dictionary_that_does_not_match_the_columns(names, bounds, said):
    with pytest.raises(InvalidParameterError, match=rf"The 'bounds' parameter of Model .*{said}"):
        bounded(n_features=1 if names is None else len(names), names=names, bounds=bounds)


@pytest.mark.parametrize("value", [0, -1.0, 1e-61, 1e61, np.nan, np.inf, "1", True])
def test_rejects_a_bad_feature_norm(value):
    with pytest.raises(InvalidParameterError, match="The 'feature_norm' parameter of Model must"):
        bounded(feature_norm=value)


@pytest.mark.parametrize("parameters", [{}, {"feature_norm": 1.0, "bounds": (0, 1)}])
def test_needs_exactly_one_kind_of_bound_and_says_how(parameters):
    with pytest.raises(InvalidParameterError, match="needs exactly one bound") as error:
        bounded(**parameters)
    for hint in ("feature_norm=", "bounds=", "DomainEncoder", "Nothing was released"):
        assert hint in str(error.value)
