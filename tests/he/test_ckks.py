import sys
import types

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from sklearn_private.exceptions import (
    GuaranteeError,
    InvalidParameterError,
    MissingDependencyError,
)
from sklearn_private.he import HEClient, HEPredictor, HEServer
from sklearn_private.he.programs import IntegerMap
from sklearn_private.he.protocol import Layout

seal = pytest.importorskip("tenseal.sealapi")

from sklearn_private.he.schemes.seal import _seal  # noqa: E402
from sklearn_private.he.schemes.seal._ckks_affine import CKKSAffine, ring_error  # noqa: E402


def layout_of(program, **settings):
    return Layout(
        scheme="ckks",
        program="affine",
        security_bits=128,
        n_features=program.n_columns,
        n_outputs=program.n_outputs,
        levels=program.levels,
        settings=settings or CKKSAffine.settings(program, 128),
    )


@pytest.fixture(scope="module")
def predictor(iris):
    return HEPredictor(LogisticRegression(max_iter=500), "ckks", bounds=(0, 10)).fit(*iris)


@pytest.fixture
def parties(predictor):
    client, server = predictor.split()
    return client.keygen(), server


@pytest.mark.parametrize("security_bits", [128, 192, 256])
def test_decisions_equal_those_of_scikit_learn_on_every_encrypted_row(
    security_bits, cancer, cancer_model
):
    X, y = cancer
    ours = HEPredictor(cancer_model, "ckks", security_bits=security_bits).fit(X, y)
    client, server = ours.split()
    response = server.evaluate(client.keygen().public_bundle(), client.encrypt(X))
    errors = np.abs(client.decrypt(response) - cancer_model.decision_function(X))
    assert errors.max() <= ours.score_error_bound_[0] <= 1e-3
    np.testing.assert_array_equal(client.predict(response), cancer_model.predict(X))


def hard_programs():
    rng = np.random.default_rng(0)
    for bits, n_columns in ((19, 3), (12, 40), (24, 2)):
        levels = 2**bits - 1
        weights = rng.integers(-(2**18), 2**18, size=(2, n_columns))
        yield IntegerMap(weights, rng.integers(-(2**40), 2**40, size=2), levels)
        yield IntegerMap(np.full((1, n_columns), 2**18), np.array([0]), levels)


@pytest.mark.parametrize(
    "program", list(hard_programs()), ids=lambda p: f"{p.weights.shape}-{p.levels}"
)
def test_scores_are_within_the_proven_error_of_the_whole_numbers(program):
    scheme = CKKSAffine(layout_of(program))
    key, rng = scheme.keygen(), np.random.default_rng(1)
    n_rows = scheme.rows_per_block + 3  # two blocks
    rows = rng.integers(0, program.levels + 1, size=(n_rows, program.n_columns))
    rows[0], rows[-1] = 0, program.levels  # corners of the range
    rows[1] = np.where(program.weights[0] > 0, program.levels, 0)
    answers = scheme.evaluate(key.public, scheme.encrypt(key, rows), n_rows, program)
    errors = np.abs(scheme.decrypt(key, answers, n_rows) - program(rows)).max(axis=0)
    bound = scheme.error(program)
    assert (errors <= bound).all()
    assert (errors > bound / 1_000).all()  # the bound is of the right order
    wrong = ring_error(program, scheme.degree, scheme.scale_bits + 10)
    assert (errors > wrong).all()  # and a scale that is not there is found out


def test_the_table_of_rings_is_that_of_seal():
    for security_bits, rows in _seal.LARGEST_MODULUS.items():
        level = getattr(seal.SEC_LEVEL_TYPE, f"TC{security_bits}")
        for degree, bits in rows.items():
            assert seal.CoeffModulus.MaxBitCount(degree, level) == bits


@pytest.mark.parametrize(
    "settings",
    [
        {"degree": 1024, "modulus_bits": 54, "scale_bits": 11},  # 27 bits are allowed
        {"degree": 2048, "modulus_bits": 55, "scale_bits": 11},
        {"degree": 2000, "modulus_bits": 54, "scale_bits": 11},
        {"degree": 65536, "modulus_bits": 60, "scale_bits": 11},
        {"degree": 4096, "modulus_bits": 61, "scale_bits": 11},
        {"degree": 4096, "modulus_bits": 60, "scale_bits": 60},
        {"degree": 4096, "modulus_bits": 60},
        {"degree": 4096, "modulus_bits": 60, "scale_bits": 11, "seed": 1},
    ],
    ids=repr,
)
def test_a_message_cannot_ask_for_a_ring_below_its_security_level(settings, predictor):
    client, _ = predictor.split()
    layout = {**client.layout.to_dict(), "settings": settings}
    with pytest.raises(GuaranteeError, match="Nothing was"):
        HEClient("model", Layout.from_dict(layout), client.map, client.readout, client.server)


