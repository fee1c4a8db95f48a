import json
from collections import Counter

import numpy as np
import pytest
from dp_accounting import ComposedDpEvent, GaussianDpEvent

from sklearn_private import accounting
from sklearn_private.audit import audit_releases
from sklearn_private.audit._audit_releases import pooled_test
from sklearn_private.audit.bounds._clopper_pearson import ClopperPearson
from sklearn_private.audit.bounds._gaussian_auc import GaussianAUC
from sklearn_private.audit.trials._choice import Choice
from sklearn_private.audit.trials._claim import Claim
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError

MU = accounting.gaussian_mu(4.0, 1e-5)


def releases(rng, distance, n=500, size=3):
    first, second = rng.normal(size=(2, n, size))
    second[:, 0] += distance
    return first, second


def audit(first, second, **changed):
    settings = {"epsilon": 4.0, "delta": 1e-5, "event": GaussianDpEvent(1 / MU)}
    return audit_releases(first, second, **settings | changed)


def verdicts(distance, repeats, confidence=0.999, **shape):
    rng = np.random.default_rng(0)
    return Counter(
        audit(*releases(rng, distance, **shape), confidence=confidence).verdict
        for _ in range(repeats)
    )


def test_exact_gaussian_noise_is_consistent():
    assert verdicts(MU, 40) == {"consistent": 40}


def test_noise_two_thirds_as_large_is_a_violation():
    assert verdicts(1.5 * MU, 40)["violation"] >= 38


def test_a_confidence_of_a_half_is_wrong_about_half_of_the_time():
    assert 8 <= verdicts(MU, 40, confidence=0.5)["violation"] <= 32


def test_too_few_fits_for_a_small_claim_are_inconclusive(rng):
    mu = accounting.gaussian_mu(0.1, 1e-5)
    result = audit(*releases(rng, mu), epsilon=0.1, event=GaussianDpEvent(1 / mu))
    assert result.verdict == "inconclusive"
    assert result.detectable > 2


def test_the_side_of_the_larger_score_does_not_matter(rng):
    first, second = releases(rng, 2 * MU)
    assert audit(first, second).verdict == audit(second, first).verdict == "violation"


def test_a_difference_in_spread_is_seen(rng):
    first, second = releases(rng, 0.0, n=1000)
    second[:, 1] *= 8
    result = audit(first, second)
    assert result.verdict == "violation"


def test_a_value_without_noise_is_seen(rng):
    first, second = releases(rng, 0.0)
    first[:, 2], second[:, 2] = 0.1, 0.10000001
    assert audit(first, second).verdict == "violation"


def test_a_point_alone_is_tested_without_its_family(rng):
    result = audit(*releases(rng, 1.5 * MU, n=1000), event=None)
    assert result.verdict != "violation"  # which a Gaussian claim of the same epsilon would be
    assert "Gaussian" not in result.tests
    assert audit(*releases(rng, 8.0, n=1000), event=None).verdict == "violation"


def test_releases_that_come_back_are_a_violation_whatever_epsilon_is(rng):
    event = accounting.ObjectivePerturbationEvent(0.1, 0.1, True)
    first, second = rng.normal(size=(2, 1, 3))
    sides = np.repeat(first, 100, axis=0), np.repeat(second, 100, axis=0)
    result = audit(*sides, epsilon=100.0, event=event)
    assert result.verdict == "violation"
    assert "fresh" in result.tests


@pytest.mark.parametrize("prepare", [np.round, lambda side: np.full_like(side, np.pi)])
def test_rounded_or_constant_releases_are_not_called_repeated(prepare, rng):
    event = accounting.ObjectivePerturbationEvent(0.1, 0.1, True)
    sides = map(prepare, releases(rng, 0.0, size=1))
    assert audit(*sides, epsilon=100.0, event=event).verdict == "inconclusive"


def test_a_statistic_can_be_named_or_given(rng):
    first, second = releases(rng, 2 * MU)

    def last(side):
        return side[:, -1]

    assert audit(first, second, statistics=["norm", last]).statistic in {
        "norm",
        "last",
        "norm and last",
        "last and norm",
    }
    assert audit(first, second, statistics=[last]).verdict != "violation"
    with pytest.raises(InvalidParameterError, match="statistic must be a function or one of"):
        audit(first, second, statistics=["mean"])


def test_halves_that_disagree_on_the_bound_share_the_error(rng):
    claim = Claim(4.0, 1e-5, "zero_out", GaussianDpEvent(1 / MU))
    choices = [Choice("x", None, kind(claim, 0.01), 0.0) for kind in (GaussianAUC, ClopperPearson)]
    trials = [(side[0][:, 0], side[1][:, 0]) for side in (releases(rng, 1.0), releases(rng, 0.0))]
    bound, measured = pooled_test(choices, trials)
    assert isinstance(bound, GaussianAUC)
    assert bound.alpha == 0.005
    assert measured == [trials[0]]
    assert pooled_test([choices[0]] * 2, trials) == (choices[0].bound, trials)


def test_an_event_may_hold_a_list(rng):
    event = ComposedDpEvent([GaussianDpEvent(2**0.5 / MU)] * 2)
    assert audit(*releases(rng, MU), event=event).verdict == "consistent"


def test_a_result_is_data(rng):
    result = audit(*releases(rng, MU), owner="me", pair="two tables")
    assert json.loads(json.dumps(result.to_dict()))["verdict"] == "consistent"
    text = repr(result)
    assert text.startswith("EpsilonAudit of me: consistent")
    assert "two tables" in text
    assert f"{result.detectable:.2f} times too small" in text


@pytest.mark.parametrize(
    "changed, name",
    [
        ({"epsilon": 0.0}, "epsilon"),
        ({"delta": 1.0}, "delta"),
        ({"neighboring": "other"}, "neighboring"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_bad_arguments_are_refused(changed, name, rng):
    with pytest.raises(InvalidParameterError, match=f"{name!r} parameter of audit_releases"):
        audit(*releases(rng, 0.0), **changed)


def test_too_few_releases_are_refused(rng):
    with pytest.raises(InvalidParameterError, match="n_fits >= 40"):
        audit(*releases(rng, 0.0, n=39))


def test_releases_of_other_shape_or_nan_break_every_claim(rng):
    first, second = releases(rng, 0.0)
    with pytest.raises(GuaranteeError, match="tells neighbours apart"):
        audit(first, second[:, :2])
    with pytest.raises(GuaranteeError, match="tells neighbours apart"):
        audit(first, second * np.nan)
