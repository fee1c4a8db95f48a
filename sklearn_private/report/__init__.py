"""Reports: the composed promises of whole objects, for people and for machines."""

from ._document import schema
from ._report import PrivacyReport, privacy_report
from ._utility_display import PrivacyUtilityDisplay

__all__ = ["PrivacyReport", "PrivacyUtilityDisplay", "privacy_report", "schema"]
