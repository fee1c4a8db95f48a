"""A loss that mixes samples, or reduces otherwise than declared, is refused before any step."""

import gc
import warnings

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from sklearn_private.exceptions import GuaranteeError, PrivacyWarning
from torch_private import make_private


def weighted(out, y):
    weights = torch.tensor([1.0, 2.0])
    return (F.cross_entropy(out, y, weight=weights, reduction="none")).mean()


def smoothed(out, y):
    targets = torch.full_like(out, 0.1).scatter(1, y[:, None], 0.9)
    return -(targets * out.log_softmax(1)).sum(1).mean()


def by_length(out, y):
    return F.cross_entropy(out, y, reduction="sum") / len(out)


def by_share(out, y):
    return F.cross_entropy(out, y, reduction="none").sum() * (1 / len(y))


def by_shape(out, y):
    return F.cross_entropy(out, y, reduction="none").view(out.shape[0], 1).sum() / y.shape[0]


def by_token(out, y):
    flat = out.reshape(out.shape[0] * out.shape[1], 1).squeeze(1)
    return F.binary_cross_entropy_with_logits(flat, torch.ones_like(flat))


def with_log(out, y):
    loss = F.cross_entropy(out, y)
    with_log.total += loss.detach()
    return loss


with_log.total = torch.zeros(())


@pytest.mark.parametrize(
    "loss",
    [
        F.cross_entropy,
        weighted,
        smoothed,
        by_length,
        by_shape,
        by_share,
        with_log,
        lambda o, y: o.mean(),
    ],
)
def test_means_over_samples_pass(loops, loss):
    private = loops.train(loops.make(), loss=loss)
    assert private.n_steps == 4
    assert private._run.watch.unchecked is None


def total(out, y):
    return F.cross_entropy(out, y, reduction="sum")


def squares(out, y):
    return ((out[:, 0] - y) ** 2).sum() / 1000


@pytest.mark.parametrize("loss", [total, squares])
def test_sums_over_samples_pass_when_declared(loops, loss):
    private = loops.train(loops.make(loss_reduction="sum"), loss=loss)
    assert private.n_steps == 4


@pytest.mark.parametrize(
    "loss, declared, found",
    [(F.cross_entropy, "sum", "mean"), (by_length, "sum", "mean"), (total, "mean", "sum")],
)
def test_a_mean_is_no_sum(loops, loss, declared, found):
    private = loops.make(loss_reduction=declared)
    before = loops.values(private.module)
    message = f"a {found} over samples, but loss_reduction='{declared}'.*Nothing was released"
    with pytest.raises(GuaranteeError, match=message):
        loops.train(private, loss=loss)
    assert all(torch.equal(a, b) for a, b in zip(before, loops.values(private.module)))
    assert private.n_steps == 0


def centred(out, y):
    return F.cross_entropy(out - out.mean(0), y)


def contrastive(out, y):
    return F.cross_entropy(out @ out.T, torch.arange(len(out)))


def ranked(out, y):
    return F.softplus(out[:, 0].roll(1) - out[:, 0]).mean()


def balanced(out, y):
    share = torch.bincount(y, minlength=2) / len(y)
    return (F.cross_entropy(out, y, reduction="none") / share[y]).mean()


def class_weights(out, y):
    return F.cross_entropy(out, y, weight=torch.tensor([1.0, 2.0]))


def by_largest(out, y):
    return F.cross_entropy(out / out.abs().max().detach(), y)


@pytest.mark.parametrize(
    "loss", [centred, contrastive, ranked, balanced, class_weights, by_largest]
)
def test_losses_that_mix_samples_are_refused(loops, loss):
    with pytest.raises(GuaranteeError, match="mixes the samples.*Nothing was released"):
        loops.train(loops.make(), loss=loss)


def test_a_mean_over_labels_that_are_not_ignored_mixes_samples(loops):
    y = torch.where(torch.arange(400) % 11 < 4, -100, loops.data.tensors[1])
    module, optimizer, _ = loops.parts()
    loader = DataLoader(TensorDataset(loops.data.tensors[0], y), batch_size=100)
    private = make_private(
        module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs=1, sampling="fixed"
    )
    with pytest.raises(GuaranteeError, match="ignored labels"):
        loops.train(private)


def test_a_loss_that_goes_backward_unseen_is_refused(loops):
    module, optimizer, loader = private = loops.make()
    x, y = next(iter_ := iter(loader))
    torch.autograd.backward(F.cross_entropy(module(x), y))
    with pytest.raises(GuaranteeError, match="not seen. Call backward.*Nothing was released"):
        optimizer.step()
    assert private.n_steps == 0
    iter_.close()


