"""Runs in threads: the code of real sites over pairs of sockets."""

import pickle
import time

import numpy as np
import pytest

from sklearn_private.exceptions import (
    GuaranteeError,
    InvalidParameterError,
    RangeError,
    TransportError,
)
from sklearn_private.transport import run_mesh, run_star

ROUNDS = 3


def site(fails=None, question=lambda name, number: {"ask": number}, sleeps=0.0, add=None):
    """Return a site that sends its name in every round, and perhaps fails in one."""

    def run(channel):
        got = []
        with channel:
            for number in range(ROUNDS):
                if fails is not None and fails[0] == number:
                    raise fails[1]
                time.sleep(sleeps)
                asked = question(channel.name, number)
                payload = f"{channel.name}{number}".encode()
                if add is None:
                    got.append([bytes(one) for one in channel.exchange(asked, payload)])
                else:
                    got.append(bytes(channel.total(asked, payload, add=add)))
            got.append([bytes(one) for one in channel.finish(channel.name.encode())])
        return got

    return run


@pytest.fixture(params=["star", "mesh"])
def network(request):
    """Run sites, and return what became of each of them."""
    run = {"star": run_star, "mesh": run_mesh}[request.param]

    def results(sites, **options):
        found = run(sites, **options)
        found.pop("coordinator", None)
        return found

    return results


@pytest.mark.parametrize("n_sites", [1, 2, 3, 5])
def test_every_site_gets_every_message_in_the_order_of_the_sites(network, n_sites):
    names = [f"site{i}" for i in range(n_sites)]
    expected = [[f"{name}{number}".encode() for name in names] for number in range(ROUNDS)]
    expected.append([name.encode() for name in names])
    found = network({name: site() for name in reversed(names)})
    assert found == dict.fromkeys(names, expected)


def test_large_messages_pass_in_both_directions_at_once(network):
    def big(channel):
        with channel:
            sent = np.full(1 << 20, ord(channel.name)).tobytes()
            got = [np.frombuffer(one, int) for one in channel.exchange({}, sent)]
            channel.finish(b"")
        return [int(one[0]) for one in got], [len(one) for one in got]

    names = ["a", "b", "c", "d"]
    expected = [ord(name) for name in names], [1 << 20] * 4
    assert network(dict.fromkeys(names, big)) == dict.fromkeys(names, expected)


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RangeError("1e14"), "'b' holds a value that would leave the range"),
        (ValueError("Input X contains NaN 1e14"), "'b' refused its own rows or parameters"),
        (InvalidParameterError("1e14"), "'b' refused its own rows or parameters"),
        (GuaranteeError("1e14"), "'b' cannot keep a guarantee"),
        (ZeroDivisionError("1e14"), "'b' stopped with an error"),
        (KeyboardInterrupt("1e14"), "'b' was interrupted"),
    ],
)
def test_all_sites_are_told_why_one_stopped_and_no_value(network, number, error, told):
    found = network({"a": site(), "b": site(fails=(number, error)), "c": site()})
    assert found["b"] is error
    for other in ("a", "c"):
        assert isinstance(found[other], TransportError)
        assert str(pickle.loads(pickle.dumps(found[other]))) == str(found[other])
        assert told in str(found[other])
        assert "1e14" not in str(found[other])


def test_a_site_that_asks_another_question_is_named_by_the_others(network):
    def question(name, number):
        return {"round": number, "shape": [3 if (name, number) == ("b", 1) else 2]}

    found = network({name: site(question=question) for name in "abc"})
    assert all(isinstance(error, TransportError) for error in found.values())
    assert any("'b' asks another question" in str(error) for error in found.values())


def test_a_site_that_ends_early_is_named(network):
    def early(channel):
        with channel:
            channel.finish(b"")

    found = network({"a": site(), "b": early, "c": site()})
    assert all(isinstance(error, TransportError) for error in found.values())
    assert "another question" in str(found["a"])


def test_a_site_that_leaves_without_a_word_is_named(network):
    def leaves(channel):
        with channel:
            pass

    found = network({"a": site(), "b": leaves, "c": site()})
    for other in ("a", "c"):
        assert "'b' was interrupted" in str(found[other])


