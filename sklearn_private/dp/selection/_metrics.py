"""Scores as sums over rows that one row moves by a known amount.

A mean score (accuracy, log-loss) is the sum of values in [-half, half], one a row, around a known
centre. Under replace-one a row moves that sum by at most 2·half; a row that is replaced by nothing
adds 0 instead, and moves it by at most half. Where the number of rows is hidden, every row adds
``half`` to a second sum, and the noisy score is a ratio.

The area under the ROC curve is a function of two histograms of the predicted log-odds, one for each
class, over bins that are fixed beforehand. Each row is counted in one of all bins: a row more or
less moves them by 1, a replaced row by 1 in each of two bins. Ties within a bin count one half.

Sums are exact: values are rounded to a public lattice first.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.utils import column_or_1d

from ...exceptions import InvalidParameterError
from ...mechanisms import Lattice
from ..rows import positions

_LATTICE = Lattice(2.0**-20)  # fine enough for a score, and exact in float64 up to 2^30 rows


@dataclass(frozen=True)
class MeanScore:
    """The mean of one bounded value a row.

    Parameters
    ----------
    values : callable
        From ``(estimator, X, y)`` to an array of shape (n_samples,): what each row scores. What is
        not a number counts as ``low``: a row must not be able to stop the score.
    low, high : float
        Values are clipped to this range; larger is better.
    """

    values: object
    low: float
    high: float

    @property
    def half(self) -> Any:
        """Bound on the distance of a value from the centre: so short that half·n is exact."""
        return math.ceil((self.high - self.low) / 2 * 256) / 256

    @property
    def centre(self) -> Any:
        """Middle of the range."""
        return (self.low + self.high) / 2

    @property
    def nothing(self) -> np.ndarray:
        """The sums over no row."""
        return np.zeros(2)

    def sums(self, estimator: object, X: ArrayLike, y: ArrayLike) -> np.ndarray:
        """Return the exact sums over the rows.

        Parameters
        ----------
        estimator : object
            Fitted.
        X, y : array-like
            Rows and their labels.

        Returns
        -------
        ndarray of shape (2,)
            Of the centred values, and of ``half``.
        """
        values = np.nan_to_num(self.values(estimator, X, y), nan=self.low)
        values = np.clip(values, self.low, self.high) - self.centre
        return np.array([_LATTICE.to_float(_LATTICE.sum(values)), self.half * len(values)])

    def visible(self, sums: Any, neighboring: str) -> Any:
        """Return the sums that are released: the second one only where n is hidden."""
        return sums if neighboring == "add_remove" else sums[:1]

    def sensitivity(self, neighboring: str) -> tuple[Any, Any]:
        """Return how far one row moves the released sums, in L1 and in L2 norm."""
        if neighboring == "add_remove":
            return 2 * self.half, math.sqrt(2) * self.half
        moved = self.half * (2 if neighboring == "replace_one" else 1)
        return moved, moved

    def value(self, noisy: Any, sums: Any) -> Any:
        """Return the score, from noisy sums; n is read from exact ones where it is public."""
        if len(noisy) == 1:
            return float(self.centre + self.half * noisy[0] / sums[1]) if sums[1] else self.centre
        if noisy[1] <= 0:  # So few rows that noise drowned their number.
            return self.centre
        # A ratio whose divisor is mostly noise can be of any size.
        return float(self.centre + self.half * np.clip(noisy[0] / noisy[1], -1, 1))


@dataclass(frozen=True)
class RocAuc:
    """The area under the ROC curve.

    Parameters
    ----------
    n_bins : int
        Bins of the log-odds, two of them open. More resolve scores better and gather more noise.
    reach : float
        The inner edges go from -reach to reach, equally spaced in asinh(log-odds): dense around
        0, for models that hardly dare, and wide, for those that dare too much.
    """

    n_bins: int
    reach: float

    @property
    def nothing(self) -> np.ndarray:
        """The sums over no row."""
        return np.zeros((2, self.n_bins))

    def sums(self, estimator: BaseEstimator, X: ArrayLike, y: ArrayLike) -> Any:
        """Return the histograms of both classes, of shape (2, n_bins)."""
        classes = estimator.classes_
        if len(classes) != 2:
            raise InvalidParameterError(
                f"'roc_auc' needs two classes. {type(estimator).__name__} has {len(classes)}."
            )
        top = np.arcsinh(self.reach)
        edges = expit(np.sinh(np.linspace(-top, top, self.n_bins - 1)))
        bins = np.searchsorted(edges, estimator.predict_proba(X)[:, 1])
        cells = bins + self.n_bins * (column_or_1d(y) == classes[1])
        counts = np.bincount(cells, minlength=2 * self.n_bins)
        return counts.reshape(2, self.n_bins).astype(np.float64)

    def visible(self, sums: Any, neighboring: str) -> Any:
        """Return the histograms."""
        return sums

    def sensitivity(self, neighboring: str) -> Any:
        """Return how far one row moves the histograms, in L1 and in L2 norm."""
        return (2.0, math.sqrt(2)) if neighboring == "replace_one" else (1.0, 1.0)

    def value(self, noisy: Any, sums: Any) -> float:
        """Return the area, from noisy histograms alone; 1/2 where noise drowned a class.

        Where it nearly did, their ratio can be of any size, and is clipped to [0, 1].
        """
        negative, positive = noisy
        pairs = negative.sum() * positive.sum()
        if negative.sum() <= 0 or positive.sum() <= 0:
            return 0.5
        below = np.cumsum(negative) - negative / 2
        return float(np.clip(positive @ below / pairs, 0, 1))


def accuracy() -> MeanScore:
    """Return the share of rows whose label is predicted."""
    return MeanScore(_is_right, 0.0, 1.0)


def negative_log_loss(min_probability: Any) -> MeanScore:
    """Return the mean log-probability of the labels; smaller probabilities count as the least."""

    def values(estimator, X, y):
        at, known = positions(estimator.classes_, column_or_1d(y))
        probabilities = estimator.predict_proba(X)[np.arange(len(at)), at]
        return np.log(np.maximum(np.where(known, probabilities, 0.0), min_probability))

    return MeanScore(values, math.log(min_probability), 0.0)


def _is_right(estimator, X, y):
    return (estimator.predict(X) == column_or_1d(y)).astype(np.float64)
