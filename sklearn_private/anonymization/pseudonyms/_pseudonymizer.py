"""Replace identifiers by tokens under a key, so that tables can still be joined."""

from collections.abc import Callable
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..._checks import Checks
from ...exceptions import GuaranteeError
from ...statements import Finding, MinimisationStatement
from ..tables import Table, canonical
from ._secret_key import read_key, write_key
from ._tokens import BITS, key_id, tokens

_FEWEST_BITS = 64
_MOST_BITS = 256


class Pseudonymizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Replace values by tokens that join tables and cannot be rebuilt without a key.

    Equal values get equal tokens, in every table for which the same key and domain are used. A
    token is a keyed hash (HMAC-SHA256 [1]_), never a plain one: without the key, nobody can find a
    value by hashing all candidates. Whole numbers and texts of the same digits are equal, dates
    are equal in every type; texts are compared as they are, so clean up case and spaces first.

    The key is read from its place in each call of ``fit`` and ``transform``; the estimator, its
    pickles, clones and ``repr`` hold the place and never the key.

    Parameters
    ----------
    columns : list of str (or of int, for arrays)
        Columns whose values are replaced.
    key : path-like, str or callable, default=None
        Where the key is: the path of a file made by :meth:`generate_key`, ``"env:NAME"`` for an
        environment variable with its content, or an importable function without arguments that
        fetches the key (from a vault or a keyring). Without a key, ``fit`` raises.
    domain : str or dict, default=None
        Equal values of two columns get equal tokens if the columns share a domain, in one table
        or in several; otherwise nobody without the key can tell that they are equal. None: each
        column's name (or position, in an array) is its domain. A str: the domain of all. A dict:
        column to domain, for those whose name is not their domain.
    encoding : {"base32", "hex"}, default="base32"
        Alphabet of the tokens: capitals and digits 2 to 7 (5 bits a character), or hexadecimal
        digits (4 bits).
    length : int, default=26
        Characters of a token, 64 to 256 bits. Of n different values of a domain, two share a
        token of b bits with probability at most n (n - 1) / 2^(b + 1): below 1e-21 for a billion
        values and the default 130 bits.

    Attributes
    ----------
    key_id_ : str
        A public name of the key: tables join if they were made with the same one.
    domains_ : dict
        Domain of each replaced column.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where all are strings.
    privacy_statement_ : MinimisationStatement
        What is promised.

    See Also
    --------
    IdentifierRemover : Drop identifiers that nobody needs to join.
    KAnonymizer : Generalise what identifies people in combination.

    Notes
    -----
    **Protects** the values of the replaced columns.
    **Against** whoever reads the output and does not hold the key.
    **Leaks** which rows have the same value, hence how often each occurs and which other columns
    go with it, within and across tables; to the key holder, every value that can be guessed (a
    dictionary attack: try all candidates under the key).
    **Assumes** that the key is secret, random, and kept away from the tables.

    Pseudonyms are still personal data (GDPR, recital 26), and codes that are derived from an
    identifier are outside HIPAA's Safe Harbor (45 CFR 164.514(c)). A missing value stays missing.
    To delete the link for good, delete the key.

    References
    ----------
    .. [1] H. Krawczyk, M. Bellare, R. Canetti, "HMAC: keyed-hashing for message authentication",
       RFC 2104 (1997).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from sklearn_private import Pseudonymizer
    >>> path = Pseudonymizer.generate_key(Path(tempfile.mkdtemp()) / "study.key")
    >>> visits = pd.DataFrame({"patient": [17, 23, 17], "ward": ["A", "B", "C"]})
    >>> deaths = pd.DataFrame({"patient": ["23"], "year": [2024]})
    >>> pseudonymizer = Pseudonymizer(["patient"], key=path)
    >>> first, second = map(pseudonymizer.fit_transform, (visits, deaths))
    >>> first.merge(second, on="patient")[["ward", "year"]]
      ward  year
    0    B  2024
    """

    def __init__(
        self,
        columns: list[str],
        *,
        key: str | PathLike[str] | str | Callable[..., Any] | None = None,
        domain: str | dict[str, Any] | None = None,
        encoding: str = "base32",
        length: int = 26,
    ):
        self.columns = columns
        self.key = key
        self.domain = domain
        self.encoding = encoding
        self.length = length

    @staticmethod
    def generate_key(path: str | PathLike[str]) -> Any:
        """Write a new key to a file that only its owner may read (mode 0600).

        Parameters
        ----------
        path : path-like
            Where. A file that exists is never overwritten, since what was made with its key could
            no longer be joined.

        Returns
        -------
        pathlib.Path
            The path.

        Raises
        ------
        InvalidParameterError
            If the file exists.
        """
        return write_key(path)

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Check that there is a key and that the columns exist; nothing is learned from the rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        y : None
            Ignored.

        Returns
        -------
        Pseudonymizer
            Itself.

        Raises
        ------
        InvalidParameterError
            If there is no key (then X is not looked at), a parameter is bad, or a column does not
            exist.
        """
        owner = type(self).__name__
        key = read_key(owner, self.key)
        check = Checks(self)
        check.choice("encoding", among=tuple(BITS))
        bits = BITS[self.encoding]
        check.integer("length", at_least=-(-_FEWEST_BITS // bits), at_most=_MOST_BITS // bits)
        table = Table.validated(self, X, reset=True)
        if isinstance(self.columns, str) or not np.iterable(self.columns):
            raise check.invalid("columns", "a list of columns")
        self._positions = table.positions(owner, "columns", list(self.columns))
        self.domains_ = self._domains()
        self.key_id_ = key_id(key)
        self.privacy_statement_ = self._statement(bits * self.length)
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Return the rows with tokens.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        DataFrame or ndarray of object
            As many rows, in the same order and with the same index.

        Raises
        ------
        InvalidParameterError
            If there is no key. X is not looked at.
        GuaranteeError
            If the key is not the one of ``fit``.
        """
        check_is_fitted(self, "privacy_statement_")
        owner = type(self).__name__
        key = read_key(owner, self.key)
        if key_id(key) != self.key_id_:
            raise GuaranteeError(
                f"{owner} was fitted with the key {self.key_id_}, and finds another one. Nothing "
                "was released, since the tokens would not join. Restore the key, or fit again."
            )
        table = Table.validated(self, X, reset=False)
        columns = {
            i: tokens(canonical(table.column(i)), key, domain, self.encoding, self.length)
            for i, domain in zip(self._positions, self.domains_.values(), strict=True)
        }
        return table.with_values(columns).native

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _domains(self):
        """Return the domain of each column."""
        given = {} if self.domain is None else self.domain
        if isinstance(given, str):
            given = dict.fromkeys(self.columns, given)
        check = Checks(self)
        if not isinstance(given, dict) or not set(given) <= set(self.columns):
            raise check.invalid("domain", "None, a text, or a dict of column to text")
        if not all(isinstance(domain, str) and domain for domain in given.values()):
            raise check.invalid("domain", "a text that is not empty, for each column")
        return {name: given.get(name, str(name)) for name in self.columns}

    def _statement(self, n_bits):
        return MinimisationStatement(
            owner=type(self).__name__,
            protects="the values of the columns that are replaced by tokens",
            unit="row",
            against="whoever reads the output and does not hold the key",
            releases=("a token for each value", "all other columns as they are"),
            leaks=(
                "which rows have the same value, within and across tables of the same key",
                "to the key holder: every value that can be guessed (dictionary attack)",
                "whatever identifies people in the other columns, alone or in combination",
            ),
            assumes=("the key is secret, random, and kept away from the tables",),
            mechanism="HMAC-SHA256 under a key for each domain",
            parameters={
                "bits": n_bits,
                "key_id": self.key_id_,
                "domains": tuple(dict.fromkeys(self.domains_.values())),
            },
            bounds={"columns": "columns=, from the caller"},
            findings=(_STILL_PERSONAL,),
            pseudonymised=tuple(map(str, self.columns)),
        )


_STILL_PERSONAL = Finding.warning(
    "pseudonyms-are-personal",
    "pseudonyms are still personal data: the key holder, and who knows some rows, can link them",
    "keep the key away from the table, delete it when no table needs joining any more, and treat "
    "the other columns with a KAnonymizer",
    where="columns",
)
