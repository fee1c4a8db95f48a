"""Where the command line begins: what it needs is imported here and nowhere else."""

import sys
from collections.abc import Callable
from typing import Any

from .._optional import require
from ..exceptions import MissingDependencyError


def main() -> None:
    """Run the command that the arguments of this process name."""
    try:
        run = application()
    except MissingDependencyError as error:
        sys.exit(str(error))
    run()


def application() -> Callable[..., Any]:
    """Return the application of all commands, a :class:`typer.Typer`."""
    typer = require("typer", extra="cli")
    require("rich", extra="cli")
    from . import _certificates, _check, _coordinator, _report, _site

    app = typer.Typer(
        name="python -m sklearn_private",
        help="Fit models on rows that stay at their sites, and check reports of privacy.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # a traceback with local variables would show rows
    )
    for module in (_certificates, _coordinator, _site, _check, _report):
        app.command()(module.command)
    return app
