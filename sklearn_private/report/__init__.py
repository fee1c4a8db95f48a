"""Reports: the composed promises of whole objects, for people and for machines."""

from ._report import PrivacyReport, privacy_report

__all__ = ["PrivacyReport", "privacy_report"]
