"""The affine program: whole-number scores of linear models."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...exceptions import GuaranteeError


@dataclass(frozen=True, eq=False)
class IntegerMap:
    """Whole-number scores ``weights @ i + constants`` of a row i of whole numbers.

    Parameters
    ----------
    weights : ndarray of shape (n_outputs, n_features), dtype int64
        V of ``compile/_quantise.py``.
    constants : ndarray of shape (n_outputs,), dtype int64
        C of ``compile/_quantise.py``.
    levels : int
        The whole numbers of a row lie in [0, levels].
    """

    kind: ClassVar[str] = "affine"
    learnt: ClassVar[str] = (
        "exact scores, to the client: as many rows as columns, plus one, give it the weights, and "
        "so does one malformed request of one row; a budget counts requests, not rows"
    )

    weights: np.ndarray
    constants: np.ndarray
    levels: int

    @property
    def n_columns(self) -> Any:
        """Whole numbers of a row."""
        return self.weights.shape[1]

    @property
    def n_outputs(self) -> int:
        """Scores of a row."""
        return len(self.weights)

    def __call__(self, integers):
        """Return the whole-number scores of rows, an array of shape (n_samples, n_outputs)."""
        return integers @ self.weights.T + self.constants

    @property
    def reach(self) -> Any:
        """The largest absolute value that a score can have, a Python integer."""
        reach = 0
        for row, constant in zip(self.weights.tolist(), self.constants.tolist(), strict=True):
            least = constant + self.levels * sum(min(v, 0) for v in row)
            most = constant + self.levels * sum(max(v, 0) for v in row)
            reach = max(reach, -least, most)
        return reach

    def to_parts(self) -> tuple[dict[str, Any], Any]:
        """Return the map as JSON-ready fields and octets."""
        return {}, b"".join(a.astype(">i8").tobytes() for a in (self.weights, self.constants))

    @classmethod
    def from_parts(cls, fields: Any, payload: Any, layout: Any) -> Self:
        """Return the map of :meth:`to_parts`, its size checked."""
        k, d = layout.n_outputs, layout.n_features
        if fields or len(payload) != 8 * k * (d + 1):
            raise GuaranteeError(
                "The server does not have the size of its layout. Nothing was read."
            )
        weights, constants = np.split(np.frombuffer(payload, ">i8").astype(np.int64), [k * d])
        return cls(weights.reshape(k, d), constants, layout.levels)
