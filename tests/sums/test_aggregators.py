"""Plain, masked and shared sums: the same totals, and nothing else to see."""

import copy
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError, RangeError
from sklearn_private.sums import Limits, Masked, Rows, Shared, Sites, location, statistic
from sklearn_private.sums._aggregator import packed_addends
from sklearn_private.sums.aggregators import _ring
from sklearn_private.sums.aggregators._masked import MaskingSite, neighbours
from sklearn_private.sums.programs._logistic import log_loss

HIDING = pytest.mark.parametrize("hide", [Masked, Shared])


@statistic(bound=lambda limits, *_: (limits.row_norm, 1.0))
def wide(rows, size=4096):
    """Return a long vector that depends on the rows, and a matrix."""
    return np.resize(rows.weight @ rows.X, size), np.outer(rows.y, rows.y)


def sites(n=5, scale=1.0, n_features=3):
    rng = np.random.default_rng(0)
    return [
        Rows(scale * rng.normal(size=(5, n_features)), rng.normal(size=5), np.ones(5))
        for _ in range(n)
    ]


def evenness(words):
    """Return the p-value of uniform bytes."""
    counts = np.bincount(np.frombuffer(np.asarray(words).tobytes(), np.uint8), minlength=256)
    return stats.chisquare(counts).pvalue


@HIDING
@given(n=st.integers(3, 6), scale=st.sampled_from([1e-9, 1.0, 1e9]))
def test_hidden_sums_equal_plain_ones(hide, n, scale):
    rows = sites(n, scale)
    for hidden, plain in zip(hide(Sites(rows)).sum(wide, 7), Sites(rows).sum(wide, 7), strict=True):
        assert hidden.shape == plain.shape
        assert hidden == pytest.approx(plain, rel=1e-14, abs=1e-18)


@HIDING
def test_every_vector_that_leaves_a_site_is_uniform(hide):
    for (vector,) in hide(Sites(sites())).addends(wide):
        assert evenness(vector) > 1e-9  # drawn by the operating system, not seeded
    bare = _ring.encode(np.resize(wide(sites()[0])[0], 4096), 5)
    assert evenness(bare) < 1e-9  # the test sees what is not hidden


@HIDING
def test_without_one_vector_nothing_cancels(hide):
    rows = sites()
    vectors = [vector for (vector,) in hide(Sites(rows)).addends(wide)]
    assert evenness(reduce(_ring.add, vectors)) < 1e-9
    for left_out in range(len(vectors)):
        rest = [vector for i, vector in enumerate(vectors) if i != left_out]
        assert evenness(reduce(_ring.add, rest)) > 1e-9


@HIDING
def test_the_same_sum_is_never_hidden_in_the_same_way(hide):
    aggregator = hide(Sites(sites()))
    first, second = aggregator.addends(wide, 5), aggregator.addends(wide, 5)
    for (a,), (b,) in zip(first, second, strict=True):
        assert not (a == b).any()


def test_any_but_one_share_tells_nothing():
    shares = [vector for (vector,) in Shared(Sites(sites(3))).addends(wide)]
    for some in (shares[:1], shares[2:], shares[:2], shares[1:], [shares[0], shares[2]]):
        assert evenness(reduce(_ring.add, some)) > 1e-9
    assert evenness(reduce(_ring.add, shares)) < 1e-9


@given(n=st.integers(3, 40), data=st.data())
def test_a_coalition_of_the_threshold_leaves_the_other_sites_connected(n, data):
    threshold = data.draw(st.integers(1, n - 2))
    graph = [neighbours(site, n, threshold) for site in range(n)]
    assert all(site in graph[other] for site in range(n) for other in graph[site])
    gone = data.draw(st.sets(st.integers(0, n - 1), max_size=threshold))
    # The worst coalitions surround somebody.
    surround = set(graph[0][:threshold])
    for coalition in (gone, surround):
        left = set(range(n)) - coalition
        seen, todo = set(), [min(left)]
        while todo:
            site = todo.pop()
            seen.add(site)
            todo += [other for other in graph[site] if other in left - seen]
        assert seen == left


def test_one_neighbour_fewer_lets_a_coalition_isolate_a_site():
    graph = [neighbours(site, 9, 3) for site in range(9)]
    assert {len(others) for others in graph} == {4}  # three of them may collude


def test_without_limits_only_the_exponent_of_the_largest_value_is_opened():
    """Which sites are near it, and how many, does not show: all marked buckets are random."""
    totals = []
    for n_near in (1, 5):
        rows = sites(5, n_features=200)
        for site in rows[n_near:]:
            site.X[:] *= 1e-9
        aggregator = Masked(Sites(rows))
        aggregator.open = lambda question, hidden: (
            totals.append(reduce(_ring.add, hidden))
            or (
                totals[-1],
                0,
            )
        )
        aggregator._agreed_scale()
    marked = [total != 0 for total in totals]
    assert np.mean(marked[0] == marked[1]) > 0.99
    for total in totals:
        assert evenness(total[total != 0]) > 1e-9


