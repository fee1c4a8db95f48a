"""The joint claim: what all DP parts on the same rows cost together.

Events are composed where that has a price; else epsilons and deltas are summed. Claims under
different relations are converted to replace-one, where a claim (epsilon, delta) about a row that is
removed or added is (2·epsilon, (1 + e^epsilon)·delta). What fits of the object charged to a ledger
is never undercut: neither its sum, nor its reading, which pays for fits being chosen adaptively.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dp_accounting import DpEvent

from .. import accounting
from ..exceptions import InvalidParameterError
from ._account import Account
from ._kinds import DPStatement, Relation
from ._statement import UNITS, Unit


@dataclass(frozen=True)
class JointClaim:
    """What the DP parts of an object claim together.

    Parameters
    ----------
    epsilon, delta : float
        Infinite epsilon where a part claims nothing, or where fits left no record.
    neighboring, unit : str
        The relation, and the smallest unit of all parts.
    against : tuple of str
        The adversaries of the parts.
    """

    epsilon: float
    delta: float
    neighboring: Relation
    unit: Unit
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Cost:
    event: DpEvent
    epsilon: float
    delta: float
    neighboring: Relation
    unit: Unit

    def as_replace_one(self) -> tuple[float, float]:
        if self.neighboring == "replace_one":
            return self.epsilon, self.delta
        # Beyond e^700, which is still a float, the delta is 1 in any case.
        return 2 * self.epsilon, (1 + math.exp(min(self.epsilon, 700.0))) * self.delta


def joint_claim(
    claims: Sequence[DPStatement],
    accounts: Sequence[Account] = (),
    *,
    hides_fits: bool = False,
    unrecorded: bool = False,
) -> JointClaim | None:
    """Return the joint claim of an object.

    Parameters
    ----------
    claims : sequence of DPStatement
        Of all its parts.
    accounts : sequence of Account
        Its ledgers.
    hides_fits : bool, default=False
        Whether it made fits that none of the claims counts: every charge is then its own.
    unrecorded : bool, default=False
        Whether some of those fits were charged to no ledger.

    Returns
    -------
    JointClaim or None
        None if no part claims differential privacy.
    """
    own = {
        account: account.entries if hides_fits else account.belonging(claims)
        for account in accounts
    }
    hidden = accounts if hides_fits else ()
    costs = [*map(_of_claim, claims), *(cost for a in hidden for cost in _beyond(a, claims))]
    read = [account for account in accounts if own[account]]
    relations = {cost.neighboring for cost in costs} | {a.ledger.neighboring for a in read}
    if not costs:
        return JointClaim(math.inf, 0.0, "replace_one", "row") if unrecorded else None
    joint = _sum(costs, relations)
    readings = [account.epsilon_of(own[account]) for account in read]
    return replace(
        joint,
        epsilon=math.inf if unrecorded else max(joint.epsilon, *readings, 0.0),
        against=tuple(dict.fromkeys(claim.against for claim in claims)),
    )


def _of_claim(claim: DPStatement) -> _Cost:
    return _Cost(claim.event, claim.epsilon, claim.delta, claim.neighboring, claim.unit)


def _beyond(account: Account, claims: Sequence[DPStatement]) -> Iterator[_Cost]:
    """Yield the costs of the charges that no claim counts."""
    ledger = account.ledger
    for charge in account.others(claims):
        yield _Cost(charge.event, charge.epsilon, charge.delta, ledger.neighboring, ledger.unit)


def _sum(costs: Sequence[_Cost], relations: set[Relation]) -> JointClaim:
    mixed = len(relations) > 1
    relation: Relation = "replace_one" if mixed else relations.pop()
    unit = min((cost.unit for cost in costs), key=UNITS.index)
    pairs = [cost.as_replace_one() if mixed else (cost.epsilon, cost.delta) for cost in costs]
    if len(pairs) == 1 or any(epsilon == math.inf for epsilon, _ in pairs):
        epsilon, delta = max(pairs)
        return JointClaim(epsilon, min(1.0, delta), relation, unit)
    delta = max(cost.delta for cost in costs)
    epsilon = math.inf if mixed else _priced(costs, delta, relation)
    if epsilon == math.inf:
        epsilon, delta = (math.fsum(column) for column in zip(*pairs, strict=True))
    return JointClaim(epsilon, min(1.0, delta), relation, unit)


def _priced(costs: Sequence[_Cost], delta: float, relation: Relation) -> float:
    event = accounting.compose_events([cost.event for cost in costs])
    try:
        return accounting.epsilon(event, delta=delta, neighboring=relation)
    except InvalidParameterError:  # a mechanism whose curve is not known
        return math.inf
