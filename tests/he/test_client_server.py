import base64
import copy
import math
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError, RangeError
from sklearn_private.he import HEClient, HEPredictor, HEServer
from sklearn_private.he.protocol import Signer
from sklearn_private.transport import Kind, write_frame
from support.encrypted_messages import PREFIX, forged, parts_of


@pytest.fixture
def exchange(parties, iris):
    """The three messages of one prediction of five rows."""
    client, server = parties
    bundle, request = client.public_bundle(), client.encrypt(iris[0][:5])
    return bundle, request, server.evaluate(bundle, request)


def test_two_parties_with_bytes_between_them_predict_like_the_model(parties, iris_predictor, iris):
    rows = iris[0][::10]
    client, server = (type(party).from_bytes(party.to_bytes()) for party in iris_predictor.split())
    with pytest.raises(GuaranteeError, match=r"Call keygen\(\) first"):
        client.encrypt(rows)
    client.keygen(parties[0]._key)
    response = server.evaluate(client.public_bundle(), client.encrypt(rows))
    model = iris_predictor.estimator_
    bound = iris_predictor.score_error_bound_
    assert (np.abs(client.decrypt(response) - model.decision_function(rows)) <= bound).all()
    np.testing.assert_array_equal(client.decrypt(response), client.decision_function(response))
    np.testing.assert_array_equal(client.predict(response), model.predict(rows))
    np.testing.assert_allclose(
        client.predict_proba(response), model.predict_proba(rows), atol=bound.max()
    )


@pytest.mark.parametrize("n_rows", [1, 2])
def test_blocks_of_rows_are_put_together_in_order(n_rows, parties, iris):
    client, server = parties
    n_rows += 2 * client._scheme.rows_per_block
    rows = np.resize(iris[0], (n_rows, 4))
    response = server.evaluate(client.public_bundle(), client.encrypt(rows))
    expected = client.readout.scores(server.program(client.map.encode(rows)))
    np.testing.assert_array_equal(client.decrypt(response), expected)


def test_scores_at_the_corners_of_the_ranges_stay_in_their_slots(private_key):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(40, 3))
    model = Ridge(alpha=1e-6).fit(X, X @ [1e3, -1e3, 1.0] + 500)
    ours = HEPredictor(model, security_bits=112, bounds=(-1, 1)).fit(X, model.predict(X))
    client, server = ours.split()
    client.keygen(private_key)
    corners = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    answer = client.predict(server.evaluate(client.public_bundle(), client.encrypt(corners)))
    np.testing.assert_allclose(answer, model.predict(corners), atol=ours.score_error_bound_[0])


def secrets_of(private_key):
    p, q = private_key.p, private_key.q
    return {
        "p": p,
        "q": q,
        "lambda": math.lcm(p - 1, q - 1),
        "phi": (p - 1) * (q - 1),
        "hp": private_key.hp,
        "hq": private_key.hq,
        "p_inverse": private_key.p_inverse,
    }


