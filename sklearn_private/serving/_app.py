"""The ASGI application around an :class:`HEServer`.

Every request passes, in this order: the size of its body, its token and role, a free place (at most
so many evaluations at once, so many waiting), the store (replay and budget, written before anything
is computed), and the evaluation in a thread. Each outcome for a known token is a line in the log;
what has none leaves no line, or anybody could fill the disk. What is refused gets a status, the
message of the error and no more; a fault of the service itself is told apart from one of the
caller, and neither shows a traceback.
"""

import asyncio
import os
import threading
from functools import partial
from typing import Any

from .._checks import Checks
from .._optional import require
from ..exceptions import BudgetExceededError, GuaranteeError
from ..he import HEClient, HEServer
from ._messages import LARGEST_BODY, read_body
from ._store import RequestStore

_MESSAGE = "application/octet-stream"
_PATIENCE = 60.0
"""Seconds in which a body must have come: it holds a place."""


def create_app(
    server: HEServer,
    store: RequestStore | str | os.PathLike,
    *,
    client: HEClient | None = None,
    n_evaluations: int | None = None,
    n_waiting: int = 16,
    max_body: int = LARGEST_BODY,
) -> Any:
    """Return an ASGI application that answers encrypted requests.

    Parameters
    ----------
    server : HEServer
        The model.
    store : RequestStore or path-like
        Tokens, budgets, answered requests and the log. Processes that share it share these.
    client : HEClient, default=None
        If given, its public bytes are handed out at ``/client`` to whoever has a token.
    n_evaluations : int, default=None
        Evaluations at one time in this process; None takes one for each core.
    n_waiting : int, default=16
        Requests that may wait for one of these; more are answered with status 429.
    max_body : int, default=2**28
        Octets of the largest request.

    Returns
    -------
    starlette.applications.Starlette
        With ``POST /evaluate`` (role "predict"), ``GET /client`` (any role), ``GET /log`` (role
        "audit") and ``GET /health`` (no token).

    See Also
    --------
    run : Serves it over TLS.
    PredictionClient : Talks to it.

    Notes
    -----
    **Protects** features and scores of the rows, since only ciphertexts come here; and the model
    against more requests than were granted.
    **Against** whoever runs the service, as long as it follows the protocol; and callers.
    **Leaks** who asked when for how many rows, to the service; scores, to the caller.
    **Assumes** TLS in front of it: tokens travel in a header.
    """
    check = Checks("create_app")
    n_evaluations = (os.cpu_count() or 1) if n_evaluations is None else n_evaluations
    check.integer(n_evaluations=n_evaluations, max_body=max_body, at_least=1)
    check.integer(n_waiting=n_waiting, at_least=0)
    store = store if isinstance(store, RequestStore) else RequestStore(store)
    service = _Service(server, store, client, _Places(n_evaluations, n_waiting), max_body)
    applications = require("starlette.applications", extra="serve")
    route = require("starlette.routing", extra="serve").Route
    return applications.Starlette(
        routes=[
            route("/evaluate", service.evaluate, methods=["POST"]),
            route("/client", service.client_bytes),
            route("/log", service.log),
            route("/health", service.health),
        ],
        exception_handlers={_Refusal: service.refuse},
    )


class _Refusal(Exception):
    """A request that is not answered: a status, an event for the log, and what to say."""

    def __init__(self, status, event, message, caller="", octets=0):
        super().__init__(message)
        self.status, self.event, self.caller, self.octets = status, event, caller, octets


class _Places:
    """So many evaluations at once, so many waiting."""

    def __init__(self, n_running, n_waiting):
        self._running = threading.BoundedSemaphore(n_running)
        self._admitted = threading.BoundedSemaphore(n_running + n_waiting)

    def admit(self):
        """Take a place, running or waiting, or return False."""
        return self._admitted.acquire(blocking=False)

    def leave(self):
        """Give the place back."""
        self._admitted.release()

    def run(self, work):
        """Run when it is our turn, in a thread that may wait."""
        with self._running:
            return work()


class _Service:
    """What the routes share."""

    def __init__(self, server, store, client, places, max_body):
        self._server, self._store, self._places = server, store, places
        self._client = None if client is None else client.to_bytes()
        self._max_body = max_body
        self._responses = require("starlette.responses", extra="serve")
        self._in_thread = require("starlette.concurrency", extra="serve").run_in_threadpool

    async def evaluate(self, request):
        """Answer an encrypted request."""
        caller = await self._caller(request, "predict")
        if not self._places.admit():
            raise _Refusal(429, "busy", "All places are taken. Ask again in a second.", caller.name)
        try:
            body = await self._body(request, caller.name)
            answer = await self._in_thread(self._answer, caller.name, body)
        finally:
            self._places.leave()
        return self._responses.Response(answer, media_type=_MESSAGE)

    async def client_bytes(self, request):
        """Hand out the public half of the model."""
        await self._caller(request, None)
        if self._client is None:
            raise _Refusal(404, "no client", "This service hands out no client.")
        return self._responses.Response(self._client, media_type=_MESSAGE)

    async def log(self, request):
        """Show the log to an auditor."""
        await self._caller(request, "audit")
        after = request.query_params.get("after", "0")
        lines = self._store.log(int(after) if after.isdecimal() and len(after) < 19 else 0)
        return self._responses.JSONResponse(lines)

    async def health(self, request):
        """Say that the service is there."""
        return self._responses.JSONResponse({"status": "ok"})

    async def refuse(self, request, refusal):
        """Log a refusal and say why."""
        if refusal.caller:
            line = refusal.caller, f"refused: {refusal.event}", refusal.octets
            await self._in_thread(self._store.record, *line)
        headers = {"Retry-After": "1"} if refusal.status == 429 else {}
        return self._responses.JSONResponse(
            {"error": str(refusal), "code": refusal.event}, refusal.status, headers=headers
        )

    async def _caller(self, request, role):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and await self._in_thread(self._store.caller, token)
        if not known:
            raise _Refusal(401, "token", "The token is missing or not known.")
        if role not in (None, known.role):
            raise _Refusal(403, "role", f"The token is not for role {role!r}.", known.name)
        return known

    async def _body(self, request, name):
        too_large = partial(
            _Refusal, 413, "size", f"The request is larger than {self._max_body} octets.", name
        )
        declared = request.headers.get("content-length", "0")
        if not declared.isdecimal() or len(declared) > 18 or int(declared) > self._max_body:
            raise too_large()
        pieces, size = [], 0
        try:
            async with asyncio.timeout(_PATIENCE):
                async for piece in request.stream():
                    pieces.append(piece)
                    size += len(piece)
                    if size > self._max_body:
                        raise too_large(size)
        except TimeoutError:
            raise _Refusal(408, "slow", "The request did not come in time.", name, size) from None
        return b"".join(pieces)

    def _answer(self, name, body):
        try:
            bundle, request = read_body(body)
            self._store.charge(name, request)
            answer = self._places.run(lambda: self._server.evaluate(bundle, request))
        except BudgetExceededError as error:
            raise _Refusal(403, "budget", str(error), name, len(body)) from None
        except GuaranteeError as error:
            raise _Refusal(400, "message", str(error), name, len(body)) from None
        except Exception:
            failed = "The service failed. Nothing was returned."
            raise _Refusal(500, "fault", failed, name, len(body)) from None
        self._store.record(name, "answered", len(body))
        return answer
