"""Coins that fall heads with probability exp(-gamma), exactly, from integers alone.

For gamma in [0, 1] toss coins of probability gamma / 1, gamma / 2, gamma / 3, ... until one falls
tails, say the K-th. P(K > k) = gamma^k / k!, so P(K is odd) = 1 - gamma + gamma^2 / 2! - ... =
exp(-gamma). A larger gamma is its whole part, one coin of exp(-1) each, and the rest [1]_. Each
coin of rational probability compares a uniform integer with a numerator: no float is involved.

.. [1] C. Canonne, G. Kamath, T. Steinke, "The discrete Gaussian for differential privacy",
   NeurIPS 2020, algorithm 1.
"""

import numpy as np
from numpy.typing import ArrayLike

from ._uniform import uniform_below


def bernoulli_exp(numerator: ArrayLike, denominator: int, rng: object) -> np.ndarray:
    """Draw True with probability exp(-numerator / denominator), exactly.

    Parameters
    ----------
    numerator : array_like of int
        At least 0: int64, or Python integers of any size (dtype object).
    denominator : int
        At least 1, of any size.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of bool
        Independent draws, of the shape of ``numerator``.

    Examples
    --------
    >>> from sklearn_private.mechanisms import bernoulli_exp, noise_source
    >>> bernoulli_exp([0, 10**6], 1, noise_source())
    array([ True, False])
    """
    denominator = int(denominator)
    numerator = np.asarray(numerator, dtype=object if denominator >= 2**63 else None)
    flat = numerator.ravel()
    whole = flat // denominator
    heads = _unit(flat % denominator, denominator, rng)
    alive = np.flatnonzero(heads & (whole > 0).astype(bool))
    n_rounds = 0
    while alive.size:
        survived = _unit(np.ones(alive.size, dtype=np.int64), 1, rng)
        heads[alive[~survived]] = False
        n_rounds += 1
        alive = alive[survived]
        alive = alive[(whole[alive] > n_rounds).astype(bool)]
    return heads.reshape(numerator.shape)


def _unit(numerator, denominator, rng):
    """Draw True with probability exp(-numerator / denominator), for numerator <= denominator."""
    heads = np.zeros(numerator.size, dtype=bool)
    tossing = np.arange(numerator.size)
    k = 0
    while tossing.size:
        k += 1
        coins = uniform_below(k * denominator, tossing.size, rng) < numerator[tossing]
        coins = coins.astype(bool)  # A comparison of Python integers gives dtype object.
        heads[tossing[~coins]] = k % 2 == 1
        tossing = tossing[coins]
    return heads
