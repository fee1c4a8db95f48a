"""MPCFitter: scikit-learn's coefficients for any partition, and what each party learns."""

import json
import pickle

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.preprocessing import StandardScaler, scale

from sklearn_private.dp import DPLogisticRegression
from sklearn_private.exceptions import InvalidParameterError, RangeError
from sklearn_private.mpc import MPCFitter
from sklearn_private.statements import MultiPartyStatement

EXACT = LogisticRegression(solver="newton-cholesky", tol=1e-10)
NUMBERS = ["Seniority", "Time", "Age", "Expenses", "Income", "Assets", "Debt", "Amount", "Price"]
X, Y = load_breast_cancer(return_X_y=True)
X = scale(X)
BANKS = np.array(["a", "b", "c", "d"])[np.arange(len(Y)) % 4]


def difference(model, reference):
    """Return the largest difference of coefficients and intercept."""
    return max(
        np.abs(model.coef_ - reference.coef_).max(),
        np.abs(model.intercept_ - reference.intercept_).max(),
    )


@given(seed=st.integers(0, 10**6), n_parties=st.integers(3, 9), evenness=st.floats(0.1, 5))
@settings(max_examples=8)
def test_any_partition_gives_the_coefficients_of_the_pooled_rows(seed, n_parties, evenness):
    rng = np.random.default_rng(seed)
    groups = rng.choice(n_parties, len(Y), p=rng.dirichlet(np.full(n_parties, evenness)))
    groups[:3] = n_parties, n_parties + 1, n_parties + 2  # three parties with a single row
    model = MPCFitter(LogisticRegression(), min_party_rows=1).fit(X, Y, groups=groups)
    assert difference(model, clone(EXACT).fit(X, Y)) < 1e-6
    assert sum(model.sites_.values()) == len(Y)


def test_parties_of_one_class_and_labels_in_words_give_the_same_model(credit_table):
    columns = credit_table[NUMBERS]
    X = scale(columns.fillna(columns.median()).to_numpy(float))
    y = credit_table["Status"].to_numpy(str)
    party = np.argsort(np.argsort(y, kind="stable")) * 5 // len(y)
    model = MPCFitter(LogisticRegression()).fit(X, y, groups=party)
    assert difference(model, clone(EXACT).fit(X, y)) < 1e-6
    assert model.classes_.tolist() == ["bad", "good"]


@pytest.mark.parametrize("estimator", [Ridge(), LinearRegression()], ids=repr)
def test_linear_models_equal_those_of_the_pooled_rows(estimator):
    model = MPCFitter(estimator).fit(X[:, 1:], X[:, 0], groups=BANKS)
    assert difference(model, clone(estimator).fit(X[:, 1:], X[:, 0])) < 1e-6
    assert model.n_rounds_ == 2
    values = 1 + 30 + 30 * 31 // 2  # count, sums, half of the products
    part = -(-values // 4)  # that each of the four parties opens
    assert model.bytes_[-1] == 2 * 3 * 16 * part


def test_the_scaler_equals_that_of_the_pooled_rows():
    model = MPCFitter(StandardScaler()).fit(7 * X + 3, groups=BANKS)
    assert model.transform(7 * X + 3) == pytest.approx(X, abs=1e-9)


def test_what_is_fitted_is_a_scikit_learn_estimator_of_its_own():
    model = pickle.loads(pickle.dumps(MPCFitter(LogisticRegression()).fit(X, Y, groups=BANKS)))
    assert type(model.estimator_) is LogisticRegression
    assert (model.predict(X) == clone(EXACT).fit(X, Y).predict(X)).all()


@pytest.mark.parametrize("n_parties", [1, 2])
def test_two_parties_are_refused_with_the_reason(n_parties):
    with pytest.raises(InvalidParameterError, match="each learns the other's sums"):
        MPCFitter(Ridge(), n_parties=n_parties).fit(X, Y)
    with pytest.raises(InvalidParameterError, match=rf"Got {n_parties} .*the other's sums"):
        MPCFitter(Ridge()).fit(X, Y, groups=np.arange(len(Y)) % n_parties)


def test_a_sum_out_of_range_is_aborted_and_nothing_is_fitted():
    model = MPCFitter(LinearRegression())
    with pytest.raises(RangeError, match="nothing was opened"):
        model.fit(1e30 * X, Y)
    assert not hasattr(model, "estimator_")


def test_an_unknown_mode_is_refused():
    with pytest.raises(InvalidParameterError, match="The 'mode' parameter of MPCFitter"):
        MPCFitter(Ridge(), mode="full").fit(X, Y)


@pytest.mark.parametrize(
    "estimator", [DPLogisticRegression(feature_norm=1.0), MPCFitter(Ridge())], ids=repr
)
def test_what_has_no_program_is_refused(estimator):
    with pytest.raises(InvalidParameterError, match="cannot be fitted by sums"):
        MPCFitter(estimator).fit(X, Y)


def test_the_statement_lists_what_each_party_learns():
    model = MPCFitter(LogisticRegression(), classes=[0, 1]).fit(X[:, :9], Y, groups=BANKS)
    statement = model.privacy_statement_
    assert isinstance(statement, MultiPartyStatement) and statement.simulation
    for word in ("number of rows", "parameters of each round", "gradient", "not the sums of any"):
        assert word in statement.learns["each party"]
    assert statement.n_parties == 4
    assert statement.parameters["collusion_threshold"] == 2
    assert "honest but curious" in statement.against
    assert "of 284 rows or more" in statement.learns["up to 2 parties together"]
    assert statement.findings == ()
    json.dumps(statement.to_dict())


def test_a_simulated_partition_and_inferred_labels_are_findings():
    messages = [
        f.message for f in MPCFitter(LogisticRegression()).fit(X, Y).privacy_statement_.findings
    ]
    assert any("simulated partition" in message for message in messages)
    assert any("label" in message for message in messages)


def test_with_routing_groups_reach_the_parties_in_a_parallel_search():
    with sklearn.config_context(enable_metadata_routing=True):
        party = np.array([f"bank {i % 6}" for i in range(len(Y))])
        grid = {"estimator__C": [0.1, 1.0]}
        search = GridSearchCV(MPCFitter(LogisticRegression()), grid, cv=GroupKFold(3), n_jobs=2)
        best = search.fit(X, Y, groups=party).best_estimator_
    assert list(best.sites_) == [f"bank {i}" for i in range(6)]
