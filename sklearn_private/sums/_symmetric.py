"""Symmetric matrices: sent as their upper triangle, solved in units of their own."""

import numpy as np


def upper(matrix):
    """Return the upper triangle of a square matrix as a vector, the diagonal included."""
    return matrix[np.triu_indices(len(matrix))]


def symmetric(vector):
    """Return the symmetric matrix whose upper triangle is ``vector``."""
    size = (np.sqrt(8 * len(vector) + 1) - 1) / 2
    matrix = np.zeros((round(size), round(size)))
    indices = np.triu_indices(len(matrix))
    matrix[indices] = vector
    matrix.T[indices] = vector
    return matrix


def solve(matrix, vector):
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
