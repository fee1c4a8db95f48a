"""What a training loop computes from a batch, written down so that it can be computed again.

The loop is code of the user that nobody hands to us. But torch lets a mode see every function that
is called on tensors, so from the moment that a batch goes out until the optimizer's step each call
is written down: what the loop does before the module, the calls of the module (each as one call,
whatever happens inside, by hooks that stay for one batch alone), the loss, and ``backward``. The
tape can then be played again from other values of the batch.

What is played again has the same shapes and draws the same random numbers as the first time:
torch's generator is set back before every call that drew from it, and those of Python and NumPy
before a call of the module. Tensors from outside of the tape are copies that were made before the
loop used them, so playing changes nothing that the loop can see.

Torch shows its stack of modes by private functions alone (``_pop_mode``, ``_push_mode``). They are
used to leave a mode whose loop was left while a mode of the user's stood above it.
"""

import contextlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode, _pop_mode, _push_mode

from sklearn_private.exceptions import GuaranteeError

from ...clipping import Hook
from ...sampling import generators_of, map_tensors, tensors_in

MOST_CALLS = 100_000


@dataclass
class Rows:
    """What went in and out of one call of the module: copies of tensors, in order."""

    inputs: list
    outputs: list
    grads: dict = field(default_factory=dict)  # of outputs, by position

    def observe(self, outputs: Any) -> None:
        """Keep the outputs, and from now on their gradients."""
        self.outputs = [o.detach().clone() for o in outputs]
        for position, output in enumerate(outputs):
            if output.requires_grad:
                output.register_hook(lambda g, at=position: self._keep(at, g))

    def _keep(self, position, grad):
        self.grads[position] = grad.detach().clone()


@dataclass
class Call:
    """One call, and the state of torch in which it was made."""

    function: object
    args: tuple
    kwargs: dict
    result: object
    context: tuple
    drawn: tuple = ()  # the generators that it drew from, each with its state before
    rows: Rows | None = None  # of a call of the module

    @property
    def written(self) -> list[Any]:
        """The tensors that it made or changed."""
        name = getattr(self.function, "__name__", "")
        changed = tensors_in(self.args[0]) if name in ("__setitem__", "__set__") else []
        return [*tensors_in(self.result), *changed]

    @property
    def read(self) -> Any:
        """The tensors that it was given."""
        return tensors_in([self.args, self.kwargs])

    @property
    def is_backward(self) -> bool:
        """Whether it is ``backward`` of a loss."""
        return self.function is torch.Tensor.backward

    @property
    def weight(self) -> Any:
        """What ``backward`` was given to weight the losses with, None if there is one loss."""
        return self.args[1] if len(self.args) > 1 else self.kwargs.get("gradient")

    @property
    def escapes(self) -> Any:
        """Whether it took values out of tensors, into Python."""
        if self.is_backward or self.result is None or isinstance(self.result, str):
            return False
        return bool(self.read) and not tensors_in(self.result)

    def play(self, place: Any) -> Any:
        """Call again, with ``place`` applied to the arguments."""
        grad, autocasts = self.context
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.set_grad_enabled(grad))
            for device, enabled, dtype in autocasts:
                stack.enter_context(torch.autocast(device, dtype=dtype, enabled=enabled))
            for generator, state in self.drawn:
                generator.set_state(state)
            return self.function(*place(self.args), **place(self.kwargs))


