import numpy as np
import pytest

from sklearn_private import mechanisms
from support.mutants import replace_everywhere


class _Repeatable(mechanisms.SecureSource):
    """One stream for all fits of a test, so that a test of chance gives the same answer twice."""

    def __init__(self, seed):
        self._rng = np.random.default_rng(seed)

    def bytes(self, n):
        return self._rng.bytes(n)


@pytest.fixture
def repeatable(monkeypatch):
    """Noise that is fresh in every fit, and the same in every run of the suite."""
    source = _Repeatable(0)
    replace_everywhere(monkeypatch, mechanisms.noise_source, lambda random_state=None: source)
