"""Programs at sites apart: the same code and the same bits as together in one process."""

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.preprocessing import StandardScaler, scale

from sklearn_private.exceptions import GuaranteeError, TransportError
from sklearn_private.sums import (
    ADDERS,
    MOST_FORWARDED,
    Apart,
    Masked,
    Rows,
    Schema,
    Shared,
    Sites,
    location,
    program_for,
    statistic,
)
from sklearn_private.sums.aggregators import _network
from sklearn_private.sums.aggregators._masked import MaskingSite
from sklearn_private.transport import Relay, run_mesh, run_star

NAMES = ["a", "b", "c"]


def star(sites, **options):
    return run_star(sites, adders=ADDERS, **options)


def mesh(sites, **options):
    return run_mesh(sites, **options)


NETWORKS = pytest.mark.parametrize("network", [star, mesh])
PROGRAMS = pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), Ridge(), PoissonRegressor(), StandardScaler()],
    ids=lambda estimator: type(estimator).__name__,
)


def parts(estimator, n=3):
    """Return the rows of n sites of unequal size, and what is known of the columns."""
    if isinstance(estimator, LogisticRegression):
        X, y = load_breast_cancer(return_X_y=True)
        labels = np.array([0, 1])
    else:
        X, y = load_diabetes(return_X_y=True)
        labels = None
    X = scale(X) / 3
    site = np.minimum(np.arange(len(y)) % (n + 2), n - 1)
    rows = [
        Rows(X[site == i], y[site == i].astype(float), np.ones((site == i).sum())) for i in range(n)
    ]
    return rows, Schema(X.shape[1], labels)


def fitted(estimator, sites, schema, hide):
    aggregator = hide(sites)
    return program_for(estimator).fit(aggregator, estimator, schema)


def at_site(estimator, rows, schema, hide):
    def run(channel):
        with channel:
            result = fitted(estimator, Sites([rows], network=Apart(channel)), schema, hide)
            channel.finish(b"")
        return result

    return run


def same(one, other):
    return one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name]) for name in one
    )


@PROGRAMS
@NETWORKS
def test_masked_fits_apart_equal_those_together_bit_by_bit(estimator, network):
    rows, schema = parts(estimator)
    together = fitted(estimator, Sites(rows), schema, Masked)
    apart = network(
        {name: at_site(estimator, one, schema, Masked) for name, one in zip(NAMES, rows)}
    )
    assert all(same(apart[name], together) for name in NAMES)


@PROGRAMS
@pytest.mark.parametrize("n_parties", [3, 5])
def test_shared_fits_apart_equal_those_together_bit_by_bit(estimator, n_parties):
    rows, schema = parts(estimator, n_parties)
    together = fitted(estimator, Sites(rows), schema, Shared)
    names = map(str, range(n_parties))
    apart = mesh({name: at_site(estimator, one, schema, Shared) for name, one in zip(names, rows)})
    assert all(same(found, together) for found in apart.values())


def test_parties_send_as_many_bytes_as_their_simulation_says():
    estimator = LogisticRegression()
    rows, schema = parts(estimator)
    together = Shared(Sites(rows))
    program_for(estimator).fit(together, estimator, schema)

    def run(channel):
        with channel:
            mine = Sites([rows[NAMES.index(channel.name)]], network=Apart(channel))
            shared = Shared(mine)
            program_for(estimator).fit(shared, estimator, schema)
            channel.finish(b"")
        return sum(shared.sent), channel.n_octets

    for counted, octets in mesh(dict.fromkeys(NAMES, run)).values():
        assert counted == pytest.approx(sum(together.sent), rel=0.01)
        assert counted < octets < 1.5 * counted  # frames, signatures, keys


@PROGRAMS
def test_plain_fits_apart_equal_those_together_bit_by_bit(estimator):
    rows, schema = parts(estimator)
    together = fitted(estimator, Sites(rows), schema, lambda sites: sites)
    apart = star(
        {
            name: at_site(estimator, one, schema, lambda sites: sites)
            for name, one in zip(NAMES, rows)
        }
    )
    assert all(same(apart[name], together) for name in NAMES)


def test_parties_have_nobody_who_adds_sums_in_the_clear():
    rows, schema = parts(Ridge())
    found = mesh(
        {name: at_site(Ridge(), one, schema, lambda sites: sites) for name, one in zip(NAMES, rows)}
    )
    assert "no coordinator" in str(found["a"]) + str(found["b"]) + str(found["c"])


