"""A public lattice: the multiples of a power of two, on which sums are exact.

Noise hides a value only if the released float depends on nothing but their sum. Float noise added
in float arithmetic fails: its low bits betray the value [1]_. A float sum of rows depends on their
order, and can change by more than one row when one row changes [2]_. Both are cured on a lattice
that is chosen without looking at the data.

* A row of d coordinates is rounded to integers, by at most step/2 a coordinate, and integers are
  added, which is exact and has no order. A row of L2 norm at most B becomes one of norm at most B +
  step sqrt(d) / 2, so the sum moves by at most 2 B + step sqrt(d) if a row is replaced, and by B +
  step sqrt(d) / 2 if one is added or removed. (In L1 norm, read d for sqrt(d).)
* Noise is added to a value that was rounded to the lattice. That moves two neighbouring values by
  at most step/2 a coordinate each, so a sensitivity grows by at most step sqrt(d) (L1: step d).
  Both addends are multiples of the step, so float addition, being correctly rounded, returns the
  float nearest to their exact sum: a function of that sum alone, whatever its size.

.. [1] I. Mironov, "On significance of the least significant bits for differential privacy",
   CCS 2012.
.. [2] S. Casacuberta, M. Shoemate, S. Vadhan, C. Wagaman, "Widespread underestimation of
   sensitivity in differentially private libraries and how to fix it", CCS 2022.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from .._checks import Checks
from ..exceptions import RangeError
from ._arguments import finite

SMALLEST_STEP, LARGEST_STEP = 2.0**-960, 2.0**900


@dataclass(frozen=True)
class Lattice:
    """Round, add and release on the multiples of ``step``.

    Parameters
    ----------
    step : float
        A power of two between 2^-960 and 2^900, chosen without looking at the data. Smaller is
        finer and leaves less room: an integer must stay below 2^62.

    See Also
    --------
    gaussian, laplace : Choose their lattice themselves.

    Notes
    -----
    **Protects** nothing by itself: it makes the sensitivity of a sum what the proof says.
    **Against** whoever reads the low bits of a released float.
    **Leaks** the step.
    **Assumes** rows were clipped before they are rounded.

    Examples
    --------
    >>> from sklearn_private.mechanisms import Lattice
    >>> lattice = Lattice(2**-20)
    >>> total = lattice.sum([[0.1], [0.2], [0.3]])
    >>> int(total[0]), float(lattice.to_float(total)[0])
    (629146, 0.6000003814697266)
    """

    step: float

    def __post_init__(self):
        check = Checks(self)
        check.real("step", at_least=SMALLEST_STEP, at_most=LARGEST_STEP)
        if math.frexp(self.step)[0] != 0.5:
            raise check.invalid("step", "a power of two")
        object.__setattr__(self, "step", float(self.step))

    @classmethod
    def finer_than(cls, length: float) -> Self:
        """Return the coarsest lattice whose step is at most ``length``.

        Parameters
        ----------
        length : float
            Above 0, and public.

        Returns
        -------
        Lattice
            Its step lies in (length/2, length].

        Raises
        ------
        RangeError
            If that step is outside [2^-960, 2^900].

        Examples
        --------
        >>> from sklearn_private.mechanisms import Lattice
        >>> Lattice.finer_than(0.3)
        Lattice(step=0.25)
        """
        if not SMALLEST_STEP <= length < 2 * LARGEST_STEP:
            raise RangeError.unreleased(
                f"A lattice for steps of {length!r} leaves the range of float64.",
                "Rescale the values, with their sensitivity.",
            )
        return cls(math.ldexp(0.5, math.frexp(length)[1]))

    def round(self, x: ArrayLike) -> np.ndarray:
        """Return x in lattice units, each coordinate rounded to the nearest (half to even).

        Parameters
        ----------
        x : array_like of float
            Clipped rows, or anything below 2^62 steps in magnitude.

        Returns
        -------
        ndarray of int64
            Of the shape of x.

        Raises
        ------
        RangeError
            If an element is too large. Clip to a public bound, so that this tells nothing.
        """
        x = finite("Lattice.round", "x", x)
        if (np.abs(x) >= 2.0**62 * self.step).any():
            raise RangeError.unreleased(
                f"A value of 2**62 steps of {self.step!r} or more does not fit the lattice.",
                "Clip to a public bound, or choose a coarser step.",
            )
        return np.rint(x / self.step).astype(np.int64)

    def sum(self, rows: ArrayLike, axis: int | tuple[int, ...] | None = 0) -> np.ndarray:
        """Return the exact sum of the rounded rows, in lattice units, in any order of theirs.

        Parameters
        ----------
        rows : array_like of float
            Clipped rows.
        axis : int, tuple of int or None, default=0
            The axis that is summed over.

        Returns
        -------
        ndarray of int64
            The sums; `to_float` gives them their unit.

        Raises
        ------
        RangeError
            If the number of rows times the largest element might overflow int64.
        """
        units = self.round(rows)
        total = units.sum(axis=axis)
        n_terms = units.size // max(total.size, 1)
        if n_terms * int(np.abs(units).max(initial=0)) >= 2**63:
            raise RangeError.unreleased(
                f"A sum of {n_terms} rows with steps of {self.step!r} might overflow int64.",
                "Clip to a smaller public bound, or choose a coarser step.",
            )
        return total

    def to_float(self, units: ArrayLike) -> np.ndarray:
        """Return step·units in float64, correctly rounded (exact below 2^53 units).

        Parameters
        ----------
        units : array_like of int
            What `round` or `sum` returned.

        Returns
        -------
        ndarray of float64
            Of the same shape.
        """
        return np.asarray(units) * self.step

    def snap(self, value: np.ndarray) -> np.ndarray:
        """Return the multiple of the step that is nearest to each element, in float64, exactly.

        Parameters
        ----------
        value : ndarray of float64
            Finite numbers of any size. From 2^53 steps on a float64 is a multiple already.

        Returns
        -------
        ndarray of float64
            Of the same shape.
        """
        with np.errstate(over="ignore"):
            return np.where(
                np.abs(value) < 2.0**53 * self.step, np.rint(value / self.step) * self.step, value
            )

    def add(self, value: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Round ``value`` to the lattice and add integers: the float64 next to the exact sum.

        It depends on value/step + units alone, a sum of integers; a zero is always positive.

        Parameters
        ----------
        value : ndarray of float64
            Finite numbers of any size.
        units : ndarray of int64
            Noise in lattice units, of the same shape.

        Returns
        -------
        ndarray of float64
            Multiples of the step, of the same shape.
        """
        snapped = self.snap(value)
        # Noise stays below 2^963, less than half of the last place of the largest float.
        total = np.asarray(snapped + units * self.step)
        for i in map(tuple, np.argwhere(np.abs(units) > 2**53)):
            # These integers are no float64, so the sum is formed exactly and rounded once.
            total[i] = float(Fraction(snapped[i]) + int(units[i]) * Fraction(self.step))
        return total
