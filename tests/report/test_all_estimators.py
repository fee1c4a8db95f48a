"""Reports of every class of scikit-learn, around and beside differentially private parts.

A class that is new in scikit-learn fails here until it is classified: it learns nothing from the
rows, or it learns something and voids what stands behind or beside it, or it fits estimators.
"""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    SplineTransformer,
)

from sklearn_private import (
    DPLogisticRegression,
    privacy_report,
)
from support.sklearn_classes import CANNOT_HOLD_DP, EVERY, LEARN, LEARN_NOTHING, META

pytestmark = pytest.mark.filterwarnings("ignore")  # of peers on tiny tables
# Settings of a class above, or of a class that looks harmless, by which it learns.
LEARN_BY_SETTING = [
    OneHotEncoder(categories=[[0.0, 1.0]] * 3, min_frequency=2, handle_unknown="ignore"),
    OneHotEncoder(categories=[[0.0, 1.0]] * 3, max_categories=2, handle_unknown="ignore"),
    OneHotEncoder(handle_unknown="ignore"),
    OrdinalEncoder(
        categories=[[0.0, 1.0]] * 3,
        min_frequency=2,
        handle_unknown="use_encoded_value",
        unknown_value=-1,
    ),
    SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True),
    SimpleImputer(),
    SplineTransformer(),
    FunctionTransformer(lambda X: X / X.max(axis=0)),
    FunctionTransformer(lambda X: X[:, X.std(axis=0) > 0]),
    FunctionTransformer(lambda X: X - X.mean(axis=0)),
    FunctionTransformer(lambda X: np.argsort(np.argsort(X, axis=0), axis=0)),
]


def test_every_class_of_scikit_learn_is_classified():
    groups = [set(LEARN_NOTHING), META, set(LEARN)]
    assert EVERY.keys() <= set().union(*groups)
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert set(CANNOT_HOLD_DP) <= META


# Rows


def rows_for(name):
    """Return 24 rows and labels of the kind that a class takes."""
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    if name in {"CountVectorizer", "HashingVectorizer", "TfidfVectorizer"}:
        return np.where(rng.random(24) < 0.5, "yes no", "no way"), y
    if name == "FeatureHasher":
        return np.array([["yes", "no"], ["no", "way"]] * 12), y
    if name == "DictVectorizer":
        return np.array([{"a": 1.0}, {"b": 2.0}] * 12), y
    if name == "PatchExtractor":
        return rng.random((24, 4, 4)), y
    if name in {"LabelBinarizer", "LabelEncoder"}:
        return y, None
    if name == "MultiLabelBinarizer":
        return np.array([[1, 2], [2, 3]] * 12), None
    X = rng.uniform(0.01, 1.0, size=(24, 3))
    X[y == 1, 0] += 0.2
    if name in {"CategoricalNB", "OneHotEncoder", "OrdinalEncoder"}:
        return np.round(X.clip(0, 1)), y
    if name in {"GammaRegressor"}:
        return X, y + 1.0
    if name == "IsotonicRegression":
        return X[:, 0], X[:, 1]
    if name == "KernelCenterer":
        return X @ X.T, y
    if name in {"CCA", "PLSCanonical", "PLSRegression", "PLSSVD"} or name.startswith("MultiTask"):
        return X, X[:, :2] + rng.random((24, 2))
    return X, y


SETTINGS = {
    "SparseCoder": {"dictionary": np.eye(3)},
    "TSNE": {"perplexity": 3.0, "max_iter": 250},
    "SpectralBiclustering": {"n_clusters": 2},
    "FeatureAgglomeration": {"n_clusters": 2},
    "RandomForestClassifier": {"n_estimators": 3},
    "LogisticRegressionCV": {"cv": 2},
    "KernelCenterer": {},
    "RadiusNeighborsClassifier": {"radius": 5.0},
    "MiniBatchNMF": {"n_components": 2},
    "SelectKBest": {"k": 2},
    "GenericUnivariateSelect": {"param": 0.5},
    "HDBSCAN": {"copy": True},
}


def fitted(estimator):
    name = type(estimator).__name__
    X, y = rows_for(name)
    target = () if y is None else (y,)
    return clone(estimator).fit(X, *target)


def private(**settings):
    return DPLogisticRegression(**{"feature_norm": 2.0, "classes": [0, 1], **settings})


@pytest.fixture(scope="module")
def model():
    return private().fit(*rows_for(""))


# What learns from rows voids a claim behind and beside it, and nothing else does


@pytest.mark.parametrize("name", sorted(LEARN_NOTHING))
def test_what_learns_nothing_voids_nothing_and_one_row_moves_no_other(name, model):
    step = EVERY[name](**LEARN_NOTHING[name])
    X, _ = rows_for(name)
    changed = X.copy()
    changed[-1] = changed[0]
    outputs = []
    for rows in (X, changed):
        out = clone(step).fit(rows).transform(rows[:1] if name == "PatchExtractor" else rows)
        outputs.append(out.toarray() if hasattr(out, "toarray") else np.asarray(out))
    size = None if name == "PatchExtractor" else -1
    np.testing.assert_array_equal(outputs[0][:size], outputs[1][:size])
    report = privacy_report(Pipeline([("front", fitted(step)), ("clf", model)]))
    assert report.findings == ()
    assert report.holds


def printed(step):
    """Return a name for a case that is the same in every process."""
    return repr(step).partition(" at 0x")[0][:60]


@pytest.mark.parametrize("step", LEARN_BY_SETTING, ids=printed)
def test_a_setting_by_which_a_step_learns_voids_the_claim(step, model):
    report = privacy_report(Pipeline([("front", fitted(step)), ("clf", model)]))
    assert not report.holds
    assert report.findings[0].where == "pipeline.front"


@pytest.mark.parametrize("name", [name for name in LEARN if name in EVERY])
def test_what_learns_voids_a_claim_behind_or_beside_it(name, model):
    step = fitted(EVERY[name](**SETTINGS.get(name, {})))
    behind = privacy_report(Pipeline([("front", step), ("clf", model)]))
    assert [f.code for f in behind.findings] == ["fitted-without-dp"]
    beside = privacy_report(step, model)
    assert [f.code for f in beside.findings] == ["released-beside"]
    assert not behind.holds
    assert not beside.holds
