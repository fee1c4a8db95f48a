"""Predictions on rows that the holder of the model cannot read: what they cost, by the batch."""

import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_private import DomainEncoder, HEPredictor

from .loans import DOMAIN, applicants

SIZES = (1, 10, 100, 1_000)
BOUND = 1 / np.sqrt(len(DOMAIN))  # a DomainEncoder's rows have norm 1 at most


def run(folder, console):
    """Run the chapter.

    Parameters
    ----------
    folder : pathlib.Path
        Where the picture goes.
    console : module
        Prints headings, text and tables.
    """
    X, y = applicants()
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
    console.heading("Predictions on encrypted rows")
    console.text(
        "A bank asks another one's model about its applicants. It encrypts them, the other one\n"
        "computes on ciphertexts, and only the bank can read the scores. What travels: the public\n"
        "half of the model, the bank's public keys, a signed request and a signed answer."
    )
    encoder = make_pipeline(DomainEncoder(DOMAIN), SimpleImputer())
    linear = make_pipeline(encoder, LogisticRegression(C=10, solver="newton-cholesky"))
    forest = make_pipeline(encoder, RandomForestClassifier(50, max_depth=6, random_state=0))
    cases = {
        "linear, Paillier": HEPredictor(linear, "paillier", bounds=(-BOUND, BOUND)),
        "linear, CKKS": HEPredictor(linear, "ckks", bounds=(-BOUND, BOUND)),
        "forest 50 x 6, BFV": HEPredictor(forest),
    }
    rows, curves = [], {}
    for name, predictor in cases.items():
        predictor.fit(X_train, y_train)
        rows.append(_row(name, predictor, X_test, y_test))
        curves[name] = _curve(predictor, X_test)
    titles = ["model, scheme", "accuracy", "equal to scikit-learn", "ms a row", "kB up a row"]
    console.table(titles, rows)
    _draw(curves, folder / "encrypted_prediction.png")
    statement = cases["forest 50 x 6, BFV"].privacy_statement_
    console.text("The forest's statement says what it costs in privacy:")
    for leak in statement.leaks:
        console.text(f"  leaks {leak}")


def _exchange(client, server, rows):
    """Return the seconds, the labels and the octets of one request."""
    bundle, start = client.public_bundle(), time.perf_counter()
    request = client.encrypt(rows)
    labels = client.predict(server.evaluate(bundle, request))
    return time.perf_counter() - start, labels, len(request)


def _row(name, predictor, X, y):
    client, server = predictor.split()
    seconds, labels, octets = _exchange(client.keygen(), server, X[:400])
    equal = (labels == predictor.estimator_.predict(X[:400])).mean()
    return [
        name,
        f"{(labels == y[:400]).mean():.3f}",
        f"{equal:.1%}",
        f"{seconds / 400 * 1e3:.2f}",
        f"{octets / 400e3:.1f}",
    ]


def _curve(predictor, X):
    client, server = predictor.split()
    _exchange(client.keygen(), server, X[:100])  # the tables of a key in use
    return [_exchange(client, server, X[:n])[0] for n in SIZES]


def _draw(curves, path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for name, seconds in curves.items():
        left.loglog(SIZES, seconds, "o-", label=name)
        right.loglog(SIZES, np.divide(SIZES, seconds), "o-")
    left.set(xlabel="rows in a request", ylabel="seconds of the request", title="Latency")
    right.set(xlabel="rows in a request", ylabel="rows a second", title="Throughput")
    left.legend()
    figure.savefig(path)
    plt.close(figure)
