"""The program of a network with one hidden layer of squares."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...exceptions import GuaranteeError

_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class SquareNetwork:
    """Scores ``square @ z**2 + linear @ t + bias`` of a row i, with z = first @ t + first_bias.

    The numbers of a row are t = i / levels, in [0, 1]. It is scaled so that neither a z nor a score
    ever leaves [-1, 1], which is checked from the weights.

    Parameters
    ----------
    first : ndarray of shape (n_hidden, n_columns)
        Weights of the hidden layer.
    first_bias : ndarray of shape (n_hidden,)
        Its constants.
    square : ndarray of shape (n_outputs, n_hidden)
        Weights of the squares.
    linear : ndarray of shape (n_outputs, n_columns)
        Weights of the numbers themselves.
    bias : ndarray of shape (n_outputs,)
        Constants of the scores.
    levels : int
        The whole numbers of a row lie in [0, levels].
    """

    kind: ClassVar[str] = "squares"
    learnt: ClassVar[str] = (
        "scores of a polynomial, to the client: enough rows give it the weights, and fewer "
        "malformed requests do; a budget counts requests, not rows"
    )
    reach: ClassVar[int] = 1

    first: np.ndarray
    first_bias: np.ndarray
    square: np.ndarray
    linear: np.ndarray
    bias: np.ndarray
    levels: int

    @property
    def n_columns(self) -> Any:
        """Whole numbers of a row."""
        return self.first.shape[1]

    @property
    def n_hidden(self) -> Any:
        """Squares of a row."""
        return self.first.shape[0]

    @property
    def n_outputs(self) -> Any:
        """Scores of a row."""
        return self.square.shape[0]

    def __call__(self, integers):
        """Return the scores of rows, an array of shape (n_samples, n_outputs)."""
        t = integers / self.levels
        z = t @ self.first.T + self.first_bias
        return z**2 @ self.square.T + t @ self.linear.T + self.bias

    def is_scaled(self) -> bool:
        """Return whether no z and no score can leave [-1, 1]."""
        ends = largest(self.first, self.first_bias).max()
        scores = np.abs(self.square).sum(axis=1) + largest(self.linear, self.bias)
        return bool(ends <= 1 + _SLACK and scores.max() <= 1 + _SLACK)

    def to_parts(self) -> tuple[dict[str, Any], Any]:
        """Return the network as JSON-ready fields and octets."""
        arrays = self.first, self.first_bias, self.square, self.linear, self.bias
        octets = b"".join(array.astype(">f8").tobytes() for array in arrays)
        return {"n_hidden": self.n_hidden}, octets

    @classmethod
    def from_parts(cls, fields: Any, payload: Any, layout: Any) -> Any:
        """Return the network of :meth:`to_parts`, its size and its range checked."""
        h, d, k = fields.get("n_hidden"), layout.n_features, layout.n_outputs
        if set(fields) != {"n_hidden"} or type(h) is not int or h < 1:
            raise GuaranteeError("The server holds no network. Nothing was read.")
        shapes = (h, d), (h,), (k, h), (k, d), (k,)
        sizes = [int(np.prod(shape)) for shape in shapes]
        if len(payload) != 8 * sum(sizes):
            raise GuaranteeError(
                "The server does not have the size of its layout. Nothing was read."
            )
        numbers = np.split(np.frombuffer(payload, ">f8").astype(float), np.cumsum(sizes)[:-1])
        arrays = [part.reshape(shape) for part, shape in zip(numbers, shapes, strict=True)]
        made = cls(*arrays, layout.levels)
        if not np.isfinite(np.concatenate(numbers)).all() or not made.is_scaled():
            raise GuaranteeError("The server's sums could leave their slots. Nothing was read.")
        return made


def largest(weights: Any, bias: Any) -> np.ndarray:
    """Return the largest absolute value of ``weights @ t + bias`` over t in [0, 1]."""
    low = bias + np.minimum(weights, 0).sum(axis=1)
    high = bias + np.maximum(weights, 0).sum(axis=1)
    return np.maximum(np.abs(low), np.abs(high))
