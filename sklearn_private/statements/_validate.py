"""Check data against the part of JSON Schema (2020-12) that the schemas of this library use.

A rule that this module does not know is a mistake of the schema, and raises ``KeyError``: a check
that skips what it does not know would pass everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..exceptions import InvalidParameterError

Schema = dict[str, Any]
Fault = tuple[str, str]  # a place, and the rule that is broken there

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_WORDS = {"$schema", "title", "$defs"}  # no rules


def validate(data: Any, schema: Schema) -> None:
    """Raise unless data satisfy a schema.

    Parameters
    ----------
    data : object
        What JSON can hold.
    schema : dict
        The schema.

    Raises
    ------
    InvalidParameterError
        With the place of the first fault and the rule that it breaks.
    """
    for place, rule in _Check(schema).faults(data, schema, ""):
        raise InvalidParameterError(f"The data break their schema at {place or '/'}: {rule}.")


class _Check:
    """The faults of data under one schema, whose root references start from."""

    def __init__(self, root: Schema) -> None:
        self._root = root

    def faults(self, value: Any, schema: Schema, place: str) -> Iterator[Fault]:
        for name in schema.keys() - _WORDS:
            if name in _SIMPLE:
                fits, words = _SIMPLE[name]
                if not fits(value, schema[name]):
                    yield place, f"it must {words} {schema[name]!r}"
            else:
                yield from _RULES[name](self, value, schema[name], schema, place)

    def _reference(self, value: Any, rule: str, schema: Schema, place: str) -> Iterator[Fault]:
        target = self._root
        for key in rule.removeprefix("#").split("/")[1:]:
            target = target[key]
        yield from self.faults(value, target, place)

    def _any_of(
        self, value: Any, rule: list[Schema], schema: Schema, place: str
    ) -> Iterator[Fault]:
        first = [next(self.faults(value, option, place), None) for option in rule]
        if None not in first:
            deepest = max(filter(None, first), key=lambda fault: len(fault[0]))
            yield deepest[0], f"it fits no option: {deepest[1]}"

    def _all_of(
        self, value: Any, rule: list[Schema], schema: Schema, place: str
    ) -> Iterator[Fault]:
        for case in rule:
            if next(self.faults(value, case["if"], place), None) is None:
                yield from self.faults(value, case["then"], place)

    def _required(self, value: Any, rule: list[str], schema: Schema, place: str) -> Iterator[Fault]:
        for name in rule if isinstance(value, dict) else ():
            if name not in value:
                yield place, f"it must have {name!r}"

    def _properties(self, value: Any, rule: Schema, schema: Schema, place: str) -> Iterator[Fault]:
        for name, inner in rule.items() if isinstance(value, dict) else ():
            if name in value:
                yield from self.faults(value[name], inner, f"{place}/{name}")

    def _others(self, value: Any, rule: Any, schema: Schema, place: str) -> Iterator[Fault]:
        known = schema.get("properties", {})
        for name in value if isinstance(value, dict) else ():
            if name not in known and rule is False:
                yield place, f"it must not have {name!r}"
            elif name not in known:
                yield from self.faults(value[name], rule, f"{place}/{name}")

    def _items(self, value: Any, rule: Schema, schema: Schema, place: str) -> Iterator[Fault]:
        for i, item in enumerate(value if isinstance(value, list) else ()):
            yield from self.faults(item, rule, f"{place}/{i}")


def _is_of_type(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _is_number(value: Any) -> bool:
    return _is_of_type(value, "number")


_SIMPLE: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "type": (_is_of_type, "be of type"),
    "const": (lambda value, rule: type(value) is type(rule) and value == rule, "be"),
    "enum": (lambda value, rule: value in rule, "be one of"),
    "pattern": (lambda v, rule: not isinstance(v, str) or re.search(rule, v) is not None, "match"),
    "minimum": (lambda value, rule: not _is_number(value) or value >= rule, "be at least"),
    "maximum": (lambda value, rule: not _is_number(value) or value <= rule, "be at most"),
}
_RULES: dict[str, Callable[..., Iterator[Fault]]] = {
    "$ref": _Check._reference,
    "anyOf": _Check._any_of,
    "allOf": _Check._all_of,
    "required": _Check._required,
    "properties": _Check._properties,
    "additionalProperties": _Check._others,
    "items": _Check._items,
}
