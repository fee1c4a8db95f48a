"""Neighbouring relations, and the names that ``dp-accounting`` has for them."""

from typing import Final

from dp_accounting.privacy_accountant import NeighboringRelation

from ...exceptions import InvalidParameterError

NEIGHBORING: Final = ("replace_one", "zero_out", "add_remove")
RELATIONS: Final = {
    "replace_one": NeighboringRelation.REPLACE_ONE,
    "zero_out": NeighboringRelation.REPLACE_SPECIAL,
    "add_remove": NeighboringRelation.ADD_OR_REMOVE_ONE,
}


def check_neighboring(neighboring: object) -> None:
    """Raise unless ``neighboring`` names a relation."""
    if neighboring not in NEIGHBORING:
        raise InvalidParameterError(
            f"neighboring must be one of {', '.join(map(repr, NEIGHBORING))}. "
            f"Got {neighboring!r} instead."
        )
