"""All measures of a table in one call."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..models import DISTANCES, _disclosure
from ._risk import at_risk, checked_threshold, expected, greatest
from ._utility import discerned, named_losses, relative_size
from ._view import View


@dataclass(frozen=True)
class SensitiveMeasures:
    """What the classes of a table say about one sensitive column.

    Attributes
    ----------
    name : str or int
        The column.
    distinct_l, entropy_l : int, float
        Least l-diversity of a class.
    recursive_c : float
        The table is recursive (c, l)-diverse with l = ``distinct_l`` for every c above it;
        infinite where ``distinct_l`` is 1.
    equal_t, ordered_t, hierarchical_t : float or None
        Greatest t of a class, by distance; None where the column has no order or no hierarchy.
    alpha : float
        Greatest share of one value in a class.
    beta : float
        Greatest relative gain of a value in a class.
    """

    name: object
    distinct_l: int
    entropy_l: float
    recursive_c: float
    equal_t: float
    ordered_t: float | None
    hierarchical_t: float | None
    alpha: float
    beta: float


@dataclass(frozen=True)
class Measures:
    """All measures of a table; ``print`` shows them as a small table.

    Attributes
    ----------
    k : int
        People in the smallest class.
    n_rows, n_classes : int
        Rows of the table, classes that are published.
    average_class_size : float
        C_avg: mean people a class over k.
    discernibility : int
        With how many rows each row is confused, summed.
    suppression : float
        Share of rows that say nothing.
    prosecutor_risk, marketer_risk, records_at_risk : float
        Chances to be found again; the last one is the share of people above ``threshold``.
    journalist_risk : float or None
        Known where a population is given; then the marketer too picks from it.
    threshold : float
        As it was given.
    sensitive : tuple of SensitiveMeasures
        One a sensitive column.
    certainty_penalties, hierarchy_penalties : dict of column to float, or None
        NCP of each quasi-identifier, as sets and by hierarchies; None where there is nothing to
        compare with, or no hierarchy.
    information_loss, hierarchy_loss : float or None
        Their means (GCP).
    """

    k: int
    n_rows: int
    n_classes: int
    average_class_size: float
    discernibility: int
    suppression: float
    prosecutor_risk: float
    journalist_risk: float | None
    marketer_risk: float
    records_at_risk: float
    threshold: float
    sensitive: tuple
    certainty_penalties: dict | None
    hierarchy_penalties: dict | None
    information_loss: float | None
    hierarchy_loss: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return all values as dictionaries, lists, numbers and strings."""
        data = asdict(self)
        return data | {"sensitive": list(data["sensitive"])}

    def __str__(self):
        plain = {name: value for name, value in asdict(self).items() if _is_number(value)}
        lines = list(plain.items())
        for part in self.sensitive:
            values = asdict(part)
            name = values.pop("name")
            lines += [(f"{name}: {key}", v) for key, v in values.items() if _is_number(v)]
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:<{width}}  {_shown(value)}" for name, value in lines)


