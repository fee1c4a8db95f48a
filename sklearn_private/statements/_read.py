"""Read statements back from their JSON form."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from ..accounting import event_from_dict
from ..exceptions import InvalidParameterError
from ._finding import Finding
from ._statement import PrivacyStatement


def statement_from_dict(data: Mapping[str, Any]) -> PrivacyStatement:
    """Return the statement whose ``to_dict()`` this is.

    Parameters
    ----------
    data : dict
        It satisfies the schema.

    Returns
    -------
    PrivacyStatement
        Of the class that ``kind`` names. Sequences and infinities among ``parameters`` stay as
        JSON has them.

    Raises
    ------
    InvalidParameterError
        If no class has that name, or its event cannot be read.
    """
    kinds = {cls.__name__: cls for cls in _classes(PrivacyStatement)}
    if data["kind"] not in kinds:
        raise InvalidParameterError(
            f"The kind of a statement must be one of {', '.join(sorted(kinds))}. "
            f"Got {data['kind']!r} instead."
        )
    cls = kinds[data["kind"]]
    names = {field.name for field in dataclasses.fields(cls)}
    return cls(**{name: _field(name, value) for name, value in data.items() if name in names})


def _classes(cls: type[PrivacyStatement]) -> Iterator[type[PrivacyStatement]]:
    yield cls
    for inner in cls.__subclasses__():
        yield from _classes(inner)


def _field(name: str, value: Any) -> Any:
    if name == "event":
        return event_from_dict(value)
    if name == "parts":
        return tuple(map(statement_from_dict, value))
    if name == "findings":
        return tuple(Finding(**finding) for finding in value)
    if name == "epsilon" and value == "infinity":
        return math.inf
    return tuple(value) if isinstance(value, list) else value
