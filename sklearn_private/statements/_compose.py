"""The rules by which promises compose, written down once.

A walk turns an object into :class:`Step` and :class:`Search` records; this module turns those into
one :class:`Composition`. The rules, with the function that keeps each:

1. **Before** (``_before``). A step that learned from the same rows without differential privacy (a
   scaler, an encoder, an imputer, a selector, a detecting identifier remover, an anonymizer) voids
   the claim of a DP step that sees its output: what it learned is counted by no claim. *Error.*
2. **Around** (``_around``). So does a model that was fitted on rows behind a DP step, and what a
   meta-estimator does with rows around DP fits: drop fits, score them, calibrate. *Error.*
3. **Beside** (``_beside``). So does what was fitted without differential privacy on the same rows
   and is released with a DP step; a k-anonymous table is an example. *Error.*
4. **Sums** (``_joint``). DP claims about the same rows add up. A joint claim is never below what a
   ledger holds for the object; fits that left no record make it infinite. The unit of the sum is
   the smallest one. A maximum instead of a sum needs a public partition in which every unit lies
   in one part; nothing here assumes one.
5. **Searches** (``_searches``). A search that picks by raw scores releases those scores and the
   choice: neither is counted by the claims of its fits. *Error.* Every fit counts, not only the
   winner's; without a ledger the sum is unknown. *Warning.*
6. **Other charges** (``_other_charges``). A ledger counts one set of rows: charges that belong to
   no claim here were spent on the same people. *Note.* So were those of a second ledger for one
   data set, and no ledger knows the sum. *Warning.*
7. **Large delta** (``_large_delta``). With delta = 1/n, releasing one person's row in full is
   within the claim, be it of a part or of the sum. *Warning.*
8. **Own** (``_own``). A seeded claim is no claim, and inferred labels make one conditional;
   statements, and steps beside a claim, carry these findings themselves.
9. **Assumed** (``_assumed``). What no walk can see (a value in a closure, a norm taken from the
   rows, a tag that lies) is no finding: it is said as an assumption.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ._account import Account
from ._finding import SEEDED, Finding, by_gravity
from ._joint import JointClaim, joint_claim
from ._kinds import AnonymityStatement, DPStatement, MinimisationStatement
from ._statement import PrivacyStatement
from ._step import Search, Step


@dataclass(frozen=True)
class Composition:
    """What a whole object promises.

    Parameters
    ----------
    findings : tuple of Finding
        The gravest first.
    joint : JointClaim or None
        The joint claim of the DP steps on the same rows; None without one. Void where a finding is
        an error.
    assumes : tuple of str
        What no walk can see, with its place.
    """

    findings: tuple[Finding, ...]
    joint: JointClaim | None = None
    assumes: tuple[str, ...] = ()

    @property
    def epsilon(self) -> float | None:
        """Epsilon of the joint claim, None without one."""
        return None if self.joint is None else self.joint.epsilon

    @property
    def delta(self) -> float | None:
        """Delta of the joint claim, None without one."""
        return None if self.joint is None else self.joint.delta

    @property
    def neighboring(self) -> str | None:
        """The relation of the joint claim, None without one."""
        return None if self.joint is None else self.joint.neighboring

    @property
    def unit(self) -> str | None:
        """The unit of the joint claim, None without one."""
        return None if self.joint is None else self.joint.unit

    @property
    def holds(self) -> bool:
        """Whether no finding voids a claim."""
        return all(finding.level != "error" for finding in self.findings)


def compose(
    steps: Sequence[Step],
    searches: Sequence[Search] = (),
    accounts: Sequence[Account] = (),
    *,
    same_rows: bool = True,
    beside: Sequence[Finding] = (),
) -> Composition:
    """Compose the promises of steps and searches.

    Parameters
    ----------
    steps : sequence of Step
        Every step, in the order in which the rows pass.
    searches : sequence of Search
        Every search around them.
    accounts : sequence of Account
        The ledgers that their fits were charged to.
    same_rows : bool, default=True
        Whether separate objects were fitted on rows of the same people. Steps of one object
        always were.
    beside : sequence of Finding
        What else is known about the object, from an audit for example.

    Returns
    -------
    Composition
    """
    groups = [steps] if same_rows else _by_object(steps)
    joint = _joint(steps, searches, accounts)
    findings = [
        *_own(steps),
        *_before(steps),
        *_around(steps),
        *(finding for group in groups for finding in _beside(group)),
        *_searches(searches),
        *_other_charges(steps, searches, accounts),
        *_large_delta(steps, joint),
        *_without_promise(steps, searches),
        *beside,
    ]
    return Composition(by_gravity(findings), joint, _assumed(steps) if joint else ())


def _own(steps: Sequence[Step]) -> Iterator[Finding]:
    claimed = any(step.is_claimed for step in steps)
    for step in steps:
        for statement in step.promises(PrivacyStatement):
            yield from (_placed(finding, step) for finding in statement.findings)
        if claimed:
            yield from (finding.within(step.path) for finding in step.findings)


def _placed(finding: Finding, step: Step) -> Finding:
    if finding.code == SEEDED.code and step.seeded_by:
        return Finding.error(
            "seeded-noise",
            f"{step.seeded_by} gives each estimator that it fits a seed, so the noise can be "
            "repeated: epsilon is infinite",
            f"fit the DP estimator by itself: {step.seeded_by} has no setting without seeds",
            where=step.path.rpartition(".")[0],
        )
    return finding.within(step.path)


def _before(steps: Sequence[Step]) -> Iterator[Finding]:
    for step in steps:
        if not step.promises(DPStatement):
            continue
        for earlier in step.behind:
            if earlier.is_uncounted:
                message, remedy = _why_void(earlier, step)
                yield Finding.error("fitted-without-dp", message, remedy, where=earlier.path)


def _why_void(earlier: Step, step: Step) -> tuple[str, str]:
    if earlier.promises(AnonymityStatement):
        return (
            f"{earlier.kind} was fitted on the same rows in front of {step.kind}: its cells are "
            "exact functions of the data, so the differential-privacy claim is void",
            f"train {step.kind} on the original columns through a DomainEncoder, and publish the "
            "k-anonymous table (if at all) as a separate release",
        )
    if earlier.promises(MinimisationStatement):
        return (
            f"{earlier.kind} chose its columns by looking at the same rows, so the "
            f"differential-privacy claim of {step.kind} is void",
            f"declare the columns of {earlier.kind}; detect them once, on another table",
        )
    return (
        f"{earlier.kind} was fitted on the same rows without differential privacy, so the claim "
        f"of {step.kind} behind it is void",
        f"replace {earlier.kind} by a DomainEncoder with public ranges and categories, or fit it "
        "on public data and freeze it",
    )


def _around(steps: Sequence[Step]) -> Iterator[Finding]:
    for step in steps:
        covered = [earlier for earlier in step.behind if earlier.is_claimed]
        if not step.is_uncounted or not (covered or step.hides_fits):
            continue
        inside = f"{covered[-1].kind}, whose claim does not cover it" if covered else "DP fits"
        does = f": it {step.does}, which no claim counts" if step.does else ""
        yield Finding.error(
            "not-covered",
            f"{step.kind} was fitted on rows behind or around {inside}{does}",
            f"replace {step.kind} by a DP estimator, or fit the DP estimator by itself",
            where=step.path,
        )


def _beside(steps: Sequence[Step]) -> Iterator[Finding]:
    models = [step for step in steps if step.is_claimed]
    for step in steps:
        if not models or not step.is_uncounted or step.hides_fits:
            continue
        if any(model in step.behind for model in models) or _is_in_front(step, models):
            continue  # rules 1 and 2 have said it already
        if step.promises(AnonymityStatement):
            yield Finding.error(
                "table-beside-model",
                f"a k-anonymous table ({step.kind}) and a DP model ({models[0].kind}) of the same "
                "rows are together not differentially private",
                "release one of the two, or make the table from other people's rows",
                where=step.path,
            )
            continue
        yield Finding.error(
            "released-beside",
            f"{step.kind}, fitted without differential privacy, and {models[0].kind}, fitted on "
            "the same rows, are together not differentially private",
            "release one of the two, or fit one of them on other people's rows",
            where=step.path,
        )


def _is_in_front(step: Step, models: Sequence[Step]) -> bool:
    return any(step in model.behind and model.promises(DPStatement) for model in models)


def _by_object(steps: Sequence[Step]) -> list[list[Step]]:
    roots = sorted({step.path.partition(".")[0] for step in steps})
    return [[s for s in steps if s.path.partition(".")[0] == root] for root in roots]


def _joint(
    steps: Sequence[Step], searches: Sequence[Search], accounts: Sequence[Account]
) -> JointClaim | None:
    recorded = [step.has_ledger for step in steps if step.hides_fits]
    recorded += [search.has_ledger for search in searches if search.private]
    return joint_claim(
        _claims(steps), accounts, hides_fits=bool(recorded), unrecorded=not all(recorded)
    )


def _claims(steps: Sequence[Step]) -> list[DPStatement]:
    """Return the claims of all steps, one release that stands in several places once."""
    claims: list[DPStatement] = []
    for claim in (claim for step in steps for claim in step.promises(DPStatement)):
        if not claim.charges or claim not in claims:
            claims.append(claim)
    return claims


def _searches(searches: Sequence[Search]) -> Iterator[Finding]:
    for search in searches:
        if not search.private:
            continue
        yield Finding.error(
            "raw-scores",
            f"{search.kind} picked a candidate by raw scores on the same rows: its scores "
            "(cv_results_) and its choice are released and counted by no claim",
            "score on public data, or fix the candidate before looking and fit it alone",
            where=search.path,
        )
        if not search.has_ledger:
            yield Finding.warning(
                "no-ledger",
                f"{search.kind} made {search.n_fits} private fits of the same rows and kept no "
                "record of their sum; the claim shown is that of one of them",
                "give the estimator a ledger=",
                where=search.path,
            )


def _other_charges(
    steps: Sequence[Step], searches: Sequence[Search], accounts: Sequence[Account]
) -> Iterator[Finding]:
    hidden = any(step.hides_fits for step in steps) or any(search.private for search in searches)
    for account in accounts:
        others = account.others(_claims(steps))
        if others and not hidden:  # what was hidden is part of the joint claim
            yield Finding.note(
                "other-charges",
                f"{len(others)} of {len(account.entries)} charges in {account.ledger.path} belong "
                "to no claim here: they were spent on the same rows, and together epsilon is "
                f"{account.spent:.4g}",
                "report the objects that they paid for together",
                where="ledger",
            )
        for path in account.other_paths:
            yield Finding.warning(
                "second-ledger",
                f"the data set {account.ledger.dataset!r} has another ledger, {path}: what both "
                "have spent adds up, and no ledger knows the sum",
                "charge one ledger for one data set",
                where="ledger",
            )


def _large_delta(steps: Sequence[Step], joint: JointClaim | None) -> Iterator[Finding]:
    sized = [
        (f"{step.path}.delta", claim.delta, claim.n_rows)
        for step in steps
        for claim in step.promises(DPStatement)
        if claim.n_rows
    ]
    found = [(where, delta, n) for where, delta, n in sized if delta * n >= 1]
    if joint is not None and sized and not found:
        fewest = min(n for _, _, n in sized)
        found = [("joint claim", joint.delta, fewest)] if joint.delta * fewest >= 1 else []
    for where, delta, n in found:
        yield Finding.warning(
            "large-delta",
            f"delta = {delta:g} is not below 1/n for n = {n}: releasing one row in full would be "
            "within the claim",
            f"set delta far below {1 / n:.2g}",
            where=where,
        )


def _without_promise(steps: Sequence[Step], searches: Sequence[Search]) -> Iterator[Finding]:
    kept = any(step.promises_anything or step.hides_fits for step in steps)
    if steps and not kept and not any(search.private for search in searches):
        yield Finding.warning(
            "no-promise",
            "no part of it makes a privacy promise",
            "swap in a private part, such as DPLogisticRegression for LogisticRegression",
            where=steps[0].path,
        )


def _assumed(steps: Sequence[Step]) -> tuple[str, ...]:
    unseen = [f"{step.path}: {text}" for step in steps for text in step.assumes]
    return (
        *unseen,
        "bounds, norms, categories, columns, settings and the choice of this object were fixed "
        "without looking at the rows",
        "every other release from these rows is counted elsewhere",
        "nothing was added to these objects beyond what fit left",
    )
