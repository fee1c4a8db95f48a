"""Client maps: what the client does in public, before it encrypts."""

from ._client_map import ClientMap, read_map, write_map
from ._grid import Grid
from ._leaves import LeafIndex

__all__ = ["ClientMap", "Grid", "LeafIndex", "read_map", "write_map"]
