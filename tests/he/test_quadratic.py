import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError, RangeError
from sklearn_private.he import HEPredictor
from sklearn_private.he.maps import Grid, Products

MODELS = [GaussianNB(), QuadraticDiscriminantAnalysis(reg_param=0.1)]


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris, load_wine])
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_gaussian_classifiers_decide_as_in_scikit_learn(model, load):
    X, y = load(return_X_y=True)
    ours = HEPredictor(model, simulate=True, precision_bits=24, weight_bits=24).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), ours.estimator_.predict(X))
    apart = np.abs(ours.predict_proba(X) - ours.estimator_.predict_proba(X)).max()
    assert apart <= 2 * ours.score_error_bound_.max() + 1e-6


@pytest.mark.parametrize("scheme", ["paillier", "ckks"])
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_gaussian_classifiers_run_under_both_schemes(model, scheme, iris, private_key):
    X, y = iris
    bits = {"paillier": 112, "ckks": 128}[scheme]
    ours = HEPredictor(model, scheme, security_bits=bits).fit(X, y)
    client, server = ours.split()
    client.keygen(private_key if scheme == "paillier" else None)
    response = server.evaluate(client.public_bundle(), client.encrypt(X))
    exact = np.log(ours.estimator_.predict_proba(X))
    scores = client.decrypt(response)
    scores = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    seen = exact > -30
    assert (np.abs(scores - exact)[seen] <= 2 * ours.score_error_bound_.max()).all()
    np.testing.assert_array_equal(client.predict(response), ours.estimator_.predict(X))


def test_units_of_columns_do_not_matter():
    X, y = load_wine(return_X_y=True)
    units = 10.0 ** np.linspace(-9, 9, X.shape[1])
    model = GaussianNB(var_smoothing=0)
    plain = HEPredictor(model, simulate=True).fit(X, y)
    scaled = HEPredictor(model, simulate=True).fit(X * units, y)
    np.testing.assert_array_equal(scaled.predict(X * units), plain.predict(X))


def test_a_product_of_values_outside_their_range_is_refused_by_the_range_of_the_column(iris):
    X, y = iris
    ours = HEPredictor(GaussianNB(), bounds=(0, 10), simulate=True).fit(X, y)
    with pytest.raises(RangeError, match="Column 3"):
        ours.predict(X + [0, 0, 0, 100])
    clipped = HEPredictor(GaussianNB(), bounds=(0, 10), out_of_range="clip", simulate=True)
    far = clipped.fit(X, y).predict(X + 100)
    np.testing.assert_array_equal(far, clipped.predict(np.full_like(X, 10)))


def test_products_are_read_back_and_forged_ones_are_not():
    grid = Grid(np.array([0.0, -1.0]), np.array([2.0, 1.0]), 12, ("a", "b"))
    pairs = np.array([[0, -1], [1, -1], [0, 0], [0, 1]])
    products = Products(grid, pairs)
    fields, payload = products.to_parts()
    rows = np.random.default_rng(0).uniform([0, -1], [2, 1], size=(9, 2))
    np.testing.assert_array_equal(
        Products.from_parts(fields, payload).encode(rows), products.encode(rows)
    )
    u = rows - [1, 0]
    expected = np.column_stack([u, u[:, 0] ** 2, u[:, 0] * u[:, 1]])
    np.testing.assert_allclose(products.expand(rows), expected)
    for column, value in ((0, 2), (0, -1), (1, 2), (1, -2)):
        forged = pairs.copy()
        forged[0, column] = value
        with pytest.raises(GuaranteeError, match="no products"):
            Products.from_parts(fields, payload[:-32] + forged.astype(">i4").tobytes())
    for n in (0, -1, "4", 10**9):
        with pytest.raises(GuaranteeError, match="no products"):
            Products.from_parts({**fields, "n_products": n}, payload)


def test_a_frozen_model_of_other_columns_is_refused(iris):
    X, y = iris
    with pytest.raises(InvalidParameterError, match="it takes 2 columns"):
        HEPredictor(FrozenEstimator(GaussianNB().fit(X[:, :2], y))).fit(X, y)
