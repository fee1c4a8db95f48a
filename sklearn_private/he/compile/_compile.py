"""Which compiler takes which model.

A compiler takes the fitted models of one family and gives the three parts of :class:`Compiled`. A
new one is one file and its line here.
"""

from typing import Any

from sklearn.base import BaseEstimator, is_classifier

from ._affine import final_of, model_of, refusal
from ._forest import BOOSTING, FORESTS, compile_forest
from ._linear import compile_linear
from ._network import NETWORKS, compile_network
from ._quadratic import QUADRATIC, compile_quadratic

COMPILERS = (
    ((*FORESTS, *BOOSTING), "leaves", compile_forest),
    (QUADRATIC, "affine", compile_quadratic),
    (NETWORKS, "squares", compile_network),
)
"""Classes of models, the kind of their program, and their compiler; all others must be linear."""


def kind_of(estimator: BaseEstimator) -> Any:
    """Return the kind of program of an estimator, which need not be fitted."""
    return _compiler_of(estimator)[0]


def is_linear(estimator: BaseEstimator) -> bool:
    """Return whether affine steps in front of a model are folded into it."""
    return _compiler_of(estimator)[1] is compile_linear


def compile_model(task: Any) -> Any:
    """Return the compiled model of a fitted estimator.

    Parameters
    ----------
    task : Task
        The estimator, its training rows, and their grid.

    Returns
    -------
    Compiled

    Raises
    ------
    InvalidParameterError
        If the estimator cannot be evaluated on ciphertexts; the message says why.
    """
    if is_classifier(task.estimator) and len(task.estimator.classes_) < 2:
        raise refusal(final_of(task.estimator), "it knows one class", "labels of two classes")
    return _compiler_of(task.estimator)[1](task)


def _compiler_of(estimator):
    model = model_of(estimator)
    for classes, kind, compiler in COMPILERS:
        if isinstance(model, classes):
            return kind, compiler
    return "affine", compile_linear
