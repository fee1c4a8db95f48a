"""Serve an application over TLS 1.3, on this machine only unless told otherwise."""

import ipaddress
import os
import ssl
from typing import Any

from .._checks import Checks
from .._optional import require
from ..exceptions import InvalidParameterError


def run(
    app: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 8443,
    certificate: str | os.PathLike | None = None,
    key: str | os.PathLike | None = None,
) -> None:
    """Serve an application until it is stopped.

    Parameters
    ----------
    app : ASGI application
        What :func:`create_app` returned.
    host : str, default="127.0.0.1"
        Address to listen at. Any but a loopback address needs a certificate.
    port : int, default=8443
        Port to listen at.
    certificate, key : path-like, default=None
        PEM files of the service's certificate and its key; without them there is no TLS.

    Raises
    ------
    InvalidParameterError
        If tokens would travel in clear: another address than loopback without a certificate.
    """
    Checks("run").integer(port=port, at_least=1, at_most=65535)
    if (certificate is None) != (key is None):
        raise InvalidParameterError("The 'certificate' and 'key' parameters of run go together.")
    if certificate is None and not _is_loopback(host):
        raise InvalidParameterError(
            f"The 'certificate' parameter of run must be given for host {host!r}: tokens would "
            "travel in clear. Nothing was started. Give certificate and key, or a loopback address."
        )
    uvicorn = require("uvicorn", extra="serve")
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
    uvicorn.Server(config).run()


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
