"""A payment charges the ledger first, and states what it charged."""

import math
import warnings

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent, LaplaceDpEvent

from sklearn_private import PrivacyLedger
from sklearn_private.exceptions import (
    BudgetExceededError,
    InvalidParameterError,
    LedgerError,
    PrivacyWarning,
)
from sklearn_private.mechanisms import noise_source
from sklearn_private.statements import Payment

WORDS = {
    "against": "whoever reads it",
    "releases": ("mean_",),
    "leaks": (),
    "assumes": (),
    "mechanism": "noise",
}


def payment(ledger=None, neighboring="replace_one", rng=None, **options):
    rng = noise_source(rng)
    return Payment(ledger=ledger, owner="Mean", neighboring=neighboring, rng=rng, **options)


@pytest.fixture
def ledger(tmp_path):
    return PrivacyLedger(tmp_path / "ledger", epsilon=1.0, delta=1e-5)


def test_the_statement_claims_what_the_ledger_holds(ledger):
    paid = payment(ledger)
    paid.spend(GaussianDpEvent(8.0), delta=1e-5)
    (entry,) = ledger.entries()
    statement = paid.statement(protects="the values of one row", n_rows=9, **WORDS)
    assert (statement.epsilon, statement.delta) == (entry.epsilon, entry.delta)
    assert (statement.event, statement.owner) == (entry.event, entry.owner)
    assert statement.randomness == "operating system"
    assert statement.findings == ()


@pytest.mark.parametrize(
    "neighboring, unit, moved",
    [
        ("replace_one", "row", "replaced by any other row"),
        ("replace_one", "person", "replaced by any other person"),
        ("zero_out", "row", "replaced by nothing"),
        ("add_remove", "site", "added or removed"),
    ],
)
def test_the_relation_is_put_into_words(neighboring, unit, moved):
    paid = payment(neighboring=neighboring, unit=unit)
    paid.spend(LaplaceDpEvent(2.0))
    statement = paid.statement(protects="its values", n_rows=9, **WORDS)
    assert statement.protects == f"its values, {moved}"
    assert (statement.unit, statement.neighboring) == (unit, neighboring)


def test_a_charge_that_does_not_fit_raises_and_claims_nothing(ledger):
    paid = payment(ledger)
    with pytest.raises(BudgetExceededError, match="Mean asks for epsilon"):
        paid.spend(LaplaceDpEvent(0.5))
    assert ledger.entries() == []
    assert not hasattr(paid, "epsilon")


@pytest.mark.parametrize("options", [{"rng": 0}, {"seeded": True}])
def test_noise_that_can_be_repeated_is_refused_by_a_ledger_and_infinite_without(ledger, options):
    with pytest.raises(InvalidParameterError, match="Mean is seeded"):
        payment(ledger, **options).spend(LaplaceDpEvent(2.0))
    assert ledger.entries() == []
    paid = payment(**options)
    with pytest.warns(PrivacyWarning, match="Mean is seeded"):
        paid.spend(LaplaceDpEvent(2.0))
    statement = paid.statement(protects="x", n_rows=9, **WORDS)
    assert statement.epsilon == math.inf
    assert statement.randomness == "seeded"
    assert [finding.code for finding in statement.findings] == ["seeded-noise"]


def test_another_unit_is_refused(ledger):
    with pytest.raises(LedgerError, match="protects one person"):
        payment(ledger, unit="person").spend(LaplaceDpEvent(2.0))


def test_a_claim_is_fixed_without_a_charge(ledger):
    paid = payment(ledger)
    paid.claim(LaplaceDpEvent(4.0))
    assert paid.epsilon == pytest.approx(0.25)
    assert ledger.entries() == []


def test_a_calibrated_epsilon_is_stated_as_it_was_asked_for():
    paid = payment()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paid.spend(GaussianDpEvent(8.0), epsilon=np.float64(0.5), delta=1e-5)
    assert paid.epsilon == 0.5
