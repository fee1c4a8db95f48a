"""Every exception and warning of the project.

The tree::

    PrivacyError(Exception)
    ├── InvalidParameterError(ValueError)      a parameter, a bound or a table breaks a stated rule
    ├── BudgetExceededError(RuntimeError)      a ledger refuses a charge; nothing was released
    ├── LedgerError(RuntimeError)              a ledger cannot be opened, read or written
    ├── GuaranteeError(RuntimeError)           a guarantee cannot be kept, so nothing was released
    │   ├── SolverError                        a solver missed the tolerance that its proof needs
    │   ├── RangeError                         a value would overflow what carries it
    │   ├── TransportError                     a link, a peer or a message failed between parties
    │   └── IdentifierError                    a direct identifier was found where none may be
    ├── PolicyError(ValueError)                a report breaks a policy
    └── MissingDependencyError(ImportError)    an extra is not installed
    PrivacyWarning(UserWarning)                a claim that holds only on the condition it names

All of them are built from one message, so that they survive pickling (joblib workers raise across
processes). What is raised before a release says so: ``LedgerError.unreleased(fault, way_out)``.
"""

from typing import Self


class PrivacyError(Exception):
    """Root of the tree."""

    @classmethod
    def unreleased(cls, fault: str, way_out: str = "") -> Self:
        """Return the error that says what is wrong, that nothing was released, and how to go on.

        Parameters
        ----------
        fault : str
            What is wrong, in one sentence or more.
        way_out : str, default=""
            What to do about it, in one sentence or more.
        """
        return cls(" ".join(filter(None, (fault.rstrip(), "Nothing was released.", way_out))))


class InvalidParameterError(PrivacyError, ValueError):
    """A parameter, a bound or a table breaks a stated rule."""


class BudgetExceededError(PrivacyError, RuntimeError):
    """A ledger refuses a charge. Nothing was released."""


class LedgerError(PrivacyError, RuntimeError):
    """A ledger cannot be opened, read or written."""


class GuaranteeError(PrivacyError, RuntimeError):
    """A guarantee cannot be kept. Nothing was released."""


class SolverError(GuaranteeError):
    """A solver missed the tolerance that its privacy proof needs."""


class RangeError(GuaranteeError):
    """A value would overflow the ring or the slot that carries it."""


class TransportError(GuaranteeError):
    """A link, a peer or a message failed between parties. Nothing of the round was opened."""


class IdentifierError(GuaranteeError):
    """A direct identifier was found where none may be."""


class PolicyError(PrivacyError, ValueError):
    """A report breaks a policy: what it is about may not be released under it."""


class MissingDependencyError(PrivacyError, ImportError):
    """A dependency that an extra brings is not installed."""


class PrivacyWarning(UserWarning):
    """A claim holds only on the condition that the message names."""