def encodings(value):
    value = int(value)
    octets = value.to_bytes(-(-value.bit_length() // 8), "big")
    yield from (octets, octets[::-1], str(value).encode())
    yield from (octets.hex().encode(), octets.hex().upper().encode())
    yield base64.b64encode(octets)[:-4]
    yield base64.urlsafe_b64encode(octets)[:-4]


def secrets_in(data, private_key):
    return {
        name
        for name, value in secrets_of(private_key).items()
        if any(encoding in data for encoding in encodings(value))
    }


def test_what_leaves_the_client_holds_no_secret(parties, exchange, private_key):
    client, server = parties
    kept = (server.to_bytes(), pickle.dumps(server), client.to_bytes(), pickle.dumps(client))
    for data in (*exchange, *kept):
        assert secrets_in(data, private_key) == set()


@pytest.mark.parametrize("name", ["p", "lambda"])
def test_the_search_for_secrets_finds_each_encoding(name, private_key):
    for encoding in encodings(secrets_of(private_key)[name]):
        assert name in secrets_in(b"..." + encoding + b"...", private_key)
    assert {"p", "q"} <= secrets_in(pickle.dumps(private_key), private_key)


def test_copies_of_a_client_have_no_key(parties):
    client, _ = parties
    for twin in (copy.deepcopy(client), pickle.loads(pickle.dumps(client))):
        assert twin.to_bytes() == client.to_bytes()
        with pytest.raises(GuaranteeError, match="has no key"):
            twin.public_bundle()


def test_client_and_server_share_no_object(iris_predictor):
    def reachable(root):
        seen, todo = {}, [root]
        while todo:
            item = todo.pop()
            if id(item) in seen or isinstance(item, type) or callable(item):
                continue
            seen[id(item)] = item
            todo += vars(item).values() if hasattr(item, "__dict__") else ()
        return {key for key, item in seen.items() if isinstance(item, np.ndarray | dict | list)}

    client, server = iris_predictor.split()
    assert not reachable(client) & reachable(server)
    assert reachable(client) & reachable(client.map)  # the search sees shared arrays


def test_the_client_holds_no_weights(iris):
    """A model and its mirror image have clients that differ in the random identifier only."""
    X, y = iris[0], (iris[1] == 0).astype(int)
    model = LogisticRegression(fit_intercept=False).fit(X - 5, y)
    mirror = copy.deepcopy(model)
    mirror.coef_ = -mirror.coef_
    clients, servers = zip(
        *(
            HEPredictor(FrozenEstimator(m), bounds=(-10, 10), simulate=True).fit(X - 5, y).split()
            for m in (model, mirror)
        ),
        strict=True,
    )
    fields = [parts_of(client.to_bytes()) for client in clients]
    for header, _ in fields:
        header.pop("model"), header.pop("server")
    assert fields[0] == fields[1]
    assert (servers[0].program.weights == -servers[1].program.weights).all()


def test_two_answers_to_one_request_differ_and_decrypt_alike(parties, exchange):
    client, server = parties
    bundle, request, response = exchange
    again = server.evaluate(bundle, request)
    width = client._scheme._width
    first, second = (parts_of(frame)[1] for frame in (response, again))
    for start in range(0, len(first), width):
        assert first[start : start + width] != second[start : start + width]
    scores = [client._scheme.decrypt(client._key, payload, 5) for payload in (first, second)]
    np.testing.assert_array_equal(*scores)


def test_the_size_of_a_request_tells_the_shape_only(parties):
    client, _ = parties
    rows = [np.full((3, 4), value) for value in (0.0, 1e-300, 0.5, 1 / 3, 10.0)]
    requests = [client.encrypt(X) for X in rows]
    assert len({len(request) for request in requests}) == 1
    headers = [parts_of(request)[0] for request in requests]
    for header in headers:
        assert set(header) == {"model", "parameters", "key", "request", "n_rows"}
        header.pop("request")
    assert all(header == headers[0] for header in headers)


def test_equal_rows_are_encrypted_differently(parties, iris):
    client, _ = parties
    first, second = (parts_of(client.encrypt(iris[0][:2]))[1] for _ in range(2))
    width = client._scheme._width
    assert all(first[i : i + width] != second[i : i + width] for i in range(0, len(first), width))


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([[5.0, 3.0, 1.0, 10.001]], RangeError, r"Column 3 .* \[0, 10\]. Nothing was encrypted"),
        ([[-1e-9, 3.0, 1.0, 1.0]], RangeError, "Column 0"),
        ([[1e300, 1.0, 1.0, 1.0]], RangeError, "Column 0"),
        ([[np.nan, 3.0, 1.0, 1.0]], ValueError, "contains NaN"),
        ([[np.inf, 3.0, 1.0, 1.0]], ValueError, "contains infinity"),
        ([[1.0, 2.0, 3.0]], InvalidParameterError, "must have 4 columns"),
        ([1.0, 2.0, 3.0, 4.0], ValueError, "Expected 2D array"),
    ],
)
def test_the_client_refuses_rows_that_could_overflow(rows, error, message, parties):
    client, _ = parties
    with pytest.raises(error, match=message):
        client.encrypt(rows)


def test_columns_in_another_order_are_refused():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(np.random.default_rng(0).uniform(size=(20, 2)), columns=["age", "pay"])
    ours = HEPredictor(Ridge(), security_bits=112, bounds=(0, 1), simulate=True).fit(X, X["pay"])
    client, _ = ours.split()
    assert HEClient.from_bytes(client.to_bytes()).map.names == ("age", "pay")
    with pytest.raises(InvalidParameterError, match=r"must be \['age', 'pay'\], in this order"):
        client.map.rows(X[["pay", "age"]])
    with pytest.raises(RangeError, match="Column 'pay'"):
        client.map.encode(client.map.rows(X.assign(pay=2.0)))


