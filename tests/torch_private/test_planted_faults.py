"""Facts about noise, scale and bounds that a small fault would break without any other sign."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F

from sklearn_private import PrivacyLedger
from sklearn_private.exceptions import GuaranteeError
from torch_private.clipping import Clipper
from torch_private.layers import Outer
from torch_private.training import _run


def test_count_and_gradients_together_cost_what_gradients_alone_would(loops, monkeypatch):
    """Theorem 1 of Andrew et al. 2021: 1/z^2 = 1/z_gradients^2 + 1/(2 std of the count)^2."""
    found = {"count": [], "gradients": []}

    def normal(n, rng, std=1.0, dtype=torch.float64):
        found["count"].append(std)
        return torch.zeros(n, dtype=dtype)

    def with_noise(vector, std, rng, scale=1.0):
        found["gradients"].append(std / norm())
        return vector * scale

    monkeypatch.setattr(_run, "normal", normal)
    monkeypatch.setattr(_run, "with_noise", with_noise)
    private = loops.make(clipping="adaptive")
    mode = private._run.clipper.mode

    def norm():
        return mode.max_grad_norm

    loops.train(private)
    assert len(found["count"]) == len(found["gradients"]) == 4
    for count, gradients in zip(found["count"], found["gradients"], strict=True):
        together = (gradients**-2 + (2 * count) ** -2) ** -0.5
        assert together == pytest.approx(private.noise_multiplier, rel=1e-9)


def test_a_sample_is_divided_by_the_rows_expected_not_by_those_it_has(loops, monkeypatch):
    monkeypatch.setattr(_run, "with_noise", lambda vector, std, rng, scale: vector * scale)
    module, optimizer, loader = private = loops.make(loader={"batch_size": 150})
    for x, y in loader:
        F.cross_entropy(module(x), y).backward()
        total = private._run.clipper.flat_sums.clone()
        optimizer.step()
        gradient = torch.cat([p.grad.flatten() for p in module.parameters()])
        assert torch.allclose(gradient, total / 150, atol=1e-7)
        optimizer.zero_grad()
    assert len(x) == 100


def test_one_row_too_many_is_found_where_nothing_is_watched(loops):
    module, optimizer, loader = private = loops.make(loader={"batch_size": 10})
    private._run.watch.expect = lambda piece, batch: None
    for x, y in loader:
        x, y = torch.cat([x, x[:1]]), torch.cat([y, y[:1]])
        F.cross_entropy(module(x), y).backward()
        with pytest.raises(GuaranteeError, match="11 rows went backward, but the batch has 10"):
            optimizer.step()
        break


@pytest.mark.parametrize("rest", [0.0, 3e-4])
def test_terms_that_cancel_count_as_a_hundredth_of_their_norms(rest):
    """Two terms that cancel but for a rest: floats know its norm to a thousandth of the terms.

    A row that was clipped by such a norm could exceed the bound. A hundredth is ten times that.
    """
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(200, 1, 300, generator=generator).expand(-1, 2, -1)
    right = torch.randn(200, 1, 300, generator=generator)
    right = torch.cat([right, -right * (1 + rest)], dim=1)
    outer = Outer(left, right)
    assert outer.settled() is outer  # its norms come from Gram matrices
    norms_of_terms = (left.norm(dim=2) * right.norm(dim=2)).sum(1)
    assert torch.allclose(outer.norms(), norms_of_terms / 100, rtol=1e-4)


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_layers_that_are_clipped_by_themselves_drop_a_row_that_is_not_finite(bad):
    torch.manual_seed(0)
    x = torch.randn(6, 4)
    with_bad = torch.cat([x, torch.full((1, 4), bad)])

    def sums(rows):
        torch.manual_seed(1)
        module = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))
        clipper = Clipper(module, clipping="per_layer", loss_reduction="sum")
        module(rows).sum().backward()
        clipper.clipped_sums()
        return clipper.flat_sums, clipper.n_dropped

    (found, n_dropped), (expected, _) = sums(with_bad), sums(x)
    assert n_dropped == 1
    assert torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("behind, n_charges", [(0, 1), (1, 2)])
def test_only_the_latest_checkpoint_is_paid(loops, tmp_path, behind, n_charges):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=10.0, delta=1e-4, neighboring="zero_out")
    first = loops.make(ledger=ledger)
    module, optimizer, loader = first
    for number, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        F.cross_entropy(module(x), y).backward()
        optimizer.step()
        first.save(tmp_path / f"run{number}", passphrase="p")
        if number == 2:
            break
    second = loops.make(ledger=ledger)
    second.load(tmp_path / f"run{2 - behind}", passphrase="p")
    loops.train(second)
    charged = [entry for entry in ledger.entries() if entry.owner.count(",") == 1]
    assert len(charged) == n_charges
