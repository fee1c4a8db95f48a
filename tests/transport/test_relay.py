"""A coordinator that lies, and sites that do: every lie is an error that names who told it."""

import pytest

from sklearn_private.exceptions import TransportError
from sklearn_private.transport import (
    Identity,
    Kind,
    Relay,
    identities,
    issue,
    run_star,
    write_frame,
)
from sklearn_private.transport._link import Message
from sklearn_private.transport._session import signed

ROUNDS = 3


def honest(channel):
    opened = []
    channel.opened = opened
    with channel:
        for number in range(ROUNDS):
            opened.append(channel.exchange({"ask": number}, channel.name.encode() * 8))
        channel.finish(b"result")
    return len(opened)


def lying(monkeypatch, lie):
    """Let the coordinator pass ``lie(messages, round)`` on, made of what it should pass on."""
    truth = Relay._forward

    def forward(self, messages):
        truth(self, lie(dict(messages), self._n_rounds if self._run else -1, self))

    monkeypatch.setattr(Relay, "_forward", forward)
    return run_star(dict.fromkeys("abc", honest), timeout=1.0)


def as_message(octets, kind=Kind.ANSWER):
    return Message(memoryview(octets), kind)


def flipped(message, position):
    octets = bytearray(message.octets)
    octets[position] ^= 1
    return Message(memoryview(octets), message.kind)


def in_round(number, change):
    """Return a lie that changes the message of site 'b' in one round."""

    def lie(messages, now, relay):
        if now == number:
            messages["b"] = change(messages["b"], relay)
        return messages

    return lie


def errors(found):
    return [str(found[name]) for name in ("a", "c") if isinstance(found[name], TransportError)]


def test_without_a_lie_all_is_well(monkeypatch):
    found = lying(monkeypatch, lambda messages, now, relay: messages)
    assert [found[name] for name in "abc"] == [ROUNDS] * 3


@pytest.mark.parametrize("position", [0, 6, 9, 30, -97, -65, -64, -1])
@pytest.mark.parametrize("number", [-1, 0, ROUNDS - 1, ROUNDS])
def test_a_changed_message_is_named(monkeypatch, position, number):
    found = lying(monkeypatch, in_round(number, lambda message, relay: flipped(message, position)))
    assert len(errors(found)) == 2
    assert all("'coordinator'" in text for text in errors(found))


def test_a_total_that_the_coordinator_made_up_is_no_answer(monkeypatch):
    def made_up(message, relay):
        header = {"sender": "b", "run": relay._run, "round": 1, "question": {"ask": 1}, "add": ""}
        return as_message(signed(relay._identity, Kind.ANSWER, header, b"b" * 8))

    found = lying(monkeypatch, in_round(1, made_up))
    assert len(errors(found)) == 2
    assert all(
        "'coordinator' passed on a message that its sender did not sign (said to be of 'b')" in text
        for text in errors(found)
    )


def test_a_message_that_the_coordinator_signs_itself_is_no_answer(monkeypatch):
    def own(message, relay):
        header = {"sender": "coordinator", "run": relay._run, "round": 1, "question": {"ask": 1}}
        return as_message(signed(relay._identity, Kind.ANSWER, header | {"add": ""}, b"b" * 8))

    found = lying(monkeypatch, in_round(1, own))
    assert all("of 'coordinator' instead of 'b'" in text for text in errors(found))
    assert len(errors(found)) == 2


def test_a_replayed_round_is_named(monkeypatch):
    seen = []

    def replay(messages, now, relay):
        seen.append(messages["b"])
        if now == 2:
            messages["b"] = seen[-2]
        return messages

    found = lying(monkeypatch, replay)
    assert len(errors(found)) == 2
    for text in errors(found):
        assert "'coordinator' sent a message of another run, round or sender" in text
        assert "(of 'b', in round 2)" in text


def test_a_message_of_another_run_is_named(monkeypatch):
    kept = {}

    def keep(messages, now, relay):
        kept[now] = messages["b"]
        return messages

    def replay(messages, now, relay):
        return messages | ({"b": kept[1]} if now == 1 else {})

    members = identities(["a", "b", "c"])
    # The same certificates in both runs, so that the old signature is a good one.
    monkeypatch.setattr("sklearn_private.transport._local.identities", lambda sites: members)
    assert lying(monkeypatch, keep)["a"] == ROUNDS
    monkeypatch.undo()
    monkeypatch.setattr("sklearn_private.transport._local.identities", lambda sites: members)
    found = lying(monkeypatch, replay)
    assert len(errors(found)) == 2
    assert all("another run, round or sender" in text for text in errors(found))


