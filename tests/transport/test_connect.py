"""Links over TLS on loopback."""

import shutil
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sklearn_private.exceptions import InvalidParameterError, TransportError
from sklearn_private.transport import (
    Deadline,
    Identity,
    Listener,
    Relay,
    _handshakes,
    connect,
    host_and_port,
    join,
    make_certificates,
)
from sklearn_private.transport._connect import dial
from sklearn_private.transport._link import close_all


@pytest.fixture(autouse=True)
def no_thread_is_left_over():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"), ["a", "b", "c"])


@pytest.fixture(scope="module")
def members(folders):
    return {name: Identity.load(path) for name, path in folders.items()}


@pytest.fixture
def listener(members):
    with Listener(members["coordinator"], "127.0.0.1:0") as one:
        yield one


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def closed(*links):
    close_all(links, None)


def pair(server, client, listener, peer="coordinator"):
    """Return what an accepting and a dialling member get: a link or an exception."""
    with ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(listener.accept, Deadline(5))
        try:
            dialled = dial(client, listener.address, peer, Deadline(2))
        except TransportError as error:
            dialled = error
        return accepted.result(), dialled


def test_both_ends_know_each_other_over_tls_1_3(members, listener):
    there, here = pair(members["coordinator"], members["a"], listener)
    assert (there.peer, here.peer) == ("a", "coordinator")
    assert here._connection.version() == there._connection.version() == "TLSv1.3"
    closed(there, here)


def test_a_member_of_another_computation_gets_no_link(members, listener, tmp_path):
    stranger = Identity.load(make_certificates(tmp_path, ["a", "b", "c"])["a"])
    there, here = pair(members["coordinator"], stranger, listener)
    assert there is None
    assert "fails: " in str(here)
    assert "folders of one call of make_certificates" in str(here)


def test_an_impostor_of_the_right_authority_is_not_the_coordinator(members, folders):
    with Listener(members["b"], "127.0.0.1:0") as listener:
        there, here = pair(members["b"], members["a"], listener)
        assert "'coordinator' was expected, and 'b' is there" in str(here)
        closed(there)


def test_a_certificate_that_is_not_in_the_folder_is_refused(folders, listener, tmp_path):
    fewer = shutil.copytree(folders["a"], tmp_path / "a")
    (fewer / "coordinator.pem").unlink()
    there, here = pair(None, Identity.load(fewer), listener)
    assert "a certificate that is not in the folder of 'a'" in str(here)
    closed(there)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2])
def test_older_tls_and_no_certificate_are_refused(folders, listener, version):
    context = ssl.create_default_context(cafile=folders["a"] / "ca.pem")
    context.check_hostname = False
    for best in (version, None):
        if best is not None:
            context.maximum_version = best
        else:
            context.maximum_version = ssl.TLSVersion.TLSv1_3
        with ThreadPoolExecutor(1) as pool:
            accepted = pool.submit(listener.accept, Deadline(5))
            host, port = host_and_port(listener.address)
            with socket.create_connection((host, port)) as raw, pytest.raises(OSError):
                raw.settimeout(5)
                with context.wrap_socket(raw) as connection:
                    if not connection.recv(1):
                        raise ConnectionResetError
            assert accepted.result() is None


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n\r\n", bytes(1000)])
def test_strangers_do_not_stop_a_coordinator(members, listener, sent):
    host, port = host_and_port(listener.address)
    with socket.create_connection((host, port)) as stranger:
        stranger.sendall(sent)
        stranger.shutdown(socket.SHUT_WR)
        with ThreadPoolExecutor(1) as pool:
            joined = pool.submit(listener.wait_for, ["a"], Deadline(10))
            link = dial(members["a"], listener.address, "coordinator", Deadline(8))
            there = joined.result()["a"]
            assert there.peer == "a"
        closed(link, there)


def test_strangers_that_say_nothing_hold_up_nobody(members, listener):
    address, start = host_and_port(listener.address), time.monotonic()
    strangers = [socket.create_connection(address) for _ in range(70)]  # more than are kept
    with ThreadPoolExecutor(1) as pool:
        joined = pool.submit(listener.wait_for, ["a"], Deadline(10))
        link = dial(members["a"], listener.address, "coordinator", Deadline(8))
        there = joined.result()["a"]
    assert time.monotonic() - start < 4
    closed(link, there)
    for stranger in strangers:
        stranger.close()


