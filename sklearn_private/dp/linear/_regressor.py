"""What linear regressions with differential privacy share: bounded targets, and their units."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ..._numeric import read_numbers
from ...sums import linear_shares, noisy_linear
from ..fitting import DPEstimator, Mechanism, Public, noisy_program

_CONSTANT = 0.35  # over the bound on the row norm: learnt, and adds little to it


class LinearRegressor(RegressorMixin, DPEstimator):
    """Fit a linear model of a bounded target; a subclass says which, in ``_mechanism``."""

    _releases = ("coef_", "intercept_")

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predicted target of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        X = read_numbers(self, X, reset=False)
        return X @ self.coef_ + self.intercept_

    def _relative_intercept(self, target):
        return _CONSTANT if self.fit_intercept else 0.0

    def _check_parameters(self, check):
        check.boolean("fit_intercept")

    def _learn(self, released, bounds, target, mechanism):
        (coef,), (intercept,) = bounds.to_input_units(released)
        self.coef_ = target.half * coef
        self.intercept_ = float(target.centre + target.half * intercept)


def least_squares(public: Public, alpha: float) -> Mechanism:
    """Return the settings of a noisy ridge regression.

    Parameters
    ----------
    public : Public
        What everybody knows.
    alpha : float
        L2 penalty of each coefficient, in units of the input.

    Returns
    -------
    NoisyProgram
    """
    shares, size = linear_shares(), public.n_features + 2
    return noisy_program(
        public,
        noisy_linear,
        name="a noisy Gram matrix, then noisy sums of clipped residuals",
        shares=shares,
        n_numbers=size * (size + 1) // 2 + len(shares) * size,
        constant=public.bounds.intercept,
        n_features=public.n_features,
        penalty=alpha / public.bounds.scale**2,
    )
