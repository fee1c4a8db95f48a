import inspect
import re

import pytest

torch = pytest.importorskip("torch")

import numpy as np
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_private import PrivacyLedger, accounting, privacy_report
from sklearn_private.exceptions import BudgetExceededError, PrivacyError
from torch_private import DPClassifier, DPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")


class SmallNetwork(torch.nn.Sequential):
    """A class, whose name is the same in every worker that collects these tests."""

    def __init__(self, n_features, n_outputs):
        super().__init__(
            torch.nn.Linear(n_features, 8), torch.nn.Tanh(), torch.nn.Linear(8, n_outputs)
        )


INSTANCES = [
    DPClassifier(epsilon=30.0, feature_norm=10.0),
    DPClassifier(epsilon=30.0, feature_norm=10.0, random_state=0),
    DPClassifier(SmallNetwork, epsilon=100.0, max_epochs=60),
    DPRegressor(epsilon=100.0, feature_norm=5.0, target_bounds=(-3.0, 3.0)),
]
RUNS = pytest.mark.parametrize("estimator", INSTANCES, ids=repr)
CLASSES = pytest.mark.parametrize("cls", [DPClassifier, DPRegressor])


@parametrize_with_checks(INSTANCES)
def test_sklearn_contract(estimator, check):
    check(estimator)


def fit_example(estimator, n=120):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return estimator.fit(X, (X[:, 0] > 0).astype(int))


def unseeded(estimator):
    return clone(estimator).set_params(random_state=None)


@CLASSES
def test_every_parameter_is_documented(cls):
    section = re.search(r"Parameters\n    -+\n(.*?)\n\n    \S+\n    -+\n", cls.__doc__, re.S)
    documented = set(re.findall(r"^    (\w+) :", section.group(1), re.M))
    assert documented == set(inspect.signature(cls).parameters)


@CLASSES
def test_notes_say_what_is_protected_from_whom_and_on_which_conditions(cls):
    notes = cls.__doc__.partition("Notes\n    -----\n")[2]
    positions = [notes.find(f"**{w}**") for w in ("Protects", "Against", "Leaks", "Assumes")]
    assert -1 not in positions
    assert positions == sorted(positions)


@RUNS
def test_the_statement_is_of_the_estimator_and_the_report_takes_it(estimator):
    fitted = fit_example(unseeded(estimator))
    statement = fitted.privacy_statement_
    assert statement.owner == type(estimator).__name__
    assert statement.epsilon == estimator.epsilon
    spent = accounting.epsilon(statement.event, delta=1e-5, neighboring="zero_out")
    assert spent == pytest.approx(estimator.epsilon, rel=2e-3)
    assert spent <= estimator.epsilon * (1 + 1e-9)
    assert type(estimator).__name__ in privacy_report(fitted).to_markdown()


@RUNS
def test_no_parameter_of_a_fitted_module_is_without_noise(estimator):
    pairs = zip(*(fit_example(unseeded(estimator)).module_.parameters() for _ in range(2)))
    assert not any((a == b).any() for a, b in pairs)


@RUNS
def test_an_exhausted_ledger_refuses_and_nothing_is_released(estimator, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1.0, delta=1e-5, neighboring="zero_out")
    refused = unseeded(estimator).set_params(ledger=ledger)
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        fit_example(refused)
    assert not hasattr(refused, "module_")
    assert not hasattr(refused, "privacy_statement_")
    assert ledger.entries() == []


@RUNS
def test_a_seeded_fit_claims_nothing_and_no_ledger_takes_it(estimator, tmp_path):
    seeded = fit_example(clone(estimator).set_params(random_state=0))
    assert seeded.privacy_statement_.epsilon == np.inf
    assert privacy_report(seeded).findings[0].level == "error"
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1e3, delta=1e-3, neighboring="zero_out")
    with pytest.raises(PrivacyError, match="random_state"):
        fit_example(clone(seeded).set_params(ledger=ledger))
    assert ledger.entries() == []


@RUNS
def test_charges_reach_the_ledger_through_clones(estimator, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1e4, delta=1e-2, neighboring="zero_out")
    for _ in range(2):
        fit_example(clone(unseeded(estimator).set_params(ledger=ledger)))
    owners = [entry.owner for entry in ledger.entries()]
    assert owners == [type(estimator).__name__] * 2
    assert ledger.spent() > estimator.epsilon
