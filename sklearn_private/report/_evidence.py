"""Results that stand beside a report: what audits and release checks found.

They come from packages that know nothing of reports, so they are read by what they offer: a
``to_dict()``, or the plain values among their fields; ``findings``; a ``verdict``.
"""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Iterator
from typing import Any

from ..exceptions import InvalidParameterError
from ..statements import Finding

VIOLATION = "violation"


def evidence_of(result: Any) -> dict[str, Any]:
    """Return a result as JSON-ready data.

    Parameters
    ----------
    result : object
        What an audit or a release check returned.

    Returns
    -------
    dict
        ``kind``, ``summary`` and ``facts``.

    Raises
    ------
    InvalidParameterError
        If it is no result.
    """
    facts = result.to_dict() if hasattr(result, "to_dict") else _plain_fields(result)
    if not facts:
        raise InvalidParameterError(
            "The 'evidence' parameter of privacy_report must hold results of audits and release "
            f"checks. Got {type(result).__name__} instead."
        )
    return {"kind": type(result).__name__, "summary": str(result), "facts": facts}


def findings_of(result: Any) -> Iterator[Finding]:
    """Yield what a result says against the claims beside it."""
    kind = type(result).__name__
    for finding in getattr(result, "findings", ()):
        yield finding.within(f"evidence.{kind}")
    if getattr(result, "verdict", None) == VIOLATION:
        yield Finding.error(
            "claim-refuted",
            f"an audit refuted a claim of {getattr(result, 'owner', 'the object')}: see {kind}",
            "do not release it; look for what the claim does not count",
            where=f"evidence.{kind}",
        )


def _plain_fields(result: Any) -> dict[str, Any]:
    if not dataclasses.is_dataclass(result) or isinstance(result, type):
        return {}
    names = [field.name for field in dataclasses.fields(result)]
    if hasattr(result, "passed"):
        names.insert(0, "passed")
    values = {name: getattr(result, name) for name in names}
    return {k: v for k, v in values.items() if isinstance(v, numbers.Real | str)}