def measures(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    quasi_identifiers: list[Any] | None = None,
    sensitive: list[Any] = (),
    k: int | None = None,
    threshold: float = 0.2,
    population: Any = None,
    hierarchies: dict[Any, Any] | None = None,
    subject_id: Any = None,
) -> Measures:
    """Compute all measures of a table, from one count of its classes and sensitive values.

    Parameters
    ----------
    table : DataFrame or array-like of shape (n_rows, n_columns)
        The output of any tool. Or original values, if ``classes`` says what was made of them; then
        the loss is known too.
    classes : DataFrame, ndarray, or array-like of shape (n_rows,), default=None
        What tells the classes. None: equal quasi-identifiers of ``table``. A table with as many
        rows in the same order, such as ``anonymizer.transform(table)``: its quasi-identifiers.
        Otherwise a number or a label for each row; -1, None or NaN where it is not published.
    quasi_identifiers : list, default=None
        Columns that are known from elsewhere. None: all that no other parameter names.
    sensitive : list, default=()
        Sensitive columns. Of several, each is judged within classes of the quasi-identifiers and
        the others.
    k : int, default=None
        The fewest people that were allowed in a class, for ``average_class_size``. None: those of
        the smallest class.
    threshold : float, default=0.2
        The chance above which a person counts as at risk.
    population : DataFrame or ndarray, default=None
        One row a person, with the same labels, for the journalist and the marketer.
    hierarchies : dict of column to Hierarchy, default=None
        For the loss of quasi-identifiers and the hierarchical distance of sensitive columns.
    subject_id : str (or int), default=None
        Column that says whose row it is.

    Returns
    -------
    Measures

    Raises
    ------
    InvalidParameterError
        If a column does not exist, ``classes`` does not fit, or no row is published.

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> people = [["20", "flu"], ["30", "HIV"], ["40", "flu"], ["70", "flu"]]
    >>> found = metrics.measures(people, [0, 0, 1, 1], sensitive=[1])
    >>> found.k, found.sensitive[0].distinct_l, found.information_loss
    (2, 1, 0.5)
    """
    checked_threshold(measures.__name__, threshold)
    view = View.of(measures, table, classes, quasi_identifiers, subject_id, sensitive)
    among = view.people if population is None else view.people_among(population)
    as_sets = None if classes is None else named_losses(view, None)
    by_trees = _hierarchy_losses(view, hierarchies) if as_sets and hierarchies else None
    return Measures(
        k=int(view.people.min()),
        n_rows=len(view.table),
        n_classes=view.people.size,
        average_class_size=relative_size(view.people, k),
        discernibility=discerned(view.classes),
        suppression=float(view.classes.hidden.mean()),
        prosecutor_risk=greatest(view.people),
        journalist_risk=None if population is None else greatest(among),
        marketer_risk=expected(view.people, among),
        records_at_risk=at_risk(view.people, threshold),
        threshold=threshold,
        sensitive=tuple(map(_of_column, view.contingencies(hierarchies))),
        certainty_penalties=as_sets,
        hierarchy_penalties=by_trees,
        information_loss=_mean(as_sets),
        hierarchy_loss=_mean(by_trees),
    )


def _of_column(part):
    """Return the measures of one contingency table."""
    own = part.sensitive
    distances = ["equal", *["ordered"] * own.ordered, *["hierarchical"] * bool(own.hierarchy)]

    def extremes(counts):
        """Return one row a group and one column a measure."""
        distinct = _disclosure.distinct_l(counts)
        return np.column_stack(
            [
                -distinct,
                -_disclosure.entropy_l(counts),
                _disclosure.largest_share(counts),
                _disclosure.relative_gain(counts, own.counts),
                *(DISTANCES[distance](counts, own) for distance in distances),
            ]
        )

    l, entropy, alpha, beta, *t = part.each(extremes).max(axis=0).tolist()
    l = int(-l)
    c = part.each(lambda counts: _disclosure.recursive_c(counts, l)).max().item()
    t = dict(zip(distances, t, strict=True))
    return SensitiveMeasures(
        name=own.name,
        distinct_l=l,
        entropy_l=-entropy,
        recursive_c=c if l > 1 else np.inf,
        equal_t=t["equal"],
        ordered_t=t.get("ordered"),
        hierarchical_t=t.get("hierarchical"),
        alpha=alpha,
        beta=beta,
    )


def _hierarchy_losses(view, hierarchies):
    """Return the NCP by hierarchies, leaving those of sensitive columns aside."""
    names = view.quasi_identifiers
    return named_losses(view, {name: tree for name, tree in hierarchies.items() if name in names})


def _mean(losses):
    return None if losses is None else float(np.mean(list(losses.values())))


def _is_number(value):
    return isinstance(value, int | float)


def _shown(value):
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
