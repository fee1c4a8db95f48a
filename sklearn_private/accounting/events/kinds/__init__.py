"""What is known of each kind of event, one file a kind; importing this registers them."""

from ._discrete_laplace import DiscreteLaplace
from ._epsilon_delta import EpsilonDelta, EpsilonDeltaEvent
from ._gaussian import Gaussian
from ._laplace import Laplace
from ._objective_perturbation import ObjectivePerturbation, ObjectivePerturbationEvent
from ._one_of import OneOf, OneOfEvent
from ._poisson_sampled import PoissonSampled
from ._randomized_response import RandomizedResponse
from ._repeat import ORDERS, halting_probability, log_delta, repeated_pure, repeated_renyi, smallest
from ._repeat_and_select import RepeatAndSelect
from ._truncated_sampled import TruncatedSampledGaussian
from ._unprotected import Unprotected
from ._zero_concentrated import ZeroConcentrated

__all__ = [
    "ORDERS",
    "DiscreteLaplace",
    "EpsilonDelta",
    "EpsilonDeltaEvent",
    "Gaussian",
    "Laplace",
    "ObjectivePerturbation",
    "ObjectivePerturbationEvent",
    "OneOf",
    "OneOfEvent",
    "PoissonSampled",
    "RandomizedResponse",
    "RepeatAndSelect",
    "TruncatedSampledGaussian",
    "Unprotected",
    "ZeroConcentrated",
    "halting_probability",
    "log_delta",
    "repeated_pure",
    "repeated_renyi",
    "smallest",
]
