"""Which rows go to which site."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.sums.fitting._partition import partition


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=40))
def test_every_row_goes_to_the_site_that_its_group_names(groups):
    parts = partition(np.arange(len(groups)), groups, n_sites=3)
    for name, positions in parts.rows.items():
        assert positions.tolist() == [i for i, group in enumerate(groups) if group == name]
    assert not parts.simulated
    assert list(parts.sizes) == sorted(set(groups))


@given(n=st.integers(1, 30), n_sites=st.integers(1, 40))
def test_without_groups_rows_are_dealt_out_in_turn(n, n_sites):
    parts = partition(np.arange(n), n_sites=n_sites)
    assert parts.simulated
    assert max(parts.sizes.values()) - min(parts.sizes.values()) <= 1
    assert sorted(np.concatenate(list(parts.rows.values()))) == list(range(n))


def test_rows_that_take_no_part_go_nowhere():
    parts = partition(np.array([0, 3]), ["a", "b", "b", "a"], n_sites=2)
    assert parts.sizes == {"a": 2}


def test_site_names_are_plain_values():
    parts = partition(np.arange(3), np.array([5, 7, 5], dtype=np.int32), n_sites=1)
    assert [type(name) for name in parts.rows] == [int, int]


@pytest.mark.parametrize("groups", [[1.0, np.nan], np.array(["a", None], dtype=object)])
def test_a_row_without_a_site_is_refused(groups):
    with pytest.raises(InvalidParameterError, match="groups names no site"):
        partition(np.arange(2), groups, n_sites=1)
