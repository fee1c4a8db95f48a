"""How a logistic regression is fitted, one function a solver, and which one ``"auto"`` takes.

All of them decide from public quantities alone.
"""

import math

from ...accounting import gaussian_mu
from ...exceptions import InvalidParameterError
from ...sums import (
    equal_shares,
    n_newton_rounds,
    n_noisy_rounds,
    noisy_descent,
    noisy_newton,
    noisy_softmax,
)
from ..fitting import Mechanism, Public, noisy_program
from ..objective import calibrate, calibrate_pure

_SOFTMAX_ROUNDS = 100
_MUCH_SIGNAL = 100.0  # beyond it noise hides little, and a log-loss without clipping is best
_CLEAR = 11.0  # length of all rows over that of the noise and columns: below, clipping pays
_MANY_COLUMNS = 1000  # beyond it the matrix of the Newton-like steps is too large


def objective(public: Public, l2: float) -> Mechanism:
    """Perturb the objective: with pure epsilon where delta is 0."""
    _need_two_classes(public, "objective")
    return _pure_objective(public, l2) if public.delta == 0 else _gaussian_objective(public, l2)


def newton(public: Public, l2: float) -> Mechanism:
    """Take Newton-like steps on noisy gradients of a clipped log-loss."""
    _need_two_classes(public, "newton")
    n_rounds, size = n_newton_rounds(public.n_features), public.n_features + 1
    return noisy_program(
        public,
        noisy_newton,
        name="Newton-like steps on noisy gradients, scaled by a noisy X'X / 4",
        shares=equal_shares(n_rounds),
        n_numbers=size * (size + 1) // 2 + (n_rounds - 1) * size,
        what="solver='newton'",
        n_rounds=n_rounds,
        **_options(public, l2),
    )


def gd(public: Public, l2: float) -> Mechanism:
    """Descend on noisy clipped gradients: for any number of classes."""
    if public.delta == 0:
        _need_two_classes(public, "gd")  # which other solvers serve with pure epsilon
    public.need_gaussian("solver='gd'")
    options, size = _options(public, l2), public.n_features + 1
    if public.n_classes == 2:
        mu = gaussian_mu(public.noise_epsilon, float(public.delta))
        program, n_rounds = noisy_descent, n_noisy_rounds(public.n_rows, public.n_features, mu)
    else:
        program, n_rounds = noisy_softmax, _SOFTMAX_ROUNDS
        options["n_classes"], size = public.n_classes, size * public.n_classes
    return noisy_program(
        public,
        program,
        name="gradient descent with momentum on noisy clipped gradients",
        shares=equal_shares(n_rounds),
        n_numbers=n_rounds * size,
        n_rounds=n_rounds,
        **options,
    )


def auto(public: Public, l2: float) -> Mechanism:
    """Take the solver whose noise is least at these public quantities.

    Where there is much signal, that is Gaussian objective perturbation, whose cost adds up least
    over several fits. Where there is less, but enough for few columns, pure epsilon, the stronger
    claim, needs less noise. Below, clipped gradients do. The thresholds were set on Adult,
    breast_cancer, flchain and Default.
    """
    if public.n_classes > 2:
        return gd(public, l2)
    if public.delta == 0:
        return objective(public, l2)
    n_columns, gaussian = _n_columns(public), _gaussian_objective(public, l2)
    if public.n_rows is not None and _signal(public) > _MUCH_SIGNAL:
        return gaussian
    pure = _pure_objective(public, l2)
    noise = pure.noise_norm(n_columns)
    if noise <= gaussian.noise_norm(n_columns) and _is_clear(public, noise):
        return pure
    if public.n_rows is None:
        return gaussian
    return newton(public, l2) if n_columns <= _MANY_COLUMNS else gd(public, l2)


SOLVERS = {"auto": auto, "objective": objective, "newton": newton, "gd": gd}


def _n_columns(public):
    return public.n_features + bool(public.bounds.intercept)


def _signal(public):
    mu = gaussian_mu(public.noise_epsilon, float(public.delta))
    return public.n_rows * mu / public.moved / _n_columns(public)


def _is_clear(public, noise):
    """Return whether all rows in a line are long enough against noise of this length."""
    if public.n_rows is None:
        return True
    return public.n_rows * public.bounds.row_norm / noise / _n_columns(public) > _CLEAR


def _need_two_classes(public, solver):
    if public.n_classes > 2:
        way_out = "delta above 0" if public.delta == 0 else "solver='gd'"
        raise InvalidParameterError.unreleased(
            f"Only binary classification is supported by solver={solver!r} with "
            f"delta={public.delta:g} in {public.owner}. Got {public.n_classes} classes.",
            f"Take {way_out}.",
        )


def _options(public, l2):
    n_rows = public.n_rows or math.inf  # hidden: refused a moment later
    return {
        "constant": public.bounds.intercept,
        "n_features": public.n_features,
        "strength": l2 / n_rows,
    }


def _gaussian_objective(public, l2):
    return calibrate(public.epsilon, public.delta, **_perturbed(public, l2))


def _pure_objective(public, l2):
    return calibrate_pure(public.epsilon, **_perturbed(public, l2))


def _perturbed(public, l2):
    return {
        "row_norm": public.bounds.row_norm,
        "n_features": _n_columns(public),
        "neighboring": public.neighboring,
        "min_l2": l2,
        "rows_per_unit": public.rows_per_unit,
    }
