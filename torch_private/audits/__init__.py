"""Audits of training runs: tests of what they claim, within the run."""

from ._any_mechanism import one_run_epsilon, one_run_p_value
from ._audit_scores import audit_scores
from ._canaries import random_canaries
from ._one_run_audit import OneRunAudit
from ._result import OneRunAuditResult
from ._trade_off import one_run_gaussian_epsilon, one_run_mu

__all__ = [
    "OneRunAudit",
    "OneRunAuditResult",
    "audit_scores",
    "one_run_epsilon",
    "one_run_gaussian_epsilon",
    "one_run_mu",
    "one_run_p_value",
    "random_canaries",
]