DAMAGED = "cannot be read|not bytes|does not belong|does not have the size"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_no_octet_of_a_header_can_change(which, parties, exchange):
    client, server = parties
    good = exchange[which]
    end = PREFIX.size + PREFIX.unpack_from(good)[3]
    for position in (*range(end), end + 1, len(good) - 1):
        damaged = bytearray(good)
        damaged[position] ^= 0x01
        messages = [*exchange[:which], bytes(damaged), *exchange[which + 1 :]]
        with pytest.raises(GuaranteeError, match=DAMAGED):
            server.evaluate(*messages[:2]) if which < 2 else client.decrypt(messages[2])


@pytest.mark.parametrize("which", [0, 1, 2])
def test_no_truncated_message_is_used(which, parties, exchange):
    client, server = parties
    for size in (0, 10, PREFIX.size, 100, len(exchange[which]) - 1):
        messages = list(exchange)
        messages[which] = messages[which][:size]
        with pytest.raises(GuaranteeError, match=DAMAGED):
            server.evaluate(*messages[:2]) if which < 2 else client.decrypt(messages[2])


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "0" * 32},
        {"parameters": "0" * 32},
        {"key": "0" * 32},
        {"n_rows": 6 * 51},
        {"n_rows": 0},
        {"n_rows": -5},
        {"n_rows": 10**400},
    ],
    ids=repr,
)
def test_a_request_that_was_made_for_something_else_is_refused(fields, parties, exchange):
    client, server = parties
    bundle, request, _ = exchange
    with pytest.raises(GuaranteeError, match=DAMAGED):
        server.evaluate(bundle, forged(request, signer=client._signer, **fields))


def test_a_request_without_ciphertexts_is_refused(parties, exchange):
    client, server = parties
    bundle, request, _ = exchange
    with pytest.raises(GuaranteeError, match="no row count"):
        server.evaluate(bundle, forged(request, payload=b"", signer=client._signer, n_rows=-5))
    zeros = bytes(len(parts_of(request)[1]))
    with pytest.raises(GuaranteeError, match="no Paillier ciphertext"):
        server.evaluate(bundle, forged(request, payload=zeros, signer=client._signer))


@pytest.mark.parametrize(
    "fields",
    [{"request": "0" * 32}, {"n_rows": 4}, {"key": "0" * 32}, {"model": "x"}, {"parameters": ""}],
    ids=repr,
)
def test_a_response_to_another_request_is_refused(fields, parties, exchange):
    client, server = parties
    with pytest.raises(GuaranteeError, match="does not belong here"):
        client.decrypt(forged(exchange[2], signer=server._signer, **fields))


def test_a_response_to_the_request_of_another_client_or_key_is_refused(parties, exchange):
    client, _ = parties
    twin = HEClient.from_bytes(client.to_bytes()).keygen(client._key)
    with pytest.raises(GuaranteeError, match="does not belong here"):
        twin.decrypt(exchange[2])
    client.keygen(client._key)  # forgets the requests that were open
    with pytest.raises(GuaranteeError, match="does not belong here"):
        client.decrypt(exchange[2])


def test_an_answer_that_fills_no_slots_is_refused(parties, exchange):
    client, server = parties
    payload = parts_of(exchange[2])[1]
    key = client._key
    huge = key.public.write(key.encrypt([key.public.n - 1] * 3))
    assert len(huge) == len(payload)
    with pytest.raises(GuaranteeError, match="does not decrypt to scores .* retired"):
        client.decrypt(forged(exchange[2], payload=huge, signer=server._signer))
    for use in (client.public_bundle, lambda: client.decrypt(exchange[2])):
        with pytest.raises(GuaranteeError, match=r"retired.* Call keygen\(\)"):
            use()


def test_a_server_of_another_split_is_refused(iris_predictor, iris, parties, exchange):
    other = clone(iris_predictor).fit(*iris).split()[1]
    with pytest.raises(GuaranteeError, match="'model' is another one"):
        other.evaluate(*exchange[:2])


