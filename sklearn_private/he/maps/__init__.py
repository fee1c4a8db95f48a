"""Client maps: what the client does in public, before it encrypts."""

from ._client_map import ClientMap, read_map, write_map
from ._grid import Grid
from ._leaves import LeafIndex
from ._products import Products

__all__ = ["ClientMap", "Grid", "LeafIndex", "Products", "read_map", "write_map"]
