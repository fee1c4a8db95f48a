"""Models as programs over sums, one file each."""

from ._descent import n_noisy_rounds
from ._gram import LINEAR, RIDGE
from ._logistic import LOGISTIC
from ._moments import SCALER, location
from ._noisy_logistic import noisy_descent
from ._noisy_newton import n_newton_rounds, noisy_newton
from ._poisson import POISSON
from ._softmax import noisy_softmax

__all__ = [
    "LINEAR",
    "LOGISTIC",
    "POISSON",
    "RIDGE",
    "SCALER",
    "location",
    "n_newton_rounds",
    "n_noisy_rounds",
    "noisy_descent",
    "noisy_newton",
    "noisy_softmax",
]
