"""What a DP estimator that reads bounded rows promises, in words."""


def dp_statement(estimator, payment, mechanism, bounds, findings, *, n_rows):
    """Return the statement of one fit.

    Parameters
    ----------
    estimator : DPLogisticRegression
        Whose statement it is, with its parameters.
    payment : Payment
        What was paid.
    mechanism : Perturbation or NoisyProgram
        What was released.
    bounds : RowBounds
        Of the rows.
    findings : tuple of Finding
        What else is to be said; not empty where the classes were learned.
    n_rows : int or None
        Public number of rows, of which ``rows_per_unit`` are one unit.

    Returns
    -------
    DPStatement
    """
    unit = payment.unit
    what = (
        "the features and label of one row"
        if unit == "row"
        else f"all rows of one person, of which at most {estimator.rows_per_unit} are used"
    )
    hidden = estimator.neighboring == "add_remove"
    return payment.statement(
        protects=what,
        n_rows=n_rows and n_rows // estimator.rows_per_unit,
        against=f"whoever reads the fitted attributes and knows all other {unit}s",
        releases=("coef_", "intercept_"),
        leaks=(
            "number and names of features",
            *(() if hidden else (f"number of {unit}s",)),
            *(("the set of labels in y",) if findings else ()),
            *(("that there are no more rows than n_public",) if estimator.n_public else ()),
            "that all values were finite, all labels declared ones, and the solver converged",
            "time of the fit",
        ),
        assumes=(
            "bounds, classes and parameters were chosen without looking at the rows",
            "one row per person, or the claim is per row and not per person"
            if unit == "row"
            else "privacy_unit names one person of every row",
        ),
        mechanism=mechanism.name,
        parameters={"row_norm": bounds.row_norm, **mechanism.parameters()},
        bounds={
            "rows": bounds.source,
            "classes": "learned from y" if findings else "classes=, from the caller",
        },
        findings=findings,
    )
