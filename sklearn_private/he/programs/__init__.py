"""Server programs: what is computed on ciphertexts, whatever their scheme."""

from ._integer_map import IntegerMap
from ._leaf_sums import LeafSums
from ._program import Program, read_program

__all__ = ["IntegerMap", "LeafSums", "Program", "read_program"]
