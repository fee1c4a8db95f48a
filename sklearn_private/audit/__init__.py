"""Audits: tests of what fitted objects claim."""

from ._audit_releases import audit_releases
from ._epsilon_audit import EpsilonAudit
from ._exact_loss import ExactLoss, exact_loss
from ._result import EpsilonAuditResult

__all__ = ["EpsilonAudit", "EpsilonAuditResult", "ExactLoss", "audit_releases", "exact_loss"]
