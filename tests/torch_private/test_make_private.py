"""An ordinary loop becomes private, and what would make the claim false is refused aloud."""

import copy
import math
import pickle

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

from sklearn_private import PrivacyLedger, privacy_report
from sklearn_private.exceptions import (
    BudgetExceededError,
    GuaranteeError,
    InvalidParameterError,
    PrivacyWarning,
)
from torch_private import make_private


@pytest.mark.parametrize("sampling", ["poisson", "fixed"])
def test_the_loop_stays_as_it_was_and_ends_at_the_budget(loops, sampling):
    parts = loops.parts()
    kind, before = type(parts[0]), loops.values(parts[0])
    private = make_private(*parts, epsilon=1.0, delta=1e-5, epochs=2, sampling=sampling)
    module, optimizer, loader = private
    assert module is parts[0]
    assert optimizer is parts[1]
    assert type(module) is kind
    assert private.epsilon_spent() == 0
    loops.train(private, epochs=2)
    assert private.n_steps == private.n_steps_max == 2 * len(loader)
    assert 0.998 < private.epsilon_spent() <= 1.0
    assert not any(torch.equal(a, b) for a, b in zip(before, loops.values(module), strict=True))


def test_the_step_beyond_the_budget_is_not_taken(loops):
    private = loops.train(loops.make(), epochs=2)
    before, spent = loops.values(private.module), private.epsilon_spent()
    with pytest.raises(BudgetExceededError, match="8 steps.*epsilon=1.*as it was"):
        loops.train(private)
    assert all(torch.equal(a, b) for a, b in zip(before, loops.values(private.module)))
    assert private.epsilon_spent() == spent


def test_fewer_steps_cost_less_and_the_statement_names_the_whole_budget(loops):
    private = loops.train(loops.make())
    assert 0 < private.epsilon_spent() < 0.8
    statement = private.privacy_statement_
    assert statement.claim() == "(1, 1e-05)-differential privacy, zero-out, one row"
    assert statement.parameters["n_steps_taken"] == 4
    assert pickle.loads(pickle.dumps(statement)) == statement
    assert statement.findings == ()


def test_the_gradient_is_the_clipped_sum_plus_noise_over_the_expected_batch(loops):
    torch.manual_seed(0)
    private = loops.make(max_grad_norm=0.5, epochs=50, loader={"batch_size": 80})
    module, optimizer, loader = private
    twin = copy.deepcopy(module)  # without hooks it is an ordinary module
    twin_parameters = list(nn.Module.parameters(twin))
    noise = []
    for x, y in loader:
        expected = [torch.zeros_like(p) for p in twin_parameters]
        for row in range(len(x)):
            loss = F.cross_entropy(forward(twin, x[row : row + 1]), y[row : row + 1])
            gradients = torch.autograd.grad(loss, twin_parameters)
            norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
            for total, g in zip(expected, gradients):
                total += g * min(1.0, 0.5 / norm)
        F.cross_entropy(module(x), y).backward()
        assert all(p.grad is None for p in module.parameters())  # never a raw gradient
        optimizer.step()
        for parameter, total in zip(module.parameters(), expected):
            noise.append((parameter.grad - total / 80).flatten())
            parameter.grad = None
        for mine, theirs in zip(twin_parameters, module.parameters()):
            mine.data.copy_(theirs.data)
    noise = torch.cat(noise)
    expected_std = private.noise_multiplier * 0.5 / 80
    assert noise.std() == pytest.approx(expected_std, rel=0.22)  # 5.6 standard errors
    assert abs(noise.mean()) < 5 * expected_std / math.sqrt(len(noise))


def forward(module, x):
    return module[2].forward(torch.tanh(module[0].forward(x)))


def test_replace_one_takes_twice_the_noise(loops):
    stds = []
    for neighboring in ("zero_out", "replace_one"):
        private = loops.make(neighboring=neighboring)
        stds.append(private._run.plan.noise_per_row)
    assert stds[1] == pytest.approx(2 * stds[0], rel=1e-6)


