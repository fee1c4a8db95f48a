"""Private regression with a module of torch."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from torch import nn

from sklearn_private._checks import Checks
from sklearn_private.accounting import LedgerLike

from ._defaults import constant
from ._estimator import ModuleEstimator
from .ways import squared_error


class DPRegressor(RegressorMixin, ModuleEstimator):
    """Train a regressor of torch with differential privacy.

    A scikit-learn estimator around any module of one output. The module predicts targets on the
    scale of -1 to 1, to which ``target_bounds`` are mapped.

    Parameters
    ----------
    module : torch.nn.Module or callable, default=torch.nn.Linear
        What is trained: a function that makes it (called with the number of features and of
        outputs if it needs two arguments), or a module, which is copied and trained from the
        weights it has. It gives one number a row.
    epsilon : float, default=1.0
        Privacy loss of one fit. Larger is more accurate and less private.
    delta : float, default=1e-5
        Probability-like slack of the claim, in (0, 1). Keep it below 1 / n_samples.
    neighboring : {"zero_out", "replace_one"}, default="zero_out"
        The neighbouring relation: a row is replaced by nothing or by another. The number of rows
        is public in both. Replace-one takes twice the noise.
    target_bounds : pair of float
        Range (low, high) of targets, chosen without looking at them; values outside are clipped.
        Needed.
    feature_norm : float, default=None
        Bound on the L2 norm of a row; longer rows are clipped.
    bounds : pair of float, sequence of pairs, or dict of name to pair, default=None
        Range (low, high) of every feature; values outside are clipped. With ``feature_norm`` or
        ``bounds``, not both, the module sees rows of norm at most 1. That helps training; privacy
        does not rest on it, since gradients are clipped.
    features : callable, transformer or torch.nn.Module, default=None
        A first step that is fixed in advance: a function of X, a transformer that needs no fit, or
        a frozen module.
    criterion : callable, default=None
        ``criterion(outputs, targets)`` returns one loss a row. None is half the squared error.
    optimizer : callable, default=None
        ``optimizer(parameters, lr=lr)``, such as a class of ``torch.optim``. None is SGD.
    lr : float, default=None
        Learning rate. None is 1.
    max_epochs : int, default=40
        Passes over the rows. More take more noise each.
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
        The private module, in evaluation mode. Its outputs are on the scale of -1 to 1.
    target_bounds_ : tuple of float
        The range that its outputs are mapped to: what was given.
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
    DPClassifier : For labels.
    torch_private.make_private : For a training loop of your own.

    Notes
    -----
    **Protects** the features and target of one row, replaced by nothing (or by another).
    **Against** whoever reads the module after each step, and knows all other rows.
    **Leaks** the number and names of features, the number of rows, and the time of the fit.
    **Assumes** that parameters were chosen without looking at the rows; that the module and
    ``criterion`` treat each row by itself, which is checked; and that float noise stands for real
    numbers.

    A linear layer needs no autograd, and sees all rows in each step: gradient norms and sums have
    closed forms. There are no sample weights: a weight multiplies what its row can do.

    References
    ----------
    M. Abadi et al., "Deep learning with differential privacy", CCS 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from torch_private import DPRegressor
    >>> X = np.linspace(-1, 1, 2000).reshape(-1, 1)
    >>> y = 3 * X[:, 0]
    >>> model = DPRegressor(lambda: nn.Linear(1, 1), epsilon=3.0, target_bounds=(-3, 3)).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _criterion = staticmethod(squared_error)
    _y_checks = {"y_numeric": True}  # noqa: RUF012

    def __init__(
        self,
        module: torch.nn.Module | Callable[..., Any] = nn.Linear,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        neighboring: str = "zero_out",
        target_bounds: tuple[float, float] | None = None,
        feature_norm: float | None = None,
        bounds: Any = None,
        features: Any = None,
        criterion: Callable[..., Any] | None = None,
        optimizer: Callable[..., Any] | None = None,
        lr: float | None = None,
        max_epochs: int = 40,
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
        self.target_bounds = target_bounds
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
            Targets.

        Returns
        -------
        DPRegressor
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter or a bound breaks its rule.
        GuaranteeError
            If the module mixes rows, or cannot be trained with a bound on each.
        BudgetExceededError
            If the ledger refuses; nothing was released.
        """
        return self._fit(X, y, anew=True)

    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the module on, charging the ledger for a run more.

        Each call is a run of its own with the whole of ``epsilon``. The statement adds them up, as
        if all calls had the same rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Targets.

        Returns
        -------
        DPRegressor
            Itself.
        """
        return self._fit(X, y, anew=False)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predicted targets, within ``target_bounds``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        scaled = np.clip(self._outputs(X).reshape(-1), -1.0, 1.0)
        low, high = self.target_bounds_
        return low + (high - low) * (scaled + 1) / 2

    def _targets(self, y, anew, classes):
        """Return scaled targets, findings about them, and the attributes they make."""
        low, high = self._bounds() if anew else self.target_bounds_
        scaled = (np.clip(y, low, high) - low) / (high - low) * 2 - 1
        return torch.as_tensor(scaled, dtype=torch.float32), (), {"target_bounds_": (low, high)}

    def _bounds(self):
        rule = (
            "a pair (low, high) of finite numbers, low below high, that was chosen without looking "
            "at the targets"
        )
        check = Checks(self)
        try:
            low, high = map(float, self.target_bounds)
        except (TypeError, ValueError) as error:
            raise check.invalid("target_bounds", rule) from error
        if not (np.isfinite([low, high]).all() and 0 < high - low < np.inf):
            raise check.invalid("target_bounds", rule)
        return low, high

    def _n_outputs(self, known):
        return 1

    def _schedule(self, module, inputs):
        return constant(self, 1.0 if self.lr is None else self.lr)

    def _target_bounds(self, findings):
        return {"targets": "target_bounds=, from the caller"}
