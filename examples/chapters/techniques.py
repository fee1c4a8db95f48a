"""One data set, one model, five techniques: what each one costs, and who learns what."""

import time
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_private import (
    DomainEncoder,
    DPLogisticRegression,
    FederatedWrapper,
    HEPredictor,
    KAnonymizer,
    MPCFitter,
    privacy_report,
)
from sklearn_private.federated import RowDP

from .loans import DOMAIN, applicants

EPSILONS = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
REPEATS = 5
KNOWN_ELSEWHERE = ["Age", "Home", "Job", "Marital", "Records", "Seniority"]


@dataclass
class Row:
    """One technique: its price and what it says.

    Parameters
    ----------
    technique, protects, learns : str
        In words.
    kind : str
        Name of the class.
    auc : float
        On test rows.
    slower : float
        CPU over that of plain scikit-learn, for the same job.
    n_bytes : int
        Bytes that one site, party or client sends.
    """

    technique: str
    protects: str
    learns: str
    kind: str
    auc: float
    slower: float
    n_bytes: int


def run(folder, console):
    """Run the chapter.

    Parameters
    ----------
    folder : pathlib.Path
        Where the picture and the table go.
    console : module
        Prints headings, text and tables.
    """
    console.heading("One data set, one model, five techniques")
    data = _data()
    plain = LogisticRegression(C=10, solver="newton-cholesky")
    base = _auc(plain.fit(data.X, data.y), data.X_test, data.y_test)
    rows = [
        _anonymized(data),
        _private(data, plain),
        _federated(data, plain),
        _shared(data, plain),
        _encrypted(data, plain),
        _together(data, plain),
    ]
    _print(console, rows, base)
    _write_table(rows, folder / "techniques.md")
    _draw(rows, _curve(data), base, folder / "techniques.png")
    console.text(
        "Federated, multi-party and encrypted runs are simulations: all roles run in one process "
        "here, which shows exactness and cost and protects nothing."
    )


@dataclass
class _Data:
    raw: object
    raw_test: object
    X: np.ndarray
    X_test: np.ndarray
    y: np.ndarray
    y_test: np.ndarray
    bank: np.ndarray


def _data():
    table, y = applicants()
    raw, raw_test, y, y_test = train_test_split(table, y, stratify=y, random_state=0)
    encoder = DomainEncoder(DOMAIN)
    X, X_test = encoder.fit_transform(raw), encoder.transform(raw_test)
    return _Data(raw, raw_test, X, X_test, y, y_test, np.arange(len(y)) % 5)


def _anonymized(data):
    def model(*first):
        return make_pipeline(*first, SimpleImputer(), StandardScaler(), LogisticRegression())

    anonymizer = KAnonymizer(10, quasi_identifiers=KNOWN_ELSEWHERE, output="numeric")
    fitted, seconds = _timed(model(anonymizer).fit, data.raw, data.y)
    numbers = anonymizer.fit_transform(data.raw)
    _, plain_seconds = _timed(model().fit, numbers, data.y)
    return Row(
        "anonymization",
        "whose row it is",
        "reader of the table: a label that 10 people share",
        "KAnonymizer",
        _auc(fitted, data.raw_test, data.y_test),
        seconds / plain_seconds,
        0,
    )


def _private(data, plain):
    model = DPLogisticRegression(epsilon=1.0, feature_norm=1.0, classes=[0, 1])
    aucs = [_auc(model.fit(data.X, data.y), data.X_test, data.y_test) for _ in range(REPEATS)]
    return Row(
        "differential privacy",
        "each training row",
        "reader of the model: epsilon = 1 about any row",
        "DPLogisticRegression",
        float(np.mean(aucs)),
        _slower(model, plain, data),
        0,
    )


def _federated(data, plain):
    model = FederatedWrapper(plain, secure_aggregation=True)
    model.fit(data.X, data.y, groups=data.bank)
    return Row(
        "federated learning",
        "each site's rows and sums",
        "coordinator: totals of each round",
        "FederatedWrapper",
        _auc(model, data.X_test, data.y_test),
        _slower(model, plain, data, groups=data.bank),
        sum(model.bytes_),
    )


def _shared(data, plain):
    model = MPCFitter(plain).fit(data.X, data.y, groups=data.bank % 3)
    return Row(
        "multi-party computation",
        "each party's rows and sums",
        "each party: totals of each round",
        "MPCFitter",
        _auc(model, data.X_test, data.y_test),
        _slower(model, plain, data, groups=data.bank % 3),
        sum(model.bytes_),
    )


