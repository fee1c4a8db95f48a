"""Bounded rows: what makes the sensitivity of a sum finite, and where the bound comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..._checks import Checks
from ...exceptions import InvalidParameterError
from ...sums import clip_norm

_FAR = 1e150  # Coordinates beyond it are clipped first, so that their squares stay finite.


@dataclass(frozen=True)
class RowBounds:
    """Affine scaling and clipping of rows, and a constant intercept column.

    Parameters
    ----------
    low, high : ndarray of shape (n_features,)
        Range that each feature is clipped to.
    centre, scale : ndarray of shape (n_features,)
        A clipped row x becomes (x - centre) / scale.
    norm : float
        Largest norm of a scaled row.
    intercept : float
        Value of the constant column; 0 leaves it out.
    source : str
        Where the bound comes from.
    """

    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    norm: float
    intercept: float
    source: str

    @property
    def row_norm(self) -> Any:
        """The bound on the norm of a design row, the intercept column included."""
        return float(np.hypot(self.norm, self.intercept)) * (1 + 1e-15)  # rounded up

    @property
    def square_norm(self) -> float:
        """The bound on the norm of a scaled row's squares, without the intercept column."""
        with np.errstate(over="ignore"):
            reach = np.maximum(self.high - self.centre, self.centre - self.low) / self.scale
            by_column = np.linalg.norm(np.minimum(reach, self.norm) ** 2)
        return float(min(self.norm**2, by_column)) * (1 + 1e-15)  # rounded up

    def design(self, X: ArrayLike) -> Any:
        """Return clipped rows, with the intercept column last if there is one."""
        design = np.empty((len(X), len(self.centre) + bool(self.intercept)))
        scaled = design[:, : len(self.centre)]
        np.clip(X, self.low, self.high, out=scaled)
        scaled -= self.centre
        scaled /= self.scale
        scaled[:] = clip_norm(scaled, self.norm)
        design[:, len(self.centre) :] = self.intercept
        return design

    def to_input_units(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return coefficients and intercepts for raw inputs, from those of design rows.

        Parameters
        ----------
        w : ndarray of shape (n_columns,) or (n_columns, n_classes)
            Coefficients of design rows.

        Returns
        -------
        coef : ndarray of shape (1, n_features) or (n_classes, n_features)
        intercept : ndarray of shape (1,) or (n_classes,)
        """
        by_class, n_features = np.atleast_2d(w.T), len(self.centre)
        coef = by_class[:, :n_features] / self.scale
        constant = self.intercept * by_class[:, n_features] if self.intercept else 0.0
        return coef, constant - coef @ self.centre


def row_bounds(
    n_features: int,
    *,
    feature_norm: float | None,
    bounds: Any,
    owner: str,
    intercept: float = 0.0,
    names: Sequence[str] | None = None,
) -> RowBounds:
    """Read the ``feature_norm=`` or the ``bounds=`` that an estimator was given.

    Parameters
    ----------
    n_features : int
        Columns of the rows.
    feature_norm : float or None
        Bound on the L2 norm of a row.
    bounds : pair of float, sequence of pairs, dict of name to pair, or None
        Range of every column. Exactly one of the two is needed.
    owner : str
        Name of the estimator, for messages.
    intercept : float, default=0.0
        Value of the constant column over the bound on the row norm; 0 leaves it out.
    names : sequence of str, optional
        Their names, for ``bounds`` that are a dictionary.

    Returns
    -------
    RowBounds

    Raises
    ------
    InvalidParameterError
        Without bounds, with both kinds, or with bad ones.
    """
    # Beyond these limits the fourth powers of norms, which the noise needs, leave float64.
    Checks(owner).real(feature_norm=feature_norm, at_least=1e-60, at_most=1e60, optional=True)
    if (feature_norm is None) == (bounds is None):
        raise InvalidParameterError.unreleased(_how_to_bound(owner))
    if bounds is None:
        return RowBounds(
            low=np.full(n_features, -_FAR),
            high=np.full(n_features, _FAR),
            centre=np.zeros(n_features),
            scale=np.ones(n_features),
            norm=float(feature_norm),
            intercept=intercept * feature_norm,
            source=f"feature_norm={feature_norm:g}, from the caller",
        )
    low, high = _columns(bounds, n_features, names, Checks(owner))
    # Each feature is scaled to [-1, 1] / sqrt(n_features), so that a row has norm at most 1.
    return RowBounds(
        low=low,
        high=high,
        centre=low + (high - low) / 2,
        scale=(high - low) / 2 * np.sqrt(n_features),
        norm=1.0,
        intercept=intercept,
        source="bounds= per column, from the caller",
    )


def _columns(given, n_features, names, check):
    """Return the lowest and the highest value of each column."""
    bounds = _by_name(given, names, check) if isinstance(given, Mapping) else given
    rule = f"a pair (low, high) or {n_features} pairs of finite numbers, low below high"
    try:
        pairs = np.broadcast_to(np.asarray(bounds, dtype=np.float64), (n_features, 2))
    except (TypeError, ValueError) as error:
        raise check.invalid("bounds", rule, value=given) from error
    low, high = pairs.T
    with np.errstate(over="ignore", invalid="ignore"):
        width = high - low
    if not ((width > 1e-300) & (width < np.inf)).all():
        raise check.invalid("bounds", rule, value=given)
    return low, high


def _by_name(bounds, names, check):
    """Return the range of every column in the order of ``names``."""
    rule = ""
    if names is None:
        rule = "a pair or a list of pairs, since the columns of X have no names"
    elif without := [name for name in names if name not in bounds]:
        rule = f"a range for every column of X, also {without}"
    elif unknown := [name for name in bounds if name not in names]:
        rule = f"ranges for the columns of X, which do not include {unknown}"
    if rule:
        raise check.invalid("bounds", rule, value=bounds)
    return [bounds[name] for name in names]


def _how_to_bound(owner):
    return (
        f"{owner} needs exactly one bound on the rows, chosen without looking at them: "
        "feature_norm= (rows are clipped to that L2 norm), or bounds= (a range per column). A "
        "DomainEncoder in front makes rows of norm at most 1: then use feature_norm=1.0. A bound "
        "taken from the data is not counted by epsilon."
    )