class Tape(TorchFunctionMode):
    """Writes down what is computed from a batch.

    Parameters
    ----------
    module : torch.nn.Module
        Its calls, and those of its layers by themselves, are one call each.
    batch : object
        What the loop was given.
    n_rows : int
        Rows of the batch.

    Attributes
    ----------
    calls : list of Call
        In order.
    sources : list of pairs of Tensors
        The tensors of the batch that have a row for each sample, and copies of them.
    fault : str or None
        Why the tape cannot be trusted, if it cannot.
    """

    def __init__(self, module: torch.nn.Module, batch: object, n_rows: int):
        super().__init__()
        self.calls = []
        self.fault = None
        self.n_rows = n_rows
        self.device = next(module.parameters()).device
        self._python, *self._generators = generators_of(self.device)
        self.sources = [(t, t.clone()) for t in tensors_in(batch) if t.dim() and len(t) == n_rows]
        self.outside = [(t, t.clone()) for t in tensors_in(batch) if not t.dim()]
        self.first_used = {}  # by id of a tensor from outside: how many calls were made before
        self._known = {id(t) for t, _ in (*self.sources, *self.outside)}
        self._depth = 0  # calls of modules that run
        self._began = None
        self._handles = []
        for layer in module.modules():
            self._handles += [
                layer.register_forward_pre_hook(
                    Hook(self._enter_module), prepend=True, with_kwargs=True
                ),
                layer.register_forward_hook(
                    Hook(self._leave_module), with_kwargs=True, always_call=True
                ),
            ]
        self._awake = True
        self.__enter__()

    def sleep(self) -> None:
        """Leave the stack of modes until the module is called with a tensor of the batch."""
        if self._awake:
            self._awake = False
            above = []  # Modes that were entered later keep their places.
            # A finalizer runs in any thread, and in the midst of another mode: there the stack
            # ends without this one.
            with contextlib.suppress(RuntimeError):
                while (mode := _pop_mode()) is not self:
                    above.append(mode)
            for mode in reversed(above):
                _push_mode(mode)

    def remove(self) -> None:
        """Leave the module, and the stack of modes."""
        self.sleep()
        for handle in self._handles:
            handle.remove()

    def _wake(self, given):
        sources = {id(t) for t, _ in self.sources}
        if any(id(t) in sources for t in given):
            self._awake = True
            self.__enter__()
        else:
            self.fault = (
                "the batch was taken out of a loop that was left at once, and changed before the "
                "module. Iterate over the loader, or keep its iterator"
            )

    def _enter_module(self, layer, args, kwargs):
        self._depth += 1
        if self._depth == 1 and not self._awake:
            self._wake(tensors_in([args, kwargs]))
        if self._depth == 1 and self._awake:
            self._note_outside([args, kwargs])
            inputs = [t.detach().clone() for t in tensors_in([args, kwargs])]
            generators = (self._python, *self._generators)
            self._began = tuple((g, g.get_state()) for g in generators), inputs

    def _leave_module(self, layer, args, kwargs, output):
        if self._depth == 1 and self._awake and output is not None:
            drawn, inputs = self._began
            rows = Rows(inputs, [])
            rows.observe(tensors_in(output))
            self._add(Call(layer, args, kwargs, output, _context(), drawn, rows))
        self._depth -= 1

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self._depth or len(self.calls) >= MOST_CALLS:
            return function(*args, **kwargs)
        if function is torch.Tensor.__iter__:  # It returns an iterator, which hides its tensors.
            return iter(self.__torch_function__(torch.Tensor.unbind, types, args))
        self._note_outside([args, kwargs])
        _refuse_scaler(function)
        context = _context()
        own = kwargs.get("generator")
        before = [(g, g.get_state()) for g in ((own,) if own else self._generators)]
        result = function(*args, **kwargs)
        if not _is_property(function, result):
            drawn = tuple((g, s) for g, s in before if not torch.equal(s, g.get_state()))
            self._add(Call(function, args, kwargs, result, context, drawn))
        return result

    def _add(self, call):
        self.calls.append(call)
        self._known.update(map(id, call.written))
        if len(self.calls) == MOST_CALLS:
            self.fault = f"the loop makes more than {MOST_CALLS} calls of torch for a batch"

    def _note_outside(self, tree):
        for tensor in tensors_in(tree):
            if id(tensor) in self._known:
                continue
            self._known.add(id(tensor))
            if tensor.requires_grad and not tensor.is_leaf:
                self.fault = (
                    "the loss uses a tensor that was taken from inside of the module, or computed "
                    "before the batch. Return from the module what the loss takes"
                )
            copy = tensor.detach() if isinstance(tensor, nn.Parameter) else tensor.detach().clone()
            self.outside.append((tensor, copy))
            self.first_used[id(tensor)] = len(self.calls)

    def strangers(self) -> list[Any]:
        """Return what enters the loss, has a row for each sample, and does not come from the batch.

        It may be rows of another source, or by chance as long as the batch, like class weights.
        """
        losses = [call for call in self.calls if call.is_backward]
        read = {id(t) for call in ancestors(self.calls, losses) for t in call.read}
        return [
            t
            for t, _ in self.outside
            if id(t) in read and t.dim() and len(t) == self.n_rows and not t.requires_grad
        ]

    def of_rows(self) -> list[Any]:
        """Return all tensors that the loop was given, made or changed from rows."""
        found = {id(t): t for t, _ in self.sources}
        for call in self.calls:
            if any(id(t) in found for t in call.read):
                found |= {id(t): t for t in call.written}
        return list(found.values())

    def remembers(self, earlier: Any) -> bool:
        """Return whether something that was made of rows of an earlier batch enters the loss."""
        losses = [call for call in self.calls if call.is_backward]
        read = {id(t) for call in ancestors(self.calls, losses) for t in call.read}
        return any(id(t) in read and id(t) in earlier for t, _ in self.outside)

    def play(self, calls: list[Call], sources: list[torch.Tensor]) -> list[Any]:
        """Make calls again.

        Parameters
        ----------
        calls : list of Call
            Some of the tape, in order.
        sources : list of Tensor
            Values of ``sources``; they are copied.

        Returns
        -------
        list
            Result of each call. A call of the module gives its :class:`Rows`.
        """
        values = {id(t): v.clone() for (t, _), v in zip(self.sources, sources, strict=True)}
        for tensor, copy in self.outside:
            kept = copy if isinstance(tensor, nn.Parameter) else copy.clone()
            values[id(tensor)] = kept.requires_grad_(tensor.requires_grad and tensor.is_leaf)
        found = []

        def place(tree):
            return map_tensors(lambda tensor: values.get(id(tensor), tensor), tree)

        for call in calls:
            observed = call.rows is not None
            given = tensors_in(place([call.args, call.kwargs])) if observed else []
            rows = Rows([t.detach().clone() for t in given], [])
            result = call.play(place)
            pairs = zip(tensors_in(call.result), tensors_in(result), strict=True)
            values.update((id(old), new) for old, new in pairs)
            if observed:
                rows.observe(tensors_in(result))
            found.append(rows if observed else result)
        return found


