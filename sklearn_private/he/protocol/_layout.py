"""The public parameters that a client and a server share."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Self

from ...exceptions import GuaranteeError

_LARGEST = 1 << 31


@dataclass(frozen=True)
class Layout:
    """What both sides must agree on before a ciphertext means anything.

    Parameters
    ----------
    scheme : str
        Name of the encryption scheme.
    program : str
        Kind of the program that is evaluated.
    security_bits : int
        Security level of the scheme.
    n_features, n_outputs : int
        Whole numbers of a row in a request, and scores of a row.
    levels : int
        Rows hold numbers in [0, levels].
    settings : dict of str to int
        What the scheme derived from the program, such as the width of a slot.
    """

    scheme: str
    program: str
    security_bits: int
    n_features: int
    n_outputs: int
    levels: int
    settings: dict

    @property
    def digest(self) -> Any:
        """Hash of the parameters, 32 hexadecimal digits: it binds messages to them."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:32]

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as a dictionary."""
        return dataclasses.asdict(self)

    def describe(self, role: Any) -> str:
        """Return the text that shows a client or a server of this layout."""
        return (
            f"{type(role).__name__}(scheme={self.scheme!r}, security_bits={self.security_bits}, "
            f"n_features={self.n_features}, n_outputs={self.n_outputs})"
        )

    @classmethod
    def from_dict(cls, fields: Any) -> Self:
        """Return the layout of :meth:`to_dict`, every field checked."""
        expected = {field.name: field.type for field in dataclasses.fields(cls)}
        good = (
            set(fields) == set(expected)
            and all(type(fields[name]) is kind for name, kind in expected.items())
            and all(_is_size(fields[name]) for name, kind in expected.items() if kind is int)
            and all(map(_is_size, fields["settings"].values()))
        )
        if not good:
            raise GuaranteeError("The message holds no valid layout. Nothing was read.")
        return cls(**fields)


def _is_size(value):
    return type(value) is int and 0 < value < _LARGEST
