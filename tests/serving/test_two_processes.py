"""A client and two servers in processes of their own, over TLS, behind one store."""

import datetime
import ipaddress
import signal
import socket
import ssl
import subprocess
import sys
import time

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from sklearn_private.exceptions import (
    BudgetExceededError,
    GuaranteeError,
    InvalidParameterError,
    TransportError,
)
from sklearn_private.serving import PredictionClient, run

pytest.importorskip("uvicorn")

SERVE = """
import sys
from pathlib import Path
from sklearn_private.he import HEClient, HEServer
from sklearn_private.serving import create_app, run
folder, port = Path(sys.argv[1]), int(sys.argv[2])
server = HEServer.from_bytes((folder / "server").read_bytes())
client = HEClient.from_bytes((folder / "client").read_bytes())
app = create_app(server, folder / "service.db", client=client)
run(app, port=port, certificate=folder / "tls.pem", key=folder / "tls.key")
"""


def write_certificate(folder, name):
    """Write a certificate for 127.0.0.1 that signs itself, and its key."""
    key, now = Ed25519PrivateKey.generate(), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(
        subject, subject, key.public_key(), 1, now, now + datetime.timedelta(days=1)
    )
    made = made.add_extension(address, False).sign(key, None)
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    octets = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / f"{name}.key").write_bytes(octets)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(folder, port):
    """Return a server process that answers."""
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(folder), str(port)])
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        assert process.poll() is None
        time.sleep(0.2)
    raise AssertionError("the server did not start")


@pytest.fixture
def folder(tmp_path, predictor, store):
    client, server = predictor.split()
    (tmp_path / "client").write_bytes(client.to_bytes())
    (tmp_path / "server").write_bytes(server.to_bytes())
    for name in ("tls", "other"):
        write_certificate(tmp_path, name)
    return tmp_path


@pytest.mark.slow
def test_two_servers_behind_one_store_answer_a_client_over_tls(folder, store, iris):
    ports = free_port(), free_port()
    servers = [started(folder, port) for port in ports]
    urls = [f"https://127.0.0.1:{port}" for port in ports]
    token = store.add_token("ward 3", budget=3)
    try:
        mine = PredictionClient(urls[0], token, authority=folder / "tls.pem")
        np.testing.assert_array_equal(mine.predict(iris[0][::50]), [0, 1, 2])
        other = PredictionClient(urls[1], token, mine.client, authority=folder / "tls.pem")
        assert other.predict_proba(iris[0][:1]).shape == (1, 3)
        assert store.remaining("ward 3") == 1

        with pytest.raises(TransportError, match="did not answer .*CERTIFICATE_VERIFY_FAILED"):
            PredictionClient(urls[0], token, mine.client, authority=folder / "other.pem").predict(
                iris[0][:1]
            )
        with pytest.raises(TransportError, match="status 401"):
            PredictionClient(urls[0], token + "x", authority=folder / "tls.pem")
        with pytest.raises(ssl.SSLError):  # only TLS 1.3 is spoken
            old = ssl.create_default_context(cafile=folder / "tls.pem")
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            with socket.create_connection(("127.0.0.1", ports[0])) as plain:
                old.wrap_socket(plain, server_hostname="127.0.0.1")

        servers[0].send_signal(signal.SIGKILL)
        servers[0].wait(30)
        with pytest.raises(TransportError, match="did not answer"):
            mine.predict(iris[0][:1])
        assert other.predict(iris[0][:1]) == [0]  # the last one of the budget
        with pytest.raises(BudgetExceededError, match="status 403: No request is left"):
            other.predict(iris[0][:1])
        events = [line["event"] for line in store.log()]
        assert events == ["answered"] * 3 + ["refused: budget"]
    finally:
        for process in servers:
            process.kill()
            process.wait(30)


def test_tokens_never_travel_in_clear(app, tmp_path):
    for options in ({"host": "0.0.0.0"}, {"host": "example.org"}, {"key": tmp_path / "key"}):
        with pytest.raises(InvalidParameterError, match="of run"):
            run(app, **options)
    for url in ("http://example.org", "ftp://127.0.0.1", "127.0.0.1:80"):
        with pytest.raises(InvalidParameterError, match="must begin with https"):
            PredictionClient(url, "secret")


def test_a_client_shows_no_token_and_quotes_a_refusal(parties):
    client = PredictionClient("https://127.0.0.1:1", "secret", parties[0], timeout=5)
    assert repr(client) == "PredictionClient('https://127.0.0.1:1')"
    with pytest.raises(GuaranteeError, match="did not answer") as refusal:
        client.predict([[5.0, 3.0, 1.0, 1.0]])
    assert "secret" not in str(refusal.value)
