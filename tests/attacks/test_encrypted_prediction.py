"""What a malicious client or server gets out of encrypted prediction."""

import json
import tracemalloc

import numpy as np
import pytest
from phe import paillier
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from conftest import VECTORS
from sklearn_private.exceptions import GuaranteeError
from sklearn_private.he import HEClient, HEPredictor
from sklearn_private.he.schemes.paillier import _paillier, _randomisers
from sklearn_private.he.schemes.paillier._paillier_keys import SecretKey
from sklearn_private.he.schemes.paillier._randomisers import FEWEST
from support.encrypted_messages import forged, parts_of


@pytest.fixture(scope="module")
def predictor():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500)
    return HEPredictor(model, security_bits=112, bounds=(0, 10)).fit(X, y == 1)


@pytest.fixture
def parties(predictor):
    case = json.loads((VECTORS / "paillier.json").read_text())[0]
    p, q = int(case["p"], 16), int(case["q"], 16)
    key = paillier.PaillierPrivateKey(paillier.PaillierPublicKey(p * q), p, q)
    client, server = predictor.split()
    return client.keygen(key), server


def test_one_malformed_request_of_one_row_gives_all_weights_as_stated(parties, predictor):
    client, server = parties
    key, spacing = client._key, 40
    request = client.encrypt(np.full((1, 4), 5.0))
    powers = key.public.write(key.encrypt([2 ** (spacing * (j + 1)) for j in range(4)]))
    response = server.evaluate(client.public_bundle(), forged(request, powers, client._signer))
    (ciphertext,) = key.public.read(parts_of(response)[1])
    plain = key.decrypt(ciphertext)
    plain -= int(server.program.constants[0]) + server._scheme.offset
    plain -= int(key.public.n) * (2 * plain > key.public.n)  # the residue of smallest size
    weights = []
    for _ in range(4):
        plain >>= spacing
        digit = (plain + (1 << (spacing - 1))) % (1 << spacing) - (1 << (spacing - 1))
        weights.append(digit)
        plain -= digit
    np.testing.assert_array_equal(weights, server.program.weights[0])
    for text in (repr(predictor.privacy_statement_), HEPredictor.__doc__):
        assert "one malformed request" in " ".join(text.split())


def overflowing_answer(client, server, request, response, threshold):
    """Return an answer whose top slot overflows iff the first column reaches a threshold."""
    public, bits = client._key.public, client._scheme.slot_bits
    (column,) = public.read(parts_of(request)[1][: public.width])
    answer = public.write([public.shift(column, (1 << bits) - threshold)])
    return forged(response, answer, server._signer)


def test_a_server_that_watches_failures_learns_one_bit_a_key(parties):
    """Without the mend, 18 requests read the value of the first column exactly."""
    client, server = parties
    row = np.array([[7.3, 3.0, 1.0, 1.0]])
    low, high, n_failures = 0, 1 << client.map.precision_bits, 0
    with pytest.raises(GuaranteeError, match=r"retired.*keygen"):
        while high - low > 1:
            middle = (low + high) // 2
            request = client.encrypt(row)
            response = server.evaluate(client.public_bundle(), request)
            try:
                client.decrypt(overflowing_answer(client, server, request, response, middle))
                high = middle
            except GuaranteeError:
                n_failures += 1
                low = middle
    assert n_failures == 1  # one bit: where the first failure came
    client.keygen()
    client.encrypt(row)


def test_a_request_is_answered_once(parties):
    client, server = parties
    bundle, request = client.public_bundle(), client.encrypt(np.full((2, 4), 5.0))
    first, second = (server.evaluate(bundle, request) for _ in range(2))
    labels = client.predict(first)
    with pytest.raises(GuaranteeError, match="answered before"):
        client.decrypt(second)
    # The same octets tell nothing new, so labels and probabilities of one answer can be read.
    np.testing.assert_array_equal(client.predict_proba(first).argmax(axis=1), labels)


@pytest.mark.parametrize("dtype", ["<U20000000", "<U12", "|S20000000", "<U", "|O20000000"])
def test_labels_take_no_more_memory_than_their_message(dtype, parties):
    text = HEPredictor(LogisticRegression(max_iter=500), simulate=True, bounds=(0, 10))
    X, y = load_iris(return_X_y=True)
    data = text.fit(X, np.array(["no", "yes"])[(y == 1).astype(int)]).split()[0].to_bytes()
    assert HEClient.from_bytes(data).readout.classes.dtype == "<U3"
    tracemalloc.start()
    with pytest.raises(GuaranteeError, match="Nothing was"):
        HEClient.from_bytes(forged(data, classes_dtype=dtype))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


def test_many_keys_do_not_fill_the_memory_of_a_server(parties):
    client, server = parties
    table = _paillier.randomiser_tables
    for _ in range(_randomisers.MOST_TABLES + 2):
        client.keygen(SecretKey.generate(2048))
        rows = np.full((FEWEST * client._scheme.rows_per_block, 4), 5.0)
        server.evaluate(client.public_bundle(), client.encrypt(rows))
    assert len(table) == _randomisers.MOST_TABLES
    table.clear()


@pytest.mark.parametrize(
    ("model", "scheme"),
    [
        (LogisticRegression(max_iter=500), "ckks"),
        (DecisionTreeClassifier(max_depth=2), "bfv"),
        (MLPClassifier((4,), solver="lbfgs", max_iter=3000, random_state=0), "ckks"),
    ],
    ids=repr,
)
def test_random_damage_is_refused_or_changes_scores_and_stops_no_server(model, scheme):
    """Whoever signs its own requests can send any octets to SEAL's reader, which is C++."""
    pytest.importorskip("tenseal.sealapi")
    X, y = load_iris(return_X_y=True)
    client, server = HEPredictor(model, scheme).fit(X, y).split()
    request = client.keygen().encrypt(X[:1])
    payload, rng = bytes(parts_of(request)[1]), np.random.default_rng(0)
    refused = 0
    for k in range(60):
        damaged, at = bytearray(payload), rng.integers(0, 120 if k % 2 else len(payload) - 40)
        damaged[at : at + 40] = rng.bytes(40)
        try:
            message = forged(request, bytes(damaged), client._signer)
            server.evaluate(client.public_bundle(), message)
        except GuaranteeError:
            refused += 1
    assert refused >= 30
    good = server.evaluate(client.public_bundle(), request)
    assert client.predict(good) == [0]
