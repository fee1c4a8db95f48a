"""Encrypted prediction against a plain phe loop: ratio of the CPU time of a row.

3,000 rows of breast_cancer (30 columns), logistic regression, 3,072-bit keys, gmpy2 in both. A
round of ours is one request: encrypt, evaluate, decrypt, with a new key and its tables. A round of
the plain loop is two rows, since its cost is the same for every row: ``public_key.encrypt`` for
each number, ``*`` and ``+`` on the ciphertexts, ``decrypt``. Best of three rounds, in turns, so
that a busy machine slows both alike.
"""

import time

import numpy as np
import phe.util
from phe import paillier
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_private.he import HEPredictor

N_ROWS, N_PLAIN_ROWS, N_ROUNDS = 3_000, 2, 3


def seconds(run, *args):
    start = time.process_time()
    result = run(*args)
    return time.process_time() - start, result


def packed_round(client, server, rows):
    """Return the seconds of each stage, and the decisions."""
    stages = {}
    stages["keygen"], _ = seconds(client.keygen)
    bundle = client.public_bundle()
    stages["encrypt"], request = seconds(client.encrypt, rows)
    stages["evaluate"], response = seconds(server.evaluate, bundle, request)
    stages["decrypt"], decisions = seconds(client.predict, response)
    return stages, decisions, (len(request), len(response))


def plain_round(keys, model, rows):
    """Return the seconds of a row, and the decisions, of the loop that phe's manual shows."""
    public_key, private_key = keys
    weights, intercept = model[-1].coef_[0], model[-1].intercept_[0]

    def predict(row):
        ciphertexts = [public_key.encrypt(float(value)) for value in row]
        score = intercept + sum(c * float(w) for c, w in zip(ciphertexts, weights, strict=True))
        return private_key.decrypt(score) > 0

    spent, decisions = seconds(lambda: [predict(row) for row in model[:-1].transform(rows)])
    return spent / len(rows), decisions


def main():
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    rows = X[np.random.default_rng(0).integers(len(X), size=N_ROWS)]
    predictor = HEPredictor(model).fit(X, y)
    client, server = predictor.split()
    keys = paillier.generate_paillier_keypair(n_length=3072)
    packed, plain = [], []
    for _ in range(N_ROUNDS):
        packed.append(packed_round(client, server, rows))
        plain.append(plain_round(keys, model, rows[:N_PLAIN_ROWS]))

    stages = {name: min(times[name] for times, *_ in packed) for name in packed[0][0]}
    ours = min(sum(t for name, t in times.items() if name != "keygen") for times, *_ in packed)
    loop = min(spent for spent, _ in plain)
    up, down = packed[0][2]
    response = server.evaluate(client.public_bundle(), client.encrypt(X))
    errors = np.abs(client.decrypt(response) - model.decision_function(X))
    bound = predictor.score_error_bound_[0]
    equal = int((packed[0][1] == model.predict(rows)).sum())

    print(f"gmpy2 used by phe: {phe.util.HAVE_GMP}")
    print("ours, CPU s: " + ", ".join(f"{name} {spent:.2f}" for name, spent in stages.items()))
    print(f"ours, CPU ms a row: {ours / N_ROWS * 1e3:.3f}  (without keygen)")
    print(f"plain phe loop, CPU ms a row: {loop * 1e3:.0f}")
    print(f"plain / ours = {loop * N_ROWS / ours:.0f}  (n={N_ROWS:,}, best of {N_ROUNDS})")
    print(f"bytes: {up / rows.size:.2f} up a feature and row, {down / N_ROWS:.2f} down a row")
    print(f"decisions equal to scikit-learn's: {equal:,} of {N_ROWS:,}")
    print(f"largest error of a score: {errors.max():.1e}, proven {bound:.1e}")


if __name__ == "__main__":
    main()
