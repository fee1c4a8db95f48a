"""What a scheme is, and the schemes by name.

A scheme runs programs of some kinds: one class for each pair, which takes a :class:`Layout` and
sees whole numbers and octets only: no model, no header, no scikit-learn. Its module is imported
when the pair is used, since each brings a library of its own. A new scheme, or a new kind of
program under a scheme, is one file and its line in ``SCHEMES``.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from ...exceptions import GuaranteeError, InvalidParameterError


class Scheme(Protocol):
    """One scheme running one kind of program, under a layout that both parties share."""

    rows_per_block: int
    parameters: dict

    @staticmethod
    def settings(program: Any, security_bits: int) -> dict[str, int]:
        """Derive the parameters of the ciphertexts from a program, or say why there are none."""

    def check(self, program: Any) -> None:
        """Raise ``GuaranteeError`` if the program could leave the range of the ciphertexts."""

    def error(self, program: Any) -> np.ndarray:
        """Return a bound on what the scheme adds to each score, in units of the whole numbers."""

    def keygen(self, private_key: Any = None) -> Any:
        """Return a key pair; its ``public`` has a ``fingerprint`` and ``to_bytes``."""

    def write_key(self, key: Any) -> bytes:
        """Return the secret of a key pair, for a file that is sealed."""

    def read_key(self, secret: bytes) -> Any:
        """Return the key pair of :meth:`write_key`."""

    def simulation_key(self) -> Any:
        """Return one key pair that all simulations of this size in this process share."""

    def read_public_key(self, payload: bytes) -> Any:
        """Return the public key in a bundle, checked."""

    def request_size(self, n_rows: int) -> int:
        """Return the octets of the encryption of so many rows."""

    def response_size(self, n_rows: int) -> int:
        """Return the octets of the encrypted scores of so many rows."""

    def encrypt(self, key: Any, integers: np.ndarray) -> bytes:
        """Return rows of whole numbers as octets."""

    def evaluate(self, public_key: Any, payload: bytes, n_rows: int, program: Any) -> bytes:
        """Return encrypted scores of encrypted rows."""

    def decrypt(self, key: Any, payload: bytes, n_rows: int) -> np.ndarray:
        """Return the scores in units of the whole numbers, shape (n_rows, n_outputs)."""


@dataclass(frozen=True)
class SchemeEntry:
    """A scheme, where its classes are, and the security levels it has.

    Parameters
    ----------
    title : str
        Name of the scheme in the field's words.
    security_bits : tuple of int
        Its levels.
    assumption : str
        What its security rests on.
    leaks : tuple of str
        What answers under it tell, beyond what they are meant to.
    runs : dict of str to str
        Kind of program to ``"module:class"`` within this package.
    """

    title: str
    security_bits: tuple
    assumption: str
    leaks: tuple
    runs: dict


SCHEMES = {
    "paillier": SchemeEntry(
        title="Paillier, packed columns",
        security_bits=(112, 128, 192),
        assumption="the decisional composite residuosity assumption for the modulus",
        leaks=(),
        runs={"affine": ".paillier._paillier:PaillierScheme"},
    ),
    "ckks": SchemeEntry(
        title="CKKS on Microsoft SEAL, one ciphertext a column",
        security_bits=(128, 192, 256),
        assumption="ring learning with errors for ternary secrets",
        leaks=(
            "the secret key, to whoever gets decrypted scores from the client together with their "
            "ciphertexts (Li and Micciancio 2021): decryptions are never to be shared",
            "an answer's noise depends on the weights, and the client can read it",
        ),
        runs={"affine": ".seal:CKKSAffine", "squares": ".seal:CKKSSquares"},
    ),
    "bfv": SchemeEntry(
        title="BFV on Microsoft SEAL, one ciphertext a leaf",
        security_bits=(128, 192, 256),
        assumption="ring learning with errors for ternary secrets",
        leaks=(
            "the secret key, to a server that answers wrongly on purpose and gets to see what the "
            "client read",
            "an answer's noise depends on the values of leaves, and the client can read it",
        ),
        runs={"leaves": ".seal:BFVLeaves"},
    ),
}
"""In the order in which ``scheme="auto"`` prefers them: exact ones first."""


def scheme_class(name: str, kind: Any) -> Any:
    """Return the class that runs a kind of program under a scheme, or None."""
    place = SCHEMES[name].runs.get(kind)
    if place is None:
        return None
    module, _, class_name = place.partition(":")
    return getattr(import_module(module, __package__), class_name)


def choose_scheme(name: str, kind: Any, security_bits: Any) -> tuple[Any, Any]:
    """Return the name and the class of a scheme for a kind of program; "auto" takes the first.

    Raises
    ------
    InvalidParameterError
        If the named one does not run it, or not at this security level.
    """
    able = [key for key, entry in SCHEMES.items() if kind in entry.runs]
    chosen = able[0] if name == "auto" else name
    if chosen not in able:
        raise InvalidParameterError(
            f"The 'scheme' parameter of HEPredictor must run {kind!r} programs, which this "
            f"estimator compiles to. Got {name!r} instead. Use "
            + " or ".join(map(repr, able))
            + "."
        )
    if security_bits not in SCHEMES[chosen].security_bits:
        raise InvalidParameterError(
            f"The 'security_bits' parameter of HEPredictor must be one of "
            f"{SCHEMES[chosen].security_bits} for {chosen!r}. Got {security_bits!r} instead."
        )
    return chosen, scheme_class(chosen, kind)


def open_scheme(layout: Any) -> Any:
    """Return the scheme of a layout."""
    if layout.scheme not in SCHEMES:
        raise GuaranteeError("The message names a scheme that is not known. Nothing was read.")
    if layout.security_bits not in SCHEMES[layout.scheme].security_bits:
        raise GuaranteeError(
            f"The scheme {layout.scheme!r} has the security levels "
            f"{SCHEMES[layout.scheme].security_bits}, and the message asks for "
            f"{layout.security_bits}. Nothing was computed."
        )
    found = scheme_class(layout.scheme, layout.program)
    if found is None:
        raise GuaranteeError("The message names a program that its scheme does not run.")
    return found(layout)
