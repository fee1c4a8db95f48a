"""Federated and multi-party fits in real processes over TLS: the same bits, and no hang."""

import shutil
import signal

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler, scale

from real_sites import KILLED, Break, Federation, run_parties
from sklearn_private.exceptions import (
    InvalidParameterError,
    PrivacyError,
    RangeError,
    TransportError,
)
from sklearn_private.mpc import MPCFitter
from sklearn_private.transport import make_certificates

MESSAGES = 7
"""Messages of a site in a fit of a ridge: hello, settings, keys, units, two sums, done."""
TIMEOUT = 3.0


def table(estimator):
    if isinstance(estimator, LogisticRegression):
        X, y = load_breast_cancer(return_X_y=True)
        return scale(X), y
    X, y = load_diabetes(return_X_y=True)
    return X, y


def same(one, other):
    names = {name for name in vars(other) if name.endswith("_")}
    return names <= set(vars(one)) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in names
    )


@pytest.fixture
def ridge(tmp_path):
    """A federation of three sites that fit a ridge regression in a few seconds at most."""
    return Federation(tmp_path, Ridge(), *table(Ridge()), timeout=TIMEOUT)


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), Ridge(), StandardScaler()], ids=lambda e: type(e).__name__
)
def test_real_sites_end_with_the_same_bits_as_one_process(tmp_path, estimator, secure):
    classes = [0, 1] if isinstance(estimator, LogisticRegression) else None
    X, y = table(estimator)
    federation = Federation(tmp_path, estimator, X, y, secure_aggregation=secure, classes=classes)
    found, together = federation.run(), federation.together(X, y)
    for name in federation.names:
        fitted, sites, statement, _ = found[name].value
        assert same(fitted, together.estimator_)
        assert sites == together.sites_
        assert not statement.simulation
        assert "TLS 1.3" in statement.parameters["transport"]
    beside = 3 if secure else 1  # settings; keys and units of masks
    assert found["coordinator"].value.n_rounds == together.n_rounds_ + beside


@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), Ridge()], ids=lambda e: type(e).__name__
)
def test_real_parties_end_with_the_same_bits_as_one_process(tmp_path, estimator):
    classes = [0, 1] if isinstance(estimator, LogisticRegression) else None
    X, y = table(estimator)
    found = run_parties(tmp_path, estimator, X, y, classes=classes, timeout=20.0)
    together = MPCFitter(estimator, classes=classes).fit(X, y, groups=np.arange(len(y)) % 3)
    for outcome in found.values():
        fitted, sites, statement, _ = outcome.value
        assert same(fitted, together.estimator_)
        assert sites == {str(party): n for party, n in together.sites_.items()}
        assert not statement.simulation


@pytest.mark.parametrize("at", range(18))
def test_a_party_killed_at_any_message_stops_the_others_at_once(tmp_path, at):
    """18 messages: hello, settings, keys, units and two sums, scattered and told, and done."""
    breaks = {"1": Break(at, halfway=at % 4 == 3)}
    X, y = table(Ridge())
    found = run_parties(tmp_path, Ridge(), X, y, breaks, TIMEOUT + 12, timeout=TIMEOUT)
    assert found["1"].value == KILLED
    for name in ("0", "2"):
        # Whoever had the last message of all is done, whatever happens after it.
        done = at == 17 and isinstance(found[name].value, tuple)
        assert done or "closed its connection" in str(found[name].value)
        assert done or isinstance(found[name].value, TransportError)
        assert found[name].seconds < TIMEOUT + 2 + 3


@pytest.mark.parametrize("halfway", [False, True])
@pytest.mark.parametrize("at", range(MESSAGES))
def test_a_site_killed_at_any_message_stops_the_others_at_once(ridge, at, halfway):
    found = ridge.run({"b": Break(at, halfway=halfway)}, patience=TIMEOUT + 12)
    assert found["b"].value == KILLED
    for name in ("a", "c", "coordinator"):
        with pytest.raises(TransportError, match="'b' closed its connection"):
            raise found[name].value
        assert found[name].seconds < TIMEOUT + 2 + 3  # 3: to start the processes


@pytest.mark.parametrize("at", range(MESSAGES))
def test_a_coordinator_killed_in_any_round_stops_all_sites_at_once(ridge, at):
    found = ridge.run({"coordinator": Break(at)}, patience=TIMEOUT + 12)
    assert found["coordinator"].value == KILLED
    for name in ridge.names:
        with pytest.raises(TransportError, match="'coordinator' closed its connection"):
            raise found[name].value
        assert found[name].seconds < TIMEOUT + 2 + 3


