"""What generalised linear models share: their sums, and their fitted attributes.

Parameters are ``w = (coefficients, b)``: the linear predictor is ``x @ w[:-1] + constant * w[-1]``,
so the intercept is the coefficient of a constant column, which counts in the norm of a row. A
``constant`` of 0 leaves the intercept out.
"""

import numpy as np

from ._symmetric import upper


def predictor(rows, w, constant):
    """Return the linear predictor of every row."""
    return rows.X @ w[:-1] + constant * w[-1]


def gradient(rows, slope, constant):
    """Return the sum of ``slope`` times each row, the constant column last."""
    return np.append(slope @ rows.X, constant * slope.sum())


def hessian(rows, curvature, constant):
    """Return the upper triangle of the sum of ``curvature`` times the square of each row."""
    size = rows.X.shape[1]
    matrix = np.empty((size + 1, size + 1))
    scaled = rows.X * np.sqrt(curvature)[:, None]
    matrix[:size, :size] = scaled.T @ scaled
    matrix[:size, size] = constant * (curvature @ rows.X)
    matrix[size, size] = constant**2 * curvature.sum()
    return upper(matrix)


def row_norm(limits, constant):
    """Return the bound on the norm of a row, the constant column included."""
    return float(np.hypot(limits.row_norm, constant))


def penalty(strength, n_features, constant):
    """Return the L2 penalty of each parameter; the intercept has none.

    Where it is left out its sums are zero, and a penalty of 1 keeps it at zero.
    """
    return np.append(np.full(n_features, float(strength)), 0.0 if constant else 1.0)


def l2_strength(estimator):
    """Return the L2 penalty of a :class:`~sklearn.linear_model.LogisticRegression`."""
    # scikit-learn 1.10 drops the parameter penalty, in favour of C=inf.
    return 0.0 if getattr(estimator, "penalty", "l2") is None else 1 / estimator.C


def regression_attributes(w, constant, n_iter):
    """Return the fitted attributes of a generalised linear regression."""
    return {"coef_": w[:-1], "intercept_": constant * w[-1], "n_iter_": n_iter}


def binary_attributes(w, constant, labels, n_iter):
    """Return the fitted attributes of a linear classifier of two classes."""
    return {
        "coef_": w[None, :-1],
        "intercept_": constant * w[-1:],
        "classes_": labels,
        "n_iter_": np.array([n_iter], dtype=np.int32),
    }
