import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

import pytest

from sklearn_private.transport import (
    Identity,
    Listener,
    _inquiry,
    coordinate,
    diagnose,
    make_certificates,
    schema_digest,
)
from sklearn_private.transport._link import Deadline

ALL = ["certificates", "link", "tls", "version", "clock", "sites"]
COLUMNS = [("age", "number"), ("sex", "number")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"), ["a", "b"])


@pytest.fixture
def coordinator(folders):
    """The address of a coordinator that waits for its sites."""
    identity = Identity.load(folders["coordinator"])
    stop = threading.Event()
    with Listener(identity, "127.0.0.1:0") as listener, ThreadPoolExecutor(1) as pool:

        def wait():
            while not stop.is_set():
                with suppress(TimeoutError):
                    listener.accept(Deadline(0.2))

        pool.submit(wait)
        yield listener.address
        stop.set()


def found(*args, **options):
    checks = list(diagnose(*args, **options))
    return [check.name for check in checks], {check.name: check for check in checks}


def test_a_good_connection_passes_every_check(folders, coordinator):
    names, checks = found(folders["a"], coordinator)
    assert names == ALL
    assert all(check.ok for check in checks.values())
    assert "good for 30 more days" in checks["certificates"].text
    assert "connected for the run: nobody" in checks["sites"].text


def test_another_schema_is_named_by_site(folders, coordinator):
    same, other = schema_digest(COLUMNS), schema_digest(COLUMNS[::-1])
    _, first = found(folders["a"], coordinator, schema=same)
    _, second = found(folders["b"], coordinator, schema=same)
    _, third = found(folders["b"], coordinator, schema=other)
    assert first["schema"].text == "the columns are those of nobody yet"
    assert second["schema"].text == "the columns are those of a"
    assert not third["schema"].ok
    assert "other columns (names, kinds or order) than a" in third["schema"].text


def test_nobody_there_is_a_failed_link(folders):
    names, checks = found(folders["a"], "127.0.0.1:1", timeout=1.0)
    assert names == ["certificates", "link"]
    assert "nothing listens at 127.0.0.1:1" in checks["link"].text


@pytest.mark.parametrize("address", ["nowhere", "no.such.host.invalid:8443"])
def test_what_is_no_address_is_named(folders, address):
    names, checks = found(folders["a"], address)
    assert names == ["certificates", "address"]
    assert address in checks["address"].text


def test_certificates_of_another_computation_fail_tls(tmp_path, coordinator):
    stranger = make_certificates(tmp_path, ["a", "b"])["a"]
    names, checks = found(stranger, coordinator)
    assert names == ["certificates", "link", "tls"]
    assert "folders of one call of make_certificates" in checks["tls"].text


def test_somebody_else_at_the_address_fails_tls(folders):
    identity = Identity.load(folders["b"])
    with Listener(identity, "127.0.0.1:0") as listener, ThreadPoolExecutor(1) as pool:
        accepting = [pool.submit(listener.accept, Deadline(5)) for _ in range(2)]
        _, checks = found(folders["a"], listener.address)
        assert "'coordinator' was expected, and 'b' is there" in checks["tls"].text
        assert all(one.result() is None for one in accepting)


def test_a_damaged_folder_is_a_failed_certificate(folders, tmp_path):
    folder = shutil.copytree(folders["a"], tmp_path / "a")
    (folder / "b.pem").write_text("nonsense")
    names, checks = found(folder, "127.0.0.1:1")
    assert names == ["certificates"]
    assert not checks["certificates"].ok


def test_a_key_that_others_may_read_is_a_failed_certificate(folders, tmp_path):
    folder = shutil.copytree(folders["a"], tmp_path / "a")
    (folder / "a.key").chmod(0o644)
    checks = list(diagnose(folder, "127.0.0.1:1"))
    assert [(c.name, c.ok) for c in checks][:2] == [("certificates", True), ("certificates", False)]
    assert "chmod 600" in checks[1].text


def test_another_version_is_named(folders, coordinator, monkeypatch):
    versions = iter(["sklearn-private 9", "sklearn-private 8"])  # of the asker, of the answerer
    monkeypatch.setattr(_inquiry, "library_version", lambda: next(versions))
    _, checks = found(folders["a"], coordinator)
    assert not checks["version"].ok
    assert "'coordinator' runs 'sklearn-private 8'" in checks["version"].text


@pytest.mark.parametrize("apart, ok", [(3600.0, False), (-3600.0, False), (20.0, True)])
def test_clocks_that_differ_are_named(folders, coordinator, monkeypatch, apart, ok):
    clock = SimpleNamespace(time=lambda: time.time() + apart)
    monkeypatch.setattr(_inquiry, "time", clock)
    _, checks = found(folders["a"], coordinator)
    assert checks["clock"].ok is ok
    assert ("ahead" if apart > 0 else "behind") in checks["clock"].text


def test_a_check_is_not_a_site_that_joins(folders):
    """A coordinator that waits answers a check, and goes on waiting."""
    identity = Identity.load(folders["coordinator"])
    addresses, ready = [], threading.Event()

    def listening(address):
        addresses.append(address)
        ready.set()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            coordinate, identity, "127.0.0.1:0", adders={}, timeout=1, wait=1.5, on_listen=listening
        )
        assert ready.wait(5)
        names, _ = found(folders["a"], addresses[0])
        assert names == ALL
        assert "'a' did not answer in time: it did not connect" in str(waiting.exception())
