"""Our own contract, for every public estimator: what they document, keep, release and refuse."""

import inspect
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent
from sklearn.base import clone
from sklearn.utils import get_tags

from sklearn_private import PrivacyLedger, accounting, privacy_report
from sklearn_private.dp import DPRidge
from sklearn_private.exceptions import BudgetExceededError, PrivacyError
from sklearn_private.statements import DPStatement, PrivacyStatement, charge_name, schema
from support.contract_instances import fit_example, instances, public_estimators

pytestmark = pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")

ESTIMATORS = pytest.mark.parametrize("cls", public_estimators(), ids=lambda cls: cls.__name__)
INSTANCES = pytest.mark.parametrize("estimator", instances(), ids=repr)
PUBLIC = {"n_features_in_", "feature_names_in_", "classes_", "n_iter_", "privacy_statement_"}


def fitted_attributes(estimator):
    return {
        name: value
        for name, value in vars(estimator).items()
        if name.endswith("_") and not name.startswith("_")
    }


def unseeded(estimator):
    params = {"random_state": None} if "random_state" in estimator.get_params() else {}
    return clone(estimator).set_params(**params)


def dp_parts(estimator):
    statements = estimator.privacy_statement_.flatten()
    return [part for part in statements if isinstance(part, DPStatement)]


@ESTIMATORS
def test_every_parameter_is_documented(cls):
    section = re.search(r"Parameters\n    -+\n(.*?)\n\n    \S+\n    -+\n", cls.__doc__, re.S)
    documented = set(re.findall(r"^    (\w+(?:, \w+)*) :", section.group(1), re.M))
    documented = {name for names in documented for name in names.split(", ")}
    assert documented == set(inspect.signature(cls).parameters)


@ESTIMATORS
def test_notes_say_what_is_protected_from_whom_and_on_which_conditions(cls):
    notes = cls.__doc__.partition("Notes\n    -----\n")[2]
    positions = [notes.find(f"**{w}**") for w in ("Protects", "Against", "Leaks", "Assumes")]
    assert -1 not in positions
    assert positions == sorted(positions)


@ESTIMATORS
def test_the_docstring_has_an_example(cls):
    assert ">>>" in cls.__doc__


@ESTIMATORS
def test_an_unknown_argument_of_fit_names_the_class_that_was_called(cls):
    if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(cls.fit).parameters.values()):
        pytest.skip("routes what it does not know")
    estimator = cls.__new__(cls)  # Python looks at arguments before it runs anything
    with pytest.raises(TypeError, match=rf"^{cls.__name__}\.fit\(\) got an unexpected"):
        estimator.fit([[0.0]], [0], no_such_argument=1)


@INSTANCES
def test_a_fit_makes_a_statement_that_pickles_and_reads(estimator):
    statement = fit_example(clone(estimator)).privacy_statement_
    assert isinstance(statement, PrivacyStatement)
    assert pickle.loads(pickle.dumps(statement)) == statement
    assert statement.owner == type(estimator).__name__
    assert statement.owner in repr(statement)


@INSTANCES
def test_a_statement_has_every_field_of_the_schema(estimator):
    data = fit_example(clone(estimator)).privacy_statement_.to_dict()
    assert set(schema()["required"]) <= set(data)
    for rule in schema()["allOf"]:
        if rule["if"]["properties"]["kind"]["const"] == data["kind"]:
            assert set(rule["then"]["required"]) <= set(data)


@INSTANCES
def test_a_dp_statement_tells_the_public_number_of_units(estimator):
    fitted = fit_example(clone(estimator))
    for part in dp_parts(fitted):
        assert (part.n_rows is None) is (part.neighboring == "add_remove")


@INSTANCES
def test_a_statement_points_at_the_charge_that_paid_for_it(estimator, tmp_path):
    if "ledger" not in estimator.get_params() or not dp_parts(fit_example(clone(estimator))):
        pytest.skip("spends nothing")
    relation = estimator.get_params().get("neighboring", "replace_one")
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1e4, delta=1e-2, neighboring=relation)
    fitted = fit_example(unseeded(estimator).set_params(ledger=ledger))
    named = [name for part in dp_parts(fitted) for name in part.charges]
    assert named == [charge_name(ledger, charge) for charge in ledger.entries()]
    assert "other-charges" not in {f.code for f in privacy_report(fitted).findings}


