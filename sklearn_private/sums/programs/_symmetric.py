"""Symmetric matrices: sent as their upper triangle, solved in units of their own."""

from __future__ import annotations

import math

import numpy as np

_WEIGHTS = math.sqrt(2)


def upper(matrix: np.ndarray) -> np.ndarray:
    """Return the upper triangle of a square matrix as a vector, the diagonal included."""
    return matrix[np.triu_indices(len(matrix))]


def symmetric(vector: np.ndarray) -> np.ndarray:
    """Return the symmetric matrix whose upper triangle is ``vector``."""
    size = (np.sqrt(8 * len(vector) + 1) - 1) / 2
    matrix = np.zeros((round(size), round(size)))
    indices = np.triu_indices(len(matrix))
    matrix[indices] = vector
    matrix.T[indices] = vector
    return matrix


def isometric(matrix: np.ndarray) -> np.ndarray:
    """Return the upper triangle of a symmetric matrix, of the same L2 norm as the matrix.

    The elements off the diagonal, of which there are two each, are multiplied by sqrt(2). So inner
    products stay as they are, too.
    """
    return upper(matrix * _WEIGHTS + np.diag(np.diag(matrix)) * (1 - _WEIGHTS))


def from_isometric(vector: np.ndarray) -> np.ndarray:
    """Return the symmetric matrix of which ``vector`` is the :func:`isometric` triangle."""
    matrix = symmetric(vector)
    return matrix / _WEIGHTS + np.diag(np.diag(matrix)) * (1 - 1 / _WEIGHTS)


def solve(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return the solution of least norm of a positive semidefinite system.

    Columns are scaled to a unit diagonal first, so that units of measurement do not cost digits;
    directions whose eigenvalue is then below rounding are left out. The part of the solution in
    their span (mapped back) is taken off, which makes its norm the least in the given units.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Symmetric, positive semidefinite.
    vector : ndarray of shape (n,)
        Right-hand side, in the span of the matrix.

    Returns
    -------
    ndarray of shape (n,)
    """
    diagonal = np.diag(matrix)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
    kept = values > max(values[-1], 0.0) * len(values) * np.finfo(float).eps
    basis = scale[:, None] * vectors
    solution = basis[:, kept] @ (basis[:, kept].T @ vector / values[kept])
    null = np.linalg.qr(basis[:, ~kept]).Q
    return solution - null @ (null.T @ solution)
