"""Secrets on a disk: sealed under a passphrase, in files that only their owner reads."""

from ._private_file import warn_if_shared, write_private
from ._seal import seal, unseal

__all__ = ["seal", "unseal", "warn_if_shared", "write_private"]
