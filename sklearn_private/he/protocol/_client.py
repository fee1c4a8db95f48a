"""The party that holds the rows and the key, and no weights."""

import hashlib
import re
import secrets
from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_array

from ...exceptions import GuaranteeError, InvalidParameterError
from ...transport import Kind, label_type, read_frame, write_frame
from ..compile import LINKS, Grid, Readout, plain_labels
from ..schemes import open_scheme
from ._layout import Layout
from ._messages import MESSAGE_FIELDS, check_binding, wrong_size

OPEN_REQUESTS = 10_000
"""A client remembers this many requests; responses to older ones are refused."""

_FIELDS = {
    "model": str,
    "layout": dict,
    "link": str,
    "flat": bool,
    "classes": list,
    "classes_dtype": label_type,
    "names": list,
    "clip": bool,
}
_LABELS = re.compile(r"[<>|=](?:[biuf][1248]|O|U[0-9]{1,7})")


@dataclass
class _Request:
    """A request that was sent: its header, and the digest of the one answer that was read."""

    header: dict
    answer: bytes | None = None


class HEClient:
    """Encrypt rows for a server, and read its responses.

    It holds the public grid of the columns, the link function and the class labels, but no
    weights. The key pair is made by :meth:`keygen` and never leaves the process: neither
    :meth:`to_bytes` nor a pickle holds it. Get a client from :meth:`HEPredictor.split` or
    :meth:`from_bytes`.

    Parameters
    ----------
    model : str
        Identifier that it shares with its server.
    layout : Layout
        The public parameters.
    grid : Grid
        The public grid of the columns.
    readout : Readout
        How scores become predictions.

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
    **Assumes** the security assumption of the scheme, that the key stays in this process, and a
    transport that authenticates messages.

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

    def __init__(self, model, layout, grid, readout):
        self.model = model
        self.layout = layout
        self.grid = grid
        self.readout = readout
        self._scheme = open_scheme(layout)
        self._key, self._retired = None, False
        self._requests = {}

    def keygen(self, private_key=None):
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
        self._retired = False
        return self

    def public_bundle(self):
        """Return the public key as bytes, for the server."""
        key = self._own_key().public
        header = {
            "scheme": self.layout.scheme,
            "security_bits": self.layout.security_bits,
            "key": key.fingerprint,
        }
        return write_frame(Kind.PUBLIC_BUNDLE, header, key.to_bytes())

    def encrypt(self, X):
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
        key, rows = self._own_key(), self._rows(X)
        integers = self.grid.encode(rows)
        self.n_clipped_ = self.grid.n_outside(rows)
        header = {
            "model": self.model,
            "parameters": self.layout.digest,
            "key": key.public.fingerprint,
            "request": secrets.token_hex(16),
            "n_rows": len(integers),
        }
        frame = write_frame(Kind.REQUEST, header, self._scheme.encrypt(key, integers))
        self._requests[header["request"]] = _Request(header)
        if len(self._requests) > OPEN_REQUESTS:
            self._requests.pop(next(iter(self._requests)))
        return frame

    def decrypt(self, response):
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
            If the response is damaged or answers no open request of this client and key, if the
            request was answered before by other octets, or if it does not decrypt: whether it does
            may depend on the rows, so the key is then retired.
        """
        key = self._own_key()
        header, payload = read_frame(response, Kind.RESPONSE, MESSAGE_FIELDS)
        request = self._requests.get(header["request"], _Request({"request": None}))
        check_binding("response", header, request.header)
        if len(payload) != self._scheme.response_size(header["n_rows"]):
            raise wrong_size("response")
        _close(request, response)
        try:
            numbers = self._scheme.decrypt(key, payload, header["n_rows"])
        except Exception:
            self._retired = True
            raise _retired("The response does not decrypt to scores of this model. ") from None
        return self.readout.scores(numbers)

    def decision_function(self, response):
        """Return what :meth:`decrypt` does, under scikit-learn's name."""
        return self.decrypt(response)

    def predict(self, response):
        """Return the class labels in a response, or the predictions of a regressor."""
        return self.readout.predict(self.decrypt(response))

    def predict_proba(self, response):
        """Return the class probabilities in a response."""
        return self.readout.predict_proba(self.decrypt(response))

    def to_bytes(self):
        """Return the client as bytes, without its key: everything in them is public."""
        classes = self.readout.classes
        header = {
            "model": self.model,
            "layout": self.layout.to_dict(),
            "link": self.readout.link,
            "flat": self.readout.flat,
            "classes": [] if classes is None else classes.tolist(),
            "classes_dtype": "" if classes is None else _written_dtype(classes),
            "names": list(self.grid.names or ()),
            "clip": self.grid.clip,
        }
        numbers = [self.grid.low.astype(">f8"), self.grid.high.astype(">f8")]
        numbers.append(self.readout.exponents.astype(">i8"))
        return write_frame(Kind.CLIENT, header, b"".join(array.tobytes() for array in numbers))

    @classmethod
    def from_bytes(cls, data):
        """Return the client in bytes of :meth:`to_bytes`; it has no key yet.

        Raises
        ------
        GuaranteeError
            If the bytes are damaged.
        """
        header, payload = read_frame(data, Kind.CLIENT, _FIELDS)
        layout = Layout.from_dict(header["layout"])
        d, k = layout.n_features, layout.n_outputs
        if len(payload) != 8 * (2 * d + k) or len(header["names"]) not in (0, d):
            raise wrong_size("client")
        low, high = np.frombuffer(payload, ">f8", 2 * d).astype(np.float64).reshape(2, d)
        exponents = np.frombuffer(payload, ">i8", k, 16 * d).astype(np.int64)
        if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
            raise GuaranteeError("The client has a range that is none. Nothing was read.")
        names = tuple(header["names"]) or None
        grid = Grid(low, high, layout.precision_bits, names, header["clip"])
        return cls(header["model"], layout, grid, _readout(header, exponents))

    def _own_key(self):
        if self._key is None:
            raise GuaranteeError("HEClient has no key. Nothing was sent. Call keygen() first.")
        if self._retired:
            raise _retired("An answer under this key did not decrypt. ")
        return self._key

    def _rows(self, X):
        names = getattr(X, "columns", None)
        if names is not None and self.grid.names and tuple(names) != self.grid.names:
            raise InvalidParameterError(
                f"The columns of X must be {list(self.grid.names)}, in this order. "
                f"Got {list(names)} instead."
            )
        rows = check_array(X, dtype=np.float64, input_name="X")
        if rows.shape[1] != self.layout.n_features:
            raise InvalidParameterError(
                f"X must have {self.layout.n_features} columns. Got {rows.shape[1]} instead."
            )
        return rows

    def __reduce__(self):
        return type(self).from_bytes, (self.to_bytes(),)

    def __repr__(self):
        return self.layout.describe(self)


