"""Which program serves which scikit-learn class, and how its result becomes a fitted estimator."""

from __future__ import annotations

from typing import Any

from ..exceptions import InvalidParameterError
from ._program import Program

_PROGRAMS: dict[type, Program] = {}


def register(program: Program) -> Program:
    """Let a program fit its class wherever sums are asked for: federated, masked, shared, noisy.

    Parameters
    ----------
    program : Program
        Which class it serves, and how.

    Returns
    -------
    Program
        The same.

    Raises
    ------
    InvalidParameterError
        If another program serves the class already.
    """
    other = _PROGRAMS.setdefault(program.serves, program)
    if other is not program:
        raise InvalidParameterError(
            f"A program for {program.serves.__name__} is registered already. Serve a subclass."
        )
    if program.fit_noisy is not None and (program.budget is None or not program.asks_noisy):
        del _PROGRAMS[program.serves]
        raise InvalidParameterError(
            f"The program for {program.serves.__name__} has fit_noisy without budget and "
            "asks_noisy: say how its sums share a budget, and which they are."
        )
    return program


def supported() -> tuple[type, ...]:
    """Return the classes that a program serves, a tuple sorted by name."""
    return tuple(sorted(_PROGRAMS, key=lambda kind: kind.__name__))


def program_for(estimator: Any) -> Program:
    """Return the program that fits an estimator by sums.

    Parameters
    ----------
    estimator : estimator
        An instance of exactly one of the served classes: a subclass may compute anything.

    Returns
    -------
    Program

    Raises
    ------
    InvalidParameterError
        If no program serves the class, or a parameter asks for what sums cannot give.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_private.sums import program_for
    >>> program_for(Ridge()).serves.__name__
    'Ridge'
    """
    if type(estimator) not in _PROGRAMS:
        raise InvalidParameterError(
            f"{type(estimator).__name__} cannot be fitted by sums: no program serves it. "
            f"Supported are {', '.join(kind.__name__ for kind in supported())}."
        )
    program = _PROGRAMS[type(estimator)]
    program.check(estimator)
    return program


def rebuild(estimator: Any, result: dict[str, Any]) -> Any:
    """Return a fitted scikit-learn estimator from the result of a program.

    Parameters
    ----------
    estimator : estimator
        Unfitted, with its parameters; it is left alone.
    result : dict
        Fitted attributes by name, such as ``coef_`` and ``n_features_in_``.

    Returns
    -------
    estimator
        A clone with these attributes: it predicts, pickles and stands alone. Attributes that its
        own solver would add and sums do not give (``rank_``, ``singular_``, ``solver_``) are
        missing.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_private.sums import rebuild
    >>> model = rebuild(Ridge(), {"coef_": np.array([2.0]), "intercept_": 1.0,
    ...                           "n_features_in_": 1})
    >>> model.predict([[3.0]]).tolist()
    [7.0]
    """
    fitted = program_for(estimator).shell(estimator)
    for name, value in result.items():
        setattr(fitted, name, value)
    return fitted
