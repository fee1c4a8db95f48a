"""The name that Python gives to an inherited ``fit`` where an argument is unknown."""

from functools import update_wrapper
from types import FunctionType


def own_fit(cls: type) -> None:
    """Give a class the ``fit`` that it inherits as its own, under its own name.

    Without it, ``DPRidge().fit(X, y, sample_weight=w)`` is told that ``DPEstimator.fit()`` takes no
    such argument: a class that its caller never heard of.

    Parameters
    ----------
    cls : type
        Called from ``__init_subclass__``; a class that defines ``fit`` is left alone.
    """
    if "fit" in vars(cls):
        return
    fit = cls.fit
    own = FunctionType(fit.__code__, fit.__globals__, "fit", fit.__defaults__, fit.__closure__)
    update_wrapper(own, fit)
    del own.__wrapped__  # it is a copy, and calls nothing
    own.__kwdefaults__ = fit.__kwdefaults__
    own.__qualname__ = f"{cls.__qualname__}.fit"
    cls.fit = own
