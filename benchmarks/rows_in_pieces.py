"""Logistic regression on tables of growing size: in memory, from Parquet, and from Dask.

CPU time a row and sum (each fit asks for the same sums), and the memory that the process held at
most, each fit in a process of its own. Plain is Newton's method to the last digits; noisy is 25
clipped gradients with noise. Arguments: numbers of rows in millions (default 1 2 4).
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

N_COLUMNS = 20
WAYS = ("memory", "parquet", "dask")
KINDS = ("plain", "noisy")
CHUNK = 250_000


def write(path, n_rows):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"x{i}" for i in range(N_COLUMNS)]
    schema = pa.schema([(name, pa.float64()) for name in [*names, "y"]])
    rng, w = np.random.default_rng(0), np.linspace(-1, 1, N_COLUMNS)
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as file:
        for _ in range(n_rows // CHUNK):
            X = rng.normal(size=(CHUNK, N_COLUMNS)) / N_COLUMNS**0.5
            y = (rng.random(CHUNK) < 1 / (1 + np.exp(-3 * X @ w))).astype(float)
            columns = [*X.T, y]
            file.write_table(pa.table(dict(zip([*names, "y"], columns, strict=True)), schema))


def sites(way, path):
    from sklearn_private.sums import DaskPieces, ParquetPieces, Rows

    options = {"target": "y", "classes": [0.0, 1.0]}
    if way == "dask":
        import dask
        import dask.dataframe as dd

        dask.config.set(scheduler="synchronous")
        frame = dd.read_parquet(path, split_row_groups=True)
        return DaskPieces(frame, **options)
    pieces = ParquetPieces(path, **options)
    if way == "parquet":
        return pieces
    parts = [pieces._rows(table) for table in pieces.map(dict)]
    X = np.concatenate([part.X for part in parts])
    return Rows(X, np.concatenate([part.y for part in parts]), np.ones(len(X)))


def run(way, kind, path, n_rows):
    """Print CPU seconds a row and sum, and the most memory in MB."""
    from sklearn.linear_model import LogisticRegression

    from sklearn_private.mechanisms import noise_source
    from sklearn_private.sums import Limits, Noisy, Schema, Sites, noisy_descent, program_for

    rows = sites(way, path)
    start = time.process_time()
    if kind == "plain":
        asked = Sites([rows])
        schema = Schema(N_COLUMNS, np.array([0.0, 1.0]))
        w = program_for(LogisticRegression()).fit(asked, LogisticRegression(), schema)["coef_"]
    else:
        asked = Sites([rows], Limits(1.0, n_rows))
        noisy = Noisy(
            asked,
            noise_multiplier=100.0,
            neighboring="replace_one",
            charge=lambda event: None,
            rng=noise_source(),
        )
        w = noisy_descent(noisy, constant=0.35, n_features=N_COLUMNS, strength=1e-6, n_rounds=25)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate = seconds / n_rows / len(asked.sent)
    print(json.dumps([1e9 * rate, peak, len(asked.sent), float(np.abs(w).max())]))


def measured(way, kind, path, n_rows):
    environment = os.environ | dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
    )
    command = [sys.executable, __file__, "run", way, kind, path, str(n_rows)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main(millions):
    print("rows      fit    way      ns a row and sum  (of memory's)   MB at most  sums")
    with tempfile.TemporaryDirectory() as folder:
        for million in millions:
            path, n_rows = f"{folder}/{million}.parquet", million * 1_000_000
            write(path, n_rows)
            for kind in KINDS:
                base = None
                for way in WAYS:
                    if way == "memory" and million > 4:
                        continue
                    rate, peak, n_sums, _ = measured(way, kind, path, n_rows)
                    base = base or rate
                    print(
                        f"{million:3d} mio   {kind}  {way:<8} {rate:10.0f} {rate / base:16.2f}"
                        f"{peak:15.0f} {n_sums:7d}",
                        flush=True,
                    )
            os.remove(path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(*sys.argv[2:5], int(sys.argv[5]))
    else:
        main([int(n) for n in sys.argv[1:]] or [1, 2, 4])
