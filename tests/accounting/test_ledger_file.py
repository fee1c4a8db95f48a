"""A file that cannot be used is a clear error, and never leaves half a charge."""

import functools
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from dp_accounting import LaplaceDpEvent

from sklearn_private.accounting import PrivacyLedger
from sklearn_private.accounting.ledger import _ledger_file
from sklearn_private.exceptions import BudgetExceededError, LedgerError

EVENT = LaplaceDpEvent(1000.0)
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs the limits and users of POSIX")


@pytest.fixture
def ledger(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    for _ in range(40):
        ledger.spend(EVENT)
    return ledger


def assert_whole(path, n_charges):
    """The file is a sound database with whole charges 1, 2, ..., and nothing lies beside it."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    entries = PrivacyLedger(path).entries()
    assert [charge.id for charge in entries] == list(range(1, n_charges + 1))
    assert {charge.event for charge in entries} <= {EVENT}
    assert os.listdir(path.parent) == [path.name]


def assert_unusable(ledger, message):
    """Opening, reading and charging all fail with ``message``, and say that nothing was charged."""
    for use in (
        lambda: PrivacyLedger(ledger.path),
        lambda: PrivacyLedger(ledger.path, epsilon=1.0),
        ledger.entries,
        ledger.spent,
        lambda: ledger.spend(EVENT),
    ):
        with pytest.raises(LedgerError, match=message) as error:
            use()
        assert "Nothing was charged and nothing was released." in str(error.value)


def overwrite(path, start, data):
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(data)


DAMAGES = {
    "random bytes": lambda path: path.write_bytes(bytes(range(256)) * 32),
    "another header": lambda path: overwrite(path, 0, b"SQLite format 4\0"),
    "a flipped application id": lambda path: overwrite(path, 68, b"\xac\xb4\xaf\x8d"),
    "no bytes": lambda path: path.write_bytes(b""),
    "half of the bytes": lambda path: path.write_bytes(
        path.read_bytes()[: path.stat().st_size // 2]
    ),
    "a page of zeros": lambda path: overwrite(path, 4096, bytes(path.stat().st_size - 4096)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_and_not_written_to(ledger, damage):
    damage(ledger.path)
    before = ledger.path.read_bytes()
    assert_unusable(ledger, "The file is damaged or no ledger: restore it from a backup")
    assert ledger.path.read_bytes() == before


def test_a_damaged_entry_is_refused(ledger):
    content = ledger.path.read_bytes()
    assert content.count(b'{"kind"') >= 40
    ledger.path.write_bytes(content.replace(b'{"kind"', b'{"Kind"', 1))
    for use in (ledger.entries, ledger.spent, ledger.to_pandas):
        with pytest.raises(LedgerError, match=r"entry \d+ is malformed.* The file is damaged"):
            use()


def test_a_file_without_a_budget_is_refused(ledger):
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER keep_budget")
        connection.execute("DELETE FROM budget")
    assert_unusable(ledger, "malformed: it has no budget.* The file is damaged")


def test_another_format_is_refused(ledger):
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("PRAGMA user_version = 3")
    assert_unusable(ledger, "its format is 3, not 2.* Install the version of sklearn-private")


def test_another_database_is_refused_and_not_written_to(ledger):
    ledger.path.unlink()
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("CREATE TABLE budget (uuid)")
        connection.commit()
    before = ledger.path.read_bytes()
    assert_unusable(ledger, "it is not a ledger.* The file is damaged or no ledger")
    assert ledger.path.read_bytes() == before


def test_a_folder_is_no_ledger(tmp_path, ledger):
    ledger.path.unlink()
    ledger.path.mkdir()
    assert_unusable(ledger, "unable to open database file.* Check that the path and its folder")
    assert os.listdir(ledger.path) == []


@pytest.mark.parametrize("path", ["no/such/folder/ledger", "x" * 5000, "file/ledger"])
def test_a_path_that_cannot_be_is_a_clear_error(tmp_path, path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"ledger .* cannot be used: .* Check that the path"):
        PrivacyLedger(tmp_path / path, epsilon=1.0)
    assert os.listdir(tmp_path) == ["file"]


def test_a_locked_file_is_waited_for_and_then_refused(ledger, monkeypatch):
    monkeypatch.setattr(_ledger_file, "LOCK_SECONDS", 0.05)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert_unusable(ledger, "database is locked.* Another process holds it: wait")
        other.execute("ROLLBACK")
    assert_whole(ledger.path, 40)
    monkeypatch.setattr(_ledger_file, "LOCK_SECONDS", 60)
    with closing(
        sqlite3.connect(ledger.path, isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(0.2, other.execute, ["ROLLBACK"])
        release.start()
        ledger.spend(EVENT)
        release.join()
    assert_whole(ledger.path, 41)


def test_a_charge_that_fails_midway_is_taken_back(ledger, monkeypatch):
    class Interrupted(BaseException):
        pass

    def interrupt(*_):
        raise Interrupted

    monkeypatch.setattr("sklearn_private.accounting.ledger._charge.Charge", interrupt)
    with pytest.raises(Interrupted):  # after the row was inserted, before the commit
        ledger.spend(EVENT)
    monkeypatch.undo()
    assert_whole(ledger.path, 40)
    ledger.spend(EVENT)
    assert_whole(ledger.path, 41)


def test_every_charge_is_on_the_disk_before_it_is_answered(ledger, monkeypatch):
    """Without a synchronous commit, a crash of the machine forgets what was already released."""
    settings = []

    class Watched(sqlite3.Connection):
        def execute(self, statement, *parameters):
            if statement == "COMMIT":
                for name in ("synchronous", "journal_mode", "fullfsync"):
                    settings.append(super().execute(f"PRAGMA {name}").fetchone()[0])
            return super().execute(statement, *parameters)

    connect = functools.partial(sqlite3.connect, factory=Watched)
    monkeypatch.setattr(_ledger_file.sqlite3, "connect", connect)
    ledger.spend(EVENT)
    extra = (
        3  # fsync of the journal, of the file, and of the folder that the journal is deleted from
    )
    assert settings == [extra, "delete", 1]


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_the_operating_system_is_asked_to_write_before_a_charge_is_answered(ledger):
    script = """
import sys
from dp_accounting import LaplaceDpEvent
from sklearn_private.accounting import PrivacyLedger
ledger = PrivacyLedger(sys.argv[1])
print("before", flush=True)
ledger.spend(LaplaceDpEvent(1000.0))
print("after", flush=True)
"""
    trace = ledger.path.with_name("trace")
    calls = "trace=fsync,fdatasync,write,pwrite64,unlink,openat"
    command = ["strace", "-y", "-o", trace, "-e", calls, sys.executable, "-c", script, ledger.path]
    if subprocess.run(command, capture_output=True, timeout=100, check=False).returncode:
        pytest.skip("strace may not trace here")
    lines = trace.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if '"before' in line)
    last = next(i for i, line in enumerate(lines) if '"after' in line)
    synced = [line for line in lines[first:last] if "sync(" in line]
    for name in (f"{ledger.path}-journal>", f"{ledger.path}>", f"{ledger.path.parent}>"):
        assert any(name in line for line in synced), name


def run(script, *arguments):
    """Run a script in a process of its own; what it raises last is in its output."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


FULL_DISK = """
import resource, sys
from dp_accounting import LaplaceDpEvent
from sklearn_private.accounting import PrivacyLedger
from sklearn_private.exceptions import LedgerError

path, limit = sys.argv[1], int(sys.argv[2])
ledger = PrivacyLedger(path) if len(sys.argv) == 3 else None
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
n = 0
try:
    if ledger is None:
        PrivacyLedger(path, epsilon=1.0)
    while True:
        ledger.spend(LaplaceDpEvent(1000.0))
        n += 1
except LedgerError as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(n, error)
"""


@POSIX
@pytest.mark.parametrize(
    "room, at_least, at_most",  # room of the disk over the size of the file; charges that fit
    [(-0.5, 0, 0), (0.0, 0, 40), (0.4, 1, 400)],
)
def test_a_full_disk_loses_and_invents_no_charge(ledger, room, at_least, at_most):
    limit = int(ledger.path.stat().st_size * (1 + room))
    result = run(FULL_DISK, ledger.path, limit)
    assert result.returncode == 0, result.stderr
    written, message = result.stdout.split(maxsplit=1)
    assert "cannot be used" in message
    assert "Nothing was charged and nothing was released. Free some space" in message
    assert at_least <= int(written) <= at_most
    assert_whole(ledger.path, 40 + int(written))
    ledger.spend(EVENT)
    assert_whole(ledger.path, 41 + int(written))


@POSIX
def test_a_full_disk_creates_nothing(tmp_path):
    result = run(FULL_DISK, tmp_path / "ledger", 5000, "create")
    assert result.returncode == 0, result.stderr
    assert "Nothing was charged and nothing was released. Free some space" in result.stdout
    assert os.listdir(tmp_path) == []


NO_RIGHTS = """
import os, sys
from dp_accounting import LaplaceDpEvent
from sklearn_private.accounting import PrivacyLedger
from sklearn_private.exceptions import LedgerError

event = LaplaceDpEvent(1000.0)
if os.getuid() == 0:
    os.setuid(65534)  # root may write everywhere
for path in sys.argv[1:]:
    for use in (
        lambda: PrivacyLedger(path).spend(event),
        lambda: PrivacyLedger(path, epsilon=1.0).spend(event),
        lambda: PrivacyLedger(path + "-new", epsilon=1.0),
    ):
        try:
            use()
        except LedgerError as error:
            print(error)
"""


@POSIX
def test_missing_rights_are_a_clear_error():
    top = Path(tempfile.mkdtemp())  # that of pytest is closed to other users
    top.chmod(0o755)
    rights = [(0o000, 0o600), (0o555, 0o600), (0o555, 0o444)]  # of a folder and a file in it
    ledgers = []
    try:
        for i, (folder_mode, file_mode) in enumerate(rights):
            (top / str(i)).mkdir()
            ledgers.append(PrivacyLedger(top / str(i) / "ledger", epsilon=1.0))
            ledgers[-1].path.chmod(file_mode)
            ledgers[-1].path.parent.chmod(folder_mode)
        result = run(NO_RIGHTS, *(ledger.path for ledger in ledgers))
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("Nothing was charged and nothing was released. Check that") == 9
        for ledger in ledgers:
            ledger.path.parent.chmod(0o755)
            assert_whole(ledger.path, 0)
    finally:
        for ledger in ledgers:
            ledger.path.parent.chmod(0o755)
        shutil.rmtree(top)


def test_an_unfinished_transaction_of_a_dead_process_is_rolled_back(ledger):
    """The dead one had written pages of its charges to the file, but had not committed."""
    script = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
for _ in range(500):
    connection.execute(
        "INSERT INTO charges SELECT NULL, time, 'dead', pid, neighboring, event, "
        "pure, mu_squared, renyi, explicit, epsilon, delta FROM charges WHERE id = 1"
    )
os.kill(os.getpid(), signal.SIGKILL)
"""
    size = ledger.path.stat().st_size
    run(script, ledger.path)
    assert ledger.path.stat().st_size > size
    assert ledger.path.with_name("ledger-journal").exists()
    assert len(ledger.entries()) == 40
    ledger.spend(EVENT)
    assert_whole(ledger.path, 41)


def test_a_process_without_the_file_never_makes_one(ledger):
    ledger.path.unlink()
    for use in (ledger.entries, ledger.spent, lambda: ledger.spend(EVENT)):
        with pytest.raises(LedgerError, match="unable to open database file"):
            use()
    assert os.listdir(ledger.path.parent) == []


def test_a_refused_charge_leaves_the_bytes_as_they_are(ledger):
    before = ledger.path.read_bytes()
    with pytest.raises(BudgetExceededError):
        ledger.spend(LaplaceDpEvent(1.0))
    assert ledger.path.read_bytes() == before
