"""The ledger, its file and the filters that admit charges."""

from ._charge import Charge
from ._ledger import PrivacyLedger, open_ledger

__all__ = ["Charge", "PrivacyLedger", "open_ledger"]
