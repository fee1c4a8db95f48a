"""An average of the weights over the steps, which evens out the noise of the last ones."""

import torch


class Average:
    """The exponential moving average of a module's trainable parameters.

    Early steps count for less: step t keeps at most (1 + t) / (10 + t) of the average, so it always
    spans about the last tenth of the steps, up to what ``decay`` allows. It is made from released
    weights, so it costs nothing.

    Parameters
    ----------
    module : torch.nn.Module
        What is trained.
    decay : float
        The most of the average that a step keeps, in [0, 1).
    """

    def __init__(self, module: torch.nn.Module, decay: float):
        self._parameters = [p for p in module.parameters() if p.requires_grad]
        self._values = [p.detach().clone() for p in self._parameters]
        self._decay = decay
        self._n_steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Take in the parameters after a step."""
        keep = min(self._decay, (1 + self._n_steps) / (10 + self._n_steps))
        for value, parameter in zip(self._values, self._parameters, strict=True):
            value.lerp_(parameter, 1 - keep)
        self._n_steps += 1

    @torch.no_grad()
    def settle(self) -> None:
        """Give the module its average parameters."""
        if self._n_steps:
            for parameter, value in zip(self._parameters, self._values, strict=True):
                parameter.copy_(value)
