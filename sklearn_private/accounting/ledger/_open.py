"""What the ``ledger`` parameter of an estimator stands for."""

import os
import warnings

from dp_accounting import DpEvent

from ...exceptions import InvalidParameterError, PrivacyWarning
from ..events import check_event
from ._ledger import PrivacyLedger

LedgerLike = PrivacyLedger | str | os.PathLike[str]


class NoLedger:
    """Stands for a ledger where none was given: it takes every charge and keeps none."""

    def spend(self, event: DpEvent, *, owner: str = "", seeded: bool = False, **_: object) -> None:
        """Take the charge, with a warning where its randomness can be repeated."""
        check_event(event)
        if seeded:
            warnings.warn(
                f"{owner or 'This charge'} is seeded by random_state: its noise can be repeated, "
                "so its epsilon is infinite. Use random_state=None for a release.",
                PrivacyWarning,
                stacklevel=6,
            )


def open_ledger(ledger: LedgerLike | None) -> PrivacyLedger | NoLedger:
    """Return what an estimator's ``ledger`` parameter stands for.

    Parameters
    ----------
    ledger : PrivacyLedger, path-like or None
        A path must exist: estimators never create a ledger. None takes every charge.

    Returns
    -------
    PrivacyLedger or NoLedger
    """
    if ledger is None:
        return NoLedger()
    if isinstance(ledger, PrivacyLedger):
        return ledger
    if isinstance(ledger, str | os.PathLike):
        return PrivacyLedger(ledger)
    raise InvalidParameterError(
        f"ledger must be a path, a PrivacyLedger or None. Got {ledger!r} instead."
    )
