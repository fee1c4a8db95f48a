"""Several processes, one ledger: nothing is lost, nothing is overspent, and the dead do no harm."""

import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from dp_accounting import LaplaceDpEvent

from sklearn_private.accounting import PrivacyLedger
from sklearn_private.accounting.ledger._lock import locked

EVENT = LaplaceDpEvent(1000.0)  # epsilon 0.001

# Says "ready", waits for a line, then charges and says the number of every charge it was granted.
HAMMER = """
import sys
from dp_accounting import LaplaceDpEvent
from sklearn_private.accounting import PrivacyLedger
from sklearn_private.exceptions import BudgetExceededError

path, owner, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
ledger = PrivacyLedger(path)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(n):
    try:
        print(ledger.spend(LaplaceDpEvent(1000.0), owner=owner).id, flush=True)
    except BudgetExceededError:
        print("refused", flush=True)
"""

# Creates the path in each line that it reads, and says which identity it got.
CREATE = """
import sys
from sklearn_private.accounting import PrivacyLedger
from sklearn_private.exceptions import LedgerError

print("ready", flush=True)
for path in sys.stdin:
    try:
        print(PrivacyLedger(path.strip(), epsilon=float(sys.argv[1])).uuid, flush=True)
    except LedgerError as error:
        print(error, flush=True)
"""

# Charges; between decision and commit it opens the file once more, closes it, and waits for a line.
LOOK_AT_THE_FILE = """
import sys
from dp_accounting import LaplaceDpEvent
from sklearn_private.accounting import PrivacyLedger

path = sys.argv[1]
ledger = PrivacyLedger(path)
admits = ledger._filter.admits

def admits_and_looks(costs):
    answer = admits(costs)
    open(path, "rb").close()  # a backup or a checksum, in any thread: SQLite's own lock is lost
    print("ready", flush=True)
    sys.stdin.readline()
    return answer

ledger._filter.admits = admits_and_looks
print(ledger.spend(LaplaceDpEvent(1.0), owner="first").id, flush=True)
"""

CHARGE_ALL = """
import sys
from dp_accounting import LaplaceDpEvent
from sklearn_private.accounting import PrivacyLedger
from sklearn_private.exceptions import BudgetExceededError

print("ready", flush=True)
try:
    print(PrivacyLedger(sys.argv[1]).spend(LaplaceDpEvent(1.0), owner="second").id, flush=True)
except BudgetExceededError:
    print("refused", flush=True)
"""


class Process(subprocess.Popen):
    """A Python process that is ready, and ends with the test."""

    def __init__(self, script, *arguments):
        command = [sys.executable, "-c", script, *map(str, arguments)]
        pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
        super().__init__(command, text=True, bufsize=1, **pipes)
        assert self.stdout.readline() == "ready\n"

    def say(self, line):
        print(line, file=self.stdin, flush=True)

    def __exit__(self, *error):
        self.kill()
        super().__exit__(*error)


def granted(lines):
    return [int(line) for line in lines if line.strip().isdigit()]


def kill_after(process, n_lines):
    """Kill a process once it said ``n_lines``; return all that it said it was granted."""
    lines = [process.stdout.readline() for _ in range(n_lines)]
    process.send_signal(signal.SIGKILL)
    return granted(lines + process.stdout.readlines())


def assert_sound(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    entries = PrivacyLedger(path).entries()
    assert [charge.id for charge in entries] == list(range(1, len(entries) + 1))
    assert {charge.event for charge in entries} == {EVENT}
    assert sum(charge.epsilon for charge in entries) <= PrivacyLedger(path).epsilon * (1 + 1e-9)
    return entries


@pytest.mark.slow
@pytest.mark.parametrize("room", [400, 250])
def test_two_processes_lose_no_charge_and_never_overspend(tmp_path, room):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=room / 1000)
    with (
        Process(HAMMER, ledger.path, "first", 200) as first,
        Process(HAMMER, ledger.path, "second", 200) as second,
    ):
        for process in (first, second):
            process.say("go")
        outputs = [process.communicate()[0].split() for process in (first, second)]
    assert [len(output) for output in outputs] == [200, 200]
    ids = [granted(output) for output in outputs]
    assert sorted(ids[0] + ids[1]) == list(range(1, room + 1))
    entries = assert_sound(ledger.path)
    assert len(entries) == room
    for owner, own in zip(("first", "second"), ids, strict=True):
        assert [charge.id for charge in entries if charge.owner == owner] == own
    assert min(len(own) for own in ids) > 0
    assert ledger.spent() == pytest.approx(room / 1000, rel=1e-6)


