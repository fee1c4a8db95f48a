from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.mechanisms import estimate_frequencies, noise_source, randomized_response
from sklearn_private.mechanisms._randomized_response import _truth


@pytest.mark.parametrize("n_categories", [2, 3, 1000, 10**9])
@pytest.mark.parametrize("epsilon", [1e-9, 0.1, 1.0, 5.0, 30.0, 800.0])
def test_no_report_is_more_than_exp_epsilon_times_as_likely(n_categories, epsilon):
    p = Fraction(_truth(n_categories, epsilon), 2**62)
    ratio = 1 + n_categories * p / (1 - p)
    with mp.workdps(60):
        loss = mp.log(mp.mpf(ratio.numerator) / ratio.denominator)
        assert loss <= epsilon
        if 1e-6 < epsilon < 10:
            assert loss > epsilon * (1 - 1e-8)  # and little is given away


def test_a_truth_told_more_often_would_be_noticed():
    p = Fraction(int(_truth(4, 1.0) * (1 + 2.0**-40)), 2**62)
    ratio = 1 + 4 * p / (1 - p)
    with mp.workdps(60):
        assert mp.log(mp.mpf(ratio.numerator) / ratio.denominator) > 1


@pytest.mark.parametrize("codes", [[0, 1, 2], [[0, 1], [2, 0]], [], np.array([2, 1], np.uint8), 1])
def test_reports_are_categories_of_the_same_shape(codes):
    codes = np.asarray(codes, dtype=None if np.size(codes) else int)
    reports = randomized_response(codes, n_categories=3, epsilon=1.0, rng=noise_source())
    assert reports.shape == codes.shape
    assert reports.dtype == np.int64
    assert ((reports >= 0) & (reports < 3)).all()


def test_a_large_epsilon_tells_the_truth():
    codes = np.arange(100) % 7
    reports = randomized_response(codes, n_categories=7, epsilon=60.0, rng=noise_source())
    np.testing.assert_array_equal(reports, codes)


def test_estimates_of_expected_reports_are_the_true_shares():
    # A table of reports in exactly the expected proportions, for shares 1/2, 1/2, 0.
    n_categories, epsilon, n = 3, 1.0, 10**6
    p = _truth(n_categories, epsilon) / 2**62
    expected = p * np.array([0.5, 0.5, 0.0]) + (1 - p) / n_categories
    reports = np.repeat(np.arange(n_categories), np.rint(n * expected).astype(int))
    estimate = estimate_frequencies(reports, n_categories=n_categories, epsilon=epsilon)
    np.testing.assert_allclose(estimate, [0.5, 0.5, 0.0], atol=1e-5)
    wrong = estimate_frequencies(reports, n_categories=n_categories, epsilon=1.1)
    assert np.abs(wrong - [0.5, 0.5, 0.0]).max() > 0.01


def test_estimates_add_up_to_one_and_may_be_negative():
    estimate = estimate_frequencies([0, 0, 0, 1], n_categories=4, epsilon=0.5)
    assert estimate.sum() == pytest.approx(1.0)
    assert estimate[3] < 0


@pytest.mark.parametrize("codes", [[0, 3], [-1], [0.5], ["secret"], [True]])
def test_rejects_what_is_no_category_and_does_not_show_it(codes):
    with pytest.raises(
        InvalidParameterError, match="The 'codes' parameter of randomized_response"
    ) as caught:
        randomized_response(codes, n_categories=3, epsilon=1.0, rng=noise_source())
    assert "secret" not in str(caught.value)
    with pytest.raises(
        InvalidParameterError, match="The 'reports' parameter of estimate_frequencies"
    ):
        estimate_frequencies(codes, n_categories=3, epsilon=1.0)


@pytest.mark.parametrize("epsilon", [0, -1.0, float("nan"), float("inf"), "1", None, True])
def test_rejects_bad_epsilon(epsilon):
    message = r"The 'epsilon' parameter of {} must be .* Got"
    with pytest.raises(InvalidParameterError, match=message.format("randomized_response")):
        randomized_response([0], n_categories=2, epsilon=epsilon, rng=noise_source())
    with pytest.raises(InvalidParameterError, match=message.format("estimate_frequencies")):
        estimate_frequencies([0], n_categories=2, epsilon=epsilon)


@pytest.mark.parametrize("n_categories", [1, 0, 2.0, "2", None, True])
def test_rejects_a_bad_number_of_categories(n_categories):
    with pytest.raises(InvalidParameterError, match="The 'n_categories' parameter"):
        randomized_response([0], n_categories=n_categories, epsilon=1.0, rng=noise_source())


def test_no_reports_and_reports_that_carry_nothing_are_refused():
    with pytest.raises(InvalidParameterError, match="at least one report"):
        estimate_frequencies(np.array([], dtype=int), n_categories=2, epsilon=1.0)
    with pytest.raises(InvalidParameterError, match="large enough"):
        estimate_frequencies([0, 1], n_categories=2, epsilon=1e-20)