def test_a_bundle_holds_the_modulus_and_no_more(parties, exchange, private_key):
    _, server = parties
    bundle, request, _ = exchange
    header, payload = parts_of(bundle)
    n = private_key.public_key.n
    assert set(header) == {"scheme", "security_bits", "key", "signer"}
    assert int.from_bytes(payload, "big") == n
    secret = private_key.p.to_bytes(128, "big")
    with pytest.raises(GuaranteeError, match="modulus of 2048 bits"):
        server.evaluate(forged(bundle, payload=payload + secret), request)
    with pytest.raises(GuaranteeError, match="other fields"):
        server.evaluate(forged(bundle, p=f"{private_key.p:x}"), request)
    for bad in (n - 1, n >> 1):
        with pytest.raises(GuaranteeError, match="odd modulus of 2048 bits"):
            server.evaluate(forged(bundle, payload=bad.to_bytes(256, "big")), request)


def test_keys_below_the_security_level_are_refused(iris_predictor, iris, private_key):
    stronger = clone(iris_predictor).set_params(security_bits=128).fit(*iris)
    client, server = stronger.split()
    with pytest.raises(InvalidParameterError, match="odd modulus of 3072 bits"):
        client.keygen(private_key)
    weak, _ = iris_predictor.split()
    bundle = weak.keygen(private_key).public_bundle()
    with pytest.raises(GuaranteeError, match="'security_bits' is another one"):
        server.evaluate(bundle, weak.encrypt(iris[0][:1]))


def test_a_client_forgets_the_oldest_of_too_many_requests(parties, iris, monkeypatch):
    client, server = parties
    monkeypatch.setattr("sklearn_private.he.protocol._client.OPEN_REQUESTS", 2)
    frames = [client.encrypt(iris[0][:1]) for _ in range(3)]
    responses = [server.evaluate(client.public_bundle(), frame) for frame in frames]
    assert client.predict(responses[1]) == client.predict(responses[2])
    with pytest.raises(GuaranteeError, match="does not belong here"):
        client.predict(responses[0])


def test_a_server_whose_sums_could_overflow_is_not_read(parties):
    _, server = parties
    header, payload = parts_of(server.to_bytes())
    numbers = np.frombuffer(payload, ">i8").copy()
    numbers[4] *= 1 << 10  # behind the 32 octets of the signing key
    with pytest.raises(GuaranteeError, match="could leave their slots"):
        HEServer.from_bytes(forged(server.to_bytes(), payload=numbers.tobytes()))
    with pytest.raises(GuaranteeError, match="does not have the size of its layout"):
        HEServer.from_bytes(forged(server.to_bytes(), payload=payload[:-8]))
    for name, value in {
        "scheme": "rot13",
        "security_bits": 40,
        "program": "quine",
        "levels": 1 << 50,
        "settings": {"slot_bits": 63},
    }.items():
        layout = {**header["layout"], name: value}
        with pytest.raises(GuaranteeError, match="Nothing was"):
            HEServer.from_bytes(forged(server.to_bytes(), layout=layout))


@pytest.mark.parametrize(
    "fields",
    [
        {"link": "eval"},
        {"classes": [0, 1]},
        {"classes": [0, 1, [2]]},
        {"classes_dtype": "V8"},
        {"classes_dtype": "O,O"},
        {"classes_dtype": ""},
        {"classes": [0, 1, 300], "classes_dtype": "|i1"},
        {"classes": ["a", "b", "cd"], "classes_dtype": "<U1"},
        {"classes": ["a", "b", "c"], "classes_dtype": "<i8"},
        {"map": {"kind": "grid", "precision_bits": 19, "clip": False, "names": ["a"]}},
        {"map": {"kind": "grid", "precision_bits": 18, "clip": False, "names": []}},
        {"map": {"kind": "grid", "precision_bits": 19, "clip": 0, "names": []}},
        {"map": {"kind": "eval"}},
        {"map": {"kind": []}},
        {"map": {}},
        {"flat": True},
    ],
    ids=repr,
)
def test_a_client_that_describes_nonsense_is_not_read(fields, parties):
    client, _ = parties
    with pytest.raises(GuaranteeError, match="Nothing was"):
        HEClient.from_bytes(forged(client.to_bytes(), **fields))


