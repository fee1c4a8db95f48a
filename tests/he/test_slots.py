import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.he.schemes.paillier._slots import constant, pack, unpack


@st.composite
def slot_tables(draw):
    bits = draw(st.integers(1, 62))
    n_slots, n_plaintexts = draw(st.integers(1, 20)), draw(st.integers(1, 3))
    row = st.lists(st.integers(0, 2**bits - 1), min_size=n_slots, max_size=n_slots)
    rows = draw(st.lists(row, min_size=n_plaintexts, max_size=n_plaintexts))
    return np.array(rows, dtype=np.int64), bits


@given(slot_tables())
def test_unpack_inverts_pack(table):
    values, bits = table
    np.testing.assert_array_equal(unpack(pack(values, bits), values.shape[1], bits), values)


@given(slot_tables())
def test_slot_r_has_weight_two_to_the_r_slot_bits(table):
    values, bits = table
    expected = [sum(v << (r * bits) for r, v in enumerate(row)) for row in values.tolist()]
    assert pack(values, bits) == expected


def test_sums_and_products_act_on_each_slot_alone():
    values = np.array([[1, 2, 3], [10, 20, 30]])
    a, b = pack(values, 16)
    plaintext = 7 * a + 3 * b + constant(5, 3, 16)
    np.testing.assert_array_equal(unpack([plaintext], 3, 16), [[42, 79, 116]])


@pytest.mark.parametrize(("value", "neighbour"), [(255, 1), (256, 2)])
def test_a_sum_beyond_its_slot_changes_the_next_row(value, neighbour):
    (plaintext,) = pack(np.array([[value - 1, 1]]), 16)
    plaintext = (plaintext & 0xFF) | (plaintext >> 8)  # the same numbers in slots of 8 bits
    assert unpack([plaintext + 1], 2, 8)[0, 1] == neighbour
