"""Noise on the sums of one step."""

import torch

from ._normal import normal

_SMALL = 2**16  # Up to here the noise has double precision, whatever the vector has.


def with_noise(vector: torch.Tensor, std: float, rng: object, scale: float = 1.0) -> torch.Tensor:
    """Return a vector plus independent Gaussian noise on every coordinate, times a number.

    Parameters
    ----------
    vector : torch.Tensor of shape (n,)
        Floating, on any device. A vector of up to 65,536 coordinates gets noise of double
        precision, which is rounded once, after the addition.
    std : float
        Standard deviation.
    rng : SecureSource or numpy.random.Generator
        Source of bytes, see :func:`sklearn_private.mechanisms.noise_source`.
    scale : float, default=1.0
        What the noisy vector is multiplied by, such as one over the rows of a mean.

    Returns
    -------
    torch.Tensor of shape (n,)
        A new vector, like the first.

    Examples
    --------
    >>> import torch
    >>> from sklearn_private.mechanisms import noise_source
    >>> from torch_private.noise import with_noise
    >>> bool((with_noise(torch.zeros(6), 1.0, noise_source()) != 0).all())
    True
    """
    fine = len(vector) <= _SMALL or vector.dtype == torch.float64
    dtype = torch.float64 if fine else torch.float32
    noise = normal(len(vector), rng, std * scale, dtype).to(vector.device)
    return noise.add_(vector, alpha=scale).to(vector.dtype)
