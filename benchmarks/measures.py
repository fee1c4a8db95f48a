"""All measures of a table of Adult (30,162 rows) beside pycanon: equal values, and how long.

The table is what KAnonymizer makes of 7 quasi-identifiers with k = 10; occupation and a number of
hours are sensitive, each by itself. Times are CPU times of one call, best of 9, without reading
files; ours also computes risks and losses. pycanon's recursive c is left out: it sorts the counts
of a class upwards and so compares the *least* frequent value with the others, where the definition
takes the most frequent one. Its entropy l is rounded down.
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
from sklearn_private.anonymization import metrics

K = 10
REPEATS = 9

PYCANON = """
import json, sys, time
import pandas as pd
from pycanon import anonymity
from pycanon import metrics
table = pd.read_csv(sys.argv[1]); quasi = json.loads(sys.argv[2]); sensitive = sys.argv[3]
start = time.process_time()
alpha, k = anonymity.alpha_k_anonymity(table, quasi, [sensitive])
found = {
    "k": k,
    "distinct_l": anonymity.l_diversity(table, quasi, [sensitive]),
    "entropy_l": anonymity.entropy_l_diversity(table, quasi, [sensitive]),
    "t": anonymity.t_closeness(table, quasi, [sensitive]),
    "alpha": alpha,
    "beta": anonymity.basic_beta_likeness(table, quasi, [sensitive]),
    "average_class_size": metrics.average_ecsize(table, table, quasi),
    "discernibility": metrics.discernability_metric(table, table, quasi),
    "prosecutor_risk": metrics.max_rir(table, quasi),
}
seconds = time.process_time() - start
print(json.dumps({"seconds": seconds, "found": {key: float(v) for key, v in found.items()}}))
"""


def main():
    """Print one block a sensitive column, and end with 1 where a value differs."""
    table = adult_table()
    quasi = [c for c in table.columns if c not in ("occupation", "salary-class")]
    hours = np.random.default_rng(0).integers(1, 99, len(table)) + table["age"].to_numpy() // 9
    table = table.assign(hours=hours)
    anonymizer = KAnonymizer(
        K, quasi_identifiers=quasi, sensitive=["occupation", "hours"], harmless=["salary-class"]
    )
    output, agrees = anonymizer.fit_transform(table), True
    for sensitive in ("occupation", "hours"):
        seconds, found = _ours(table, output, quasi, sensitive)
        print(f"{sensitive}: all measures in {seconds:.3f} s")
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "made.csv"
            output.to_csv(made, index=False)
            theirs = run_peer("anonymization", PYCANON, made, json.dumps(quasi), sensitive)
        if theirs is not None:
            agrees &= _compare(theirs, found, seconds)
    return int(not agrees)


def _ours(table, output, quasi, sensitive):
    best = np.inf
    for _ in range(REPEATS):
        start = time.process_time()
        found = metrics.measures(table, output, quasi_identifiers=quasi, sensitive=[sensitive])
        best = min(best, time.process_time() - start)
    (own,) = found.sensitive
    return best, {
        "k": found.k,
        "distinct_l": own.distinct_l,
        "entropy_l": np.floor(own.entropy_l + 1e-9),
        "t": own.equal_t if own.ordered_t is None else own.ordered_t,
        "alpha": own.alpha,
        "beta": own.beta,
        "average_class_size": found.average_class_size,
        "discernibility": found.discernibility,
        "prosecutor_risk": found.prosecutor_risk,
    }


def _compare(theirs, ours, seconds):
    print(
        f"  pycanon needs {theirs['seconds']:.2f} s for these ({theirs['seconds'] / seconds:.0f}x)"
    )
    agrees = True
    for name, value in theirs["found"].items():
        same = bool(np.isclose(value, ours[name], rtol=1e-12, atol=1e-12))
        agrees &= same
        print(f"  {name:<20}{value:>16.10g}{ours[name]:>16.10g}  {'equal' if same else 'DIFFERS'}")
    return agrees


if __name__ == "__main__":
    sys.exit(main())
