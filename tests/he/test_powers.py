import importlib.util
import sys
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.he.schemes.paillier import _numbers
from sklearn_private.he.schemes.paillier._powers import FixedBase, PowerProduct

PRIME = 2**127 - 1


@given(exponent=st.integers(0, 2**64 - 1), window=st.integers(1, 8))
def test_a_table_gives_the_powers_of_its_base(exponent, window):
    assert FixedBase(3, PRIME, 64, window).power(exponent) == pow(3, exponent, PRIME)


def test_larger_requests_are_worth_larger_tables():
    windows = [FixedBase.best_window(n) for n in (1, 30, 100, 1_000, 100_000)]
    assert windows == sorted(windows)
    assert windows[0] < windows[-1] == 8


@given(st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=6))
def test_a_product_of_powers_takes_exponents_of_either_sign(exponents):
    bases = [3, 5, 7, 11, 13, 17][: len(exponents)]
    expected = prod(pow(b, e, PRIME) for b, e in zip(bases, exponents, strict=True)) % PRIME
    assert PowerProduct(exponents)(bases, PRIME) == expected


def test_python_integers_stand_in_for_gmp(monkeypatch):
    monkeypatch.setitem(sys.modules, "gmpy2", None)
    spec = importlib.util.spec_from_file_location("numbers_without_gmp", _numbers.__file__)
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    assert plain.whole is int
    assert _numbers.whole is not int
    for module in (plain, _numbers):
        assert module.powmod(module.whole(3), 1 << 70, PRIME) == pow(3, 1 << 70, PRIME)
        assert module.invert(module.whole(3), PRIME) * 3 % PRIME == 1
        assert module.gcd(module.whole(12), 18) == 6
