"""Policies: what a report must say before its object may be released.

A policy is a small file beside the code, so that a CI job refuses what reviewers did not agree to::

    # policy.toml
    max_epsilon = 3.0
    unit = "person"
    worst_finding = "warning"
    max_ledgers = 1
    required = ["purpose", "recipients", "retention"]
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ..exceptions import InvalidParameterError
from ..statements import LEVELS, UNITS

Report = dict[str, Any]
Policy = Mapping[str, Any]


def read_policy(policy: Policy | str | PathLike[str]) -> Policy:
    """Return a policy as a dictionary.

    Parameters
    ----------
    policy : dict or path-like
        The policy, or a ``.toml`` or ``.json`` file with it.

    Returns
    -------
    dict

    Raises
    ------
    InvalidParameterError
        If the file is neither, or a rule is unknown or has a value of another kind.
    """
    if not isinstance(policy, Mapping):
        policy = _read_file(Path(policy))
    for name, value in policy.items():
        if name not in _RULES:
            raise InvalidParameterError(
                f"A policy knows the rules {', '.join(_RULES)}. Got {name!r} instead."
            )
        fits, words = _RULES[name].takes
        if not fits(value):
            raise InvalidParameterError(
                f"The rule {name!r} of a policy must be {words}. Got {value!r} instead."
            )
    return policy


def broken_rules(report: Report, policy: Policy) -> list[str]:
    """Return in words what a report breaks of a policy.

    Parameters
    ----------
    report : dict
        ``PrivacyReport.to_dict()``.
    policy : dict
        What :func:`read_policy` returned.

    Returns
    -------
    list of str
    """
    return [words for name, value in policy.items() for words in _RULES[name].breaks(report, value)]


def _read_file(path: Path) -> Policy:
    readers: dict[str, Callable[[str], Policy]] = {".toml": tomllib.loads, ".json": json.loads}
    if path.suffix not in readers:
        raise InvalidParameterError(
            f"A policy must be a dictionary, or a .toml or .json file. Got {str(path)!r} instead."
        )
    return readers[path.suffix](path.read_text(encoding="utf-8"))


def _epsilon(report: Report, most: float) -> Iterator[str]:
    joint = report["joint_claim"]
    if joint is None:
        yield "there is no joint claim of differential privacy that holds"
    elif joint["epsilon"] == "infinity" or joint["epsilon"] > most:
        yield f"epsilon is {joint['epsilon']}, above {most:g}"


def _delta(report: Report, most: float) -> Iterator[str]:
    joint = report["joint_claim"]
    if joint is not None and joint["delta"] > most:
        yield f"delta is {joint['delta']:g}, above {most:g}"


def _unit(report: Report, least: str) -> Iterator[str]:
    joint = report["joint_claim"]
    if joint is None or UNITS.index(joint["unit"]) < UNITS.index(least):
        yield f"one {joint['unit'] if joint else 'nothing'} is protected, less than one {least}"


def _neighboring(report: Report, relation: str) -> Iterator[str]:
    joint = report["joint_claim"]
    if joint is None or joint["neighboring"] != relation:
        yield f"the relation is {joint and joint['neighboring']}, not {relation}"


def _worst_finding(report: Report, worst: str) -> Iterator[str]:
    for finding in report["findings"]:
        if LEVELS.index(finding["level"]) < LEVELS.index(worst):
            place = f" at {finding['where']}" if finding["where"] else ""
            yield f"{finding['level']} {finding['code']}{place}: {finding['message']}"


def _forbidden(report: Report, codes: list[str]) -> Iterator[str]:
    for finding in report["findings"]:
        if finding["code"] in codes:
            yield f"{finding['code']} is forbidden: {finding['message']}"


def _ledgers(report: Report, most: int) -> Iterator[str]:
    if len(report["ledgers"]) > most:
        yield f"{len(report['ledgers'])} ledgers were charged, more than {most}"


def _spent(report: Report, most: float) -> Iterator[str]:
    for ledger in report["ledgers"]:
        if ledger["spent"] == "infinity" or ledger["spent"] > most:
            yield f"the ledger {ledger['path']} has spent {ledger['spent']}, above {most:g}"


def _recorded(report: Report, wanted: bool) -> Iterator[str]:
    for path, statement in report["statements"].items() if wanted else ():
        for part in (statement, *_parts(statement)):
            if part["kind"] == "DPStatement" and not part["charges"]:
                yield f"the claim of {path} is in no ledger"


def _parts(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in statement["parts"]:
        yield part
        yield from _parts(part)


def _required(report: Report, names: list[str]) -> Iterator[str]:
    for name in names:
        if not report["context"].get(name):
            yield f"nothing is said of {name}"


class _Rule:
    """What one rule takes, and how a report breaks it."""

    def __init__(self, breaks: Callable[[Report, Any], Iterator[str]], kind: Any, words: str):
        self.breaks = breaks
        self.takes = (kind, words)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)


_RULES: dict[str, _Rule] = {
    "max_epsilon": _Rule(_epsilon, _is_number, "a number of at least 0"),
    "max_delta": _Rule(_delta, _is_number, "a number of at least 0"),
    "unit": _Rule(_unit, UNITS.__contains__, f"one of {', '.join(UNITS)}"),
    "neighboring": _Rule(_neighboring, lambda v: isinstance(v, str), "the name of a relation"),
    "worst_finding": _Rule(_worst_finding, LEVELS.__contains__, f"one of {', '.join(LEVELS)}"),
    "forbidden": _Rule(_forbidden, _is_texts, "a list of codes of findings"),
    "max_ledgers": _Rule(_ledgers, _is_number, "a number of at least 0"),
    "max_spent": _Rule(_spent, _is_number, "a number of at least 0"),
    "recorded": _Rule(_recorded, lambda v: isinstance(v, bool), "true or false"),
    "required": _Rule(_required, _is_texts, "a list of names, such as 'purpose'"),
}