def test_a_reduction_that_cannot_be_seen_warns_and_the_statement_says_so(loops):
    def by_a_drawn_mask(out, y):
        return F.cross_entropy(F.dropout(out, 0.5), y)

    with pytest.warns(PrivacyWarning, match="could not be checked.*random numbers"):
        private = loops.train(loops.make(), loss=by_a_drawn_mask)
    (finding,) = private.privacy_statement_.findings
    assert finding.level == "warning"


def test_a_loss_that_turns_bad_later_is_seen_in_the_next_pass(loops):
    private = loops.train(loops.make(epochs=3))
    with pytest.raises(GuaranteeError, match="mixes"):
        loops.train(private, loss=centred)


@pytest.fixture
def alone():
    """Let runs of other tests go, whose last batch was never stepped on."""
    gc.collect()


@pytest.mark.usefixtures("alone")
def test_a_loop_goes_on_with_a_loss_that_was_mended(loops):
    private = loops.make()
    with pytest.raises(GuaranteeError, match="mixes") as kept:
        loops.train(private, loss=centred)
    assert not torch.overrides.has_torch_function((torch.ones(1),))
    assert loops.train(private).n_steps == 4
    assert kept.value is not None  # its traceback holds the loop that failed


def watched_steps(private, epochs):
    module, optimizer, loader = private
    watched = []
    for _ in range(epochs):
        for x, y in loader:
            if private._run.watch.watches:
                watched.append(private.n_steps)
            F.cross_entropy(module(x), y).backward()
            optimizer.step()
    return watched


def test_first_steps_are_watched_and_one_at_random_of_each_pass(loops):
    found = set()
    for _ in range(5):
        private = loops.make(loader={"batch_size": 13}, epochs=3)  # 31 steps a pass
        watched = watched_steps(private, 3)
        assert {0, 1, 4, 16, 64} <= set(watched)
        others = [step for step in watched if step not in (0, 1, 4, 16, 64)]
        assert len({step // 31 for step in others}) == len(others) <= 3
        found.update(others)
    assert len(found) > 5


def test_short_passes_share_a_random_watch(loops):
    private = loops.make(loader={"batch_size": 400}, epochs=50)  # one batch a pass
    others = [s for s in watched_steps(private, 50) if s not in (0, 1, 4, 16)]
    assert len(others) <= 2


def test_a_batch_with_the_first_negative_label_is_watched(loops):
    module, optimizer, _ = loops.parts()
    y = loops.data.tensors[1].clone()
    y[351] = -100  # step 35 of 40
    loader = DataLoader(TensorDataset(loops.data.tensors[0], y), batch_size=10)
    private = make_private(
        module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs=1, sampling="fixed"
    )
    with pytest.raises(GuaranteeError, match="ignored labels"):
        loops.train(private)
    assert private.n_steps == 35


def test_warnings_of_a_loss_are_not_given_again(loops):
    def deprecated(out, y):
        targets = F.one_hot(y, 2).float()
        return F.mse_loss(out[:, :1], targets[:, :1], size_average=True)  # torch warns of it

    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        private = loops.train(loops.make(), loss=deprecated)
    assert private._run.watch.unchecked is None
    assert len([w for w in given if "size_average" in str(w.message)]) == private.n_steps


@pytest.mark.usefixtures("alone")
def test_torch_is_left_alone_after_the_loop_was_left(loops):
    module, _, loader = private = loops.make()
    for x, y in loader:
        F.cross_entropy(module(x), y)
        break
    assert not torch.overrides.has_torch_function((torch.ones(1),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        private.detach()


@pytest.mark.usefixtures("alone")
def test_a_batch_that_is_taken_out_by_hand_is_watched_too(loops):
    module, optimizer, loader = loops.make()
    x, y = next(iter(loader))
    assert not torch.overrides.has_torch_function((torch.ones(1),))
    F.cross_entropy(module(x), y).backward()
    optimizer.step()
    x, y = next(iter(loader))
    out = module(x)
    F.cross_entropy(out - out.mean(0), y).backward()
    with pytest.raises(GuaranteeError, match="mixes"):
        optimizer.step()
    x, y = next(iter(loader))
    F.cross_entropy(module(x - x.mean(0)), y).backward()
    with pytest.raises(GuaranteeError, match="keep its iterator"):
        optimizer.step()


def test_random_losses_are_computed_again_with_the_same_numbers(loops):
    state = torch.get_rng_state()
    private = loops.make()
    assert torch.equal(state, torch.get_rng_state())
    loops.train(private)
    assert torch.equal(state, torch.get_rng_state())
