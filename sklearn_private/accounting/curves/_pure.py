"""Pure epsilon: the largest privacy loss of an event, and the Rényi curve that it implies."""

import math

from dp_accounting import dp_event

from ..events import EpsilonDeltaEvent, OneOfEvent, leaves, repeated_pure


def pure_epsilon(leaf, neighboring):
    """Return the largest privacy loss of one mechanism, infinity where it is unbounded.

    Parameters
    ----------
    leaf : dp_accounting.DpEvent
        One mechanism, not a composition.
    neighboring : str
        The relation.

    Returns
    -------
    float
    """
    match leaf:
        case EpsilonDeltaEvent(delta=0):
            return leaf.epsilon
        case dp_event.LaplaceDpEvent() if leaf.noise_multiplier > 0:
            return 1 / leaf.noise_multiplier
        case dp_event.DiscreteLaplaceDpEvent():
            return leaf.noise_parameter * leaf.sensitivity
        case dp_event.RandomizedResponseDpEvent() if 0 < leaf.noise_parameter <= 1:
            other = leaf.noise_parameter / leaf.num_buckets
            return math.log((1 - leaf.noise_parameter + other) / other)
        case OneOfEvent():
            return max(pure_sum(event, neighboring) for event in leaf.events)
        case dp_event.RepeatAndSelectDpEvent():
            return repeated_pure(pure_sum(leaf.event, neighboring), leaf.mean, leaf.shape)
        case dp_event.PoissonSampledDpEvent():
            inner = pure_epsilon(leaf.event, neighboring)
            if neighboring == "replace_one" or inner > 700:
                return inner  # A mechanism may tell a sampled row from an absent one for certain.
            return math.log1p(leaf.sampling_probability * math.expm1(inner))
    return math.inf


def pure_sum(event, neighboring):
    """Return the largest privacy loss of a composition: the sum of those of its mechanisms."""
    return sum((n * pure_epsilon(leaf, neighboring) for leaf, n in leaves(event)), 0.0)


def pure_renyi(epsilon, order):
    """Return the Rényi divergence at ``order`` of the worst epsilon-DP mechanism.

    It is that of randomized response with odds exp(epsilon) (Mironov 2017, Proposition 5).

    Parameters
    ----------
    epsilon : float
        At least 0.
    order : float
        Above 1.

    Returns
    -------
    float
    """
    p = -math.log1p(math.exp(-epsilon))  # log e^epsilon / (1 + e^epsilon)
    q = p - epsilon
    first, second = order * p + (1 - order) * q, order * q + (1 - order) * p
    top = max(first, second)
    return (top + math.log(math.exp(first - top) + math.exp(second - top))) / (order - 1)
