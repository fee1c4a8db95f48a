"""The compiler of Gaussian classifiers: linear in columns and products of columns.

Gaussian naive Bayes and discriminant analysis score a class by the logarithm of its prior and its
density, ``c - (x - m)' A (x - m) / 2`` with A the inverse of its covariance (diagonal for naive
Bayes). In the scaled columns u of the client map, x = h u + centre, this is

    c - t' B t / 2  +  (B t)' u  -  u' B u / 2,      B = h A h,  t = (m - centre) / h,

which is affine in u_j and in the products u_i u_j. Of two classes only the difference is scored.
"""

from typing import Any

import numpy as np
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB

from ..maps import Products
from ._affine import AffineMap, final_of, refusal
from ._compiled import Compiled
from ._quantise import quantise
from ._verify_fold import agreed_readout, floating_slack

QUADRATIC = (GaussianNB, QuadraticDiscriminantAnalysis)


def compile_quadratic(task: Any) -> Compiled:
    """Turn Gaussian densities into an affine map of columns and products."""
    model = final_of(task.estimator)
    if task.rows.shape[1] != model.n_features_in_:
        raise refusal(model, f"it takes {model.n_features_in_} columns", "the columns of X")
    d = task.rows.shape[1]
    alone = np.column_stack([np.arange(d), np.full(d, -1)])
    diagonal = isinstance(model, GaussianNB)
    both = np.tile(np.arange(d)[:, None], 2) if diagonal else np.column_stack(np.triu_indices(d))
    client_map = Products(task.grid, np.vstack([alone, both]))
    densities = _naive_bayes(model) if diagonal else _discriminant(model)
    classes = [_in_scaled_columns(client_map, both, *density) for density in densities]
    coef, intercept = (np.array(part) for part in zip(*classes, strict=True))
    if len(classes) == 2:
        coef, intercept = np.diff(coef, axis=0), np.diff(intercept)
    affine = AffineMap(coef, intercept)
    if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
        raise refusal(model, "its densities are not finite", "columns that vary in every class")
    program, exponents, error = quantise(affine, client_map.grid, task.weight_bits)
    products = client_map.expand(task.rows)
    slack = floating_slack(affine, products)
    readout = agreed_readout(affine(products), slack, exponents, task.estimator, task.X)
    return Compiled(client_map, program, readout, error)


def _naive_bayes(model):
    """Yield constant, mean and inverse covariance of each class."""
    for prior, mean, variance in zip(model.class_prior_, model.theta_, model.var_, strict=True):
        yield np.log(prior) - np.log(2 * np.pi * variance).sum() / 2, mean, np.diag(1 / variance)


def _discriminant(model):
    """Yield constant, mean and inverse covariance of each class."""
    parts = zip(model.priors_, model.means_, model.rotations_, model.scalings_, strict=True)
    for prior, mean, rotation, scaling in parts:
        inverse = (rotation / scaling) @ rotation.T
        yield np.log(prior) - np.log(scaling).sum() / 2, mean, inverse


def _in_scaled_columns(client_map, both, constant, mean, inverse):
    """Return the slopes and the constant of one class, in the columns of the client map."""
    half = client_map.half_width
    matrix = half[:, None] * inverse * half  # B of the module docstring
    shift = (mean - client_map.centre) / half
    i, j = both.T
    products = -np.where(i == j, matrix[i, j] / 2, (matrix[i, j] + matrix[j, i]) / 2)
    linear = matrix @ shift
    return np.concatenate([linear, products]), constant - shift @ linear / 2
