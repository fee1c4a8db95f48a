"""The steps of a private run: what the optimizer may do, and with which gradient.

The user's optimizer stays what it is. A hook that runs before each of its steps puts the private
gradient into ``grad``, or raises, and then the step is not taken and the module is as it was. So
there is no optimizer beside it that could be stepped by mistake, and learning-rate schedulers work.

One step is one Gaussian mechanism on one sample, so each step must have a sample of its own, and
each row of it may enter once. The loader says what is out; the hook compares.
"""

from typing import Any

import torch

from sklearn_private.exceptions import BudgetExceededError, GuaranteeError

from ..clipping import AdaptiveClipping, gradient_noise_multiplier
from ..noise import normal, with_noise
from ._group import Alone, current_group

_ROUNDING = 1e-3  # Float sums may exceed their bound by this share.


class Run:
    """The state of one run, and the hook that takes its steps.

    Parameters
    ----------
    plan : Plan
        Noise, sampler and number of steps.
    clipper : Clipper
        Attached to the module.
    optimizer : torch.optim.Optimizer
        The user's.
    spending : Spending
        Charges the ledger before the first step.
    rng : SecureSource or numpy.random.Generator
        Source of noise.
    watch : RowWatch
        Checks that the loop lets each row alone.
    group : Alone or Group, default=None
        The processes that take the steps together; None is this one.

    Attributes
    ----------
    n_steps : int
        Steps that were taken.
    attached : bool
        Whether its hooks are in place.
    schedulers : list of torch.optim.lr_scheduler.LRScheduler
        They count the steps that the run takes by itself.
    """

    def __init__(
        self,
        plan: Any,
        clipper: Any,
        optimizer: torch.optim.Optimizer,
        spending: Any,
        rng: object,
        watch: Any,
        group: Any = None,
    ):
        self.plan = plan
        self.clipper = clipper
        self.optimizer = optimizer
        self.spending = spending
        self.watch = watch
        self.group = Alone() if group is None else group
        self.n_steps = 0
        self.attached = True
        self.schedulers = []
        self._rng = rng
        self._loop = None  # the one that runs
        self._piece = None  # what the loop holds and no step has used
        self._n_rows = 0  # of the sample, in all pieces so far
        self._n_backwards = 0  # of the sample, before the piece that is out
        self._is_alone = False  # whether the run takes the step by itself
        self._handle = optimizer.register_step_pre_hook(self._before_step)

    def begin(self, piece: Any, batch: object = None) -> None:
        """Note that a piece of a sample goes out to the loop; take the step of an empty one.

        Parameters
        ----------
        piece : Piece
            What goes out.
        batch : object, default=None
            With these values; None if there are no rows.
        """
        self.finish()
        if current_group().size != self.group.size:
            raise GuaranteeError.unreleased(
                "torch.distributed was initialised after make_private, so each process would "
                "train a module of its own, and claim the epsilon of one.",
                "Call torch.distributed.init_process_group first, then make_private.",
            )
        if piece.step < self.n_steps:
            raise GuaranteeError.unreleased(
                "The loader is gone through twice at the same time, so that a step would be "
                "counted once and taken twice.",
                "Use one iterator at a time.",
            )
        if piece.first and (self._n_rows or self.clipper.n_backwards):
            self._forget()  # An unfinished sample was never released.
        self._piece = piece
        self._n_rows += piece.n_rows
        self._n_backwards = self.clipper.n_backwards
        if piece.n_rows:
            self.watch.expect(piece, batch)
        else:
            self._step_alone()

    def finish(self) -> None:
        """Take the step of a sample that went out last, if the loop did not.

        Which samples are stepped on may not depend on their rows: a loop that skips one, since its
        loss is not finite or for any other reason, leaves its rows out, and not the noise.
        """
        self.watch.stop()
        piece = self._piece
        if piece is None:
            return
        if self.clipper.n_backwards > self._n_backwards:
            raise GuaranteeError.unreleased(
                "A batch went backward and the next one was asked for without a step between "
                "them; the sum of two samples has another price than one.",
                "Call optimizer.step() after every batch. For larger batches give the loader a "
                "larger batch_size, and make_private a max_physical_batch_size.",
            )
        if piece.last:
            self._step_alone()
        self._piece = None

    def _step_alone(self):
        """Take a step that the loop does not: of noise, and of pieces that went backward."""
        self._is_alone = True
        try:
            self.optimizer.step()
        finally:
            self._is_alone = False
        for scheduler in self.schedulers:
            scheduler.step()

    def _forget(self):
        self._n_rows = 0
        self.clipper.zero_sums()
        if isinstance(self.clipper.mode, AdaptiveClipping):
            self.clipper.mode.count = 0.0

    def enter(self, loop: Any) -> None:
        """Note that a loop over the loader begins; what an earlier one left is forgotten."""
        self._loop = loop
        self._piece = None
        self.watch.stop()
        self._forget()

    def leave(self, loop: Any) -> None:
        """Note that a loop was left; Python may collect an old one while another one runs."""
        if loop is self._loop:
            self.watch.leave()

    def detach(self) -> None:
        """Leave the module and the optimizer without hooks."""
        self.attached = False
        self._handle.remove()
        self.watch.detach()
        self.clipper.detach()

    def _before_step(self, optimizer, args, kwargs):
        args, kwargs = _evaluated(args, kwargs)
        with torch.no_grad():
            self.watch.conclude()
            self._check()
            if self._piece.last:
                self._release()
            else:
                self._set_gradients([None] * len(self.clipper.parameters))
        self._piece = None
        return args, kwargs

    def _check(self):
        if self.n_steps >= self.plan.n_steps:
            raise BudgetExceededError(
                f"All {self.plan.n_steps} steps that epsilon={self.plan.epsilon:g} at "
                f"delta={self.plan.delta:g} pays for were taken. This one was not, and the module "
                "is as it was. Stop here, or make a new run with more epochs or a larger epsilon."
            )
        if self._piece is None:
            raise GuaranteeError.unreleased(
                "optimizer.step() has no batch of private.loader to itself: one batch gives one "
                "step.",
                "Iterate over private.loader; after the run, call private.detach() to train on "
                "public data.",
            )
        if self.clipper.batch_size > self._n_rows:
            raise GuaranteeError.unreleased(
                f"{self.clipper.batch_size} rows went backward, but the batch has {self._n_rows}: "
                "a row that enters twice moves the gradient twice as far.",
                "Call the module and backward once for each batch.",
            )
        ours = set(map(id, self.clipper.parameters))
        groups = self.optimizer.param_groups
        if any(p.grad is not None and id(p) not in ours for g in groups for p in g["params"]):
            raise GuaranteeError.unreleased(
                "The optimizer has a parameter with a gradient that is not of the private module.",
                "Give each module an optimizer of its own.",
            )

    def _release(self):
        """Put the private gradient of the sample into ``grad``."""
        clipper = self.clipper
        if self._is_alone and not clipper.n_backwards:
            clipper.zero_sums()
        else:
            clipper.clipped_sums()
        adapts = isinstance(clipper.mode, AdaptiveClipping)
        counts = [clipper.batch_size, clipper.mode.count if adapts else 0.0]
        n_rows, count = self.group.total(clipper.flat_sums, counts)
        if self.group.leads:
            self._check_bound(n_rows)
            self.spending.charge()
            vector = self._noisy(clipper.flat_sums)
        else:
            vector = torch.empty_like(clipper.flat_sums)
        vector = self.group.spread(vector)
        self._set_gradients(vector.split([parameter.numel() for parameter in clipper.parameters]))
        if adapts:
            self._adapt(clipper.mode, count)
        self._forget()
        self.n_steps = self._piece.step + 1
        if self.n_steps == self.plan.n_steps:
            self.spending.note(self.n_steps)

    def _noisy(self, sums):
        std = self._gradient_noise() * self.clipper.sensitivity
        mean = self.clipper.loss_reduction == "mean"
        scale = 1 / self.plan.sampler.batch_size if mean else 1.0
        return with_noise(sums, std, self._rng, scale)

    def _check_bound(self, n_rows):
        """Raise if the sum is longer than its rows can make it: then the clipping is broken."""
        bound = n_rows * self.clipper.sensitivity * (1 + _ROUNDING)
        if not float(torch.linalg.vector_norm(self.clipper.flat_sums)) <= bound:
            raise GuaranteeError.unreleased(
                "The clipped gradients of the batch are longer than their bound, so the noise "
                "would not hide a row.",
                "Please report the module as a fault.",
            )

    def _set_gradients(self, parts):
        for parameter, part in zip(self.clipper.parameters, parts, strict=True):
            if part is not None:
                part = part.view(parameter.shape).to(parameter.dtype)
            parameter.grad = part

    def _count_noise(self):
        # A twentieth of the batch (Andrew et al. 2021), and enough to leave most of the noise
        # multiplier to the gradients.
        return max(self.plan.sampler.batch_size / 20, self.plan.noise_per_row)

    def _gradient_noise(self):
        if isinstance(self.clipper.mode, AdaptiveClipping):
            return gradient_noise_multiplier(self.plan.noise_per_row, self._count_noise())
        return self.plan.noise_per_row

    def _adapt(self, mode, count):
        if self.group.leads:
            count += float(normal(1, self._rng, self._count_noise()))
            mode.update(count, self.plan.sampler.batch_size)
        mode.max_grad_norm = float(self.group.spread(torch.tensor(mode.max_grad_norm).double()))
        mode.count = 0.0


def _evaluated(args, kwargs):
    """Return what the step is called with, after its closure, if there is one, was called once.

    A closure computes the loss and goes backward. An optimizer that is given one would call it
    after the private gradient was put in place; so it is called before, and its value is kept.
    """
    optimizer, *rest = args
    kwargs = dict(kwargs)
    closure = rest[0] if rest else kwargs.get("closure")
    if closure is None:
        return args, kwargs
    with torch.enable_grad():
        loss = closure()
    if rest:
        return (optimizer, lambda: loss, *rest[1:]), kwargs
    return args, kwargs | {"closure": lambda: loss}
