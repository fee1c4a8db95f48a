"""The ledger, its file and the filters that admit charges."""

from ._charge import Charge
from ._data_sets import LedgerRecord, other_ledgers
from ._ledger import PrivacyLedger
from ._open import LedgerLike, open_ledger

__all__ = ["Charge", "LedgerLike", "LedgerRecord", "PrivacyLedger", "open_ledger", "other_ledgers"]
