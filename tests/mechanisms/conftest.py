import numpy as np
import pytest


class Tape:
    """A source that plays given 64-bit words, and fails the test when they run out."""

    def __init__(self, *words):
        self.words = list(words)

    def bytes(self, n):
        count = -(-n // 8)
        assert count <= len(self.words), "the tape has run out"
        played, self.words = self.words[:count], self.words[count:]
        return np.array(played, dtype="<u8").tobytes()[:n]


@pytest.fixture
def tape():
    return Tape
