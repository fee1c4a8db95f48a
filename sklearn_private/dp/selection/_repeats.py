"""How many candidates a private selection runs: a secret number, drawn exactly.

The truncated negative binomial laws of shape 1 and 0 are the geometric one, of probabilities
gamma·(1 - gamma)^(k - 1), and the logarithmic one, proportional to (1 - gamma)^k / k. A geometric
number is the first of many words below a threshold. It is kept with probability 1/k for the
logarithmic law: both are exact for the gamma that the threshold stands for, which is rounded up,
so that the selection costs no more than its event says.
"""

import math

import numpy as np

from ...accounting import halting_probability
from ...mechanisms import uniform_below, uniform_words

SHAPES = {"logarithmic": 0.0, "geometric": 1.0}
_WORDS = 512


def draw_repeats(law: str, mean: float, rng: object) -> int:
    """Draw a number of runs.

    Parameters
    ----------
    law : {"logarithmic", "geometric"}
        The law; both start at 1.
    mean : float
        Its mean, at least 1.
    rng : SecureSource or numpy.random.Generator
        Source of randomness.

    Returns
    -------
    int
        A secret: whoever knows it learns more than the event of the selection says.

    Examples
    --------
    >>> from sklearn_private.dp.selection._repeats import draw_repeats
    >>> from sklearn_private.mechanisms import noise_source
    >>> draw_repeats("logarithmic", 1.0, noise_source())
    1
    """
    gamma = halting_probability(mean, SHAPES[law])
    threshold = np.uint64(math.ceil(gamma * 2**63))
    while True:
        k = _geometric(threshold, rng)
        if law == "geometric" or uniform_below(k, 1, rng)[0] == 0:
            return k


def _geometric(threshold, rng):
    n_before = 0
    while True:
        halts = np.flatnonzero(uniform_words(_WORDS, rng) >> np.uint64(1) < threshold)
        if halts.size:
            return n_before + int(halts[0]) + 1
        n_before += _WORDS
