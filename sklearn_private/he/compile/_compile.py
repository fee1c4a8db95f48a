"""Which compiler takes which model.

A compiler takes the fitted models of one family and gives the three parts of :class:`Compiled`. A
new one is one file and its line here.
"""

from ._affine import final_of
from ._linear import compile_linear

COMPILERS = ()
"""Pairs of classes and compiler; what none of them takes must be linear."""


def compile_model(task):
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
    model = final_of(task.estimator)
    for kinds, compiler in COMPILERS:
        if isinstance(model, kinds):
            return compiler(task)
    return compile_linear(task)
