"""Private classification with a module of torch."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.special import log_softmax
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from sklearn_private.accounting import LedgerLike
from sklearn_private.dp import class_codes

from ._defaults import constant, expected_norm, is_linear, travelling
from ._design import made_up_inputs
from ._estimator import ModuleEstimator
from ._modules import outputs_of
from .ways import cross_entropy

_RATE = 2.0  # of modules that are not linear


class DPClassifier(ClassifierMixin, ModuleEstimator):
    """Train a classifier of torch with differential privacy.

    A scikit-learn estimator around any module: give it a function that makes one, and use it in
    pipelines and searches. :func:`torch_private.make_private` does the training.

    Parameters
    ----------
    module : torch.nn.Module or callable, default=torch.nn.Linear
        What is trained: a function that makes it (called with the number of features and of
        outputs if it needs two arguments), or a module, which is copied and trained from the
        weights it has. It gives one number (a logit) for each class.
    epsilon : float, default=1.0
        Privacy loss of one fit. Larger is more accurate and less private.
    delta : float, default=1e-5
        Probability-like slack of the claim, in (0, 1). Keep it below 1 / n_samples.
    neighboring : {"zero_out", "replace_one"}, default="zero_out"
        The neighbouring relation: a row is replaced by nothing or by another. The number of rows
        is public in both. Replace-one takes twice the noise.
    classes : sequence of labels, default=None
        The labels, in any order. None learns them from y, which is not private: it warns.
    feature_norm : float, default=None
        Bound on the L2 norm of a row; longer rows are clipped.
    bounds : pair of float, sequence of pairs, or dict of name to pair, default=None
        Range (low, high) of every feature; values outside are clipped. The module sees each
        feature between -1 and 1 (between 0 and 1, if it is a linear layer and 0 is no inner point
        of the range). With ``feature_norm``, which excludes it, rows have norm at most 1. Either
        helps training; privacy does not rest on it, since gradients are clipped.
    features : callable, transformer or torch.nn.Module, default=None
        A first step that is fixed in advance: a function of X, a transformer that needs no fit, or
        a frozen module.
    criterion : callable, default=None
        ``criterion(outputs, targets)`` returns one loss a row. None is the cross-entropy.
    optimizer : callable, default=None
        ``optimizer(parameters, lr=lr)``, such as a class of ``torch.optim``. None is SGD.
    lr : float, default=None
        Learning rate. None is, for a linear layer on bounded rows, the one at which the noise of a
        logit is about 1.3 in the end, with momentum: a formula of the claim, the number of rows and
        features, and ``max_epochs``. It is 2 elsewhere.
    max_epochs : int, default=None
        Passes over the rows. More take more noise each. None is 160 for a linear layer on bounded
        rows, and 40 elsewhere.
    batch_size : int, default=None
        Rows that a step sees on average. None takes all rows for a linear layer, and up to 2,048
        for other modules: larger is more accurate and slower.
    max_grad_norm : float, default=1.0
        The norm that each row's gradient is clipped to. Smaller: less noise, more bias.
    clipping : {"flat", "automatic", "adaptive"}, default="flat"
        How gradients are clipped, see :class:`torch_private.clipping.Clipper`.
    sampling : {"poisson", "truncated_poisson", "fixed"}, default="poisson"
        How rows are drawn, see :func:`torch_private.make_private`.
    augment : callable, default=None
        From a tensor of rows to one of the same shape, each row altered at random. The gradient of
        a row is then the mean over copies of it, and clipped after that.
    n_copies : int, default=1
        Copies of each row in a step, with ``augment``. More cost time, and no privacy.
    ema : float, default=0.99
        The most that a step keeps of the average of the weights, which the fitted module gets. It
        costs no privacy. None takes the last weights.
    device : str or torch.device, default="cpu"
        Where to train.
    ledger : PrivacyLedger or path-like, default=None
        Ledger that each fit is charged to, before its first step.
    verbose : int, default=0
        1 prints about ten lines a fit, 2 a line each pass. Losses are never printed: they are made
        from rows.
    random_state : None, int or numpy.random.Generator, default=None
        None takes samples and noise from the operating system. A seed is for tests: the noise can
        be repeated, so epsilon is infinite in the statement.

    Attributes
    ----------
    module_ : torch.nn.Module
        The private module, in evaluation mode.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; their logits have this order.
    n_steps_ : int
        Noisy gradients that were released, in all runs.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    DPRegressor : For targets that are numbers.
    torch_private.make_private : For a training loop of your own.
    sklearn_private.DPLogisticRegression : Linear and without torch, nothing to tune.

    Notes
    -----
    **Protects** the features and label of one row, replaced by nothing (or by another).
    **Against** whoever reads the module after each step, and knows all other rows.
    **Leaks** the number and names of features, the class labels, the number of rows, and the time
    of the fit.
    **Assumes** that parameters were chosen without looking at the rows; that the module and
    ``criterion`` treat each row by itself, which is checked; and that float noise stands for real
    numbers.

    A linear layer needs no autograd, and sees all rows in each step: gradient norms and sums have
    closed forms. There are no sample weights: a weight multiplies what its row can do.

    References
    ----------
    M. Abadi et al., "Deep learning with differential privacy", CCS 2016. S. De et al., "Unlocking
    high-accuracy differentially private image classification through scale", arXiv:2204.13650.
    F. Tramèr, D. Boneh, "Differentially private learning needs better features (or much more
    data)", ICLR 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from torch_private import DPClassifier
    >>> X = np.linspace(-1, 1, 2000).reshape(-1, 1)
    >>> y = (X[:, 0] > 0).astype(int)
    >>> model = DPClassifier(lambda: nn.Linear(1, 2), epsilon=3.0, classes=[0, 1]).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    >>> print(model.privacy_statement_.claim())
    (3, 1e-05)-differential privacy, zero-out, one row
    """

    _criterion = staticmethod(cross_entropy)
    _y_checks = {}  # noqa: RUF012

    def __init__(
        self,
        module: torch.nn.Module | Callable[..., Any] = nn.Linear,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        neighboring: str = "zero_out",
        classes: Sequence[Any] | None = None,
        feature_norm: float | None = None,
        bounds: Any = None,
        features: Any = None,
        criterion: Callable[..., Any] | None = None,
        optimizer: Callable[..., Any] | None = None,
        lr: float | None = None,
        max_epochs: int | None = None,
        batch_size: int | None = None,
        max_grad_norm: float = 1.0,
        clipping: str = "flat",
        sampling: str = "poisson",
        augment: Callable[..., Any] | None = None,
        n_copies: int = 1,
        ema: float = 0.99,
        device: str | torch.device = "cpu",
        ledger: LedgerLike | None = None,
        verbose: int = 0,
        random_state: int | np.random.Generator | None = None,
    ):
        self.module = module
        self.epsilon = epsilon
        self.delta = delta
        self.neighboring = neighboring
        self.classes = classes
        self.feature_norm = feature_norm
        self.bounds = bounds
        self.features = features
        self.criterion = criterion
        self.optimizer = optimizer
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.max_grad_norm = max_grad_norm
        self.clipping = clipping
        self.sampling = sampling
        self.augment = augment
        self.n_copies = n_copies
        self.ema = ema
        self.device = device
        self.ledger = ledger
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train a new module, charging the ledger first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        DPClassifier
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter, a bound or a label breaks its rule.
        GuaranteeError
            If the module mixes rows, or cannot be trained with a bound on each.
        BudgetExceededError
            If the ledger refuses; nothing was released.
        """
        return self._fit(X, y, anew=True)

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: Sequence[Any] | None = None) -> Self:
        """Train the module on, charging the ledger for a run more.

        Each call is a run of its own with the whole of ``epsilon``. The statement adds them up, as
        if all calls had the same rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.
        classes : sequence of labels, default=None
            All labels, at the first call, unless the estimator has them.

        Returns
        -------
        DPClassifier
            Itself.
        """
        return self._fit(X, y, anew=False, classes=classes)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the logarithms of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return log_softmax(self._outputs(X), axis=1)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable label of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        best = self._outputs(X).argmax(axis=1)
        return self.classes_[best]

    def _targets(self, y, anew, classes):
        """Return positions of labels, findings about them, and the attributes they make."""
        declared = classes if self.classes is None else self.classes
        known, codes, findings = class_codes(
            y, classes=declared if anew else self.classes_, owner=type(self).__name__
        )
        return torch.as_tensor(codes), findings, {"classes_": known}

    def _look(self, n_inputs):
        """Warn if nothing was learned; the released module alone says so, on made-up inputs."""
        if (self.bounds is None and self.feature_norm is None) or len(self.classes_) < 2:
            return
        inputs = made_up_inputs(self, n_inputs, self.module_)
        if len(set(outputs_of(self.module_, inputs).argmax(1).tolist())) == 1:
            warnings.warn(
                "The module predicts one class for made-up inputs of the whole range of bounds= "
                "or feature_norm=: it learned the frequencies of the classes and nothing else. "
                "Give a larger epsilon, more rows, narrower bounds, or lr=None.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _n_outputs(self, known):
        return len(known["classes_"])

    def _schedule(self, module, inputs):
        bounded = self.feature_norm is not None or self.bounds is not None
        if self.lr is None and bounded and is_linear(module):
            norm = expected_norm(inputs.shape[1], unit_rows=self.bounds is None)
            return travelling(self, len(inputs), norm)
        return constant(self, _RATE if self.lr is None else self.lr)

    def _target_bounds(self, findings):
        return {"classes": "learned from y" if findings else "classes=, from the caller"}
