"""CKKS and BFV on Microsoft SEAL, by the bindings that TenSEAL brings."""

from ._bfv_leaves import BFVLeaves
from ._ckks_affine import CKKSAffine
from ._ckks_squares import CKKSSquares

__all__ = ["BFVLeaves", "CKKSAffine", "CKKSSquares"]
