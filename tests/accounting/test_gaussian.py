import functools
import math
from itertools import pairwise

import mpmath
import pytest
from dp_accounting.pld import privacy_loss_distribution
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sklearn_private.accounting import gaussian_delta, gaussian_epsilon, gaussian_mu

MUS = st.floats(-6, 3).map(math.exp)
DELTAS = st.floats(-28, -1).map(math.exp)


def pld_epsilon(mus, delta):
    """The oracle: the privacy loss distribution of Gaussian mechanisms, one after another."""
    parts = [privacy_loss_distribution.from_gaussian_mechanism(1 / mu) for mu in mus]
    return functools.reduce(lambda a, b: a.compose(b), parts).get_epsilon_for_delta(delta)


def integral(epsilon, mu):
    """The definition: the integral of max(0, p - e^epsilon q), p = N(mu, 1), q = N(0, 1)."""
    with mpmath.workdps(40):
        epsilon, mu = mpmath.mpf(epsilon), mpmath.mpf(mu)
        start = epsilon / mu + mu / 2  # where p = e^epsilon q; p is the larger one beyond it
        excess = lambda x: mpmath.npdf(x, mu) - mpmath.exp(epsilon) * mpmath.npdf(x)  # noqa: E731
        return mpmath.quad(excess, [start + i for i in (0, 0.5, 1, 2, 4, 8, 16, 32, 64)])


@settings(max_examples=25)
@given(mu=st.floats(-4, 0.4).map(math.exp), delta=st.floats(-23, -2).map(math.exp))
def test_epsilon_is_that_of_the_loss_distribution_and_never_above(mu, delta):
    ours, theirs = gaussian_epsilon(delta, mu), pld_epsilon([mu], delta)
    assume(theirs > 0.01)  # below, the grid of the distribution is no finer than epsilon itself
    assert theirs * (1 - 1e-4) <= ours <= theirs * (1 + 1e-9)


@settings(max_examples=25)
@given(mu=st.floats(-4, 2.3).map(math.exp), epsilon=st.floats(0, 30))
def test_delta_is_the_integral_of_the_excess(mu, epsilon):
    expected = integral(epsilon, mu)
    assume(expected > 1e-250)
    assert gaussian_delta(epsilon, mu) == pytest.approx(float(expected), rel=1e-9)


@given(mu=MUS, delta=DELTAS)
def test_epsilon_inverts_delta(mu, delta):
    epsilon = gaussian_epsilon(delta, mu)
    if epsilon == 0:
        assert gaussian_delta(0.0, mu) <= delta
    else:
        assert gaussian_delta(epsilon, mu) <= delta
        assert gaussian_delta(epsilon * (1 - 1e-9), mu) > delta * (1 - 1e-12)


@given(epsilon=st.floats(-5, 5).map(math.exp), delta=DELTAS)
def test_mu_is_the_largest_whose_curve_passes_below(epsilon, delta):
    mu = gaussian_mu(epsilon, delta)
    assert gaussian_delta(epsilon, mu) <= delta
    assert gaussian_delta(epsilon, mu * (1 + 1e-9)) > delta
    assert gaussian_epsilon(delta, mu) == pytest.approx(epsilon, rel=1e-7)


@pytest.mark.parametrize("compose, right", [(math.hypot, True), (lambda *mus: sum(mus), False)])
@given(mus=st.lists(st.floats(0.1, 0.6), min_size=2, max_size=3), delta=st.floats(1e-9, 1e-2))
@settings(max_examples=8)
def test_squares_of_mu_add_up_and_mus_do_not(compose, right, mus, delta):
    ours, theirs = gaussian_epsilon(delta, compose(*mus)), pld_epsilon(mus, delta)
    assert (theirs * (1 - 1e-4) <= ours <= theirs * (1 + 1e-9)) is right


@pytest.mark.parametrize("mu", [1e-3, 1.0, 40.0, 70.0, 100.0, 1000.0])
@pytest.mark.parametrize("epsilon", [0.0, 1.0, 710.0, 1e4, 1e6])
def test_no_size_of_the_numbers_overflows(mu, epsilon):
    assert 0 <= gaussian_delta(epsilon, mu) <= 1
    assert gaussian_epsilon(1e-5, mu) >= 0
    assert gaussian_mu(epsilon + 1, 1e-5) > 0


@pytest.mark.parametrize("mu", [1e-3, 1.0, 5.0])
def test_delta_falls_with_epsilon_and_grows_with_mu(mu):
    deltas = [gaussian_delta(epsilon, mu) for epsilon in (0.0, 0.1, 1.0, 3.0, 10.0)]
    assert all(later < earlier or earlier == 0 for earlier, later in pairwise(deltas))
    assert gaussian_delta(1.0, mu) <= gaussian_delta(1.0, 1.01 * mu)


def test_the_ends_of_the_curve():
    assert gaussian_delta(1.0, 0.0) == 0.0
    assert gaussian_epsilon(0.0, 1.0) == math.inf
    assert gaussian_epsilon(1.0, 1.0) == 0.0
    assert gaussian_mu(1.0, 0.0) == 0.0
    assert gaussian_delta(math.inf, 1.0) == 0.0