def test_a_server_whose_sums_could_wrap_around_is_not_read(predictor):
    _, server = predictor.split()
    heavy = IntegerMap(server.program.weights * 8, server.program.constants, server.program.levels)
    with pytest.raises(GuaranteeError, match="could leave their slots"):
        HEServer.from_bytes(HEServer("m", server.layout, heavy, server._signer).to_bytes())


def test_messages_have_one_size_whatever_the_values_and_the_randomness(parties):
    client, server = parties
    rows = [np.full((3, 4), value) for value in (0.0, 1e-300, 1 / 3, 10.0) for _ in range(3)]
    requests = [client.encrypt(X) for X in rows]
    assert len({len(request) for request in requests}) == 1
    assert len(set(requests)) == len(requests)
    answers = {len(server.evaluate(client.public_bundle(), r)) for r in requests}
    assert len(answers) == 1


def test_octets_that_are_no_ciphertext_are_refused(parties):
    client, server = parties
    scheme, key = client._scheme, client._key
    good = scheme.encrypt(key, np.full((1, 4), 5))
    width = len(good) // 4
    plaintext = seal.Plaintext()
    scheme._encoder.encode([1.0], 2.0 ** (scheme.scale_bits - 1), plaintext)
    other_scale = _seal.pad(key.encrypt(plaintext), width)
    bad = {
        "zeros": bytes(width),
        "random": np.random.default_rng(0).bytes(width),
        "long": (width).to_bytes(4, "big") + good[4:width],
        "cut": (100).to_bytes(4, "big") + good[4:104] + bytes(width - 104),
        "trailing": good[: width - 1] + b"\1",
        "another scale": other_scale,
    }
    for octets in bad.values():
        with pytest.raises(GuaranteeError, match="no ciphertext"):
            scheme.evaluate(key.public, octets + good[width:], 1, server.program)
    ignored = {10, 11}  # reserved octets of SEAL's header; past 80 there are coefficients
    for position in sorted(set(range(80)) - ignored):
        damaged = bytearray(good)
        damaged[position] ^= 0xFF
        with pytest.raises(GuaranteeError, match="no ciphertext"):
            scheme.evaluate(key.public, bytes(damaged), 1, server.program)


def test_a_bundle_holds_a_random_name_and_the_key_stays_with_its_owner(parties, tmp_path):
    client, server = parties
    assert len(client._key.public.to_bytes()) == 16
    with pytest.raises(GuaranteeError, match="no name of a key"):
        client._scheme.read_public_key(bytes(17))
    with pytest.raises(GuaranteeError, match="never pickled"):
        client._key.__reduce__()
    other = client.keygen()._key
    assert other.public.fingerprint != server._scheme.keygen().public.fingerprint


def test_a_key_survives_in_a_sealed_file(parties, iris, tmp_path):
    client, server = parties
    request = client.encrypt(iris[0][:3])
    client.save(tmp_path / "key", "x")
    secret = client._key.to_bytes()
    assert secret[16:] not in (tmp_path / "key").read_bytes()
    twin = HEClient.load(tmp_path / "key", "x")
    assert twin._key.to_bytes() == secret
    np.testing.assert_array_equal(
        twin.predict(server.evaluate(twin.public_bundle(), request)), [0, 0, 0]
    )


def test_a_key_of_other_parameters_is_refused(parties, predictor, iris):
    client, _ = parties
    stronger, _ = clone(predictor).set_params(security_bits=256).fit(*iris).split()
    for key in (stronger.keygen()._key, "key"):
        with pytest.raises(InvalidParameterError, match="must be a key of this scheme"):
            client.keygen(key)
    assert client.keygen(client._key)._key is not None


def test_a_score_without_weights_is_refused_with_the_way_out():
    X = np.arange(20.0)[:, None]
    with pytest.raises(InvalidParameterError, match="Use scheme='paillier'"):
        HEPredictor(LinearRegression(), "ckks").fit(X, np.full(20, 3.0))


def test_scores_that_fit_no_ring_are_refused_with_the_way_out(iris):
    X = iris[0]
    wide = HEPredictor(Ridge(), "ckks", precision_bits=24, weight_bits=30, bounds=(-100, 100))
    with pytest.raises(InvalidParameterError, match=r"Lower\s+the precision_bits or weight_bits"):
        wide.fit(np.tile(X, 40), X @ np.ones(4))


def test_the_statement_names_the_ring_and_what_ckks_leaks(predictor):
    statement = predictor.privacy_statement_
    assert (statement.scheme, statement.security_bits) == ("ckks", 128)
    assert statement.parameters["ring_degree"] in (2048, 4096)
    text = " ".join(repr(statement).split())
    for words in ("ring learning with errors", "Li and Micciancio", "noise depends on the weights"):
        assert words in text


def test_a_missing_tenseal_is_named(iris, monkeypatch):
    monkeypatch.setitem(sys.modules, "tenseal", types.ModuleType("tenseal"))
    monkeypatch.setitem(sys.modules, "tenseal.sealapi", None)
    _seal.context.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"sklearn-private\[he\]"):
        HEPredictor(LogisticRegression(max_iter=500), "ckks", bounds=(0, 10)).fit(*iris)
