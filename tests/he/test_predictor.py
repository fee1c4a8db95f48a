import pickle
import sys
import types

import numpy as np
import pytest
import sklearn
from dp_accounting import GaussianDpEvent
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_private.exceptions import InvalidParameterError, MissingDependencyError, RangeError
from sklearn_private.he import HEPredictor
from sklearn_private.he.maps import Grid
from sklearn_private.he.schemes import open_scheme
from sklearn_private.statements import DPStatement, EncryptionStatement


def test_decisions_equal_those_of_scikit_learn_on_every_row(cancer, cancer_model):
    X, y = cancer
    ours = HEPredictor(cancer_model, simulate=True).fit(X, y)
    errors = np.abs(ours.decision_function(X) - cancer_model.decision_function(X))
    assert errors.max() <= ours.score_error_bound_[0] <= 1e-3
    assert (ours.predict(X) == cancer_model.predict(X)).sum() == 569


@pytest.mark.slow
def test_decisions_equal_those_of_scikit_learn_on_every_encrypted_row(cancer, cancer_model):
    X, y = cancer
    client, server = HEPredictor(cancer_model).fit(X, y).split()
    response = server.evaluate(client.keygen().public_bundle(), client.encrypt(X))
    assert client._key.public.bits == 3072
    np.testing.assert_array_equal(client.predict(response), cancer_model.predict(X))
    errors = np.abs(client.decrypt(response) - cancer_model.decision_function(X))
    assert errors.max() <= 1e-3


def test_encrypted_and_simulated_predictions_are_the_same_numbers(iris_predictor, iris):
    rows = iris[0][::7]
    plain = clone(iris_predictor).set_params(simulate=True).fit(*iris)
    for method in ("decision_function", "predict", "predict_proba"):
        ours, theirs = getattr(iris_predictor, method)(rows), getattr(plain, method)(rows)
        np.testing.assert_array_equal(ours, theirs)


def test_predict_encrypts_and_a_simulation_does_not(iris_predictor, iris, monkeypatch):
    frames = []
    evaluate = "sklearn_private.he.protocol._server.HEServer.evaluate"
    monkeypatch.setattr(evaluate, lambda self, bundle, request: frames.append(request) or request)
    with pytest.raises(Exception, match="response cannot be read"):
        iris_predictor.predict(iris[0][:2])
    assert len(frames) == 1
    clone(iris_predictor).set_params(simulate=True).fit(*iris).predict(iris[0][:2])
    assert len(frames) == 1


def test_ten_classes_of_digits_are_told_as_by_scikit_learn():
    X, y = (array[:600] for array in load_digits(return_X_y=True))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(X, y)
    ours = HEPredictor(FrozenEstimator(model), bounds=(0, 16), simulate=True).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), model.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), model.predict_proba(X), atol=1e-3)


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (["no", "yes"], None),
        (["no", "yes"], object),
        ([-1, 1], None),
        ([0, 1], bool),
        ([0, 1], np.float32),
    ],
)
def test_labels_of_any_plain_type_reach_the_client(labels, dtype, iris):
    X, y = iris[0][:100], np.array(labels, dtype=dtype)[iris[1][:100]]
    ours = HEPredictor(LogisticRegression(), simulate=True).fit(X, y)
    for client in (ours._client, ours.split()[0]):
        np.testing.assert_array_equal(client.readout.classes, labels)
        assert client.readout.classes.dtype == y.dtype
    np.testing.assert_array_equal(ours.predict(X), ours.estimator_.predict(X))


def test_a_plain_model_is_fitted_anew_and_a_frozen_one_is_used_as_it_is(iris):
    X, y = iris
    model = Ridge().fit(X[:50], X[:50, 0])
    assert HEPredictor(model, simulate=True).fit(X, y).estimator_ is not model
    frozen = HEPredictor(FrozenEstimator(model), simulate=True).fit(X, y)
    np.testing.assert_allclose(frozen.predict(X), model.predict(X), atol=1e-3)


def test_a_frozen_model_of_other_columns_is_refused(iris):
    X, y = iris
    model = FrozenEstimator(LogisticRegression().fit(X[:, :2], y))
    with pytest.raises(InvalidParameterError, match="takes 2 columns, and X has 4"):
        HEPredictor(model).fit(X, y)


def test_pickles_and_clones_predict_and_hold_no_key(iris_predictor, iris):
    iris_predictor.predict(iris[0][:1])  # now a simulation key exists in this process
    twin = pickle.loads(pickle.dumps(iris_predictor))
    assert twin._client._key is None
    np.testing.assert_array_equal(twin.predict(iris[0][:3]), iris_predictor.predict(iris[0][:3]))
    assert not hasattr(clone(iris_predictor), "estimator_")


