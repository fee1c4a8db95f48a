"""Import what an extra brings, with one message when it is missing."""

import importlib
from types import ModuleType

from .exceptions import MissingDependencyError


def require(module: str, *, extra: str) -> ModuleType:
    """Return the imported ``module``, which ``pip install "sklearn-private[extra]"`` brings.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        The extra of this distribution that depends on it.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"{module.partition('.')[0]!r} is not installed. "
            f'Install it with: pip install "sklearn-private[{extra}]"'
        ) from error
