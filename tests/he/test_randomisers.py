import math

import pytest
from phe import paillier

from sklearn_private.he.schemes.paillier import _randomisers
from sklearn_private.he.schemes.paillier._paillier_keys import PublicKey, SecretKey
from sklearn_private.he.schemes.paillier._randomisers import FEWEST, RandomiserTables


@pytest.fixture(scope="module")
def key():
    """A key that is small, so that its group can be listed."""
    return SecretKey(11, 23)


@pytest.mark.parametrize("n_answers", [1, FEWEST, 10_000])
def test_draws_are_ciphertexts_of_zero(n_answers, private_key):
    key = SecretKey.of(private_key)
    draw = RandomiserTables().of(key.public, n_answers)
    powers = [draw() for _ in range(3)]
    assert len(set(powers)) == 3
    assert [key.decrypt(c) for c in powers] == [0, 0, 0]


def test_draws_from_a_table_cover_the_group_of_their_base_evenly(key):
    n, order, seen = 253, 110, [0]  # lcm(10, 22)
    while any(math.gcd(x, n) > 1 for x in seen):  # n is so small that a factor is drawn at times
        draw = RandomiserTables().of(key.public, 10_000)
        seen = [int(draw()) for _ in range(6_000)]
    groups = ({pow(base, a, n * n) for a in range(order)} for base in set(seen))
    group = max(groups, key=len)
    assert set(seen) == group
    counts = [seen.count(x) for x in group]
    expected = len(seen) / len(group)
    chi2 = sum((c - expected) ** 2 / expected for c in counts)
    assert chi2 < len(group) + 6 * (2 * len(group)) ** 0.5


def test_a_table_grows_with_the_work_and_stays_within_its_limit(monkeypatch, private_key):
    key = SecretKey.of(private_key).public
    tables = RandomiserTables()
    assert tables.of(key, FEWEST - 1) == key.nth_power  # no table yet
    tables.of(key, 1)
    small = tables._tables[key.n][1].window
    tables.of(key, 100_000)
    assert tables._tables[key.n][1].window > small
    monkeypatch.setattr(_randomisers, "LARGEST_TABLE", 1 << 22)
    limited = RandomiserTables()
    limited.of(key, 100_000)
    table = limited._tables[key.n][1]._table
    assert sum(len(row) for row in table) * key.width <= 1 << 22


def test_a_key_in_use_stays_and_the_oldest_is_forgotten():
    keys = [
        paillier.generate_paillier_keypair(n_length=64)[0] for _ in range(_randomisers.MOST_TABLES)
    ]
    tables = RandomiserTables()
    public = [PublicKey(k.n) for k in keys]
    for k in public:
        tables.of(k, 1)
    tables.of(public[0], 1)
    tables.of(PublicKey(3 * 5), 1)
    assert public[0].n in tables._tables
    assert public[1].n not in tables._tables
