"""The sealed file of a client: its public part, its keys, and the requests that it has sent."""

import json
import struct
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from ...exceptions import GuaranteeError
from ...storage import seal, unseal
from ._signatures import SECRET_SIZE, Signer

_PURPOSE = "keys of encrypted prediction"
_SIZES = struct.Struct(">III")  # of the state, the client and the key


@dataclass
class Request:
    """A request that was sent: what its answer must say, and the digest of the one read."""

    expected: dict
    answer: str | None = None


def seal_client(client: Any, passphrase: Any) -> Any:
    """Return a client with its keys and requests, sealed."""
    key = client._scheme.write_key(client._own_key())
    requests = {name: asdict(request) for name, request in client._requests.items()}
    state = json.dumps(requests).encode()
    public = client.to_bytes()
    sizes = _SIZES.pack(len(state), len(public), len(key))
    parts = sizes + client._signer.to_bytes() + state + public + key
    return seal(parts, passphrase, purpose=_PURPOSE)


def unseal_client(kind: Any, sealed: Any, passphrase: Any) -> Any:
    """Return the client of :func:`seal_client`, an instance of ``kind``."""
    parts = memoryview(unseal(sealed, passphrase, purpose=_PURPOSE))
    sizes, start = _SIZES.unpack_from(parts), _SIZES.size + SECRET_SIZE
    if len(parts) != start + sum(sizes):
        raise GuaranteeError("The file was written by another version. Nothing was read.")
    ends = [start, start + sizes[0], start + sizes[0] + sizes[1], len(parts)]
    state, public, key = (bytes(parts[a:b]) for a, b in pairwise(ends))
    client = kind.from_bytes(public)
    client._key = client._scheme.read_key(key)
    client._signer = Signer(parts[_SIZES.size : start])
    client._requests = {name: Request(**fields) for name, fields in json.loads(state).items()}
    return client
