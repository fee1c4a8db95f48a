"""Server programs: what is computed on ciphertexts, whatever their scheme."""

from ._integer_map import IntegerMap
from ._leaf_sums import LeafSums
from ._program import Program, read_program
from ._square_network import SquareNetwork, largest

__all__ = ["IntegerMap", "LeafSums", "Program", "SquareNetwork", "largest", "read_program"]
