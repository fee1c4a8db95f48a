"""Recurrent layers, computed step by step so that their gates can be observed.

The gates of a step are ``x W_ih + b_ih`` and ``h W_hh + b_hh``. The first is one product over all
steps, whose output gradient d_t is observed; the gradient of the second is the same, but for the
candidate gate of a GRU, which multiplies it by the reset gate first. So the gradients of all four
parameters follow from d_t, the inputs and the states before each step.
"""

from functools import partial

import torch
from torch.nn import functional as F

from sklearn_private.exceptions import GuaranteeError

from ._gradients import Outer
from ._linear import bias_gradients, linear_map


def _lstm_step(gates_x, gates_h, h, c):
    i, f, g, o = (gates_x + gates_h).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c), c), None


def _gru_step(gates_x, gates_h, h):
    gates_x, candidate_x = gates_x.tensor_split([2 * h.shape[1]], dim=1)
    gates_h, candidate_h = gates_h.tensor_split([2 * h.shape[1]], dim=1)
    reset, update = torch.sigmoid(gates_x + gates_h).chunk(2, dim=1)
    n = torch.tanh(candidate_x + reset * candidate_h)
    return (n + update * (h - n),), reset


def _plain_step(activation, gates_x, gates_h, h):
    return (activation(gates_x + gates_h),), None


class _Direction:
    """One layer in one direction: its parameters, its step and what it keeps of each step."""

    def __init__(self, step, parameters, has_biases, projects):
        parameters = list(parameters)
        self.step = step
        self.w_hr = parameters.pop() if projects else None
        self.w_ih, self.w_hh, *biases = parameters
        self.b_ih, self.b_hh = biases if has_biases else (None, None)
        self.states = []  # the state before each step, in the order of the sequence
        self.resets = []  # the reset gates of a GRU

    def run(self, observe, x, state, reverse):
        """Return the outputs and the last state of a sequence of shape (batch_size, T, D)."""
        gates = F.linear(x, *(None if p is None else p.detach() for p in (self.w_ih, self.b_ih)))
        (gates,) = observe((gates,), (x,), self._gradients)
        outputs = []
        hidden = [None if p is None else p.detach() for p in (self.w_hh, self.b_hh)]
        steps = gates.unbind(1)
        for gates_x in reversed(steps) if reverse else steps:
            self.states.append(state[0].detach())
            (h, *rest), reset = self.step(gates_x, F.linear(state[0], *hidden), *state)
            if reset is not None:
                self.resets.append(reset.detach())
            state = (self._projected(observe, h), *rest)
            outputs.append(state[0])
        for kept in (self.states, self.resets, outputs) if reverse else ():
            kept.reverse()
        return torch.stack(outputs, dim=1), state

    def _projected(self, observe, h):
        if self.w_hr is None:
            return h
        output = F.linear(h, self.w_hr.detach())
        return observe((output,), (h,), partial(linear_map, self.w_hr, None))[0]

    def _gradients(self, x, grad):
        """Return the per-sample gradients from those of the gates, shape (batch_size, T, p)."""
        of_hidden = grad
        if self.resets:
            candidate = 2 * self.w_hh.shape[1]
            resets = torch.stack(self.resets, dim=1)
            of_hidden = torch.cat([grad[..., :candidate], grad[..., candidate:] * resets], dim=2)
        states = torch.stack(self.states, dim=1)
        found = {self.w_ih: Outer(grad, x), self.w_hh: Outer(of_hidden, states)}
        if self.b_ih is not None:
            found |= {self.b_ih: bias_gradients(grad), self.b_hh: bias_gradients(of_hidden)}
        return {p: gradients for p, gradients in found.items() if p.requires_grad}


def _run(
    step,
    observe,
    x,
    initial,
    parameters,
    has_biases,
    num_layers,
    dropout,
    training,
    bidirectional,
    batch_first,
):
    """Return the output and the last states of a stack of layers."""
    n_directions = 2 if bidirectional else 1
    per_direction = len(parameters) // (num_layers * n_directions)
    projects = per_direction - 2 - 2 * has_biases > 0
    x = x if batch_first else x.transpose(0, 1)
    last = []
    for layer in range(num_layers):
        outputs = []
        for direction in range(n_directions):
            at = layer * n_directions + direction
            own = parameters[at * per_direction : (at + 1) * per_direction]
            state = tuple(tensor[at] for tensor in initial)
            one = _Direction(step, own, has_biases, projects)
            output, state = one.run(observe, x, state, reverse=direction == 1)
            outputs.append(output)
            last.append(state)
        x = torch.cat(outputs, dim=2) if bidirectional else outputs[0]
        if dropout and training and layer < num_layers - 1:
            x = F.dropout(x, dropout)
    states = [torch.stack(tensors) for tensors in zip(*last, strict=True)]
    return x if batch_first else x.transpose(0, 1), *states


def _recurrent(step, observe, x, initial, parameters, *options):
    if not isinstance(parameters, list):
        raise GuaranteeError.unreleased(
            "A packed sequence cannot be taken apart into samples by the fused engine.",
            "Give the recurrent layer a padded tensor, and read its outputs at the lengths.",
        )
    if not all(isinstance(parameter, torch.nn.Parameter) for parameter in parameters):
        raise GuaranteeError.unreleased(
            "The weights of a recurrent layer are computed from other parameters, which the "
            "fused engine cannot follow.",
            "Remove the reparametrization.",
        )
    initial = initial if isinstance(initial, tuple | list) else (initial,)
    return _run(step, observe, x, initial, parameters, *options)


lstm = partial(_recurrent, _lstm_step)
gru = partial(_recurrent, _gru_step)
rnn_tanh = partial(_recurrent, partial(_plain_step, torch.tanh))
rnn_relu = partial(_recurrent, partial(_plain_step, torch.relu))
