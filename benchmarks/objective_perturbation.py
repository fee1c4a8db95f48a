"""Noise of Gaussian objective perturbation under replace-one, over that of two other bounds.

The bound in use (docs/proofs/objective_perturbation.md) against the chi_2 bound of earlier work and
against a plain Gaussian mechanism for a gradient sum of the same sensitivity. All have delta = 1e-5
and the same share of epsilon for the determinants; output noise is left out.
"""

import math

from scipy.integrate import quad
from scipy.optimize import brentq

from sklearn_private import accounting
from sklearn_private.dp.objective import _gaussian_objective as _objective

DELTA = 1e-5


def main():
    """Print one line for each epsilon."""
    print(f"{'epsilon':>8}{'sigma / L':>11}{'chi_2 / ours':>14}{'ours / plain Gaussian':>23}")
    for epsilon in (0.1, 1.0, 4.0):
        rest = (1 - _objective.DETERMINANT_SHARE) * epsilon
        ratio = math.expm1(epsilon - rest)
        ours = 2 * accounting.calibrate(
            lambda z, ratio=ratio: accounting.ObjectivePerturbationEvent(z, ratio, True),
            epsilon=epsilon,
            delta=DELTA,
        )
        plain = 2 / accounting.gaussian_mu(rest, DELTA)
        chi = brentq(lambda s, rest=rest: chi_delta(rest, 2 / s) - DELTA, 0.1, 1e4)
        print(f"{epsilon:>8}{ours:>11.2f}{chi / ours:>14.3f}{ours / plain:>23.4f}")


def chi_delta(epsilon, a):
    """Return E[(1 - exp(epsilon - loss))+] for a loss of a²/2 + a·chi with two degrees."""
    start = max(0.0, (epsilon - a * a / 2) / a)

    def excess(r):
        return r * math.exp(-r * r / 2) * -math.expm1(min(0.0, epsilon - a * a / 2 - a * r))

    return quad(excess, start, start + 12, limit=200)[0]


if __name__ == "__main__":
    main()
