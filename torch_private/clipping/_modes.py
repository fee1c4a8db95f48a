"""How much of each per-sample gradient enters the sum: a weight from its norm.

Every mode bounds what one sample adds to the sum, in L2 norm over all parameters: its sensitivity
when a sample is added, removed or zeroed out (twice that when it is replaced). A mode gets the
norm of each sample, shape (batch_size,), or (n_layers, batch_size) if it clips by layer, and
returns weights of the same shape.
"""

import math
from collections.abc import Sequence
from typing import Any, Self

from sklearn_private._checks import Checks
from sklearn_private.exceptions import InvalidParameterError


class FlatClipping:
    """Scale a gradient that is longer than ``max_grad_norm`` down to it.

    Parameters
    ----------
    max_grad_norm : float
        The longest gradient that enters as it is. Smaller: less noise, more bias.

    References
    ----------
    M. Abadi et al., "Deep learning with differential privacy", CCS 2016, algorithm 1.
    """

    by_layer = False

    def __init__(self, max_grad_norm: float):
        self.max_grad_norm = max_grad_norm
        Checks(self).real("max_grad_norm", above=0)

    @property
    def sensitivity(self) -> Any:
        """L2 norm of what one sample adds to the sum, at most."""
        return self.max_grad_norm

    def weights(self, norms: Any) -> Any:
        """Return the weight of each gradient."""
        return (norms / self.max_grad_norm).clamp_(min=1).reciprocal_()

    def resolved(self, n_layers: Any) -> Self:
        """Return the mode for a module of so many layers."""
        return self


class AutomaticClipping(FlatClipping):
    """Normalise every gradient: there is no norm to tune, but for the learning rate.

    Parameters
    ----------
    max_grad_norm : float, default=1.0
        The norm that long gradients get.
    gamma : float, default=0.01
        Stability: gradients much shorter than ``gamma`` keep their proportions.

    References
    ----------
    Z. Bu, Y.-X. Wang, S. Zha and G. Karypis, "Automatic clipping: differentially private deep
    learning made easier and stronger", NeurIPS 2023, eq. 4.1.
    """

    def __init__(self, max_grad_norm: float = 1.0, gamma: float = 0.01):
        super().__init__(max_grad_norm)
        self.gamma = gamma
        Checks(self).real("gamma", above=0)

    def weights(self, norms: Any) -> Any:
        """Return the weight of each gradient."""
        return self.max_grad_norm / (norms + self.gamma)


class PerLayerClipping:
    """Clip the gradient of each layer to a norm of its own.

    Parameters
    ----------
    max_grad_norm : float or sequence of floats
        One number C for the whole: each of L layers gets C / √L. A sequence gives each layer's
        norm C_l, in the order of ``Clipper.layers``. The sensitivity is √(Σ C_l²) in both cases.

    References
    ----------
    H. B. McMahan, D. Ramage, K. Talwar and L. Zhang, "Learning differentially private recurrent
    language models", ICLR 2018, section 3.
    """

    by_layer = True

    def __init__(self, max_grad_norm: float | Sequence[float]):
        self.max_grad_norm = max_grad_norm

    @property
    def sensitivity(self) -> Any:
        """L2 norm of what one sample adds to the sum, at most."""
        return math.hypot(*self.max_grad_norm)

    def weights(self, norms: Any) -> Any:
        """Return the weight of each layer's gradient."""
        return (norms.new_tensor(self.max_grad_norm)[:, None] / norms).clamp_(max=1)

    def resolved(self, n_layers: Any) -> Any:
        """Return the mode for a module of so many layers."""
        if isinstance(self.max_grad_norm, list | tuple):
            if len(self.max_grad_norm) != n_layers:
                raise Checks(self).invalid("max_grad_norm", f"one number for {n_layers} layers")
            for norm in self.max_grad_norm:
                FlatClipping(norm)
            return self
        norm = FlatClipping(self.max_grad_norm).max_grad_norm
        return PerLayerClipping((norm / math.sqrt(n_layers),) * n_layers)


class AdaptiveClipping(FlatClipping):
    """Let the norm follow a quantile of the gradients' norms, which costs a second noisy count.

    Whoever adds the noise adds some to ``count``, too, and hands the result to :meth:`update`.

    Parameters
    ----------
    max_grad_norm : float
        The first norm.
    quantile : float, default=0.5
        The share of gradients that shall enter as they are.
    learning_rate : float, default=0.2
        Step of the logarithm of the norm.

    Attributes
    ----------
    count : float
        Over the samples since the last update: those with a norm of at most ``max_grad_norm`` add
        1/2, the others subtract 1/2. Exact: it must not leave the process without noise.
    count_sensitivity : float
        What one sample changes in ``count``, at most, when it is added, removed or zeroed out.

    References
    ----------
    G. Andrew, O. Thakkar, H. B. McMahan and S. Ramaswamy, "Differentially private learning with
    adaptive clipping", NeurIPS 2021, algorithm 1 and theorem 1.
    """

    count_sensitivity = 0.5

    def __init__(self, max_grad_norm: float, quantile: float = 0.5, learning_rate: float = 0.2):
        super().__init__(max_grad_norm)
        self.quantile = quantile
        self.learning_rate = learning_rate
        check = Checks(self)
        check.real("quantile", above=0, below=1)
        check.real("learning_rate", above=0)
        self.count = 0.0

    def weights(self, norms: Any) -> Any:
        """Return the weight of each gradient, and count it."""
        self.count += float((norms <= self.max_grad_norm).double().sub_(0.5).sum())
        return super().weights(norms)

    def update(self, noisy_count: float, expected_batch_size: float) -> None:
        """Move the norm.

        Parameters
        ----------
        noisy_count : float
            ``count`` with noise.
        expected_batch_size : float
            A public number of samples: the mean batch size of a Poisson sampler.
        """
        share = noisy_count / expected_batch_size + 0.5
        self.max_grad_norm *= math.exp(-self.learning_rate * (share - self.quantile))
        self.count = 0.0


def gradient_noise_multiplier(noise_multiplier: float, count_noise: float) -> float:
    """Return the noise multiplier of gradients that leaves room for a noisy count.

    Parameters
    ----------
    noise_multiplier : float
        What the two releases together shall cost: that of one Gaussian release of this multiplier.
    count_noise : float
        Standard deviation of the noise on :attr:`AdaptiveClipping.count`.

    Returns
    -------
    float
        Theorem 1 of Andrew et al. 2021.

    Raises
    ------
    InvalidParameterError
        If the count alone costs more.

    Examples
    --------
    >>> from torch_private.clipping import gradient_noise_multiplier
    >>> gradient_noise_multiplier(1.0, count_noise=10.0)
    1.0012...
    """
    count_multiplier = count_noise / AdaptiveClipping.count_sensitivity
    if count_multiplier <= noise_multiplier:
        raise InvalidParameterError(
            f"The 'count_noise' parameter must be > {noise_multiplier / 2:g}, half the noise "
            f"multiplier. Got {count_noise!r} instead."
        )
    return (noise_multiplier**-2 - count_multiplier**-2) ** -0.5


MODES = {
    "flat": FlatClipping,
    "per_layer": PerLayerClipping,
    "automatic": AutomaticClipping,
    "adaptive": AdaptiveClipping,
}
