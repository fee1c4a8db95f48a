"""Fresh randomness for the answers of a server, from a table for each key.

A ciphertext is re-randomised by r**n modulo n**2 for a uniform r. Drawing r and raising it to n
costs more than the whole evaluation, so a server that answers much draws w = r**n once and then
takes powers w**a from a table, with a uniform below 2**(|n| + 128). The order of w is below 2**|n|,
so w**a is within 2**-128 of uniform in the group that w generates. That group is not all of the
n-th powers: these are a product of two cyclic groups of orders p - 1 and q - 1, of which one
element reaches an index of at least gcd(p - 1, q - 1), mostly a small number. The owner of the key,
who knows p and q, can tell the coset of an answer and so learns the weights modulo that small
number. It learns the weights anyway, from as many scores as there are columns, plus one.

A key that asks for few answers gets exact r**n. Tables are bounded in size and in number, since
the modulus comes from the client.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ._powers import FixedBase

STATISTICAL_BITS = 128
"""Exponents are this much longer than the order of the group."""

FEWEST = 8
"""Below so many answers in all, a table costs more than it saves."""

MOST_TABLES = 4
LARGEST_TABLE = 1 << 25  # octets


class RandomiserTables:
    """Tables of the keys that were seen last."""

    def __init__(self):
        self._tables, self._lock = OrderedDict(), threading.Lock()

    def __len__(self):
        return len(self._tables)

    def clear(self) -> None:
        """Forget all tables."""
        with self._lock:
            self._tables.clear()

    def of(self, key: Any, n_answers: int) -> Callable[..., Any]:
        """Return a function without arguments that draws one n-th power after another.

        Parameters
        ----------
        key : PublicKey
            Whose ciphertexts are to be re-randomised.
        n_answers : int
            How many draws are to come.

        Returns
        -------
        callable
        """
        with self._lock:
            n_drawn, table = self._tables.pop(key.n, (0, None))
        n_drawn += n_answers
        if n_drawn >= FEWEST:
            table = _widened(table, key, n_drawn)
        with self._lock:
            self._tables[key.n] = n_drawn, table
            while len(self._tables) > MOST_TABLES:
                self._tables.popitem(last=False)
        if table is None:
            return key.nth_power
        bits = key.bits + STATISTICAL_BITS
        return lambda: table.power(secrets.randbits(bits))


def _widened(table, key, n_powers):
    """Return the table that is the cheapest for so many powers, within its limit."""
    bits = key.bits + STATISTICAL_BITS
    window = FixedBase.best_window(n_powers)
    while window > 1 and (bits // window + 1) * 2**window * key.width > LARGEST_TABLE:
        window -= 1
    if table is not None and table.window >= window:
        return table
    return FixedBase(key.nth_power(), key.n_squared, bits, window)
