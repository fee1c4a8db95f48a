import json
import threading
import time

import numpy as np
import pytest

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.he import HEClient
from sklearn_private.serving import create_app
from sklearn_private.serving._messages import write_body

from .conftest import ask


@pytest.fixture
def body(parties, iris):
    """A request for three rows."""
    client, _ = parties
    return write_body(client.public_bundle(), client.encrypt(iris[0][::50]))


def test_a_request_with_a_token_is_answered_and_logged(app, store, body, parties):
    token, auditor = store.add_token("a"), store.add_token("b", "audit")
    status, _, answer = ask(app, "/evaluate", body, token=token)
    assert status == 200
    np.testing.assert_array_equal(parties[0].predict(answer), [0, 1, 2])
    status, _, lines = ask(app, "/log", token=auditor)
    (line,) = json.loads(lines)
    assert (status, line["name"], line["event"]) == (200, "a", "answered")
    assert line["octets"] == len(body)
    assert ask(app, "/log?after=1", token=auditor)[2] == b"[]"


def test_without_the_right_token_nothing_is_answered(app, store, body):
    token, auditor = store.add_token("a"), store.add_token("b", "audit")
    for wrong in (None, "x", token[:-1]):
        assert ask(app, "/evaluate", body, token=wrong)[0] == 401
    basic = ((b"authorization", f"Basic {token}".encode()),)
    assert ask(app, "/evaluate", body, headers=basic)[0] == 401
    assert ask(app, "/evaluate", body, token=auditor)[0] == 403
    assert ask(app, "/log", token=token)[0] == 403
    assert ask(app, "/health")[0] == 200
    assert ask(app, "/evaluate", method="GET", token=token)[0] == 405
    assert [line["event"] for line in store.log()] == ["refused: role"] * 2


def test_the_public_client_is_handed_out_without_keys(app, parties, store):
    assert ask(app, "/client")[0] == 401
    status, _, data = ask(app, "/client", token=store.add_token("a"))
    assert status == 200
    assert data == parties[0].to_bytes()
    assert HEClient.from_bytes(data)._key is None
    silent = create_app(parties[1], store)
    assert ask(silent, "/client", token=store.add_token("b"))[0] == 404


def test_budget_and_replay_have_their_answers(app, store, body, parties, iris):
    token = store.add_token("a", budget=2)
    assert ask(app, "/evaluate", body, token=token)[0] == 200
    status, _, said = ask(app, "/evaluate", body, token=token)
    assert (status, json.loads(said)["code"]) == (400, "message")
    assert "answered before" in json.loads(said)["error"]
    client = parties[0]
    for expected in (200, 403):
        again = write_body(client.public_bundle(), client.encrypt(iris[0][:1]))
        status, _, said = ask(app, "/evaluate", again, token=token)
        assert status == expected
    assert json.loads(said)["code"] == "budget"


@pytest.mark.parametrize("declared", [str(10**9), "9" * 30, "-1", "many"])
def test_a_size_that_is_too_large_is_refused_before_it_comes(declared, app, store):
    headers = ((b"content-length", declared.encode()),)
    status, _, said = ask(app, "/evaluate", b"x", token=store.add_token("a"), headers=headers)
    assert (status, json.loads(said)["code"]) == (413, "size")


def test_a_body_that_grows_too_large_is_cut(parties, store):
    app = create_app(parties[1], store, max_body=1_000)
    pieces = [bytes(600)] * 1_000
    assert ask(app, "/evaluate", pieces=pieces, token=store.add_token("a"))[0] == 413
    assert store.log()[-1]["octets"] == 1_200


def test_what_is_no_request_is_refused_and_the_service_still_answers(app, store, body):
    token = store.add_token("a")
    noise = np.random.default_rng(0)
    for bad in (noise.bytes(10_000_000), b"", bytes(3), bytes(4), body[:-1], b"\xff" * 100):
        status, _, said = ask(app, "/evaluate", bad, token=token, method="POST")
        assert (status, json.loads(said)["code"]) == (400, "message")
    for position in range(0, len(body), len(body) // 40):
        damaged = bytearray(body)
        damaged[position] ^= 0x01
        assert ask(app, "/evaluate", bytes(damaged), token=token)[0] == 400
    assert ask(app, "/evaluate", body, token=token)[0] == 200


def test_a_fault_of_the_service_shows_nothing_of_it(parties, store, body, monkeypatch):
    app = create_app(parties[1], store)

    def broken(*_):
        raise RuntimeError("the weights are 1, 2, 3")

    monkeypatch.setattr(parties[1], "evaluate", broken)
    status, _, said = ask(app, "/evaluate", body, token=store.add_token("a"))
    assert (status, json.loads(said)["code"]) == (500, "fault")
    assert b"weights" not in said
    assert store.log()[-1]["event"] == "refused: fault"


def test_when_all_places_are_taken_the_rest_is_told_to_come_again(
    parties, store, iris, monkeypatch
):
    client, server = parties
    app = create_app(server, store, n_evaluations=1, n_waiting=1)
    started, go_on, running = threading.Event(), threading.Event(), []
    evaluate, lock = server.evaluate, threading.Lock()

    def slow(*messages):
        running.append(lock.acquire(blocking=False))  # at most one at a time
        started.set()
        go_on.wait(30)
        lock.release()
        return evaluate(*messages)

    monkeypatch.setattr(server, "evaluate", slow)
    token, statuses = store.add_token("a", budget=10), []
    bodies = [write_body(client.public_bundle(), client.encrypt(iris[0][:1])) for _ in range(2)]
    threads = [
        threading.Thread(
            target=lambda b=b: statuses.append(ask(app, "/evaluate", b, token=token)[0])
        )
        for b in bodies
    ]
    threads[0].start()
    assert started.wait(30)
    threads[1].start()
    for _ in range(3_000):
        if store.remaining("a") == 8:  # both were charged: one runs, one waits
            break
        time.sleep(0.01)
    status, headers, _ = ask(app, "/evaluate", bytes(4), token=token)
    assert (status, headers[b"retry-after"]) == (429, b"1")
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert statuses == [200, 200]
    assert running == [True, True]


@pytest.mark.parametrize(
    ("name", "value"), [("n_evaluations", 0), ("n_waiting", -1), ("max_body", 0.5)]
)
def test_bad_parameters_are_refused_by_name(name, value, parties, store):
    with pytest.raises(InvalidParameterError, match=f"The {name!r} parameter of create_app"):
        create_app(parties[1], store, **{name: value})
