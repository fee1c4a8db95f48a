"""Client and server, and what travels between them."""

from ._client import HEClient
from ._layout import Layout
from ._server import HEServer
from ._signatures import Signer

__all__ = ["HEClient", "HEServer", "Layout", "Signer"]
