import pytest

torch = pytest.importorskip("torch")

from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from torch_private.clipping import AutomaticClipping, Clipper, FlatClipping
from torch_private.estimators.ways import (
    CopiesSums,
    LinearSums,
    cross_entropy,
    has_closed_form,
    squared_error,
)

MODES = (FlatClipping, AutomaticClipping)


def problem(criterion, n_rows, n_features, n_outputs, seed):
    generator = torch.Generator().manual_seed(seed)
    x = 3 * torch.randn(n_rows, n_features, generator=generator)
    if criterion is squared_error:
        return x, torch.randn(n_rows, generator=generator), 1
    return x, torch.randint(n_outputs, (n_rows,), generator=generator), n_outputs


@given(
    criterion=st.sampled_from([cross_entropy, squared_error]),
    mode=st.sampled_from(MODES),
    bias=st.booleans(),
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 9), st.integers(2, 5)),
    norm=st.floats(0.1, 10.0),
    seed=st.integers(0, 999),
)
def test_closed_form_equals_one_backward_pass(criterion, mode, bias, sizes, norm, seed):
    x, targets, n_outputs = problem(criterion, *sizes, seed)
    module = nn.Linear(sizes[1], n_outputs, bias=bias)
    sums = LinearSums(module, criterion, mode(norm))
    (rows,) = sums.rows(x, targets)
    half = len(x) // 2
    for part in (rows[:half], rows[half:]):
        sums.add(part)
    clipper = Clipper(module, clipping=mode(norm))
    criterion(module(x), targets).mean().backward()
    for ours, theirs in zip(sums.clipped_sums(), clipper.clipped_sums()):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * norm)
    assert sums.sensitivity == clipper.sensitivity
    assert sums.batch_size == len(x)


def by_loop(module, criterion, copies, targets, norm):
    """Clip the gradient of the mean loss over copies of each row, and add up."""
    parameters = list(module.parameters())
    total = [torch.zeros_like(p) for p in parameters]
    for seen, target in zip(copies, targets):
        loss = criterion(module(seen), target.expand(len(seen))).mean()
        gradients = torch.autograd.grad(loss, parameters)
        length = torch.sqrt(sum(g.square().sum() for g in gradients))
        for sums, g in zip(total, gradients):
            sums += g * min(1.0, norm / float(length))
    return total


@pytest.mark.parametrize("norm", [0.05, 1.0, 100.0])
def test_copies_are_averaged_before_they_are_clipped(norm):
    x, targets, _ = problem(cross_entropy, 7, 4, 3, seed=0)
    module = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    made = []

    def augment(rows):
        made.append(rows + torch.randn(rows.shape))
        return made[-1]

    sums = CopiesSums(module, cross_entropy, FlatClipping(norm), augment, 3)
    sums.add(*sums.rows(x, targets))
    expected = by_loop(module, cross_entropy, torch.stack(made, 1), targets, norm)
    assert len(made) == 3
    for ours, theirs in zip(sums.clipped_sums(), expected):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * norm)


def test_copies_that_are_clipped_one_by_one_would_differ():
    x, targets, _ = problem(cross_entropy, 7, 4, 3, seed=0)
    module = nn.Linear(4, 3)
    copies = torch.stack([x, -x], 1)
    averaged = by_loop(module, cross_entropy, copies, targets, 1.0)
    single = [
        by_loop(module, cross_entropy, copies[:, [k]], targets, 1.0) for k in range(copies.shape[1])
    ]
    assert not torch.allclose(averaged[0], (single[0][0] + single[1][0]) / 2, rtol=0.05)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_rows_whose_gradient_is_not_finite_count_as_zero(bad):
    x, targets, _ = problem(cross_entropy, 6, 4, 3, seed=0)
    module = nn.Linear(4, 3)
    with torch.no_grad():
        clean = LinearSums(module, cross_entropy, FlatClipping(1.0))
        clean.add(*clean.rows(x[1:], targets[1:]))
        x[0] = 0.0
        sums = LinearSums(module, cross_entropy, FlatClipping(1.0))
        (rows,) = sums.rows(x, targets)
        rows[0, -1] = bad if bad != bad else 1.0
        rows[0, 4] = bad
    sums.add(rows)
    torch.testing.assert_close(sums.flat_sums, clean.flat_sums)
    copied = CopiesSums(module, cross_entropy, FlatClipping(1.0), lambda rows: rows, 1)
    x[0] = bad
    copied.add(x, targets)
    torch.testing.assert_close(copied.flat_sums, clean.flat_sums, rtol=1e-4, atol=1e-5)


def test_only_a_plain_linear_layer_has_a_closed_form():
    frozen = nn.Linear(3, 2)
    frozen.weight.requires_grad_(False)
    hooked = nn.Linear(3, 2)
    hooked.register_forward_hook(lambda module, args, output: 2 * output)
    parametrized = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    for other in (frozen, hooked, parametrized, nn.Sequential(nn.Linear(3, 2))):
        assert not has_closed_form(other, cross_entropy)
    assert has_closed_form(nn.Linear(3, 2, bias=False), cross_entropy)
    assert not has_closed_form(nn.Linear(3, 2), lambda outputs, targets: outputs.sum(1))
