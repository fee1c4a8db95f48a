"""Every row of a batch must be alone: watched from the loader to the step.

Clipping bounds what a row adds to the gradient *if* its gradient is its own. Whatever mixes rows
(in the loop before the module, in a layer, in the loss, in targets without gradients) makes one row
move the gradients of others, and the noise no longer hides it. All of this is code of the user.

So a batch is watched now and then: everything that is computed from it until the step is written
down (:mod:`._tape`), and before the step it is computed again: with other rows beside the ones that
are kept (:mod:`._company`), and with fewer rows (:mod:`._sizes`). What cannot be seen at all (an
item of the data set that reads other rows) stands in the statement's assumptions.

Watched are the steps 0, 1, 4, 16, 64 and so on of a run, one at random of each pass (of each 25
steps where passes are shorter), and the first batch with a negative label, since that is how losses
are told to ignore one. That is a test on a few batches and no proof.
"""

import secrets
import warnings
import weakref
from typing import Any

import torch

from sklearn_private.exceptions import GuaranteeError, PrivacyWarning

from ...sampling import same_random_numbers, tensors_in
from ._company import fault_of_company, fault_of_state
from ._module_state import marks, unchanged
from ._sizes import UncheckedError, fault_of_sizes
from ._tape import Tape

_FEWEST_STEPS = 25  # for each random watch: what a watch costs is two steps at most


class RowWatch:
    """Checks that the loop around a module lets each row of a batch alone.

    Parameters
    ----------
    clipper : Clipper
        Of the module.
    n_batches : int
        Steps of a pass.

    Attributes
    ----------
    unchecked : str or None
        Why the reduction of the loss could not be checked; None if it was, or if there was none
        yet.
    """

    def __init__(self, clipper: Any, n_batches: int):
        self.unchecked = None
        self._clipper = clipper
        self._block = max(n_batches, _FEWEST_STEPS)
        self._chosen = (-1, -1)  # the block of steps that is at work, and its random step
        self._saw_negative = False
        self._expects = False
        self._strangers = []  # of the last batch that had some
        self._earlier = weakref.WeakValueDictionary()  # made of rows of the last watched batch
        self._tape = None
        self._leftover = None  # removes the tape, also when nobody needs the watch any more
        self._marks = None  # of what the module kept before the batch
        self._n_before = 0  # rows of the sample that went backward in earlier pieces

    @property
    def watches(self) -> bool:
        """Whether the batch that is out is watched."""
        return self._tape is not None

    def expect(self, piece: Any, batch: object) -> None:
        """Watch what is made of a batch, if it is its turn.

        Parameters
        ----------
        piece : Piece
            What goes out.
        batch : object
            With these values.
        """
        self.stop()
        self._expects = self._is_due(piece, batch) or self._expects
        if self._expects and piece.n_rows > 1:
            self._marks = marks(self._clipper.module)
            self._n_before = 0 if piece.first else self._clipper.batch_size
            self._tape = Tape(self._clipper.module, batch, piece.n_rows)
            self._leftover = weakref.finalize(self, self._tape.remove)

    def _is_due(self, piece, batch):
        step, block = piece.step, piece.step // self._block
        if self._chosen[0] != block:
            self._chosen = block, block * self._block + secrets.randbelow(self._block)
        negative = not self._saw_negative and _has_negative(batch)
        self._saw_negative |= negative
        return _is_power_of_four(step) or step == self._chosen[1] or negative

    def stop(self) -> None:
        """Leave torch alone until the next batch."""
        if self._tape is not None:
            self._leftover()
            self._tape = None

    def leave(self) -> None:
        """Stop if a loop was left in the middle of a batch; wait if it was taken out by hand."""
        if self._tape is not None and self._tape.calls:
            self.stop()
        elif self._tape is not None:
            self._tape.sleep()

    def conclude(self) -> None:
        """Judge, before a step, what was watched.

        Raises
        ------
        GuaranteeError
            If a row was not alone.
        """
        tape = self._tape
        self.stop()
        if tape is None or not self._clipper.n_backwards:
            return
        self._expects = False
        with torch.enable_grad(), same_random_numbers(tape.device):
            fault = self._fault(tape)
        if fault:
            raise GuaranteeError.unreleased(fault)

    def _fault(self, tape):
        if not tape.sources:
            tape.fault = (
                "no tensor of the batch has a row for each of its samples. Let collate_fn return "
                "such tensors, in tuples, lists or dictionaries"
            )
        if tape.fault:
            return f"It cannot be checked whether the loop mixes the samples: {tape.fault}."
        if not any(call.is_backward for call in tape.calls):
            return (
                "It cannot be checked whether the loss mixes the samples: it went backward in a "
                "way that is not seen. Call backward() of the loss, a tensor."
            )
        clipper = self._clipper
        if self._meets_strangers_again(tape):
            return (
                "It cannot be checked whether the loop mixes the samples: a tensor with a row for "
                "each of them comes neither from the batch nor from what is computed of it. Make "
                "it in the data set, or in collate_fn."
            )
        if tape.remembers(self._earlier):
            return (
                "The loop mixes the samples of several batches: something that was made of rows of "
                "an earlier batch enters the loss, so no sample's influence is bounded. Take "
                "nothing from one batch to the next but the module."
            )
        self._earlier = weakref.WeakValueDictionary({id(t): t for t in tape.of_rows()})
        fault = fault_of_state(tape, clipper, self._marks)
        if fault:
            return fault
        with unchanged(clipper.module, self._marks):
            try:
                fault, unchecked = fault_of_sizes(tape, clipper.loss_reduction), None
            except UncheckedError as reason:
                fault, unchecked = None, str(reason)
            fault = fault or fault_of_company(tape, clipper, clipper.norms[self._n_before :])
        if unchecked and not fault:
            self._warn(unchecked)
        return fault

    def _meets_strangers_again(self, tape):
        """Return whether other tensors come from elsewhere than in an earlier batch."""
        known, self._strangers = self._strangers, tape.strangers() or self._strangers
        new = [t for t in self._strangers if not any(t is other for other in known)]
        self._expects = bool(new)  # then the next batch tells whether they are constants
        return bool(known and new)

    def _warn(self, reason):
        self.unchecked = reason
        warnings.warn(
            f"It could not be checked that the loss is a {self._clipper.loss_reduction} over "
            f"samples: {reason}. The claim holds on that condition.",
            PrivacyWarning,
            stacklevel=2,
        )

    def detach(self) -> None:
        """Leave the module without hooks."""
        self.stop()


class NothingToWatch:
    """The watch of a loop that is ours, and sees one row at a time."""

    unchecked = None

    def expect(self, piece: Any, batch: Any) -> Any:
        """Do nothing."""

    def stop(self) -> Any:
        """Do nothing."""

    def leave(self) -> Any:
        """Do nothing."""

    def conclude(self) -> Any:
        """Do nothing."""

    def detach(self) -> Any:
        """Do nothing."""


def _is_power_of_four(step):
    """Return whether a step is 0, 1, 4, 16 and so on."""
    return step & (step - 1) == 0 and (step == 0 or step.bit_length() % 2 == 1)


def _has_negative(batch):
    integers = [t for t in tensors_in(batch) if t.dim() and t.numel() and _is_integer(t)]
    return any(bool(t.min() < 0) for t in integers)


def _is_integer(tensor):
    return not tensor.is_floating_point() and not tensor.is_complex() and tensor.dtype != torch.bool
