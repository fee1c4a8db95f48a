"""What a site answered for: a fit that differs from earlier ones by a few rows shows those rows.

Two exact totals over row sets that differ by one row differ by that row's share. So does a sum over
three sets, of which no two are close. A site therefore looks at all fits at once: rows that took
part in exactly the same ones are one *atom*, any combination of totals is a combination of sums
over atoms, and so nothing smaller than an atom can be isolated. The same holds for sites, which
take part or stay away. An atom must have as many rows as the guard demands of whatever can be
isolated.

A site keeps a digest of 8 bytes a row under a key of its own, never a value. Rows are the same if
all their numbers, target and weight are: who fits other columns of them, or scales them, is not
seen.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ...exceptions import GuaranteeError
from .._statistic import Rows

_TABLES = """
CREATE TABLE IF NOT EXISTS site (key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS fits (roster TEXT NOT NULL, digests BLOB NOT NULL);
"""


class Answers:
    """The fits that one site took part in.

    Parameters
    ----------
    path : path-like
        The site's own file; it is made if it is not there.

    Notes
    -----
    **Protects** rows, and sites, by which fits differ.
    **Against** whoever reads the totals of several fits.
    **Leaks** to whoever has the file: how many rows took part in which fit.
    **Assumes** that the file is not deleted, and that rows come in the same form.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from sklearn_private.sums import Rows
    >>> from sklearn_private.sums.guard import Answers
    >>> rows = Rows(np.arange(60.0).reshape(20, 3), np.zeros(20), np.ones(20))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     answers = Answers(f"{folder}/site.answers")
    ...     answers.admit(rows, {"a": 20, "b": 30}, needed=10)
    ...     answers.admit(rows, {"a": 20, "b": 30}, needed=10)  # the same rows again
    ...     answers.n_fits
    2
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)

    @property
    def n_fits(self) -> int:
        """How many fits the site took part in."""
        with self._open() as file:
            return file.execute("SELECT count(*) FROM fits").fetchone()[0]

    def admit(self, rows: Rows, roster: Mapping[Any, int], needed: int) -> None:
        """Write down one more fit, or refuse it.

        Parameters
        ----------
        rows : Rows
            Those of this site.
        roster : dict of site name to int
            Number of rows of each site that takes part.
        needed : int
            Rows that must stand behind whatever can be isolated.

        Raises
        ------
        GuaranteeError
            If this fit and earlier ones together isolate fewer; it is not written down.
        """
        with self.admitting(rows, roster, needed):
            pass

    @contextmanager
    def admitting(self, rows: Rows, roster: Mapping[Any, int], needed: int) -> Iterator[None]:
        """Do as :meth:`admit`, and write down at the end, if nothing else raises until then."""
        names = {str(name): int(n) for name, n in roster.items()}
        with self._open() as file:
            file.execute("BEGIN IMMEDIATE")  # rolled back by closing
            mine = self._digests(rows, self._key(file))
            earlier = file.execute("SELECT roster, digests FROM fits").fetchall()
            sets = [np.frombuffer(digests, dtype="<u8") for _, digests in earlier]
            few = _fewest(_atoms([*sets, mine]), needed)
            if few < needed:
                raise self._refusal(f"{few} of this site's rows", needed)
            rosters = [json.loads(text) for text, _ in earlier]
            few = _fewest(_sites([*rosters, names]), needed)
            if few < needed:
                raise self._refusal(f"sites with {few} rows", needed)
            file.execute("INSERT INTO fits VALUES (?, ?)", (json.dumps(names), mine.tobytes()))
            yield
            file.execute("COMMIT")

    def _open(self) -> closing[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(self.path, timeout=60.0, isolation_level=None)
        file.executescript(_TABLES)
        return closing(file)

    def _key(self, file: sqlite3.Connection) -> bytes:
        found = file.execute("SELECT key FROM site").fetchone()
        if found is None:
            found = (secrets.token_bytes(32),)
            file.execute("INSERT INTO site VALUES (?)", found)
        return found[0]

    def _digests(self, rows: Rows, key: bytes) -> np.ndarray:
        """Return one number a row; the second copy of a row is another row."""
        table = np.ascontiguousarray(np.column_stack([rows.X, rows.y, rows.weight]) + 0.0)
        found = np.array(
            [
                int.from_bytes(hashlib.blake2b(row, key=key, digest_size=8).digest(), "little")
                for row in map(np.ndarray.tobytes, table)
            ],
            dtype=np.uint64,
        )
        order = np.argsort(found, kind="stable")
        first = np.searchsorted(found[order], found[order])
        found[order] += (np.arange(len(found)) - first).astype(np.uint64)
        return found

    def _refusal(self, what: str, needed: int) -> GuaranteeError:
        return GuaranteeError(
            f"This fit differs from earlier ones by {what}, and {needed} are needed: their totals "
            f"together would show what those {needed - 1} or fewer add. No site answered. Fit on "
            "the rows of an earlier fit, wait for more new rows, or give dp=."
        )


def admit_all(
    folder: str | PathLike[str],
    sites: Mapping[Any, Rows],
    roster: Mapping[Any, int],
    needed: int,
) -> None:
    """Let every site that is here write one more fit down, or none where one refuses.

    Parameters
    ----------
    folder : path-like
        Where each site has a file of its own, under a digest of its name.
    sites : dict of site name to Rows
        The sites that are here.
    roster : dict of site name to int
        Number of rows of each site that takes part.
    needed : int
        Rows that must stand behind whatever can be isolated.
    """
    with ExitStack() as stack:
        for name in sorted(sites, key=str):
            digest = hashlib.sha256(str(name).encode()).hexdigest()[:16]
            answers = Answers(Path(folder) / f"{digest}.answers")
            stack.enter_context(answers.admitting(sites[name], roster, needed))


def _fewest(atoms: list[int], needed: int) -> int:
    """Return the size of the smallest atom; where there is only one, all fits are the same."""
    return min(atoms) if len(atoms) > 1 else needed


def _atoms(sets: list[np.ndarray]) -> list[int]:
    """Return, for each pattern of sets that some elements are in, how many are in just those."""
    everything = np.unique(np.concatenate(sets))
    patterns = np.stack([np.isin(everything, one) for one in sets], axis=1)
    _, counts = np.unique(np.packbits(patterns, axis=1), axis=0, return_counts=True)
    return counts.tolist()


def _sites(rosters: list[dict[str, int]]) -> list[int]:
    """Return, for each pattern of fits that some sites are in, their rows in all."""
    rows: dict[tuple[bool, ...], int] = {}
    for name in sorted(set().union(*rosters)):
        pattern = tuple(name in roster for roster in rosters)
        fewest = min(roster[name] for roster in rosters if name in roster)
        rows[pattern] = rows.get(pattern, 0) + fewest
    return list(rows.values())
