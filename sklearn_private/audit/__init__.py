"""Audits: tests of what fitted objects claim."""

from ._audit_releases import audit_releases
from ._epsilon_audit import EpsilonAudit
from ._result import EpsilonAuditResult
from .exact import ExactLoss, exact_loss

__all__ = ["EpsilonAudit", "EpsilonAuditResult", "ExactLoss", "audit_releases", "exact_loss"]
