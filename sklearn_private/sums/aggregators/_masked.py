"""Secure aggregation: every site adds masks to its sum, and all masks together are zero.

Each pair of sites agrees on a secret by X25519 [1]_. For every sum both derive a fresh key from it
by HKDF-SHA256 [2]_, bound to the number of the sum and to what it asks, and stretch that into a
mask by ChaCha20 [3]_: one site adds the mask to its ring elements, the other one subtracts it. One
vector, with a mask that its reader does not know, is uniformly distributed; in the total every mask
meets its negative [4]_, if all sites answered the same question. Keys are drawn by the operating
system, once for each aggregator, and live in memory only.

In one process this is a *simulation*: the code of every site runs, and nothing separates them. At
a site of its own (:class:`Apart`) the same code runs for that site alone.
Sites that drop out are not tolerated: without all vectors no mask cancels.

.. [1] RFC 7748, "Elliptic curves for security", 2016.
.. [2] RFC 5869, "HMAC-based extract-and-expand key derivation function", 2010.
.. [3] RFC 8439, "ChaCha20 and Poly1305 for IETF protocols", 2018.
.. [4] K. Bonawitz et al., "Practical secure aggregation for privacy-preserving machine learning",
   CCS 2017, section 4.1.
"""

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from ...exceptions import GuaranteeError, InvalidParameterError
from .._aggregator import finite_bounds, packed_addends, unpack
from . import _ring
from ._network import RING, digest_of, question_of

_KEYS = {"statistic": "public keys of pairwise masks"}
_PURPOSE = b"sklearn-private pairwise mask, version 1"


class MaskingSite:
    """The keys of one site.

    Attributes
    ----------
    public_key : bytes
        What the site publishes.
    """

    def __init__(self):
        self._private_key = X25519PrivateKey.generate()
        self.public_key = self._private_key.public_key().public_bytes_raw()
        self._secrets = {}
        self._n_masks = 0

    def agree(self, public_keys):
        """Agree on a secret with every other site.

        Parameters
        ----------
        public_keys : sequence of bytes
            The keys of all sites, this one included; all different.

        Raises
        ------
        GuaranteeError
            If two sites have one key, or one is no key: their masks would not hide anything.
        """
        if len(set(public_keys)) < len(public_keys) or self.public_key not in public_keys:
            raise _bad_keys()
        for other in public_keys:
            if other != self.public_key:
                try:
                    shared = self._private_key.exchange(X25519PublicKey.from_public_bytes(other))
                except ValueError:  # of another length, or of small order
                    raise _bad_keys() from None
                pair = b"".join(sorted((self.public_key, other)))
                self._secrets[other] = HKDF(SHA256(), 32, None, _PURPOSE + pair).derive(shared)

    def next_mask(self, n_values, question=b""):
        """Return the mask of the next sum; no key is used twice.

        Parameters
        ----------
        n_values : int
            Length of the vector to hide.
        question : bytes, default=b""
            Digest of what the vector answers. Where sites answer different questions, their masks
            do not cancel, and nobody can open anything.

        Returns
        -------
        ndarray of uint64 of shape (2, n_values)
            The sum of the masks that this site shares with the others.
        """
        number, self._n_masks = self._n_masks.to_bytes(8, "big"), self._n_masks + 1
        added = subtracted = np.zeros((2, n_values), dtype=np.uint64)
        for other, secret in self._secrets.items():
            stream = _stream(secret, number + question, _ring.BYTES_PER_VALUE * n_values)
            mask = _ring.from_bytes(stream)
            if self.public_key < other:
                added = _ring.add(added, mask)
            else:
                subtracted = _ring.add(subtracted, mask)
        return _ring.add(added, _ring.negate(subtracted))


def _bad_keys():
    return GuaranteeError(
        "The public keys of the sites are not all different keys of X25519. Nothing was sent. Let "
        "all sites start again."
    )


def _stream(secret, info, n_bytes):
    key = HKDFExpand(SHA256(), 32, info).derive(secret)
    # The key is used for this one stream, so the nonce may be zero.
    return Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(n_bytes))


class Masked:
    """Let whoever adds the sites' sums see their total only.

    Parameters
    ----------
    inner : Aggregator
        Whose addends are masked. With limits, its range is proven before anything is computed;
        without them each site checks its own addend and aborts the sum.

    Attributes
    ----------
    limits : Limits or None
        What is publicly known about the rows.
    n_sites : int
        How many sites answer; at least 3.
    network : Network
        Where the vectors of other sites come from.
    sent : list of int
        Bytes that each site sent, one entry a sum (public keys of 32 bytes come once, beside).

    Notes
    -----
    **Protects** the sums of each site: only their total is opened.
    **Against** a coordinator that reads every message, also together with up to ``n_sites - 2``
    sites: it then learns the total of the others.
    **Leaks** the total, and the number of rounds.
    **Assumes** that all follow the protocol, that the coordinator passes on the true public keys,
    and that each site runs on its own machine: in one process this is a simulation.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.sums import Masked, Rows, Sites, location
    >>> sites = [Rows(np.full((2, 1), float(i)), np.zeros(2), np.ones(2)) for i in range(3)]
    >>> count, features, target = Masked(Sites(sites)).sum(location)
    >>> float(count), features.tolist()
    (6.0, [6.0])
    """

    def __init__(self, inner):
        if inner.n_sites < 3:
            raise InvalidParameterError(
                f"Secure aggregation needs at least 3 sites. Got {inner.n_sites}: of two, each "
                "learns the other's sum by taking its own from the total."
            )
        self.inner = inner
        self.limits = inner.limits
        self.n_sites = inner.n_sites
        self.network = inner.network
        self.sent = []
        self._sites = [MaskingSite() for _ in range(self.network.n_here)]
        keys = self.network.exchange(_KEYS, [site.public_key for site in self._sites])
        for site in self._sites:
            site.agree(keys)

    def addends(self, statistic, *broadcast):
        """Return what each site that is here sends: a tuple of one array of ring elements."""
        return [(vector,) for vector in self._masked(statistic, *broadcast)[0]]

    def sum(self, statistic, *broadcast):
        """Return the sum over all sites."""
        vectors, shapes = self._masked(statistic, *broadcast)
        total = self.network.total(question_of(statistic, shapes), vectors, RING)
        return unpack(_ring.decode(total), shapes)

    def _masked(self, statistic, *broadcast):
        encoded, shapes = encoded_addends(self.inner, statistic, *broadcast)
        question = digest_of(question_of(statistic, shapes))
        vectors = [
            _ring.add(words, site.next_mask(words.shape[1], question))
            for words, site in zip(encoded, self._sites, strict=True)
        ]
        self.sent.append(vectors[0].nbytes)
        return vectors, shapes


def encoded_addends(inner, statistic, *broadcast):
    """Return every site's answer as ring elements whose total is proven to fit, and the shapes."""
    if inner.limits is not None:
        bounds = finite_bounds(statistic, inner.limits, *broadcast)
        _ring.prove_range(bounds, inner.limits, inner.n_sites)
    vectors, shapes = packed_addends(inner, statistic, *broadcast)
    return [_ring.encode(vector, inner.n_sites) for vector in vectors], shapes
