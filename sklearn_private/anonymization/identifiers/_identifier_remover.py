"""Drop, mask or refuse the columns that point at single people."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..._checks import Checks
from ...exceptions import IdentifierError
from ...statements import Finding, MinimisationStatement
from ..tables import Table
from ._detect import detect

MASK = "(removed)"


class IdentifierRemover(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Remove columns with direct identifiers: names, addresses, numbers of people.

    The columns are declared, or found by looking at the table: e-mail and web addresses, phone
    numbers, US social security numbers, IBANs, payment cards, IP and MAC addresses, vehicle
    identification numbers (with their checksums and rules [2]_), dates of birth, names of
    columns, and columns of texts or whole numbers in which nearly every value occurs once. What
    remains may still identify people together: see :class:`KAnonymizer`.

    Parameters
    ----------
    columns : "detect" or list of str (or of int, for arrays), default="detect"
        Columns to remove. ``"detect"`` learns them from the table, which makes this a stateful
        step: in front of a differentially private estimator, declare them instead.
    action : {"drop", "mask", "raise"}, default="drop"
        ``"drop"`` leaves the columns out. ``"mask"`` replaces every value by ``"(removed)"`` (NaN
        in an array of numbers). ``"raise"`` refuses to fit a table that has such columns, and
        changes nothing.
    keep : list, default=()
        Columns that stay although they would be detected.
    min_share : float, default=0.01
        Share of values that must match a pattern for a column to be detected. Lower finds more,
        and more that is none.
    near_unique : float, default=0.95
        Share of distinct values from which a column of at least 50 values is detected.
    max_rows : int, default=10000
        Most rows, evenly spaced, in which patterns are looked for. Distinct values are counted in
        all rows.

    Attributes
    ----------
    findings_ : dict
        Column to reason. A reason holds no value; that of a detected column ends with its letter
        in :data:`HIPAA_IDENTIFIERS`.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where all are strings.
    privacy_statement_ : MinimisationStatement
        What is promised.

    See Also
    --------
    KAnonymizer : Generalise what identifies people in combination.
    Pseudonymizer : Replace identifiers by tokens that still join tables.
    Coarsener : Keep less detail of dates, ages and places, by rules given in advance.

    Notes
    -----
    **Protects** the identifiers in the columns that are removed.
    **Against** whoever reads the output.
    **Leaks** all other columns, which may identify people in combination or in free text.
    **Assumes** that the list of columns is complete. Detection knows patterns, not people: names
    inside a text, rare identifiers and those in rows that were not looked at can be missed. It
    looks at the table that is fitted; new rows lose the same columns, whatever they hold.

    The 18 identifiers that HIPAA's Safe Harbor method [1]_ removes are: (A) names, (B) places
    smaller than a state, (C) dates except the year, and ages over 89, (D) telephone numbers, (E)
    fax numbers, (F) e-mail addresses, (G) social security numbers, (H) medical record numbers, (I)
    health plan beneficiary numbers, (J) account numbers, (K) certificate and license numbers, (L)
    vehicle identifiers, (M) device identifiers, (N) web addresses, (O) IP addresses, (P) biometric
    identifiers, (Q) full-face photographs, (R) any other unique number or code. Each is found by
    the name of its column; by values are found dates of birth of (C), (D), (F), (G), IBANs and
    payment cards of (J), North American VINs of (L), MAC addresses of (M), (N), (O), and (R) where
    nearly every value occurs once. Of (B), street addresses only; cities, postcodes, other dates
    and ages stay: they are work for :class:`Coarsener` and :class:`KAnonymizer`. Pictures and
    recordings are not looked into.

    References
    ----------
    .. [1] 45 CFR 164.514(b)(2)(i).
    .. [2] ISO 13616 (IBAN); ISO/IEC 7812 (Luhn); 49 CFR 565.15 (VIN); Social Security
       Administration, "Social Security number randomization" (2011).

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_private import IdentifierRemover
    >>> people = pd.DataFrame({"contact": ["ada@example.org", "bob@example.org"], "age": [36, 41]})
    >>> remover = IdentifierRemover().fit(people)
    >>> remover.findings_
    {'contact': 'it holds e-mail addresses (HIPAA F)'}
    >>> remover.transform(people)
       age
    0   36
    1   41
    """

    def __init__(
        self,
        columns: str = "detect",
        *,
        action: str = "drop",
        keep: list[Any] = (),
        min_share: float = 0.01,
        near_unique: float = 0.95,
        max_rows: int = 10_000,
    ):
        self.columns = columns
        self.action = action
        self.keep = keep
        self.min_share = min_share
        self.near_unique = near_unique
        self.max_rows = max_rows

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Find the columns, or check that the declared ones exist.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        y : None
            Ignored.

        Returns
        -------
        IdentifierRemover
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter is bad or a column does not exist.
        IdentifierError
            With ``action="raise"``, if the table has such columns.
        """
        check = Checks(self)
        check.choice("action", among=("drop", "mask", "raise"))
        check.real("min_share", "near_unique", above=0, at_most=1)
        check.integer("max_rows", at_least=1)
        table = Table.validated(self, X, reset=True)
        self.findings_ = self._find(table)
        if self.action == "raise" and self.findings_:
            raise _refusal(type(self).__name__, self.findings_)
        self._positions = [table.columns.index(name) for name in self.findings_]
        self.privacy_statement_ = self._statement()
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Return the rows without the identifiers.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        DataFrame or ndarray
            As many rows, in the same order and with the same index.
        """
        check_is_fitted(self, "privacy_statement_")
        table = Table.validated(self, X, reset=False)
        if self.action == "mask":
            return table.filled(self._positions, MASK).native
        return table.without(self._positions).native

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return the names of the columns that remain.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input, where it had none.

        Returns
        -------
        ndarray of str
        """
        names = super().get_feature_names_out(input_features)
        return np.delete(names, self._positions) if self.action == "drop" else names

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _find(self, table):
        """Return why each column is removed."""
        owner = type(self).__name__
        if isinstance(self.columns, str):
            if self.columns != "detect":
                raise Checks(self).invalid("columns", "'detect' or a list of columns")
            table.positions(owner, "keep", list(self.keep))
            limits = {"min_share": self.min_share, "near_unique": self.near_unique}
            found = detect(table, **limits, max_rows=self.max_rows)
            return {name: why for name, why in found.items() if name not in self.keep}
        names = list(self.columns)
        if self.action == "raise":  # the wish is that these columns are absent
            names = [name for name in names if name in table.columns]
        table.positions(owner, "columns", names)
        return dict.fromkeys(names, "it was declared")

    def _statement(self):
        names, detected = tuple(map(str, self.findings_)), isinstance(self.columns, str)
        masked = self.action == "mask"
        done = "masked" if masked else "dropped"
        return MinimisationStatement(
            owner=type(self).__name__,
            protects=f"the identifiers in the columns that are {done}",
            unit="row",
            against="whoever reads the output",
            releases=("all other columns as they are",),
            leaks=("whatever identifies people in the other columns, alone or in combination",),
            assumes=("the list of columns is complete",),
            mechanism=f"columns are {done}",
            parameters={"action": self.action, "max_rows": self.max_rows} if detected else {},
            bounds={"columns": "detected in the fitted table" if detected else "declared"},
            findings=(_DETECTION,) if detected else (),
            removed=() if masked else names,
            masked=names if masked else (),
            detected=detected,
        )


_DETECTION = Finding.note(
    "columns-detected",
    "the columns were found by patterns in the fitted table, which can miss identifiers",
    "read findings_ and the other columns, then declare the list: IdentifierRemover([...])",
    where="columns",
)


def _refusal(owner, findings):
    named = ", ".join(f"{name!r} ({why})" for name, why in findings.items())
    return IdentifierError.unreleased(
        f"{owner} with action='raise' refuses this table, since columns hold direct identifiers: "
        f"{named}.",
        "Drop them, use action='drop' or 'mask', or list in keep= those that are none.",
    )
