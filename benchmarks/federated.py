"""Federated and multi-party fits against scikit-learn's own fit of the pooled rows.

Logistic regression on breast_cancer (569 x 30), on 20,000 x 50 made-up rows, and on the same rows
at 100 sites. Ratios of CPU time, best of seven rounds in turns, so that a busy machine slows all
alike; scikit-learn runs its fastest solver for such data, newton-cholesky, to a tolerance of 1e-10.
All sites run in one process, so the time is that of all sites together, without a network.
"""

import time

import numpy as np
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize, scale

from sklearn_private.federated import FederatedWrapper, RowDP
from sklearn_private.mpc import MPCFitter

N_ROUNDS = 7
LABELS = {"classes": [0, 1]}


def contestants():
    model, dp = LogisticRegression(), RowDP(epsilon=2.0, delta=1e-5, feature_norm=1.0)
    return {
        "scikit-learn, pooled": LogisticRegression(solver="newton-cholesky", tol=1e-10),
        "federated": FederatedWrapper(model, **LABELS),
        "federated, masked": FederatedWrapper(model, secure_aggregation=True, **LABELS),
        "federated, masked, noisy": FederatedWrapper(
            model, secure_aggregation=True, dp=dp, **LABELS
        ),
        "multi-party": MPCFitter(model, **LABELS),
    }


def cpu_seconds(model, X, y, groups):
    options = {} if groups is None else {"groups": groups}
    start = time.process_time()
    model.fit(X, y, **options)
    return time.process_time() - start


def compare(title, X, y, n_sites):
    X, groups = normalize(scale(X)), np.arange(len(y)) % n_sites
    models = contestants()
    times = {name: [] for name in models}
    for _ in range(N_ROUNDS):
        for name, model in models.items():
            pooled = name.startswith("scikit")
            times[name].append(cpu_seconds(model, X, y, None if pooled else groups))
    print(f"{title}, {n_sites} sites")
    reference, *others = models
    best, coef = min(times[reference]), models[reference].coef_
    print(f"  {reference:<25} {1e3 * best:8.1f} ms")
    for name in others:
        model = models[name]
        error = np.abs(model.coef_ - coef).max()
        print(
            f"  {name:<25} {min(times[name]) / best:8.1f} x  {model.n_rounds_:3d} rounds  "
            f"{model.bytes_[-1]:8,d} bytes per site and round  coefficients differ by {error:.0e}"
        )


def main():
    compare("breast_cancer 569 x 30", *load_breast_cancer(return_X_y=True), n_sites=10)
    made_up = make_classification(20_000, 50, n_informative=20, random_state=0)
    compare("made up 20,000 x 50", *made_up, n_sites=10)
    compare("made up 20,000 x 50", *made_up, n_sites=100)


if __name__ == "__main__":
    main()
