"""Real tables for the benchmarks: Adult from a folder that is not part of the project."""

import os
import sys
from pathlib import Path

FOLDER = Path(
    os.environ.get("SKLEARN_PRIVATE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)


def adult_table():
    """Return UCI Adult without rows with missing values (30,162 x 9), or end the script."""
    import pandas as pd

    return pd.read_csv(_found("adult.csv"), sep=";")


def design(name):
    """Return ``(X, y)`` with public bounds (row norm at most 1) of "adult" or "breast_cancer"."""
    folder = _found(f"{name}.py").parent
    sys.path.insert(0, str(folder))
    return __import__(name).load_design()


def _found(name):
    path = FOLDER / name
    if not path.exists():
        sys.exit(f"skipped: {path} is not there. Set SKLEARN_PRIVATE_DATA (see CONTRIBUTING.md).")
    return path
