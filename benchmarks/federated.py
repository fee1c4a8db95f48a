"""Federated and multi-party fits against scikit-learn's own fit of the pooled rows.

Logistic regression on breast_cancer (569 x 30, three sites), and on made-up rows: 10,000 x 50 at 3,
10 and 100 sites, 10,000 x 15 at 100. Ratios of CPU time, best of seven rounds in turns, so that a
busy machine slows all alike; scikit-learn runs its fastest solver for such data, newton-cholesky,
to a tolerance of 1e-10. All sites run in one process, so the time is that of all sites together,
without a network.
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
ANY = {**LABELS, "min_client_rows": 1}  # what it costs, not what it opens


def contestants():
    model, dp = LogisticRegression(), RowDP(epsilon=2.0, delta=1e-5, feature_norm=1.0)
    return {
        "scikit-learn, pooled": LogisticRegression(solver="newton-cholesky", tol=1e-10),
        "federated": FederatedWrapper(model, **ANY),
        "federated, masked": FederatedWrapper(model, secure_aggregation=True, **ANY),
        "federated, masked, noisy": FederatedWrapper(model, secure_aggregation=True, dp=dp, **ANY),
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
            f"{sum(model.bytes_):9,d} bytes per site  coefficients differ by {error:.0e}"
        )
    ratio = min(times["federated, masked"]) / min(times["federated"])
    print(f"  masked over plain: {ratio:.1f} x")


def main():
    compare("breast_cancer 569 x 30", *load_breast_cancer(return_X_y=True), n_sites=3)
    for n_columns, sites in ((50, (3, 10, 100)), (15, (100,))):
        made_up = make_classification(
            10_000, n_columns, n_informative=n_columns // 2, random_state=0
        )
        for n_sites in sites:
            compare(f"made up 10,000 x {n_columns}", *made_up, n_sites=n_sites)


if __name__ == "__main__":
    main()