def test_a_grid_search_runs_over_parameters_of_both(iris):
    X, y = iris
    search = GridSearchCV(
        HEPredictor(RidgeClassifier(), bounds=(0, 10), simulate=True),
        {"estimator__alpha": [1.0, 1e4], "precision_bits": [2, 16]},
        cv=3,
    ).fit(X, y)
    assert search.best_params_ == {"estimator__alpha": 1.0, "precision_bits": 16}
    assert search.score(X, y) > 0.8
    real = HEPredictor(Ridge(), bounds=(-100, 500), simulate=True)
    assert (cross_val_score(real, X, X @ [1, 2, 3, 4]) > 0.9).all()


def test_sample_weights_reach_the_estimator_with_routing_and_without(iris):
    X, y = iris[0], iris[0] @ [1.0, 2.0, 3.0, 4.0] + iris[1]
    weights = np.linspace(0, 1, len(X))
    expected = Ridge().fit(X, y, sample_weight=weights).predict(X)
    ours = HEPredictor(Ridge(), simulate=True).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(ours.predict(X), expected, atol=1e-2)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = HEPredictor(Ridge().set_fit_request(sample_weight=True), simulate=True)
        routed.fit(X, y, sample_weight=weights)
        with pytest.raises(ValueError, match="sample_weight"):
            HEPredictor(Ridge(), simulate=True).fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(routed.predict(X), ours.predict(X))


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_tables_keep_their_names_in_messages(frame, iris):
    library = pytest.importorskip(frame)
    X = library.DataFrame({name: iris[0][:, j] for j, name in enumerate("abcd")})
    model = LogisticRegression(max_iter=500)
    ours = HEPredictor(model, out_of_range="raise", simulate=True).fit(X, iris[1])
    assert list(ours.feature_names_in_) == list("abcd")
    np.testing.assert_array_equal(ours.predict(X), ours.estimator_.predict(X))
    with pytest.raises(RangeError, match=r"Column 'a' of X .* more columns"):
        ours.predict(X * 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scheme", "rot13"),
        ("security_bits", 80),
        ("security_bits", "128"),
        ("security_bits", 256),
        ("precision_bits", 0),
        ("precision_bits", 25),
        ("precision_bits", 8.0),
        ("weight_bits", 31),
        ("weight_bits", True),
        ("simulate", 1),
        ("out_of_range", "wrap"),
        ("out_of_range", True),
        ("bounds", (1, 0)),
        ("bounds", (0, np.inf)),
        ("bounds", (-1e308, 1e308)),
        ("bounds", [(0, 1)] * 3),
        ("bounds", "wide"),
        ("bounds", {"a": (0, 1)}),
    ],
)
def test_bad_parameters_are_refused_by_name(name, value, iris):
    message = rf"The {name!r} parameter of HEPredictor must be .* Got"
    with pytest.raises(InvalidParameterError, match=message):
        HEPredictor(LogisticRegression(), **{name: value}).fit(*iris)


def test_a_missing_phe_is_named_when_a_key_is_needed(iris_predictor, monkeypatch):
    client, _ = iris_predictor.split()
    monkeypatch.setitem(sys.modules, "phe", types.ModuleType("phe"))
    monkeypatch.setitem(sys.modules, "phe.paillier", None)
    with pytest.raises(MissingDependencyError, match=r"sklearn-private\[he\]"):
        client.keygen()


def test_the_statement_says_who_sees_what(iris_predictor):
    statement = iris_predictor.privacy_statement_
    assert isinstance(statement, EncryptionStatement)
    assert (statement.scheme, statement.security_bits) == ("paillier", 112)
    assert statement.simulation
    assert statement.parameters["score_error_bound"] == iris_predictor.score_error_bound_.max()
    assert statement.bounds == {"columns": "given in bounds="}
    assert [finding.level for finding in statement.findings] == ["note"]
    text = repr(statement)
    for words in ("honest but curious", "weights", "malleable", "residuosity", "audit"):
        assert words in text


def test_learnt_ranges_and_plain_simulations_are_findings(iris):
    statement = HEPredictor(LogisticRegression(max_iter=500), simulate=True).fit(*iris)
    statement = statement.privacy_statement_
    assert [finding.level for finding in statement.findings] == ["note", "warning", "warning"]
    assert "minima and maxima of the training rows" in statement.findings[-1].message
    assert statement.bounds == {
        "columns": "minima and maxima of the training rows, widened and rounded outward"
    }


class StatedModel(ClassifierMixin, BaseEstimator):
    """A linear classifier with a differential-privacy claim, with no noise to keep it short."""

    def fit(self, X, y):
        model = LogisticRegression(max_iter=500).fit(X, y)
        self.coef_, self.intercept_, self.classes_ = model.coef_, model.intercept_, model.classes_
        self.privacy_statement_ = DPStatement(
            owner="StatedModel",
            protects="one row",
            unit="row",
            against="whoever reads coef_",
            epsilon=1.0,
            delta=1e-6,
            neighboring="replace_one",
            event=GaussianDpEvent(4.0),
        )
        return self

    def decision_function(self, X):
        return np.asarray(X) @ self.coef_[0] + self.intercept_[0]

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-self.decision_function(X)))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


