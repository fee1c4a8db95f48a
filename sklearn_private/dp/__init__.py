"""Estimators with differential privacy, and what stands in front of them.

Where to read: the steps that every fit takes, :mod:`.fitting._estimator`; the noise of objective
perturbation, :mod:`.objective._gaussian_objective` and, with pure epsilon,
:mod:`.objective._pure_objective`; the solvers of a logistic regression, :mod:`.linear._solvers`;
what bounds a row, :mod:`.rows._row_bounds`; how a search pays, :mod:`.selection._modes`. The
programs over noisy sums are in :mod:`sklearn_private.sums.programs`.
"""

from .additive import DPAdditiveClassifier, DPAdditiveRegressor
from .cluster import DPKMeans
from .decomposition import DPPCA
from .linear import DPLinearRegression, DPLogisticRegression, DPRidge
from .naive_bayes import DPGaussianNB
from .numbers import PrivateNumber, count, histogram, mean, sum
from .pipeline import DPPipeline
from .preprocessing import DomainEncoder, DPQuantileScaler, DPStandardScaler
from .rows import class_codes, row_bounds
from .selection import DPGridSearchCV, DPRandomizedSearchCV, DPScorer, most_private

__all__ = [
    "DPPCA",
    "DPAdditiveClassifier",
    "DPAdditiveRegressor",
    "DPGaussianNB",
    "DPGridSearchCV",
    "DPKMeans",
    "DPLinearRegression",
    "DPLogisticRegression",
    "DPPipeline",
    "DPQuantileScaler",
    "DPRandomizedSearchCV",
    "DPRidge",
    "DPScorer",
    "DPStandardScaler",
    "DomainEncoder",
    "PrivateNumber",
    "class_codes",
    "count",
    "histogram",
    "mean",
    "most_private",
    "row_bounds",
    "sum",
]
