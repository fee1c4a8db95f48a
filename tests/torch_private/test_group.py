"""Two processes that clip rows of their own make the step, the model and the price of one."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("torch was built without distributed training", allow_module_level=True)

SCRIPT = """
import os, sys, warnings, torch
from datetime import timedelta
from torch import distributed
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from sklearn_private import PrivacyLedger
from torch_private import make_private

warnings.simplefilter("ignore")  # the seed
folder, rank, size, case = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if size > 1:
    distributed.init_process_group(
        "gloo", f"file://{folder}/{case}", rank=rank, world_size=size, timeout=timedelta(seconds=60)
    )
X = torch.randn(90, 5, generator=torch.Generator().manual_seed(0))
data = TensorDataset(X, (X[:, 0] > 0).long())
torch.manual_seed(rank)  # other first weights everywhere: those of the first process are taken
module = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
optimizer = torch.optim.SGD(module.parameters(), lr=0.5, momentum=0.9)
options = {"epsilon": 20.0, "delta": 1e-5, "epochs": 3, "sampling": "fixed", "random_state": 0}
if case == "adaptive":
    options["clipping"] = "adaptive"
if case == "poisson":
    options |= {"epsilon": 2.0, "sampling": "poisson", "random_state": None}
    ledger = rank or PrivacyLedger(f"{folder}/l", epsilon=5.0, delta=1e-4, neighboring="zero_out")
    options["ledger"] = None if rank else ledger
if case == "other":
    options["epsilon"] += rank
loader = DataLoader(data, 2 if case == "poisson" else 20)
private = make_private(module, optimizer, loader, **options)
module, optimizer, loader = private
for number in range(3):
    for x, y in loader:
        if case == "killed" and rank and private.n_steps == 4:
            os._exit(9)
        optimizer.zero_grad()
        F.cross_entropy(module(x), y).backward()
        optimizer.step()
torch.save({"module": module.state_dict(), "epsilon": private.epsilon_spent(),
            "steps": private.n_steps}, f"{folder}/{case}{rank}of{size}")
"""


def run(folder, size, case):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(folder), str(rank), str(size), case],
            stderr=subprocess.PIPE, text=True,
        )
        for rank in range(size)
    ]  # fmt: skip
    errors = [process.communicate(timeout=240)[1] for process in processes]
    return [process.returncode for process in processes], errors


def results(folder, size, case):
    codes, errors = run(folder, size, case)
    assert codes == [0] * size, errors
    return [torch.load(folder / f"{case}{rank}of{size}") for rank in range(size)]


def equal(one, other, tolerance):
    pairs = zip(one["module"].values(), other["module"].values(), strict=True)
    return all(torch.allclose(a, b, rtol=0, atol=tolerance) for a, b in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["flat", "adaptive"])
def test_two_processes_make_the_model_of_one(tmp_path, case):
    first, second = results(tmp_path, 2, case)
    (alone,) = results(tmp_path, 1, case)
    assert equal(first, second, 0)
    assert equal(first, alone, 1e-6)
    assert first["steps"] == second["steps"] == alone["steps"] == 15


@pytest.mark.slow
def test_a_group_has_one_price_where_samples_are_small_or_empty(tmp_path):
    from sklearn_private import PrivacyLedger

    first, second = results(tmp_path, 2, "poisson")
    assert equal(first, second, 0)
    assert first["epsilon"] == second["epsilon"] == pytest.approx(2.0, rel=2e-3)
    charged = [e for e in PrivacyLedger(tmp_path / "l").entries() if "released" not in e.owner]
    assert len(charged) == 1


@pytest.mark.slow
def test_a_process_that_is_gone_stops_the_other(tmp_path):
    codes, errors = run(tmp_path, 2, "killed")
    assert codes[1] == 9
    assert codes[0] != 0
    assert "GuaranteeError: Another process of the group is gone" in errors[0]


@pytest.mark.slow
def test_processes_that_claim_different_things_are_refused(tmp_path):
    codes, errors = run(tmp_path, 2, "other")
    assert codes == [1, 1]
    assert all("with other settings" in error for error in errors)


def test_a_group_that_forms_after_make_private_is_refused(loops, tmp_path):
    from sklearn_private.exceptions import GuaranteeError
    from torch_private.training import _run
    from torch_private.training._group import Alone

    class Two(Alone):
        size = 2

    private = loops.make()
    original, _run.current_group = _run.current_group, Two
    try:
        with pytest.raises(GuaranteeError, match="init_process_group first"):
            next(iter(private.loader))
    finally:
        _run.current_group = original
