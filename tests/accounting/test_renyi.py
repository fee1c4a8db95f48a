import math

import numpy as np
import pytest
from dp_accounting import dp_event
from dp_accounting.rdp import RdpAccountant

from sklearn_private.accounting import EpsilonDeltaEvent, compose_events
from sklearn_private.accounting.curves import best_order, conversion
from sklearn_private.accounting.events import pure_renyi, renyi

X = np.linspace(-30, 31, 200_001)


def divergence(log_p, log_q, order):
    """The definition, as a sum over the grid X."""
    weight = np.exp(order * log_p + (1 - order) * log_q)
    return math.log(weight.sum() * (X[1] - X[0])) / (order - 1)


def log_normal(mean, deviation):
    z = (X - mean) / deviation
    return -z * z / 2 - math.log(deviation * math.sqrt(2 * math.pi))


@pytest.mark.parametrize(
    "order, slack",  # the series of dp-accounting is a bound between whole orders
    [(1.25, 0.6), (2.0, 1e-6), (3.5625, 1e-3), (16.0, 1e-6)],
)
def test_gaussian_and_sampled_gaussian_noise_have_the_divergence_of_their_densities(order, slack):
    p, q = log_normal(1, 2.0), log_normal(0, 2.0)
    event = dp_event.GaussianDpEvent(2.0)
    assert renyi(event, order, "add_remove") == pytest.approx(divergence(p, q, order), rel=1e-9)
    mixed = np.logaddexp(p + math.log(0.1), q + math.log(0.9))
    sampled = dp_event.PoissonSampledDpEvent(0.1, event)
    exact = max(divergence(mixed, q, order), divergence(q, mixed, order))
    found = renyi(sampled, order, "add_remove")
    assert exact * (1 - 1e-6) <= found <= exact * (1 + slack)
    assert renyi(sampled, order, "zero_out") == found
    assert renyi(sampled, order, "replace_one") == math.inf


@pytest.mark.parametrize("order", [1.25, 2.0, 10.0])
@pytest.mark.parametrize("epsilon", [1e-3, 0.5, 5.0, 500.0])
def test_pure_mechanisms_have_at_most_the_divergence_of_two_answers(order, epsilon):
    log_p = np.array([0.0, -epsilon]) - math.log1p(math.exp(-epsilon))
    terms = order * log_p + (1 - order) * log_p[::-1]
    exact = np.logaddexp(*terms) / (order - 1)
    assert pure_renyi(epsilon, order) == pytest.approx(exact, rel=1e-6, abs=1e-12)
    assert 0 <= pure_renyi(epsilon, order) <= min(epsilon, order * epsilon**2 / 2) * (1 + 1e-9)


def test_laplace_noise_has_less_divergence_than_the_worst_pure_mechanism():
    log_p, log_q = (math.log(0.25) - 0.5 * abs(X - move) for move in (0, 1))
    exact = divergence(log_p, log_q, 3.0)
    assert 0.5 * pure_renyi(0.5, 3.0) < exact < pure_renyi(0.5, 3.0)


@pytest.mark.parametrize("sample", [1e-12, 1e-8, 1e-4])
@pytest.mark.parametrize("multiplier", [1.0, 100.0, 1000.0])
@pytest.mark.parametrize("order", [1.0625, 3.75, 40.0])
def test_no_rounding_makes_a_divergence_negative(sample, multiplier, order):
    event = dp_event.PoissonSampledDpEvent(sample, dp_event.GaussianDpEvent(multiplier))
    found = renyi(event, order, "add_remove")
    assert 0 <= found <= order / (2 * multiplier**2)


def test_divergences_add_up():
    first, second = dp_event.GaussianDpEvent(2.0), dp_event.LaplaceDpEvent(3.0)
    both = compose_events([first, dp_event.SelfComposedDpEvent(second, 3)])
    expected = renyi(first, 4.0, "replace_one") + 3 * renyi(second, 4.0, "replace_one")
    assert renyi(both, 4.0, "replace_one") == pytest.approx(expected, rel=1e-12)
    unknown = compose_events([first, EpsilonDeltaEvent(0.1, 1e-9)])
    assert renyi(unknown, 4.0, "replace_one") == math.inf


@pytest.mark.parametrize("order, delta", [(2.0, 1e-5), (17.0, 1e-9), (1.5, 0.01)])
def test_conversion_is_that_of_dp_accounting(order, delta):
    accountant = RdpAccountant([order]).compose(dp_event.GaussianDpEvent(0.7))
    ours = renyi(dp_event.GaussianDpEvent(0.7), order, "add_remove") + conversion(order, delta)
    assert ours == pytest.approx(accountant.get_epsilon(delta), rel=1e-12)


@pytest.mark.parametrize("epsilon", [0.01, 0.1, 1.0, 10.0, 30.0])
@pytest.mark.parametrize("delta", [1e-10, 1e-5, 1e-2])
def test_the_order_admits_nearly_the_most_gaussian_work(epsilon, delta):
    order = best_order(epsilon, delta)
    work = lambda a: (epsilon - conversion(a, delta)) / a  # noqa: E731
    orders = 1 + np.exp(np.linspace(-3, 10, 2000))
    assert work(order) >= 0.999 * max(map(work, orders))
    assert order * 16 == round(order * 16)  # a short number, the same in every process
