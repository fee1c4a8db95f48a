"""A copy of a ledger admits nothing, and a second ledger for a data set does not stay unseen."""

import contextlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import warnings

import pytest
from dp_accounting import LaplaceDpEvent

from sklearn_private import accounting
from sklearn_private.accounting import PrivacyLedger, other_ledgers
from sklearn_private.accounting.ledger import _home, _mark
from sklearn_private.exceptions import InvalidParameterError, LedgerError, PrivacyWarning

EVENT = LaplaceDpEvent(1000.0)

CHARGE = """
import sys
from dp_accounting import LaplaceDpEvent
from sklearn_private.accounting import PrivacyLedger
from sklearn_private.exceptions import LedgerError

for path in sys.argv[1:]:
    try:
        print(PrivacyLedger(path).spend(LaplaceDpEvent(1000.0)).id)
    except LedgerError as error:
        print(error)
"""

CREATE = """
import sys, warnings
from sklearn_private.accounting import PrivacyLedger, other_ledgers

with warnings.catch_warnings(record=True, action="always") as caught:
    ledger = PrivacyLedger(sys.argv[1], epsilon=1.0, dataset=sys.argv[2])
print(len(caught), *sorted(record.path.name for record in other_ledgers(ledger)))
"""


def run(script, *arguments):
    """Return the lines that a script prints in a process of its own."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    return result.stdout.splitlines()


@pytest.fixture
def ledger(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    ledger.spend(EVENT)
    return ledger


COPIES = {
    "copy": shutil.copy,
    "copy2": shutil.copy2,
    "bytes": lambda path, other: other.write_bytes(path.read_bytes()),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_another_process_cannot_charge_a_copy(ledger, tmp_path, copied):
    other = tmp_path / "copy"
    copied(ledger.path, other)
    refused, charged = run(CHARGE, other, ledger.path)
    for part in (f"{other} is a copy: it was {ledger.path}", "adopt", "Nothing was released"):
        assert part in refused
    assert charged == "2"
    uses = (lambda: PrivacyLedger(other), lambda: PrivacyLedger(other, epsilon=1.0))
    for use in uses:
        with pytest.raises(LedgerError, match="is a copy"):
            use()


def test_a_copy_that_takes_the_place_of_its_first_is_refused_by_who_has_it_open(ledger, tmp_path):
    stored = pickle.dumps(ledger)
    shutil.copy(ledger.path, tmp_path / "copy")
    ledger.spend(EVENT)
    os.replace(tmp_path / "copy", ledger.path)
    uses = (lambda: ledger.spend(EVENT), ledger.entries, ledger.spent, lambda: pickle.loads(stored))
    for use in uses:
        with pytest.raises(LedgerError, match="is a copy"):
            use()
    assert "is a copy" in run(CHARGE, ledger.path)[0]


def test_a_copy_that_got_the_number_of_the_deleted_file_is_refused(ledger, tmp_path, monkeypatch):
    """File systems give the number of a deleted inode to the next file."""
    home = _home.Home.at(ledger.path, ledger.path)
    if home.birth is None:
        pytest.skip("this file system does not say which use of a number a file is")
    shutil.copy(ledger.path, tmp_path / "copy")
    ledger.path.unlink()
    shutil.copy(tmp_path / "copy", ledger.path)
    found = _home.Home.at(ledger.path, ledger.path)
    assert found.birth != home.birth
    same_number = found._replace(inode=home.inode)
    monkeypatch.setattr(_home.Home, "at", classmethod(lambda cls, file, path: same_number))
    with pytest.raises(LedgerError, match="is a copy"):
        PrivacyLedger(ledger.path)


BACKUPS = {
    "copy": shutil.copy,
    "bytes": lambda backup, path: path.write_bytes(backup.read_bytes()),
}


@pytest.mark.parametrize("restored", BACKUPS.values(), ids=BACKUPS)
def test_an_older_content_that_is_written_back_is_refused(ledger, tmp_path, restored):
    """What was spent since the backup is still spent, though the file does not say so."""
    if _mark._mark_of(ledger.path) == 0:
        pytest.skip("this file system keeps no mark")
    backup = tmp_path / "backup"
    shutil.copy(ledger.path, backup)
    ledger.spend(EVENT)
    restored(backup, ledger.path)
    message = r"holds 1 charges and has held 2: an older content .* Nothing was released"
    for use in (lambda: ledger.spend(EVENT), ledger.entries, lambda: PrivacyLedger(ledger.path)):
        with pytest.raises(LedgerError, match=message):
            use()
    assert "an older content" in run(CHARGE, ledger.path)[0]
    assert PrivacyLedger.adopt(ledger.path).spend(EVENT).id == 2
    assert run(CHARGE, ledger.path) == ["3"]


def test_a_mark_that_a_crash_left_too_low_or_that_is_gone_does_no_harm(ledger, monkeypatch):
    monkeypatch.setattr(_mark.os, "setxattr", lambda *_: None, raising=False)
    ledger.spend(EVENT)
    monkeypatch.undo()
    assert len(ledger.entries()) == 2
    if hasattr(os, "removexattr"):
        with contextlib.suppress(OSError):
            os.removexattr(ledger.path, _mark._NAME)
    assert ledger.spend(EVENT).id == 3


def test_a_ledger_may_be_moved_and_linked_to(ledger, tmp_path):
    (tmp_path / "folder").mkdir()
    moved, link = tmp_path / "folder" / "moved", tmp_path / "link"
    os.rename(ledger.path, moved)
    link.symlink_to(moved)
    assert run(CHARGE, moved, link) == ["2", "3"]
    assert PrivacyLedger(link) == PrivacyLedger(moved)


def test_a_copy_whose_first_is_lost_can_be_adopted_and_then_moves_on(ledger, tmp_path):
    other = tmp_path / "copy"
    shutil.copy(ledger.path, other)
    with pytest.raises(LedgerError, match=f"a copy of {ledger.path}, which is still there"):
        PrivacyLedger.adopt(other)
    ledger.path.unlink()
    adopted = PrivacyLedger.adopt(other)
    assert adopted == PrivacyLedger.adopt(other)  # twice is once
    assert run(CHARGE, other) == ["2"]
    shutil.copy(other, ledger.path)
    assert "is a copy" in run(CHARGE, ledger.path)[0]
    with pytest.raises(LedgerError, match="which is still there"):
        PrivacyLedger.adopt(ledger.path)


def test_what_is_no_ledger_cannot_be_adopted(tmp_path):
    (tmp_path / "text").write_text("no ledger")
    for name in ("text", "none"):
        with pytest.raises(LedgerError, match=r"The ledger .* cannot be used"):
            PrivacyLedger.adopt(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["text"]


def test_a_second_ledger_for_a_data_set_is_found_by_every_process(tmp_path):
    first = PrivacyLedger(tmp_path / "first", epsilon=1.0, delta=1e-5, dataset="loans-2024")
    assert other_ledgers(first) == ()
    assert run(CREATE, tmp_path / "second", "loans-2024") == ["1 first"]
    assert run(CREATE, tmp_path / "third", "loans-2023") == ["0"]
    (record,) = other_ledgers(PrivacyLedger(first.path, dataset="loans-2024"))
    assert (record.path, record.epsilon, record.exists) == (tmp_path / "second", 1.0, True)
    assert (record.dataset, record.unit, record.neighboring) == (
        "loans-2024", "row", "replace_one"
    )  # fmt: skip
    assert run(CREATE, tmp_path / "second", "loans-2024") == ["0 first"]  # opened, not created


NAMES = ["Café-2024", "cafe\N{COMBINING ACUTE ACCENT}-2024", "CAFÉ-2024", "café-２０２４"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_only_looks_different_is_the_same_data_set(tmp_path, name):
    PrivacyLedger(tmp_path / "first", epsilon=1.0, dataset="café-2024")
    with pytest.warns(PrivacyWarning, match="has another ledger"):
        second = PrivacyLedger(tmp_path / "second", epsilon=1.0, dataset=name)
    assert len(other_ledgers(second)) == 1


def test_ledgers_that_are_created_at_once_find_each_other(tmp_path):
    names = [f"ledger{i}" for i in range(4)]
    script = [sys.executable, "-c", CREATE]
    processes = [
        subprocess.Popen([*script, str(tmp_path / name), "loans"], stdout=subprocess.DEVNULL)
        for name in names
    ]
    assert [process.wait(100) for process in processes] == [0] * 4
    for name in names:
        found = [record.path.name for record in other_ledgers(PrivacyLedger(tmp_path / name))]
        assert sorted([*found, name]) == names
    assert sorted(os.listdir(tmp_path)) == [*names, "privacy-ledgers.json"]


def test_a_ledger_that_was_deleted_and_begun_anew_is_remembered(tmp_path):
    PrivacyLedger(tmp_path / "ledger", epsilon=1.0, dataset="loans").path.unlink()
    with pytest.warns(PrivacyWarning, match="'loans' has another ledger"):
        again = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, dataset="loans")
    assert [record.uuid != again.uuid for record in other_ledgers(again)] == [True]


def test_a_ledger_that_was_moved_is_no_other_ledger(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, dataset="loans")
    (tmp_path / "there").mkdir()
    for name in ("renamed", "there/moved"):
        os.rename(ledger.path, tmp_path / name)
        ledger = PrivacyLedger(tmp_path / name)
        assert other_ledgers(ledger) == ()
    with pytest.warns(PrivacyWarning, match="there/moved"):
        PrivacyLedger(tmp_path / "there" / "second", epsilon=1.0, dataset="loans")


def test_an_adopted_copy_of_a_ledger_that_came_back_is_another_ledger(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, dataset="loans")
    shutil.copy(ledger.path, tmp_path / "copy")
    os.rename(ledger.path, tmp_path / "hidden")
    adopted = PrivacyLedger.adopt(tmp_path / "copy")
    assert other_ledgers(adopted) == ()
    os.rename(tmp_path / "hidden", ledger.path)
    assert [record.path for record in other_ledgers(adopted)] == [ledger.path]


def test_ledgers_without_the_name_of_a_data_set_leave_no_registry(ledger, tmp_path):
    assert ledger.dataset is None
    assert other_ledgers(ledger) == ()
    assert os.listdir(tmp_path) == ["ledger"]
    with pytest.raises(LedgerError, match="has dataset=None, not 'loans'"):
        PrivacyLedger(ledger.path, dataset="loans")


@pytest.mark.parametrize("dataset", ["", " loans", "loans\n", "lo\0ans", 2024, ["loans"], True])
def test_rejects_bad_names_of_data_sets(tmp_path, dataset):
    with pytest.raises(InvalidParameterError, match="'dataset' parameter of PrivacyLedger must be"):
        PrivacyLedger(tmp_path / "ledger", epsilon=1.0, dataset=dataset)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", '{"format": "another", "version": 1, "ledgers": []}', "ledgers"],
)
def test_a_damaged_registry_is_an_error_and_is_not_written_over(tmp_path, content):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, dataset="loans")
    registry = tmp_path / "privacy-ledgers.json"
    registry.write_text(content)
    for use in (lambda: other_ledgers(ledger), lambda: PrivacyLedger(ledger.path)):
        with pytest.raises(LedgerError, match=r"The registry .* cannot be used: .* restore it"):
            use()
    assert registry.read_text() == content


def test_the_registry_can_be_read_by_people(tmp_path):
    PrivacyLedger(tmp_path / "größe", epsilon=2.0, delta=1e-6, dataset="Kredite 2024")
    stored = json.loads((tmp_path / "privacy-ledgers.json").read_text())
    assert stored["format"] == "ledgers of sklearn-private"
    (entry,) = stored["ledgers"]
    assert (entry["file"], entry["dataset"]) == ("größe", "Kredite 2024")
    assert (entry["epsilon"], entry["delta"]) == (2.0, 1e-6)


def test_the_warning_of_a_second_ledger_names_both(tmp_path):
    PrivacyLedger(tmp_path / "first", epsilon=1.0, dataset="loans")
    with pytest.warns(PrivacyWarning) as caught:
        PrivacyLedger(tmp_path / "second", epsilon=1.0, dataset="loans")
    (message,) = [str(warning.message) for warning in caught]
    assert str(tmp_path / "first") in message
    assert str(tmp_path / "second") in message
    with warnings.catch_warnings(action="error"):
        PrivacyLedger(tmp_path / "third", epsilon=1.0, dataset="members")
        accounting.open_ledger(tmp_path / "second")
