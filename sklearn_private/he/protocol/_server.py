"""The party that holds the model and sees ciphertexts only."""

import hashlib
from typing import Any

from ...transport import Kind, read_frame, write_frame
from ..programs import read_program
from ..schemes import open_scheme
from ._layout import Layout
from ._messages import BUNDLE_FIELDS, REQUEST_FIELDS, check_binding, wrong_size
from ._signatures import SECRET_SIZE, Signer, bundle_fingerprint, signed_frame

_FIELDS = {"model": str, "layout": dict, "program": dict}


class HEServer:
    """Evaluate a model on encrypted rows.

    It holds the weights as whole numbers and public parameters. It never holds a secret key, and
    keeps nothing between two calls. Get one from :meth:`HEPredictor.split` or :meth:`from_bytes`.

    Parameters
    ----------
    model : str
        Identifier that it shares with its client.
    layout : Layout
        The public parameters.
    program : Program
        The model.
    signer : Signer
        Signs the answers; its client knows the public half.

    See Also
    --------
    HEClient : The party that holds the rows and the key.

    Notes
    -----
    **Protects** the features and scores of the rows in a request.
    **Against** this server, as long as it follows the protocol.
    **Leaks** the number of rows and columns to the server, and exact scores to the client, who can
    compute the weights from as many rows as there are columns, plus one, or from one malformed
    request of one row. A budget of a client counts requests, not rows.
    **Assumes** the security assumption of the scheme. Messages are signed, so that whoever passes
    them on can neither change nor swap them; who may ask is up to the service around this object.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_private.he import HEPredictor, HEServer
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=1_000)
    >>> _, server = HEPredictor(model).fit(X, y).split()
    >>> HEServer.from_bytes(server.to_bytes())
    HEServer(scheme='paillier', security_bits=128, n_features=4, n_outputs=3)
    """

    def __init__(self, model: str, layout: Layout, program: Any, signer: Signer):
        self.model = model
        self._signer = signer
        self.layout = layout
        self.program = program
        self._scheme = open_scheme(layout)

    def evaluate(self, public_bundle: bytes, request: bytes) -> bytes:
        """Return the encrypted scores of encrypted rows.

        Parameters
        ----------
        public_bundle : bytes
            The client's public key, from :meth:`HEClient.public_bundle`.
        request : bytes
            Encrypted rows, from :meth:`HEClient.encrypt`.

        Returns
        -------
        bytes
            The response, signed; under Paillier two answers to one request differ.

        Raises
        ------
        GuaranteeError
            If a message is damaged, is not signed by the owner of the bundle, belongs to another
            model, other parameters or another key, or holds numbers that are no ciphertexts.
        """
        bundle, key = self._public_key(public_bundle)
        frame = signed_frame("request", request, bundle["signer"])
        header, payload = read_frame(frame, Kind.REQUEST, REQUEST_FIELDS)
        expected = {
            "model": self.model,
            "parameters": self.layout.digest,
            "key": bundle["key"],
        }
        check_binding("request", header, expected)
        n_rows = header["n_rows"]
        if n_rows < 1 or len(payload) != self._scheme.request_size(n_rows):
            raise wrong_size("request")
        answers = self._scheme.evaluate(key, payload, n_rows, self.program)
        header = {**header, "answers": hashlib.sha256(frame).hexdigest()}
        return self._signer.sign(write_frame(Kind.RESPONSE, header, answers))

    def _public_key(self, public_bundle):
        header, payload = read_frame(public_bundle, Kind.PUBLIC_BUNDLE, BUNDLE_FIELDS)
        expected = {
            "scheme": self.layout.scheme,
            "security_bits": self.layout.security_bits,
        }
        check_binding("public bundle", header, expected)
        key = self._scheme.read_public_key(payload)
        named = bundle_fingerprint(key.fingerprint, header["signer"])
        check_binding("public bundle", header, {"key": named})
        return header, key

    def to_bytes(self) -> Any:
        """Return the server as bytes: weights, public parameters and the key that signs answers."""
        fields, payload = self.program.to_parts()
        header = {"model": self.model, "layout": self.layout.to_dict(), "program": fields}
        return write_frame(Kind.SERVER, header, self._signer.to_bytes() + payload)

    @classmethod
    def from_bytes(cls, data: Any) -> Any:
        """Return the server in bytes of :meth:`to_bytes`, its ranges proven again.

        Raises
        ------
        GuaranteeError
            If the bytes are damaged, or a score could leave the range of its ciphertext.
        """
        header, payload = read_frame(data, Kind.SERVER, _FIELDS)
        layout = Layout.from_dict(header["layout"])
        if len(payload) < SECRET_SIZE:
            raise wrong_size("server")
        program = read_program(header["program"], payload[SECRET_SIZE:], layout)
        server = cls(header["model"], layout, program, Signer(payload[:SECRET_SIZE]))
        server._scheme.check(server.program)
        return server

    def __reduce__(self):
        return type(self).from_bytes, (self.to_bytes(),)

    def __repr__(self):
        return self.layout.describe(self)
