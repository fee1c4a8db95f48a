"""The generators of random numbers that a training loop draws from, to set them back."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch


class _Python:
    """The generators of Python and NumPy that a module may draw from, as one like torch's."""

    def get_state(self):
        """Return the state of both."""
        return random.getstate(), np.random.get_state()  # noqa: NPY002

    def set_state(self, state):
        """Set both back."""
        random.setstate(state[0])
        np.random.set_state(state[1])  # noqa: NPY002


def generators_of(device: torch.device) -> list[Any]:
    """Return the generators that draw without being named: Python's and NumPy's, then torch's.

    Parameters
    ----------
    device : torch.device
        Of a module.

    Returns
    -------
    list of objects with ``get_state`` and ``set_state``
    """
    found = [_Python(), torch.default_generator]
    if device.type == "cuda":
        found.append(torch.cuda.default_generators[device.index or 0])
    return found


@contextlib.contextmanager
def same_random_numbers(device: torch.device) -> Iterator[Any]:
    """Leave every generator as it is found.

    Parameters
    ----------
    device : torch.device
        Of the module.
    """
    states = [(g, g.get_state()) for g in generators_of(device)]
    try:
        yield
    finally:
        for generator, state in states:
            generator.set_state(state)
