"""What an event costs: privacy curves."""

from ._curve import calibrate, check_number, curve_of, delta, epsilon
from ._gaussian import gaussian_delta, gaussian_epsilon, gaussian_mu
from ._profile import PrivacyProfile, privacy_profile
from ._renyi import best_order, conversion

__all__ = [
    "PrivacyProfile",
    "best_order",
    "calibrate",
    "check_number",
    "conversion",
    "curve_of",
    "delta",
    "epsilon",
    "gaussian_delta",
    "gaussian_epsilon",
    "gaussian_mu",
    "privacy_profile",
]