def test_a_site_that_never_begins_stops_all(network):
    def missing(channel):
        raise ValueError("no data")

    start = time.monotonic()
    found = network({"a": site(), "b": missing, "c": site()})
    assert "'b' closed its connection" in str(found["a"])
    assert time.monotonic() - start < 10


def test_a_late_site_is_given_up_at_the_timeout(network):
    start = time.monotonic()
    found = network({"a": site(), "b": site(sleeps=2.0), "c": site()}, timeout=0.5)
    assert isinstance(found["a"], TransportError)
    assert "'b'" in str(found["a"])
    assert "'b' did not answer in time" in str(found["a"]) + str(found["c"])
    assert time.monotonic() - start < 0.5 + 2.0 + 4


def test_a_coordinator_adds_what_it_is_asked_to():
    adders = {"join": lambda parts: b"".join(bytes(part[:1]) for part in parts)}
    found = run_star({name: site(add="join") for name in "ab"}, adders=adders)
    relayed = found["coordinator"]
    assert found["a"] == found["b"] == [b"ab"] * ROUNDS + [[b"a", b"b"]]
    assert (relayed.n_rounds, len(relayed.run)) == (ROUNDS, 64)


def test_a_coordinator_refuses_a_sum_that_it_does_not_know():
    found = run_star({name: site(add="join") for name in "ab"})
    assert all("it cannot add 'join'" in str(found["coordinator"]) for _ in found)
    assert all(isinstance(error, TransportError) for error in found.values())


def test_parties_have_nobody_who_adds():
    found = run_mesh({name: site(add="join") for name in "ab"})
    assert any("no coordinator" in str(error) for error in found.values())


def test_sites_cannot_differ_in_how_they_add():
    adders = {"join": b"+".join}
    found = run_star({"a": site(add="join"), "b": site()}, adders=adders)
    assert all(isinstance(error, TransportError) for error in found.values())


def test_every_run_has_a_name_of_its_own():
    runs = [run_star({name: site() for name in "ab"})["coordinator"].run for _ in range(3)]
    assert len(set(runs)) == 3


def test_a_channel_counts_its_rounds_and_octets(network):
    def counted(channel):
        with channel:
            before = channel.n_octets
            channel.exchange({}, bytes(1000))
            assert 1000 < (channel.n_octets - before) / channel.copies < 1500
            channel.finish(b"")
            return channel.n_rounds, repr(channel)

    found = network(dict.fromkeys("abc", counted))
    assert found["a"] == (1, "Channel('a', sites=['a', 'b', 'c'], n_rounds=1)")


@pytest.mark.parametrize("add", [None, "sum"])
def test_a_vector_of_another_length_is_named(add):
    def run(channel):
        payload = bytes(8 if channel.name == "b" else 16)
        with channel:
            if add is None:
                channel.exchange({}, payload, sizes=[len(payload)] * 3)
            else:
                channel.total({}, payload, add=add)

    found = run_star(dict.fromkeys("abc", run), adders={"sum": lambda parts: bytes(parts[0])})
    assert "'b' sent a message that cannot be read" in str(found["a"])
    assert all(isinstance(found[name], TransportError) for name in "abc")


def test_a_total_of_another_length_is_named():
    def run(channel):
        with channel:
            channel.total({}, bytes(16), add="sum")

    found = run_star(dict.fromkeys("abc", run), adders={"sum": lambda parts: bytes(8)})
    assert all("'coordinator' sent a message" in str(found[name]) for name in "abc")


def test_parties_scatter_a_message_for_each_alone():
    def run(channel):
        with channel:
            mine = [f"{channel.name}>{site}".encode() for site in channel.sites]
            got = [bytes(one) for one in channel.scatter({"ask": "parts"}, mine)]
            channel.finish(b"")
        return got

    found = run_mesh(dict.fromkeys("abc", run))
    assert found == {name: [f"{other}>{name}".encode() for other in "abc"] for name in "abc"}


def test_a_coordinator_cannot_scatter():
    def run(channel):
        with channel:
            channel.scatter({}, [b"", b""])

    found = run_star(dict.fromkeys("ab", run))
    assert "all of a message to all" in str(found["a"]) + str(found["b"])
