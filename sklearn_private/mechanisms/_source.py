"""One secure source of randomness, and the door through which tests seed it.

The operating system gives a 256-bit key, AES in counter mode stretches it into a stream of bytes.
Telling q blocks of that stream from random ones succeeds, AES being a pseudo-random permutation,
with an advantage of at most q² / 2^129 [1]_, so a key is replaced after 2^32 blocks (64 GiB): the
advantage per key stays below 2^-65.

A stream that repeats cancels its own noise. So a forked child draws a key of its own on first use,
and a pickled or copied source is a *new* source: neither a joblib worker nor ``copy.deepcopy`` can
replay the parent's noise. A virtual machine restored from a snapshot repeats its streams: no
process can see that from inside.

.. [1] M. Bellare, A. Desai, E. Jokipii, P. Rogaway, "A concrete security treatment of symmetric
   encryption", FOCS 1997, with the PRP/PRF switching lemma.
"""

import numbers
import os
import threading
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .._checks import Checks

BYTES_PER_KEY = 2**36

_n_forks = 0


def _count_fork():
    global _n_forks
    _n_forks += 1


if hasattr(os, "register_at_fork"):  # Windows does not fork.
    os.register_at_fork(after_in_child=_count_fork)


def _this_process():
    # The number of forks tells a grandchild from an ancestor whose process id it was given again;
    # the process id sees forks made by C code, which run no hook.
    return os.getpid(), _n_forks


class _Keystream:
    """One AES-256-CTR stream: used in one process, from any of its threads."""

    def __init__(self):
        self.process = _this_process()
        self.n_left = BYTES_PER_KEY
        self._lock = threading.Lock()
        # The key is used once, so the counter may start at zero.
        self._encryptor = Cipher(algorithms.AES(os.urandom(32)), modes.CTR(bytes(16))).encryptor()

    def read(self, n):
        with self._lock:
            self.n_left -= n
            return self._encryptor.update(bytes(n))


class SecureSource:
    """Draw bytes that nobody can predict: AES-256-CTR under a key of the operating system.

    It offers ``bytes(n)`` alone, as ``numpy.random.Generator`` does, and is safe to share between
    threads. Forking, pickling and copying give a source with another key.

    See Also
    --------
    noise_source : Returns one, or a seeded generator for tests.

    Notes
    -----
    **Protects** the noise: past and future bytes do not follow from those that were seen.
    **Against** whoever sees any number of outputs.
    **Leaks** nothing, up to the advantage in the module's docstring.
    **Assumes** that ``os.urandom`` is unpredictable and that nobody reads the process's memory.

    Examples
    --------
    >>> from sklearn_private.mechanisms import SecureSource
    >>> len(SecureSource().bytes(24))
    24
    """

    def __init__(self):
        self._stream = _Keystream()

    def bytes(self, n: int) -> bytes:
        """Return ``n`` random bytes.

        Parameters
        ----------
        n : int
            Number of bytes, at least 0.

        Returns
        -------
        bytes
            The next ``n`` bytes of the stream.
        """
        stream = self._stream
        if stream.process != _this_process() or stream.n_left <= 0:
            # Two threads may both come here: each then reads a stream of its own.
            stream = self._stream = _Keystream()
        return stream.read(n)

    def __reduce__(self):
        return SecureSource, ()


def noise_source(random_state: Any = None) -> Any:
    """Return the source of randomness of every mechanism.

    Parameters
    ----------
    random_state : None, int, Generator, RandomState or SecureSource, default=None
        None is the operating system's randomness. Everything else but a `SecureSource` is for
        tests: whoever knows the seed knows the noise. An int or a ``RandomState`` (from which 16
        bytes are drawn) seeds a new ``numpy.random.Generator``; a ``Generator`` is used as it is.

    Returns
    -------
    SecureSource or numpy.random.Generator
        An object with a method ``bytes(n)``.

    Raises
    ------
    InvalidParameterError
        If ``random_state`` is anything else.

    See Also
    --------
    is_secure : Whether a source may be used for a release.

    Examples
    --------
    >>> from sklearn_private.mechanisms import is_secure, noise_source
    >>> is_secure(noise_source()), is_secure(noise_source(0))
    (True, False)
    """
    if random_state is None:
        return SecureSource()
    if isinstance(random_state, SecureSource | np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(int.from_bytes(random_state.bytes(16), "little"))
    if (
        isinstance(random_state, numbers.Integral)
        and not isinstance(random_state, bool)
        and random_state >= 0
    ):
        return np.random.default_rng(int(random_state))
    raise Checks("noise_source").invalid(
        "random_state",
        "None, an integer >= 0, a numpy Generator or RandomState, or a SecureSource",
        value=random_state,
    )


def is_secure(rng: object) -> bool:
    """Say whether nobody can predict the source.

    Parameters
    ----------
    rng : object
        What :func:`noise_source` returned.

    Returns
    -------
    bool
        True for a `SecureSource`, False for a seeded generator.

    Examples
    --------
    >>> from sklearn_private.mechanisms import SecureSource, is_secure
    >>> is_secure(SecureSource())
    True
    """
    return isinstance(rng, SecureSource)
