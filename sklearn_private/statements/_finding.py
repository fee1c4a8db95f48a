"""Findings: what is wrong with a claim, where, and how to mend it."""

from dataclasses import asdict, dataclass

LEVELS = ("error", "warning", "note")
"""From the gravest: a claim is void; a claim is conditional; a fact to know."""


@dataclass(frozen=True)
class Finding:
    """One fault of a pipeline, or one condition of its claims.

    Parameters
    ----------
    level : {"error", "warning", "note"}
        ``error``: a claim is void. ``warning``: it holds on the condition named. ``note``: a fact
        that a reader must know.
    where : str
        Path of the step, such as ``"pipeline.scale"``.
    message : str
        What is wrong, in one sentence.
    remedy : str
        What to do about it, in one sentence.
    """

    level: str
    where: str
    message: str
    remedy: str

    def to_dict(self):
        """Return the finding as a dictionary of strings."""
        return asdict(self)


SEEDED = Finding(
    "error",
    "",
    "the noise is seeded by random_state and can be repeated: epsilon is infinite",
    "set random_state=None",
)
"""What every DP statement says of noise that can be repeated."""


def by_gravity(findings):
    """Return the findings as a tuple, the gravest first, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda f: LEVELS.index(f.level)))
