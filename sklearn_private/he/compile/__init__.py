"""From a fitted model to integers that a scheme evaluates."""

from ._affine import check_steps, fold, inner_of
from ._fixed_point import Grid, IntegerMap, quantise
from ._readout import LINKS, PROBABILITIES, Readout, plain_labels
from ._verify_fold import agreed_readout

__all__ = [
    "LINKS",
    "PROBABILITIES",
    "Grid",
    "IntegerMap",
    "Readout",
    "agreed_readout",
    "check_steps",
    "fold",
    "inner_of",
    "plain_labels",
    "quantise",
]
