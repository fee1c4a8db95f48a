"""Audits of epsilon: what they show of a claim, what they find, and how often they err.

* Exact Gaussian releases of three values: lower bound over the claim, false alarms.
* Planted lack of noise, and the share of audits that find it.
* Our estimators: gradient descent and Newton-like steps on noisy sums, objective perturbation.
* Every mutant of the test suite on them, at claimed epsilon 4 and 500 fits a side.
* diffprivlib's linear regression, whose claim does not hold where a bound is 0.

All at delta = 1e-5; CPU seconds of one thread. ``python benchmarks/epsilon_audit.py quick`` makes a
tenth of the repeats.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent

from peers import run_peer
from sklearn_private import DPLogisticRegression, accounting
from sklearn_private.audit import EpsilonAudit, audit_releases, exact_loss

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support import mutants

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


def by_sums(epsilon, neighboring, solver):
    return DPLogisticRegression(
        epsilon, neighboring=neighboring, feature_norm=1.0, classes=[0, 1], solver=solver
    )


def estimators():
    for solver in ("gd", "newton", "objective"):
        for relation in ("zero_out", "replace_one"):
            for epsilon, n_fits in ((4.0, 1000), (1.0, 2000)):
                model = by_sums(epsilon, relation, solver)
                audit = EpsilonAudit(model, n_fits=n_fits, confidence=0.95)
                repeats = 10 // SHORTER
                start = time.process_time()
                found = summary(audit.run() for _ in range(repeats))
                spent = (time.process_time() - start) / repeats
                name = f"{solver}, {relation}, epsilon {epsilon:g}, {n_fits} a side, 0.95"
                print(f"  {name}: {found}, {spent:.1f} s an audit", flush=True)
    for relation in ("replace_one", "zero_out"):
        print(" ", exact_loss(by_sums(4.0, relation, "objective")))


def planted():
    repeats = 100 // SHORTER
    plants = {
        "noise / 1.5": mutants.less_noise(1.5),
        "noise / 2": mutants.less_noise(2.0),
        "noise / 10": mutants.less_noise(10.0),
        "clipping off": mutants.no_clipping,
        "a forgotten root of T": mutants.forgotten_root(11),
        "a fixed seed": mutants.fixed_seed,
        "a lower bound used twice": mutants.lower_bound_twice,
        "rows counted three times": mutants.rows_three_times,
    }
    for solver in ("newton", "gd"):
        model = by_sums(4.0, "zero_out", solver)
        for name, plant in plants.items():
            with pytest.MonkeyPatch.context() as patch:
                plant(patch)
                verdicts = [EpsilonAudit(model, n_fits=500).run().verdict for _ in range(repeats)]
            print(f"  {solver}, {name}: {verdicts.count('violation')} of {repeats}", flush=True)
    settings = {"epsilon": 4.0, "classes": [0, 1], "solver": "objective"}
    for name, plant, domain in (
        ("norm for squared norm", mutants.norm_for_squared_norm, {"feature_norm": 100.0}),
        ("a lower bound used twice", mutants.lower_bound_twice, {"bounds": (-1.0, 9.0)}),
    ):
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            model = DPLogisticRegression(neighboring="zero_out", **settings, **domain)
            print(f"  objective, {name}, exact: {exact_loss(model).verdict}", flush=True)


# Its noise on X'X is scaled to the square of the lower bound, which is 0: one row of 100 among many
# of 1 doubles X'X, and halves the coefficient.
DIFFPRIVLIB = """
import json, warnings
import numpy as np
from diffprivlib.models import LinearRegression
warnings.simplefilter("ignore")

def releases(X, y):
    for _ in range(500):
        model = LinearRegression(
            epsilon=1.0, bounds_X=(0, 100), bounds_y=(0, 1), fit_intercept=False
        )
        yield model.fit(X, y).coef_.tolist()

X, y = np.ones((10001, 1)), np.ones(10001)
first, second = X.copy(), X.copy()
first[-1], second[-1], y[-1] = 0.0, 100.0, 0.0
print(json.dumps([list(releases(first, y)), list(releases(second, y))]))
"""


def diffprivlib():
    sides = run_peer("dp-ibm", DIFFPRIVLIB)
    if sides is not None:
        result = audit_releases(*map(np.array, sides), epsilon=1.0, delta=0.0, confidence=0.999)
        found = f"{result.verdict}, at least {result.epsilon_lower_bound:.2f}"
        print(f"  linear regression, bounds_X=(0, 100), claimed 1: {found}")


def main():
    for part in (diffprivlib, exact_gaussian, lack_of_noise, estimators, planted):
        print(part.__name__.replace("_", " "))
        part()


if __name__ == "__main__":
    main()
