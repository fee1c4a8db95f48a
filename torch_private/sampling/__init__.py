"""Which rows a step sees, what that costs, and the loader that gives them."""

from ._draws import BinomialSize, uniform_subset
from ._generators import generators_of, same_random_numbers
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
    "generators_of",
    "map_tensors",
    "private_loader",
    "same_random_numbers",
    "tensors_in",
    "uniform_subset",
]
