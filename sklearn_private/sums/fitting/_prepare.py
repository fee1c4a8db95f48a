"""From the arrays that a fit is given to the rows of each site."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_classifier, is_regressor
from sklearn.utils import check_array, check_consistent_length, get_tags
from sklearn.utils.multiclass import check_classification_targets

from ..._numeric import read_numbers
from ...exceptions import InvalidParameterError
from .._labels import agreed_labels
from .._program import Program, Schema
from .._statistic import Rows, Site, strongest
from ..guard import Guard, Reach, SiteSize, Words, admit_all, measure, n_simulated, rows_needed
from ._partition import Partition, partition


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a fit works on.

    Parameters
    ----------
    sites : list of Rows
        The rows of each site.
    schema : Schema
        What everybody knows of the columns.
    partition : Partition
        Which rows belong to which site.
    """

    sites: list[Rows]
    schema: Schema
    partition: Partition

    @property
    def n_rows(self) -> int:
        """Number of rows of all sites."""
        return sum(len(rows.y) for rows in self.sites)

    def sizes(self, *, target: bool, products: bool, together: bool) -> list[SiteSize]:
        """Return what each site says of its rows; see :func:`measure`."""
        n_labels = 0 if self.schema.labels is None else len(self.schema.labels)
        return measure(self.sites, n_labels, target=target, products=products, together=together)


def guarded(
    owner: Any,
    data: Prepared,
    program: Program,
    words: Words,
    *,
    threshold: int | None,
    min_rows: int | None,
    noisy: bool = False,
    n_sites: int | None = None,
) -> Guard:
    """Return the guard of a fit, once it let the fit pass.

    Parameters
    ----------
    owner : estimator
        Which is fitted.
    data : Prepared
        What it is fitted on.
    program : Program
        What will run.
    words : Words
        For messages.
    threshold : int or None
        How many sites may collude; None where sums are not hidden.
    min_rows : int or None
        Takes the place of the rule.
    noisy : bool, default=False
        Whether the noisy program will run: whoever adds the noise may see the sums without it.
    n_sites : int, default=None
        How many sites there are, where only one of them is here: it then decides by its own rows.

    Returns
    -------
    Guard

    Raises
    ------
    InvalidParameterError
        If rows could be read from what would be opened.
    """
    asks = program.asks_noisy if noisy else program.asks
    products = not noisy and strongest(asks) == "second moments"
    sizes = data.sizes(
        target=is_regressor(owner), products=products, together=threshold is not None
    )
    reach = Reach(n_sites or len(sizes), threshold)
    n_columns = data.schema.n_features
    found = Guard(
        asks,
        sizes,
        reach,
        n_columns,
        words,
        min_rows=min_rows,
        n_numbers=0 if noisy else program.n_numbers(n_columns),
        trusted=noisy,
        alone=n_sites is not None,
    )
    found.check()
    if owner.history is not None and not noisy and n_sites is None:
        sizes_by_name = data.partition.sizes
        rows = dict(zip(sizes_by_name, data.sites, strict=True))
        admit_all(owner.history, rows, sizes_by_name, found.needed)
    return found


def prepare(
    owner: Any,
    program: Program,
    X: ArrayLike,
    y: ArrayLike | None,
    groups: Sequence[Hashable] | None,
    sample_weight: ArrayLike | None,
    *,
    most_sites: int,
    hidden: bool,
    min_rows: int | None,
    noisy: bool = False,
) -> Prepared:
    """Check the arrays of a fit and give each site its rows.

    Parameters
    ----------
    owner : estimator
        With parameters ``estimator`` and ``classes``; it gets ``n_features_in_`` and, from tables,
        ``feature_names_in_``.
    program : Program
        The program that will run.
    X : array-like of shape (n_rows, n_features)
        Features.
    y : array-like of shape (n_rows,) or None
        Targets.
    groups : array-like of shape (n_rows,) or None
        The site of each row.
    sample_weight : array-like of shape (n_rows,) or None
        How much each row counts; rows of weight 0 are left out.
    most_sites : int
        How many sites to simulate at most without ``groups``.
    hidden : bool
        Whether sites hide their sums, which takes 3 of them.
    min_rows : int or None
        Takes the place of the rule of the guard; None simulates no more sites than it lets pass.
    noisy : bool, default=False
        Whether the noisy program will run.

    Returns
    -------
    Prepared
    """
    X, y, labels = _columns(owner, X, y)
    program.check_targets(y)
    weight = _weights(sample_weight, len(X))
    if groups is not None:
        check_consistent_length(X, groups)
    positions, least = np.flatnonzero(weight), 3 if hidden else 1
    if min_rows is None:
        needed = rows_needed(*program.opening(X.shape[1], noisy=noisy), X.shape[1])
        most_sites = n_simulated(most_sites, len(positions), needed, hidden=hidden)
    parts = partition(positions, groups, n_sites=most_sites)
    if len(parts.rows) < least:
        raise InvalidParameterError(
            f"{type(owner).__name__} needs rows at {least} sites or more. Got "
            f"{len(parts.rows)} (n_samples={len(X)}): of two, each learns the other's sums by "
            "taking its own from the totals. Nothing was computed."
        )
    sites = [Rows(X[at], y[at], weight[at], Site(str(name))) for name, at in parts.rows.items()]
    return Prepared(sites, Schema(X.shape[1], labels), parts)


def _columns(
    owner: Any, X: ArrayLike, y: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return features and targets in float64, and the agreed labels of a classifier."""
    finite = "allow-nan" if get_tags(owner).input_tags.allow_nan else True
    options = {"ensure_all_finite": finite}
    if owner.classes is not None and not is_classifier(owner):
        raise InvalidParameterError(
            f"The 'classes' parameter of {type(owner).__name__} is for classifiers. "
            f"Got {owner.classes!r} instead of None."
        )
    if is_classifier(owner):
        rows, targets = read_numbers(owner, X, y, **options)
        check_classification_targets(targets)
        labels, positions = agreed_labels(owner, targets, owner.classes)
        return rows, positions, labels
    if is_regressor(owner):
        rows, targets = read_numbers(owner, X, y, y_numeric=True, **options)
        return rows, targets.astype(np.float64), None
    rows = read_numbers(owner, X, **options)
    return rows, np.zeros(len(rows)), None


def _weights(sample_weight: ArrayLike | None, n_rows: int) -> np.ndarray:
    if sample_weight is None:
        return np.ones(n_rows)
    weight = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weight.ndim != 1:
        raise InvalidParameterError(
            f"Sample weights must be a 1D array. Got shape {weight.shape} instead."
        )
    check_consistent_length(np.empty(n_rows), weight)
    if (weight < 0).any() or not weight.any():
        raise InvalidParameterError("Sample weights must be at least 0, and not all of them zero.")
    return weight