@INSTANCES
def test_the_report_takes_it(estimator):
    report = privacy_report(fit_example(clone(estimator)))
    assert type(estimator).__name__ in report.to_markdown()


FOREIGN = {"classifier": (), "regressor": ("label", "class"), "": ("label", "class", "target")}


def words_of_others(part, kind):
    """Return the words of a statement that only other kinds of estimators have a use for."""
    said = [part.protects, *part.leaks, *part.assumes, part.mechanism, *part.bounds.values()]
    said += [*part.parameters, *part.bounds]
    found = [word for word in FOREIGN[kind] if any(word in text for text in said)]
    if "converged" in " ".join(part.leaks) and "tolerance" not in part.parameters:
        found.append("converged")  # of a solver without a tolerance to reach
    return found


@INSTANCES
def test_a_dp_statement_speaks_of_what_the_estimator_has(estimator):
    parts = dp_parts(fit_example(clone(estimator)))
    if not parts or hasattr(estimator, "estimator"):
        pytest.skip("makes no DP claim of its own")
    kind = get_tags(estimator).estimator_type
    for part in parts:
        assert words_of_others(part, kind if kind in FOREIGN else "") == []


def test_the_words_of_another_kind_of_estimator_are_found():
    model = DPRidge(bounds=(-9, 9), target_bounds=(-9, 9))
    (said,) = dp_parts(fit_example(model))
    assert words_of_others(said, "regressor") == []
    for wrong in (
        {"protects": "the features and label of one row"},
        {"leaks": ("that all labels were declared ones",)},
        {"assumes": ("bounds and classes were chosen without looking at the rows",)},
        {"leaks": ("that the solver converged",)},
        {"bounds": {"classes": "from the caller"}},
    ):
        assert words_of_others(replace(said, **wrong), "regressor")


@INSTANCES
def test_nothing_exact_is_kept_on_a_dp_estimator(estimator):
    first, second = (fit_example(unseeded(estimator)) for _ in range(2))
    if not dp_parts(first):
        pytest.skip("makes no DP claim")
    for name, value in fitted_attributes(first).items():
        if name in PUBLIC or not isinstance(value, np.ndarray | float):
            continue
        other = getattr(second, name)
        assert not np.any(np.asarray(value) == np.asarray(other)), f"{name} carries no noise"


@INSTANCES
def test_an_exhausted_ledger_refuses_and_nothing_is_released(estimator, tmp_path):
    if "ledger" not in estimator.get_params() or not dp_parts(fit_example(clone(estimator))):
        pytest.skip("spends nothing")
    relation = estimator.get_params().get("neighboring", "replace_one")
    ledger = PrivacyLedger(tmp_path / "l", epsilon=0.01, delta=1e-5, neighboring=relation)
    whole = GaussianDpEvent(1 / accounting.gaussian_mu(0.01, 1e-5))
    ledger.spend(whole, neighboring=relation)
    refused = unseeded(estimator).set_params(ledger=ledger)
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        fit_example(refused)
    assert set(fitted_attributes(refused)) <= {"n_features_in_", "feature_names_in_"}
    assert len(ledger.entries()) == 1


@INSTANCES
def test_a_seeded_fit_claims_nothing_and_no_ledger_takes_it(estimator, tmp_path):
    if "random_state" not in estimator.get_params():
        pytest.skip("draws nothing")
    seeded = fit_example(clone(estimator).set_params(random_state=0))
    if not dp_parts(seeded):
        pytest.skip("makes no DP claim")
    assert all(part.epsilon == np.inf for part in dp_parts(seeded))
    assert privacy_report(seeded).findings[0].level == "error"
    relation = estimator.get_params().get("neighboring", "replace_one")
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1e3, delta=1e-3, neighboring=relation)
    with pytest.raises(PrivacyError, match="random_state"):
        fit_example(clone(seeded).set_params(ledger=ledger))
    assert ledger.entries() == []


@INSTANCES
def test_charges_reach_the_ledger_through_clones(estimator, tmp_path):
    if "ledger" not in estimator.get_params() or not dp_parts(fit_example(clone(estimator))):
        pytest.skip("spends nothing")
    relation = estimator.get_params().get("neighboring", "replace_one")
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1e4, delta=1e-2, neighboring=relation)
    for _ in range(2):
        fit_example(clone(unseeded(estimator).set_params(ledger=ledger)))
    assert len(ledger.entries()) == 2 * len(getattr(estimator, "steps", [estimator]))
    assert ledger.spent() > 0
