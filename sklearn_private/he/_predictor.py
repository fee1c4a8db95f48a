"""A fitted scikit-learn model that predicts on encrypted rows."""

import secrets
from copy import deepcopy
from typing import Any, Self

import numpy as np
import sklearn
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from .._checks import Checks
from ._statement import encryption_statement
from .compile import PROBABILITIES, Task, check_steps, compile_model, front_of, kind_of, part
from .maps import Grid, Steps, dense
from .protocol import HEClient, HEServer, Layout, Signer
from .schemes import SCHEMES, choose_scheme, open_scheme


def _has_probabilities(predictor):
    if hasattr(predictor, "_client"):
        return predictor._client.readout.link in PROBABILITIES
    return hasattr(predictor.estimator, "predict_proba")


class HEPredictor(MetaEstimatorMixin, BaseEstimator):
    """Predict on rows that the holder of the model cannot read.

    ``fit`` fits a clone of ``estimator`` in clear, as scikit-learn does, and compiles it into a
    *client map* (public: from columns to whole numbers), a *server program* (secret: from these to
    scores, under encryption) and a *readout* (public: from scores to predictions). ``predict``
    encrypts the rows, evaluates the program on the ciphertexts and decrypts the scores, all in this
    process, which shows cost and accuracy and protects nothing; :meth:`split` gives the client and
    the server for two parties.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor: a linear model (``coef_`` and ``intercept_``), alone or behind
        affine steps; ``GaussianNB`` or ``QuadraticDiscriminantAnalysis``, which are linear in
        products of columns; a decision tree, a random or extra forest, or ``GradientBoosting*``;
        or an ``MLP*`` with one hidden layer, whose activations are replaced by parabolas. A search
        or another wrapper around one will do. Steps of a pipeline that are not affine
        (``ColumnTransformer``, encoders, imputers), and all steps in front of a model that is not
        linear, are applied by the client, who gets them: the statement lists what they publish.
        Wrap a model that is already fitted in ``sklearn.frozen.FrozenEstimator`` to use it as it
        is.
    scheme : {"auto", "paillier", "ckks", "bfv"}, default="auto"
        The encryption scheme. "auto" takes the first that evaluates the model. For linear models
        "paillier" is exact, and its answers tell no more than the scores; "ckks" is some 30 times
        as fast and adds a noise that ``score_error_bound_`` covers. Trees run under "bfv", exactly.
    security_bits : {112, 128, 192, 256}, default=128
        Security level: Paillier moduli of 2048, 3072 or 7680 bits for the first three, rings of the
        HomomorphicEncryption.org table for the last three.
    precision_bits : int, default=19
        Each column is rounded to ``2**precision_bits`` values of its range. More is more exact,
        and fewer rows share a ciphertext. Trees do not round columns.
    weight_bits : int, default=19
        Bits of the largest weight of each output of a linear model. More is more exact and makes
        the server slower.
    bounds : pair of float, array-like of shape (n_features, 2), or None, default=None
        The public range of every column, or of each one. None learns ranges from the training
        rows, widened by half of their span on either side and rounded outward; every client then
        learns these. Where the client applies steps, these are ranges of the columns that come out
        of them. Trees need none.
    out_of_range : {"raise", "clip"} or None, default=None
        What the client does with a value outside its range: refuse the rows, or move the value to
        the end of the range and count it in ``n_clipped_``. None raises where ``bounds`` are given
        and clips where they are learnt, so that a held-out row does not end a cross-validation.
    simulate : bool, default=False
        Whether ``predict`` computes the same whole numbers without encryption, for a grid search:
        the results come at once, and are exactly the same but for the noise of CKKS.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    classes_ : ndarray of shape (n_classes,)
        Class labels, for a classifier.
    score_error_bound_ : ndarray of shape (n_outputs,)
        Largest error of each score by rounding, proven for every row inside the ranges.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X had string names.
    privacy_statement_ : EncryptionStatement
        What is protected, from whom, and what leaks. Promises of the estimator are its parts.

    See Also
    --------
    HEClient : Encrypts rows and reads responses.
    HEServer : Evaluates the model on encrypted rows.

    Notes
    -----
    **Protects** the feature values and scores of the rows to predict. Training is in clear.
    **Against** the party that holds the model, as long as it follows the protocol; only after
    :meth:`split`, since ``predict`` runs both roles in one process.
    **Leaks** the number of rows and columns to the server. The client learns exact scores, and
    all weights by one malformed request of one row, in which a column holds a power of two instead
    of a value; a budget of a client counts requests, not rows. Ranges, link and labels are known
    to every client, and of trees the thresholds of all splits, but not the values of leaves.
    **Assumes** decisional composite residuosity, or ring learning with errors, and keys that stay
    with their parties: requests and answers are signed, so that nobody between the two can change
    them. The code has had no third-party audit, and big integers are not constant time.

    A fitted predictor holds no key: simulations in one process share one that is made at the first
    prediction, and pickles and copies have none. Scores are sums of whole numbers whose range, and
    whose noise under the scheme, is proven when the model is compiled.

    References
    ----------
    .. [1] P. Paillier, "Public-key cryptosystems based on composite degree residuosity classes",
       EUROCRYPT 1999.
    .. [2] J. H. Cheon et al., "Homomorphic encryption for arithmetic of approximate numbers",
       ASIACRYPT 2017.
    .. [3] J. Fan and F. Vercauteren, "Somewhat practical fully homomorphic encryption", 2012.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_private.he import HEPredictor
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), LogisticRegression())
    >>> encrypted = HEPredictor(model, bounds=(0, 10)).fit(X, y)
    >>> encrypted.predict(X[::50])
    array([0, 1, 2])
    >>> bool(encrypted.score_error_bound_.max() < 0.01)
    True
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        scheme: str = "auto",
        *,
        security_bits: int = 128,
        precision_bits: int = 19,
        weight_bits: int = 19,
        bounds: tuple[float, float] | ArrayLike | None = None,
        out_of_range: str | None = None,
        simulate: bool = False,
    ):
        self.estimator = estimator
        self.scheme = scheme
        self.security_bits = security_bits
        self.precision_bits = precision_bits
        self.weight_bits = weight_bits
        self.bounds = bounds
        self.out_of_range = out_of_range
        self.simulate = simulate

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **params: dict[str, Any]) -> Self:
        """Fit the estimator in clear and compile it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows, finite numbers.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets.
        **params : dict
            Passed to ``fit`` of the estimator: as they are, or by scikit-learn's metadata routing
            where it is enabled.

        Returns
        -------
        HEPredictor
            This predictor.

        Raises
        ------
        InvalidParameterError
            If the estimator does not fold into one affine map; the message names the step and the
            way out.
        """
        self._check_parameters()
        # A DP estimator spends in its fit: what can fail comes first.
        check_steps(self.estimator)
        choose_scheme(self.scheme, kind_of(self.estimator), self.security_bits)
        rows, X = self._checked(X)
        if kind_of(self.estimator) != "affine" and getattr(y, "shape", ())[1:] == (1,):
            y = column_or_1d(y, warn=True)
        self.estimator_ = clone(self.estimator).fit(X, y, **self._routed(params))
        front, rest = part(self.estimator_)
        if front is not None:
            X = front.transform(X)
            rows = dense(X)
        self._compile(front, Task(rest, X, rows, self._grid(rows), self.weight_bits))
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Encrypt rows, evaluate, decrypt, and return class labels or predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; values outside the public ranges are refused or clipped, see ``out_of_range``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)

        Raises
        ------
        RangeError
            If a value lies outside the range of its column, and is not to be clipped.
        """
        scores = self._scores(X)
        return self._client.readout.predict(scores)

    @available_if(_has_probabilities)
    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Encrypt rows, evaluate, decrypt, and return class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; values outside the public ranges are refused or clipped, see ``out_of_range``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        scores = self._scores(X)
        return self._client.readout.predict_proba(scores)

    @available_if(is_classifier)
    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Encrypt rows, evaluate, decrypt, and return the scores of a classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; values outside the public ranges are refused or clipped, see ``out_of_range``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        return self._scores(X)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of a classifier, or R squared of a regressor.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; values outside the public ranges are refused or clipped, see ``out_of_range``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
        """
        metric = accuracy_score if is_classifier(self) else r2_score
        return metric(y, self.predict(X), sample_weight=sample_weight)

    def split(self) -> tuple[HEClient, HEServer]:
        """Return a client and a server that share no object.

        Returns
        -------
        client : HEClient
            Ranges, link and labels; no weights, and no key before ``keygen``.
        server : HEServer
            Weights; never a secret key.
        """
        check_is_fitted(self)
        return (
            HEClient.from_bytes(self._client.to_bytes()),
            HEServer.from_bytes(self._server.to_bytes()),
        )

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata goes to ``fit`` of the estimator.

        Returns
        -------
        MetadataRouter
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def _check_parameters(self):
        check = Checks(self)
        check.choice("scheme", among=["auto", *SCHEMES])
        entries = SCHEMES.values() if self.scheme == "auto" else [SCHEMES[self.scheme]]
        levels = {bits for entry in entries for bits in entry.security_bits}
        check.choice("security_bits", among=sorted(levels))
        check.integer("precision_bits", at_least=1, at_most=24)
        check.integer("weight_bits", at_least=1, at_most=30)
        check.choice("out_of_range", among=[None, "raise", "clip"])
        check.boolean("simulate")

    def _routed(self, params):
        if not params or not sklearn.get_config()["enable_metadata_routing"]:
            return params
        return process_routing(self, "fit", **params).estimator.fit

    def _checked(self, X):
        """Return rows as numbers, unless steps of the client come first, and as the model has them.

        A grid that cannot be is refused here, too, before anything is spent.
        """
        if front_of(self.estimator):
            validate_data(self, X, skip_check_array=True)
            return None, X
        rows = validate_data(self, X, dtype=np.float64)
        self._grid(rows)
        return rows, X if hasattr(X, "columns") else rows

    def _compile(self, front, task):
        compiled = compile_model(task)
        client_map, program, readout = compiled.client_map, compiled.program, compiled.readout
        if front is not None:
            client_map = Steps(front, client_map, self.n_features_in_, self._names())
        name, scheme = choose_scheme(self.scheme, program.kind, self.security_bits)
        layout = Layout(
            scheme=name,
            program=program.kind,
            security_bits=self.security_bits,
            n_features=program.n_columns,
            n_outputs=program.n_outputs,
            levels=program.levels,
            settings=scheme.settings(program, self.security_bits),
        )
        model, signer = secrets.token_hex(16), Signer()
        self._client = HEClient(model, layout, client_map, readout, signer.public)
        self._server = HEServer(model, layout, program, signer)
        if is_classifier(self):
            self.classes_ = readout.classes
        scheme = open_scheme(layout)
        added = np.ldexp(scheme.error(program), -readout.exponents)
        self.score_error_bound_ = compiled.error + added
        errors = {"score_error_bound": float(self.score_error_bound_.max()), **compiled.notes}
        self.privacy_statement_ = encryption_statement(self, layout, scheme, errors)

    def _grid(self, rows):
        names = None if front_of(self.estimator) else self._names()
        clip = self.out_of_range == "clip" or (self.out_of_range is None and self.bounds is None)
        if self.bounds is None:
            grid = Grid.around(rows, int(self.precision_bits), names, clip=clip)
        else:
            low, high = self._given_bounds(rows.shape[1])
            grid = Grid(low, high, int(self.precision_bits), names, clip)
        with np.errstate(over="ignore", invalid="ignore"):
            if not np.isfinite(grid.high - grid.low).all():
                raise Checks(self).invalid("bounds", "ranges of finite width")
        return grid

    def _names(self):
        names = getattr(self, "feature_names_in_", None)
        return None if names is None else tuple(names)

    def _given_bounds(self, n_features):
        rule = f"None, a pair (low, high), or {n_features} pairs, with finite low < high"
        check = Checks(self)
        try:
            pairs = np.broadcast_to(np.asarray(self.bounds, dtype=np.float64), (n_features, 2))
        except (TypeError, ValueError):
            raise check.invalid("bounds", rule) from None
        if not (np.isfinite(pairs).all() and (pairs[:, 0] < pairs[:, 1]).all()):
            raise check.invalid("bounds", rule)
        return pairs[:, 0].copy(), pairs[:, 1].copy()

    def _scores(self, X):
        check_is_fitted(self)
        if isinstance(self._client.map, Steps):
            validate_data(self, X, skip_check_array=True, reset=False)
        else:
            X = validate_data(self, X, dtype=np.float64, reset=False)
        return self._scores_in_clear(X) if self.simulate else self._decrypted_scores(X)

    def _scores_in_clear(self, X):
        integers = self._client.map.encode(self._client.map.rows(X))
        return self._client.readout.scores(self._server.program(integers))

    def _decrypted_scores(self, X):
        client, server = self.split()
        client.keygen(open_scheme(client.layout).simulation_key())
        return client.decrypt(server.evaluate(client.public_bundle(), client.encrypt(X)))

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = deepcopy(inner.classifier_tags)
        tags.regressor_tags = deepcopy(inner.regressor_tags)
        tags.target_tags = deepcopy(inner.target_tags)
        if kind_of(self.estimator) != "affine":  # one target
            tags.target_tags.multi_output = False
            if tags.classifier_tags is not None:
                tags.classifier_tags.multi_label = False
        tags.non_deterministic = inner.non_deterministic or (
            self.scheme == "ckks" and not self.simulate  # its noise shows in the last digits
        )
        return tags
