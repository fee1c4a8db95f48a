"""Which mechanism fits a logistic regression, from public quantities alone."""

from ... import accounting
from ..._checks import Checks
from ...exceptions import InvalidParameterError
from ...sums import Limits
from ..objective import MAX_EPSILON, calibrate, calibrate_pure
from ._noisy_program import calibrate_descent, calibrate_newton

SOLVERS = ("auto", "objective", "newton", "gd")
_MUCH_SIGNAL = 100.0  # beyond it noise hides little, and a log-loss without clipping is best
_MANY_COLUMNS = 1000  # beyond it the matrix of the Newton-like steps is too large


def mechanism_of(estimator, bounds, *, n_columns, n_classes, n_rows):
    """Return the mechanism of one fit.

    Parameters
    ----------
    estimator : DPLogisticRegression
        With its parameters.
    bounds : RowBounds
        Of its rows.
    n_columns : int
        Columns of design rows.
    n_classes : int
        Number of declared classes.
    n_rows : int or None
        Number of rows, where it is public.

    Returns
    -------
    Perturbation or NoisyProgram

    Raises
    ------
    InvalidParameterError
        If the solver cannot do what the other parameters ask for.
    """
    solver = estimator.solver
    if solver == "auto":
        solver = _automatic(estimator, n_columns, n_classes, n_rows)
    _refuse_what_it_cannot(estimator, solver, n_classes, n_rows)
    l2 = 0.0 if estimator.C is None else 1 / estimator.C
    if solver == "objective":
        return _objective(estimator, bounds, n_columns, l2)
    epsilon, delta = min(float(estimator.epsilon), MAX_EPSILON), float(estimator.delta)
    public = {
        "limits": Limits(bounds.norm, n_rows, rows_per_unit=estimator.rows_per_unit),
        "constant": bounds.intercept,
        "n_features": n_columns - bool(bounds.intercept),
        "neighboring": estimator.neighboring,
        "l2": l2,
    }
    if solver == "newton":
        return calibrate_newton(epsilon, delta, **public)
    mu = accounting.gaussian_mu(epsilon, delta)
    return calibrate_descent(epsilon, delta, n_classes=n_classes, mu=mu, **public)


def _automatic(estimator, n_columns, n_classes, n_rows):
    """Return the solver that was best on Adult and breast_cancer at this much signal."""
    if n_classes > 2:
        return "gd"
    if estimator.delta == 0 or n_rows is None:
        return "objective"
    moved = estimator.rows_per_unit * (2 if estimator.neighboring == "replace_one" else 1)
    mu = accounting.gaussian_mu(min(float(estimator.epsilon), MAX_EPSILON), estimator.delta)
    if n_rows * mu / moved / n_columns > _MUCH_SIGNAL:
        return "objective"
    return "newton" if n_columns <= _MANY_COLUMNS else "gd"


def _refuse_what_it_cannot(estimator, solver, n_classes, n_rows):
    if n_classes > 2 and (solver != "gd" or estimator.delta == 0):
        way_out = "delta above 0" if estimator.delta == 0 else "solver='gd'"
        raise InvalidParameterError.unreleased(
            f"Only binary classification is supported by solver={solver!r} with "
            f"delta={estimator.delta:g} in {type(estimator).__name__}. Got {n_classes} classes.",
            f"Take {way_out}.",
        )
    check = Checks(estimator)
    if solver != "objective" and estimator.delta == 0:
        raise check.invalid("delta", f"above 0 for solver={solver!r}, whose noise is Gaussian")
    if solver != "objective" and n_rows is None:
        raise check.invalid(
            "n_public",
            f"given for solver={solver!r} with neighboring='add_remove': a public number of rows, "
            "which the steps depend on",
        )


def _objective(estimator, bounds, n_columns, l2):
    public = {
        "row_norm": bounds.row_norm,
        "n_features": n_columns,
        "neighboring": estimator.neighboring,
        "min_l2": l2,
        "rows_per_unit": estimator.rows_per_unit,
    }
    if estimator.delta == 0:
        return calibrate_pure(estimator.epsilon, **public)
    return calibrate(estimator.epsilon, estimator.delta, **public)