def ancestors(calls: list[Call], wanted: Iterable[Call]) -> list[Call]:
    """Return the calls that some tensors were computed from.

    Parameters
    ----------
    calls : list of Call
        In order.
    wanted : iterable of Call
        Some of them.

    Returns
    -------
    list of Call
        With ``wanted``, in order.
    """
    chosen, needed, kept = {id(call) for call in wanted}, set(), []
    for call in reversed(calls):
        if id(call) in chosen or any(id(t) in needed for t in call.written):
            kept.append(call)
            needed.update(map(id, call.read))
    return kept[::-1]


def _context():
    """Return whether gradients are recorded, and what autocast does."""
    kinds = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    return torch.is_grad_enabled(), [
        (kind, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in kinds
    ]


def _is_property(function, result):
    return getattr(function, "__name__", "") == "__get__" and not tensors_in(result)


def _refuse_scaler(function):
    """Raise where a loss is scaled against underflow: clipping would follow the scale."""
    if function not in (torch.Tensor.mul, torch.mul):
        return
    frame = sys._getframe(2)
    for _ in range(3):
        if isinstance(frame.f_locals.get("self"), torch.amp.GradScaler):
            raise GuaranteeError.unreleased(
                "The loss is scaled by a GradScaler, so that gradients would be clipped in its "
                "units, not in those of max_grad_norm.",
                "Use autocast to bfloat16, which needs no scaler, or GradScaler(enabled=False).",
            )
        frame = frame.f_back
