"""Powers modulo a number: many of one base, and one product of powers of many bases."""

from collections.abc import Sequence
from typing import Any

from ._numbers import invert, whole


class FixedBase:
    """Powers of one base from a table (Brickell, Gordon, McCurley and Wilson 1992).

    With the exponent in base ``2**window`` the power is a product of one table entry per digit:
    ``bits / window`` multiplications and no squaring.

    Parameters
    ----------
    base, modulus : int
        The base and the modulus.
    bits : int
        Exponents are below ``2**bits``.
    window : int
        Bits of a digit. The table has ``2**window`` entries for each of them.
    """

    def __init__(self, base: int, modulus: int, bits: int, window: int):
        self.window = window
        self._modulus, self._mask = whole(modulus), (1 << window) - 1
        self._table, power = [], whole(base)
        for _ in range(-(-bits // window)):
            row = [whole(1)]
            for _ in range(self._mask):
                row.append(row[-1] * power % self._modulus)
            self._table.append(row)
            power = row[-1] * power % self._modulus

    @staticmethod
    def best_window(n_powers: Any) -> Any:
        """Return the window that makes the table and ``n_powers`` powers the cheapest."""
        return min(range(2, 9), key=lambda w: (2**w - 1 + n_powers) / w)

    def power(self, exponent: Any) -> Any:
        """Return ``base ** exponent % modulus``."""
        result, modulus, mask, window = whole(1), self._modulus, self._mask, self.window
        for row in self._table:
            digit = exponent & mask
            if digit:
                result = result * row[digit] % modulus
            exponent >>= window
        return result


class PowerProduct:
    """Products ``prod_j bases[j] ** exponents[j]`` for fixed signed exponents.

    The exponents are written in non-adjacent form, in which a third of the digits differ from
    zero, and share their squarings (Möller 2001, interleaving). Digits 1 and -1 go to two
    accumulators, so that one inversion serves all negative digits.

    Parameters
    ----------
    exponents : sequence of int
        The exponents, of either sign.
    """

    def __init__(self, exponents: Sequence[int]):
        digits = [_non_adjacent_form(exponent) for exponent in exponents]
        self._columns = [
            tuple(
                [j for j, row in enumerate(digits) if position < len(row) and row[position] == sign]
                for sign in (1, -1)
            )
            for position in reversed(range(max(map(len, digits), default=0)))
        ]

    def __call__(self, bases, modulus):
        """Return the product modulo ``modulus``; the bases must be invertible."""
        numerator = denominator = whole(1)
        for plus, minus in self._columns:
            numerator = numerator * numerator % modulus
            denominator = denominator * denominator % modulus
            for j in plus:
                numerator = numerator * bases[j] % modulus
            for j in minus:
                denominator = denominator * bases[j] % modulus
        return numerator * invert(denominator, modulus) % modulus


def _non_adjacent_form(value):
    """Return digits -1, 0 and 1, the lowest first, of which no two neighbours both count."""
    digits = []
    while value:
        digit = 2 - value % 4 if value % 2 else 0
        digits.append(digit)
        value = (value - digit) // 2
    return digits
