"""Plain numbers: the law of their noise, its interval, who pays, and what is refused."""

import numpy as np
import pytest
from scipy import stats

from sklearn_private import PrivacyLedger, accounting, dp
from sklearn_private.audit import audit_releases
from sklearn_private.exceptions import BudgetExceededError, InvalidParameterError

VALUES = np.linspace(-1, 12, 400)
QUERIES = {
    "count": lambda **o: dp.count(VALUES > 3, **o),
    "sum": lambda **o: dp.sum(VALUES, bounds=(0, 10), **o),
    "mean": lambda **o: dp.mean(VALUES, bounds=(0, 10), **o),
    "histogram": lambda **o: dp.histogram(VALUES, domain=(0, 10), n_bins=4, **o),
}
EXACT = {
    "count": (VALUES > 3).sum(),
    "sum": VALUES.clip(0, 10).sum(),
    "mean": VALUES.clip(0, 10).mean(),
    "histogram": np.histogram(VALUES.clip(0, 10), 4, (0, 10))[0],
}
SENSITIVITY = {
    ("count", "replace_one"): 1,
    ("count", "zero_out"): 1,
    ("sum", "replace_one"): 10,
    ("sum", "zero_out"): 10,
    ("mean", "replace_one"): 10 / 400,
    ("mean", "zero_out"): 5 / 400,
    ("histogram", "replace_one"): 2,
    ("histogram", "zero_out"): 1,
}
EACH = pytest.mark.parametrize("name", QUERIES)


@pytest.mark.parametrize("name, neighboring", SENSITIVITY)
def test_the_noise_has_the_law_of_the_sensitivity(name, neighboring):
    drawn = [QUERIES[name](epsilon=2.0, neighboring=neighboring).value for _ in range(600)]
    noise, scale = np.ravel(drawn - EXACT[name]), SENSITIVITY[name, neighboring] / 2.0
    assert stats.kstest(noise, stats.laplace(scale=scale).cdf).pvalue > 1e-4
    assert stats.kstest(noise, stats.laplace(scale=2 * scale).cdf).pvalue < 1e-4
    assert stats.kstest(noise, stats.laplace(scale=scale / 2).cdf).pvalue < 1e-4


@EACH
def test_the_interval_holds_the_exact_number_as_often_as_it_says(name):
    drawn = [QUERIES[name](epsilon=1.0, confidence=0.8) for _ in range(400)]
    held = [(r.low <= EXACT[name]) & (EXACT[name] <= r.high) for r in drawn]
    assert 0.75 < np.mean(held) < 0.85


@EACH
def test_the_ledger_pays_first_and_the_statement_says_pure_epsilon(name, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1.0)
    said = QUERIES[name](epsilon=0.6, ledger=ledger).privacy_statement_
    assert (said.epsilon, said.delta, said.n_rows) == (0.6, 0.0, 400)
    assert accounting.epsilon(said.event, delta=0) == pytest.approx(0.6)
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        QUERIES[name](epsilon=0.6, ledger=ledger)
    assert len(ledger.entries()) == 1


@EACH
def test_a_seed_makes_epsilon_infinite(name):
    with pytest.warns(UserWarning, match="seeded"):
        first, second = (QUERIES[name](epsilon=1.0, random_state=0) for _ in range(2))
    assert first.privacy_statement_.epsilon == np.inf
    assert np.all(first.value == second.value)


@pytest.mark.parametrize("forgotten", [1, 4])
def test_a_claim_holds_on_neighbours_and_a_quarter_of_its_noise_does_not(forgotten):
    sides = [
        np.array(
            [
                [dp.sum([5.0] * 20 + [row], bounds=(0, 10), epsilon=1.0 * forgotten).value]
                for _ in range(300)
            ]
        )
        for row in (-100.0, 1000.0)
    ]
    result = audit_releases(*sides, epsilon=1.0, delta=0.0)
    assert (result.verdict == "violation") is (forgotten > 1)


def test_persons_have_no_more_rows_than_allowed_and_noise_for_all_of_them():
    person = np.repeat(np.arange(40), 10)
    released = [
        dp.count(np.ones(400, dtype=bool), epsilon=50.0, privacy_unit=person, rows_per_unit=3)
        for _ in range(200)
    ]
    values = np.array([r.value for r in released])
    assert values.mean() == pytest.approx(120, abs=0.1)
    assert values.std() == pytest.approx(np.sqrt(2) * 3 / 50, rel=0.3)
    assert released[0].privacy_statement_.unit == "person"
    assert released[0].privacy_statement_.n_rows == 40


def test_categories_are_counted_and_others_are_not():
    table = ["a"] * 50 + ["b"] * 20 + ["x", None]
    found = dp.histogram(table, domain=["a", "b", "c"], epsilon=50.0)
    assert found.value == pytest.approx([50, 20, 0], abs=1)
    numbers = dp.histogram([-5.0, 0.5, 99.0, np.nan], domain=(0, 2), n_bins=2, epsilon=90.0)
    assert numbers.value == pytest.approx([2, 1], abs=0.5)
    assert float(dp.count([True] * 9, epsilon=90.0)) == pytest.approx(9, abs=0.5)


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: dp.count([1, 2], epsilon=1.0), "True or False"),
        (lambda: dp.sum([1.0, np.nan], bounds=(0, 1), epsilon=1.0), "finite numbers"),
        (lambda: dp.sum([1.0], bounds=(1, 0), epsilon=1.0), "'bounds' parameter of sum"),
        (lambda: dp.sum([1.0], bounds=None, epsilon=1.0), "'bounds' parameter of sum"),
        (lambda: dp.count([True], epsilon=0), "'epsilon' parameter of count"),
        (lambda: dp.count([True], epsilon=1.0, confidence=1), "'confidence' parameter of count"),
        (lambda: dp.count([True], epsilon=1.0, rows_per_unit=2), "'rows_per_unit' parameter"),
        (
            lambda: dp.mean([1.0], bounds=(0, 1), epsilon=1.0, neighboring="add_remove"),
            "Release a sum and a count",
        ),
        (lambda: dp.histogram([1], domain=(0, 1), n_bins=0, epsilon=1.0), "'n_bins' parameter"),
    ],
)
def test_what_cannot_be_answered_is_refused(call, said):
    with pytest.raises(InvalidParameterError, match=said):
        call()
