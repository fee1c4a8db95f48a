import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from sklearn_private.he import HEClient, HEPredictor, HEServer
from sklearn_private.he.maps import LeafIndex
from sklearn_private.he.programs import LeafSums
from sklearn_private.he.protocol import Layout
from support.encrypted_messages import parts_of

seal = pytest.importorskip("tenseal.sealapi")

from sklearn_private.he.schemes.seal import _seal  # noqa: E402
from sklearn_private.he.schemes.seal._bfv_leaves import (  # noqa: E402
    MODULI,
    BFVLeaves,
    noise_fits,
)

CLASSIFIERS = [
    RandomForestClassifier(10, max_depth=4, random_state=0),
    RandomForestClassifier(5, random_state=0),
    ExtraTreesClassifier(5, max_depth=5, random_state=0),
    DecisionTreeClassifier(random_state=0),
    ExtraTreeClassifier(max_depth=4, random_state=0),
    GradientBoostingClassifier(n_estimators=6, random_state=0),
    GradientBoostingClassifier(n_estimators=4, init="zero", random_state=0),
]
REGRESSORS = [
    RandomForestRegressor(5, max_depth=5, random_state=0),
    ExtraTreesRegressor(5, max_depth=5, random_state=0),
    DecisionTreeRegressor(max_depth=5, random_state=0),
    GradientBoostingRegressor(n_estimators=8, random_state=0),
]


@pytest.fixture(scope="module")
def wine():
    return load_wine(return_X_y=True)


def encrypted(predictor, X):
    """Return the client and the response to X of two parties."""
    client, server = predictor.split()
    request = client.keygen().encrypt(X)
    return client, server.evaluate(client.public_bundle(), request)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=repr)
def test_decisions_of_trees_equal_those_of_scikit_learn_on_every_encrypted_row(
    model, classes, wine
):
    X, y = wine[0], np.minimum(wine[1], classes - 1)
    ours = HEPredictor(model).fit(X[::2], y[::2])
    client, response = encrypted(ours, X)
    fitted = ours.estimator_
    np.testing.assert_array_equal(client.predict(response), fitted.predict(X))
    apart = np.abs(client.predict_proba(response) - fitted.predict_proba(X)).max()
    assert apart <= 2 * ours.score_error_bound_.sum() + 1e-9
    if hasattr(fitted, "decision_function"):
        expected = fitted.decision_function(X)
        assert (np.abs(client.decrypt(response) - expected) <= ours.score_error_bound_).all()


@pytest.mark.parametrize("model", REGRESSORS, ids=repr)
def test_regressions_of_trees_are_within_the_proven_error(model):
    X, y = load_diabetes(return_X_y=True)
    ours = HEPredictor(model).fit(X[::2], y[::2])
    client, response = encrypted(ours, X[:60])
    errors = np.abs(client.predict(response) - ours.estimator_.predict(X[:60]))
    assert errors.max() <= ours.score_error_bound_[0]


def test_encrypted_leaves_are_the_same_whole_numbers_as_in_clear(wine):
    X, y = wine
    ours = HEPredictor(RandomForestClassifier(30, random_state=0)).fit(X, y)
    rows = np.resize(X, (300, X.shape[1]))  # three blocks
    client, response = encrypted(ours, rows)
    program, client_map = ours._server.program, ours._client.map
    expected = client.readout.scores(program(client_map.encode(rows)))
    np.testing.assert_array_equal(client.decrypt(response), expected)


def test_digits_of_a_default_forest_are_told_as_by_scikit_learn():
    X, y = load_digits(return_X_y=True)
    ours = HEPredictor(RandomForestClassifier(20, random_state=0), simulate=True)
    ours.fit(X[:900], y[:900])
    np.testing.assert_array_equal(ours.predict(X), ours.estimator_.predict(X))


def test_a_forest_needs_no_bounds_and_takes_any_value(wine):
    X, y = wine
    ours = HEPredictor(RandomForestClassifier(5, random_state=0), simulate=True)
    assert (cross_val_score(ours, X, y, cv=3) > 0.7).all()
    far = np.vstack([X * 1e30, -X * 1e30, X * 1e300])
    ours.fit(X, y)
    expected = ours.estimator_.predict(np.clip(far, -3e38, 3e38))
    np.testing.assert_array_equal(ours.predict(far), expected)


def test_values_at_a_threshold_go_where_single_precision_sends_them(wine):
    X, y = wine
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
    ours = HEPredictor(FrozenEstimator(tree), simulate=True).fit(X, y)
    rows = []
    for feature, threshold in zip(tree.tree_.feature, tree.tree_.threshold):
        for value in (threshold, np.nextafter(threshold, 1e9), np.nextafter(threshold, -1e9)):
            rows += [np.where(np.arange(X.shape[1]) == feature, value, row) for row in X[::20]]
    np.testing.assert_array_equal(ours.predict(rows), tree.predict(rows))


def test_the_client_learns_totals_and_not_the_values_of_single_trees(wine):
    X, y = wine
    ours = HEPredictor(RandomForestClassifier(8, random_state=0)).fit(X, y == 0)
    client, server = ours.split()
    request = client.keygen().encrypt(X[:50])
    slots = []
    for _ in range(2):
        response = server.evaluate(client.public_bundle(), request)
        (answer,) = client._scheme.answered(parts_of(response)[1])
        slots.append(client._scheme._encoder.decode_int64(client._key.decrypt(answer))[:400])
    one, other = (np.reshape(s, (50, 8)) % client._scheme.modulus for s in slots)
    assert (one != other).mean() > 0.99  # masks are fresh
    np.testing.assert_array_equal(
        one.sum(axis=1) % client._scheme.modulus, other.sum(axis=1) % client._scheme.modulus
    )
    values = server.program.values[0]
    reached = values[np.arange(8), client.map.encode(X[:50])] % client._scheme.modulus
    assert (one != reached).mean() > 0.99