def test_the_message_of_one_site_is_not_taken_for_that_of_another(monkeypatch):
    def swap(messages, now, relay):
        if now == 1:
            messages["b"], messages["c"] = messages["c"], messages["b"]
        return messages

    found = lying(monkeypatch, swap)
    assert "of 'c' instead of 'b'" in str(found["a"])


def test_a_message_that_is_held_back_is_named_in_time(monkeypatch):
    def hold(messages, now, relay):
        return {name: one for name, one in messages.items() if now != 1 or name != "b"}

    found = lying(monkeypatch, hold)
    assert all("'coordinator'" in text for text in errors(found))
    assert len(errors(found)) == 2


def test_a_false_end_is_refused(monkeypatch):
    def ends(message, relay):
        header = {"sender": "b", "run": relay._run, "round": 1}
        return as_message(signed(relay._identity, Kind.DONE, header, b"result"), Kind.DONE)

    found = lying(monkeypatch, in_round(1, ends))
    assert all("did not sign" in text for text in errors(found))
    assert len(errors(found)) == 2


def test_an_abort_of_another_run_stops_nobody_in_the_name_of_a_site(monkeypatch):
    def old(message, relay):
        header = {"sender": "coordinator", "run": "0" * 64, "reason": "rows", "about": "b"}
        return as_message(signed(relay._identity, Kind.ABORT, header), Kind.ABORT)

    found = lying(monkeypatch, in_round(1, old))
    assert all("'coordinator' sent a message of another run" in text for text in errors(found))


@pytest.mark.parametrize("kind", [0, 1, 5, 15, 22, 255])
def test_a_message_of_an_unknown_kind_is_named(monkeypatch, kind):
    def strange(message, relay):
        frame = write_frame(Kind.REQUEST, {"sender": "b"}, b"")
        octets = bytearray(frame + relay._identity.sign(frame))
        octets[7] = kind
        return Message(memoryview(octets), kind)

    found = lying(monkeypatch, in_round(1, strange))
    assert all("'coordinator' sent a message that cannot be read" in text for text in errors(found))
    assert len(errors(found)) == 2


def test_a_hello_of_a_site_with_another_version_is_named(monkeypatch):
    versions = iter(["1", "1", "1", "2"] + ["1"] * 20)
    monkeypatch.setattr(
        "sklearn_private.transport._session.library_version", lambda: next(versions, "1")
    )
    found = run_star(dict.fromkeys("abc", honest), timeout=1.0)
    assert any(
        "another version of this library" in str(found[name]) for name in [*"abc", "coordinator"]
    )


def test_a_site_with_other_certificates_is_named(monkeypatch):
    issued = issue(["a", "b", "c", "d"])

    def member(name, known):
        certificates = {other: issued.certificates[other] for other in known}
        return Identity(name, issued.keys[name], issued.authority, certificates)

    fewer = ["a", "b", "c", "coordinator"]
    members = {name: member(name, fewer) for name in fewer} | {"c": member("c", [*fewer, "d"])}
    monkeypatch.setattr("sklearn_private.transport._local.identities", lambda sites: members)
    found = run_star(dict.fromkeys("abc", honest), timeout=1.0)
    told = "'c' has certificates of other members"
    assert told in str(found["coordinator"])
    assert told in str(found["a"])


@pytest.mark.parametrize(
    "reason, about", [("rows", "\x1b[31m" + "x" * 1000), ("\x1b[31m", "b"), ("", ""), ("rows", "d")]
)
def test_an_abort_shows_nothing_but_known_names_and_reasons(reason, about):
    def rude(channel):
        with channel:
            header = {"sender": "b", "run": channel.run, "reason": reason, "about": about}
            octets = signed(channel._identity, Kind.ABORT, header)
            channel._route.close(octets)
            channel._finished = True

    found = run_star({"a": honest, "b": rude, "c": honest}, timeout=1.0)
    for name in ("a", "c", "coordinator"):
        text = str(found[name])
        assert "'b' stopped with an error" in text
        assert "\x1b" not in text and "xxx" not in text
