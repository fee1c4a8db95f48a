"""k-anonymity as a transformer: learn cells of at least k people, give rows the label of theirs."""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..exceptions import PrivacyWarning
from ._learner import Learner
from .columns import feature_names, featured, labelled
from .methods import alike
from .releases import publishable, shuffled, undeclared_columns, unseen_values
from .tables import Table, without_unused, write_labels


class KAnonymizer(OneToOneFeatureMixin, TransformerMixin, Learner):
    """Generalise quasi-identifiers so that every label is shared by at least k people.

    Quasi-identifiers are columns that somebody may know about a person from elsewhere: age, sex,
    postcode. ``fit`` cuts their domain into cells that hold at least ``k`` fitted people each
    (strict multidimensional Mondrian [1]_, cuts chosen by the loss they save [2]_, never by a
    target). ``transform`` replaces the quasi-identifiers of a row by the label of its cell, row
    by row, for fitted and for new rows alike; it drops no row. ``release`` makes a table for
    publication. Other methods trade the rule for new rows for less loss, or for simpler labels.

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
    constraints : list, default=()
        What the sensitive values of each class must hold: :class:`LDiversity`,
        :class:`TCloseness`, :class:`AlphaK`, :class:`BetaLikeness`, or own objects with their
        three methods. Of several sensitive columns each is judged among people who share the
        others.
    method : {"mondrian", "local", "lattice", "microaggregation"}, default="mondrian"
        How classes are found. ``"mondrian"``: cells that tile the domain [1]_. ``"lattice"``: one
        level of a hierarchy for each column, the same for all rows, the best of all choices;
        columns without a hierarchy get one. ``"local"``: the least loss, and no rule for other
        rows. ``"microaggregation"``: means of similar rows, for numbers. The last two have no
        ``transform``; use ``fit_transform`` or ``release``.
    hierarchies : dict of column to Hierarchy, default=None
        How quasi-identifiers are generalised. A label is then the lowest group that holds all
        people (or all of the cell), and loss is counted in the values under it.
    max_suppression : float, default=0.0
        Share of the people who may be suppressed, where that makes the labels of others so much
        narrower that loss is saved: they get the label ``"*"`` in every quasi-identifier. They
        are at least ``k`` people, or none; ``release`` drops them. For ``"mondrian"`` and
        ``"lattice"``.
    labels : {"supported", "cell", "tight"}, default="supported"
        What a label of ``"mondrian"`` shows; those of methods without a ``transform`` are tight.
        ``"supported"``: the narrowest range around the fitted people in a cell whose ends are
        supported, which means that at least ``k`` people of the table lie between each two
        possible ends, and beyond the last ones; or the categories, or the lowest group, of these
        people. ``"cell"``: the cut points around a cell, its outer cells open. It says less.
        Neither shows an extreme that is not the value of ``k`` people, and both show a category
        held by fewer than ``k`` as ``"(other)"``. ``"tight"``: the least and the greatest value,
        or the categories, of the fitted people in the cell. It says more, and shows exact
        extremes.
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
    cells_ : Cells, Levels or None
        What sends each row to its cell: a tree of cuts or levels of hierarchies; None where the
        method knows fitted rows only.
    grids_ : list of OrderedGrid, CategoryGrid or HierarchyGrid
        Cut points, categories or the hierarchy of each quasi-identifier.
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
    **Leaks** sensitive values where all who share a label have the same one (homogeneity, which
    constraints limit) or where more is known about some of them; what several tables of the same
    people say together (composition); how cuts were chosen, which can tell values inside a cell
    (minimality [3]_, all the more with constraints, since they read ``sensitive``; downcoding
    [4]_).
    **Assumes** that ``quasi_identifiers`` lists all that can be known from elsewhere, that
    direct identifiers were removed, and that ``subject_id`` is given where people have several
    rows. A new row shares its label with ``k`` *fitted* people: a batch of new rows need not be
    k-anonymous by itself, which ``release`` sees to.

    Labels are true of the rows that have them. A new row in a cell whose labels are not gets those
    of ``"cell"``. Where a value is none that was fitted (an unseen category, a missing value in a
    column that had none) and the label of its cell is not ``"*"`` there, the row gets ``"*"`` in
    every quasi-identifier; ``release`` counts such rows in a finding. An unseen category is one
    of ``"(other)"`` where there is such a label, and a number out of range lies in an outer cell.
    With ``output="numeric"`` a row has the features of the fitted people in its cell.

    Ordered categories are numbered in the order that the type of their column declares, and the
    fitted object keeps their names: the list is taken to be public, like a hierarchy. Times with
    a zone are told by the clocks of that zone.

    A missing value is a category of its own (``"(missing)"``). Categories are compared by one
    printed form, in which 1, 1.0 and ``"1"`` are the same; one that prints ``"*"`` is part of
    ``"(other)"``.

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
    3-anonymity of 6 people over 1 quasi-identifiers (0 suppressed, information loss 0.487)
    """

    def __init__(
        self,
        k: int = 5,
        *,
        quasi_identifiers: list[str] | None = None,
        sensitive: list[Any] = (),
        harmless: list[Any] = (),
        constraints: list[Any] = (),
        method: str = "mondrian",
        hierarchies: dict[Any, Any] | None = None,
        max_suppression: float = 0.0,
        labels: str = "supported",
        output: str = "labels",
        subject_id: Any = None,
    ):
        self.k = k
        self.quasi_identifiers = quasi_identifiers
        self.sensitive = sensitive
        self.harmless = harmless
        self.constraints = constraints
        self.method = method
        self.hierarchies = hierarchies
        self.max_suppression = max_suppression
        self.labels = labels
        self.output = output
        self.subject_id = subject_id

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Learn classes of at least ``k`` people.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            A DataFrame or array. With a method that finds cells for new rows also a table that
            need not fit into memory: a Polars LazyFrame, a DuckDB relation, a Dask DataFrame, the
            path of a Parquet file or of a folder of them, or an iterator of DataFrames.
        y : None
            Ignored: cuts never look at a target.

        Returns
        -------
        KAnonymizer
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter is bad, a column does not exist, there are fewer than ``k`` people, or
            all of them together break a constraint.
        """
        self._learn(X)
        return self

    def partial_fit(self, X: ArrayLike, y: None = None) -> Self:
        """Add rows to those of earlier calls, of ``fit`` too, and learn cells of all of them.

        The cells are those that ``fit`` learns of all rows together, in any order. They are learnt
        as soon as there are ``k`` people. To read a large table piece by piece, ``fit`` with an
        iterator of DataFrames is faster: it learns once.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Further rows, in any form that ``fit`` takes.
        y : None
            Ignored.

        Returns
        -------
        KAnonymizer
            Itself. While it lives it keeps the counts of distinct rows that the next call needs;
            copies and pickles do not.

        Raises
        ------
        InvalidParameterError
            If the object is such a copy, if the method knows fitted rows only, or if all rows so
            far break a constraint; they are counted all the same.
        """
        self._learn_more(X)
        return self

    def fit_transform(self, X: ArrayLike, y: None = None) -> Any:
        """Learn classes and return the rows of ``X`` with the labels of theirs.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        y : None
            Ignored.

        Returns
        -------
        DataFrame or ndarray
            The same as ``fit(X).transform(X)``, where the method has a ``transform``.
        """
        self._refuse_elsewhere(X)
        table, cells = self._learn(X)
        return self._answer(table, self._find(table, fitted=True)[0] if cells is None else cells)

    def transform(self, X: ArrayLike) -> Any:
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

        Raises
        ------
        InvalidParameterError
            If the method knows fitted rows only, or the rows are not in memory.
        """
        check_is_fitted(self, "labels_")
        self._refuse_fitted_rows_only("transform")
        self._refuse_elsewhere(X)
        table = Table.validated(self, X, reset=False)
        return self._answer(table, self._find(table, fitted=self.output == "numeric")[0])

    def transform_file(self, source: Any, target: Any, *, progress: bool = False) -> Any:
        """Write the rows of a table that need not fit into memory with the labels of their cells.

        It is ``transform`` piece by piece: all rows, in their order. For publication, where no row
        of the source may be recognised by its place, use ``release``.

        Parameters
        ----------
        source : table
            As ``fit`` takes it: most often the path of the Parquet file that was fitted.
        target : str or Path
            The Parquet file that is written. It must not exist.
        progress : bool, default=False
            Whether to show a progress bar.

        Returns
        -------
        Path
            The target.

        Raises
        ------
        InvalidParameterError
            If the target exists, or the method knows fitted rows only.
        """
        check_is_fitted(self, "labels_")
        self._refuse_fitted_rows_only("transform_file")
        return write_labels(self.transform, self.get_feature_names_out(), source, target, progress)

    def release(self, table: Any) -> Any:
        """Return a table for publication.

        Rows are dropped that are suppressed, or in classes of fewer than ``k`` people of this
        table or that break a constraint in it (none, for the fitted table without
        ``max_suppression``); what is left is judged again, since constraints may compare classes
        with the whole table. The others are shuffled by randomness of the operating system and
        get a new index; the ``subject_id`` column is dropped, and so is what a container carries
        beside its rows: categories and labels that no published row holds, the name of the index,
        metadata. ``release_statement_`` counts what was suppressed.

        Parameters
        ----------
        table : DataFrame or array-like of shape (n_samples, n_features)
            The fitted table, or new rows. A method that knows fitted rows only learns from this
            table, whatever was fitted before.

        Returns
        -------
        DataFrame or ndarray of object
            The labels, whatever ``output`` is, and all other columns.

        Warns
        -----
        PrivacyWarning
            If columns are published that no parameter names.
        """
        if self._knows_fitted_rows_only:
            table, cells = self._learn(table)
            findings = ()
        else:
            check_is_fitted(self, "labels_")
            table = Table.validated(self, table, reset=False)
            cells, unseen = self._find(table, fitted=False)
            cells, findings = alike(cells, self.cells_.n_boxes), unseen_values(int(unseen.sum()))
        roles = self._roles
        finding = undeclared_columns(roles, table.columns)
        if finding is not None:
            warnings.warn(finding.message, PrivacyWarning, stacklevel=2)
        person = roles.person(table)
        kept = publishable(self, table, roles, cells, person, cells != self._suppressed)
        self.release_statement_ = self._statement(
            cells, np.ones_like(cells), person, kept, findings
        )
        drop = () if roles.subject is None else (roles.subject,)
        public = labelled(table, roles, self.labels_, cells).without(drop)
        return without_unused(public.take(shuffled(np.flatnonzero(kept)))).native

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
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
        return feature_names(names, self._roles, self.grids_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        if self.output == "labels":
            tags.transformer_tags.preserves_dtype = []
        return tags

    def _answer(self, table, cells):
        """Return the output for the rows of a table."""
        if self.output == "labels":
            return labelled(table, self._roles, self.labels_, cells).native
        return featured(table, self._roles, self.labels_, cells)
