"""What an audit found, for people and for machines."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

LARGEST_DETECTABLE = 2.0
"""An audit that would not have seen noise this many times too small says nothing of a claim."""


@dataclass(frozen=True, kw_only=True, repr=False)
class EpsilonAuditResult:
    """What an audit found out about one claim.

    Parameters
    ----------
    owner : str
        What was audited.
    verdict : {"violation", "consistent", "inconclusive"}
        ``"violation"``: the claim in ``tests`` is refuted, at the stated confidence.
        ``"consistent"``: it is not, and noise ``detectable`` <= 2 times too small would have been
        found. ``"inconclusive"``: it is not, but neither would noise twice too small.
    epsilon_lower_bound : float
        The true epsilon at ``delta`` is at least this, at the stated confidence. It rests on the
        claimed family where ``bound`` names Gaussian DP.
    claimed_epsilon, delta : float
        The claim.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        Its neighbouring relation.
    confidence : float
        Probability, at least, that a claim which holds is not called a violation.
    n_fits : int
        Fits a side.
    statistic, bound : str
        What the first half of the fits picked.
    tests : str
        The claim that this bound tests, in words.
    share : float
        What was shown over what the claim allows, in the unit of the bound; above 1 it is refuted.
    detectable : float
        Had the noise been this many times too small, an audit like this one would have found a
        violation in 9 of 10 cases. Infinity where no noise would be small enough.
    pair : str
        The neighbouring data sets.
    """

    owner: str
    verdict: str
    epsilon_lower_bound: float
    claimed_epsilon: float
    delta: float
    neighboring: str
    confidence: float
    n_fits: int
    statistic: str
    bound: str
    tests: str
    share: float
    detectable: float
    pair: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data: strings and numbers, infinity in words."""
        fields = dataclasses.asdict(self)
        return {k: "infinity" if v == math.inf else v for k, v in fields.items()}

    def __repr__(self):
        refuted = "refutes" if self.verdict == "violation" else "tests"
        relation = self.neighboring.replace("_", "-")
        rows = [
            ("claim", f"epsilon = {self.claimed_epsilon:g} at delta = {self.delta:g}, {relation}"),
            ("shown", f"epsilon >= {self.epsilon_lower_bound:.3g} ({self.confidence:g} confident)"),
            ("test", f"{self.statistic}, {self.bound}"),
            (refuted, self.tests),
            ("power", self._power()),
            ("fits", f"{self.n_fits} a side"),
            ("pair", self.pair),
        ]
        title = f"EpsilonAudit of {self.owner}: {self.verdict}"
        return "\n".join([title, *(f"  {name:<8} {text}" for name, text in rows)])

    def _power(self):
        if self.detectable == math.inf:
            return "too few fits to find any lack of noise"
        return f"would have found noise {self.detectable:.2f} times too small"
