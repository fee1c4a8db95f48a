r"""What guesses about one run show of a whole privacy curve.

A claim of f-DP bounds every test: with false positives x it has at least f(x) false negatives. So
an event of probability y has at least the probability :math:`B(y) = f(1 - y)` on a neighbour. Let c
of c' guesses about m fair coins be right with probability :math:`\tau`. What outcomes with i right
guesses or more hold of right ones (r_i) and of wrong ones (h_i), a canary, is then at least, going
down from :math:`r_c = \tau c / m` and :math:`h_c = \tau (c' - c) / m` [1]_,

.. math:: h_i = \max(h_{i+1}, B(r_{i+1})), \qquad
          r_i = r_{i+1} + \frac{i}{c' - i} (h_i - h_{i+1}),

and the claim is refuted where r_0 + h_0 exceeds c' / m, all the guesses there are. A Gaussian
mechanism of mu-GDP has :math:`B(y) = \Phi(\Phi^{-1}(y) - \mu)`.

.. [1] S. Mahloujifar, L. Melis, K. Chaudhuri, "Auditing f-differential privacy in one run",
   ICML 2025, algorithm 3 and theorem 3.2.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from sklearn_private import accounting

from ._search import check_counts, largest_refuted


def refutes_curve(
    B: Callable[..., Any],
    n_canaries: int | ArrayLike,
    n_guesses: int | ArrayLike,
    n_correct: int | ArrayLike,
    confidence: float,
) -> np.ndarray:
    """Return whether guesses are right too often for a trade-off curve.

    Parameters
    ----------
    B : callable
        :math:`B(y) = f(1 - y)`, elementwise.
    n_canaries, n_guesses, n_correct : int or array-like of int
        Counts, as in :func:`one_run_gaussian_epsilon`.
    confidence : float
        Probability that a claim which holds is not refuted.

    Returns
    -------
    ndarray of bool
    """
    m, guesses, correct = np.broadcast_arrays(n_canaries, n_guesses, n_correct)
    r = (1 - confidence) * correct / m
    h = (1 - confidence) * (guesses - correct) / m
    for step in range(1, correct.max(initial=0) + 1):
        i = np.maximum(correct - step, 0)  # At 0 the factor below is 0, and later steps change h
        grown = np.where(correct >= step, np.maximum(h, B(r)), h)
        r = np.minimum(r + i / (guesses - i) * (grown - h), 1.0)
        if np.array_equal(grown, h) and step > 1:
            break  # Nothing grows any more.
        h = grown
    return r + h > guesses / m


def one_run_mu(
    n_canaries: int | ArrayLike,
    n_guesses: int | ArrayLike,
    n_correct: int | ArrayLike,
    *,
    confidence: float = 0.95,
) -> np.ndarray:
    """Return a lower bound of mu, if the mechanism is mu-GDP with the Gaussian curve.

    Parameters
    ----------
    n_canaries, n_guesses, n_correct : int or array-like of int
        Counts, as in :func:`one_run_gaussian_epsilon`.
    confidence : float, default=0.95
        Probability that the bound is not above the true mu.

    Returns
    -------
    ndarray of float

    Examples
    --------
    >>> from torch_private.audits import one_run_mu
    >>> one_run_mu(1000, 200, [100, 190])
    array([0.  , 0.90...])
    """
    check_counts(n_canaries, n_guesses, n_correct)
    return largest_refuted(
        lambda mu: refutes_curve(
            lambda y: ndtr(ndtri(y) - mu), n_canaries, n_guesses, n_correct, confidence
        )
    )


def one_run_gaussian_epsilon(
    n_canaries: int | ArrayLike,
    n_guesses: int | ArrayLike,
    n_correct: int | ArrayLike,
    *,
    delta: float,
    confidence: float = 0.95,
) -> np.ndarray:
    """Return a lower bound of epsilon, if the mechanism loses what a Gaussian one does.

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

    See Also
    --------
    one_run_epsilon : Holds for every mechanism, and shows less.

    Examples
    --------
    >>> from torch_private.audits import one_run_gaussian_epsilon
    >>> one_run_gaussian_epsilon(1000, 200, [100, 190], delta=1e-5)
    array([0.  , 3.91...])
    """
    mu = one_run_mu(n_canaries, n_guesses, n_correct, confidence=confidence)
    return np.vectorize(lambda x: accounting.gaussian_epsilon(delta, x) if x else 0.0, [float])(mu)
