"""Client maps: what the client does in public, before it encrypts."""

from ._client_map import ClientMap, read_map, write_map
from ._grid import Grid
from ._leaves import LeafIndex
from ._products import Products
from ._steps import Steps, dense, published

__all__ = [
    "ClientMap",
    "Grid",
    "LeafIndex",
    "Products",
    "Steps",
    "dense",
    "published",
    "read_map",
    "write_map",
]
