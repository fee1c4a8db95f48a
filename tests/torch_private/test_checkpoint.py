"""A killed run goes on with the same epsilon, a changed file is refused, no branch is free."""

import math
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from sklearn_private import PrivacyLedger
from sklearn_private.exceptions import (
    BudgetExceededError,
    GuaranteeError,
    InvalidParameterError,
    LedgerError,
)
from torch_private.training._seal import read_sealed, write_sealed


def half_way(loops, **options):
    """Return a run after one of its two passes."""
    return loops.train(loops.make(**options))


@pytest.mark.parametrize("sampling", ["poisson", "fixed"])
def test_a_run_goes_on_with_the_same_epsilon(loops, tmp_path, sampling):
    first = half_way(loops, sampling=sampling)
    first.save(tmp_path / "run", passphrase="secret")
    second = loops.make(sampling=sampling)
    second.load(tmp_path / "run", passphrase="secret")
    assert second.epsilon_spent() == first.epsilon_spent() > 0
    assert all(
        torch.equal(a, b) for a, b in zip(loops.values(first.module), loops.values(second.module))
    )
    loops.train(second)
    assert second.n_steps == second.n_steps_max
    with pytest.raises(BudgetExceededError):
        loops.train(second)


SCRIPT = """
import os, signal, sys, torch
from torch.utils.data import DataLoader, TensorDataset
from torch_private import make_private
torch.manual_seed(0)
X = torch.randn(100, 3)
module = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(module.parameters(), lr=0.5, momentum=0.9)
loader = DataLoader(TensorDataset(X, (X[:, 0] > 0).long()), batch_size=10, shuffle=True)
private = make_private(module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs=1,
                       sampling="fixed", ledger=sys.argv[2])
if os.path.exists(sys.argv[1]):
    private.load(sys.argv[1], passphrase="p")
rows = []
for x, y in private.loader:
    rows += [int((X == row).all(1).nonzero()) for row in x]
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(module(x), y).backward()
    optimizer.step()
    if private.n_steps == 4 and len(rows) == 40:
        private.save(sys.argv[1], passphrase="p")
        print(private.epsilon_spent(), *rows, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
print(private.epsilon_spent(), *rows)
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_in_another_process_and_is_charged_once(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, delta=1e-5, neighboring="zero_out")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "run"), str(ledger.path)]
    killed = subprocess.run(command, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    resumed = subprocess.run(command, capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    (first, *rows), (second, *others) = (run.stdout.split() for run in (killed, resumed))
    assert float(first) == pytest.approx(float(second))  # one pass of a fixed order: one price
    assert sorted(map(int, rows + others)) == list(range(100))  # each row once in that pass
    assert [charge.epsilon > 0 for charge in ledger.entries()] == [True, False, False]


def test_every_changed_byte_is_refused(tmp_path):
    path = tmp_path / "sealed"
    write_sealed(path, b"content", "secret")
    original = path.read_bytes()
    assert read_sealed(path, "secret") == b"content"
    for position in [*range(0, len(original), 9), 3, len(original) - 1]:
        changed = bytearray(original)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(GuaranteeError, match="changed.*Nothing was loaded"):
            read_sealed(path, "secret")
    for cut in (original[:-1], original + b"x", original[:30], b""):
        path.write_bytes(cut)
        with pytest.raises(GuaranteeError):
            read_sealed(path, "secret")
    path.write_bytes(original)
    with pytest.raises(GuaranteeError, match="passphrase is another"):
        read_sealed(path, "other")


def test_a_changed_checkpoint_changes_nothing(loops, tmp_path):
    half_way(loops).save(tmp_path / "run", passphrase="secret")
    content = bytearray((tmp_path / "run").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "run").write_bytes(content)
    private = loops.make()
    before = loops.values(private.module)
    with pytest.raises(GuaranteeError):
        private.load(tmp_path / "run", passphrase="secret")
    assert private.n_steps == 0
    assert all(torch.equal(a, b) for a, b in zip(before, loops.values(private.module)))


@pytest.mark.parametrize("passphrase", ["", b"", None, 3])
def test_a_checkpoint_needs_a_passphrase(loops, tmp_path, passphrase):
    with pytest.raises(InvalidParameterError, match="passphrase"):
        loops.make().save(tmp_path / "run", passphrase=passphrase)
    assert not (tmp_path / "run").exists()


def test_no_key_of_the_noise_is_saved(loops):
    state = half_way(loops, sampling="poisson").state_dict()
    assert set(state) == {
        *("settings", "run_id", "ledger_id", "n_steps", "noise_multiplier", "order_seed"),
        *("clipping_norm", "module", "optimizer"),
    }
    assert state["order_seed"] is None


def test_a_run_is_not_pickled_or_copied(loops):
    import copy
    import pickle

    private = loops.make()
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(GuaranteeError, match="save"):
            way(private)


@pytest.mark.parametrize(
    "options",
    [{"epochs": 3}, {"epsilon": 2.0}, {"clipping": "automatic"}, {"neighboring": "replace_one"}],
)
def test_a_checkpoint_of_other_settings_is_refused_by_name(loops, options):
    state = half_way(loops).state_dict()
    name = "n_steps" if "epochs" in options else next(iter(options))
    with pytest.raises(InvalidParameterError, match=rf"{name}=.*Nothing was loaded"):
        loops.make(**options).load_state_dict(state)


def test_a_checkpoint_cannot_make_steps_forgotten(loops):
    state = loops.make().state_dict()
    private = half_way(loops)
    with pytest.raises(GuaranteeError, match="forget"):
        private.load_state_dict(state)


def test_a_checkpoint_cannot_lower_the_noise(loops):
    state = half_way(loops).state_dict() | {"noise_multiplier": 0.1}
    with pytest.raises(GuaranteeError, match="too little"):
        loops.make().load_state_dict(state)


def test_the_adapted_norm_goes_on(loops):
    first = half_way(loops, clipping="adaptive")
    second = loops.make(clipping="adaptive")
    second.load_state_dict(first.state_dict())
    norms = [p.privacy_statement_.parameters["sensitivity"] for p in (first, second)]
    assert norms[0] == norms[1] != 1.0


def ledger_in(folder, epsilon=2.0):
    return PrivacyLedger(folder / "l", epsilon=epsilon, delta=1e-5, neighboring="zero_out")


def prices(ledger):
    return [round(charge.epsilon, 2) for charge in ledger.entries()]


def test_the_whole_run_is_charged_before_the_first_step_and_once(loops, tmp_path):
    ledger = ledger_in(tmp_path)
    private = loops.make(ledger=ledger)
    assert prices(ledger) == []
    module, optimizer, loader = private
    for x, y in loader:
        torch.nn.functional.cross_entropy(module(x), y).backward()
        assert len(prices(ledger)) == (private.n_steps > 0)
        optimizer.step()
        assert prices(ledger) == [1.0]
    assert ledger.spent() == pytest.approx(1.0, rel=2e-3)


def test_a_ledger_that_refuses_leaves_the_module_as_it_was(loops, tmp_path):
    private = loops.make(ledger=ledger_in(tmp_path, epsilon=0.5))
    before = loops.values(private.module)
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        loops.train(private)
    assert private.n_steps == 0
    assert all(torch.equal(a, b) for a, b in zip(before, loops.values(private.module)))


def test_going_on_from_the_latest_checkpoint_is_paid_already(loops, tmp_path):
    ledger = ledger_in(tmp_path)
    half_way(loops, ledger=ledger).save(tmp_path / "run", passphrase="s")
    second = loops.make(ledger=ledger)
    second.load(tmp_path / "run", passphrase="s")
    loops.train(second)
    assert [price for price in prices(ledger) if price] == [1.0]


def test_a_branch_from_an_older_checkpoint_is_charged_as_a_run(loops, tmp_path):
    ledger = ledger_in(tmp_path, epsilon=5.0)
    first = half_way(loops, ledger=ledger)
    first.save(tmp_path / "run", passphrase="s")
    loops.train(first)  # to its end: that module was released
    branch = loops.make(ledger=ledger)
    branch.load(tmp_path / "run", passphrase="s")
    loops.train(branch)
    assert [price for price in prices(ledger) if price] == [1.0, 1.0]


def test_a_run_does_not_go_on_beside_its_ledger(loops, tmp_path):
    state = half_way(loops, ledger=ledger_in(tmp_path)).state_dict()
    with pytest.raises(LedgerError, match="another ledger"):
        loops.make().load_state_dict(state)


def test_a_checkpoint_without_a_ledger_is_charged_where_it_goes_on(loops, tmp_path):
    state = half_way(loops).state_dict()
    ledger = ledger_in(tmp_path)
    private = loops.make(ledger=ledger)
    private.load_state_dict(state)
    loops.train(private)
    assert [price for price in prices(ledger) if price] == [1.0]
    assert math.isclose(private.epsilon_spent(), 1.0, rel_tol=2e-3)
