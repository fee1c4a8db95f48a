"""The caller of a prediction service: it encrypts, asks, and reads the answer."""

import http.client
import json
import os
import ssl
from typing import Any
from urllib.parse import urlsplit

from numpy.typing import ArrayLike

from ..exceptions import (
    BudgetExceededError,
    GuaranteeError,
    InvalidParameterError,
    TransportError,
)
from ..he import HEClient
from ._messages import LARGEST_BODY, write_body


class PredictionClient:
    """Predict on rows with a model that somebody else serves.

    Parameters
    ----------
    url : str
        Where the service is: ``https://host:port``, or ``http://`` on a loopback address.
    token : str
        What :meth:`RequestStore.add_token` returned; it is in no ``repr``.
    client : HEClient or None, default=None
        Keys and public map. None fetches the public map from the service and makes new keys.
    authority : path-like, default=None
        PEM file of the authority that signed the service's certificate; None takes those that the
        system trusts.
    timeout : float, default=60.0
        Seconds to wait for an answer.

    See Also
    --------
    create_app : The service.

    Notes
    -----
    **Protects** features and scores of the rows.
    **Against** the service, as long as it follows the protocol, and the network.
    **Leaks** to the service: the number of rows, and when they were asked for.
    **Assumes** that the keys stay here. A map that is fetched is only as true as the service's
    certificate: get the client on another way if the service may send a false one.
    """

    def __init__(
        self,
        url: str,
        token: str,
        client: HEClient | None = None,
        *,
        authority: str | os.PathLike | None = None,
        timeout: float = 60.0,
    ) -> None:
        parts = urlsplit(url)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise InvalidParameterError(
                f"The 'url' parameter of PredictionClient must begin with https://. Got {url!r} "
                "instead."
            )
        self.url, self.timeout = url, timeout
        self._token, self._parts = token, parts
        self._tls = None
        if parts.scheme == "https":
            self._tls = ssl.create_default_context(cafile=authority)
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self.client = HEClient.from_bytes(self._ask("GET", "/client")) if client is None else client
        if client is None:
            self.client.keygen()

    def decision_function(self, X: ArrayLike) -> Any:
        """Return the scores of rows."""
        return self.client.decision_function(self._response(X))

    def predict(self, X: ArrayLike) -> Any:
        """Return class labels, or the predictions of a regressor."""
        return self.client.predict(self._response(X))

    def predict_proba(self, X: ArrayLike) -> Any:
        """Return class probabilities."""
        return self.client.predict_proba(self._response(X))

    def _response(self, X):
        body = write_body(self.client.public_bundle(), self.client.encrypt(X))
        return self._ask("POST", "/evaluate", body)

    def _ask(self, method, path, body=b""):
        port, host = self._parts.port, self._parts.hostname
        kind = http.client.HTTPConnection
        options = {"timeout": self.timeout}
        if self._tls is not None:
            kind, options = http.client.HTTPSConnection, {**options, "context": self._tls}
        connection = kind(host, port, **options)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self._token}"})
            response = connection.getresponse()
            answer = response.read(LARGEST_BODY + 1)
        except (OSError, http.client.HTTPException) as error:
            raise TransportError(
                f"The service at {self.url} did not answer ({type(error).__name__}: {error}). "
                "Nothing was decrypted. Check that it runs, and the authority of its certificate."
            ) from None
        finally:
            connection.close()
        if response.status != 200 or len(answer) > LARGEST_BODY:
            raise _refused(self.url, response.status, answer)
        return answer

    def __repr__(self) -> str:
        return f"PredictionClient({self.url!r})"


def _refused(url, status, answer):
    """Return the error for what the service refused; its words are quoted, and cut."""
    try:
        said = json.loads(answer[:10_000])
        reason, code = str(said["error"])[:500], said["code"]
    except (ValueError, KeyError, TypeError):
        reason, code = "no reason given", None
    kind = {"budget": BudgetExceededError, "message": GuaranteeError}.get(code, TransportError)
    return kind(f"The service at {url} answered with status {status}: {reason}")
