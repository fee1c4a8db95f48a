"""How much a table says about people, and how much detail it has lost.

All functions read the same arguments as :func:`measures`, which returns all of them at once: a
table and, where the classes of the table are not told by its own quasi-identifiers, what tells
them. They judge the output of any tool.

A measure says what a table shows to whoever knows the quasi-identifiers and nothing else. It bounds
no attack that knows more.
"""

from ._loss import information_loss
from ._measures import Measures, SensitiveMeasures, measures
from ._models import (
    alpha_k,
    beta_likeness,
    k_anonymity,
    l_diversity,
    recursive_diversity,
    t_closeness,
)
from ._risk import journalist_risk, marketer_risk, prosecutor_risk, records_at_risk
from ._scorers import information_loss_scorer, risk_scorer
from ._utility import average_class_size, certainty_penalties, discernibility, suppression

__all__ = [
    "Measures",
    "SensitiveMeasures",
    "alpha_k",
    "average_class_size",
    "beta_likeness",
    "certainty_penalties",
    "discernibility",
    "information_loss",
    "information_loss_scorer",
    "journalist_risk",
    "k_anonymity",
    "l_diversity",
    "marketer_risk",
    "measures",
    "prosecutor_risk",
    "records_at_risk",
    "recursive_diversity",
    "risk_scorer",
    "suppression",
    "t_closeness",
]
