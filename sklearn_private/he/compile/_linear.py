"""The compiler of linear models and affine pipelines."""

from typing import Any

from ...exceptions import InvalidParameterError
from ._affine import fold
from ._compiled import Compiled
from ._quantise import quantise
from ._verify_fold import agreed_readout, floating_slack


def compile_linear(task: Any) -> Compiled:
    """Fold an affine pipeline and a linear model into one affine map of whole numbers."""
    affine = fold(task.estimator)
    if affine.coef.shape[1] != task.rows.shape[1]:
        raise InvalidParameterError(
            f"The 'estimator' parameter of HEPredictor takes {affine.coef.shape[1]} columns, "
            f"and X has {task.rows.shape[1]}. Fit it on the columns of X."
        )
    program, exponents, error = quantise(affine, task.grid, task.weight_bits)
    slack = floating_slack(affine, task.rows)
    readout = agreed_readout(affine(task.rows), slack, exponents, task.estimator, task.X)
    return Compiled(task.grid, program, readout, error)