def _encrypted(data, plain):
    bound = 1 / np.sqrt(len(DOMAIN))
    model = HEPredictor(plain, bounds=(-bound, bound)).fit(data.X, data.y)
    model.predict(data.X_test[:1])  # makes the key
    scores, seconds = _timed(model.decision_function, data.X_test)
    _, plain_seconds = _timed(model.estimator_.decision_function, data.X_test)
    client, _ = model.split()
    return Row(
        "homomorphic encryption",
        "rows to predict",
        "server: ciphertexts; client: scores",
        "HEPredictor",
        roc_auc_score(data.y_test, scores),
        seconds / plain_seconds,
        len(client.keygen().encrypt(data.X_test)),
    )


def _together(data, plain):
    dp = RowDP(epsilon=2.0, delta=1e-5, feature_norm=1.0)
    model = FederatedWrapper(plain, secure_aggregation=True, dp=dp, classes=[0, 1])
    model.fit(data.X, data.y, groups=data.bank)
    assert privacy_report(model).holds
    return Row(
        "three together",
        "rows in the model, and sites",
        "coordinator: totals; reader: epsilon = 2",
        "FederatedWrapper(dp=...)",
        _auc(model, data.X_test, data.y_test),
        _slower(model, plain, data, groups=data.bank),
        sum(model.bytes_),
    )


def _curve(data):
    """Return the mean AUC at each epsilon."""
    means = []
    for epsilon in EPSILONS:
        model = DPLogisticRegression(epsilon=epsilon, feature_norm=1.0, classes=[0, 1])
        fits = (model.fit(data.X, data.y) for _ in range(REPEATS))
        means.append(np.mean([_auc(fit, data.X_test, data.y_test) for fit in fits]))
    return means


def _slower(model, plain, data, **groups):
    """Return the ratio of the least CPU of two fits, taken in turns."""
    times = [
        (_timed(model.fit, data.X, data.y, **groups)[1], _timed(plain.fit, data.X, data.y)[1])
        for _ in range(REPEATS)
    ]
    ours, theirs = np.min(times, axis=0)
    return ours / theirs


def _timed(call, *args, **kwargs):
    start = time.process_time()
    result = call(*args, **kwargs)
    return result, time.process_time() - start


def _auc(model, X, y):
    return roc_auc_score(y, model.predict_proba(X)[:, 1])


def _print(console, rows, base):
    lines = [("none (scikit-learn)", f"{base:.3f}", "1 x", "0", "everything")]
    lines += [
        (r.technique, f"{r.auc:.3f}", _times(r.slower), f"{r.n_bytes:,}", r.learns) for r in rows
    ]
    console.table(("technique", "AUC", "CPU over plain", "bytes sent", "who learns what"), lines)


def _write_table(rows, path):
    head = "| technique | protects | who learns what | measured: AUC, CPU, bytes sent | class |"
    lines = [head, "| --- | --- | --- | --- | --- |"]
    for r in rows:
        cost = f"{r.auc:.3f}, {_times(r.slower)}, {_short(r.n_bytes)}"
        lines.append(f"| {r.technique} | {r.protects} | {r.learns} | {cost} | `{r.kind}` |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _times(ratio):
    return f"{ratio:,.0f} x" if ratio >= 10 else f"{ratio:.1f} x"


def _short(n_bytes):
    return f"{n_bytes / 1000:.0f} kB" if n_bytes else "none"


def _draw(rows, curve, base, path):
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, 4.6), layout="constrained", width_ratios=[1, 1.5]
    )
    left.plot(EPSILONS, curve, "o-", label=f"DPLogisticRegression, mean of {REPEATS}")
    left.axhline(base, color="black", ls="--", label="without privacy")
    left.axhline(0.5, color="gray", ls=":", label="majority class")
    left.set_xscale("log", base=2)
    left.set_xticks(EPSILONS, [f"{e:g}" for e in EPSILONS])
    left.minorticks_off()
    left.set(xlabel="epsilon (smaller is more private)", ylabel="AUC on test rows")
    left.legend(frameon=False, loc="center right")
    _draw_costs(right, rows)
    figure.suptitle("Loan applicants, logistic regression: five techniques and what they cost")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw_costs(ax, rows):
    places = np.arange(len(rows))[::-1]
    ax.barh(places, [r.slower for r in rows], height=0.35, color="C0")
    for place, r in zip(places, rows, strict=True):
        sent = f", {_short(r.n_bytes)} sent" if r.n_bytes else ""
        ax.annotate(
            f"{_times(r.slower)}{sent}",
            (r.slower, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
        ax.annotate(
            r.learns, (0, place + 0.22), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="bottom", fontsize=8, color="dimgray",
        )  # fmt: skip
    ax.set_yticks(places, [r.technique for r in rows])
    ax.set_xscale("log")
    ax.set_xlim(0.3, 60 * max(r.slower for r in rows))
    ax.margins(y=0.08)
    ax.set(xlabel="CPU over that of scikit-learn (log scale), and who learns what")
