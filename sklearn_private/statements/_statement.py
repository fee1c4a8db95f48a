"""What a fitted object promises: the fields that every statement has.

A statement is data, not prose: a frozen dataclass that pickles, compares and turns into JSON
(``schema.json`` beside this file describes it). Each technique adds its own fields in a subclass.
An object that is protected in several ways (a federated fit with secure aggregation and noise)
makes one statement with ``parts``, one for each protection, each with its own adversary.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import json
import math
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, ClassVar, Literal

from ._finding import Finding

SCHEMA_VERSION = 2
Unit = Literal["row", "person", "site"]
Randomness = Literal["operating system", "seeded", "none"]
UNITS: tuple[Unit, ...] = ("row", "person", "site")
"""From the smallest: who protects a person protects each of their rows."""


@dataclass(frozen=True, kw_only=True, repr=False)
class PrivacyStatement:
    """What one fitted object protects, from whom, what it leaks and what it assumes.

    Parameters
    ----------
    owner : str
        Name of the class that makes the statement.
    protects : str
        What is protected.
    unit : {"row", "person", "site"}
        Whose data one protected unit is.
    against : str
        The adversary.
    releases : tuple of str
        What the adversary is given.
    leaks : tuple of str
        What the releases tell beyond the claim.
    assumes : tuple of str
        The conditions under which the claim holds.
    mechanism : str
        The mechanism or scheme, in the field's words.
    parameters : dict
        Its parameters: strings, numbers, or sequences of them.
    bounds : dict of str to str
        Where each bound on the data comes from.
    randomness : {"operating system", "seeded", "none"}
        Source of every random number that the claim rests on.
    findings : tuple of Finding
        Faults and conditions that the object itself knows of; ``where`` is relative to it.
    n_rows : int or None
        Public number of units: of rows, or of persons or sites where they are the unit. None where
        it is unknown or hidden.
    parts : tuple of PrivacyStatement
        Further protections of the same object.
    version : str
        Library and version that made the statement.
    """

    technique: ClassVar[str] = "none"

    owner: str
    protects: str
    unit: Unit
    against: str
    releases: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()
    mechanism: str = "none"
    parameters: dict[str, Any] = field(default_factory=dict)
    bounds: dict[str, str] = field(default_factory=dict)
    randomness: Randomness = "none"
    findings: tuple[Finding, ...] = ()
    n_rows: int | None = None
    parts: tuple[PrivacyStatement, ...] = ()
    version: str = field(default_factory=lambda: _made_by())

    def claim(self) -> str:
        """Return the claim in one line."""
        return self.protects

    def flatten(self) -> list[PrivacyStatement]:
        """Return this statement and all its parts, depth first, as a list."""
        return [self, *(s for part in self.parts for s in part.flatten())]

    def to_dict(self) -> dict[str, Any]:
        """Return the statement as JSON-ready data; ``schema()`` describes it."""
        plain = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": type(self).__name__,
            "technique": self.technique,
            "claim": self.claim(),
            **plain,
        }

    def rows(self) -> list[tuple[str, str]]:
        """Return (title, text) pairs for people to read."""
        pairs = [
            ("claim", self.claim()),
            ("protects", self.protects),
            ("unit", self.unit),
            ("number", "" if self.n_rows is None else f"{self.n_rows} {self.unit}s, public"),
            ("against", self.against),
            ("releases", "; ".join(self.releases)),
            ("leaks", "; ".join(self.leaks)),
            ("assumes", "; ".join(self.assumes)),
            ("mechanism", self.mechanism),
            ("parameters", ", ".join(f"{k}={_short(v)}" for k, v in self.parameters.items())),
            ("bounds", "; ".join(f"{k}: {v}" for k, v in self.bounds.items())),
            ("randomness", self.randomness),
            ("made by", self.version),
        ]
        if self.claim() == self.protects:
            pairs = pairs[1:]
        return [(title, text) for title, text in pairs if text and text != "none"]

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} of {self.owner} ({self.technique})"]
        lines += [f"  {title:<10} {text}" for title, text in self.rows()]
        for part in self.parts:
            lines += ["  " + line for line in repr(part).splitlines()]
        return "\n".join(lines)


def _made_by() -> str:
    return library_version()


def schema() -> dict[str, Any]:
    """Return the JSON schema of :meth:`PrivacyStatement.to_dict`, as a dictionary."""
    return json.loads(files(__package__).joinpath("schema.json").read_text(encoding="utf-8"))


@functools.cache
def library_version() -> str:
    """Return the name and version of this library."""
    try:
        return "sklearn-private " + importlib.metadata.version("sklearn-private")
    except importlib.metadata.PackageNotFoundError:  # run from a source tree that is not installed
        return "sklearn-private (not installed)"


def number(value: float) -> str:
    """Return a short text for a number, with infinity in words."""
    return "infinity" if value == math.inf else f"{value:g}"


def _short(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, PrivacyStatement | Finding):
        return value.to_dict()
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_plain(v) for v in value]
    if value == math.inf:
        return "infinity"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.item() if hasattr(value, "item") else str(value)
