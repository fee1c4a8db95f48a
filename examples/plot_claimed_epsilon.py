"""Claimed against measured epsilon.

An audit fits a model hundreds of times with and without one row, and bounds from below how much
privacy it lost. A correct model stays below the diagonal, and close to it where the audit is
strong. A model that uses twice the epsilon it claims is found out.

The picture is written to the folder given as the first argument (``build`` if none).
"""

import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.base import clone

from sklearn_private import DPLogisticRegression
from sklearn_private.audit import EpsilonAudit

CLAIMED = [0.5, 1.0, 2.0, 4.0, 8.0]


class Boastful(DPLogisticRegression):
    """Uses twice the epsilon that it claims."""

    def fit(self, X, y):
        """Fit with too little noise, and state the claim of a correct fit."""
        honest = clone(DPLogisticRegression(**self.get_params())).fit(X, y)
        spent = DPLogisticRegression(**{**self.get_params(), "epsilon": 2 * self.epsilon})
        self.__dict__.update(vars(spent.fit(X, y)), epsilon=self.epsilon)
        self.privacy_statement_ = replace(honest.privacy_statement_, owner="Boastful")
        return self


def measured(kind, solver):
    """Return the lower bound of epsilon at each claimed one."""
    bounds = []
    for epsilon in CLAIMED:
        model = kind(
            epsilon, feature_norm=1.0, classes=[0, 1], neighboring="zero_out", solver=solver
        )
        result = EpsilonAudit(model, n_fits=500, confidence=0.95, random_state=0).run()
        print(f"{kind.__name__}, {solver}: claimed {epsilon:g}, at least", end=" ")
        print(f"{result.epsilon_lower_bound:.2f}: {result.verdict}")
        bounds.append(result.epsilon_lower_bound)
    return bounds


def main(folder):
    """Draw and save the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
    axes.axline((0, 0), slope=1, color="black", lw=1, label="measured = claimed")
    kinds = [
        (Boastful, "gd", "uses twice what it claims", "tab:red"),
        (DPLogisticRegression, "gd", 'DPLogisticRegression, solver="gd"', "tab:blue"),
        (DPLogisticRegression, "newton", 'DPLogisticRegression, solver="newton"', "tab:cyan"),
    ]
    for kind, solver, label, color in kinds:
        axes.plot(CLAIMED, measured(kind, solver), "o-", color=color, label=label)
    axes.set(
        xticks=CLAIMED,
        xlim=(0, 8.5),
        ylim=(-0.3, 12),
        xlabel="claimed epsilon",
        ylabel="measured epsilon (lower bound, 95 % confidence)",
        title="500 fits with and 500 without one row",
    )
    axes.legend(loc="upper left")
    path = folder / "claimed_epsilon.png"
    figure.savefig(path, dpi=120)
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build"))
