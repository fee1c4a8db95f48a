"""The public parameters that a client and a server share."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass

from ...exceptions import GuaranteeError


@dataclass(frozen=True)
class Layout:
    """What both sides must agree on before a ciphertext means anything.

    Parameters
    ----------
    scheme : str
        Name of the encryption scheme.
    security_bits : int
        Its security level.
    n_features, n_outputs : int
        Columns of a request, and scores of a row.
    precision_bits : int
        Rows hold numbers in [0, 2**precision_bits).
    slot_bits : int
        Scores lie in [-2**(slot_bits - 1), 2**(slot_bits - 1)), proven at the fit.
    """

    scheme: str
    security_bits: int
    n_features: int
    n_outputs: int
    precision_bits: int
    slot_bits: int

    @property
    def offset(self):
        """What the server adds to each score, so that a slot is never negative."""
        return 1 << (self.slot_bits - 1)

    @property
    def digest(self):
        """Hash of the parameters, 32 hexadecimal digits: it binds messages to them."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:32]

    def to_dict(self):
        """Return the parameters as a dictionary."""
        return dataclasses.asdict(self)

    def describe(self, role):
        """Return the text that shows a client or a server of this layout."""
        return (
            f"{type(role).__name__}(scheme={self.scheme!r}, security_bits={self.security_bits}, "
            f"n_features={self.n_features}, n_outputs={self.n_outputs})"
        )

    @classmethod
    def from_dict(cls, fields):
        """Return the layout of :meth:`to_dict`, every field checked."""
        expected = {field.name: field.type for field in dataclasses.fields(cls)}
        good = set(fields) == set(expected) and all(
            type(fields[name]) is kind and (kind is str or 0 < fields[name] < 1 << 31)
            for name, kind in expected.items()
        )
        if not good or not fields["precision_bits"] <= fields["slot_bits"] <= 62:
            raise GuaranteeError("The message holds no valid layout. Nothing was read.")
        return cls(**fields)
