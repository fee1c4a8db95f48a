"""How likely somebody in the table is found again by the quasi-identifiers.

Three attackers [1]_. The *prosecutor* knows that a person is in the table: a class of f people
leaves a chance of 1 / f. The *journalist* does not know it and picks from a population, of whom F
share the labels of the class: 1 / F. The *marketer* wants as many matches as can be had; what
counts is the expected share of people whom a guess finds.

A person with rows in several classes counts in each.

.. [1] K. El Emam, F. K. Dankar, "Protecting privacy using k-anonymity", JAMIA 2008; F. K. Dankar,
   K. El Emam, "A method for evaluating marketer re-identification risk", PAIS 2010.
"""

import numbers
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from ._view import View


def prosecutor_risk(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    quasi_identifiers: Any = None,
    subject_id: Any = None,
) -> float:
    """Return the greatest chance to find a person who is known to be in the table: 1 / k.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id
        As in :func:`k_anonymity`.

    Returns
    -------
    float

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> metrics.prosecutor_risk([["30"], ["30"], ["40"], ["40"]])
    0.5
    """
    view = View.of(prosecutor_risk, table, classes, quasi_identifiers, subject_id)
    return greatest(view.people)


def journalist_risk(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    population: Any,
    quasi_identifiers: Any = None,
    subject_id: Any = None,
) -> float:
    """Return the greatest chance to find a person of the table among a population.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id
        As in :func:`k_anonymity`; the classes are told by labels.
    population : DataFrame or ndarray
        One row a person, with the same labels: ``anonymizer.transform(people)``. It includes the
        people of the table; a class counts its own people at least.

    Returns
    -------
    float

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> population = [["30"]] * 10 + [["40"]] * 4
    >>> metrics.journalist_risk([["30"], ["30"], ["40"]], population=population)
    0.25
    """
    view = View.of(journalist_risk, table, classes, quasi_identifiers, subject_id)
    return greatest(view.people_among(population))


def marketer_risk(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    population: Any = None,
    quasi_identifiers: Any = None,
    subject_id: Any = None,
) -> float:
    """Return the share of people whom one guess each is expected to find.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id
        As in :func:`k_anonymity`.
    population : DataFrame or ndarray, default=None
        As in :func:`journalist_risk`. None: the attacker knows who is in the table.

    Returns
    -------
    float

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> metrics.marketer_risk([["30"], ["30"], ["30"], ["40"]])  # 2 classes, 4 people
    0.5
    """
    view = View.of(marketer_risk, table, classes, quasi_identifiers, subject_id)
    among = view.people if population is None else view.people_among(population)
    return expected(view.people, among)


def records_at_risk(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    threshold: float = 0.2,
    quasi_identifiers: Any = None,
    subject_id: Any = None,
) -> float:
    """Return the share of people whom the prosecutor finds with more than a given chance.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id
        As in :func:`k_anonymity`.
    threshold : float, default=0.2
        The chance; at 0.2, classes of fewer than five people are at risk.

    Returns
    -------
    float

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> metrics.records_at_risk([["30"], ["30"], ["30"], ["40"]], threshold=0.5)
    0.25
    """
    checked_threshold(records_at_risk.__name__, threshold)
    view = View.of(records_at_risk, table, classes, quasi_identifiers, subject_id)
    return at_risk(view.people, threshold)


def greatest(among: Any) -> float:
    """Return the greatest chance, given the people among whom each class is sought."""
    return float(1 / among.min())


def expected(people: Any, among: Any) -> float:
    """Return the expected share of people who are found."""
    return float((people / among).sum() / people.sum())


def at_risk(people: Any, threshold: Any) -> float:
    """Return the share of people in classes where the chance is above a threshold."""
    return float(people[1 / people > threshold].sum() / people.sum())


def checked_threshold(owner: str, threshold: Any) -> None:
    """Refuse a threshold that is no chance."""
    if not isinstance(threshold, numbers.Real) or not 0 <= threshold <= 1:
        raise InvalidParameterError(
            f"The 'threshold' parameter of {owner} must be a number >= 0 and <= 1. "
            f"Got {threshold!r} instead."
        )