def _readout(header, exponents):
    classes = _classes(header["classes"], header["classes_dtype"])
    n_classes = max(2, len(exponents))
    good = (
        header["link"] in LINKS
        and (classes is None or classes.shape == (n_classes,))
        and (not header["flat"] or len(exponents) == 1)
        and bool((np.abs(exponents) < 2000).all())
    )
    if not good:
        raise _nonsense()
    return Readout(header["link"], exponents, classes, header["flat"])


def _close(request, response):
    """Mark a request as answered by these octets, or refuse others than the first."""
    digest = hashlib.sha256(response).digest()
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


def _written_dtype(classes):
    """Return the type of labels, strings as wide as the longest of them."""
    return _widest(classes.tolist()) if classes.dtype.kind == "U" else classes.dtype.str


def _widest(labels):
    return np.dtype(("U", max(1, *map(len, labels), 1))).str


def _classes(labels, dtype):
    if not (labels or dtype):
        return None
    if not _LABELS.fullmatch(dtype):
        raise _nonsense()
    if "U" in dtype and not (all(type(label) is str for label in labels) and labels):
        raise _nonsense()
    if "U" in dtype and dtype != _widest(labels):
        raise _nonsense()
    try:
        classes = np.array(labels, dtype=dtype)
    except (OverflowError, TypeError, ValueError):
        raise _nonsense() from None
    if plain_labels(classes) != labels or classes.dtype.str != dtype:
        raise _nonsense()
    return classes


def _nonsense():
    return GuaranteeError("The client describes no way to read scores. Nothing was read.")
