"""Observing output gradients in an ordinary backward pass.

Each use of a layer ends in a node that passes its output on. In the backward pass the node gets the
output's gradient, and the layer's inputs from the graph: the two from which the layer's per-sample
gradients follow. What a node keeps dies with the graph, so a forward pass that is never followed by
a backward pass leaves nothing behind. Inputs are saved as torch saves them, so that one changed in
place is an error.

All nodes share one leaf, the anchor. Its gradient is accumulated after all nodes have run, and only
in ``backward()``: ``torch.autograd.grad`` for something else, such as an input, does not reach it.
Which of several passes a node runs in is told by the number that torch gives each pass.
"""

from collections.abc import Callable
from typing import Any

import torch

from sklearn_private.exceptions import GuaranteeError

from ..layers import Dense, together

_ZERO = torch.zeros(())  # what a node adds to the anchor's gradient


class _Node(torch.autograd.Function):
    """Identity that hands its gradient to a recorder."""

    @staticmethod
    def forward(ctx, use, inputs, anchor, *outputs):
        ctx.use = use
        ctx.save_for_backward(*(tensor.detach() for tensor in inputs))
        passed = tuple(output.detach() for output in outputs)  # no view: it may change in place
        return passed if len(passed) > 1 else passed[0]

    @staticmethod
    def backward(ctx, *grads):
        if torch.is_grad_enabled():
            raise GuaranteeError.unreleased(
                f"Layer {ctx.use.name!r} was differentiated twice (create_graph=True), and no "
                "sample's share in that is bounded.",
                "Leave penalties on gradients out of the loss.",
            )
        if ctx.use.made_in != -1:
            raise GuaranteeError.unreleased(
                f"Layer {ctx.use.name!r} was recomputed in a backward pass of its own, apart from "
                "the other layers of its samples.",
                "Checkpoint with use_reentrant=False.",
            )
        ctx.use.recorder.receive(ctx.use, ctx.saved_tensors, grads)
        return None, None, _ZERO, *grads


class _Use:
    """One use of a layer in a forward pass."""

    __slots__ = ("batch", "gradients", "made_in", "name", "recorder")

    def __init__(self, recorder, name, gradients):
        self.recorder = recorder
        self.name = name
        self.gradients = gradients
        self.made_in = torch._C._current_graph_task_id()  # -1: in no backward pass
        self.batch = None  # of the backward pass that went through it


def in_full_precision(device: Any) -> Any:
    """Leave autocast: it would cut off norms and sums alike, and rows could exceed their bound."""
    return torch.autocast(device.type, enabled=False)


class Batch:
    """Per-sample gradients of one backward pass, by parameter."""

    def __init__(self):
        self.complete = False
        self.size = None
        self._uses = {}  # by parameter: gradients of its uses, and norms while there is one

    def add(self, name: str, parameter: Any, gradients: Any) -> None:
        """Add what one use of a parameter contributes."""
        size = gradients.batch_size
        if self.size is None:
            self.size = size
        if size != self.size:
            raise _other_batch(name, size, self.size)
        earlier = self._uses.get(parameter)
        if earlier is None:
            gradients = gradients.settled()
            # Taken now, while the gradients are in the cache.
            self._uses[parameter] = [gradients], gradients.norms()
        elif isinstance(earlier[0][0], Dense):
            total = Dense(earlier[0][0].dense() + gradients.dense())
            self._uses[parameter] = [total], None
        else:
            self._uses[parameter] = [*earlier[0], gradients], None

    def merged(self) -> Any:
        """Return each parameter, its gradients and their norms, all uses together."""
        found = []
        for parameter, (uses, norms) in self._uses.items():
            gradients = uses[0] if len(uses) == 1 else together(uses)
            found.append((parameter, gradients, gradients.norms() if norms is None else norms))
        return found


class Recorder:
    """Collects the per-sample gradients of each backward pass.

    Parameters
    ----------
    finish : callable
        Gets the :class:`Batch` at the end of each backward pass.
    device : torch.device
        Where the parameters are.
    """

    def __init__(self, finish: Callable[..., Any], device: torch.device):
        self.device = device
        self.batch_size = None  # of the forward pass that runs
        self._finish = finish
        self._batches = {}
        self._anchor = torch.zeros((), requires_grad=True)
        self._anchor.register_post_accumulate_grad_hook(self._end)

    def observe(
        self,
        name: str,
        outputs: tuple[torch.Tensor, ...],
        inputs: tuple[torch.Tensor, ...],
        gradients: Callable[..., Any],
    ) -> Any:
        """Return the outputs of a layer, whose per-sample gradients will be collected.

        Parameters
        ----------
        name : str
            The layer's name, for messages.
        outputs, inputs : tuple of Tensors
            Both with the batch dimension first. Embeddings of one row (positions) that are added
            to all others are given once for each sample.
        gradients : callable
            ``gradients(*inputs, *output_gradients)`` returns per-sample gradients by parameter.
        """
        size = inputs[0].shape[0]
        if size == 1 and _looks_up(inputs) and self.batch_size not in (None, 1):
            size = self.batch_size
            outputs, inputs = (
                tuple(t.expand(size, *t.shape[1:]) for t in tensors)
                for tensors in (outputs, inputs)
            )
        if self.batch_size is not None and size != self.batch_size:
            raise _other_batch(name, size, self.batch_size)
        use = _Use(self, name, gradients)
        observed = _Node.apply(use, inputs, self._anchor, *outputs)
        return observed if len(outputs) > 1 else (observed,)

    def receive(self, use: Any, inputs: Any, grads: Any) -> None:
        """Take the output gradients of one use of a layer."""
        if use.batch is not None and use.batch.complete:
            raise GuaranteeError.unreleased(
                f"Layer {use.name!r} was gone through backward twice for one forward pass, so a "
                "sample would count twice.",
                "Add the losses, then call backward once.",
            )
        task = torch._C._current_graph_task_id()
        batch = self._batches.get(task)
        if batch is None:
            batch = self._batches[task] = Batch()
        use.batch = batch
        with in_full_precision(self.device):
            for parameter, gradients in use.gradients(*inputs, *grads).items():
                batch.add(use.name, parameter, gradients)

    def _end(self, anchor):
        anchor.grad = None
        batch = self._batches.pop(torch._C._current_graph_task_id())
        self._batches.clear()  # of torch.autograd.grad: no gradient of a parameter was asked for
        batch.complete = True
        with in_full_precision(self.device):
            self._finish(batch)


def _looks_up(inputs):
    """Return whether a layer was called with numbers of rows, of shape (n, ...), and nothing else.

    One row of them (positions) stands for all samples, and each has a share in its gradient. That
    it does not depend on the batch is seen where rows are watched.
    """
    return all(t.dim() > 1 and not t.is_floating_point() for t in inputs)


def _other_batch(name, size, expected):
    return GuaranteeError.unreleased(
        f"Layer {name!r} got {size} rows in its first dimension, but the batch has {expected} "
        "samples, so its gradients cannot be told apart by sample.",
        "Keep the batch dimension first, and expand what is shared to the batch, such as "
        "torch.arange(length).expand(batch_size, length).",
    )