def test_a_sum_is_not_divided(loops):
    private = loops.make(loss_reduction="sum", max_grad_norm=1.0)
    loops.train(private, loss=lambda a, b: F.cross_entropy(a, b, reduction="sum"))
    largest = max(float(p.grad.abs().max()) for p in private.module.parameters())
    assert largest > private.noise_multiplier / 10  # divided by 100 it could not be


@pytest.mark.parametrize("clipping", ["per_layer", "automatic", "adaptive"])
@pytest.mark.parametrize("batch_size", [1, 100])
def test_every_clipping_survives_empty_samples(loops, clipping, batch_size):
    private = loops.make(
        clipping=clipping, sampling="poisson", epochs=1, epsilon=8.0, loader={"batch_size": 100}
    )
    if batch_size == 1:
        private.loader.sampler._size.draw = lambda rng: 0
    loops.train(private)
    assert private.n_steps == 4
    assert all(torch.isfinite(value).all() for value in loops.values(private.module))


def test_an_empty_sample_moves_the_module_by_noise_and_counts(loops):
    private = loops.make(sampling="poisson")
    private.loader.sampler._size.draw = lambda rng: 0
    before = loops.values(private.module)
    assert list(private.loader) == []
    assert private.n_steps == 4
    assert not any(torch.equal(a, b) for a, b in zip(before, loops.values(private.module)))


def test_pieces_make_the_same_step_as_their_sample(loops):
    grads = []
    for size in (None, 30):
        private = loops.make(max_physical_batch_size=size, epsilon=1e6, delta=0.5)
        module, optimizer, loader = private
        iterator = iter(loader)
        while not private.n_steps:
            x, y = next(iterator)
            assert size is None or len(x) <= size
            optimizer.zero_grad()
            F.cross_entropy(module(x), y).backward()
            optimizer.step()
        grads.append(torch.cat([p.grad.flatten() for p in module.parameters()]))
    assert torch.allclose(*grads, atol=1e-4)
    assert grads[0].abs().max() > 1e-2


def test_a_sample_that_was_left_unfinished_is_forgotten(loops):
    private = loops.make(max_physical_batch_size=30, clipping="adaptive")
    module, optimizer, loader = private
    for number, (x, y) in enumerate(loader):
        F.cross_entropy(module(x), y).backward()
        optimizer.step()
        if number == 1:
            break
    clipper = private._run.clipper
    assert clipper.batch_size == 60
    assert clipper.mode.count != 0
    next(iter(loader))
    assert (clipper.batch_size, clipper.mode.count) == (0, 0)
    assert private.n_steps == 0


def test_schedulers_and_momentum_work(loops):
    module, _, loader = loops.parts()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    private = make_private(
        module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs=2, sampling="fixed"
    )
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    for _ in range(2):
        loops.train(private)
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.0025)


# What engines do silently, or what an audit of theirs warns of.


def test_weights_of_a_sampler_are_not_dropped(loops):
    sampler = WeightedRandomSampler(torch.ones(400), 400)
    with pytest.raises(
        InvalidParameterError, match="WeightedRandomSampler.*weight each row's loss"
    ):
        loops.make(loader={"sampler": sampler})


def test_two_samples_are_not_added_up_into_one_step(loops):
    module, _, loader = loops.make()
    iterator = iter(loader)
    x, y = next(iterator)
    F.cross_entropy(module(x), y).backward()
    with pytest.raises(GuaranteeError, match="without a step.*max_physical_batch_size"):
        next(iterator)


def test_a_sample_does_not_enter_a_step_twice(loops):
    module, optimizer, loader = loops.make()
    x, y = next(iter(loader))
    for _ in range(2):
        F.cross_entropy(module(x), y).backward()
    before = loops.values(module)
    with pytest.raises(GuaranteeError, match="200 rows.*has 100.*Nothing was released"):
        optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, loops.values(module)))


