"""FederatedWrapper: scikit-learn's coefficients for any partition, and what it refuses."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sklearn_private import privacy_report
from sklearn_private.dp import DPLogisticRegression
from sklearn_private.exceptions import InvalidParameterError, RangeError
from sklearn_private.federated import FederatedWrapper
from sklearn_private.statements import AggregationStatement

EXACT = LogisticRegression(solver="newton-cholesky", tol=1e-10)
NUMBERS = ["Seniority", "Time", "Age", "Expenses", "Income", "Assets", "Debt", "Amount", "Price"]


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y


@pytest.fixture(scope="module")
def credit(credit_table):
    columns = credit_table[NUMBERS]
    X = columns.fillna(columns.median()).to_numpy(float)
    return scale(X), credit_table["Status"].to_numpy(str)


@pytest.fixture(params=["cancer", "credit"])
def table(request):
    return request.getfixturevalue(request.param)


def by_label(y, n_sites=6):
    """Return sites that hold rows of one class only, but for one of them."""
    return np.argsort(np.argsort(y, kind="stable")) * n_sites // len(y)


def skewed(y, n_sites=8):
    """Return sites of very different sizes, three of them with a single row."""
    rng = np.random.default_rng(0)
    sites = rng.choice(n_sites - 3, len(y), p=rng.dirichlet(np.full(n_sites - 3, 0.5)))
    sites[:3] = n_sites - 3 + np.arange(3)
    return sites


def difference(model, reference):
    """Return the largest difference of coefficients and intercept."""
    return max(
        np.abs(model.coef_ - reference.coef_).max(),
        np.abs(model.intercept_ - reference.intercept_).max(),
    )


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "masked"])
@pytest.mark.parametrize("split", [by_label, skewed])
def test_coefficients_equal_those_of_the_pooled_rows(table, split, secure):
    X, y = table
    model = FederatedWrapper(
        LogisticRegression(), secure_aggregation=secure, min_client_rows=1
    ).fit(X, y, groups=split(y))
    assert difference(model, clone(EXACT).fit(X, y)) < 1e-6
    assert min(model.sites_.values()) < 10 or split is by_label
    assert model.n_rounds_ <= 15


@given(seed=st.integers(0, 10**6), n_sites=st.integers(1, 40), evenness=st.floats(0.05, 5))
@settings(max_examples=12)
def test_any_partition_gives_the_same_coefficients(seed, n_sites, evenness):
    X, y = load_breast_cancer(return_X_y=True)
    X, rng = scale(X)[:, ::3], np.random.default_rng(seed)
    groups = rng.choice(n_sites, len(y), p=rng.dirichlet(np.full(n_sites, evenness)))
    model = FederatedWrapper(LogisticRegression(), min_client_rows=1).fit(X, y, groups=groups)
    assert difference(model, clone(EXACT).fit(X, y)) < 1e-6
    assert sum(model.sites_.values()) == len(y)


def test_every_row_may_be_a_site_of_its_own(cancer):
    X, y = cancer[0][::4], cancer[1][::4]
    model = FederatedWrapper(LogisticRegression(), min_client_rows=1)
    model.fit(X, y, groups=np.arange(len(y)))
    assert difference(model, clone(EXACT).fit(X, y)) < 1e-6


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "masked"])
@pytest.mark.parametrize("estimator", [Ridge(), LinearRegression()], ids=repr)
def test_linear_models_equal_those_of_the_pooled_rows(table, estimator, secure):
    X, y = table[0][:, 1:], table[0][:, 0]
    model = FederatedWrapper(estimator, secure_aggregation=secure, min_client_rows=1)
    model.fit(X, y, groups=skewed(y))
    assert difference(model, clone(estimator).fit(X, y)) < 1e-6
    assert model.n_rounds_ == 2


def test_masked_coefficients_equal_plain_ones(table):
    X, y = table
    plain, masked = (
        FederatedWrapper(LogisticRegression(), secure_aggregation=secure).fit(X, y)
        for secure in (False, True)
    )
    assert difference(plain, masked) < 1e-6


def test_the_scaler_equals_that_of_the_pooled_rows(table):
    X = table[0] * 7 + 3
    model = FederatedWrapper(StandardScaler(), secure_aggregation=True).fit(X)
    reference = StandardScaler().fit(X)
    for name in ("mean_", "var_", "scale_"):
        assert getattr(model, name) == pytest.approx(getattr(reference, name), abs=1e-9)
    assert model.n_samples_seen_ == reference.n_samples_seen_
    assert model.inverse_transform(model.transform(X)) == pytest.approx(X)


def test_what_is_fitted_is_a_scikit_learn_estimator_of_its_own(credit):
    X, y = credit
    model = pickle.loads(pickle.dumps(FederatedWrapper(LogisticRegression()).fit(X, y)))
    reference = clone(EXACT).fit(X, y)
    assert type(model.estimator_) is LogisticRegression
    assert (model.classes_ == reference.classes_).all()
    assert (model.predict(X) == reference.predict(X)).all()
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert getattr(model, method)(X) == pytest.approx(getattr(reference, method)(X), abs=1e-6)
    assert model.score(X, y) == reference.score(X, y)
    assert (model.estimator_.predict(X) == model.predict(X)).all()


def test_what_the_estimator_lacks_the_wrapper_lacks():
    assert not hasattr(FederatedWrapper(Ridge()), "transform")
    assert not hasattr(FederatedWrapper(Ridge()), "predict_proba")
    assert not hasattr(FederatedWrapper(StandardScaler()), "predict")
    assert not hasattr(FederatedWrapper(Ridge()), "coef_")


def test_feature_names_and_containers_pass_through():
    table = load_diabetes(as_frame=True).data
    model = FederatedWrapper(StandardScaler()).set_output(transform="pandas")
    out = model.fit_transform(table)
    assert list(out.columns) == list(table.columns) == list(model.get_feature_names_out())
    assert (model.estimator_.feature_names_in_ == table.columns).all()
    assert out.to_numpy() == pytest.approx(scale(table))


def test_traffic_is_known(cancer):
    X, y = cancer
    plain = FederatedWrapper(LogisticRegression()).fit(X, y)
    masked = FederatedWrapper(LogisticRegression(), secure_aggregation=True).fit(X, y)
    gradient = 2 + 31  # loss and count
    values = {2, gradient, gradient + 31 * 32 // 2}  # labels, and with half of the Hessian
    assert {sent // 8 for sent in plain.bytes_} == values
    units = 8 * 48 * (30 + 3)  # one agreement on columns, target, weights and rows
    assert masked.bytes_ == (units + 8 * 2, *plain.bytes_[1:])  # words of 64 bits are enough


def test_sites_agree_on_a_list_of_labels(credit):
    X, y = credit
    listed = FederatedWrapper(
        LogisticRegression(), classes=["good", "bad", "absent", "unknown"]
    ).fit(X, y)
    assert listed.classes_.tolist() == ["bad", "good"]
    assert difference(listed, FederatedWrapper(LogisticRegression()).fit(X, y)) < 1e-12
    messages = [finding.message for finding in listed.privacy_statement_.findings]
    assert not any("label" in message for message in messages)
    with pytest.raises(InvalidParameterError, match="holds a label outside classes"):
        FederatedWrapper(LogisticRegression(), classes=["good", "awful"]).fit(X, y)
    for classes in ([], ["good"], [0, 1]):
        with pytest.raises(InvalidParameterError, match="classes"):
            FederatedWrapper(LogisticRegression(), classes=classes).fit(X, y)
    with pytest.raises(InvalidParameterError, match="is for classifiers"):
        FederatedWrapper(Ridge(), classes=[0, 1]).fit(X, X[:, 0])


def test_a_small_site_is_refused_unless_its_sums_are_hidden(cancer):
    X, y = cancer
    with pytest.raises(InvalidParameterError, match=r"Got 1 .*the sum of one row is that row"):
        FederatedWrapper(LogisticRegression()).fit(X, y, groups=skewed(y))
    masked = FederatedWrapper(LogisticRegression(), secure_aggregation=True)
    with pytest.raises(InvalidParameterError, match=r"Got 2 .*isolate the sums of the other 2"):
        masked.fit(X, y, groups=skewed(y))
    masked.set_params(collusion_threshold=1).fit(X, y, groups=skewed(y))
    assert masked.privacy_statement_.parts[0].parameters["collusion_threshold"] == 1


def test_more_sites_than_all_but_two_cannot_collude(cancer):
    masked = FederatedWrapper(LogisticRegression(), secure_aggregation=True, collusion_threshold=2)
    with pytest.raises(InvalidParameterError, match="'collusion_threshold' .*at most 1"):
        masked.fit(*cancer, groups=np.arange(len(cancer[1])) % 3)


def test_of_many_sites_a_third_may_collude(cancer):
    X, y = cancer
    masked = FederatedWrapper(LogisticRegression(), secure_aggregation=True)
    masked.fit(X, y, groups=np.arange(len(y)) % 60)
    assert "up to 20 of 60 sites" in masked.privacy_statement_.parts[0].against


def test_few_rows_warn_and_a_rule_of_ones_own_says_what_can_be_read(cancer):
    X, y = cancer
    groups = np.arange(len(y)) % 3
    model = FederatedWrapper(LogisticRegression(), classes=[0, 1]).fit(X, y, groups=groups)
    assert [f.code for f in model.privacy_statement_.findings] == ["few-rows", "sums-in-the-clear"]
    assert "of 189 rows or more" in model.privacy_statement_.learns["the coordinator"]
    model.set_params(min_client_rows=5).fit(X, y, groups=np.arange(len(y)) % 60)
    assert [f.level for f in model.privacy_statement_.findings] == ["error", "note"]
    assert not privacy_report(model).holds
    model.set_params(min_client_rows=None).fit(X[:, :5], y, groups=np.arange(len(y)) % 5)
    assert [f.level for f in model.privacy_statement_.findings] == ["note"]


def test_without_groups_there_are_no_more_sites_than_have_rows_enough(cancer):
    X, y = cancer
    assert len(FederatedWrapper(LogisticRegression()).fit(X, y).sites_) == 3
    masked = FederatedWrapper(LogisticRegression(), secure_aggregation=True)
    assert len(masked.fit(X, y).sites_) == 7
    assert len(FederatedWrapper(Ridge(), n_clients=2).fit(X, y).sites_) == 2


def test_masks_need_three_sites(cancer):
    X, y = cancer
    masked = FederatedWrapper(LogisticRegression(), secure_aggregation=True)
    with pytest.raises(InvalidParameterError, match=r"3 sites or more. Got 2 .*the other's sums"):
        masked.fit(X, y, groups=np.arange(len(y)) % 2)


def test_a_masked_sum_out_of_range_leaves_nothing_fitted():
    X = np.full((30, 1), 1e30) * np.arange(30)[:, None]
    masked = FederatedWrapper(LinearRegression(), secure_aggregation=True, n_clients=3)
    with pytest.raises(RangeError, match="nothing was opened"):
        masked.fit(X, np.arange(30.0))
    assert not hasattr(masked, "estimator_")
    assert (
        difference(
            FederatedWrapper(LinearRegression(), n_clients=3).fit(X, np.arange(30.0)),
            LinearRegression().fit(X, np.arange(30.0)),
        )
        < 1e-6
    )


@pytest.mark.parametrize(
    "estimator",
    [
        DPLogisticRegression(feature_norm=1.0),
        FederatedWrapper(LogisticRegression()),
        make_pipeline(StandardScaler(), LogisticRegression()),
        KMeans(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_what_has_no_program_is_refused_with_the_way_out(cancer, estimator):
    message = rf"{type(estimator).__name__} cannot be fitted .*LinearRegression.*dp=RowDP"
    with pytest.raises(InvalidParameterError, match=message):
        FederatedWrapper(estimator).fit(*cancer)


@pytest.mark.parametrize(
    "params, name",
    [
        ({"n_clients": 0}, "n_clients"),
        ({"n_clients": 2.5}, "n_clients"),
        ({"secure_aggregation": 1}, "secure_aggregation"),
        ({"min_client_rows": 0}, "min_client_rows"),
        ({"dp": 1.0}, "dp"),
        ({"ledger": "a.ledger"}, "ledger"),
    ],
)
def test_bad_parameters_are_refused_by_name(cancer, params, name):
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of FederatedWrapper"):
        FederatedWrapper(LogisticRegression(), **params).fit(*cancer)


@pytest.mark.parametrize(
    "weight", [np.zeros(569), -np.ones(569), np.ones((569, 2)), np.ones(3)], ids=str
)
def test_bad_weights_are_refused(cancer, weight):
    with pytest.raises(ValueError, match=r"weight|inconsistent"):
        FederatedWrapper(LogisticRegression()).fit(*cancer, sample_weight=weight)


def test_rows_of_weight_zero_are_left_out(cancer):
    X, y = cancer
    weight = (np.arange(len(y)) % 3).astype(float)
    model = FederatedWrapper(LogisticRegression()).fit(X, y, sample_weight=weight)
    assert difference(model, clone(EXACT).fit(X, y, sample_weight=weight)) < 1e-6
    assert sum(model.sites_.values()) == np.count_nonzero(weight)


def test_the_statement_says_who_learns_what(cancer):
    X, y = cancer
    plain = FederatedWrapper(LogisticRegression(), classes=[0, 1])
    X = X[:, :6]
    statement = plain.fit(X, y, groups=by_label(y)).privacy_statement_
    assert isinstance(statement, AggregationStatement) and statement.simulation
    assert "the sums of each site" in statement.learns["the coordinator"]
    assert [finding.level for finding in statement.findings] == ["note"]  # no masks
    assert statement.parts == ()
    masked = FederatedWrapper(LogisticRegression(), secure_aggregation=True, classes=[0, 1])
    statement = masked.fit(X, y, groups=by_label(y)).privacy_statement_
    assert "the total" in statement.learns["the coordinator"]
    assert statement.findings == ()
    (masks,) = statement.parts
    assert masks.unit == "site" and "up to 4 of 6 sites" in masks.against
    assert statement.parameters["bytes_per_site"] == sum(masked.bytes_)


def test_a_simulated_partition_is_a_finding(cancer):
    model = FederatedWrapper(LogisticRegression(), classes=[0, 1]).fit(cancer[0][:, :6], cancer[1])
    messages = [finding.message for finding in model.privacy_statement_.findings]
    assert any("simulated partition" in message for message in messages)
    assert list(model.sites_) == list(range(10))
