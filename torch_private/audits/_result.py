"""What an audit of one run found, for people and for machines."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, repr=False)
class OneRunAuditResult:
    """What an audit of one run found out about its claim.

    Parameters
    ----------
    owner : str
        What was audited.
    verdict : {"violation", "consistent", "inconclusive"}
        ``"violation"``: the claim in ``tests`` is refuted, at the stated confidence.
        ``"consistent"``: it is not, and noise ``detectable`` <= 2 times too small would have been
        found. ``"inconclusive"``: it is not, but neither would noise twice too small. One run
        shows a quarter to a half of epsilon, so this is the common verdict.
    epsilon_lower_bound : float
        The true epsilon at ``delta`` is at least this, at the stated confidence. It rests on the
        claimed family where ``bound`` names Gaussian DP or a privacy curve.
    claimed_epsilon, delta : float
        The claim.
    neighboring : {"zero_out", "add_remove"}
        Its neighbouring relation.
    confidence : float
        Probability, at least, that a claim which holds is not called a violation.
    n_canaries, n_guesses, n_correct : int
        Canaries, guesses that were made about them, and correct ones of these.
    bound : str
        How the guesses were turned into a bound.
    tests : str
        The claim that it tests, in words.
    share : float
        What was shown over what the claim allows; above 1 it is refuted.
    detectable : float
        Had the noise been this many times too small, an audit with these canaries would have found
        a violation in 9 of 10 cases. Infinity where no noise would be small enough.
    """

    owner: str
    verdict: str
    epsilon_lower_bound: float
    claimed_epsilon: float
    delta: float
    neighboring: str
    confidence: float
    n_canaries: int
    n_guesses: int
    n_correct: int
    bound: str
    tests: str
    share: float
    detectable: float

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data: strings and numbers, infinity in words."""
        fields = dataclasses.asdict(self)
        return {k: "infinity" if v == math.inf else v for k, v in fields.items()}

    def __repr__(self):
        refuted = "refutes" if self.verdict == "violation" else "tests"
        relation = self.neighboring.replace("_", "-")
        guesses = f"{self.n_correct} of {self.n_guesses} right, of {self.n_canaries} canaries"
        rows = [
            ("claim", f"epsilon = {self.claimed_epsilon:g} at delta = {self.delta:g}, {relation}"),
            ("shown", f"epsilon >= {self.epsilon_lower_bound:.3g} ({self.confidence:g} confident)"),
            ("guesses", guesses),
            ("bound", self.bound),
            (refuted, self.tests),
            ("power", self._power()),
        ]
        title = f"OneRunAudit of {self.owner}: {self.verdict}"
        return "\n".join([title, *(f"  {name:<8} {text}" for name, text in rows)])

    def _power(self):
        if self.detectable == math.inf:
            return "these canaries find no lack of noise"
        return f"would have found noise {self.detectable:.2f} times too small"
