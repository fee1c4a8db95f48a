import sqlite3
from concurrent.futures import ProcessPoolExecutor

import pytest

from sklearn_private.exceptions import (
    BudgetExceededError,
    GuaranteeError,
    InvalidParameterError,
)
from sklearn_private.serving import RequestStore


def charged(path, octets):
    """Charge a request in a process of its own and return whether it was let through."""
    try:
        RequestStore(path).charge("a", octets)
    except (BudgetExceededError, GuaranteeError) as error:
        return type(error).__name__
    return "charged"


def test_a_token_is_shown_once_and_not_kept(store):
    token = store.add_token("a", budget=3)
    assert (store.caller(token).name, store.caller(token).role) == ("a", "predict")
    assert store.caller(token + "x") is store.caller("") is None
    assert token.encode() not in store.path.read_bytes()
    assert store.path.stat().st_mode & 0o77 == 0
    with pytest.raises(InvalidParameterError, match="Revoke it first"):
        store.add_token("a")
    store.revoke("a")
    assert store.caller(token) is None
    with pytest.raises(InvalidParameterError, match="has no token"):
        store.remaining("a")


@pytest.mark.parametrize("values", [{"role": "root"}, {"budget": -1}, {"budget": 1.5}])
def test_bad_tokens_are_refused_by_name(values, store):
    (name,) = values
    with pytest.raises(InvalidParameterError, match=f"The {name!r} parameter of RequestStore"):
        store.add_token("a", **values)


def test_a_budget_counts_requests_and_a_replay_costs_nothing(store):
    store.add_token("a", budget=2)
    store.add_token("b")
    store.charge("a", b"one")
    for name in ("a", "b"):
        with pytest.raises(GuaranteeError, match="answered before"):
            store.charge(name, b"one")
    assert store.remaining("a") == 1
    assert store.remaining("b") is None
    store.charge("a", b"two")
    with pytest.raises(BudgetExceededError, match="No request is left"):
        store.charge("a", b"three")
    with pytest.raises(BudgetExceededError):
        store.charge("nobody", b"three")
    store.charge("b", b"three")  # a refused charge left no trace


def test_processes_share_budget_and_replay_cache(store):
    store.add_token("a", budget=5)
    with ProcessPoolExecutor(3) as pool:
        same = list(pool.map(charged, [store.path] * 6, [b"same"] * 6))
        others = list(pool.map(charged, [store.path] * 9, [bytes([k]) for k in range(9)]))
    assert sorted(same) == ["GuaranteeError"] * 5 + ["charged"]
    assert others.count("charged") == 4
    assert store.remaining("a") == 0


def test_the_log_is_only_added_to(store):
    store.record("a", "answered", 10)
    store.record("b", "refused: size")
    assert [(line["name"], line["event"], line["octets"]) for line in store.log()] == [
        ("a", "answered", 10),
        ("b", "refused: size", 0),
    ]
    assert [line["id"] for line in store.log(after=1)] == [2]
    connection = sqlite3.connect(store.path)
    for change in ("UPDATE log SET name = 'c'", "DELETE FROM log"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(change)
    connection.close()
