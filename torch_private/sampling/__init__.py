"""Which rows a step sees, what that costs, and the loader that gives them."""

from ._draws import BinomialSize, uniform_subset
from ._loader import Piece, PrivateLoader
from ._origin import private_loader
from ._samplers import FixedOrder, PoissonSampler, TruncatedPoissonSampler
from ._tensors import map_tensors, tensors_in

__all__ = [
    "BinomialSize",
    "FixedOrder",
    "Piece",
    "PoissonSampler",
    "PrivateLoader",
    "TruncatedPoissonSampler",
    "map_tensors",
    "private_loader",
    "tensors_in",
    "uniform_subset",
]
