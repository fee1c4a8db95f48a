"""The rules by which promises compose, written down once.

A report turns an object into :class:`Step` and :class:`Search` records; this module turns those
into one :class:`Composition`. The rules:

1. **Before.** A step that was fitted on the same rows without differential privacy (a scaler, an
   encoder, an imputer, a selector, a detecting identifier remover, an anonymizer) voids the claim
   of a DP step that sees its output: its fitted state tells about rows that the claim does not
   count. *Error.*
2. **After.** A model fitted behind a DP step, on rows and not only on the step's release, is not
   covered by the step's claim; nor is what a meta-estimator does with rows around DP estimators
   (calibrating, tuning a threshold, discarding fits). *Warning.*
3. **Sums.** DP claims about the same rows add up: their events are composed and priced at the
   largest delta among them, or, where that has no curve, their epsilons and deltas are summed.
   Claims under different relations are converted to replace-one, where a claim (epsilon, delta)
   about a row that is removed or added is (2·epsilon, (1 + e^epsilon)·delta). The unit of the sum
   is the smallest one. A maximum instead of a sum needs a public partition in which every unit
   lies in one part; nothing here assumes one.
4. **Tables.** A DP model and a k-anonymous table of the same rows are together not DP, since the
   table is not. *Error.*
5. **Searches.** A search that picks by raw scores releases those scores and the choice: neither is
   counted by the claims of its fits. *Error.* Every fit counts, not only the winner's; without a
   ledger the sum is unknown. *Warning.*
6. **Seeds and labels.** A seeded claim is no claim, and inferred labels make one conditional;
   statements carry these findings themselves.
"""

import math
from dataclasses import dataclass

from .. import accounting
from ..exceptions import InvalidParameterError
from ._finding import Finding, by_gravity
from ._kinds import AnonymityStatement, DPStatement, MinimisationStatement
from ._statement import UNITS, PrivacyStatement


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
        Whether it learned something from the rows that it was fitted on.
    statement : PrivacyStatement or None
        Its promise, if it makes one.
    behind : tuple of Step
        The steps whose output it was fitted on, the first one first.
    """

    path: str
    kind: str
    stateful: bool
    statement: object = None
    behind: tuple = ()

    @property
    def promises_anything(self):
        """Whether any technique protects something here."""
        return any(s.technique != "none" for s in self.promises(PrivacyStatement))

    def promises(self, kind):
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


@dataclass(frozen=True)
class Composition:
    """What a whole object promises.

    Parameters
    ----------
    findings : tuple of Finding
        The gravest first.
    epsilon, delta : float or None
        The joint claim of the DP steps on the same rows; None without one. Void where a finding
        is an error.
    neighboring, unit : str or None
        The relation and the unit of the joint claim.
    """

    findings: tuple
    epsilon: float | None = None
    delta: float | None = None
    neighboring: str | None = None
    unit: str | None = None

    @property
    def holds(self):
        """Whether no finding voids a claim."""
        return all(finding.level != "error" for finding in self.findings)


def compose(steps, searches=(), *, same_rows=True):
    """Compose the promises of steps and searches.

    Parameters
    ----------
    steps : sequence of Step
        Every step, in the order in which the rows pass.
    searches : sequence of Search
        Every search around them.
    same_rows : bool, default=True
        Whether separate objects were fitted on rows of the same people. Steps of one object
        always were.

    Returns
    -------
    Composition
    """
    findings = [
        *_own(steps),
        *_before(steps),
        *_after(steps),
        *(_tables(steps) if same_rows else _tables_of_each_object(steps)),
        *_selection(searches),
    ]
    if steps and not any(step.promises_anything for step in steps):
        findings.append(
            Finding.warning(
                "no-promise",
                "no part of it makes a privacy promise",
                "swap in a private part, such as DPLogisticRegression for LogisticRegression",
                where=steps[0].path,
            )
        )
    return Composition(by_gravity(findings), *_joint(steps))


def _own(steps):
    for step in steps:
        for statement in step.statement.flatten() if step.statement is not None else []:
            for finding in statement.findings:
                yield finding.within(step.path)


def _before(steps):
    for step in steps:
        if not step.promises(DPStatement):
            continue
        for earlier in step.behind:
            if earlier.stateful and not earlier.promises(DPStatement):
                message, remedy = _why_void(earlier, step)
                yield Finding.error("fitted-without-dp", message, remedy, where=earlier.path)


def _why_void(earlier, step):
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
        "on public data",
    )


def _after(steps):
    for step in steps:
        front = [earlier for earlier in step.behind if earlier.promises(DPStatement)]
        if front and step.stateful and not step.promises(DPStatement):
            yield Finding.warning(
                "not-covered",
                f"{step.kind} was fitted on rows behind {front[-1].kind}, whose claim does not "
                "cover it",
                f"replace {step.kind} by a DP estimator",
                where=step.path,
            )


def _tables(steps):
    tables = [step for step in steps if step.promises(AnonymityStatement)]
    models = [step for step in steps if step.promises(DPStatement)]
    for table in tables:
        for model in models:
            if table not in model.behind:  # rule 1 has said it already
                yield Finding.error(
                    "table-beside-model",
                    f"a k-anonymous table ({table.kind}) and a DP model ({model.kind}) of the "
                    "same rows are together not differentially private",
                    "release one of the two, or make the table from other people's rows",
                    where=table.path,
                )


def _tables_of_each_object(steps):
    roots = {step.path.partition(".")[0] for step in steps}
    for root in sorted(roots):
        yield from _tables([s for s in steps if s.path.partition(".")[0] == root])


def _selection(searches):
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


def _joint(steps):
    """Return epsilon, delta, relation and unit of the joint claim."""
    claims = [claim for step in steps for claim in step.promises(DPStatement)]
    if not claims:
        return None, None, None, None
    relations = {claim.neighboring for claim in claims}
    mixed = len(relations) > 1
    relation = "replace_one" if mixed else claims[0].neighboring
    unit = min((claim.unit for claim in claims), key=UNITS.index)
    if len(claims) == 1 or any(claim.epsilon == math.inf for claim in claims):
        worst = max(claims, key=lambda claim: (claim.epsilon, claim.delta))
        return worst.epsilon, worst.delta, relation, unit
    delta = max(claim.delta for claim in claims)
    epsilon = math.inf if mixed else _priced(claims, delta, relation)
    if epsilon == math.inf:
        pairs = [_as_replace_one(c) if mixed else (c.epsilon, c.delta) for c in claims]
        epsilon, delta = (math.fsum(column) for column in zip(*pairs, strict=True))
    return epsilon, min(1.0, delta), relation, unit


def _priced(claims, delta, relation):
    event = accounting.compose_events([claim.event for claim in claims])
    try:
        return accounting.epsilon(event, delta=delta, neighboring=relation)
    except InvalidParameterError:  # a mechanism whose curve is not known
        return math.inf


def _as_replace_one(claim):
    if claim.neighboring == "replace_one":
        return claim.epsilon, claim.delta
    # Beyond e^700, which is still a float, the delta is 1 in any case.
    return 2 * claim.epsilon, (1 + math.exp(min(claim.epsilon, 700.0))) * claim.delta
