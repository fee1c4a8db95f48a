"""k-anonymity of Adult (8 quasi-identifiers) beside the peers that pip can install, in one run.

Times are end to end, DataFrame to DataFrame (anonypy: to its partition), CPU time in turns. Loss is
recomputed from the classes of each tool with one function: set-GCP, and hierarchy-GCP where
categories have the hierarchies of ARX; a suppressed row costs 1. ARX 3.9.2 is Java: its figures are
those of its local recoding on the same rows, judged by the same function. Last, what labels cost a
model, and the raw model's own mean in each cell beside it. ``quick`` runs k = 10.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from datasets import FOLDER, adult_table
from peers import run_peer
from sklearn_private import Hierarchy, KAnonymizer
from sklearn_private.anonymization import LDiversity, TCloseness, information_loss

KS = [2, 5, 10, 25, 100]
ROUNDS = 5
QUASI = [
    "sex", "age", "race", "marital-status", "education", "native-country", "workclass",
    "occupation",
]  # fmt: skip

# What a neighbour knows. Models of fewer quasi-identifiers get the other columns as they are.
KNOWN = ["sex", "age", "race", "native-country", "marital-status"]
UNSEEN = {"handle_unknown": "use_encoded_value", "unknown_value": -1}

# Greatest loss for each k, and whether it is set- (0) or hierarchy-GCP (1).
BARS = {
    "mondrian, tight labels": (0, [0.0105, 0.033, 0.057, 0.097, 0.185]),
    "local": (0, [0.0100, 0.031, 0.054, 0.094, 0.180]),
    "local, hierarchies": (1, [0.0241, 0.0574, 0.0852, 0.1252, 0.2083]),
}
ARX_SET = [0.0128, 0.0373, 0.0598, 0.1007, 0.1812]
ARX_HIERARCHY = [0.0241, 0.0574, 0.0852, 0.1252, 0.2083]
ARX_SECONDS = 2.39
ARX_DIVERSE = (0.0435, 0.0568)  # l = 5 on occupation, k = 10
MDAV = {"census": (5.692, 9.088, 14.156), "tarragona": (16.933, 22.462, 33.193)}

ANONYPY = """
import json, sys, time
import numpy as np, pandas as pd
from anonypy import mondrian
table = pd.read_csv(sys.argv[1]); columns = json.loads(sys.argv[2])
for column in columns:
    if table[column].dtype == object:
        table[column] = table[column].astype("category")
start = time.process_time()
parts = mondrian.Mondrian(table, columns).partition(int(sys.argv[3]))
seconds = time.process_time() - start
classes = np.empty(len(table), int)
for i, part in enumerate(parts):
    classes[part] = i
print(json.dumps({"seconds": seconds, "classes": classes.tolist()}))
"""

LIGHTHOUSE = """
import json, logging, sys, time
import numpy as np, pandas as pd
from project_lighthouse_anonymize.gtrees import make_flat_default_gtree
from project_lighthouse_anonymize.wrappers.k_anonymize import k_anonymize
logging.disable(logging.CRITICAL)
table = pd.read_csv(sys.argv[1]); columns = json.loads(sys.argv[2])
table["id"] = np.arange(len(table))
trees = {c: make_flat_default_gtree(set(table[c])) for c in columns if table[c].dtype == object}
start = time.process_time()
done, _, _ = k_anonymize(
    logging.getLogger("peer"), table[["id", *columns]], columns, int(sys.argv[3]), trees, "id",
    parallelism=None,
)
seconds = time.process_time() - start
classes = np.full(len(table), -1)
classes[done["id"].to_numpy(int)] = done.astype({c: str for c in columns}).groupby(columns).ngroup()
print(json.dumps({"seconds": seconds, "classes": classes.tolist()}))
"""

UMBRA = """
import json, sys, time
import numpy as np, pandas as pd
from umbra_k.anonymizer import MondrianAnonymizer
table = pd.read_csv(sys.argv[1]); columns = json.loads(sys.argv[2])
anonymizer = MondrianAnonymizer(int(sys.argv[3]), columns)
start = time.process_time()
anonymizer.fit_transform(table)
seconds = time.process_time() - start
classes = np.empty(len(table), int)
for i, part in enumerate(anonymizer._partitions):
    classes[np.asarray(part)] = i