def test_a_stranger_that_says_nothing_is_dropped(members, listener, monkeypatch):
    monkeypatch.setattr(_handshakes, "_SECONDS", 0.2)
    with socket.create_connection(host_and_port(listener.address)) as stranger:
        with pytest.raises(TimeoutError):
            listener.accept(Deadline(0.6))
        stranger.settimeout(2)
        assert stranger.recv(1) == b""


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_links_run_over_ipv6(members):
    try:
        listener = Listener(members["coordinator"], "[::1]:0")
    except InvalidParameterError:
        pytest.skip("no IPv6 loopback here")
    with listener:
        there, here = pair(members["coordinator"], members["a"], listener)
        assert (there.peer, here.peer) == ("a", "coordinator")
        closed(there, here)


def test_of_a_site_that_connects_twice_the_last_connection_counts(members, listener):
    with ThreadPoolExecutor(1) as pool:
        came = []
        joined = pool.submit(listener.wait_for, ["a", "b"], Deadline(10), came.append)
        first = dial(members["a"], listener.address, "coordinator", Deadline(5))
        first._connection.close()
        second = dial(members["a"], listener.address, "coordinator", Deadline(5))
        other = dial(members["b"], listener.address, "coordinator", Deadline(5))
        links = joined.result()
        assert came == ["a", "a", "b"]
        second.send(b"x", Deadline(1))
        links["a"]._connection.settimeout(2)
        assert links["a"]._connection.recv(1) == b"x"
    closed(second, other, *links.values())


def test_a_site_that_does_not_come_is_named(members, listener):
    with pytest.raises(TransportError, match="'b' did not answer in time: it did not connect"):
        listener.wait_for(["b"], Deadline(0.2))


def test_a_coordinator_that_is_not_there_is_named_in_time(members):
    start = time.monotonic()
    with pytest.raises(TransportError, match=r"'coordinator'.*nobody answers at 127.0.0.1:"):
        connect(members["a"], free_address(), timeout=0.5)
    assert time.monotonic() - start < 2.5


def test_a_site_may_start_before_the_coordinator(members):
    address = free_address()
    with ThreadPoolExecutor(1) as pool:
        link = pool.submit(dial, members["a"], address, "coordinator", Deadline(10))
        time.sleep(0.3)
        with Listener(members["coordinator"], address) as listener:
            there = listener.accept(Deadline(5))
        assert link.result().peer == "coordinator"
        closed(there, link.result())


def test_an_address_in_use_is_named(members, listener):
    with pytest.raises(InvalidParameterError, match="'coordinator' cannot listen at 127.0.0.1"):
        Listener(members["coordinator"], listener.address)


@pytest.mark.parametrize("address", ["", "host", "host:", ":1", "host:-1", "host:65536", 5, None])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidParameterError, match="must be 'host:port'"):
        host_and_port(address)


def sum_of_names(channel):
    with channel:
        got = channel.exchange({"ask": "name"}, channel.name.encode() * 100_000)
        channel.finish(b"")
    return b"".join(bytes(one[:1]) for one in got)


def test_sites_and_a_coordinator_run_over_tls(members, listener):
    def coordinate():
        links = listener.wait_for(members["coordinator"].sites, Deadline(10))
        return Relay(members["coordinator"], links, adders={}, timeout=10).run().n_rounds

    with ThreadPoolExecutor(4) as pool:
        rounds = pool.submit(coordinate)
        found = pool.map(
            lambda name: sum_of_names(connect(members[name], listener.address, timeout=10)), "abc"
        )
        assert list(found) == [b"abc"] * 3
        assert rounds.result() == 1


def test_parties_run_over_a_mesh_of_tls(tmp_path):
    folders = make_certificates(tmp_path, ["0", "1", "2"], coordinator=False)
    parties = {name: Identity.load(path) for name, path in folders.items()}
    addresses = {name: free_address() for name in parties}
    with ThreadPoolExecutor(3) as pool:
        found = pool.map(
            lambda name: sum_of_names(join(parties[name], addresses, timeout=10)), parties
        )
        assert list(found) == [b"012"] * 3


def test_a_party_that_does_not_come_is_named(tmp_path):
    folders = make_certificates(tmp_path, ["0", "1", "2"], coordinator=False)
    parties = {name: Identity.load(path) for name, path in folders.items()}
    addresses = {name: free_address() for name in parties}
    with ThreadPoolExecutor(2) as pool:
        joining = [pool.submit(join, parties[name], addresses, timeout=1.0) for name in "01"]
        for one in joining:
            with pytest.raises(TransportError, match="'2'.*it did not connect"):
                one.result()
