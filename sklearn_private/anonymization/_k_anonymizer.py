"""k-anonymity as a transformer: learn cells of at least k people, give rows the label of theirs."""

import os
import warnings

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .. import _check
from ..exceptions import InvalidParameterError, PrivacyWarning
from ._categories import CategoryAxis
from ._cells import Cells
from ._mondrian import boxes, held, partition
from ._ordered import OrderedAxis
from ._promise import anonymity_statement, undeclared_columns
from ._roles import Roles
from ._rows import Units, count_people, distinct
from ._table import Table
from ._values import kind_of, read


def shuffled(rows):
    """Return ``rows`` in an order drawn from the operating system."""
    return rows[np.frombuffer(os.urandom(8 * rows.size), dtype=np.uint64).argsort()]


class KAnonymizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Generalise quasi-identifiers so that every label is shared by at least k people.

    Quasi-identifiers are columns that somebody may know about a person from elsewhere: age, sex,
    postcode. ``fit`` cuts their domain into cells that hold at least ``k`` fitted people each
    (strict multidimensional Mondrian [1]_, cuts chosen by the loss they save [2]_, never by a
    target). ``transform`` replaces the quasi-identifiers of a row by the label of its cell, row
    by row, for fitted and for new rows alike; it drops no row. ``release`` makes a table for
    publication.

    Parameters
    ----------
    k : int, default=5
        Fewest people who share a label. Larger protects more and says less.
    quasi_identifiers : list of str (or of int, for arrays), default=None
        Columns to generalise. None takes all that no other parameter names.
    sensitive : list, default=()
        Columns with what must not be learnt about a person. They are kept as they are.
    harmless : list, default=()
        Further columns that may be published as they are: nobody knows them from elsewhere, and
        nobody is hurt by them. Columns that no parameter names are findings of the statement.
    labels : {"cell", "tight"}, default="cell"
        What a label shows. ``"cell"``: the cut points around a cell, its outer cells open; no
        extreme of the data is shown, and a category held by fewer than ``k`` people is shown as
        ``"(other)"``. ``"tight"``: the least and the greatest value, or the categories, of the
        fitted people in the cell. It says more, and shows exact extremes.
    output : {"labels", "numeric"}, default="labels"
        What ``transform`` returns. ``"labels"``: the table with ordered categories in place of
        the quasi-identifiers. ``"numeric"``: features for a model: midpoint and width of a range,
        equal shares of the categories in a set; other columns, which must be numbers, are passed
        through.
    subject_id : str (or int), default=None
        Column that says whose row it is, where a person may have several rows: people are
        counted, not rows. Rows without an id count as one person together. ``release`` drops it,
        and so does ``output="numeric"``.

    Attributes
    ----------
    cells_ : Cells
        The cuts, as a tree that sends each row to its cell.
    grids_ : list of OrderedGrid or CategoryGrid
        Cut points and categories of each quasi-identifier.
    labels_ : list of Labels
        Labels of each quasi-identifier.
    quasi_identifiers_ : list
        The columns that are generalised.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where all are strings.
    privacy_statement_ : AnonymityStatement
        What is promised about the fitted table.
    release_statement_ : AnonymityStatement
        What is promised about the table that ``release`` returned last.

    See Also
    --------
    IdentifierRemover : Remove names, numbers and addresses first.
    information_loss : Judge the classes of any tool.

    Notes
    -----
    **Protects** the link from what is known about a person to one row: at least ``k`` fitted
    people share each label.
    **Against** whoever reads the output and knows the quasi-identifiers of some people.
    **Leaks** sensitive values where all who share a label have the same one (homogeneity) or
    where more is known about some of them; what several tables of the same people say together
    (composition); how cuts were chosen, which can tell values inside a cell (minimality [3]_,
    downcoding [4]_).
    **Assumes** that ``quasi_identifiers`` lists all that can be known from elsewhere, that
    direct identifiers were removed, and that ``subject_id`` is given where people have several
    rows. A new row shares its label with ``k`` *fitted* people: a batch of new rows need not be
    k-anonymous by itself, which ``release`` sees to.

    A missing value is a category of its own (``"(missing)"``). An unseen category falls into
    ``"(other)"``, or with ``labels="tight"`` to the rarest ones; a number out of range falls into
    an outer cell, as does a missing one where none was fitted. Categories are compared by their
    printed form.

    References
    ----------
    .. [1] K. LeFevre, D. DeWitt, R. Ramakrishnan, "Mondrian multidimensional k-anonymity", ICDE
       2006.
    .. [2] J. Xu et al., "Utility-based anonymization using local recoding", KDD 2006.
    .. [3] R. Wong et al., "Minimality attack in privacy preserving data publishing", VLDB 2007.
    .. [4] A. Cohen, "Attacks on deidentification's defenses", USENIX Security 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private import KAnonymizer
    >>> ages = np.array([[23], [25], [31], [38], [44], [52]])
    >>> anonymizer = KAnonymizer(k=3).fit(ages)
    >>> anonymizer.transform([[24], [99]])
    array([['< 35'],
           ['>= 35']], dtype=object)
    >>> print(anonymizer.privacy_statement_.claim())
    3-anonymity of 6 people over 1 quasi-identifiers (0 suppressed, information loss 0.500)
    """

    def __init__(
        self,
        k=5,
        *,
        quasi_identifiers=None,
        sensitive=(),
        harmless=(),
        labels="cell",
        output="labels",
        subject_id=None,
    ):
        self.k = k
        self.quasi_identifiers = quasi_identifiers
        self.sensitive = sensitive
        self.harmless = harmless
        self.labels = labels
        self.output = output
        self.subject_id = subject_id

    def fit(self, X, y=None):
        """Learn cells of at least ``k`` people.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        y : None
            Ignored: cuts never look at a target.

        Returns
        -------
        KAnonymizer
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter is bad, a column does not exist, or there are fewer than ``k`` people.
        """
        self._learn(X)
        return self

    def fit_transform(self, X, y=None):
        """Learn cells and return the rows of ``X`` with the labels of theirs.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        y : None
            Ignored.

        Returns
        -------
        DataFrame or ndarray
            The same as ``fit(X).transform(X)``, for less work.
        """
        return self._answer(*self._learn(X))

    def transform(self, X):
        """Return rows with the labels of their cells.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows, fitted or new.

        Returns
        -------
        DataFrame or ndarray
            As many rows, in the same order and with the same index. With ``output="labels"``,
            the same columns in the container of ``X``; with ``output="numeric"``, an array of
            float64.
        """
        check_is_fitted(self, "cells_")
        table = Table.validated(self, X, reset=False)
        return self._answer(table, self._find(table))

    def release(self, table):
        """Return a table for publication.

        Rows whose labels fewer than ``k`` people of this table share are dropped (none, for the
        fitted table). The others are shuffled by randomness of the operating system and get a
        new index; the ``subject_id`` column is dropped. ``release_statement_`` counts what was
        suppressed.

        Parameters
        ----------
        table : DataFrame or array-like of shape (n_samples, n_features)
            The fitted table, or new rows.

        Returns
        -------
        DataFrame or ndarray of object
            The labels, whatever ``output`` is, and all other columns.

        Warns
        -----
        PrivacyWarning
            If columns are published that no parameter names.
        """
        check_is_fitted(self, "cells_")
        table, roles = Table.validated(self, table, reset=False), self._roles
        finding = undeclared_columns(roles, table.columns)
        if finding is not None:
            warnings.warn(finding.message, PrivacyWarning, stacklevel=2)
        cells, person = self._find(table), roles.person(table)
        kept = self._people_of_label(cells, person)[cells] >= self.k
        self.release_statement_ = self._statement(table, cells, person, kept)
        drop = () if roles.subject is None else (roles.subject,)
        public = table.replaced(self._texts(cells)).without(drop)
        return public.take(shuffled(np.flatnonzero(kept))).native

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns of the output.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input, where it had none.

        Returns
        -------
        ndarray of str
        """
        names = super().get_feature_names_out(input_features)
        if self.output == "labels":
            return names
        made = {i: grid.names(names[i]) for i, grid in self._by_column(self.grids_)}
        parts = [made.get(i, [name]) for i, name in enumerate(names) if i != self._roles.subject]
        return np.array([name for part in parts for name in part], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        if self.output == "labels":
            tags.transformer_tags.preserves_dtype = []
        return tags

    def _learn(self, X):
        """Fit, and return the view of the table and the cell of each row."""
        _check.integer(self, "k", at_least=2)
        _check.choice(self, "labels", ("cell", "tight"))
        _check.choice(self, "output", ("labels", "numeric"))
        table = Table.validated(self, X, reset=True)
        roles = Roles.of(self, table)
        person = roles.person(table)
        self._refuse_too_few(len(table) if person is None else int(person.max(initial=-1)) + 1)
        self._roles = roles
        if self.output == "numeric":
            self._passed(table)  # columns that cannot be passed through are refused here
        axes, codes, self._kinds = self._encode(table, person)
        units = Units.of(codes, [axis.size.size for axis in axes], person)
        cuts = partition(units, axes, self.k, boxes if self.labels == "cell" else held)
        self.cells_, self.grids_ = Cells.of(cuts, axes)
        self.labels_ = self._label(axes, units, self.cells_.cell[cuts.leaf_of_unit])
        self.quasi_identifiers_ = [table.columns[i] for i in roles.quasi]
        cells = self.cells_.cell[cuts.leaf_of_unit][units.of_row]
        self.privacy_statement_ = self._statement(table, cells, person)
        return table, cells

    def _refuse_too_few(self, n_people):
        if n_people < self.k:
            raise InvalidParameterError(
                f"The 'k' parameter of {type(self).__name__} must be at most the number of people. "
                f"Got k={self.k} for n_samples={n_people} people. Nothing was released. Lower k, "
                "or gather more people."
            )

    def _encode(self, table, person):
        """Return axis, codes and kind of each quasi-identifier."""
        axes, codes, kinds = [], [], []
        fewest = self.k if self.labels == "cell" else 0
        for i in self._roles.quasi:
            column = table.column(i)
            kind = kind_of(column) or "category"
            values = read(column, kind, table.columns[i])
            if kind == "category":
                axis, code = CategoryAxis.of(values, fewest=fewest, person=person)
            else:
                axis, code = OrderedAxis.of(values)
            axes.append(axis)
            codes.append(code)
            kinds.append(kind)
        return axes, codes, kinds

    def _label(self, axes, units, cell_of_unit):
        """Return the labels of each quasi-identifier."""
        numeric, n_cells = self.output == "numeric", self.cells_.n_cells
        if self.labels == "tight":
            return [
                axis.tight_labels(codes, cell_of_unit, n_cells, numeric=numeric)
                for axis, codes in zip(axes, units.codes, strict=True)
            ]
        low, high = self.cells_.boxes([grid.n_codes for grid in self.grids_])
        return [
            grid.labels(*ends, numeric=numeric)
            for grid, *ends in zip(self.grids_, low, high, strict=True)
        ]

    def _find(self, table):
        """Return the cell of each row."""
        codes = [
            grid.encode(read(table.column(i), kind, table.columns[i]))
            for (i, grid), kind in zip(self._by_column(self.grids_), self._kinds, strict=True)
        ]
        return self.cells_.find(np.stack(codes))

    def _answer(self, table, cells):
        """Return the rows of ``table`` with the labels of their cells."""
        if self.output == "labels":
            return table.replaced(self._texts(cells)).native
        blocks = self._passed(table)
        for i, labels in self._by_column(self.labels_):
            blocks[i] = labels.features[labels.of_cell[cells]]
        return np.hstack([blocks[i] for i in sorted(blocks)])

    def _passed(self, table):
        """Return the columns that ``output="numeric"`` passes through, by position."""
        blocks = {}
        for i, name in enumerate(table.columns):
            if i in self._roles.quasi or i == self._roles.subject:
                continue
            column = table.column(i)
            if kind_of(column) not in ("number", None):
                raise InvalidParameterError(
                    f"KAnonymizer with output='numeric' passes numbers through only, and {name!r} "
                    "holds none. Add it to quasi_identifiers, or drop it from X."
                )
            blocks[i] = read(column, "number", name)[:, None]
        return blocks

    def _by_column(self, parts):
        """Pair the positions of the quasi-identifiers with parts of theirs."""
        return list(zip(self._roles.quasi, parts, strict=True))

    def _texts(self, cells):
        """Return the label of each row, by position of the column."""
        return {i: (part.texts, part.of_cell[cells]) for i, part in self._by_column(self.labels_)}

    def _people_of_label(self, cells, person):
        """Count the people of a table who share the printed labels of each cell."""
        printed = [part.of_cell for part in self.labels_]
        _, label = distinct(printed, [len(part.texts) for part in self.labels_])
        people = count_people(label[cells], int(label.max()) + 1, person)
        return people[label]

    def _statement(self, table, cells, person, kept=None):
        """Return the statement about a table of which ``kept`` rows (None: all) are published."""
        kept = np.ones(cells.size, dtype=bool) if kept is None else kept
        loss = np.mean([part.penalty[part.of_cell] for part in self.labels_], axis=0)[cells]
        ids = np.arange(cells.size) if person is None else person
        return anonymity_statement(
            self,
            self._roles,
            table.columns,
            n_people=np.unique(ids).size,
            n_suppressed=np.unique(ids[~kept]).size,
            information_loss=float(np.where(kept, loss, 1.0).mean()) if cells.size else 0.0,
        )
