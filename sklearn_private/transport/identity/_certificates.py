"""One certificate authority a computation, made in memory and forgotten.

Every member of a computation (its sites or parties, and perhaps a coordinator) gets an Ed25519 key
[1]_ and a certificate that the authority signs [2]_. Each member holds the certificates of all
others from the start, so nobody needs to be believed later about who is who; and since the key of
the authority is dropped as soon as all are signed, nobody can be added or replaced.

.. [1] RFC 8032, "Edwards-curve digital signature algorithm (EdDSA)", 2017; RFC 8410 for X.509.
.. [2] RFC 5280, "Internet X.509 public key infrastructure certificate and CRL profile", 2008.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ...exceptions import InvalidParameterError
from ...storage import write_private

AUTHORITY = "ca"
COORDINATOR = "coordinator"
SITE_ROLE, COORDINATOR_ROLE = "site", "coordinator"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_BACK = timedelta(minutes=10)  # clocks differ


@dataclass(frozen=True, eq=False)
class Issued:
    """What a certificate authority made before it forgot its own key.

    Parameters
    ----------
    authority : Certificate
        Its own certificate.
    certificates : dict of str to Certificate
        The certificate of each member.
    keys : dict of str to Ed25519PrivateKey
        The key of each member.
    """

    authority: x509.Certificate
    certificates: Mapping[str, x509.Certificate]
    keys: Mapping[str, Ed25519PrivateKey]

    def __repr__(self) -> str:
        return f"Issued({', '.join(self.certificates)})"


def issue(sites: Sequence[str], *, coordinator: bool = True, days: float = 30.0) -> Issued:
    """Return new keys and certificates for all members of one computation.

    Parameters
    ----------
    sites : sequence of str
        Names of the sites or parties, all different: letters, digits, and ``._-`` inside.
    coordinator : bool, default=True
        Whether there is a coordinator, too.
    days : float, default=30
        How long the certificates are good for.

    Returns
    -------
    Issued

    Raises
    ------
    InvalidParameterError
        If a name breaks its rule.
    """
    _check_names(sites)
    until = datetime.now(UTC) + timedelta(days=days)
    authority_key = Ed25519PrivateKey.generate()
    subject = _subject(AUTHORITY, AUTHORITY)
    authority = _sign(subject, authority_key, subject, authority_key, until, is_authority=True)
    roles = dict.fromkeys(sites, SITE_ROLE)
    if coordinator:
        roles[COORDINATOR] = COORDINATOR_ROLE
    keys = {name: Ed25519PrivateKey.generate() for name in roles}
    certificates = {
        name: _sign(_subject(name, role), keys[name], subject, authority_key, until)
        for name, role in roles.items()
    }
    return Issued(authority, certificates, keys)


def make_certificates(
    folder: str | os.PathLike,
    sites: Sequence[str],
    *,
    coordinator: bool = True,
    days: float = 30.0,
) -> dict[str, Path]:
    """Make one folder of certificates for each member of a computation.

    A member's folder holds its own key, which only its owner may read, and the certificates of all
    members and of the authority, which are public. Bring each folder to its member over a channel
    that you trust, and delete it here: whoever has a key *is* that member. For small deployments
    and tests; where an organisation runs an authority of its own, lay out its files in this form.

    Parameters
    ----------
    folder : path-like
        Where the folders go; made if it is missing.
    sites : sequence of str
        Names of the sites. The parties of :class:`~sklearn_private.MPCFitter` are "0", "1", ...
    coordinator : bool, default=True
        Whether there is a coordinator, too.
    days : float, default=30
        How long the certificates are good for.

    Returns
    -------
    dict of str to pathlib.Path
        The folder of each member, for ``tls=``.

    Raises
    ------
    InvalidParameterError
        If a name breaks its rule, or a member's folder is there already.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn_private.transport import make_certificates
    >>> folders = make_certificates(tempfile.mkdtemp(), ["a", "b", "c"])
    >>> sorted(file.name for file in folders["a"].iterdir())
    ['a.key', 'a.pem', 'b.pem', 'c.pem', 'ca.pem', 'coordinator.pem']
    """
    issued = issue(sites, coordinator=coordinator, days=days)
    folders = {name: Path(folder) / name for name in issued.certificates}
    for path in folders.values():
        if path.exists():
            raise InvalidParameterError(
                f"{str(path)!r} exists, and certificates are never mixed with older ones. Nothing "
                "was written. Choose another folder."
            )
    for name, path in folders.items():
        path.mkdir(parents=True, mode=0o700)
        _write(path, name, issued)
    return folders


def _write(path, name, issued):
    (path / f"{AUTHORITY}.pem").write_bytes(issued.authority.public_bytes(Encoding.PEM))
    for member, certificate in issued.certificates.items():
        (path / f"{member}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    key = issued.keys[name].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(path / f"{name}.key", key)


def _check_names(sites):
    names = list(sites)
    good = not isinstance(sites, str) and all(
        isinstance(name, str) and _NAME.fullmatch(name) for name in names
    )
    if not good or len(set(map(str.lower, names))) < len(names) or not names:
        raise InvalidParameterError(
            "The 'sites' parameter of make_certificates must be different names (also in lower "
            "case) of at most 63 letters, digits, '.', '_' and '-', that start with a letter or a "
            f"digit. Got {sites!r} instead."
        )
    if {AUTHORITY, COORDINATOR} & set(map(str.lower, names)):
        raise InvalidParameterError(
            f"No site may be called {AUTHORITY!r} or {COORDINATOR!r}. Got {sites!r} instead."
        )


def _subject(name, role):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _sign(subject, key, issuer, issuer_key, until, *, is_authority=False):
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - _BACK)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
    )
    if not is_authority:
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
    return builder.sign(issuer_key, None)
