import math

import pytest

torch = pytest.importorskip("torch")

import numpy as np
from dp_accounting import dp_event
from scipy import special

from sklearn_private import accounting
from sklearn_private.exceptions import InvalidParameterError
from torch_private.audits import (
    audit_scores,
    one_run_epsilon,
    one_run_gaussian_epsilon,
    one_run_mu,
    one_run_p_value,
)
from torch_private.audits._families import family_of

# (canaries, guesses, correct, 1 - confidence, delta): both bounds of jax_privacy 2.0.0 (PyPI),
# auditing._epsilon_one_run and auditing._epsilon_one_run_fdp.
JAX_PRIVACY = [
    (1000, 1000, 600, 0.05, 1e-5, 0.29723, 0.58354),
    (1000, 200, 190, 0.05, 1e-5, 2.39362, 3.9161),
    (1000, 100, 100, 0.05, 1e-5, 3.46538, 5.54903),
    (200, 60, 55, 0.05, 1e-5, 1.60359, 2.90697),
    (5000, 500, 480, 0.05, 1e-5, 2.78302, 4.06268),
    (100_000, 2000, 1990, 0.05, 1e-5, 3.93004, 5.9795),
    (1000, 200, 120, 0.05, 1e-3, 0.0, 0.12004),
    (5000, 2500, 1600, 0.05, 1e-3, 0.32261, 0.50974),
    (1000, 100, 100, 0.001, 1e-5, 1.81579, 3.47632),
    (50, 50, 40, 0.001, 1e-5, 0.32775, 0.55469),
]


@pytest.mark.parametrize("m, r, v, alpha, delta, any_mechanism, gaussian", JAX_PRIVACY)
def test_bounds_equal_those_of_jax_privacy(m, r, v, alpha, delta, any_mechanism, gaussian):
    options = {"delta": delta, "confidence": 1 - alpha}
    assert one_run_epsilon(m, r, v, **options) == pytest.approx(any_mechanism, abs=1e-3)
    assert one_run_gaussian_epsilon(m, r, v, **options) == pytest.approx(gaussian, abs=1e-3)


def exact_p_value(m, r, v, epsilon, delta):
    """Theorem 5.2 of Steinke et al. 2023, summed in rational arithmetic of the binomial law."""
    q = 1 / (1 + math.exp(-epsilon))
    chance = [
        math.exp(special.gammaln(r + 1) - special.gammaln(k + 1) - special.gammaln(r - k + 1))
        * q**k
        * (1 - q) ** (r - k)
        for k in range(r + 1)
    ]
    alpha = max(math.fsum(chance[v - i : v]) / i for i in range(1, v + 1))
    return min(1.0, math.fsum(chance[v:]) + 2 * m * delta * alpha)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("m, r, v", [(100, 30, 28), (500, 200, 150), (60, 60, 31), (40, 10, 10)])
def test_p_value_is_that_of_the_theorem(m, r, v, epsilon):
    found = one_run_p_value(m, r, v, epsilon=epsilon, delta=1e-4)
    assert found == pytest.approx(exact_p_value(m, r, v, epsilon, 1e-4), rel=1e-9)


def test_p_value_keeps_its_tail():
    # All of 1000 guesses right at epsilon = 0.1: q^1000 = 10^-279.
    found = one_run_p_value(1000, 1000, 1000, epsilon=0.1, delta=0.0)
    assert math.log(found) == pytest.approx(-1000 * math.log1p(math.exp(-0.1)), rel=1e-12)


def test_bounds_broadcast_over_counts():
    correct = np.array([[50, 80], [90, 100]])
    for bound in (one_run_epsilon, one_run_gaussian_epsilon):
        whole = bound(1000, 100, correct, delta=1e-5)
        one_by_one = [[float(bound(1000, 100, int(v), delta=1e-5)) for v in row] for row in correct]
        assert whole == pytest.approx(np.array(one_by_one))
        assert whole[0, 0] == 0
        assert np.all(np.diff(whole.ravel()) > 0)


@pytest.mark.parametrize("counts", [(10, 11, 5), (10, 5, 6), (10, 5, -1), (0, 0, 0), (10, 5, 2.5)])
def test_impossible_counts_are_refused(counts):
    for bound in (one_run_mu, one_run_epsilon):
        with pytest.raises(InvalidParameterError, match="n_correct <= n_guesses <= n_canaries"):
            bound(*counts, **({} if bound is one_run_mu else {"delta": 1e-5}))


def ideal_scores(mu, m, seed):
    rng = np.random.default_rng(seed)
    included = rng.random(m) < 0.5
    return rng.normal(size=m) + mu * included, included


def audited(mu_claimed, mu_true, event=True, m=1000, seed=0, **options):
    claim = {"epsilon": accounting.gaussian_epsilon(1e-5, mu_claimed), "delta": 1e-5}
    claim["event"] = dp_event.GaussianDpEvent(1 / mu_claimed) if event else None
    return audit_scores(*ideal_scores(mu_true, m, seed), **claim, **options)