print(json.dumps({"seconds": seconds, "classes": classes.tolist()}))
"""

PYCANON = """
import json, sys
import pandas as pd
from pycanon import anonymity
table = pd.read_csv(sys.argv[1]); columns, sensitive = json.loads(sys.argv[2]), sys.argv[3]
print(json.dumps([
    int(anonymity.k_anonymity(table, columns)),
    int(anonymity.l_diversity(table, columns, [sensitive])),
    float(anonymity.t_closeness(table, columns, [sensitive])),
]))
"""

PEERS = {
    "anonypy": ("anonymization", ANONYPY),
    "lighthouse": ("lighthouse", LIGHTHOUSE),
    "umbra-k": ("umbra", UMBRA),
}


def main(quick=False):
    """Print every bar and what was measured."""
    table, trees = adult_table(), hierarchies()
    ks = [10] if quick else KS
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.csv"
        table.to_csv(raw, index=False)
        compare_losses(table, trees, ks, raw)
        compare_constraints(table, trees, Path(folder) / "made.csv")
    compare_microaggregation()
    compare_models(table, n_splits=2 if quick else 10)


def hierarchies():
    """Return ARX's hierarchies of the categories of Adult; ages are judged by their range."""
    names = [name for name in QUASI if name != "age"]
    return {name: Hierarchy.from_table(FOLDER / "hierarchies" / f"{name}.csv") for name in names}


def compare_losses(table, trees, ks, raw):
    """Print the losses of all tools, and the times at k = 10."""
    ways = {
        "mondrian, supported labels": {},
        "mondrian, tight labels": {"labels": "tight"},
        "mondrian, cell labels": {"labels": "cell"},
        "mondrian, hierarchies, supported": {"hierarchies": trees},
        "mondrian, hierarchies, tight": {"labels": "tight", "hierarchies": trees},
        "mondrian, hierarchies, cell": {"labels": "cell", "hierarchies": trees},
        "local": {"method": "local"},
        "local, hierarchies": {"method": "local", "hierarchies": trees},
    }
    print(f"\n{'set-GCP / hierarchy-GCP of the classes':<40}" + "".join(f"{k:>16}" for k in ks))
    seconds = {}
    for name, way in ways.items():
        losses, printed = [], []
        for k in ks:
            spent, (classes, anonymizer) = timed(anonymized, table, k, **way)
            losses.append(both_losses(table, classes, trees))
            printed.append(anonymizer.privacy_statement_.information_loss)
            if k == 10:
                seconds[name] = spent
        print(f"{name:<40}" + "".join(f"{a:>8.4f}{b:>8.4f}" for a, b in losses))
        if "cell" in name or "supported" in name:
            print(
                f"{'    loss of the printed labels':<40}" + "".join(f"{x:>16.4f}" for x in printed)
            )
        check(name, ks, losses)
    at = [KS.index(k) for k in ks]
    print(
        f"{'ARX 3.9.2, local recoding (given)':<40}"
        + "".join(f"{ARX_SET[i]:>8.4f}{ARX_HIERARCHY[i]:>8.4f}" for i in at)
    )
    for name, (environment, script) in PEERS.items():
        found = [run_peer(environment, script, raw, json.dumps(QUASI), k) for k in ks]
        if all(found):
            losses = [both_losses(table, np.array(f["classes"]), trees) for f in found]
            print(f"{name:<40}" + "".join(f"{a:>8.4f}{b:>8.4f}" for a, b in losses))
            seconds[name] = found[ks.index(10)]["seconds"]
    print_times(table, seconds)


def check(name, ks, losses):
    """Print the bar that belongs to a way, where there is one, and whether it is reached."""
    if name in BARS:
        which, most = BARS[name]
        most = [most[KS.index(k)] for k in ks]
        kept = all(round(pair[which], 4) <= bar for pair, bar in zip(losses, most, strict=True))
        bars = "".join(f"{' ' * 8 * which}{bar:.4f}".rjust(8 + 8 * which).ljust(16) for bar in most)
        print(f"{'    bar':<40}{bars}  {'reached' if kept else 'MISSED'}")


def both_losses(table, classes, trees):
    """Return set-GCP and hierarchy-GCP."""
    judged = (
        information_loss(table, classes, quasi_identifiers=QUASI, hierarchies=t)
        for t in (None, trees)
    )
    return tuple(judged)


def anonymized(table, k, **way):
    """Return the table of labels, and the anonymizer."""
    anonymizer = KAnonymizer(k, quasi_identifiers=QUASI, sensitive=["salary-class"], **way)
    return anonymizer.fit_transform(table), anonymizer


def print_times(table, seconds):
    """Print the times at k = 10, the default's as the best of several rounds."""
    default = min(timed(anonymized, table, 10)[0] for _ in range(ROUNDS))
    print("\nCPU seconds at k = 10, DataFrame to DataFrame")
    print(f"{'KAnonymizer, default':<40}{default:>8.3f}")
    for name, spent in {"ARX 3.9.2, local (given)": ARX_SECONDS, **seconds}.items():
        print(f"{name:<40}{spent:>8.3f}{spent / default:>9.1f} x")


