"""Lower bounds on epsilon from scores of two worlds."""

from ._auc import delong, n_scores, seen_effect
from ._clopper_pearson import ClopperPearson
from ._curve_auc import CurveAUC
from ._gaussian_auc import GaussianAUC
from ._gaussian_threshold import GaussianThreshold

__all__ = [
    "ClopperPearson",
    "CurveAUC",
    "GaussianAUC",
    "GaussianThreshold",
    "delong",
    "n_scores",
    "seen_effect",
]
