"""Audits of epsilon: what they show of a claim, what they find, and how often they err.

* Exact Gaussian releases of three values: lower bound over the claim, false alarms.
* Planted lack of noise, and the share of audits that find it.
* Our estimators: objective perturbation, and a plain noisy gradient descent (zero-out).
* Every mutant of the test suite on that descent, at claimed epsilon 4 and 500 fits a side.

All at delta = 1e-5; CPU seconds of one thread. ``python benchmarks/epsilon_audit.py quick`` makes a
tenth of the repeats.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent

from sklearn_private import DPLogisticRegression, accounting
from sklearn_private.audit import EpsilonAudit, audit_releases, exact_loss

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import mutants
from noisy_descent import NoisyDescent

DELTA = 1e-5
SHORTER = 10 if "quick" in sys.argv else 1


def gaussian_audits(epsilon, n_fits, confidence, repeats, less_noise=1.0):
    """Return results of audits of exact Gaussian releases."""
    rng = np.random.default_rng(0)
    mu = accounting.gaussian_mu(epsilon, DELTA)
    for _ in range(repeats):
        first, second = rng.normal(size=(2, n_fits, 3))
        second[:, 0] += mu * less_noise
        yield audit_releases(
            first,
            second,
            epsilon=epsilon,
            delta=DELTA,
            event=GaussianDpEvent(1 / mu),
            confidence=confidence,
        )


def summary(results):
    """Return the mean lower bound over the claim, the share of violations, and the detectable."""
    results = list(results)
    bound = np.mean([r.epsilon_lower_bound / r.claimed_epsilon for r in results])
    flagged = np.mean([r.verdict == "violation" for r in results])
    detectable = np.median([r.detectable for r in results])
    return f"bound {bound:.2f} of the claim, violation {flagged:.4f}, detectable {detectable:.2f}"


def exact_gaussian():
    for epsilon, n_fits in [(4.0, 1000), (1.0, 2000)]:
        for confidence in (0.95, 0.999):
            found = summary(gaussian_audits(epsilon, n_fits, confidence, 200 // SHORTER))
            print(f"  epsilon {epsilon:g}, {n_fits} a side, {confidence}: {found}")
    for epsilon in (1.0, 4.0, 8.0):
        for confidence in (0.95, 0.999):
            found = summary(gaussian_audits(epsilon, 500, confidence, 2000 // SHORTER))
            print(f"  false alarms, epsilon {epsilon:g}, 500 a side, {confidence}: {found}")


def lack_of_noise():
    for epsilon, n_fits in [(4.0, 500), (1.0, 2000)]:
        for factor in (1.25, 1.5, 2.0, 10.0):
            results = gaussian_audits(epsilon, n_fits, 0.999, 200 // SHORTER, factor)
            print(f"  epsilon {epsilon:g}, {n_fits} a side, noise / {factor:g}: {summary(results)}")


def estimators():
    settings = {"feature_norm": 1.0, "classes": [0, 1]}
    models = [
        (NoisyDescent(4.0, n_rounds=30), 1000, 0.95),
        (NoisyDescent(1.0, n_rounds=30), 2000, 0.95),
        *(
            (DPLogisticRegression(4.0, neighboring=relation, **settings), 1000, 0.999)
            for relation in ("replace_one", "zero_out")
        ),
    ]
    for model, n_fits, confidence in models:
        start = time.process_time()
        repeats = 10 // SHORTER
        audit = EpsilonAudit(model, n_fits=n_fits, confidence=confidence)
        found = summary(audit.run() for _ in range(repeats))
        spent = (time.process_time() - start) / repeats
        print(f"  {model}, {n_fits} a side, {confidence}: {found}, {spent:.1f} s an audit")
    for relation in ("replace_one", "zero_out"):
        print(" ", exact_loss(DPLogisticRegression(4.0, neighboring=relation, **settings)))


def planted():
    model, repeats = NoisyDescent(4.0, n_rounds=30), 100 // SHORTER
    plants = {
        "noise / 1.5": mutants.less_noise(1.5),
        "noise / 2": mutants.less_noise(2.0),
        "noise / 10": mutants.less_noise(10.0),
        "clipping off": mutants.no_clipping,
        "a forgotten root of T": mutants.forgotten_root(model.n_rounds),
        "a fixed seed": mutants.fixed_seed,
        "a lower bound used twice": mutants.lower_bound_twice,
        "rows counted three times": mutants.rows_three_times,
    }
    for name, plant in plants.items():
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            verdicts = [EpsilonAudit(model, n_fits=500).run().verdict for _ in range(repeats)]
        print(f"  {name}: {verdicts.count('violation')} of {repeats}")


def main():
    for part in (exact_gaussian, lack_of_noise, estimators, planted):
        print(part.__name__.replace("_", " "))
        part()


if __name__ == "__main__":
    main()
