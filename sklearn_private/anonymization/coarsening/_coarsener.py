"""Keep less detail of each column, by public rules that learn nothing from the rows."""

from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..._checks import Checks
from ...statements import MinimisationStatement
from ..tables import Table
from ._rules import parse_rule


class Coarsener(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Round, cap and truncate values, by rules that are given in advance.

    The simplest step of data minimisation: decide which detail the analysis needs, and drop the
    rest before anything else sees it. Nothing is learned from the rows, so it may stand in front
    of a differentially private step.

    Parameters
    ----------
    rules : dict
        Column (a position, for arrays) to its rule; other columns stay as they are. A rule is one
        of

        * a dict with some of ``"base"`` (round to the nearest multiple, half upwards), ``"bottom"``
          and ``"top"`` (then replace what is below or above): ``{"base": 5, "top": 90}``;
        * the name of a period, ``"year"``, ``"quarter"``, ``"month"``, ``"week"`` (from Monday) or
          ``"day"``: a time becomes the first day of its period;
        * a list of categories to keep; every other one becomes ``other``.
    other : str, default="other"
        The text for categories that are not kept.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where all are strings.
    privacy_statement_ : MinimisationStatement
        What is promised.

    See Also
    --------
    IdentifierRemover : Drop what identifies people by itself.
    KAnonymizer : Choose the detail from the table, so that at least k people share each label.

    Notes
    -----
    **Protects** the detail below the rules: the exact number, day or rare category.
    **Against** whoever reads the output.
    **Leaks** the coarser values, which may still identify people in combination.
    **Assumes** that the rules were chosen without looking at the rows: a cap at the largest value
    of a table shows that value.

    A missing value stays missing. Columns of integers under a rule of integers become 64-bit
    integers, other numbers floats; times lose their time zone, after the day was read in it.
    Categories are compared by their text, whole numbers by their digits.

    HIPAA's Safe Harbor (45 CFR 164.514(b)(2)) asks for dates by year and ages over 89 in one
    group: ``{"admitted": "year", "age": {"top": 90}}``.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_private.anonymization import Coarsener
    >>> visits = pd.DataFrame(
    ...     {
    ...         "age": [34, 97],
    ...         "day": pd.to_datetime(["2024-05-17", "2023-12-31"]),
    ...         "job": ["nurse", "astronaut"],
    ...     }
    ... )
    >>> rules = {"age": {"base": 5, "top": 90}, "day": "quarter", "job": ["nurse", "clerk"]}
    >>> Coarsener(rules).fit_transform(visits)
       age        day    job
    0   35 2024-04-01  nurse
    1   90 2023-10-01  other
    """

    def __init__(self, rules: dict[str, Any], *, other: str = "other"):
        self.rules = rules
        self.other = other

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Check the rules against the columns; nothing is learned from the rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        y : None
            Ignored.

        Returns
        -------
        Coarsener
            Itself.

        Raises
        ------
        InvalidParameterError
            If a rule is malformed, a column does not exist, or it holds other values than its rule
            is for.
        """
        rules = self._parsed()
        table = Table.validated(self, X, reset=True)
        self._coarser(table, rules)  # a rule that does not fit its column is refused here
        self._rules = rules
        self.privacy_statement_ = self._statement()
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Return the rows with less detail.

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
        return self._coarser(table, self._rules).native

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _parsed(self):
        """Return the rule of each column."""
        check = Checks(self)
        if not isinstance(self.rules, dict) or not self.rules:
            raise check.invalid("rules", "a dict of column to rule")
        if not isinstance(self.other, str):
            raise check.invalid("other", "a text")
        parsed = {}
        for name, rule in self.rules.items():
            try:
                parsed[name] = parse_rule(rule, self.other)
            except ValueError as error:
                must = f"such that the rule of {name!r} is {error}"
                raise check.invalid("rules", must, value=rule) from None
        return parsed

    def _coarser(self, table, rules):
        positions = table.positions(type(self).__name__, "rules", list(rules))
        return table.with_values(
            {
                i: rule(table.column(i), name)
                for i, (name, rule) in zip(positions, rules.items(), strict=True)
            }
        )

    def _statement(self):
        return MinimisationStatement(
            owner=type(self).__name__,
            protects="the detail below the rules: exact numbers, days and rare categories",
            unit="row",
            against="whoever reads the output",
            releases=("coarser values", "all other columns as they are"),
            leaks=("whatever identifies people in the output, alone or in combination",),
            assumes=("the rules were chosen without looking at the rows",),
            mechanism="rounding, capping, truncation and merging by public rules",
            parameters={str(name): str(rule) for name, rule in self._rules.items()},
            bounds={"rules": "rules=, from the caller"},
            coarsened=tuple(map(str, self._rules)),
        )
