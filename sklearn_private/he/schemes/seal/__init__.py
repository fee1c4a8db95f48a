"""CKKS and BFV on Microsoft SEAL, by the bindings that TenSEAL brings."""

from ._ckks_affine import CKKSAffine

__all__ = ["CKKSAffine"]
