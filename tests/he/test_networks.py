import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from sklearn_private.he import HEClient, HEPredictor, HEServer
from sklearn_private.he.programs import SquareNetwork
from sklearn_private.he.protocol import Layout

seal = pytest.importorskip("tenseal.sealapi")

from sklearn_private.he.schemes.seal import CKKSSquares  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def predictor(digits):
    X, y = digits
    return HEPredictor(MLPClassifier((32,), max_iter=100, random_state=0)).fit(X[:1200], y[:1200])


def test_an_encrypted_network_loses_no_accuracy_and_stays_within_its_bound(predictor, digits):
    X, y = digits[0][1200:], digits[1][1200:]
    client, server = predictor.split()
    response = server.evaluate(client.keygen().public_bundle(), client.encrypt(X))
    accuracy = (client.predict(response) == y).mean()
    assert accuracy >= predictor.estimator_.score(X, y) - 0.005
    exact = client.readout.scores(server.program(client.map.encode(X)))
    assert (np.abs(client.decrypt(response) - exact) <= predictor.score_error_bound_).all()
    np.testing.assert_array_equal(client.predict(response), client.readout.predict(exact))


def test_the_statement_says_that_activations_are_approximated(predictor):
    statement = predictor.privacy_statement_
    assert "approximated-activations" in [finding.code for finding in statement.findings]
    assert 0 < statement.parameters["approximation"] < 10
    assert (statement.scheme, statement.parameters["ring_degree"]) == ("ckks", 8192)


def random_network(d, h, k, levels):
    rng = np.random.default_rng(0)
    first = rng.normal(size=(h, d))
    first_bias = rng.normal(size=h)
    size = np.abs(first).sum(axis=1) + np.abs(first_bias)
    square, linear, bias = rng.normal(size=(k, h)), rng.normal(size=(k, d)), rng.normal(size=k)
    reach = np.abs(np.hstack([square, linear, bias[:, None]])).sum(axis=1)
    return SquareNetwork(
        first / size[:, None],
        first_bias / size,
        square / reach[:, None],
        linear / reach[:, None],
        bias / reach,
        levels,
    )


def faint_network():
    """Return a network of which a unit, a score and a linear part are next to nothing."""
    program = random_network(3, 2, 2, 2**12 - 1)
    program.first[0], program.square[0], program.linear[0] = 1e-12, 0.0, 0.0
    return program


PROGRAMS = [random_network(3, 2, 1, 2**12 - 1), random_network(20, 5, 3, 255), faint_network()]


@pytest.mark.parametrize("program", PROGRAMS, ids=["small", "larger", "faint"])
def test_scores_are_within_the_proven_error_of_the_network(program):
    layout = Layout(
        scheme="ckks",
        program="squares",
        security_bits=128,
        n_features=program.n_columns,
        n_outputs=program.n_outputs,
        levels=program.levels,
        settings=CKKSSquares.settings(program, 128),
    )
    scheme, rng = CKKSSquares(layout), np.random.default_rng(1)
    key, n_rows = scheme.keygen(), 4_100  # two blocks
    rows = rng.integers(0, program.levels + 1, size=(n_rows, program.n_columns))
    rows[0], rows[-1] = 0, program.levels
    rows[1] = np.where(program.first[0] > 0, program.levels, 0)
    half = scheme.read_public_key(key.public.to_bytes())
    answers = scheme.evaluate(half, scheme.encrypt(key, rows), n_rows, program)
    errors = np.abs(scheme.decrypt(key, answers, n_rows) - program(rows)).max(axis=0)
    bound = scheme.error(program)
    assert (errors <= bound).all()
    assert errors.max() > bound.max() / 1_000


@pytest.mark.parametrize("activation", ["identity", "tanh", "logistic"])
def test_activations_are_followed_closely_on_few_columns(activation, iris):
    X, y = iris
    model = MLPClassifier((8,), activation=activation, max_iter=150, random_state=0)
    model = make_pipeline(StandardScaler(), model)
    if activation == "identity":
        with pytest.raises(InvalidParameterError, match="hidden units are linear"):
            HEPredictor(model, simulate=True).fit(X, y)
        return
    ours = HEPredictor(model, simulate=True).fit(X, y)
    assert (ours.predict(X) == ours.estimator_.predict(X)).mean() >= 0.95
    assert np.abs(ours.predict_proba(X).sum(axis=1) - 1).max() < 1e-9


def test_a_regression_by_a_network_is_close_to_that_of_scikit_learn():
    X = np.random.default_rng(0).uniform(-1, 1, size=(300, 3))
    y = X[:, 0] * X[:, 1] + X[:, 2]
    model = MLPRegressor(hidden_layer_sizes=(10,), activation="tanh", solver="lbfgs", alpha=0.1)
    ours = HEPredictor(model.set_params(random_state=0), simulate=True).fit(X, y)
    expected = ours.estimator_.predict(X)
    assert np.corrcoef(ours.predict(X), expected)[0, 1] > 0.97
    approximation = ours.privacy_statement_.parameters["approximation"]
    assert np.abs(ours.predict(X) - expected).max() <= approximation + ours.score_error_bound_[0]


@pytest.mark.parametrize(
    ("model", "params", "reason"),
    [
        (MLPClassifier((4, 4), max_iter=5), {}, "more than one hidden layer"),
        (
            MLPClassifier((16,), max_iter=100, random_state=0),
            {"security_bits": 192},
            "must be 128 for a network",
        ),
        (MLPClassifier((4,), max_iter=5), {"scheme": "paillier"}, "must run 'squares' programs"),
    ],
    ids=repr,
)
def test_networks_that_no_scheme_evaluates_are_refused(model, params, reason, iris):
    with pytest.raises(InvalidParameterError, match=reason):
        HEPredictor(model, **params).fit(*iris)


def test_keys_and_bundles_of_networks_are_checked(predictor, digits, tmp_path):
    client, server = predictor.split()
    request = client.keygen().encrypt(digits[0][:2])
    client.save(tmp_path / "key", "x")
    twin = HEClient.load(tmp_path / "key", "x")
    assert twin.public_bundle() == client.public_bundle()
    secret = twin._key.to_bytes()[4 + len(twin._key.public.to_bytes()) :]
    assert secret not in twin.public_bundle()
    assert twin.predict(server.evaluate(twin.public_bundle(), request)).shape == (2,)
    public = client._key.public.to_bytes()
    for bad in (public[:16], public[:-100], public[:16] + bytes(1000), bytes(1 << 23)):
        with pytest.raises(GuaranteeError, match="The public bundle holds no keys"):
            client._scheme.read_public_key(bad)
    with pytest.raises(InvalidParameterError, match="must be a key of this scheme"):
        client.keygen("key")


def test_a_network_that_could_leave_its_range_is_not_read(predictor):
    _, server = predictor.split()
    program = server.program
    for name in ("first", "square", "linear", "bias"):
        fields = {**vars(program), name: getattr(program, name) * 3}
        forged = HEServer("m", server.layout, SquareNetwork(**fields), server._signer)
        with pytest.raises(GuaranteeError, match="could leave their slots"):
            HEServer.from_bytes(forged.to_bytes())
