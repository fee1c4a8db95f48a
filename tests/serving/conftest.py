"""A small model behind a service, and a caller that needs no network."""

import asyncio

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from sklearn_private.he import HEPredictor
from sklearn_private.serving import RequestStore, create_app

pytest.importorskip("starlette")
pytest.importorskip("tenseal.sealapi")


@pytest.fixture(scope="session")
def iris():
    """150 rows, 4 columns, three classes."""
    return load_iris(return_X_y=True)


@pytest.fixture(scope="session")
def predictor(iris):
    """Three scores of a row, under a scheme that is quick."""
    return HEPredictor(LogisticRegression(max_iter=500), "ckks", bounds=(0, 10)).fit(*iris)


@pytest.fixture
def parties(predictor):
    """A client with a key, and its server."""
    client, server = predictor.split()
    return client.keygen(), server


@pytest.fixture
def store(tmp_path):
    """A store without a token."""
    return RequestStore(tmp_path / "service.db")


@pytest.fixture
def app(parties, store):
    """The service of the server."""
    return create_app(parties[1], store, client=parties[0], n_evaluations=2)


def ask(app, path, body=b"", *, token=None, method=None, headers=(), pieces=None):
    """Return the status, the headers and the body with which an application answers."""
    sent = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces or ()]
    sent.append({"type": "http.request", "body": body, "more_body": False})
    messages, sent = [], iter(sent)
    fields = [(b"authorization", f"Bearer {token}".encode())] if token else []
    if not pieces:
        fields.append((b"content-length", str(len(body)).encode()))
    fields = [*headers, *(field for field in fields if field[0] not in dict(headers))]
    path, _, query = path.partition("?")
    scope = {
        **{"type": "http", "http_version": "1.1", "scheme": "https", "server": ("x", 443)},
        **{"method": method or ("POST" if body or pieces else "GET"), "path": path},
        **{"query_string": query.encode(), "headers": fields, "root_path": ""},
    }

    async def receive():
        return next(sent)

    async def send(message):
        messages.append(message)

    asyncio.run(app(scope, receive, send))
    start, *rest = messages
    return start["status"], dict(start["headers"]), b"".join(m.get("body", b"") for m in rest)
