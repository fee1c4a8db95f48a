"""Who one member of a computation is, and how it tells the others apart.

A frame is signed by Ed25519 over its own digest under a fixed context, with the key of the member's
certificate. Every member holds the certificates of all members, so a signature is checked against
the one key that the authority signed for that name: a relay can neither forge nor swap one.
"""

import os
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from ...exceptions import InvalidParameterError, TransportError
from ...storage import warn_if_shared
from .._frames import DIGEST_SIZE
from ._certificates import AUTHORITY, COORDINATOR, COORDINATOR_ROLE, SITE_ROLE, issue

SIGNATURE_SIZE = 64
_MINUTE = "%Y-%m-%d %H:%M"
_CONTEXT = b"sklearn-private signed frame, version 1\0"


class Purpose(StrEnum):
    """What a connection is for, agreed in the TLS handshake (ALPN, RFC 7301)."""

    RUN = "sklearn-private-run/1"
    CHECK = "sklearn-private-check/1"


class Identity:
    """One member of a computation: its key, and the certificates of all members.

    Parameters
    ----------
    name : str
        The member's name.
    key : Ed25519PrivateKey
        Its key. It is in no ``repr`` and no pickle.
    authority : Certificate
        The authority of the computation.
    certificates : mapping of str to Certificate
        The certificate of each member.
    folder : path-like, default=None
        Where key and certificates lie; TLS reads them from there.

    Attributes
    ----------
    name : str
        The member's name.
    sites : tuple of str
        Names of all sites, sorted: the order in which all add.

    Raises
    ------
    InvalidParameterError
        If a certificate was not signed by the authority, names somebody else, is not good today,
        or does not belong to the key.
    """

    def __init__(
        self,
        name: str,
        key: Ed25519PrivateKey,
        authority: x509.Certificate,
        certificates: Mapping[str, x509.Certificate],
        folder: str | os.PathLike | None = None,
    ) -> None:
        self.name = name
        self.folder = None if folder is None else Path(folder)
        self._key = key
        self._roles = {who: _role(who, one, authority) for who, one in certificates.items()}
        self._public = {who: _public_key(who, one) for who, one in certificates.items()}
        self._octets = {one.public_bytes(Encoding.DER): who for who, one in certificates.items()}
        if name not in self._public:
            raise _unusable(f"there is no certificate of {name!r}")
        if self._public[name].public_bytes_raw() != key.public_key().public_bytes_raw():
            raise _unusable(f"the certificate of {name!r} belongs to another key than its key file")
        self._until = min(one.not_valid_after_utc for one in certificates.values())
        self.sites = tuple(sorted(who for who, role in self._roles.items() if role == SITE_ROLE))

    @classmethod
    def load(cls, folder: str | os.PathLike, name: str | None = None) -> "Identity":
        """Return the member whose folder this is.

        Parameters
        ----------
        folder : path-like
            As :func:`make_certificates` lays it out: one ``.key`` and all certificates.
        name : str, default=None
            Who it must be; None takes whose key is there.

        Returns
        -------
        Identity

        Raises
        ------
        InvalidParameterError
            If the folder holds anything else; the message says which file.
        """
        folder = Path(folder)
        name = _owner(folder, name)
        key = _read(folder / f"{name}.key", _load_key)
        warn_if_shared(folder / f"{name}.key", f"the key of {name!r}", stacklevel=4)
        authority = _read(folder / f"{AUTHORITY}.pem", x509.load_pem_x509_certificate)
        certificates = {
            file.stem: _read(file, x509.load_pem_x509_certificate)
            for file in sorted(folder.glob("*.pem"))
            if file.stem != AUTHORITY
        }
        return cls(name, key, authority, certificates, folder)

    @property
    def members(self) -> tuple[str, ...]:
        """Names of all members, sorted."""
        return tuple(sorted(self._public))

    @property
    def days_left(self) -> float:
        """Days until the first certificate of any member runs out."""
        return (self._until - datetime.now(UTC)).total_seconds() / 86_400

    def sign(self, frame: bytes | memoryview) -> bytes:
        """Return this member's signature of a frame, 64 octets."""
        return self._key.sign(_CONTEXT + bytes(frame[-DIGEST_SIZE:]))

    def verify(self, sender: str, frame: bytes | memoryview, signature: bytes | memoryview) -> None:
        """Raise unless ``sender`` signed the frame, whose digest :func:`read_frame` has checked.

        Parameters
        ----------
        sender : str
            Name of a member.
        frame : bytes
            The frame.
        signature : bytes of length 64
            Of its digest.

        Raises
        ------
        TransportError
            If the signature is not the sender's.
        """
        try:
            self._public[sender].verify(bytes(signature), _CONTEXT + bytes(frame[-DIGEST_SIZE:]))
        except (InvalidSignature, KeyError):
            raise TransportError(
                f"A message said to be of {sender!r} is not signed by {sender!r}: whoever passed "
                "it on has changed or made it. Nothing of the round was opened."
            ) from None

    def server_context(self) -> ssl.SSLContext:
        """Return TLS settings for accepting members: version 1.3, both sides with certificates."""
        context = self._context(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols([*Purpose])
        context.num_tickets = 0  # no resumption; an unread ticket would abort a peer that closes
        return context

    def client_context(self, purpose: "Purpose") -> ssl.SSLContext:
        """Return TLS settings for connecting to a member: version 1.3, both with certificates."""
        context = self._context(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols([purpose])
        context.check_hostname = False  # peer_name compares the whole certificate instead
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def peer_name(self, connection: ssl.SSLSocket) -> str:
        """Return which member is at the other end of a TLS connection.

        Raises
        ------
        TransportError
            If its certificate is none of those in the folder.
        """
        octets = connection.getpeercert(binary_form=True)
        if octets not in self._octets:
            raise TransportError(
                "The other end of a connection shows a certificate that is not in the folder of "
                f"{self.name!r}. Nothing was sent. All members need the folders of one call of "
                "make_certificates."
            )
        return self._octets[octets]

    def _context(self, protocol):
        if self.folder is None:
            raise InvalidParameterError("This identity has no folder that TLS could read.")
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_cert_chain(self.folder / f"{self.name}.pem", self.folder / f"{self.name}.key")
        context.load_verify_locations(self.folder / f"{AUTHORITY}.pem")
        return context

    def __reduce__(self):
        raise TypeError("An Identity holds a private key and cannot be pickled: load it again.")

    def __repr__(self) -> str:
        return f"Identity({self.name!r}, sites={list(self.sites)!r})"


def identities(sites: tuple[str, ...] | list[str], *, coordinator: bool = True) -> dict:
    """Return the identity of each member of a new computation that stays in this process.

    Parameters
    ----------
    sites : sequence of str
        Names of the sites.
    coordinator : bool, default=True
        Whether there is a coordinator, too.

    Returns
    -------
    dict of str to Identity
    """
    issued = issue(sites, coordinator=coordinator)
    return {
        name: Identity(name, key, issued.authority, issued.certificates)
        for name, key in issued.keys.items()
    }


def _owner(folder, name):
    """Return the name of the member whose key lies in the folder."""
    if not folder.is_dir():
        raise _unusable(f"{str(folder)!r} is no folder")
    owners = sorted(file.stem for file in folder.glob("*.key"))
    if name is None and len(owners) != 1:
        raise _unusable(f"{str(folder)!r} must hold exactly one .key file. It holds {len(owners)}")
    if name is not None and name not in owners:
        raise _unusable(f"{str(folder)!r} holds no {name}.key: it is the folder of {owners}")
    return owners[0] if name is None else name


def _read(path, parse):
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise _unusable(f"{str(path)!r} cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable(f"{str(path)!r} holds no key or certificate in PEM form") from None


def _load_key(octets):
    key = load_pem_private_key(octets, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError
    return key


def _role(name, certificate, authority):
    """Return the role that a certificate gives to ``name``, everything else checked."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        raise _unusable(
            f"the certificate of {name!r} was not signed by the authority in {AUTHORITY}.pem: "
            "the files are of different computations"
        ) from None
    now = datetime.now(UTC)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not start <= now <= end:
        raise _unusable(
            f"the certificate of {name!r} is good from {start:{_MINUTE}} to {end:{_MINUTE}} UTC, "
            f"and the clock here says {now:{_MINUTE}}. Set the clock, or make new certificates"
        )
    role, owner = (
        "".join(str(one.value) for one in certificate.subject.get_attributes_for_oid(oid))
        for oid in (NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME)
    )
    fitting = COORDINATOR_ROLE if name == COORDINATOR else SITE_ROLE
    if owner != name or role != fitting:
        raise _unusable(f"the certificate in {name}.pem is that of {role} {owner!r}")
    return role


def _public_key(name: str, certificate: x509.Certificate) -> Ed25519PublicKey:
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise _unusable(f"the certificate in {name}.pem is of another kind of key than Ed25519")
    return key


def _unusable(reason):
    return InvalidParameterError(
        f"The 'tls' parameter must be the folder of one member as make_certificates makes it: "
        f"{reason}. Nothing was sent."
    )
