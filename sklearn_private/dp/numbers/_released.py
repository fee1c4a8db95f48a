"""One released number or table of numbers: its value, the interval of its noise, its statement."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from dp_accounting import LaplaceDpEvent

from ..._checks import Checks
from ...accounting import NEIGHBORING, PrivacyLedger
from ...mechanisms import SecureSource, laplace, noise_source
from ...statements import DPStatement, Payment
from ..rows import bounded_rows, unit_numbers


@dataclass(frozen=True)
class PrivateNumber:
    """A number, or an array of them, that was released with differential privacy.

    Parameters
    ----------
    value : float or ndarray
        What was released.
    low, high : float or ndarray
        The interval around it that holds what would have been released without noise, for each
        number with probability ``confidence``. It says nothing of sampling.
    confidence : float
        Of the interval.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    Examples
    --------
    >>> from sklearn_private import dp
    >>> released = dp.count([True] * 700 + [False] * 300, epsilon=1.0)
    >>> bool(released.low < released.value < released.high)
    True
    """

    value: Any
    low: Any
    high: Any
    confidence: float
    privacy_statement_: DPStatement

    def __float__(self) -> float:
        return float(self.value)


@dataclass(kw_only=True)
class Query:
    """What all of these functions ask for beside their values."""

    owner: str
    epsilon: float
    neighboring: str
    privacy_unit: Any
    rows_per_unit: int
    confidence: float
    ledger: PrivacyLedger | str | None
    random_state: Any

    def __post_init__(self) -> None:
        check = Checks(self.owner)
        check.real(epsilon=self.epsilon, above=0)
        check.real(confidence=self.confidence, above=0, below=1)
        check.choice(neighboring=self.neighboring, among=NEIGHBORING)
        check.integer(rows_per_unit=self.rows_per_unit, at_least=1)
        if self.privacy_unit is None and self.rows_per_unit > 1:
            raise check.invalid("rows_per_unit", "1 without privacy_unit=", self.rows_per_unit)

    @property
    def replaced(self) -> bool:
        """Whether a unit that leaves is replaced by another one."""
        return self.neighboring == "replace_one"

    def release(
        self,
        n_rows: int,
        compute: Callable[[Any], np.ndarray],
        sensitivity: float,
        bounds: dict[str, str],
    ) -> PrivateNumber:
        """Pay, compute on the rows that are used, add Laplace noise and state.

        Parameters
        ----------
        n_rows : int
            Number of rows.
        compute : callable
            From positions of rows (or a slice of all) to the exact numbers.
        sensitivity : float
            How much they change in L1 norm where one row is another, or not there.
        bounds : dict of str to str
            Where each bound comes from.
        """
        rng = noise_source(self.random_state)
        units, n_units = None, n_rows
        if self.privacy_unit is not None:
            units, n_units = unit_numbers(self.owner, self.privacy_unit, n_rows)
        payment = Payment(
            ledger=self.ledger,
            owner=self.owner,
            neighboring=self.neighboring,
            rng=rng,
            unit="row" if units is None else "person",
        )
        payment.spend(LaplaceDpEvent(1 / self.epsilon), epsilon=self.epsilon)
        kept = slice(None) if units is None else bounded_rows(units, self.rows_per_unit, rng)
        moved = sensitivity * self.rows_per_unit
        value = _noisy(compute(kept), moved, self.epsilon, rng)
        reach = -math.log(1 - self.confidence) * moved / self.epsilon
        statement = self._statement(payment, n_units, moved, bounds)
        return PrivateNumber(value, value - reach, value + reach, self.confidence, statement)

    def _statement(self, payment, n_units, moved, bounds):
        hidden = self.neighboring == "add_remove"
        return payment.statement(
            protects="the values of one row"
            if payment.unit == "row"
            else f"all rows of one person, of which at most {self.rows_per_unit} are used",
            against=f"whoever reads the released numbers and knows all other {payment.unit}s",
            releases=("value",),
            leaks=(
                *(() if hidden else (f"number of {payment.unit}s",)),
                "that all values were finite",
                "time of the computation",
            ),
            assumes=("bounds and parameters were chosen without looking at the rows",),
            mechanism="Laplace noise on a public lattice",
            parameters={"sensitivity": moved},
            bounds=bounds,
            n_rows=None if hidden else n_units,
        )


def _noisy(exact: np.ndarray, moved: float, epsilon: float, rng: SecureSource) -> Any:
    return laplace(exact, sensitivity=moved, epsilon=epsilon, rng=rng)
