"""Encrypted prediction as a service: an ASGI app around a server, and a client that talks to it."""

from ._app import create_app
from ._client import PredictionClient
from ._run import run
from ._store import RequestStore

__all__ = ["PredictionClient", "RequestStore", "create_app", "run"]