def compare_constraints(table, trees, made):
    """Print the losses under 5-diversity of the occupation, and let pycanon confirm k, l and t."""
    quasi = [name for name in QUASI if name != "occupation"]
    trees = {name: trees[name] for name in quasi if name in trees}
    print("\nk = 10, 5-diversity of occupation: set- / hierarchy-GCP")
    print(f"{'ARX 3.9.2, local (given; the bar)':<40}" + "".join(f"{x:>8.4f}" for x in ARX_DIVERSE))
    for method in ("mondrian", "local"):
        for given in (None, trees):
            output, _ = diverse(table, quasi, [LDiversity(5)], method=method, hierarchies=given)
            losses = [
                information_loss(table, output, quasi_identifiers=quasi, hierarchies=judged)
                for judged in (None, trees)
            ]
            name = method + (", hierarchies" if given else "")
            print(f"{name:<40}" + "".join(f"{loss:>8.4f}" for loss in losses))
    print("\npycanon on our own outputs: k, l, t")
    asked = [LDiversity(5), TCloseness(0.4)]
    for method in ("mondrian", "local"):
        output, _ = diverse(table, quasi, asked, method=method)
        output.to_csv(made, index=False)
        found = run_peer("anonymization", PYCANON, made, json.dumps(quasi), "occupation")
        print(f"{method + ': k = 10, l = 5, t = 0.4 asked':<40}{found}")


def diverse(table, quasi, constraints, **way):
    """Return the table under constraints on the occupation."""
    anonymizer = KAnonymizer(
        10, quasi_identifiers=quasi, sensitive=["occupation"], harmless=["salary-class"],
        constraints=constraints, labels="tight", **way,
    )  # fmt: skip
    return anonymizer.fit_transform(table), anonymizer


def compare_microaggregation():
    """Print 100 SSE / SST of MDAV on the reference sets, and the published figures."""
    print("\nMDAV: 100 SSE / SST of z-scores at k = 3, 5, 10, and published")
    for name, published in MDAV.items():
        X = np.loadtxt(FOLDER / "microaggregation" / f"{name}.csv", delimiter=",", skiprows=1)
        losses = []
        for k in (3, 5, 10):
            features = KAnonymizer(k, method="microaggregation", output="numeric").fit_transform(X)
            errors = ((X - features[:, ::2]) / X.std(axis=0)) ** 2
            losses.append(100 * errors.sum() / X.size)
        print(f"{name:<16}" + "".join(f"{x:>9.3f}" for x in (*losses, *published)))


def compare_models(table, n_splits):
    """Print the AUC of models of raw rows and of features, which rows to be predicted pass too."""
    X, y = table[QUASI], (table["salary-class"] == ">50K").to_numpy()
    raw = X.assign(**{name: X[name].astype("category") for name in QUASI if name != "age"})
    boosting = HistGradientBoostingClassifier(random_state=0)
    splits = StratifiedShuffleSplit(n_splits, test_size=1 / 3, random_state=0)
    print(f"\nAUC of HistGradientBoostingClassifier, mean of {n_splits} splits (bar: raw - .005)")

    def line(name, scores):
        print(f"{name:<52}{np.mean(scores):>8.4f}")

    line("raw", cross_val_score(boosting, raw, y, scoring="roc_auc", cv=splits))
    for labels in ("supported", "cell", "tight"):
        first = KAnonymizer(10, output="numeric", labels=labels)
        some = ColumnTransformer(
            [("known", first, KNOWN)], remainder=OrdinalEncoder(**UNSEEN), sparse_threshold=0
        )
        for name, way in {"all eight quasi-identifiers": first, "five of them": some}.items():
            model = make_pipeline(way, boosting)
            scores = cross_val_score(model, X, y, scoring="roc_auc", cv=splits)
            line(f"KAnonymizer, {labels} labels, {name}", scores)
        scores = [within_cells(labels, boosting, X, raw, y, *split) for split in splits.split(X, y)]
        line(f"the raw model's mean in each cell ({labels} labels)", scores)


def within_cells(labels, model, X, raw, y, train, test):
    """Return the AUC of a raw model's mean over the fitted rows of each cell.

    It stands for what a model could at best learn from labels of these cells.
    """
    raw_fitted = model.fit(raw.iloc[train], y[train]).predict_proba(raw.iloc[train])[:, 1]
    anonymizer = KAnonymizer(10, labels=labels, output="numeric").fit(X.iloc[train])
    # Rows of one cell have the same features; those that fit no cell get the mean of all.
    _, cell = np.unique(anonymizer.transform(X), axis=0, return_inverse=True)
    total, n = (np.bincount(cell[train], w, cell.max() + 1) for w in (raw_fitted, None))
    mean = np.where(n > 0, total / np.maximum(n, 1), raw_fitted.mean())
    return roc_auc_score(y[test], mean[cell[test]])


def timed(call, *args, **kwargs):
    """Return CPU seconds and the result."""
    start = time.process_time()
    result = call(*args, **kwargs)
    return time.process_time() - start, result


if __name__ == "__main__":
    sys.exit(main("quick" in sys.argv))
