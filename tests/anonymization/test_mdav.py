"""MDAV: the published losses, the algorithm as it is printed, sizes of classes, blocks."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization.methods import _mdav
from sklearn_private.anonymization.methods._mdav import blocks, mdav_classes, standardised

# 100·SSE/SST of standardised columns for k = 3, 5 and 10, as the microaggregation literature
# reports them for the reference sets of the CASC project.
LOSSES = {"census": (5.692, 9.088, 14.156), "tarragona": (16.933, 22.462, 33.193)}


def loss(X, class_of_row):
    Z, n = standardised(X), np.bincount(class_of_row)
    means = np.stack([np.bincount(class_of_row, column) / n for column in Z.T], axis=1)
    return 100 * ((Z - means[class_of_row]) ** 2).sum() / (Z**2).sum()


def as_partition(class_of_row):
    return {frozenset(np.flatnonzero(class_of_row == c).tolist()) for c in set(class_of_row)}


def as_printed(Z, k):
    """MDAV-generic, line by line, with full distances."""

    def farthest(rows, point):
        return max(rows, key=lambda row: ((Z[row] - point) ** 2).sum())

    def nearest(rows, point):
        return sorted(rows, key=lambda row: ((Z[row] - point) ** 2).sum())[:k]

    left, partition = list(range(len(Z))), []
    while len(left) >= 2 * k:
        r = farthest(left, Z[left].mean(axis=0))
        s = farthest(left, Z[r])
        for seed in [r, s] if len(left) >= 3 * k else [r]:
            partition.append(nearest(left, Z[seed]))
            left = [row for row in left if row not in partition[-1]]
    return {frozenset(rows) for rows in [*partition, left]}


@pytest.fixture
def clusters(rng):
    """Six far clusters of ten rows, shuffled."""
    centres = rng.permutation(np.repeat(np.arange(6), 10))
    return centres, 100.0 * np.eye(6)[centres] + rng.normal(size=(60, 6))


@pytest.mark.parametrize("name", LOSSES)
def test_the_losses_on_reference_sets_are_the_published_ones(name, data_folder):
    X = np.loadtxt(data_folder / "microaggregation" / f"{name}.csv", delimiter=",", skiprows=1)
    found = [loss(X, mdav_classes(X, k)) for k in (3, 5, 10)]
    np.testing.assert_allclose(found, LOSSES[name], rtol=1e-3)


@pytest.mark.parametrize("n, k", [(4, 2), (11, 2), (12, 3), (23, 3), (40, 4), (31, 5), (30, 10)])
def test_classes_are_those_of_the_printed_algorithm(n, k):
    for seed in range(5):
        X = np.random.default_rng(seed).normal(size=(n, 3))
        assert as_partition(mdav_classes(X, k)) == as_printed(standardised(X), k)


def partitions_in_threes(rows):
    """Yield every partition of rows into sets of three."""
    if not rows:
        yield []
    for others in itertools.combinations(rows[1:], 2):
        rest = [row for row in rows[1:] if row not in others]
        yield from ([[rows[0], *others], *more] for more in partitions_in_threes(rest))


def test_the_loss_of_tiny_tables_is_near_the_least_of_all_partitions(rng):
    every = [np.argsort(np.ravel(p)) // 3 for p in partitions_in_threes(list(range(9)))]
    assert len(every) == 280
    ratios, medians = [], []
    for _ in range(10):
        X = rng.normal(size=(9, 2))
        losses = [loss(X, class_of_row) for class_of_row in every]
        ratios.append(loss(X, mdav_classes(X, 3)) / min(losses))
        medians.append(np.median(losses) / min(losses))
    assert 1 <= np.mean(ratios) < 1.3
    assert np.mean(medians) > 2


@given(
    rows=st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=1, max_size=60),
    k=st.integers(2, 7),
)
def test_every_class_has_k_to_2k_minus_1_rows(rows, k):
    class_of_row = mdav_classes(np.array(rows, dtype=float), k)
    n = np.bincount(class_of_row)
    if len(rows) < k:
        assert n.tolist() == [len(rows)]
    else:
        assert k <= n.min() and n.max() <= 2 * k - 1


def test_clusters_become_classes(clusters):
    centres, X = clusters
    assert as_partition(mdav_classes(X, 10)) == as_partition(centres)


def test_units_of_columns_do_not_matter_and_constant_columns_say_nothing(clusters):
    _, X = clusters
    other_units = X * [1, 1e-3, 1e6, 7, 1e200, 1e-200] + [0, 5, -3, 1e3, 0, 0]
    scaled = np.column_stack([other_units, np.full(60, 17.3), np.full(60, 0.1)])
    assert as_partition(mdav_classes(scaled, 5)) == as_partition(mdav_classes(X, 5))


def test_equal_rows_are_partitioned_too():
    assert sorted(np.bincount(mdav_classes(np.ones((17, 3)), 4))) == [4, 4, 4, 5]
    assert np.bincount(mdav_classes(np.full((3, 2), 0.1), 4)).tolist() == [3]


def test_the_input_is_left_alone(clusters):
    _, X = clusters
    before = X.copy()
    mdav_classes(X, 5)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("n, n_most", [(1, 10), (100, 100), (101, 100), (1000, 64), (999, 10)])
def test_blocks_hold_each_row_once_and_are_at_least_half_full(rng, n, n_most):
    found = blocks(rng.normal(size=(n, 3)), n_most)
    np.testing.assert_array_equal(np.sort(np.concatenate(found)), np.arange(n))
    sizes = [rows.size for rows in found]
    assert max(sizes) <= n_most
    assert len(found) == 1 or min(sizes) >= n_most // 2


def test_blocks_are_cut_along_the_column_that_varies_most(rng):
    Z = rng.normal(size=(1000, 2)) * [1, 9]
    low, high = sorted(blocks(Z, 500), key=lambda rows: Z[rows, 1].mean())
    assert Z[low, 1].max() <= Z[high, 1].min()


def test_a_large_table_is_cut_into_blocks_at_little_cost(rng, monkeypatch):
    X = rng.normal(size=(3000, 4)) @ rng.normal(size=(4, 4))
    whole = mdav_classes(X, 5)
    monkeypatch.setattr(_mdav, "BLOCK", 400)
    blocked = mdav_classes(X, 5)
    assert as_partition(blocked) != as_partition(whole)
    n = np.bincount(blocked)
    assert n.min() >= 5 and n.max() <= 9
    assert loss(X, blocked) < 1.15 * loss(X, whole)
    assert loss(X, rng.permutation(blocked)) > 5 * loss(X, whole)  # the measure sees bad classes


def test_a_block_is_never_too_small_for_a_class(rng, monkeypatch):
    monkeypatch.setattr(_mdav, "BLOCK", 10)
    n = np.bincount(mdav_classes(rng.normal(size=(100, 2)), 30))
    assert n.min() >= 30 and n.max() <= 59
