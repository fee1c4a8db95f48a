"""The parts of an object as the composition rules see them: steps, and searches around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from ._finding import Finding
from ._kinds import DPStatement
from ._statement import PrivacyStatement

Kind = TypeVar("Kind", bound=PrivacyStatement)


@dataclass(frozen=True)
class Step:
    """One step of an object, as the rules see it.

    Parameters
    ----------
    path : str
        Where the step stands, such as ``"pipeline.scale"``.
    kind : str
        Name of its class.
    stateful : bool
        Whether it learned something from the rows that it was fitted on, beyond what the steps that
        it holds learned.
    statement : PrivacyStatement or None
        Its promise, if it makes one.
    behind : tuple of Step
        The steps whose output it was fitted on, the first one first.
    findings : tuple of Finding
        Conditions of the claims beside it; ``where`` is relative to the step.
    assumes : tuple of str
        What nobody checked about it.
    does : str
        What it does with rows around DP fits, in words.
    hides_fits : bool
        Whether it made DP fits that are not among the steps.
    has_ledger : bool
        Whether each of those was charged to a ledger.
    seeded_by : str
        Name of the class that gave it a seed which its user did not set.
    """

    path: str
    kind: str
    stateful: bool
    statement: PrivacyStatement | None = None
    behind: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    assumes: tuple[str, ...] = ()
    does: str = ""
    hides_fits: bool = False
    has_ledger: bool = False
    seeded_by: str = ""

    @property
    def promises_anything(self) -> bool:
        """Whether any technique protects something here."""
        return any(s.technique != "none" for s in self.promises(PrivacyStatement))

    @property
    def is_claimed(self) -> bool:
        """Whether it is, or made without keeping it, a fit that claims differential privacy."""
        return self.hides_fits or bool(self.promises(DPStatement))

    @property
    def is_uncounted(self) -> bool:
        """Whether it learned something from rows that no claim of its own counts."""
        return self.stateful and not self.promises(DPStatement)

    def promises(self, kind: type[Kind]) -> list[Kind]:
        """Return the statements of one kind that this step makes, parts included."""
        every = self.statement.flatten() if self.statement is not None else []
        return [s for s in every if isinstance(s, kind)]


@dataclass(frozen=True)
class Search:
    """A search over candidates, as the rules see it.

    Parameters
    ----------
    path : str
        Where the search stands.
    kind : str
        Name of its class.
    n_fits : int
        Fits on the rows, the refit included.
    has_ledger : bool
        Whether each fit was charged to a ledger.
    private : bool
        Whether the fits claim differential privacy.
    """

    path: str
    kind: str
    n_fits: int
    has_ledger: bool
    private: bool
