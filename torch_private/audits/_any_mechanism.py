r"""What guesses about one run show of epsilon, whatever the mechanism.

Of m canaries each is in the training data by a fair coin of its own. Somebody who sees the output
guesses r of the coins and is right about v of them. If the mechanism is (epsilon, delta)-DP for
adding or removing one canary, then with q = 1 / (1 + e^-epsilon) [1]_

.. math:: P[\text{correct} \ge v] \le \beta + 2 m \delta \alpha, \quad
          \beta = P[B \ge v], \quad \alpha = \max_{i \le v} P[v > B \ge v - i] / i,

where B is binomial with r trials of probability q. Guesses that are right too often refute epsilon.

.. [1] T. Steinke, M. Nasr, M. Jagielski, "Privacy auditing with one (1) training run", NeurIPS
   2023, theorem 5.2.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from scipy.stats import binom

from ._search import check_counts, largest_refuted


def one_run_p_value(
    n_canaries: int | ArrayLike,
    n_guesses: int | ArrayLike,
    n_correct: int | ArrayLike,
    *,
    epsilon: float | ArrayLike,
    delta: float | ArrayLike,
) -> np.ndarray:
    """Return how likely so many correct guesses are, at most, if the claim holds.

    All arguments broadcast.

    Parameters
    ----------
    n_canaries, n_guesses, n_correct : int or array-like of int
        Canaries, guesses that were made about them, and correct ones of these.
    epsilon, delta : float or array-like of float
        The claim.

    Returns
    -------
    ndarray of float

    Examples
    --------
    >>> from torch_private.audits import one_run_p_value
    >>> round(float(one_run_p_value(1000, 100, 90, epsilon=1.0, delta=1e-5)), 5)
    0.00084
    """
    check_counts(n_canaries, n_guesses, n_correct)
    m, r, v, epsilon, delta = np.broadcast_arrays(n_canaries, n_guesses, n_correct, epsilon, delta)
    q = expit(epsilon)
    i = np.arange(1, v.max(initial=0) + 1)
    # Summed from v - 1 downwards: a difference of two tails would lose the smaller one.
    below = binom.pmf(v[..., None] - i, r[..., None], q[..., None]).cumsum(-1)
    alpha = (below / i).max(-1, initial=0.0)
    return np.minimum(binom.sf(v - 1, r, q) + 2 * m * delta * alpha, 1.0)


def one_run_epsilon(
    n_canaries: int | ArrayLike,
    n_guesses: int | ArrayLike,
    n_correct: int | ArrayLike,
    *,
    delta: float,
    confidence: float = 0.95,
) -> np.ndarray:
    """Return a lower bound of epsilon that holds for every mechanism.

    Parameters
    ----------
    n_canaries, n_guesses, n_correct : int or array-like of int
        Canaries, guesses that were made about them, and correct ones of these.
    delta : float
        Of the claim.
    confidence : float, default=0.95
        Probability that the bound is not above the true epsilon. The number of guesses must have
        been fixed beforehand.

    Returns
    -------
    ndarray of float
        The least epsilon that is not refuted; 0 if none is.

    See Also
    --------
    one_run_gaussian_epsilon : Shows more, of a Gaussian mechanism.

    Examples
    --------
    >>> from torch_private.audits import one_run_epsilon
    >>> one_run_epsilon(1000, 200, [100, 190], delta=1e-5)
    array([0.  , 2.39...])
    """
    check_counts(n_canaries, n_guesses, n_correct)

    def refutes(epsilon):
        found = one_run_p_value(n_canaries, n_guesses, n_correct, epsilon=epsilon, delta=delta)
        return found <= 1 - confidence

    return largest_refuted(refutes)