def test_a_step_needs_a_sample_of_its_own(loops):
    module, optimizer, _ = loops.make()
    X, y = loops.data.tensors
    F.cross_entropy(module(X[:100]), y[:100]).backward()
    with pytest.raises(GuaranteeError, match="no batch of private.loader"):
        optimizer.step()


def test_one_sample_does_not_give_two_steps(loops):
    module, optimizer, loader = loops.make()
    x, y = next(iter(loader))
    F.cross_entropy(module(x), y).backward()
    optimizer.step()
    F.cross_entropy(module(x), y).backward()
    with pytest.raises(GuaranteeError, match="one batch gives one step"):
        optimizer.step()


def test_two_iterators_do_not_take_a_step_twice(loops):
    module, optimizer, loader = loops.make()
    first, second = iter(loader), iter(loader)
    for iterator in (first, second):
        next(iterator)
    for x, y in second:
        F.cross_entropy(module(x), y).backward()
        optimizer.step()
    with pytest.raises(GuaranteeError, match="one iterator at a time"):
        next(first)


def test_a_step_without_gradients_is_refused(loops):
    _, optimizer, loader = loops.make()
    next(iter(loader))
    with pytest.raises(GuaranteeError, match="backward"):
        optimizer.step()


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_a_closure_is_evaluated_once_and_makes_the_same_step(loops, optimizer):
    """As Lightning and skorch call an optimizer: the loss is computed within step()."""

    options = {"epsilon": 1.0, "delta": 1e-5, "epochs": 1, "sampling": "fixed", "random_state": 0}

    def trained(with_closure):
        module, _, loader = loops.parts()
        parts = module, optimizer(module.parameters(), lr=0.1), loader
        module, steps, loader = make_private(*parts, **options)
        n_calls, losses = 0, []
        for x, y in loader:

            def closure(x=x, y=y):
                nonlocal n_calls
                n_calls += 1
                steps.zero_grad()
                loss = F.cross_entropy(module(x), y)
                loss.backward()
                return loss

            if with_closure:
                losses.append(steps.step(closure).item())
            else:
                closure()
                steps.step()
        assert n_calls == 4
        assert not with_closure or all(loss > 0 for loss in losses)
        return loops.values(module)

    with pytest.warns(PrivacyWarning):
        pairs = zip(trained(True), trained(False), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_closure_whose_loss_mixes_rows_is_refused(loops):
    module, optimizer, loader = loops.make()
    x, y = next(iter(loader))

    def closure():
        loss = F.cross_entropy(module(x - x.mean(0)), y)
        loss.backward()
        return loss

    with pytest.raises(GuaranteeError, match="mixes"):
        optimizer.step(closure)


def test_a_module_is_not_made_private_twice(loops):
    module, *_ = loops.parts()
    first = loops.make(module)
    with pytest.raises(GuaranteeError, match="private already.*one optimizer.*detach"):
        loops.make(module[0])
    first.detach()
    assert loops.train(loops.make(module)).n_steps == 4


def test_a_second_optimizer_never_sees_a_raw_gradient(loops):
    module, _, loader = loops.make()
    second = torch.optim.SGD(module.parameters(), lr=1.0)
    before = loops.values(module)
    x, y = next(iter(loader))
    F.cross_entropy(module(x), y).backward()
    second.step()
    assert all(torch.equal(a, b) for a, b in zip(before, loops.values(module)))


def test_an_optimizer_of_other_parameters_is_refused(loops):
    module, _, loader = loops.parts()
    stranger = nn.Linear(2, 2)
    for parameters, message in (
        (module[2].parameters(), r"lacks 0\.weight, 0\.bias"),
        ([*module.parameters(), *stranger.parameters()], "holds 2 that"),
    ):
        optimizer = torch.optim.SGD(parameters, lr=0.1)
        with pytest.raises(InvalidParameterError, match=message):
            make_private(module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs=1)


def test_a_parameter_that_comes_later_does_not_move_by_its_raw_gradient(loops):
    private = loops.make()
    module, optimizer, loader = private
    stranger = nn.Linear(2, 2)
    optimizer.add_param_group({"params": stranger.parameters()})
    x, y = next(iter(loader))
    F.cross_entropy(stranger(module(x)), y).backward()
    with pytest.raises(GuaranteeError, match="not of the private module"):
        optimizer.step()


def test_frozen_layers_stay(loops):
    module, _, _ = loops.parts()
    module[0].requires_grad_(False)
    before = module[0].weight.clone()
    private = loops.train(loops.make(module))
    assert torch.equal(before, module[0].weight)
    assert private.n_steps == 4


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_row_whose_gradient_is_not_finite_does_not_spoil_the_module(loops, bad):
    X, y = (tensor.clone() for tensor in loops.data.tensors)
    X[3] = bad
    module, optimizer, _ = loops.parts()
    loader = DataLoader(TensorDataset(X, y), batch_size=100)
    private = make_private(
        module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs=2, sampling="fixed"
    )
    loops.train(private)
    assert private.n_steps == 4
    assert all(torch.isfinite(value).all() for value in loops.values(module))


def test_a_sum_longer_than_its_bound_is_not_released(loops):
    private = loops.make(max_grad_norm=0.01)
    private._run.clipper.mode.weights = torch.ones_like  # a clipping that forgets to clip
    before = loops.values(private.module)
    with pytest.raises(GuaranteeError, match="longer than their bound.*Nothing was released"):
        loops.train(private)
    assert all(torch.equal(a, b) for a, b in zip(before, loops.values(private.module)))


def test_seeded_noise_has_no_claim_and_no_ledger_takes_it(loops, tmp_path):
    from sklearn_private import PrivacyLedger

    with pytest.warns(PrivacyWarning, match="seeded"):
        private = loops.make(random_state=0)
    assert private.privacy_statement_.epsilon == math.inf
    assert loops.train(private).epsilon_spent() == math.inf
    ledger = PrivacyLedger(tmp_path / "l", epsilon=9.0, delta=1e-4)
    with pytest.raises(InvalidParameterError, match="seeded.*Nothing was released"):
        loops.make(random_state=0, ledger=ledger)


@pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")
def test_a_seed_repeats_a_run_and_the_operating_system_does_not(loops):
    def train(state):
        private = loops.train(loops.make(random_state=state, sampling="poisson"))
        return torch.cat([value.flatten() for value in loops.values(private.module)])

    assert torch.equal(train(1), train(1))
    assert not torch.equal(train(None), train(None))


@pytest.mark.parametrize(
    "name, value",
    [
        ("epsilon", 0),
        ("epsilon", math.inf),
        ("delta", 0),
        ("delta", 1.0),
        ("epochs", 0),
        ("epochs", 1.5),
        ("sampling", "shuffle"),
        ("neighboring", "add_remove"),
        ("max_physical_batch_size", 0),
        ("truncated_batch_size", 2.5),
        ("max_grad_norm", -1.0),
        ("loss_reduction", "none"),
        ("engine", "ghost"),
        ("clipping", "ghost"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(loops, name, value):
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of .* must be .* Got"):
        loops.make(**{name: value})


def test_detaching_gives_back_an_ordinary_module(loops):
    private = loops.make()
    private.detach()
    module, optimizer, _ = private
    X, y = loops.data.tensors
    F.cross_entropy(module(X), y).backward()
    assert all(p.grad is not None for p in module.parameters())
    optimizer.step()
    assert private.n_steps == 0


def test_a_run_is_reported_with_its_ledger(loops, tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=2.0, delta=1e-5, neighboring="zero_out")
    report = privacy_report(loops.train(loops.make(ledger=ledger)))
    assert list(report.statements) == ["privatetraining"]
    assert report.composition.epsilon == pytest.approx(1.0)
    assert report.ledgers[0]["n_charges"] == 1
    assert loops.make().ledger is None
