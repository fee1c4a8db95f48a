"""The command line: ``python -m sklearn_private certificates | coordinator | site | check``.

One file a command; each parses, calls and prints, and holds no logic of its own.
"""

from ._main import main

__all__ = ["main"]
