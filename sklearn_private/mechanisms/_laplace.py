"""The Laplace mechanism on a public lattice, with pure epsilon.

Let h be the step of a lattice, S the sensitivity and d the number of coordinates. Rounding to the
lattice moves each coordinate by at most h/2, so in units of h the rounded value is a vector of
integers of L1 sensitivity at most S/h + d. Discrete Laplace noise of integer scale t >= (S/h + d) /
epsilon multiplies the probability of an output by at most exp((S/h + d) / t) <= exp(epsilon) [1]_.
That is pure DP without any slack, since the noise is drawn exactly and the scale is rounded up in
rational arithmetic.

h is the largest power of two up to S / (2^40 epsilon). It is public, and the scale is at most 1 +
(d / epsilon + 1) 2^-40 times that of the plain mechanism. Value and noise are multiples of h, so
the result is the float nearest to an integer multiple of h, for values of any size: its low bits
tell nothing [2]_.

.. [1] A. Ghosh, T. Roughgarden, M. Sundararajan, "Universally utility-maximizing privacy
   mechanisms", SIAM J. Comput. 41, 2012.
.. [2] I. Mironov, "On significance of the least significant bits for differential privacy",
   CCS 2012.
"""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from ._arguments import check, finite, rational
from ._discrete_laplace import discrete_laplace
from ._lattice import Lattice

STEPS_PER_SCALE = 2**40


def laplace(value: ArrayLike, *, sensitivity: float, epsilon: float, rng: object) -> np.ndarray:
    """Release ``value`` with Laplace noise: epsilon-DP, exactly.

    Parameters
    ----------
    value : array_like of float
        What is released, of any shape, as float64. One call protects all coordinates together.
    sensitivity : float
        Above 0: how much ``value`` can change in L1 norm between neighbours, in its unit. Sums of
        floats change by more than their rows do: add them with :meth:`Lattice.sum`.
    epsilon : float
        Above 0. Smaller is noisier and more private: the scale is sensitivity / epsilon.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of float64
        Of the shape of ``value``; a scalar for a scalar. Multiples of a public power of two.

    Raises
    ------
    InvalidParameterError
        If a parameter is not a positive finite number, or ``value`` is not finite.
    RangeError
        If the noise leaves the range of float64, or the number of coordinates over epsilon is above
        about 2^54.

    See Also
    --------
    gaussian : Far less noise for many coordinates, at the price of a delta.

    Examples
    --------
    >>> from sklearn_private.mechanisms import laplace, noise_source
    >>> laplace([3.0, 4.0], sensitivity=1.0, epsilon=0.5, rng=noise_source()).shape
    (2,)
    """
    check("laplace", rng=rng, sensitivity=sensitivity, epsilon=epsilon)
    value = finite("laplace", "value", value)
    lattice = Lattice.finer_than(float(sensitivity) / float(epsilon) / STEPS_PER_SCALE)
    enlarged = rational(sensitivity) / Fraction(lattice.step) + value.size
    scale = math.ceil(enlarged / rational(epsilon))
    return lattice.add(value, discrete_laplace(scale, value.shape, rng))[()]
