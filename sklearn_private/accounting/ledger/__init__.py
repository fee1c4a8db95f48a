"""The ledger, its file and the filters that admit charges."""

from ._ledger import Charge, PrivacyLedger, open_ledger

__all__ = ["Charge", "PrivacyLedger", "open_ledger"]
