"""The compiler of ``MLPClassifier`` and ``MLPRegressor`` with one hidden layer.

A scheme has sums and products only, so each hidden unit's activation is replaced by the parabola
that is closest to it, in least squares, over the values that reach it from the training rows:
act(z) ~ a z^2 + b z + c. The linear parts of all units fold into one affine map of the columns, so
what is left is one square a unit. How far the scores move is measured on the training rows
(``approximation``, and ``agreement`` of the decisions) and is a part of the statement, not of the
proven bound, which holds for the parabolas: rows that drive a unit far beyond its training values
are scored by these.
"""

from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier, MLPRegressor

from ...exceptions import InvalidParameterError
from ..programs import SquareNetwork, largest
from ._affine import final_of, refusal
from ._compiled import Compiled
from ._readout import Readout, plain_labels

NETWORKS = (MLPClassifier, MLPRegressor)
ACTIVATIONS = {
    "identity": lambda z: z,
    "logistic": expit,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
}
WORST_AGREEMENT = 0.8


def compile_network(task: Any) -> Compiled:
    """Replace activations by parabolas and fold what is linear."""
    model = final_of(task.estimator)
    if len(model.coefs_) != 2:
        raise refusal(model, "it has more than one hidden layer", "hidden_layer_sizes=(100,)")
    if model.n_features_in_ != task.rows.shape[1]:
        raise refusal(model, f"it takes {model.n_features_in_} columns", "the columns of X")
    grid, activation = task.grid, ACTIVATIONS[model.activation]
    inside = np.clip(task.rows, grid.low, grid.high)
    hidden = inside @ model.coefs_[0] + model.intercepts_[0]  # (n_samples, n_hidden)
    program, exponents = _scaled(model, _parabolas(hidden, activation), grid)
    readout = _readout(model, exponents)
    exact = activation(hidden) @ model.coefs_[1] + model.intercepts_[1]
    scores = np.ldexp(program((inside - grid.low) / _width(grid) * grid.levels), -exponents)
    _check_attributes(model, activation, readout, task)
    agreement = _agreement(model, exact, scores)
    # A column is off by half a step; z by that times its weights; a score by 2 |z| <= 2 times it.
    half = 0.5 / grid.levels
    z_error = half * np.abs(program.first).sum(axis=1)
    error = np.abs(program.square) @ (2 * z_error + z_error**2)
    error = np.ldexp(error + half * np.abs(program.linear).sum(axis=1) + 1e-12, -exponents)
    notes = {"approximation": float(np.abs(exact - scores).max()), "agreement": agreement}
    return Compiled(grid, program, readout, error, notes)


def _parabolas(hidden, activation):
    """Return coefficients of z^2, z and 1 for each unit, shape (3, n_hidden)."""
    if activation is ACTIVATIONS["identity"]:
        return np.tile([[0.0], [1.0], [0.0]], hidden.shape[1])
    columns = []
    for z in hidden.T:
        degree = min(2, len(np.unique(z)) - 1)
        fitted = np.polyfit(z, activation(z), degree)
        columns.append(np.concatenate([np.zeros(2 - degree), fitted]))
    return np.array(columns).T


def _width(grid):
    return np.where(grid.high > grid.low, grid.high - grid.low, 1.0)


def _scaled(model, parabolas, grid):
    """Return the program and the base-2 logarithms of the scales of its scores."""
    square, slope, constant = parabolas
    weights, bias = model.coefs_[0].T, model.intercepts_[0]
    first, first_bias = weights * _width(grid), bias + weights @ grid.low  # on t in [0, 1]
    out = model.coefs_[1].T
    linear = (out * slope) @ first
    rest = model.intercepts_[1] + out @ (slope * first_bias + constant)
    size = largest(first, first_bias)
    used = (np.abs(first).sum(axis=1) > 0) & (np.abs(out * square).sum(axis=0) > 0)
    rest = rest + (out * square)[:, ~used] @ first_bias[~used] ** 2
    if not used.any():
        raise refusal(model, "its hidden units are linear or constant", "a linear model")
    first, first_bias, size = first[used], first_bias[used], size[used]
    squares = (out * square)[:, used] * size**2
    reach = np.abs(squares).sum(axis=1) + largest(linear, rest)
    if not (np.isfinite(reach).all() and (reach > 0).all()):
        raise refusal(model, "its weights are not finite", "scaled columns")
    exponents = -np.frexp(reach)[1].astype(np.int64)
    scale = np.ldexp(1.0, exponents)
    program = SquareNetwork(
        first / size[:, None],
        first_bias / size,
        squares * scale[:, None],
        linear * scale[:, None],
        rest * scale,
        grid.levels,
    )
    return program, exponents


def _readout(model, exponents):
    if not is_classifier(model):
        return Readout("identity", exponents, None, flat=len(exponents) == 1)
    flat, classes = len(exponents) == 1, np.asarray(model.classes_)
    is_logistic = model.out_activation_ == "logistic"
    if len(classes) != (2 if flat else len(exponents)) or is_logistic != flat:
        raise refusal(model, "it gives several labels to a row", "one label")
    if plain_labels(classes) is None:
        raise refusal(model, "its labels are no plain values", "numbers or strings as labels")
    return Readout("logistic" if flat else "softmax", exponents, classes, flat)


def _check_attributes(model, activation, readout, task):
    """Refuse a class whose answers are not what its published weights say."""
    hidden = activation(task.rows @ model.coefs_[0] + model.intercepts_[0])
    scores = hidden @ model.coefs_[1] + model.intercepts_[1]
    answers = np.asarray(task.estimator.predict(task.X))
    ours = readout.predict(scores[:, 0] if readout.flat else scores)
    if is_classifier(model):
        same = (answers == ours).mean() > 0.999  # but for ties within the last digit
    else:
        same = np.allclose(answers, ours, rtol=1e-6, atol=1e-6 * np.abs(answers).max())
    if not same:
        raise refusal(
            model,
            "its predict is not what its published attributes say",
            "a model whose class is scikit-learn's own",
        )


def _agreement(model, exact, scores):
    """Return how far parabolas follow a network, or refuse one that they do not follow."""
    if is_classifier(model):
        decide = (lambda s: s[:, 0] > 0) if exact.shape[1] == 1 else (lambda s: s.argmax(axis=1))
        agreement = float((decide(exact) == decide(scores)).mean())
    else:
        apart = ((exact - scores) ** 2).sum(axis=0) / ((exact - exact.mean(axis=0)) ** 2).sum(
            axis=0
        )
        agreement = float(1 - apart.max())
    if not agreement >= WORST_AGREEMENT:
        raise InvalidParameterError(
            f"Parabolas follow the {model.activation!r} activations of {type(model).__name__} on "
            f"{agreement:.0%} of the training rows (R squared, of a regressor), and at least "
            f"{WORST_AGREEMENT:.0%} is needed. Scale the columns, regularise more (alpha=), or use "
            "a forest."
        )
    return agreement
