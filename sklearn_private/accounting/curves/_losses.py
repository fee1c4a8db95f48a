"""Privacy loss distributions of compositions that have no closed form.

``dp-accounting`` builds and convolves the distributions [1]_; its roundings are pessimistic. Two
of our conventions are translated for it:

* Noise multipliers are over the sensitivity of the declared relation. Under replace-one
  ``dp-accounting`` doubles the sensitivity of Gaussian noise itself, so a multiplier z becomes 2z
  where sampling makes the relation matter; elsewhere the relation is immaterial once the
  sensitivity is counted, and the add-remove distribution is taken.
* Objective perturbation has a privacy loss of at most shift + max(0, G_1, G_2, ...), with Gaussian
  losses G_i. The distribution with survival function min(1, sum of theirs) lies above it, so its
  hockey-stick expectations bound those of every (adaptive) composition.

.. [1] V. Doroshenko et al., "Connect the dots: tighter discrete approximations of privacy loss
   distributions", PoPETs 2022.
"""

import math

import numpy as np
from dp_accounting import dp_event
from dp_accounting.pld import common, privacy_loss_distribution
from dp_accounting.privacy_accountant import NeighboringRelation
from scipy.special import ndtr

from ...exceptions import InvalidParameterError
from ..events import EpsilonDeltaEvent, ObjectivePerturbationEvent

_INTERVAL = 1e-4
_TAIL = 1e-22  # Mass beyond which a loss is counted as infinite.

RELATIONS = {
    "replace_one": NeighboringRelation.REPLACE_ONE,
    "zero_out": NeighboringRelation.REPLACE_SPECIAL,
    "add_remove": NeighboringRelation.ADD_OR_REMOVE_ONE,
}


class LossDistribution:
    """The privacy loss distribution of a composition.

    Parameters
    ----------
    parts : list of (dp_accounting.DpEvent, int)
        Mechanisms and how often each was run.
    neighboring : str
        The relation.
    """

    def __init__(self, parts, neighboring):
        self._pld = privacy_loss_distribution.identity(_INTERVAL)
        for leaf, count in parts:
            self._pld = self._pld.compose(_distribution(leaf, count, neighboring))

    def epsilon(self, delta):
        """Return the epsilon at ``delta``."""
        return float(self._pld.get_epsilon_for_delta(delta))

    def delta(self, epsilon):
        """Return the delta at ``epsilon``."""
        return float(self._pld.get_delta_for_epsilon(epsilon))


def _distribution(leaf, count, neighboring):
    match leaf:
        case dp_event.GaussianDpEvent():
            scale = leaf.noise_multiplier / math.sqrt(count)
            return privacy_loss_distribution.from_gaussian_mechanism(
                scale, value_discretization_interval=_INTERVAL
            )
        case ObjectivePerturbationEvent():
            single = _objective(leaf)
        case EpsilonDeltaEvent():
            single = privacy_loss_distribution.from_privacy_parameters(
                common.DifferentialPrivacyParameters(leaf.epsilon, leaf.delta), _INTERVAL
            )
        case dp_event.LaplaceDpEvent():
            single = privacy_loss_distribution.from_laplace_mechanism(
                leaf.noise_multiplier, value_discretization_interval=_INTERVAL
            )
        case dp_event.DiscreteLaplaceDpEvent():
            single = privacy_loss_distribution.from_discrete_laplace_mechanism(
                leaf.noise_parameter, leaf.sensitivity, value_discretization_interval=_INTERVAL
            )
        case dp_event.RandomizedResponseDpEvent():
            # Its sensitivity is counted by the relation that replaces one answer.
            single = privacy_loss_distribution.from_randomized_response(
                leaf.noise_parameter,
                leaf.num_buckets,
                value_discretization_interval=_INTERVAL,
                neighboring_relation=NeighboringRelation.REPLACE_ONE,
            )
        case dp_event.PoissonSampledDpEvent():
            single = _sampled(leaf, neighboring)
        case dp_event.TruncatedSubsampledGaussianDpEvent():
            single = _truncated(leaf, neighboring)
        case _:
            raise _unsupported(leaf, neighboring)
    return single.self_compose(count)


def _sampled(leaf, neighboring):
    replaced = neighboring == "replace_one"
    match leaf.event:
        case dp_event.GaussianDpEvent():
            return privacy_loss_distribution.from_gaussian_mechanism(
                leaf.event.noise_multiplier * (2 if replaced else 1),
                value_discretization_interval=_INTERVAL,
                sampling_prob=leaf.sampling_probability,
                neighboring_relation=RELATIONS[neighboring],
            )
        case dp_event.LaplaceDpEvent() if not replaced:
            return privacy_loss_distribution.from_laplace_mechanism(
                leaf.event.noise_multiplier,
                value_discretization_interval=_INTERVAL,
                sampling_prob=leaf.sampling_probability,
            )
    raise _unsupported(leaf, neighboring)


def _truncated(leaf, neighboring):
    return privacy_loss_distribution.from_truncated_subsampled_gaussian_mechanism(
        dataset_size=leaf.dataset_size,
        sampling_probability=leaf.sampling_probability,
        truncated_batch_size=leaf.truncated_batch_size,
        noise_multiplier=leaf.noise_multiplier * (2 if neighboring == "replace_one" else 1),
        value_discretization_interval=_INTERVAL,
        neighboring_relation=RELATIONS[neighboring],
    )


def _objective(leaf):
    """Return the distribution whose survival function is min(1, sum of Gaussian ones)."""
    terms = [(n, mu) for n, mu in leaf.gaussian_terms() if mu > 0]
    # There are 2^n_terms Gaussian losses; beyond this many deviations all are below _TAIL together.
    reach = math.sqrt(2 * (leaf.n_terms * math.log(2) - math.log(_TAIL)))
    top = max(mu * mu / 2 + mu * reach for _, mu in terms)
    loss = np.arange(math.ceil(top / _INTERVAL) + 1) * _INTERVAL
    survival = np.minimum(1.0, sum(n * ndtr(mu / 2 - loss / mu) for n, mu in terms))
    survival = np.where(survival < _TAIL, 0.0, survival)
    mass = np.concatenate([[1 - survival[0]], survival[:-1] - survival[1:]])
    first = math.ceil(leaf.shift / _INTERVAL)  # Each loss is rounded up to the grid.
    masses = {first + i: float(m) for i, m in enumerate(mass) if m > 0}
    return privacy_loss_distribution.PrivacyLossDistribution.create_from_rounded_probability(
        masses, infinity_mass=_TAIL, value_discretization_interval=_INTERVAL
    )


def _unsupported(leaf, neighboring):
    return InvalidParameterError(
        f"No curve is known for {leaf} under neighboring={neighboring!r}. Use Gaussian, Laplace, "
        "discrete Laplace, randomized response, Poisson-sampled Gaussian or (unless rows are "
        "replaced) Laplace events, or give a bound as an EpsilonDeltaEvent."
    )
