"""What a DP estimator that reads bounded rows promises, in words."""

from ...statements import DPStatement, Payment
from ..rows import RowBounds, Target
from ._public import Public


def state(
    estimator: object,
    payment: Payment,
    mechanism: object,
    bounds: RowBounds,
    target: Target,
    public: Public,
) -> DPStatement:
    """Return the statement of one fit.

    Parameters
    ----------
    estimator : DPEstimator
        Whose statement it is, with its parameters.
    payment : Payment
        What was paid for the release.
    mechanism : Mechanism
        What was released.
    bounds : RowBounds
        Of the rows.
    target : Target
        What stands beside their features, and the words for it.
    public : Public
        The public quantities of the fit.

    Returns
    -------
    DPStatement
    """
    unit = payment.unit
    what = (
        target.protects
        if unit == "row"
        else f"all rows of one person, of which at most {estimator.rows_per_unit} are used"
    )
    hidden = estimator.neighboring == "add_remove"
    return payment.statement(
        protects=what,
        against=f"whoever reads the fitted attributes and knows all other {unit}s",
        releases=estimator._releases,
        leaks=(
            "number and names of features",
            *(() if hidden else (f"number of {unit}s",)),
            *target.leaks,
            *(("that there are no more rows than n_public",) if estimator.n_public else ()),
            "that " + _listed((*target.refused, *mechanism.told)),
            "time of the fit",
        ),
        assumes=(
            "bounds, classes and parameters were chosen without looking at the rows"
            if target.classes is not None
            else "bounds and parameters were chosen without looking at the rows",
            "one row per person, or the claim is per row and not per person"
            if unit == "row"
            else "privacy_unit names one person of every row",
        ),
        mechanism=mechanism.name,
        parameters={"row_norm": bounds.row_norm, **mechanism.parameters()},
        bounds={"rows": bounds.source, **target.bounds},
        findings=target.findings,
        n_rows=None if hidden else public.n_rows // public.rows_per_unit,
    )


def _listed(facts):
    """Return facts as one clause: ``"a, b and c"``."""
    *most, last = facts
    return f"{', '.join(most)} and {last}" if most else last
