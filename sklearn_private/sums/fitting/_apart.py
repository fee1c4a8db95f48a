"""The part of one real site in a fit: its own rows, its own guard, its own run of the program.

Nothing about the rows is known of the other sites but how many there are, and nothing that they say
of themselves decides whether this site answers: its guard looks at its own rows alone. That is
stricter than in one process, where small sites may hide behind one another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...transport import Channel, agree, compare_results
from .._aggregator import Aggregator
from .._program import Program
from ..aggregators import Apart, Sites
from ..guard import Guard, Words, admit_all
from ._partition import Partition
from ._prepare import Prepared, guarded, prepare


@dataclass(frozen=True, eq=False)
class FittedApart:
    """What one site knows after a fit.

    Parameters
    ----------
    result : dict
        Fitted attributes, the same at all sites.
    aggregator : Aggregator
        Which answered the sums.
    data : Prepared
        The rows of this site, and the number of rows of each.
    guard : Guard
        Which let this site answer.
    """

    result: dict[str, Any]
    aggregator: Aggregator
    data: Prepared
    guard: Guard


def fit_apart(
    owner: Any,
    channel: Channel,
    program: Program,
    X: ArrayLike,
    y: ArrayLike | None,
    sample_weight: ArrayLike | None,
    *,
    words: Words,
    threshold: int | None,
    min_rows: int | None,
    hide: Callable[[Sites], Aggregator],
    local: Collection[str],
) -> FittedApart:
    """Run a program at one site, with the others at the far ends of a channel.

    Parameters
    ----------
    owner : estimator
        Which is fitted.
    channel : Channel
        Whose run has not begun.
    program : Program
        What to run.
    X, y, sample_weight : array-like
        The rows of this site.
    words : Words
        For messages.
    threshold : int or None
        How many sites may collude; None where sums are not hidden.
    min_rows : int or None
        Takes the place of the rule of the guard.
    hide : callable
        From this site's plain sums to the aggregator that the program asks.
    local : collection of str
        Parameters of the owner that sites need not have in common.

    Returns
    -------
    FittedApart

    Raises
    ------
    TransportError
        If another site stopped, or was started with other settings.
    InvalidParameterError
        If the rows of this site are refused; the others are told that they were, and no value.
    """
    with channel:
        data = prepare(
            owner, program, X, y, None, sample_weight, most_sites=1, hidden=False, min_rows=1
        )
        guard = guarded(
            owner,
            data,
            program,
            words,
            threshold=threshold,
            min_rows=min_rows,
            n_sites=len(channel.sites),
        )
        numbers = agree(channel, _settings(owner, data, local), {"n_rows": data.n_rows})
        if owner.history is not None:
            roster: dict[Hashable, int] = {site: own["n_rows"] for site, own in numbers.items()}
            admit_all(owner.history, {channel.name: data.sites[0]}, roster, guard.needed)
        aggregator = hide(Sites(data.sites, network=Apart(channel), guard=guard))
        result = program.fit(aggregator, owner.estimator, data.schema)
        compare_results(channel, _numbers(result))
    # Every site counts its own rows from 0.
    rows = {site: np.arange(own["n_rows"]) for site, own in numbers.items()}
    return FittedApart(result, aggregator, replace(data, partition=Partition(rows, False)), guard)


def _settings(owner: Any, data: Prepared, local: Collection[str]) -> dict[str, Any]:
    """Return what all sites must have in common, by the name of the parameter where it has one."""
    own = {name: value for name, value in owner.get_params().items() if name not in local}
    kinds = {name: f"{type(own.pop(name)).__qualname__}" for name in ("estimator",)}
    labels = None if data.schema.labels is None else data.schema.labels.tolist()
    names = getattr(owner, "feature_names_in_", None)
    return {
        **{name: repr(value) for name, value in own.items()},
        **kinds,
        "class": type(owner).__qualname__,
        "classes": labels,
        "columns": data.schema.n_features if names is None else list(names),
    }


def _numbers(result: dict[str, Any]) -> np.ndarray:
    """Return all numbers in the fitted attributes, in the order of their names."""
    values = [result[name] for name in sorted(result)]
    arrays = [np.asarray(value) for value in values if value is not None]
    numeric = [array.ravel() for array in arrays if array.dtype.kind in "biuf"]
    return np.concatenate([np.zeros(0), *numeric])