class Wrapper(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A wrapper that exposes what it fitted."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X):
        return self.estimator_.predict(X)

    def predict_proba(self, X):
        return self.estimator_.predict_proba(X)


@pytest.fixture(scope="module")
def two_classes(iris):
    return iris[0][50:], iris[1][50:]


@pytest.mark.parametrize(
    "model",
    [
        StatedModel(),
        Wrapper(StatedModel()),
        make_pipeline(FunctionTransformer(), StatedModel()),
        Wrapper(make_pipeline("passthrough", Wrapper(StatedModel()))),
    ],
    ids=repr,
)
def test_promises_inside_are_parts_of_the_statement(model, two_classes):
    X, y = two_classes
    ours = HEPredictor(model, bounds=(0, 10), simulate=True).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), ours.estimator_.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), ours.estimator_.predict_proba(X), atol=1e-3)
    statement = ours.privacy_statement_
    assert [part.owner for part in statement.parts] == ["StatedModel"]
    assert "error" not in {finding.level for finding in statement.findings}


def test_learnt_ranges_void_the_claim_of_a_dp_model(two_classes):
    statement = HEPredictor(StatedModel(), simulate=True).fit(*two_classes).privacy_statement_
    (error,) = (f for f in statement.findings if f.level == "error")
    assert "claim of the model is void" in error.message
    assert "bounds=" in error.remedy


def test_a_scaler_in_front_of_a_dp_model_voids_its_claim(two_classes):
    model = make_pipeline(StandardScaler(), StatedModel())
    statement = HEPredictor(model, bounds=(0, 10), simulate=True).fit(*two_classes)
    (error,) = (f for f in statement.privacy_statement_.findings if f.level == "error")
    assert error.where == "estimator.standardscaler"
    assert "StandardScaler was fitted on the same rows" in error.message


def test_a_constant_target_and_a_constant_column_are_predicted():
    X = np.column_stack([np.ones(20), np.arange(20.0)])
    ours = HEPredictor(LinearRegression(), out_of_range="raise", simulate=True)
    ours.fit(X, np.full(20, 3.0))
    np.testing.assert_allclose(ours.predict(X), 3.0, atol=1e-9)
    with pytest.raises(RangeError, match="Column 0"):
        ours.predict(X + np.array([2.0, 0]))


TABLES = [load_breast_cancer, load_digits, load_iris, load_wine]


@pytest.mark.parametrize("load", TABLES, ids=lambda load: load.__name__)
def test_with_no_argument_no_held_out_row_ends_a_cross_validation(load):
    X, y = load(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    ours = HEPredictor(model, simulate=True)
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    scores, expected = (cross_val_score(m, X, y, cv=cv) for m in (ours, model))
    np.testing.assert_allclose(scores, expected, atol=2 / len(X))


def test_a_value_far_outside_a_learnt_range_is_clipped_and_counted(iris_predictor, iris):
    X, y = iris
    ours = clone(iris_predictor).set_params(bounds=None).fit(X, y)
    client, _ = ours.split()
    client.keygen(open_scheme(client.layout).simulation_key())
    client.encrypt(X)
    assert client.n_clipped_ == 0
    client.encrypt(X * [1, 1, 1, 1e6])
    assert client.n_clipped_ == len(X)
    clipped = np.column_stack([X[:, :3], np.full(len(X), ours._client.map.high[3])])
    np.testing.assert_array_equal(ours.predict(X * [1, 1, 1, 1e6]), ours.predict(clipped))
    strict = clone(ours).set_params(out_of_range="raise").fit(X, y)
    with pytest.raises(RangeError, match=r"Column 3 .* out_of_range='clip'"):
        strict.predict(X * [1, 1, 1, 1e6])
    given = clone(iris_predictor).set_params(out_of_range="clip").fit(X, y)
    np.testing.assert_array_equal(given.predict(X + 100), given.predict(np.full_like(X, 10)))


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_a_learnt_range_is_wide_and_tells_no_exact_extreme(unit):
    rng = np.random.default_rng(0)
    tables = [rng.uniform(size=(50, 1)) * unit for _ in range(40)]
    grids = [Grid.around(table, 18) for table in tables]
    for table, grid in zip(tables, grids):
        span = np.ptp(table)
        assert 0.5 * span <= table.min() - grid.low[0] <= 0.76 * span
        assert 0.5 * span <= grid.high[0] - table.max() <= 0.76 * span
    assert len({(g.low[0], g.high[0]) for g in grids}) <= 4  # of 40 different minima and maxima