@pytest.mark.slow
def test_a_killed_process_leaves_whole_charges_and_others_go_on(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=10.0)
    with (
        Process(HAMMER, ledger.path, "survivor", 200) as survivor,
        Process(HAMMER, ledger.path, "early", 10_000) as early,
        Process(HAMMER, ledger.path, "late", 10_000) as late,
    ):
        for process in (survivor, early, late):
            process.say("go")
        seen = {"early": kill_after(early, 3), "late": kill_after(late, 30)}
        seen["survivor"] = granted(survivor.communicate()[0].split())
    assert len(seen["survivor"]) == 200
    entries = assert_sound(ledger.path)
    for owner, ids in seen.items():
        charged = [charge.id for charge in entries if charge.owner == owner]
        assert charged[: len(ids)] == ids  # what was granted is charged
        assert len(charged) - len(ids) in ((0,) if owner == "survivor" else (0, 1))  # or not said
    assert ledger.spend(EVENT).id == len(entries) + 1


def test_closing_another_descriptor_of_the_file_gives_no_charge_away(tmp_path):
    """POSIX takes all record locks of a process when it closes any descriptor of the file."""
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    with (
        Process(LOOK_AT_THE_FILE, ledger.path) as first,
        Process(CHARGE_ALL, ledger.path) as second,
    ):
        early = select.select([second.stdout], [], [], 0.5)[0]  # it waits for the first one
        answers = [process.communicate("go\n")[0] for process in (first, second)]
    assert (answers, early) == (["1\n", "refused\n"], [])
    assert [charge.owner for charge in ledger.entries()] == ["first"]
    assert os.listdir(tmp_path) == ["ledger"]  # the lock goes with its last user


def test_a_lock_that_was_left_behind_or_taken_away_locks_nothing_out_and_nobody_in(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    (tmp_path / "ledger-lock").write_text("of a process that was killed")
    ledger.spend(EVENT)
    assert os.listdir(tmp_path) == ["ledger"]
    order = []
    with locked(ledger.path, 10):
        waiting = threading.Thread(target=lambda: (ledger.spend(EVENT), order.append("charged")))
        waiting.start()
        waiting.join(0.1)
        order.append("released")
    waiting.join()
    assert order == ["released", "charged"]


def test_a_forked_child_does_not_keep_the_lock_of_a_dead_parent(tmp_path):
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    script = """
import os, sys
from pathlib import Path
from sklearn_private.accounting.ledger._lock import locked
with locked(Path(sys.argv[1]), 10):
    if os.fork() == 0:
        print("ready", flush=True)
        sys.stdin.readline()
    os.wait()
"""
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    with Process(script, ledger.path) as parent:
        with pytest.raises(TimeoutError, match="it is locked"), locked(ledger.path, 0.05):
            pass
        parent.kill()
        parent.wait()
        assert ledger.spend(EVENT).id == 1  # at once: the child closed its copy


def test_a_fork_charges_the_same_file(tmp_path):
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    ledger.spend(EVENT)
    script = """
import os, sys
from dp_accounting import LaplaceDpEvent
from sklearn_private.accounting import PrivacyLedger
ledger = PrivacyLedger(sys.argv[1])
ledger.spend(LaplaceDpEvent(1000.0))
if os.fork() == 0:
    ledger.spend(LaplaceDpEvent(1000.0))
    os._exit(0)
ledger.spend(LaplaceDpEvent(1000.0))
os.wait()
"""
    subprocess.run([sys.executable, "-c", script, str(ledger.path)], check=True, timeout=100)
    assert len(assert_sound(ledger.path)) == 4


@pytest.mark.parametrize("other", [1.0, 2.0])
def test_of_two_processes_that_create_one_path_one_wins(tmp_path, other):
    paths = [tmp_path / f"ledger{i}" for i in range(25)]
    with Process(CREATE, 1.0) as first, Process(CREATE, other) as second:
        for path in paths:
            first.say(path)
            second.say(path)
            answers = [process.stdout.readline().strip() for process in (first, second)]
            stored = PrivacyLedger(path)
            if other == 1.0:
                assert answers == [stored.uuid] * 2
            else:
                loser = answers[0 if stored.epsilon == other else 1]
                assert stored.uuid in answers
                assert f"has epsilon={stored.epsilon}, not " in loser
            assert stored.spend(EVENT).id == 1
    assert sorted(os.listdir(tmp_path)) == sorted(path.name for path in paths)
