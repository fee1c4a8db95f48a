"""What :func:`make_private` returns: an ordinary loop's three parts, and what they promise."""

import io
import math
from dataclasses import replace
from os import PathLike
from typing import Any

import torch

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError, LedgerError
from sklearn_private.mechanisms import is_secure
from sklearn_private.statements import Finding

from ._seal import read_sealed, write_sealed

_SETTINGS = (
    *("epsilon", "delta", "neighboring", "n_steps", "sampling", "n_rows", "batch_size"),
    *("steps_per_pass", "largest_batch", "clipping", "loss_reduction"),
)


class PrivateTraining:
    """A training loop whose steps are differentially private; :func:`make_private` makes it.

    It unpacks to ``module, optimizer, loader``. Module and optimizer are those that were given,
    with hooks; the loader is a new one.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    loader : PrivateLoader
        Gives its samples.
    run : Run
        Takes its steps.
    rng : SecureSource or numpy.random.Generator
        Source of samples and noise.

    Attributes
    ----------
    module, optimizer, loader : object
        The three parts of the loop.
    noise_multiplier : float
        Noise of a step over the sensitivity of the neighbouring relation.
    n_steps, n_steps_max : int
        Steps that were taken, and that the budget pays for.
    ledger : PrivacyLedger or None
        What the run is charged to.
    engine_used_ : dict of str to str
        Which engine clips each layer.
    privacy_statement_ : DPStatement
        What the whole run protects, from whom, at which cost.

    Notes
    -----
    **Protects** the content of one row of the data.
    **Against** whoever reads the module after each step, and knows all other rows.
    **Leaks** the number of rows, all settings, and that no step was refused.
    **Assumes** that each item of the data set is made of one row, and no row is in two of them;
    that the loop treats all batches like those in which it was watched; that the loss is a mean or
    sum of losses of single rows; that nothing else made from rows (losses, norms, metrics) leaves
    the process; that only one run goes on from a checkpoint; and that float noise stands for real
    numbers.

    Examples
    --------
    See :func:`make_private`.
    """

    def __init__(self, module: torch.nn.Module, loader: Any, run: Any, rng: object):
        self.module = module
        self.loader = loader
        self.optimizer = run.optimizer
        self._run = run
        self._rng = rng

    def __iter__(self):
        return iter((self.module, self.optimizer, self.loader))

    @property
    def noise_multiplier(self) -> Any:
        """Noise of a step over the sensitivity of the neighbouring relation."""
        return self._run.plan.noise_multiplier

    @property
    def n_steps(self) -> Any:
        """Steps that were taken."""
        return self._run.n_steps

    @property
    def n_steps_max(self) -> Any:
        """Steps that the budget pays for."""
        return self._run.plan.n_steps

    @property
    def ledger(self) -> Any:
        """The ledger that is charged, or None."""
        spending = self._run.spending
        return None if spending.ledger_id is None else spending.ledger

    @property
    def engine_used_(self) -> dict[Any, Any]:
        """Which engine clips each layer."""
        return dict(self._run.clipper.engine_used_)

    def epsilon_spent(self) -> float:
        """Return the epsilon of the steps that were taken.

        It holds if their number was fixed beforehand. A run that stopped because of what it saw
        has the epsilon of its whole budget, which the statement and the ledger name.

        Returns
        -------
        float
        """
        return self._run.plan.spent(self.n_steps) if is_secure(self._rng) else math.inf

    def follow(self, scheduler: torch.optim.lr_scheduler.LRScheduler) -> None:
        """Let a scheduler count the steps that the run takes by itself.

        Those are steps of empty samples, which the loop never sees, and of batches that it skips.

        Parameters
        ----------
        scheduler : torch.optim.lr_scheduler.LRScheduler
            One that the loop steps after each batch, not after each pass.
        """
        self._run.schedulers.append(scheduler)

    @property
    def privacy_statement_(self) -> Any:
        """What the whole run protects, from whom, at which cost."""
        plan, clipper = self._run.plan, self._run.clipper
        return self._run.spending.payment.statement(
            owner=type(self).__name__,
            protects="one row",
            n_rows=plan.sampler.n_rows,
            against="whoever reads the module after each step and knows all other rows",
            releases=("parameters after each step", "clipping norm, where it adapts"),
            leaks=("number of rows", "settings of the run", "that no step was refused"),
            assumes=(
                "settings were chosen without looking at the rows",
                "the loss is a mean or sum of losses of single rows",
                "each item of the data set is made of one row, and no row is in two items",
                "the loop treats all batches like those in which it was watched",
                "it takes nothing from one batch to the next but what was released",
                "nothing else made from rows leaves the process",
                "only one run goes on from a checkpoint",
                "floating-point noise stands for real numbers",
            ),
            mechanism=f"DP-SGD, {plan.sampler.name.replace('_', ' ')} sampling, "
            f"{type(clipper.mode).__name__}",
            parameters={
                "noise_multiplier": plan.noise_multiplier,
                "sensitivity": clipper.sensitivity,
                "sampling_rate": plan.sampler.rate,
                "n_steps": plan.n_steps,
                "n_steps_taken": self.n_steps,
            },
            bounds={"gradients": "clipped to max_grad_norm, from the caller"},
            findings=self._findings(),
        )

    def _findings(self):
        unchecked = self._run.watch.unchecked
        condition = Finding.warning(
            "loss-not-checked",
            f"it was not checked that the loss is a sum over rows: {unchecked}",
            "compute the loss from the module's output row by row, and call loss.backward()",
            where="loss",
        )
        return (condition,) if unchecked else ()

    def state_dict(self) -> dict[str, Any]:
        """Return what another process needs to go on: everything but the key of the noise.

        It is no checkpoint yet: a ledger knows of those that :meth:`save` makes.

        Returns
        -------
        dict
        """
        plan, spending = self._run.plan, self._run.spending
        return {
            "settings": self._settings(),
            "run_id": spending.run_id,
            "ledger_id": spending.ledger_id,
            "n_steps": self.n_steps,
            "noise_multiplier": plan.noise_multiplier,
            "order_seed": getattr(plan.sampler, "seed", None),
            "clipping_norm": getattr(self._run.clipper.mode, "max_grad_norm", None),
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where a run was left; this one must not have taken a step yet.

        Parameters
        ----------
        state : dict
            What :meth:`state_dict` returned, of a run with the same settings.

        Raises
        ------
        InvalidParameterError
            If the settings are others.
        GuaranteeError
            If this run has taken steps, or the state claims less than its steps cost.
        LedgerError
            If the run was charged to another ledger.
        """
        run = self._run
        if run.n_steps:
            raise GuaranteeError(
                "This run has taken steps, which going on from a checkpoint would forget. Nothing "
                "was loaded. Make a new run and load into that."
            )
        self._refuse_other_settings(state["settings"])
        if state["ledger_id"] not in (None, run.spending.ledger_id):
            raise LedgerError(
                "The run was charged to another ledger than that of make_private. Nothing was "
                "loaded. Give make_private the same ledger."
            )
        plan = replace(run.plan, noise_multiplier=state["noise_multiplier"])
        if plan != run.plan and plan.spent(plan.n_steps) > plan.epsilon:
            raise GuaranteeError(
                "The noise of the checkpoint is too little for its epsilon. Nothing was loaded."
            )
        self.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        if state["order_seed"] is not None:
            plan.sampler.seed = state["order_seed"]
        run.clipper.mode.max_grad_norm = state["clipping_norm"]
        run.spending.resume(state["run_id"], state["n_steps"], plan)
        run.plan, run.n_steps = plan, state["n_steps"]

    def save(self, path: str | PathLike[str], *, passphrase: str | bytes) -> None:
        """Write a checkpoint that nobody can change without the passphrase.

        Parameters
        ----------
        path : path-like
            Where to; it is replaced in one go.
        passphrase : str or bytes
            Encrypts the file and protects it from changes.
        """
        content = io.BytesIO()
        torch.save(self.state_dict(), content)
        self._run.spending.note(self.n_steps)  # First: a checkpoint that is known of is safe.
        write_sealed(path, content.getvalue(), passphrase)

    def load(self, path: str | PathLike[str], *, passphrase: str | bytes) -> None:
        """Go on from a checkpoint; see :meth:`load_state_dict`.

        Parameters
        ----------
        path : path-like
            What :meth:`save` wrote.
        passphrase : str or bytes
            That of the writer.

        Raises
        ------
        GuaranteeError
            If a byte of the file was changed, or the passphrase is another.
        """
        content = io.BytesIO(read_sealed(path, passphrase))
        device = next(self.module.parameters()).device
        self.load_state_dict(torch.load(content, weights_only=True, map_location=device))

    def detach(self) -> None:
        """End the run: module and optimizer are ordinary ones again."""
        self._run.detach()

    def __reduce__(self):
        raise GuaranteeError("A private run is not pickled: use save() and load().")

    def _settings(self):
        run, plan = self._run, self._run.plan
        sampler = plan.sampler
        values = (
            *(float(plan.epsilon), float(plan.delta), plan.neighboring, plan.n_steps),
            *(sampler.name, sampler.n_rows, sampler.batch_size, len(self.loader)),
            *(getattr(sampler, "largest", None), type(run.clipper.mode).__name__),
            run.clipper.loss_reduction,
        )
        return dict(zip(_SETTINGS, values, strict=True))

    def _refuse_other_settings(self, saved):
        ours = self._settings()
        others = [name for name in _SETTINGS if saved.get(name) != ours[name]]
        if others:
            pairs = ", ".join(f"{n}={saved.get(n)!r} (here {ours[n]!r})" for n in others)
            raise InvalidParameterError(
                f"The checkpoint is of a run with {pairs}. Nothing was loaded. Call make_private "
                "with the settings of that run."
            )
