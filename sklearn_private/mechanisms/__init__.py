"""How noise is drawn: one file per mechanism, one secure source of randomness.

Every mechanism takes ``rng``, which :func:`noise_source` returns, and uses nothing of it but
``rng.bytes``. Integers are drawn exactly (rejection on random words, no float decides an outcome
that it might decide wrongly), and real values are released on a public lattice, so that their low
bits tell nothing [1]_. None of them writes to a ledger: the caller charges first.

Values and scores must be finite. A refusal tells that they were not, so clip them before.

A rejection loop runs for a time that depends on the noise, and that of the two selections also on
the scores: whoever can time a single call learns a little about them. The mechanisms do not protect
against that.

.. [1] I. Mironov, "On significance of the least significant bits for differential privacy",
   CCS 2012.
"""

from ._bernoulli import bernoulli_exp
from ._continuous import (
    CONTINUOUS_GAUSSIAN_ERROR,
    continuous_gaussian,
    continuous_spherical,
    continuous_spherical_error,
)
from ._discrete_gaussian import discrete_gaussian
from ._discrete_laplace import discrete_laplace
from ._gaussian import gaussian, gaussian_tv
from ._laplace import laplace
from ._lattice import Lattice
from ._randomized_response import estimate_frequencies, randomized_response
from ._selection import exponential, permute_and_flip
from ._source import SecureSource, is_secure, noise_source
from ._uniform import random_permutation, uniform_below, uniform_words

__all__ = [
    "CONTINUOUS_GAUSSIAN_ERROR",
    "Lattice",
    "SecureSource",
    "bernoulli_exp",
    "continuous_gaussian",
    "continuous_spherical",
    "continuous_spherical_error",
    "discrete_gaussian",
    "discrete_laplace",
    "estimate_frequencies",
    "exponential",
    "gaussian",
    "gaussian_tv",
    "is_secure",
    "laplace",
    "noise_source",
    "permute_and_flip",
    "random_permutation",
    "randomized_response",
    "uniform_below",
    "uniform_words",
]