def test_both_sites_of_a_pair_derive_masks_that_cancel():
    a, b = MaskingSite(), MaskingSite()
    for site in (a, b):
        site.agree([a.public_key, b.public_key])
    assert not _ring.add(a.next_mask(9), b.next_mask(9)).any()


def test_every_pair_has_masks_of_its_own():
    a, *others = (MaskingSite() for _ in range(4))
    masks = []
    for other in others:
        alone = copy.copy(a)  # the same keys, and a single peer
        alone._secrets = {}
        alone.agree([a.public_key, other.public_key])
        mask = alone.next_mask(9)
        masks += [mask, _ring.negate(mask)]
    assert len({mask.tobytes() for mask in masks}) == len(masks)


def test_a_forked_site_sends_nothing(monkeypatch):
    site = MaskingSite()
    monkeypatch.setattr("os.getpid", lambda: -1)
    with pytest.raises(GuaranteeError, match=r"fork.*Nothing was sent"):
        site.next_mask(3)


def test_public_keys_alone_do_not_give_a_mask():
    a, b, impostor = (MaskingSite() for _ in range(3))
    impostor.public_key = a.public_key
    for site in (a, impostor):
        site.agree([a.public_key, b.public_key])
    assert (a.next_mask(9) != impostor.next_mask(9)).all()


@HIDING
@pytest.mark.parametrize("n", [1, 2])
def test_two_sites_have_nothing_to_hide_in(hide, n):
    with pytest.raises(InvalidParameterError, match=r"at least 3 .*the other's sum"):
        hide(Sites(sites(n)))


@HIDING
@pytest.mark.parametrize("value", [1e30, np.inf, np.nan])
def test_a_site_out_of_range_aborts_the_sum_before_anything_is_opened(hide, value):
    rows = sites()
    rows[1].X[0, 0] = value
    aggregator = hide(Sites(rows))
    with pytest.raises(RangeError, match="nothing was opened"):
        aggregator.sum(location)
    assert aggregator.sent == []


@HIDING
def test_a_range_is_proven_before_anything_is_computed(hide):
    computed = []

    @statistic(bound=lambda limits: (2.0**60,))
    def broad(rows):
        computed.append(rows)
        return (rows.weight.sum(),)

    aggregator = hide(Sites(sites(), Limits(row_norm=1.0, n_rows=2**90)))
    with pytest.raises(RangeError, match=r"leave 35 of 128 bits.*Nothing was computed"):
        aggregator.sum(broad)
    with pytest.raises(RangeError, match="without a bound"):
        aggregator.sum(location)
    assert computed == []


def recovered(vector):
    """Return the row that the gradient of a log-loss at zero betrays, if it is of one row."""
    slope = vector[2:6]  # after loss and count: three features and the intercept
    return slope[:3] / slope[3]


def test_the_gradient_of_one_row_is_that_row_unless_it_is_masked():
    rows = sites()
    rows[0] = Rows(rows[0].X[:1], np.ones(1), np.ones(1))
    known = (log_loss, np.zeros(4), 1.0, 1)
    bare, _ = packed_addends(Sites(rows), *known)
    assert recovered(bare[0]) == pytest.approx(rows[0].X[0])
    (masked,) = Masked(Sites(rows)).addends(*known)[0]
    assert recovered(_ring.decode(masked)) != pytest.approx(rows[0].X[0], rel=0.1)


def test_an_error_message_holds_no_value_of_a_row():
    rows = sites()
    rows[1].X[0, 0] = 1.234567e30
    with pytest.raises(RangeError) as error:
        Masked(Sites(rows)).sum(location)
    assert "1.23" not in str(error.value)


def test_sites_clip_their_rows_when_limits_are_given():
    rows, limits = sites(scale=100.0), Limits(row_norm=1.0, n_rows=20, target_norm=0.1)
    count, features, target = Sites(rows, limits).sum(location)
    clipped = [site.clipped(limits) for site in rows]
    assert features == pytest.approx(sum(site.X.sum(axis=0) for site in clipped))
    assert np.linalg.norm(features) <= count and abs(target) <= 0.1 * count


def test_traffic_counts_what_a_site_sends():
    rows = sites(4)
    values = 1 + 3 + 1  # what location returns
    plain, masked, shared = Sites(rows), Masked(Sites(rows)), Shared(Sites(rows))
    for aggregator in (plain, masked, shared):
        aggregator.sum(location)
        aggregator.sum(location)
    assert plain.sent == [8 * values] * 2
    agreement = 8 * 48 * (3 + 3)  # buckets of columns, target, weights and rows
    assert masked.sent == [agreement + 16 * values, 16 * values]
    part = -(-values // 4)  # of what is opened
    assert shared.sent == [2 * 3 * (agreement // 4 + 16 * part), 2 * 3 * 16 * part]
