"""The clock of a column: times with a zone are read as its clocks show them.

A date of birth is midnight where the person was born, and lies on the day before in UTC. What a
label says of a time must therefore be said in the column's own zone.
"""

import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import narwhals as nw
import numpy as np

from ...exceptions import InvalidParameterError
from ._canonical import is_missing

_UTC = "UTC"


def zone_of(column: Any) -> str | None:
    """Return the time zone of a column, or None where its values have none.

    Parameters
    ----------
    column : narwhals.Series or ndarray of shape (n_rows,)
        The column. Objects of several zones have that of UTC.
    """
    if isinstance(column, np.ndarray):
        return _zone_of_objects(column.tolist()) if column.dtype == object else None
    if isinstance(column.dtype, nw.Datetime):
        return column.dtype.time_zone
    if isinstance(column.dtype, nw.Object | nw.Unknown):
        return _zone_of_objects(column.to_list())
    return None


def by_clock(column: Any, zone: str | None, name: object) -> Any:
    """Return a column of which times have no zone, and are those that clocks in a zone show.

    Parameters
    ----------
    column : narwhals.Series or ndarray of shape (n_rows,)
        The column; one of anything but times is returned as it is.
    zone : str or None
        The zone of the fitted column, as :func:`zone_of` returned it.
    name : object
        The name of the column, for messages.

    Raises
    ------
    InvalidParameterError
        If some of the two columns' times have a zone, and those of the other have none.
    """
    found = zone_of(column)
    if found is None and zone is None:
        return column
    is_array = isinstance(column, np.ndarray)
    if is_array or not isinstance(column.dtype, nw.Datetime):
        values = column.tolist() if is_array else column.to_list()
        times = [value for value in values if _is_time(value)]
        if times or found is not None:
            _refuse_other(found, zone, name)
            return np.array([_shown(value, zone) for value in values], dtype=object)
        return column
    _refuse_other(found, zone, name)
    if found != zone:
        column = column.dt.convert_time_zone(zone)
    return column.dt.replace_time_zone(None)


def _zone_of_objects(values):
    zones = {_zone(value) for value in values if _is_time(value)}
    if len(zones) <= 1:
        return next(iter(zones), None)
    return None if None in zones else _UTC


def _is_time(value):
    return isinstance(value, datetime.datetime) and not is_missing(value)


def _zone(value):
    """Return the name of the zone of a time; that of an offset without a name is UTC."""
    if value.tzinfo is None:
        return None
    name = str(value.tzinfo)
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return _UTC


def _shown(value, zone):
    if not _is_time(value):
        return value
    return value.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _refuse_other(found, zone, name):
    """Refuse times without a zone where the fitted ones had one, and the other way round."""
    if (found is None) != (zone is None):
        held, holds = (
            "no time zone" if each is None else f"the zone {each}" for each in (zone, found)
        )
        raise InvalidParameterError(
            f"The times of column {name!r} had {held} when it was fitted; now they have {holds}. "
            "Convert it."
        )
