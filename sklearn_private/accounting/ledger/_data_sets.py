"""Which ledgers there are for one data set.

A budget holds for people whose every release is charged to *one* ledger: five ledgers of epsilon 1
for the same people allow 5. A ledger that names its data set is therefore written into a registry
file beside it, ``privacy-ledgers.json``, when it is created, adopted or moved there. The registry
remembers ledgers whose files are gone, too: what they spent is still spent. It knows its own folder
only.
"""

import json
import os
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from ..._checks import Checks
from ...exceptions import LedgerError
from ._lock import LOCK_SECONDS, locked

if TYPE_CHECKING:
    from ._ledger import PrivacyLedger

REGISTRY = "privacy-ledgers.json"
_FORMAT = {"format": "ledgers of sklearn-private", "version": 1}


@dataclass(frozen=True)
class LedgerRecord:
    """What a registry keeps of a ledger.

    Parameters
    ----------
    path : pathlib.Path
        Where its file was when it was registered.
    dataset : str
        The data set, in the words of the caller.
    uuid : str
        Its identity.
    epsilon, delta : float
        Its budget.
    unit, neighboring : str
        What the budget counts.
    """

    path: Path
    dataset: str
    uuid: str
    epsilon: float
    delta: float
    unit: str
    neighboring: str

    @property
    def exists(self) -> bool:
        """Whether its file is still there."""
        return self.path.exists()

    @classmethod
    def from_ledger(cls, ledger: "PrivacyLedger") -> "LedgerRecord":
        """Return the record of a ledger that names its data set."""
        kept = {field.name: getattr(ledger, field.name) for field in fields(cls)}
        return cls(**{**kept, "path": ledger.path.resolve()})


def check_dataset(dataset: object) -> None:
    """Raise unless ``dataset`` is a name, or None."""
    good = isinstance(dataset, str) and dataset.strip() == dataset != "" and dataset.isprintable()
    if dataset is not None and not good:
        rule = "a printable name without white space around it, or None"
        raise Checks("PrivacyLedger").invalid("dataset", rule, value=dataset)


def register(record: LedgerRecord) -> None:
    """Write a ledger into the registry of its folder, unless it is there."""
    registry = record.path.with_name(REGISTRY)
    if record in _read(registry):
        return
    with _explained(registry), locked(registry, LOCK_SECONDS):
        records = _read(registry)
        if record not in records:
            _replace(registry, [*records, record])


def other_ledgers(ledger: "PrivacyLedger") -> tuple[LedgerRecord, ...]:
    """Return the other ledgers that are registered, in the same folder, for the same data set.

    Parameters
    ----------
    ledger : PrivacyLedger
        One that names its data set; nothing is known of others.

    Returns
    -------
    tuple of LedgerRecord
        The oldest first; names of data sets are compared without case. Files that are gone are
        among them (see ``exists``).

    Raises
    ------
    LedgerError
        If the registry cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib, warnings
    >>> from sklearn_private import PrivacyLedger, accounting
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> first = PrivacyLedger(folder / "a.ledger", epsilon=1.0, dataset="loans-2024")
    >>> with warnings.catch_warnings(action="ignore"):
    ...     second = PrivacyLedger(folder / "b.ledger", epsilon=1.0, dataset="loans-2024")
    >>> [record.path.name for record in accounting.other_ledgers(second)]
    ['a.ledger']
    """
    own = ledger.path.resolve()
    latest = {
        (record.uuid, record.path if record.uuid == ledger.uuid else None): record
        for record in _read(own.with_name(REGISTRY))
        if _folded(record.dataset) == _folded(ledger.dataset)
    }
    return tuple(record for record in latest.values() if not _is_same(record, ledger, own))


def _folded(dataset: str | None) -> str | None:
    """Return a name without what people do not mean by it: case, and forms of one letter."""
    return dataset and unicodedata.normalize("NFKC", dataset).casefold()


def _is_same(record: LedgerRecord, ledger: "PrivacyLedger", own: Path) -> bool:
    """Return whether a record is of this ledger, perhaps under a name that it had before."""
    if record.uuid != ledger.uuid:
        return False
    return not record.exists or os.path.samefile(record.path, own)


def _read(registry: Path) -> list[LedgerRecord]:
    with _explained(registry):
        try:
            content = json.loads(registry.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        if {name: content[name] for name in _FORMAT} != _FORMAT:
            raise ValueError("it has another format")
        records = [dict(stored) for stored in content["ledgers"]]
        return [
            LedgerRecord(path=registry.with_name(stored.pop("file")), **stored)
            for stored in records
        ]


def _replace(registry: Path, records: list[LedgerRecord]) -> None:
    """Write a whole registry: readers see the old one or the new one."""
    stored = [{"file": record.path.name, **asdict(record)} for record in records]
    for each in stored:
        del each["path"]
    descriptor, draft = tempfile.mkstemp(dir=registry.parent, prefix=".ledgers-")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump({**_FORMAT, "ledgers": stored}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, registry)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)


@contextmanager
def _explained(registry: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError.unreleased(
            f"The registry {registry}, which says what ledgers there are for a data set, cannot "
            f"be used: {error}.",
            "Check that it can be read and written; if it is damaged, restore it from a backup.",
        ) from error