def test_ranges_that_are_none_are_not_read(parties):
    client, _ = parties
    numbers = np.frombuffer(parts_of(client.to_bytes())[1], ">f8").copy()
    for bad in (np.nan, np.inf, 1e9):  # the last one lies above the upper end
        numbers[0] = bad
        with pytest.raises(GuaranteeError, match="a range that is none"):
            HEClient.from_bytes(forged(client.to_bytes(), payload=numbers.tobytes()))


def test_nobody_but_the_client_makes_a_request_and_nobody_but_the_server_an_answer(
    parties, exchange, iris
):
    client, server = parties
    bundle, request, response = exchange
    zeros = bytes(len(parts_of(response)[1]))
    for forger in (None, Signer(), client._signer):
        with pytest.raises(GuaranteeError, match="response cannot be read: it is not signed"):
            client.decrypt(forged(response, payload=zeros, signer=forger))
    for forger in (None, Signer(), server._signer):
        with pytest.raises(GuaranteeError, match="request cannot be read: it is not signed"):
            server.evaluate(bundle, forged(request, signer=forger, n_rows=4))
    for key in (Signer().public, "00" * 32, "zz", ""):  # a bundle with the key of somebody else
        with pytest.raises(GuaranteeError, match="'key' is another one"):
            server.evaluate(forged_bundle(bundle, key), request)
    np.testing.assert_array_equal(client.predict(response), [0] * 5)  # no forgery used it up


def forged_bundle(bundle, signer):
    header, payload = parts_of(bundle)
    return write_frame(Kind.PUBLIC_BUNDLE, {**header, "signer": signer}, payload)


def test_an_answer_to_one_request_is_none_to_another(parties, iris):
    client, server = parties
    bundle = client.public_bundle()
    requests = [client.encrypt(iris[0][at : at + 2]) for at in (0, 100)]
    answers = [server.evaluate(bundle, request) for request in requests]
    names = [parts_of(request)[0]["request"] for request in requests]
    with pytest.raises(GuaranteeError, match="not signed"):  # on the wire
        client.decrypt(forged(answers[0], request=names[1]))
    with pytest.raises(GuaranteeError, match="'answers' is another one"):  # by a confused server
        client.decrypt(forged(answers[0], signer=server._signer, request=names[1]))
    assert [client.predict(answer)[0] for answer in answers] == [0, 2]


def test_keys_and_open_requests_survive_in_a_sealed_file(parties, iris, tmp_path, private_key):
    client, server = parties
    path = tmp_path / "client.key"
    answered, pending = (client.encrypt(iris[0][at : at + 1]) for at in (0, 100))
    first = server.evaluate(client.public_bundle(), answered)
    client.predict(first)
    client.save(path, "correct horse battery staple")
    assert path.stat().st_mode & 0o77 == 0
    assert secrets_in(path.read_bytes(), private_key) == set()
    assert client._signer.to_bytes() not in path.read_bytes()
    twin = HEClient.load(path, "correct horse battery staple")
    assert twin.public_bundle() == client.public_bundle()
    assert twin.predict(server.evaluate(twin.public_bundle(), pending)) == [2]
    with pytest.raises(GuaranteeError, match="answered before"):
        twin.decrypt(server.evaluate(twin.public_bundle(), answered))
    with pytest.raises(GuaranteeError, match="passphrase is another one"):
        HEClient.load(path, "wrong")
    with pytest.raises(InvalidParameterError, match="is not overwritten"):
        client.save(path, "x")
    client.save(path, "x", overwrite=True)
    HEClient.load(path, "x")


def test_no_octet_of_a_key_file_can_change(parties, tmp_path):
    client, _ = parties
    path = tmp_path / "client.key"
    sealed = client.save(path, "x") and path.read_bytes()
    for position in (*range(0, 60, 5), len(sealed) // 2, len(sealed) - 1):
        damaged = bytearray(sealed)
        damaged[position] ^= 0x01
        path.write_bytes(damaged)
        with pytest.raises(GuaranteeError, match="Nothing was read"):
            HEClient.load(path, "x")


def test_a_retired_key_and_no_key_are_not_saved(iris_predictor, tmp_path):
    client, _ = iris_predictor.split()
    with pytest.raises(GuaranteeError, match="no key"):
        client.save(tmp_path / "x", "x")
    assert not (tmp_path / "x").exists()