@pytest.mark.parametrize("security_bits", [128, 192, 256])
def test_the_noise_leaves_room_as_proven_and_more_leaves_do_not_fit(security_bits):
    rng = np.random.default_rng(0)
    n_trees, n_leaves = 3, 30
    values = rng.integers(-(2**22), 2**22, size=(1, n_trees, n_leaves))
    program = LeafSums(values)
    layout = Layout(
        scheme="bfv",
        program="leaves",
        security_bits=security_bits,
        n_features=n_trees,
        n_outputs=1,
        levels=n_leaves - 1,
        settings=BFVLeaves.settings(program, security_bits),
    )
    scheme = BFVLeaves(layout)
    key, rows = scheme.keygen(), rng.integers(0, n_leaves, size=(20, n_trees))
    payload = scheme.evaluate(key.public, scheme.encrypt(key, rows), 20, program)
    (answer,) = scheme.answered(payload)
    budget = key.decryptor.invariant_noise_budget(answer)
    most = max(
        bits
        for bits in range(1, 60)
        if noise_fits(security_bits, scheme.degree, scheme.plain_bits, 2**bits)
    )
    assert budget >= 1  # and what is proven is less, and of the right order
    assert most - np.log2(n_leaves) <= budget <= most - np.log2(n_leaves) + 16
    np.testing.assert_array_equal(scheme.decrypt(key, payload, 20), program(rows))


def test_the_rings_are_within_the_table():
    for (security_bits, degree), moduli in MODULI.items():
        assert sum(moduli) <= _seal.LARGEST_MODULUS[security_bits][degree]


def test_trees_that_fit_no_ciphertext_are_refused():
    program = LeafSums(np.ones((1, 20_000, 2), dtype=np.int64))
    with pytest.raises(InvalidParameterError, match="Use fewer or smaller trees"):
        BFVLeaves.settings(program, 128)


@pytest.mark.parametrize(
    ("model", "targets", "reason"),
    [
        (HistGradientBoostingClassifier(max_iter=2), "one", "it has no coef_"),
        (RandomForestClassifier(2), "two", "it has several targets"),
        (
            GradientBoostingRegressor(n_estimators=2, init=DecisionTreeRegressor(max_depth=2)),
            "one",
            "its predict is not what its published attributes say",
        ),
    ],
    ids=repr,
)
def test_trees_that_are_not_sums_of_leaves_are_refused(model, targets, reason, wine):
    X, y = wine
    y = y if targets == "one" else np.column_stack([y, y])
    with pytest.raises(InvalidParameterError, match=reason):
        HEPredictor(model).fit(X, y)


def test_a_constant_start_of_boosting_is_a_part_of_the_scores(wine):
    X, y = wine
    model = GradientBoostingRegressor(n_estimators=2, init=DummyRegressor(strategy="median"))
    ours = HEPredictor(model, simulate=True).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), ours.estimator_.predict(X), atol=1e-5)


def test_a_client_whose_walk_could_be_endless_is_not_read(wine):
    X, y = wine
    client, server = HEPredictor(DecisionTreeClassifier(random_state=0)).fit(X, y).split()
    fields, payload = client.map.to_parts()
    good = LeafIndex.from_parts(fields, payload)
    np.testing.assert_array_equal(good.encode(X), client.map.encode(X))
    n = len(good.feature)
    at = {"root": 0, "feature": 1, "left": 1 + n, "right": 1 + 2 * n}
    numbers = np.frombuffer(payload, ">i4", 1 + 3 * n)
    for name, value in [
        ("root", n),
        ("root", -1),
        ("feature", 13),
        ("feature", -2),
        ("left", 0),
        ("left", n),
        ("right", -5),
    ]:
        forged = numbers.copy()
        forged[at[name]] = value
        with pytest.raises(GuaranteeError, match="describes no trees"):
            LeafIndex.from_parts(fields, forged.tobytes() + payload[4 * len(numbers) :])
    for change in ({"n_leaves": 1}, {"n_features": 0}, {"n_trees": 2**30}, {"n_trees": "1"}):
        with pytest.raises(GuaranteeError, match="Nothing was read"):
            LeafIndex.from_parts({**fields, **change}, payload)
    with pytest.raises(GuaranteeError, match="Nothing was read"):
        LeafIndex.from_parts(fields, payload[:-3])
    twin = HEClient.from_bytes(client.to_bytes()), HEServer.from_bytes(server.to_bytes())
    response = twin[1].evaluate(twin[0].keygen().public_bundle(), twin[0].encrypt(X[:5]))
    np.testing.assert_array_equal(twin[0].predict(response), y[:5])


def test_a_server_whose_totals_could_wrap_around_is_not_read(wine):
    X, y = wine
    _, server = HEPredictor(DecisionTreeClassifier(random_state=0)).fit(X, y).split()
    heavy = HEServer("m", server.layout, LeafSums(server.program.values * 8), server._signer)
    with pytest.raises(GuaranteeError, match="could leave their slots"):
        HEServer.from_bytes(heavy.to_bytes())


def test_the_statement_says_that_clients_see_splits_and_totals(wine):
    statement = HEPredictor(DecisionTreeClassifier()).fit(*wine).privacy_statement_
    assert (statement.scheme, statement.bounds) == ("bfv", {"columns": "none needed"})
    assert [finding.code for finding in statement.findings] == ["one-process", "learnt-splits"]
    text = " ".join(repr(statement).split())
    for words in ("thresholds of all splits", "one malformed request", "totals over the trees"):
        assert words in text
