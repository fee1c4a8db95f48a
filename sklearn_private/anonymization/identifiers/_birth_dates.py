"""Dates of birth: days, without a time of day, that span a generation.

Dates of visits, orders and measurements lie within the years in which a table was collected; dates
of birth lie as far apart as the ages of people.
"""

import re

import numpy as np

_FEWEST = 50
"""Fewest days whose spread says something."""
_SHARE = 0.95
"""Share of the values of a column that must be days."""
_YEARS = 30
"""Years between the first and the last percentile."""

_DAY = re.compile(
    r"(?:(\d{4})([-/.])[01]?\d\2[0-3]?\d|[0-3]?\d([-/.])[0-3]?\d\3(\d{4}))"
    r"(?:[T ]00:00(?::00(?:\.0*)?)?)?"
)


def are_births(values: list[str]) -> bool:
    """Tell whether values look like dates of birth.

    Parameters
    ----------
    values : list of str
        Values of one column; ``1984-05-31``, ``31.5.1984`` and ``5/31/1984`` are days.

    Returns
    -------
    bool

    Examples
    --------
    >>> from sklearn_private.anonymization.identifiers._birth_dates import are_births
    >>> are_births([f"{year}-05-31" for year in range(1940, 2000)])
    True
    >>> are_births([f"2020-05-{day:02}" for day in range(1, 32)] * 2)
    False
    """
    days = [day for value in values if (day := _DAY.fullmatch(value.strip()))]
    if len(days) < max(_FEWEST, _SHARE * len(values)):
        return False
    early, late = np.quantile([int(day[1] or day[4]) for day in days], [0.01, 0.99])
    return bool(late - early >= _YEARS)
