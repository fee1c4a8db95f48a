"""Encrypted prediction against what its users would write: ratios of CPU time, one thread.

10,000 rows of breast_cancer (30 columns), logistic regression, 128-bit security. ``phe`` is the
loop that its manual shows (``encrypt`` each number, ``*`` and ``+``, ``decrypt``), with gmpy2 in
both; its cost is the same for every row, so two are run. TenSEAL is run as its README shows (a
vector a row, ``dot``; ten rows) and by hand in columns as we do, with the same weights. Forests
are run on their own: what can be installed beside this scikit-learn evaluates none. Rounds
alternate, so that a busy machine slows all alike; the best of three counts. Set OMP_NUM_THREADS=1.

``python benchmarks/encrypted_prediction.py plot [path]`` draws latency and throughput by the size
of a batch instead.
"""

import sys
import time

import numpy as np
import phe.util
import tenseal
from phe import paillier
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_private.he import HEPredictor

N_ROWS, N_PLAIN, N_README, N_ROUNDS = 10_000, 2, 10, 3


def seconds(run, *args):
    start = time.process_time()
    result = run(*args)
    return time.process_time() - start, result


def exchange(client, server, rows):
    """Return the seconds of each stage, the decisions, and the octets up and down."""
    bundle, stages = client.public_bundle(), {}
    stages["encrypt"], request = seconds(client.encrypt, rows)
    stages["evaluate"], response = seconds(server.evaluate, bundle, request)
    stages["decrypt"], decisions = seconds(client.predict, response)
    return stages, decisions, (len(request), len(response))


def total(stages):
    return sum(stages.values())


def phe_rows(keys, model, rows):
    """Return the decisions of the loop that phe's manual shows."""
    public_key, private_key = keys
    weights, intercept = model[-1].coef_[0], model[-1].intercept_[0]

    def predict(row):
        ciphertexts = [public_key.encrypt(float(value)) for value in row]
        score = intercept + sum(c * float(w) for c, w in zip(ciphertexts, weights, strict=True))
        return private_key.decrypt(score) > 0

    return [predict(row) for row in model[:-1].transform(rows)]


def readme_rows(context, model, rows):
    """Return the scores of a vector for each row, as TenSEAL's README shows."""
    weights, intercept = model[-1].coef_[0].tolist(), model[-1].intercept_[0]
    vectors = [tenseal.ckks_vector(context, row.tolist()) for row in model[:-1].transform(rows)]
    return [(vector.dot(weights) + intercept).decrypt()[0] for vector in vectors]


def column_rows(context, model, rows):
    """Return the scores of TenSEAL's vectors for each column, 4,096 rows in each."""
    weights, intercept = model[-1].coef_[0].tolist(), model[-1].intercept_[0]
    public = tenseal.context_from(context.serialize(save_secret_key=False))
    X, scores = model[:-1].transform(rows), []
    for start in range(0, len(X), 4096):
        columns = X[start : start + 4096].T.tolist()
        sent = [tenseal.ckks_vector(context, column).serialize() for column in columns]
        answer = None
        for octets, weight in zip(sent, weights, strict=True):
            product = tenseal.ckks_vector_from(public, octets) * weight
            answer = product if answer is None else answer + product
        octets = (answer + intercept).serialize()
        scores += tenseal.ckks_vector_from(context, octets).decrypt()
    return scores


def tenseal_contexts():
    """Return the contexts of README and columns; the first has rotations, which dot needs."""
    readme = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[60, 40, 40, 60], n_threads=1
    )
    columns = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS,
        8192,
        coeff_mod_bit_sizes=[60, 40, 60],
        encryption_type=tenseal.ENCRYPTION_TYPE.SYMMETRIC,
        n_threads=1,
    )
    for context in (readme, columns):
        context.global_scale = 2.0**40
    readme.generate_galois_keys()
    return readme, columns


def linear(model, X, y):
    """Print the ratios of linear models."""
    rows = X[np.random.default_rng(0).integers(len(X), size=N_ROWS)]
    clients = {name: HEPredictor(model, name).fit(X, y).split() for name in ("paillier", "ckks")}
    for client, server in clients.values():
        exchange(client.keygen(), server, rows[:200])  # the tables of a key in use
    keys = paillier.generate_paillier_keypair(n_length=3072)
    readme, columns = tenseal_contexts()
    rounds = {name: [] for name in (*clients, "one row", "phe", "readme", "columns")}
    for _ in range(N_ROUNDS):
        for name, (client, server) in clients.items():
            rounds[name].append(exchange(client, server, rows))
        one = exchange(*clients["paillier"], rows[:1])[0]
        rounds["one row"].append(total(one))
        rounds["phe"].append(seconds(phe_rows, keys, model, rows[:N_PLAIN])[0] / N_PLAIN)
        rounds["readme"].append(seconds(readme_rows, readme, model, rows[:N_README])[0] / N_README)
        rounds["columns"].append(seconds(column_rows, columns, model, rows)[0] / N_ROWS)
    best = {name: min(rounds[name]) for name in ("one row", "phe", "readme", "columns")}
    print(f"logistic regression, {N_ROWS:,} x {X.shape[1]}; gmpy2 in phe: {phe.util.HAVE_GMP}")
    for name in clients:
        stages, decisions, (up, down) = min(rounds[name], key=lambda r: total(r[0]))
        best[name] = total(stages) / N_ROWS
        parts = ", ".join(f"{stage} {spent:.2f}" for stage, spent in stages.items())
        equal = int((decisions == model.predict(rows)).sum())
        print(f"{name}: {parts} s; {1 / best[name]:,.0f} rows/s; decisions equal: {equal:,}")
        print(f"  octets: {up / rows.size:.1f} up a number, {down / N_ROWS:.1f} down a row")
    print(f"phe / paillier = {best['phe'] / best['paillier']:,.0f}")
    print(f"phe / paillier, one row, key in use = {best['phe'] / best['one row']:.1f}")
    print(f"TenSEAL README / ckks = {best['readme'] / best['ckks']:,.0f}")
    print(f"TenSEAL in columns by hand / ckks = {best['columns'] / best['ckks']:.2f}")


