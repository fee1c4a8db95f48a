"""The command line: ``python -m sklearn_private COMMAND``.

The commands are certificates, coordinator, site, check and report: one file each, which parses,
calls and prints, and holds no logic of its own.
"""

from ._main import main

__all__ = ["main"]
