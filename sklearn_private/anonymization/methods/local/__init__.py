"""Local recoding: cells of a line of rows, cut and searched."""

from ._local import local_classes

__all__ = ["local_classes"]