def test_many_sites_let_the_coordinator_add(monkeypatch):
    monkeypatch.setattr(_network, "MOST_FORWARDED", 4)
    estimator, names = Ridge(), list("abcde")
    rows, schema = parts(estimator, 5)
    together = fitted(estimator, Sites(rows), schema, Masked)
    totals = []
    send = Relay._send_total
    monkeypatch.setattr(
        Relay, "_send_total", lambda relay, *what: totals.append(what[0]) or send(relay, *what)
    )
    apart = star({name: at_site(estimator, one, schema, Masked) for name, one in zip(names, rows)})
    assert all(same(apart[name], together) for name in names)
    # Units, and the two sums of a ridge regression.
    assert totals == ["integers modulo 2^64", *["integers modulo 2^128"] * 2]
    assert MOST_FORWARDED == 20


def evenness(octets):
    counts = np.bincount(np.frombuffer(octets, np.uint8), minlength=256)
    return stats.chisquare(counts).pvalue


@statistic(bound=lambda limits: (1.0,))
def long(rows):
    """Return a long vector of the rows."""
    return (np.resize(rows.X, 4096),)


@pytest.mark.parametrize("hide, hidden", [(Masked, True), (lambda sites: sites, False)])
def test_a_coordinator_sees_uniform_octets_only_if_sites_hide(monkeypatch, hide, hidden):
    seen = []
    gather = Relay._gather

    def spy(relay):
        messages, heard = gather(relay)
        seen.extend(bytes(one.payload) for one in heard.values() if len(one.payload) > 1000)
        return messages, heard

    monkeypatch.setattr(Relay, "_gather", spy)
    rows, _ = parts(Ridge())

    def run(channel):
        with channel:
            mine = Sites([rows[NAMES.index(channel.name)]], network=Apart(channel))
            total = hide(mine).sum(long)
            channel.finish(b"")
        return total

    found = star(dict.fromkeys(NAMES, run))
    assert found["a"][0] == pytest.approx(Sites(rows).sum(long)[0], rel=1e-12)
    assert len(seen) == (6 if hidden else 3)  # with the units of the columns
    assert [bool(evenness(octets) > 1e-9) for octets in seen] == [hidden] * len(seen)


@NETWORKS
def test_sites_that_ask_different_questions_open_nothing(monkeypatch, network):
    @statistic(bound=lambda limits: (1.0, limits.row_norm, limits.target_norm))
    def imitation(rows):
        return location(rows)

    opened = []
    monkeypatch.setattr(
        "sklearn_private.sums.aggregators._ring.decode", lambda words: opened.append(words)
    )
    rows, _ = parts(Ridge())

    def run(channel):
        with channel:
            mine = Sites([rows[NAMES.index(channel.name)]], network=Apart(channel))
            Masked(mine).sum(imitation if channel.name == "b" else location)

    found = network(dict.fromkeys(NAMES, run))
    assert all(isinstance(found[name], TransportError) for name in NAMES)
    assert any("asks another question" in str(found[name]) for name in NAMES)
    assert opened == []


def test_masks_of_different_questions_do_not_cancel():
    sites = [MaskingSite() for _ in range(3)]
    for site in sites:
        site.agree([other.public_key for other in sites])
    same = [site.next_mask(5, b"question") for site in sites]
    other = [site.next_mask(5, b"another" if i else b"question") for i, site in enumerate(sites)]
    add = _network.RING.add
    assert not add(add(same[0], same[1]), same[2]).any()
    assert add(add(other[0], other[1]), other[2]).all()


@pytest.mark.parametrize(
    "keys",
    [
        lambda own, other: [own, other, other],
        lambda own, other: [own, own, other],
        lambda own, other: [other, MaskingSite().public_key],
        lambda own, other: [own, other[:-1]],
        lambda own, other: [own, bytes(32)],
        lambda own, other: [own, (1).to_bytes(32, "little")],
    ],
)
def test_keys_that_hide_nothing_are_refused(keys):
    site = MaskingSite()
    with pytest.raises(GuaranteeError, match="not all different keys of X25519"):
        site.agree(keys(site.public_key, MaskingSite().public_key))


def test_a_value_out_of_range_at_one_site_opens_nothing_anywhere(monkeypatch):
    opened = []
    monkeypatch.setattr(
        "sklearn_private.sums.aggregators._ring.decode", lambda words: opened.append(words)
    )
    rows, schema = parts(Ridge())
    rows[1].X[3, 2] = 1e30
    found = star({name: at_site(Ridge(), one, schema, Masked) for name, one in zip(NAMES, rows)})
    for name in ("a", "c"):
        assert "'b' holds a value that would leave the range" in str(found[name])
        assert "1e+30" not in str(found[name])
    assert opened == []
