"""Round points between values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization.columns._cutpoints import between

NUMBERS = st.floats(allow_nan=False) | st.integers(-100, 100).map(float)


@given(st.lists(NUMBERS, min_size=2, max_size=9, unique_by=lambda v: v + 0.0))
def test_a_point_parts_its_two_values(values):
    values = np.unique(np.array(values) + 0.0)
    low, high = values[:-1], values[1:]
    point = between(low, high, whole=False)
    assert ((low < point) & (point <= high)).all()
    roomy = np.isfinite(low) & np.isfinite(high) & (np.nextafter(low, np.inf) < high)
    assert (point < high)[roomy].all()


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=9, unique=True))
def test_points_between_whole_numbers_are_whole(values):
    values = np.unique(np.array(values, dtype=float))
    low, high = values[:-1], values[1:]
    point = between(low, high, whole=True)
    assert (point == np.rint(point)).all()
    assert ((low < point) & (point <= high)).all()
    assert (point < high)[high - low > 1].all()


@pytest.mark.parametrize(
    "low, high, whole, point",
    [
        (24, 25, True, 25),
        (24, 25, False, 24.5),
        (24, 31, True, 30),
        (17, 90, True, 50),
        (-5, 3, True, 0),
        (0.1, 0.2, False, 0.15),
        (0.123, 0.129, False, 0.125),
        (-np.inf, 5.0, False, -np.finfo(float).max),
        (5.0, np.inf, False, np.inf),
    ],
)
def test_points_are_round(low, high, whole, point):
    assert between(np.array([float(low)]), np.array([float(high)]), whole=whole)[0] == point


@pytest.mark.parametrize(
    "low, high, whole, point",
    [
        ("2020-01-01", "2020-01-02", True, "2020-01-02"),
        ("2020-01-01", "2020-01-02", False, "2020-01-01T12"),
        ("2020-01-20", "2020-02-10", True, "2020-02-01"),
        ("2019-05-01", "2023-05-01", True, "2021-01-01"),
        ("2020-01-01T00:00:00", "2020-01-01T00:00:00.000001", False, "2020-01-01T00:00:00.000001"),
    ],
)
def test_points_between_times_are_round(low, high, whole, point):
    low, high = (np.array([t], dtype="datetime64[us]") for t in (low, high))
    assert between(low, high, whole=whole)[0] == np.datetime64(point)
