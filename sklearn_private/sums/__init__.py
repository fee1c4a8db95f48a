"""Models as programs over sums, and the aggregators that answer sums.

Most classical learning needs the rows only through sums over them. A *program* fits a model by
asking an *aggregator* for sums of *statistics*, and never sees a row; the aggregator decides who
learns what. Plain sums (:class:`Sites`), secure aggregation (:class:`Masked`), secret sharing
(:class:`Shared`) and differential privacy (:class:`Noisy`) wrap one another, and every program runs
on all of them.

A new program is one file: its statistics with their bounds, a function from an aggregator to fitted
attributes, and a :class:`Program`, listed in the registry.
"""

from ._aggregator import Aggregator
from ._plan import Plan, equal_shares, plan
from ._program import Program, Schema
from ._registry import program_for, rebuild, supported
from ._statistic import Limits, Rows, clip_norm, statistic
from .aggregators import (
    ADDERS,
    MOST_FORWARDED,
    Apart,
    Masked,
    Noisy,
    Prepaid,
    Shared,
    Sites,
    Together,
    transcript,
)
from .fitting import (
    FittedApart,
    Prepared,
    SumsEstimator,
    fit_apart,
    guarded,
    label_findings,
    partition_findings,
    prepare,
)
from .guard import Guard, Reach, Words, default_threshold, largest_threshold
from .programs import (
    N_LLOYD_ROUNDS,
    SPECTRUM_SHARES,
    cluster_numbers,
    cluster_shares,
    linear_shares,
    location,
    n_newton_rounds,
    n_noisy_rounds,
    noisy_class_moments,
    noisy_clusters,
    noisy_covariance,
    noisy_descent,
    noisy_linear,
    noisy_moments,
    noisy_newton,
    noisy_softmax,
)

__all__ = [
    "ADDERS",
    "MOST_FORWARDED",
    "N_LLOYD_ROUNDS",
    "SPECTRUM_SHARES",
    "Aggregator",
    "Apart",
    "FittedApart",
    "Guard",
    "Limits",
    "Masked",
    "Noisy",
    "Plan",
    "Prepaid",
    "Prepared",
    "Program",
    "Reach",
    "Rows",
    "Schema",
    "Shared",
    "Sites",
    "SumsEstimator",
    "Together",
    "Words",
    "clip_norm",
    "cluster_numbers",
    "cluster_shares",
    "default_threshold",
    "equal_shares",
    "fit_apart",
    "guarded",
    "label_findings",
    "largest_threshold",
    "linear_shares",
    "location",
    "n_newton_rounds",
    "n_noisy_rounds",
    "noisy_class_moments",
    "noisy_clusters",
    "noisy_covariance",
    "noisy_descent",
    "noisy_linear",
    "noisy_moments",
    "noisy_newton",
    "noisy_softmax",
    "partition_findings",
    "plan",
    "prepare",
    "program_for",
    "rebuild",
    "statistic",
    "supported",
    "transcript",
]