def test_a_site_that_stands_still_is_given_up_at_the_timeout(ridge):
    found = ridge.run({"b": Break(3, signal.SIGSTOP)}, patience=TIMEOUT + 12, stuck=["b"])
    for name in ("a", "c", "coordinator"):
        with pytest.raises(TransportError, match="'b' did not answer in time"):
            raise found[name].value
        assert found[name].seconds < TIMEOUT + 2 + 3


def test_a_killed_fit_starts_again_and_ends_with_the_same_bits(ridge):
    first = ridge.run({"b": Break(4)}, patience=TIMEOUT + 12)
    assert first["b"].value == KILLED
    X, y = table(Ridge())
    second, together = ridge.run(), ridge.together(X, y)
    assert all(same(second[name].value[0], together.estimator_) for name in ridge.names)


def spoilt(federation, change):
    X, y = federation.rows["b"]
    X, y = X.copy(), y.copy()
    federation.rows["b"] = change(X, y)


def missing(X, y):
    X[7, 3] = np.nan
    return X, y


def infinite(X, y):
    y[7] = np.inf
    return X, y


@pytest.mark.parametrize(
    "change, own, told",
    [
        (missing, ValueError, "refused its own rows or parameters"),
        (infinite, ValueError, "refused its own rows or parameters"),
        (lambda X, y: (X[:0], y[:0]), ValueError, "refused its own rows or parameters"),
        (lambda X, y: (X[:9], y[:9]), InvalidParameterError, "refused its own rows or parameters"),
        (lambda X, y: (X[:, :9], y), TransportError, "was started with other settings"),
    ],
    ids=["NaN", "infinity", "no rows", "few rows", "other columns"],
)
def test_bad_rows_at_one_site_open_nothing_anywhere(ridge, change, own, told):
    spoilt(ridge, change)
    found = ridge.run(patience=TIMEOUT + 12)
    assert isinstance(found["b"].value, own)
    for name in ("a", "c"):
        with pytest.raises(TransportError, match=f"'b' {told}"):
            raise found[name].value
    assert [found[name].n_opened for name in ridge.names] == [0, 0, 0]


@pytest.mark.parametrize(
    "value, rule, own, told",
    [
        ("1.25e14", None, InvalidParameterError, "refused its own rows or parameters"),
        ("1.25e30", 10, RangeError, "holds a value that would leave the range of the ring"),
    ],
)
def test_a_huge_cell_at_one_site_is_refused_and_its_value_stays_there(
    ridge, value, rule, own, told
):
    def far(X, y):
        X[7, 3] = float(value)
        return X, y

    spoilt(ridge, far)
    changes = {name: {"min_client_rows": rule} for name in ridge.names}
    found = ridge.run(patience=TIMEOUT + 12, changes=changes)
    assert isinstance(found["b"].value, own)
    for name in ("a", "c", "coordinator"):
        assert f"'b' {told}" in str(found[name].value)
        assert "1.25" not in str(found[name].value)
    assert [found[name].n_opened for name in ridge.names] == [0, 0, 0]


@pytest.mark.parametrize(
    "changes, named",
    [
        ({"estimator": Ridge(alpha=7.5)}, "estimator__alpha"),
        ({"estimator": StandardScaler()}, "estimator"),
        ({"collusion_threshold": 1, "min_client_rows": 60}, "min_client_rows"),
        ({"secure_aggregation": False}, "secure_aggregation"),
    ],
)
def test_another_parameter_at_one_site_is_named_and_opens_nothing(ridge, changes, named):
    found = ridge.run(changes={"b": changes}, patience=TIMEOUT + 12)
    for name in ridge.names:
        assert isinstance(found[name].value, TransportError)
        assert "was started with other settings" in str(found[name].value)
        assert "7.5" not in str(found[name].value)
        assert found[name].n_opened == 0
    assert any(named in str(found[name].value) for name in ridge.names)


def test_a_site_of_another_authority_is_kept_out(ridge, tmp_path):
    ridge.folders["b"] = make_certificates(tmp_path / "other", ["a", "b", "c"])["b"]
    found = ridge.run(patience=2 * TIMEOUT + 12)
    assert "folders of one call of make_certificates" in str(found["b"].value)
    assert "'b' did not answer in time: it did not connect" in str(found["coordinator"].value)
    assert all(isinstance(found[name].value, PrivacyError) for name in ridge.names)
    assert [found[name].n_opened for name in ridge.names] == [0, 0, 0]


def test_a_swapped_certificate_is_refused_before_anything_is_sent(ridge):
    shutil.copy(ridge.folders["b"] / "a.pem", ridge.folders["b"] / "c.pem")
    found = ridge.run(patience=2 * TIMEOUT + 12)
    assert "in c.pem is that of site 'a'" in str(found["b"].value)
    assert all(isinstance(found[name].value, PrivacyError) for name in ridge.names)
