"""Findings: what is wrong with a claim, where, and how to mend it.

Each finding has a code, a short name that stays when the words change: users and CI jobs filter by
it. ``docs/findings.md`` lists every code with what fires it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
"""From the gravest: a claim is void; a claim is conditional; a fact to know."""


@dataclass(frozen=True)
class Finding:
    """One fault of a pipeline, or one condition of its claims.

    :meth:`error`, :meth:`warning` and :meth:`note` make one of a level.

    Parameters
    ----------
    level : {"error", "warning", "note"}
        ``error``: a claim is void. ``warning``: it holds on the condition named. ``note``: a fact
        that a reader must know.
    code : str
        What kind of fault it is, such as ``"seeded-noise"``.
    message : str
        What is wrong, in one sentence.
    remedy : str
        What to do about it, in one sentence.
    where : str, default=""
        Path of the step, or of its parameter, such as ``"pipeline.clf.random_state"``.
    """

    level: Level
    code: str
    message: str
    remedy: str
    where: str = ""

    @classmethod
    def error(cls, code: str, message: str, remedy: str, *, where: str = "") -> Finding:
        """Return a finding that voids a claim."""
        return cls("error", code, message, remedy, where)

    @classmethod
    def warning(cls, code: str, message: str, remedy: str, *, where: str = "") -> Finding:
        """Return a finding that makes a claim conditional."""
        return cls("warning", code, message, remedy, where)

    @classmethod
    def note(cls, code: str, message: str, remedy: str, *, where: str = "") -> Finding:
        """Return a finding that a reader must know of."""
        return cls("note", code, message, remedy, where)

    def within(self, path: str) -> Finding:
        """Return the finding with a path in front of its place."""
        return replace(self, where=".".join(filter(None, (path, self.where))))

    def to_dict(self) -> dict[str, str]:
        """Return the finding as a dictionary of strings."""
        return asdict(self)


SEEDED = Finding.error(
    "seeded-noise",
    "the noise is seeded by random_state and can be repeated: epsilon is infinite",
    "set random_state=None",
    where="random_state",
)
"""What every DP statement says of noise that can be repeated."""


def by_gravity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings as a tuple, the gravest first, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda f: LEVELS.index(f.level)))
