"""What generalised linear models share: their sums, and their fitted attributes.

Parameters are ``w = (coefficients, b)``: the linear predictor is ``x @ w[:-1] + constant * w[-1]``,
so the intercept is the coefficient of a constant column, which counts in the norm of a row. A
``constant`` of 0 leaves the intercept out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._statistic import Limits, Rows, Scale, Statistic, statistic
from ._symmetric import upper

_BITS = 44  # a step is corrected by the next one: words of 64 bits are enough for 100,000 rows


def glm(
    name: str,
    pointwise: Callable[..., tuple],
    bounds: Callable[..., tuple],
    unit: Callable[..., tuple] | None = None,
) -> tuple[Statistic, Statistic]:
    """Return the two statistics by which :func:`newton` minimises a sum of losses.

    Parameters
    ----------
    name : str
        What to call the first one in messages.
    pointwise : callable
        From ``(rows, z, *broadcast)``, z the linear predictor of each row, to the loss of each row
        and its first and second derivative in z, three ndarrays of shape (n_rows,).
    bounds : callable
        From ``(limits, w, constant, *broadcast)`` to how much one row adds at most to the loss, the
        count, the gradient and the Hessian.

    unit : callable, default=None
        From ``(reach, scale, *broadcast)``, the largest linear predictor that the scale of the
        columns allows, to the most that one row of weight 1 has as its loss and its first and
        second derivative. None agrees on the sizes of the sums before each.

    Returns
    -------
    value : callable
        From ``(rows, w, constant, *broadcast)`` to the loss, the count, the gradient and the upper
        triangle of the Hessian.
    slope : callable
        The same without the Hessian.
    """

    def sums(rows: Rows, w: np.ndarray, constant: float, *broadcast: Any) -> tuple:
        loss, first, second = pointwise(rows, predictor(rows, w, constant), *broadcast)
        weight = rows.weight
        slope = gradient(rows, weight * first, constant)
        return (weight @ loss, weight.sum(), slope), weight * second

    def units(
        scale: Scale, w: np.ndarray | None = None, constant: float = 1.0, *broadcast: Any
    ) -> tuple:
        x = np.append(scale.X, max(constant, 1.0))
        loss, first, second = (1.0, 1.0, 1.0)
        if unit is not None and w is not None:  # without w, only entries are compared
            loss, first, second = unit(float(x @ np.abs(w)), scale, *broadcast)
        return loss, 1.0, first * x, second * upper(np.outer(x, x))

    @statistic(bound=bounds, unit=units, agreed=unit is None, bits=_BITS)
    def value(rows: Rows, w: np.ndarray, constant: float, *broadcast: Any) -> tuple:
        outputs, curvature = sums(rows, w, constant, *broadcast)
        return *outputs, hessian(rows, curvature, constant)

    @statistic(
        bound=lambda *given: bounds(*given)[:3],
        opens="first moments",
        unit=lambda *given: units(*given)[:3],
        agreed=unit is None,
        bits=_BITS,
    )
    def slope(rows: Rows, w: np.ndarray, constant: float, *broadcast: Any) -> tuple:
        return sums(rows, w, constant, *broadcast)[0]

    for function, called in ((value, name), (slope, f"{name}_gradient")):
        function.__name__ = function.__qualname__ = called
    return value, slope


def predictor(rows: Rows, w: np.ndarray, constant: float) -> np.ndarray:
    """Return the linear predictor of every row."""
    return rows.X @ w[:-1] + constant * w[-1]


def gradient(rows: Rows, slope: np.ndarray, constant: float) -> np.ndarray:
    """Return the sum of ``slope`` times each row, the constant column last."""
    return np.append(slope @ rows.X, constant * slope.sum())


def hessian(rows: Rows, curvature: np.ndarray, constant: float) -> np.ndarray:
    """Return the upper triangle of the sum of ``curvature`` times the square of each row."""
    size = rows.X.shape[1]
    matrix = np.empty((size + 1, size + 1))
    scaled = rows.X * np.sqrt(curvature)[:, None]
    matrix[:size, :size] = scaled.T @ scaled
    matrix[:size, size] = constant * (curvature @ rows.X)
    matrix[size, size] = constant**2 * curvature.sum()
    return upper(matrix)


def row_norm(limits: Limits, constant: float) -> float:
    """Return the bound on the norm of a row, the constant column included."""
    return float(np.hypot(limits.row_norm, constant))


def penalty(strength: float, n_features: int, constant: float) -> np.ndarray:
    """Return the L2 penalty of each parameter; the intercept has none.

    Where it is left out its sums are zero, and a penalty of 1 keeps it at zero.
    """
    return np.append(np.full(n_features, float(strength)), 0.0 if constant else 1.0)


def l2_strength(estimator: Any) -> float:
    """Return the L2 penalty of a :class:`~sklearn.linear_model.LogisticRegression`."""
    # scikit-learn 1.10 drops the parameter penalty, in favour of C=inf.
    return 0.0 if getattr(estimator, "penalty", "l2") is None else 1 / estimator.C


def regression_attributes(w: np.ndarray, constant: float, n_iter: int) -> dict[str, Any]:
    """Return the fitted attributes of a generalised linear regression."""
    return {"coef_": w[:-1], "intercept_": constant * w[-1], "n_iter_": n_iter}


def binary_attributes(
    w: np.ndarray, constant: float, labels: np.ndarray, n_iter: int
) -> dict[str, Any]:
    """Return the fitted attributes of a linear classifier of two classes."""
    return {
        "coef_": w[None, :-1],
        "intercept_": constant * w[-1:],
        "classes_": labels,
        "n_iter_": np.array([n_iter], dtype=np.int32),
    }
