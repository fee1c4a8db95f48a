import json
import pickle

import pytest

from conftest import VECTORS
from sklearn_private.exceptions import GuaranteeError
from sklearn_private.he.schemes.paillier import _paillier_keys
from sklearn_private.he.schemes.paillier._paillier_keys import PublicKey, SecretKey

CASES = json.loads((VECTORS / "paillier.json").read_text())


def numbers(case, *names):
    return tuple(int(case[name], 16) for name in names)


@pytest.fixture(scope="module")
def key(private_key):
    return SecretKey.of(private_key)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["source"])
def test_a_vector_decrypts_to_its_plaintext(case):
    p, q, plaintext, ciphertext = numbers(case, "p", "q", "plaintext", "ciphertext")
    assert SecretKey(p, q).decrypt(ciphertext) == plaintext


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["source"])
def test_a_vector_is_reproduced_from_its_randomness(case, monkeypatch):
    p, q, plaintext, r, ciphertext = numbers(case, "p", "q", "plaintext", "r", "ciphertext")
    public = PublicKey(p * q)
    monkeypatch.setattr(_paillier_keys.secrets, "randbelow", lambda _: r - 1)
    assert public.rerandomise(public.shift(1, plaintext), public.nth_power()) == ciphertext


@pytest.mark.parametrize("plaintext", [0, 1, 2**2000 + 12345])
def test_phe_decrypts_our_ciphertexts_and_we_its_ones(key, private_key, plaintext):
    (ours,) = key.encrypt([plaintext])
    assert private_key.raw_decrypt(int(ours)) == plaintext
    assert key.decrypt(private_key.public_key.raw_encrypt(plaintext)) == plaintext


def test_a_plaintext_has_other_ciphertexts_each_time(key):
    assert len(set(key.encrypt([7] * 20))) == 20
    (ciphertext,) = key.encrypt([7])
    again = key.public.rerandomise(ciphertext, key.public.nth_power())
    assert again != ciphertext
    assert key.decrypt(again) == 7


def test_products_and_shifts_of_ciphertexts_add_plaintexts(key):
    a, b = key.encrypt([40, 2])
    assert key.decrypt(a * b % key.public.n_squared) == 42
    assert key.decrypt(key.public.shift(a, 5)) == 45


@pytest.mark.parametrize(("power", "reaches_all"), [(1, True), (2, False)])
def test_uniform_exponents_make_each_residue_once(power, reaches_all, monkeypatch):
    p, q = 103, 127
    generator = _paillier_keys._generator
    monkeypatch.setattr(_paillier_keys, "_generator", lambda prime: generator(prime) ** power)
    half = SecretKey(p, q)._halves[0]
    half.prepare(1)
    exponents = iter(range(p - 1))
    monkeypatch.setattr(_paillier_keys.secrets, "randbelow", lambda _: next(exponents))
    drawn = sorted(half.encrypt(0) for _ in range(p - 1))
    assert (drawn == sorted(pow(t, p, p * p) for t in range(1, p))) is reaches_all


@pytest.mark.parametrize("prime", [103, 127, 2_147_483_647])
def test_the_base_of_the_randomisers_generates(prime):
    order = prime - 1
    factors = [f for f in _paillier_keys._primes_below(1 << 16) if order % f == 0]
    for _ in range(50):
        base = _paillier_keys._generator(prime)
        assert all(pow(int(base), order // f, prime) != 1 for f in factors)


def test_only_ciphertexts_are_read(key):
    public = key.public
    good = public.write(key.encrypt([3, 4]))
    assert [key.decrypt(c) for c in public.read(good)] == [3, 4]
    multiple_of_p = key._halves[0].prime * 12345
    for bad in (0, public.n_squared, public.n_squared + 1, public.n, multiple_of_p):
        with pytest.raises(GuaranteeError, match="no Paillier ciphertext"):
            public.read(good + public.write([bad]))


def test_a_secret_key_is_neither_pickled_nor_printed(key, private_key):
    with pytest.raises(GuaranteeError, match="never pickled"):
        pickle.dumps(key)
    assert str(private_key.p) not in repr(key)
    assert f"{private_key.p:x}" not in repr(key)
