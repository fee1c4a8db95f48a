"""What a class of people may say about a sensitive value: l-diversity and its relatives.

k-anonymity hides which row is a person's. It does not hide what all rows of a class have in common
(homogeneity), nor what they nearly have. These constraints do, each in its own measure
(:mod:`._disclosure`). They are judged on people per sensitive value, class by class.

All of them have one property: where two classes hold one, so does their union. Hence a table that
breaks a constraint as one single class has no partition that holds it, and ``check`` raises. And
the constraints read the sensitive column: whoever knows that a class was kept large because of one
may reason backwards (minimality [1]_).

An own constraint is any object with the three methods ``check``, ``holds`` and ``describe``.

.. [1] R. Wong et al., "Minimality attack in privacy preserving data publishing", VLDB 2007.
"""

from dataclasses import MISSING, dataclass, fields

import numpy as np

from ..._checks import Checks
from ...exceptions import InvalidParameterError
from . import _disclosure

_LOGARITHMS = 1 - 1e-12  # sums of logarithms are rounded by less than this share


class _Constraint:
    """What the constraints share; each of them adds ``_keeps`` and ``describe``."""

    def __repr__(self):
        shown = [
            f"{field.name}={value!r}"
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default or field.default is MISSING
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def check(self, sensitive):
        """Refuse a sensitive column for which no partition holds this.

        Parameters
        ----------
        sensitive : Sensitive
            The column.

        Raises
        ------
        InvalidParameterError
            If the whole table as one class breaks the constraint, or the constraint needs an
            order or a hierarchy that the column has not.
        """
        if not self.holds(sensitive.counts, sensitive):
            raise InvalidParameterError.unreleased(
                f"{self!r} cannot hold: the whole table breaks {self.describe()} of "
                f"{sensitive.name!r} ({len(sensitive.values)} distinct values), and so does at "
                "least one class of every partition.",
                "Loosen the constraint.",
            )

    def holds(self, counts, sensitive):
        """Tell which classes hold the constraint.

        Parameters
        ----------
        counts : ndarray of int of shape (..., n_values)
            People per sensitive value of each class.
        sensitive : Sensitive
            The column in the whole table.

        Returns
        -------
        ndarray of bool of shape (...)
            An empty class holds every constraint.
        """
        counts = np.asarray(counts)
        return self._keeps(counts, sensitive) | ~counts.any(axis=-1)


@dataclass(frozen=True, repr=False)
class LDiversity(_Constraint):
    """Ask for l well represented sensitive values in each class.

    Parameters
    ----------
    l : int, or float for ``kind="entropy"``
        How many values. Larger protects more.
    kind : {"distinct", "entropy", "recursive"}, default="distinct"
        What counts as well represented. ``"distinct"``: at least ``l`` different values.
        ``"entropy"``: an entropy of at least log(``l``). ``"recursive"``: the most frequent value
        has fewer people than ``c`` times the ``l``-th, the next and so on together, by definition
        a strict inequality.
    c : float, default=None
        For ``"recursive"`` only. Smaller protects more.

    Notes
    -----
    A class exactly at the bound holds the first two kinds; entropies are compared to within a
    relative 1e-12. Distinct l-diversity allows a value that nearly everyone in a class has.

    References
    ----------
    A. Machanavajjhala, D. Kifer, J. Gehrke, M. Venkitasubramaniam, "l-diversity: privacy beyond
    k-anonymity", ACM TKDD 2007, definitions 4.1 and 4.2; distinct l-diversity: section 4.

    Examples
    --------
    >>> from sklearn_private.anonymization import LDiversity
    >>> LDiversity(3)
    LDiversity(l=3)
    >>> LDiversity(2, kind="recursive", c=1.5).describe()
    'recursive (1.5, 2)-diversity'
    """

    l: float
    kind: str = "distinct"
    c: float | None = None

    def __post_init__(self):
        """Refuse parameters that have no meaning."""
        check = Checks(self)
        check.choice("kind", among=("distinct", "entropy", "recursive"))
        if self.kind == "entropy":
            check.real("l", above=1)
        else:
            check.integer("l", at_least=2)
        if self.kind == "recursive":
            check.real("c", above=0)
        elif self.c is not None:
            raise check.invalid("c", f"None with kind={self.kind!r}")

    def describe(self) -> str:
        """Return the constraint in words."""
        if self.kind == "recursive":
            return f"recursive ({self.c:g}, {self.l:g})-diversity"
        return f"{self.kind} {self.l:g}-diversity"

    def _keeps(self, counts, sensitive):
        del sensitive  # the table as a whole plays no part
        return _DIVERSE[self.kind](counts, self.l, self.c)


_DIVERSE = {
    "distinct": lambda counts, l, c: _disclosure.distinct_l(counts) >= l,
    "entropy": lambda counts, l, c: _disclosure.entropy_l(counts) >= l * _LOGARITHMS,
    "recursive": lambda counts, l, c: _disclosure.recursive_c(counts, l) < c,
}


@dataclass(frozen=True, repr=False)
class TCloseness(_Constraint):
    """Ask that the sensitive values of each class are spread as in the whole table.

    Parameters
    ----------
    t : float
        Greatest earth mover's distance, from 0 to 1. Smaller protects more.
    distance : {"equal", "ordered", "hierarchical"}, default="equal"
        How far two values lie apart. ``"equal"``: any two of them 1. ``"ordered"`` (numbers and
        times): in ranks, the least and the greatest 1. ``"hierarchical"``: the height of their
        lowest common ancestor in the hierarchy of the column, the root 1.

    Notes
    -----
    A class exactly at the bound holds it.

    References
    ----------
    N. Li, T. Li, S. Venkatasubramanian, "t-closeness: privacy beyond k-anonymity and
    l-diversity", ICDE 2007.

    Examples
    --------
    >>> from sklearn_private.anonymization import TCloseness
    >>> TCloseness(0.4).describe()
    '0.4-closeness (equal distance)'
    """

    t: float
    distance: str = "equal"

    def __post_init__(self):
        """Refuse parameters that have no meaning."""
        check = Checks(self)
        check.real("t", at_least=0, at_most=1)
        check.choice("distance", among=("equal", "ordered", "hierarchical"))

    def describe(self) -> str:
        """Return the constraint in words."""
        return f"{self.t:g}-closeness ({self.distance} distance)"

    def _keeps(self, counts, sensitive):
        return DISTANCES[self.distance](counts, sensitive) <= self.t


def _ordered(counts, sensitive):
    sensitive.refuse_without_order()
    return _disclosure.ordered_distance(counts, sensitive.counts)


DISTANCES = {
    "equal": lambda counts, s: _disclosure.equal_distance(counts, s.counts),
    "ordered": _ordered,
    "hierarchical": lambda counts, s: _disclosure.hierarchical_distance(counts, s.counts, s.tree),
}
"""The distances of t-closeness: functions of counts and a :class:`Sensitive`."""


@dataclass(frozen=True, repr=False)
class AlphaK(_Constraint):
    """Ask that no sensitive value is held by more than a share of a class.

    Parameters
    ----------
    alpha : float
        Greatest share of one value, above 0 and up to 1. Smaller protects more.

    Notes
    -----
    This is the general (α, k)-anonymity model, for every value; ``k`` is that of the anonymizer.
    A class exactly at the bound holds it.

    References
    ----------
    R. Wong, J. Li, A. Fu, K. Wang, "(α, k)-anonymity: an enhanced k-anonymity model for
    privacy-preserving data publishing", KDD 2006.

    Examples
    --------
    >>> from sklearn_private.anonymization import AlphaK
    >>> AlphaK(0.5).describe()
    'alpha 0.5 (largest share of a value)'
    """

    alpha: float

    def __post_init__(self):
        """Refuse parameters that have no meaning."""
        Checks(self).real("alpha", above=0, at_most=1)

    def describe(self) -> str:
        """Return the constraint in words."""
        return f"alpha {self.alpha:g} (largest share of a value)"

    def _keeps(self, counts, sensitive):
        del sensitive  # the table as a whole plays no part
        return _disclosure.largest_share(counts) <= self.alpha


@dataclass(frozen=True, repr=False)
class BetaLikeness(_Constraint):
    """Ask that no sensitive value is much more frequent in a class than in the whole table.

    Parameters
    ----------
    beta : float
        Greatest relative gain (q − p) / p of the share q of a value in a class over its share p
        in the table. Smaller protects more.

    Notes
    -----
    This is *basic* β-likeness: one bound for all values, and losses of share are free. A class
    exactly at the bound holds it.

    References
    ----------
    J. Cao, P. Karras, "Publishing microdata with a robust privacy guarantee", PVLDB 2012,
    definition 2.

    Examples
    --------
    >>> from sklearn_private.anonymization import BetaLikeness
    >>> BetaLikeness(2).describe()
    'basic 2-likeness (relative gain of a value)'
    """

    beta: float

    def __post_init__(self):
        """Refuse parameters that have no meaning."""
        Checks(self).real("beta", at_least=0)

    def describe(self) -> str:
        """Return the constraint in words."""
        return f"basic {self.beta:g}-likeness (relative gain of a value)"

    def _keeps(self, counts, sensitive):
        return _disclosure.relative_gain(counts, sensitive.counts) <= self.beta
