"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

from .._optional import require

typer = require("typer", extra="cli")

Tls = Annotated[
    Path, typer.Option(help="This member's folder of certificates.", exists=True, file_okay=False)
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Timeout = Annotated[
    float,
    typer.Option(help="Seconds that one round may take, the slowest site's computing included."),
]
Coordinator = Annotated[str, typer.Option(help="Where the coordinator listens: host:port.")]
_DATA = typer.Option(
    help="The rows of this site: a Parquet or CSV file.", exists=True, dir_okay=False
)
Data = Annotated[Path, _DATA]
DataIfAny = Annotated[Path | None, _DATA]
Target = Annotated[str | None, typer.Option(help="The column to predict.")]