def test_thousand_ideal_canaries_at_epsilon_8_show_3_7():
    mu = accounting.gaussian_mu(8.0, 1e-5)
    bounds = [audited(mu, mu, seed=seed, n_guesses=400).epsilon_lower_bound for seed in range(50)]
    assert audited(mu, mu).n_guesses == 400  # what is planned without looking
    assert 3.7 <= np.mean(bounds) <= 8.0
    assert max(bounds) < 8.0


@pytest.mark.parametrize("event", [True, False])
def test_a_true_claim_is_called_a_violation_no_more_often_than_stated(event):
    n_guesses = audited(1.0, 1.0, event, m=200, confidence=0.8).n_guesses
    verdicts = [
        audited(1.0, 1.0, event, m=200, seed=seed, confidence=0.8, n_guesses=n_guesses).verdict
        for seed in range(100)
    ]
    assert verdicts.count("violation") <= 20


def test_noise_three_times_too_small_is_a_violation():
    verdicts = [audited(1.0, 3.0, seed=seed).verdict for seed in range(10)]
    assert verdicts == ["violation"] * 10


def test_verdict_names_what_would_have_been_found():
    strong, weak = audited(1.0, 1.0), audited(1.0, 1.0, m=100)
    assert (strong.verdict, weak.verdict) == ("consistent", "inconclusive")
    assert strong.detectable <= 2 < weak.detectable
    found = [audited(1.0, strong.detectable * 1.02, seed=s).verdict for s in range(20)]
    assert found.count("violation") >= 15
    missed = [audited(1.0, 1.2, seed=s).verdict for s in range(20)]
    assert missed.count("violation") <= 2


def test_scores_that_know_nothing_are_inconclusive():
    scores, included = ideal_scores(0.0, 500, seed=1)
    result = audit_scores(scores, ~included, epsilon=1.0, delta=1e-5)
    assert result.verdict == "inconclusive"
    assert result.epsilon_lower_bound < 0.2


def test_the_curve_of_a_gaussian_event_is_its_gaussian_claim():
    gaussian = family_of(4.0, 1e-5, "zero_out", dp_event.GaussianDpEvent(1.1))
    half = dp_event.PoissonSampledDpEvent(1 - 1e-12, dp_event.GaussianDpEvent(1.1))
    curve = family_of(4.0, 1e-5, "zero_out", half)
    counts = (1000, 200, np.array([130, 160, 185]))
    assert curve.share(counts, 0.95) == pytest.approx(gaussian.share(counts, 0.95), rel=0.02)
    assert curve.epsilon(1.0) == pytest.approx(gaussian.epsilon(1.0), rel=0.02)
    assert curve.epsilon(0.5) == pytest.approx(gaussian.epsilon(0.5), rel=0.05)


def test_a_curve_shows_its_own_epsilon_at_scale_one():
    single = dp_event.PoissonSampledDpEvent(0.05, dp_event.GaussianDpEvent(0.9))
    event = dp_event.SelfComposedDpEvent(single, 100)
    epsilon = accounting.epsilon(event, delta=1e-5, neighboring="zero_out")
    family = family_of(epsilon, 1e-5, "zero_out", event)
    assert family.epsilon(1.0) == pytest.approx(epsilon, rel=0.01)
    assert family.epsilon(0.0) == 0.0
    assert family.epsilon(1.3) > epsilon


@pytest.mark.parametrize(
    "change, message",
    [
        ({"epsilon": 0.0}, "'epsilon'"),
        ({"delta": 1.0}, "'delta'"),
        ({"confidence": 1.0}, "'confidence'"),
        ({"neighboring": "replace_one"}, "'neighboring'"),
        ({"n_guesses": 3}, "even"),
        ({"n_guesses": 1002}, "'n_guesses'"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    scores, included = ideal_scores(1.0, 1000, 0)
    with pytest.raises(InvalidParameterError, match=message):
        audit_scores(scores, included, **({"epsilon": 1.0, "delta": 1e-5} | change))


@pytest.mark.parametrize("fault", ["shape", "type", "finite", "few"])
def test_bad_scores_are_refused(fault):
    scores, included = ideal_scores(1.0, 100, 0)
    scores, included = {
        "shape": (scores[1:], included),
        "type": (scores, included.astype(int)),
        "finite": (np.where(included, np.nan, scores), included),
        "few": (scores[:5], included[:5]),
    }[fault]
    with pytest.raises(InvalidParameterError):
        audit_scores(scores, included, epsilon=1.0, delta=1e-5)


def test_the_result_is_for_people_and_machines():
    result = audited(1.0, 1.0, m=100)
    text = repr(result)
    assert "OneRunAudit of scores: inconclusive" in text
    assert f"{result.n_correct} of {result.n_guesses} right" in text
    assert result.to_dict()["n_canaries"] == 100
