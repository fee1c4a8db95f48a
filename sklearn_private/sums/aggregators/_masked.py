"""Secure aggregation: every site adds masks to its sum, and all masks together are zero.

Each pair of sites agrees on a secret by X25519 [1]_ and HKDF-SHA256 [2]_. For every sum both
stretch it into a mask by ChaCha20 [3]_, whose nonce is the number of the sum and a digest of what
it asks: one site adds the mask to its ring elements, the other one subtracts it. One vector, with a
mask that its reader does not know, is uniformly distributed; in the total every mask meets its
negative [4]_, if all sites answered the same question. Keys are drawn by the operating system, once
for each aggregator, and live in memory only.

In one process this is a *simulation*: the code of every site runs, and nothing separates them. At
a site of its own (:class:`Apart`) the same code runs for that site alone.
Sites that drop out are not tolerated: without all vectors no mask cancels.

Not every pair needs a mask. In a ring of sites where each shares masks with the k next ones on
either side, any 2k - 1 sites can be taken away and the others still hang together [5]_. So what a
coalition of 2k - 1 sites sees of the others is uniform but for their total: a vector of masks along
the edges of a connected graph takes every value that adds up to zero, equally often.

.. [1] RFC 7748, "Elliptic curves for security", 2016.
.. [2] RFC 5869, "HMAC-based extract-and-expand key derivation function", 2010.
.. [3] RFC 8439, "ChaCha20 and Poly1305 for IETF protocols", 2018.
.. [4] K. Bonawitz et al., "Practical secure aggregation for privacy-preserving machine learning",
   CCS 2017, section 4.1.
.. [5] F. Harary, "The maximum connectivity of a graph", PNAS 48, 1962.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ...exceptions import GuaranteeError
from . import _ring
from ._hiding import Hiding
from ._sites import Sites

_KEYS = {"statistic": "public keys of pairwise masks"}
_PURPOSE = b"sklearn-private pairwise mask, version 1"


class MaskingSite:
    """The keys of one site.

    Attributes
    ----------
    public_key : bytes
        What the site publishes.
    """

    def __init__(self) -> None:
        self._private_key = X25519PrivateKey.generate()
        self.public_key = self._private_key.public_key().public_bytes_raw()
        self._secrets: dict[bytes, CipherContext] = {}
        self._n_masks = 0
        self._pid = os.getpid()

    def agree(self, public_keys: Sequence[bytes], threshold: int | None = None) -> None:
        """Agree on a secret with other sites.

        Parameters
        ----------
        public_keys : sequence of bytes
            The keys of all sites, this one included; all different, in an order that all know.
        threshold : int, default=None
            How many sites may collude: as many neighbours are needed, and one more. None agrees
            with all.

        Raises
        ------
        GuaranteeError
            If two sites have one key, or one is no key: their masks would not hide anything.
        """
        if len(set(public_keys)) < len(public_keys) or self.public_key not in public_keys:
            raise _bad_keys()
        for at in neighbours(public_keys.index(self.public_key), len(public_keys), threshold):
            other = public_keys[at]
            try:
                shared = self._private_key.exchange(X25519PublicKey.from_public_bytes(other))
            except ValueError:  # of another length, or of small order
                raise _bad_keys() from None
            pair = b"".join(sorted((self.public_key, other)))
            secret = HKDF(SHA256(), 32, None, _PURPOSE + pair).derive(shared)
            cipher = Cipher(algorithms.ChaCha20(secret, bytes(16)), mode=None)
            self._secrets[other] = cipher.encryptor()

    def next_mask(self, n_values: int, question: bytes = b"", n_words: int = 2) -> np.ndarray:
        """Return the mask of the next sum; no key is used twice.

        Parameters
        ----------
        n_values : int
            Length of the vector to hide.
        question : bytes, default=b""
            Digest of what the vector answers. Where sites answer different questions, their masks
            do not cancel, and nobody can open anything.
        n_words : {1, 2}, default=2
            Words a value.

        Returns
        -------
        ndarray of uint64 of shape (n_words, n_values)
            The sum of the masks that this site shares with the others.
        """
        if os.getpid() != self._pid:
            raise GuaranteeError(
                "This process is a fork of the one that agreed on masks, which may use the same "
                "ones. Nothing was sent. Let all sites start again."
            )
        # A number is used once, so no nonce of 12 bytes is; the counter before it starts at zero.
        nonce = bytes(4) + self._n_masks.to_bytes(4, "big") + _digest(question)[:8]
        self._n_masks += 1
        zeros = bytes(_ring.BYTES_PER_WORD * n_words * n_values)

        def total(smaller: bool) -> np.ndarray:
            streams = []
            for other, secret in self._secrets.items():
                if (self.public_key < other) is smaller:
                    secret.reset_nonce(nonce)
                    streams.append(secret.update(zeros))
            return _ring.total(b"".join(streams), len(streams), n_words, n_values)

        return _ring.add(total(True), _ring.negate(total(False)))


def neighbours(at: int, n_sites: int, threshold: int | None) -> list[int]:
    """Return the sites that one shares masks with, so that ``threshold`` others isolate none.

    Parameters
    ----------
    at : int
        Which site.
    n_sites : int
        How many there are.
    threshold : int or None
        How many may collude; None stands for all but two.
    """
    reach = n_sites if threshold is None else threshold // 2 + 1
    steps = range(1, min(reach, n_sites // 2) + 1)
    return sorted({(at + way * step) % n_sites for step in steps for way in (1, -1)} - {at})


def _bad_keys() -> GuaranteeError:
    return GuaranteeError(
        "The public keys of the sites are not all different keys of X25519. Nothing was sent. Let "
        "all sites start again."
    )


def _digest(question: bytes) -> bytes:
    return hashlib.sha256(question).digest()


class Masked(Hiding):
    """Let whoever adds the sites' sums see their total only.

    Parameters
    ----------
    inner : Sites
        Whose addends are masked. With limits, its range is proven before anything is computed;
        without them sites agree on units first, and each checks its own addend.
    threshold : int, default=None
        How many sites may collude; None stands for all but two, which takes a mask for each pair.

    Attributes
    ----------
    limits : Limits or None
        What is publicly known about the rows.
    n_sites : int
        How many sites answer; at least 3.
    network : Network
        Where the vectors of other sites come from.
    sent : list of int
        Bytes that each site sent, one entry a sum, with those of agreements on units before it
        (public keys of 32 bytes come once, beside).

    Notes
    -----
    **Protects** the sums of each site: only their total is opened.
    **Against** a coordinator that reads every message, also together with up to ``threshold``
    sites: it then learns the total of the others.
    **Leaks** the total, the number of rounds, and without limits the exponent (in steps of four
    bits) of the largest value of each column.
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

    needs = "Secure aggregation needs at least 3 sites"

    def __init__(self, inner: Sites, *, threshold: int | None = None) -> None:
        super().__init__(inner, self.needs)
        self._sites = [MaskingSite() for _ in range(self.network.n_here)]
        keys = self.network.exchange(_KEYS, [site.public_key for site in self._sites])
        for site in self._sites:
            site.agree(keys, threshold)

    def hide(self, words: Sequence[np.ndarray], question: bytes) -> list[np.ndarray]:
        """Return ring elements with the next masks of each site that is here."""
        return [
            _ring.add(one, site.next_mask(one.shape[1], question, len(one)))
            for one, site in zip(words, self._sites, strict=True)
        ]
