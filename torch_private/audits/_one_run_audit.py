"""Audit the epsilon of a training run within that run, by canaries."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from torch.nn import functional as F

from sklearn_private._checks import Checks
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from sklearn_private.mechanisms import noise_source, uniform_words

from ..training import make_private
from ._audit_scores import LEAST_CANARIES, audit_scores
from ._canaries import Without, planted_loader, random_canaries
from ._scores import CanaryScores


def row_losses(outputs: Any, targets: Any) -> Any:
    """Return cross-entropies where targets are integers, squared errors elsewhere.

    Parameters
    ----------
    outputs : Tensor of shape (n_rows, ...)
        Of the module.
    targets : Tensor of shape (n_rows, ...)
        Of the data.

    Returns
    -------
    Tensor of shape (n_rows,)
    """
    if targets.is_floating_point():
        return (outputs - targets.view_as(outputs)).square().flatten(1).sum(1)
    return F.cross_entropy(outputs, targets, reduction="none")


class OneRunAudit:
    """Look for proof that a training run loses more privacy than it claims, in that one run.

    Many made-up rows, the canaries, are added to the data, each by a secret coin of its own. Who
    sees what the run releases and still guesses many of the coins refutes the claim. Unlike
    :class:`sklearn_private.audit.EpsilonAudit`, which fits hundreds of times, it costs one run; and
    it shows less. An audit can refute a claim; it cannot prove one.

    Parameters
    ----------
    n_canaries : int, default=1000
        How many. More show more, as long as their gradients do not overlap: keep them well below
        the number of parameters.
    n_classes : int, default=None
        Number of labels, where targets are integers; canaries get random ones.
    canaries : tuple of Tensor, default=None
        Canaries of your own, inputs and targets; then ``n_canaries`` and ``n_classes`` are not
        read. None makes normal inputs, see :func:`random_canaries`.
    loss : callable, default=None
        ``loss(outputs, targets)`` returns one loss a row, the one that the loop trains on. None
        takes cross-entropy for integer targets and the squared error for others.
    confidence : float, default=0.95
        Probability that a claim which holds is not called a violation.
    n_guesses : int, default=None
        How many coins to guess. None plans it from the claim.
    random_state : None, int or numpy.random.Generator, default=None
        Source of the coins; None is the operating system's. It never seeds the run.

    Attributes
    ----------
    included : ndarray of bool
        The coins, after :meth:`make_private`.

    See Also
    --------
    audit_scores : The same for scores of any other library.
    sklearn_private.audit.EpsilonAudit : By many fits, for models that are quick to fit.

    Notes
    -----
    **Protects** nothing: it checks what protects.
    **Against** mistakes in training: too little noise, missing clipping, noise that repeats.
    **Leaks** nothing beyond the run. The model has learned the canaries: do not deploy it.
    **Assumes** that the adversary sees the noisy gradient of every step, as the claim allows.

    References
    ----------
    T. Steinke, M. Nasr, M. Jagielski, "Privacy auditing with one (1) training run", NeurIPS 2023.
    S. Mahloujifar, L. Melis, K. Chaudhuri, "Auditing f-differential privacy in one run", ICML 2025.

    Examples
    --------
    >>> import torch
    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> from torch_private import OneRunAudit
    >>> X, y = torch.randn(200, 300), torch.randint(2, (200,))
    >>> module = torch.nn.Linear(300, 2)
    >>> optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    >>> loader = DataLoader(TensorDataset(X, y), batch_size=400)
    >>> audit = OneRunAudit(n_canaries=200, n_classes=2)
    >>> module, optimizer, loader = audit.make_private(
    ...     module, optimizer, loader, epsilon=4.0, delta=1e-5, epochs=10
    ... )
    >>> for _ in range(10):  # the ordinary loop
    ...     for x, y in loader:
    ...         optimizer.zero_grad()
    ...         torch.nn.functional.cross_entropy(module(x), y).backward()
    ...         optimizer.step()
    >>> audit.run().claimed_epsilon
    4.0
    """

    def __init__(
        self,
        n_canaries: int = 1000,
        *,
        n_classes: int | None = None,
        canaries: tuple[Any, ...] | None = None,
        loss: Callable[..., Any] | None = None,
        confidence: float = 0.95,
        n_guesses: int | None = None,
        random_state: Any = None,
    ):
        self.n_canaries = n_canaries
        self.n_classes = n_classes
        self.canaries = canaries
        self.loss = loss
        self.confidence = confidence
        self.n_guesses = n_guesses
        self.random_state = random_state
        self._private = None

    def make_private(self, module: Any, optimizer: Any, loader: Any, **options: Any) -> Any:
        """Make a training loop private, with canaries in its data.

        Parameters
        ----------
        module : torch.nn.Module
            What is trained.
        optimizer : torch.optim.Optimizer
            Holds its trainable parameters.
        loader : torch.utils.data.DataLoader
            Over a ``TensorDataset`` of inputs and targets.
        **options
            As in :func:`torch_private.make_private`; the relation is ``"zero_out"``.

        Returns
        -------
        PrivateTraining
            Unpacks to ``module, optimizer, loader``.

        Raises
        ------
        InvalidParameterError
            If a parameter breaks its rule, or canaries cannot be added to the loader.
        """
        self._check_parameters(options)
        rng = noise_source(self.random_state)
        canaries = self._canaries(loader)
        n_canaries, n_rows = len(canaries[0]), len(loader.dataset)
        planted = planted_loader(loader, canaries, rng)
        shadow = copy.deepcopy(module)
        private = make_private(module, optimizer, planted, **options)
        self.included = (uniform_words(n_canaries, rng) & np.uint64(1)).astype(bool)
        hidden = np.concatenate([np.zeros(n_rows, dtype=bool), ~self.included])
        private.loader.sampler = Without(private.loader.sampler, hidden)
        device = next(module.parameters()).device
        data = loader.dataset.tensors
        self._scores = CanaryScores(
            shadow,
            *([tensor.to(device) for tensor in rows] for rows in (data, canaries)),
            loss=self.loss or row_losses,
            max_grad_norm=_length(options.get("max_grad_norm", 1.0)),
            batch_size=private.loader.batch_size,
            rate=private.loader.batch_size / len(planted.dataset),
            loss_reduction=options.get("loss_reduction", "mean"),
            noise_std=private.noise_multiplier * _length(options.get("max_grad_norm", 1.0)),
        )
        # Hooks run in the order of their registration: the noisy gradient is in place.
        parameters = [p for p in module.parameters() if p.requires_grad]
        self._handle = optimizer.register_step_pre_hook(
            lambda *_: self._scores.add_step(parameters)
        )
        self._private = private
        return private

    def run(self) -> Any:
        """Guess the coins, after the training loop.

        Returns
        -------
        OneRunAuditResult

        Raises
        ------
        GuaranteeError
            If there was no step, or the scores are not finite.
        """
        if self._private is None or not self._private.n_steps:
            raise GuaranteeError(
                "There is no run to audit. Call make_private() of the audit instead of "
                "torch_private.make_private, run the training loop, then call run()."
            )
        self._handle.remove()
        self._scores.detach()
        scores = self._scores.total.numpy()
        if not np.isfinite(scores).all():
            raise GuaranteeError(
                "The losses of canaries are not finite: training diverged, which says nothing of "
                "its privacy. Lower the learning rate."
            )
        claim = self._private.privacy_statement_
        return audit_scores(
            scores,
            self.included,
            epsilon=claim.epsilon,
            delta=claim.delta,
            event=claim.event,
            confidence=self.confidence,
            n_guesses=self.n_guesses,
            noise_variance=self._scores.noise_variance,
            owner=type(self._private.module).__name__,
        )

    def _check_parameters(self, options):
        check = Checks(self)
        check.integer("n_canaries", at_least=LEAST_CANARIES)
        check.integer("n_classes", at_least=2, optional=True)
        check.real("confidence", at_least=0.5, below=1)
        if options.get("neighboring", "zero_out") != "zero_out":
            raise InvalidParameterError(
                "The coins of OneRunAudit leave canaries out, so it audits neighboring='zero_out'. "
                f"Got {options['neighboring']!r} instead."
            )
        if options.get("random_state") is not None:
            raise InvalidParameterError(
                "A seeded run claims nothing (epsilon is infinite), so there is no claim to audit. "
                "Leave random_state of make_private at None."
            )

    def _canaries(self, loader):
        if self.canaries is not None:
            return self.canaries
        return random_canaries(loader, self.n_canaries, n_classes=self.n_classes)


def _length(norms):
    """Return the norm that a whole gradient is clipped to, also if each layer has its own."""
    return math.hypot(*norms) if isinstance(norms, list | tuple) else norms
