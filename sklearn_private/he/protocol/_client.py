"""The party that holds the rows and the key, and no weights."""

import hashlib
import secrets
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ...exceptions import GuaranteeError
from ...storage import write_private
from ...transport import Kind, read_frame, write_frame
from ..compile import READOUT_FIELDS, read_readout
from ..maps import read_map, write_map
from ..schemes import open_scheme
from ._key_file import Request, seal_client, unseal_client
from ._layout import Layout
from ._messages import RESPONSE_FIELDS, check_binding, wrong_size
from ._signatures import Signer, bundle_fingerprint, signed_frame

OPEN_REQUESTS = 10_000
"""A client remembers this many requests; responses to older ones are refused."""

_FIELDS = {"model": str, "layout": dict, "map": dict, "server": str, **READOUT_FIELDS}


class HEClient:
    """Encrypt rows for a server, and read its responses.

    It holds the public map of the columns, the link function and the class labels, but no
    weights. The keys are made by :meth:`keygen` and leave the process only in the sealed file of
    :meth:`save`: neither :meth:`to_bytes` nor a pickle holds them. Get a client from
    :meth:`HEPredictor.split`, :meth:`from_bytes` or :meth:`load`.

    Parameters
    ----------
    model : str
        Identifier that it shares with its server.
    layout : Layout
        The public parameters.
    client_map : ClientMap
        From columns to whole numbers, in public.
    readout : Readout
        How scores become predictions.
    server : str
        Public key that signs the server's answers, 64 hexadecimal digits.

    Attributes
    ----------
    n_clipped_ : int
        Values of the last request that lay outside the range of their column and were moved to
        its end; only where the ranges were learnt, or ``out_of_range="clip"`` was chosen.

    See Also
    --------
    HEServer : The party that holds the model.

    Notes
    -----
    **Protects** the features and scores of the rows it encrypts.
    **Against** the server, as long as the server follows the protocol, and whoever reads the wire.
    **Leaks** the number of rows and columns, when a request was made, and whether an answer could
    be read. A server that answers wrongly on purpose learns one bit about the rows from that, and
    no more under one key: each request is answered once, and after an answer that does not decrypt
    the key is retired until :meth:`keygen`.
    **Assumes** the security assumption of the scheme, and that the key stays in this process or in
    the sealed file of :meth:`save`. Requests and answers are signed, and an answer names its
    request, so that nobody between the two can make, change or swap one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_private.he import HEPredictor
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=1_000)
    >>> client, server = HEPredictor(model).fit(X, y).split()
    >>> request = client.keygen().encrypt(X[:2])  # bytes, for the server
    >>> response = server.evaluate(client.public_bundle(), request)
    >>> client.predict(response)
    array([0, 0])
    """

    def __init__(self, model: str, layout: Layout, client_map: Any, readout: Any, server: str):
        self.model = model
        self.layout = layout
        self.map = client_map
        self.readout = readout
        self._scheme = open_scheme(layout)
        self.server = server
        self._key, self._signer, self._retired = None, None, False
        self._requests = {}

    def keygen(self, private_key: Any = None) -> Self:
        """Make the key pair; one made before is forgotten, and its open requests with it.

        Parameters
        ----------
        private_key : phe.PaillierPrivateKey, default=None
            Use the key pair of this private key instead of a new one. It must have the size that
            the security level asks for.

        Returns
        -------
        HEClient
            This client.
        """
        self._key, self._requests = self._scheme.keygen(private_key), {}
        self._signer, self._retired = Signer(), False
        return self

    def public_bundle(self) -> Any:
        """Return the public keys as bytes, for the server: to encrypt with, and to sign with."""
        key = self._own_key().public
        header = {
            "scheme": self.layout.scheme,
            "security_bits": self.layout.security_bits,
            "key": bundle_fingerprint(key.fingerprint, self._signer.public),
            "signer": self._signer.public,
        }
        return write_frame(Kind.PUBLIC_BUNDLE, header, key.to_bytes())

    def encrypt(self, X: ArrayLike) -> bytes:
        """Return rows as an encrypted request.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers inside the public range of their columns.

        Returns
        -------
        bytes
            Their number depends on the shape of X only.

        Raises
        ------
        RangeError
            If a value lies outside the range of its column, and is not to be clipped.
        InvalidParameterError
            If the columns are others than those of the model.
        """
        key, rows = self._own_key(), self.map.rows(X)
        integers = self.map.encode(rows)
        self.n_clipped_ = self.map.n_outside(rows)
        header = {
            "model": self.model,
            "parameters": self.layout.digest,
            "key": bundle_fingerprint(key.public.fingerprint, self._signer.public),
            "request": secrets.token_hex(16),
            "n_rows": len(integers),
        }
        frame = write_frame(Kind.REQUEST, header, self._scheme.encrypt(key, integers))
        answers = hashlib.sha256(frame).hexdigest()
        self._requests[header["request"]] = Request({**header, "answers": answers})
        if len(self._requests) > OPEN_REQUESTS:
            self._requests.pop(next(iter(self._requests)))
        return self._signer.sign(frame)

    def decrypt(self, response: bytes) -> np.ndarray:
        """Return the scores in a response to one of this client's requests.

        Parameters
        ----------
        response : bytes
            What :meth:`HEServer.evaluate` returned.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What ``decision_function`` of the classifier returns, or the linear predictor of the
            regressor.

        Raises
        ------
        GuaranteeError
            If the response is damaged, is not signed by this client's server or answers no open
            request of this client and key; if the request was answered before by other octets; or
            if it does not decrypt: whether it does may depend on the rows, so the key is retired.
        """
        key = self._own_key()
        frame = signed_frame("response", response, self.server)
        header, payload = read_frame(frame, Kind.RESPONSE, RESPONSE_FIELDS)
        request = self._requests.get(header["request"], Request({"request": None}))
        check_binding("response", header, request.expected)
        if len(payload) != self._scheme.response_size(header["n_rows"]):
            raise wrong_size("response")
        _close(request, response)
        try:
            numbers = self._scheme.decrypt(key, payload, header["n_rows"])
        except Exception:
            self._retired = True
            raise _retired("The response does not decrypt to scores of this model. ") from None
        return self.readout.scores(numbers)

    def decision_function(self, response: Any) -> Any:
        """Return what :meth:`decrypt` does, under scikit-learn's name."""
        return self.decrypt(response)

    def predict(self, response: Any) -> Any:
        """Return the class labels in a response, or the predictions of a regressor."""
        return self.readout.predict(self.decrypt(response))

    def predict_proba(self, response: Any) -> Any:
        """Return the class probabilities in a response."""
        return self.readout.predict_proba(self.decrypt(response))

    def to_bytes(self) -> Any:
        """Return the client as bytes, without its key: everything in them is public."""
        fields, payload = write_map(self.map)
        header = {
            "model": self.model,
            "layout": self.layout.to_dict(),
            "map": fields,
            "server": self.server,
            **self.readout.to_fields(),
        }
        return write_frame(
            Kind.CLIENT, header, payload + self.readout.exponents.astype(">i8").tobytes()
        )

    @classmethod
    def from_bytes(cls, data: Any) -> Self:
        """Return the client in bytes of :meth:`to_bytes`; it has no key yet.

        Raises
        ------
        GuaranteeError
            If the bytes are damaged.
        """
        header, payload = read_frame(data, Kind.CLIENT, _FIELDS)
        layout = Layout.from_dict(header["layout"])
        size = len(payload) - 8 * layout.n_outputs
        if size < 0:
            raise wrong_size("client")
        client_map = read_map(header["map"], payload[:size])
        if (client_map.n_columns, client_map.levels) != (layout.n_features, layout.levels):
            raise wrong_size("client")
        exponents = np.frombuffer(payload[size:], ">i8").astype(np.int64)
        readout = read_readout(header, exponents)
        return cls(header["model"], layout, client_map, readout, header["server"])

    def save(
        self, path: str | PathLike[str], passphrase: str | bytes, *, overwrite: bool = False
    ) -> Self:
        """Write the client with its keys to a sealed file that only its owner may read.

        Parameters
        ----------
        path : path-like
            Where.
        passphrase : str or bytes
            Opens the file (scrypt and AES-256-GCM); whoever gets the file can guess at it.
        overwrite : bool, default=False
            Whether a file that is there may be replaced.

        Returns
        -------
        HEClient
            This client.

        Notes
        -----
        The file knows which requests are open and which were answered when it was written. Write it
        anew after answers: a client that is loaded from an old file would read a second one.
        """
        write_private(path, seal_client(self, passphrase), overwrite=overwrite)
        return self

    @classmethod
    def load(cls, path: str | PathLike[str], passphrase: Any) -> Any:
        """Return the client in a file of :meth:`save`, with its keys and open requests.

        Raises
        ------
        GuaranteeError
            If the passphrase is another one, or a bit of the file has changed.
        """
        return unseal_client(cls, Path(path).read_bytes(), passphrase)

    def _own_key(self):
        if self._key is None:
            raise GuaranteeError("HEClient has no key. Nothing was sent. Call keygen() first.")
        if self._retired:
            raise _retired("An answer under this key did not decrypt. ")
        return self._key

    def __reduce__(self):
        return type(self).from_bytes, (self.to_bytes(),)

    def __repr__(self):
        return self.layout.describe(self)


def _close(request, response):
    """Mark a request as answered by these octets, or refuse others than the first."""
    digest = hashlib.sha256(response).hexdigest()
    if request.answer not in (None, digest):
        raise GuaranteeError(
            "The request was answered before, by another response. Nothing was decrypted. "
            "Send the rows again in a request of their own."
        )
    request.answer = digest


def _retired(reason):
    return GuaranteeError(
        f"{reason}Nothing was returned, and the key is retired: a server that watches for such "
        "failures would learn about the rows. Call keygen(), and find out what the server did."
    )
