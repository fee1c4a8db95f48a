"""Digests, by which a reader tells that a report is of this object, and was not changed.

A digest is no signature: who can change a report can change its digest. Sign the file that
``to_json`` makes, or keep its digest where it cannot be changed.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from joblib.hashing import NumpyHasher


def object_digest(obj: Any) -> str | None:
    """Return the SHA-256 digest of what an object pickles to, None where it cannot be pickled.

    The same object loaded by another process has the same digest.
    """
    try:
        return NumpyHasher(hash_name="sha256").hash(obj)
    except Exception:  # pickling may raise anything: a closure, an open file, a lock
        return None


def data_digest(data: dict[str, Any]) -> str:
    """Return the SHA-256 digest of JSON-ready data, whatever the order of their keys."""
    text = json.dumps(data, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
