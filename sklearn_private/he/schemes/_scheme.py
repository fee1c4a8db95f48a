"""The encryption schemes by name.

A scheme is a class that takes a :class:`Layout` and has ``rows_per_block``, ``parameters``,
``keygen``, ``simulation_key``, ``read_public_key``, ``request_size``, ``response_size``,
``encrypt``, ``evaluate`` and ``decrypt``. It sees whole numbers and octets only: no model, no
header, no scikit-learn. Its module is imported when the scheme is used, since each brings a
library of its own.
"""

from dataclasses import dataclass
from importlib import import_module

from ...exceptions import GuaranteeError


@dataclass(frozen=True)
class SchemeEntry:
    """Where a scheme is, and the security levels it has.

    Parameters
    ----------
    module, name : str
        The package beside this file and its class.
    title : str
        Name of the scheme in the field's words.
    security_bits : tuple of int
        Its levels.
    assumption : str
        What its security rests on.
    """

    module: str
    name: str
    title: str
    security_bits: tuple
    assumption: str


SCHEMES = {
    "paillier": SchemeEntry(
        module=".paillier",
        name="PaillierScheme",
        title="Paillier, packed columns",
        security_bits=(112, 128, 192),
        assumption="the decisional composite residuosity assumption for the modulus",
    )
}


def open_scheme(layout):
    """Return the scheme of a layout."""
    if layout.scheme not in SCHEMES:
        raise GuaranteeError("The message names a scheme that is not known. Nothing was read.")
    entry = SCHEMES[layout.scheme]
    return getattr(import_module(entry.module, __package__), entry.name)(layout)
