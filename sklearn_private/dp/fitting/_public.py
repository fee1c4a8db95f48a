"""What everybody knows before a fit: all that its settings may depend on."""

from dataclasses import dataclass

import numpy as np

from ..._checks import Checks
from ...exceptions import InvalidParameterError
from ...sums import Limits
from ..objective import MAX_EPSILON
from ..rows import RowBounds, unit_numbers


@dataclass(frozen=True, kw_only=True)
class Public:
    """The public quantities of one fit.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    epsilon, delta : float
        The claim.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The relation.
    rows_per_unit : int
        Most rows of one person.
    n_rows : int or None
        Number of rows, where it is public.
    exact_rows : int or None
        The number of rows of the table, where exactly that is public: not under add-remove, not
        where persons own rows, and not where ``n_public`` bounds it.
    n_features : int
        Columns of X.
    bounds : RowBounds
        Of the rows.
    target_norm : float
        Largest absolute target, as it enters sums.
    n_classes : int
        Number of classes; 0 where there are none.
    """

    owner: str
    epsilon: float
    delta: float
    neighboring: str
    rows_per_unit: int
    n_rows: int | None
    exact_rows: int | None
    n_features: int
    bounds: RowBounds
    target_norm: float = np.inf
    n_classes: int = 0

    @property
    def noise_epsilon(self) -> float:
        """The epsilon that noise is calibrated to: that of ``MAX_EPSILON`` where it is larger."""
        return min(float(self.epsilon), MAX_EPSILON)

    @property
    def moved(self) -> int:
        """How many bounds a unit moves a sum by: one that is replaced leaves, another comes."""
        return self.rows_per_unit * (2 if self.neighboring == "replace_one" else 1)

    def limits(self) -> Limits:
        """Return what is known of the rows, for sums over them."""
        return Limits(
            self.bounds.norm,
            self.n_rows,
            rows_per_unit=self.rows_per_unit,
            target_norm=self.target_norm,
        )

    def need_gaussian(self, what: str) -> None:
        """Raise where Gaussian noise cannot make the claim, or its settings lack a number of rows.

        Parameters
        ----------
        what : str
            What needs it, such as ``"solver='gd'"``.
        """
        check = Checks(self.owner)
        if self.delta == 0:
            raise check.invalid("delta", f"above 0 for {what}, whose noise is Gaussian", self.delta)
        if self.n_rows is None:
            raise check.invalid(
                "n_public",
                f"given for {what} with neighboring='add_remove': a public number of rows, which "
                "the steps depend on",
                None,
            )


def units_of(estimator: object, privacy_unit: object, n_rows: int) -> np.ndarray | None:
    """Return the unit of each row, from 0; None where each row is its own."""
    if privacy_unit is None:
        return None
    return unit_numbers(type(estimator).__name__, privacy_unit, n_rows)[0]


def public_rows(estimator: object, units: np.ndarray | None, n_rows: int) -> int | None:
    """Return the public number of rows; None where the relation hides it.

    Parameters
    ----------
    estimator : estimator
        With ``n_public``, ``neighboring`` and ``rows_per_unit``.
    units : ndarray of int of shape (n_rows,) or None
        What :func:`units_of` returned.
    n_rows : int
        Number of rows.

    Raises
    ------
    InvalidParameterError
        If there are more rows than ``n_public``.
    """
    if units is not None:
        n_rows = (int(units.max()) + 1) * estimator.rows_per_unit
    if estimator.n_public is None:
        return None if estimator.neighboring == "add_remove" else n_rows
    if n_rows > estimator.n_public:
        raise InvalidParameterError.unreleased(
            f"The 'n_public' parameter of {type(estimator).__name__} must be at least the number "
            f"of rows. Got {estimator.n_public} instead, and there are more."
        )
    return estimator.n_public