def forests(X, y):
    """Print the seconds of forests."""
    wide = make_classification(12_000, 30, n_informative=20, flip_y=0.1, random_state=0)
    cases = [
        ("forest 10 x 4", RandomForestClassifier(10, max_depth=4, random_state=0), X, y, 800),
        ("forest 100 x 6", RandomForestClassifier(100, max_depth=6, random_state=0), *wide, 40),
        ("boosting 100 x 6", GradientBoostingClassifier(max_depth=6, random_state=0), *wide, 40),
        ("default forest", RandomForestClassifier(random_state=0), X, y, 40),
        ("forest 100 x 6", RandomForestClassifier(100, max_depth=6, random_state=0), *wide, 2_000),
    ]
    for name, model, table, target, n_rows in cases:
        predictor = HEPredictor(model).fit(table[:4_000], target[:4_000])
        client, server = predictor.split()
        rows = np.resize(table, (n_rows, table.shape[1]))
        runs = [exchange(client.keygen(), server, rows) for _ in range(N_ROUNDS)]
        stages, decisions, (up, _) = min(runs, key=lambda r: total(r[0]))
        equal = int((decisions == predictor.estimator_.predict(rows)).sum())
        print(
            f"{name}: {n_rows:,} rows in {total(stages):.3f} s "
            f"({total(stages) / n_rows * 1e3:.2f} ms a row), {up / 1e6:.1f} MB up, "
            f"decisions equal: {equal:,}"
        )


def network():
    """Print the milliseconds of a network, and what parabolas cost in accuracy."""
    X, y = load_digits(return_X_y=True)
    X, held, y, expected = train_test_split(X / 16, y, random_state=0, stratify=y)
    model = MLPClassifier((32,), max_iter=400, random_state=0)
    predictor = HEPredictor(model).fit(X, y)
    client, server = predictor.split()
    rows = np.resize(held, (4_096, held.shape[1]))
    runs = [exchange(client.keygen(), server, rows) for _ in range(N_ROUNDS)]
    stages, decisions, (up, _) = min(runs, key=lambda r: total(r[0]))
    ours = (decisions[: len(held)] == expected).mean()
    theirs = predictor.estimator_.score(held, expected)
    print(
        f"network 64-32-10, digits: {len(rows):,} rows in {total(stages):.2f} s "
        f"({total(stages) / len(rows) * 1e3:.2f} ms a row), {up / 1e6:.1f} MB up, held-out "
        f"accuracy {ours:.4f}, of scikit-learn's {theirs:.4f}"
    )


def plot(model, X, y, path):
    """Draw the seconds of a request and the rows of a second by the size of a batch."""
    import matplotlib.pyplot as plt

    forest = RandomForestClassifier(10, max_depth=4, random_state=0)
    predictors = {
        "logistic regression, paillier": HEPredictor(model, "paillier"),
        "logistic regression, ckks": HEPredictor(model, "ckks"),
        "forest 10 x 4, bfv": HEPredictor(forest),
    }
    sizes = (1, 10, 100, 1_000, 10_000)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for name, predictor in predictors.items():
        client, server = predictor.fit(X, y).split()
        exchange(client.keygen(), server, X[:200])
        spent = [total(exchange(client, server, np.resize(X, (n, X.shape[1])))[0]) for n in sizes]
        left.loglog(sizes, spent, "o-", label=name)
        right.loglog(sizes, np.divide(sizes, spent), "o-")
    left.set(xlabel="rows in a request", ylabel="CPU seconds of the request")
    right.set(xlabel="rows in a request", ylabel="rows a CPU second")
    left.legend()
    figure.savefig(path)
    print(f"The plot is in {path}.")


def main(arguments):
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    if arguments[:1] == ["plot"]:
        plot(model, X, y, (arguments[1:] or ["encrypted_prediction.png"])[0])
    else:
        linear(model, X, y)
        forests(X, y)
        network()


if __name__ == "__main__":
    main(sys.argv[1:])
