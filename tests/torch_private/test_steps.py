"""Every sample that is drawn takes its noisy step, whatever the loop does with it."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F

from sklearn_private.exceptions import GuaranteeError


def moved(before, module):
    return any(not torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


@pytest.mark.parametrize("skipped", [{0}, {1, 2}, {3}, {0, 1, 2, 3}])
def test_a_batch_that_the_loop_skips_takes_a_step_of_noise_alone(loops, skipped):
    module, optimizer, loader = private = loops.make()
    before = [p.detach().clone() for p in module.parameters()]
    n_taken = []
    for number, (x, y) in enumerate(loader):
        n_taken.append(private.n_steps)
        optimizer.zero_grad()
        loss = F.cross_entropy(module(x), y)
        if number in skipped:
            continue
        loss.backward()
        optimizer.step()
    assert n_taken == [0, 1, 2, 3]
    assert private.n_steps == 4
    assert moved(before, module)


def test_the_step_of_a_skipped_batch_has_the_noise_of_all(loops):
    module, _, loader = private = loops.make(loader={"batch_size": 400}, epochs=1)
    before = torch.cat([p.detach().flatten() for p in module.parameters()])
    for _ in loader:
        pass
    step = torch.cat([p.detach().flatten() for p in module.parameters()]) - before
    expected = 0.5 * private.noise_multiplier / 400  # learning rate, noise, rows of a step
    assert 0.7 < float(step.std()) / expected < 1.3
    assert private.n_steps == 1


def test_a_skipped_piece_leaves_its_rows_out_and_the_step_is_taken(loops):
    module, optimizer, loader = private = loops.make(max_physical_batch_size=40)
    for number, (x, y) in enumerate(loader):
        if number % 3 == 2:  # the last of 40 + 40 + 20
            continue
        optimizer.zero_grad()
        F.cross_entropy(module(x), y).backward()
        optimizer.step()
    assert private.n_steps == 4


def test_a_batch_that_went_backward_is_not_skipped(loops):
    module, _, loader = loops.make()
    with pytest.raises(GuaranteeError, match="without a step"):
        for x, y in loader:
            F.cross_entropy(module(x), y).backward()


def test_a_scheduler_that_follows_the_run_counts_every_step(loops):
    module, optimizer, loader = private = loops.make(
        loader={"batch_size": 2}, sampling="poisson", epochs=1
    )
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    private.follow(scheduler)
    n_seen = 0
    for number, (x, y) in enumerate(loader):
        if number % 10 == 3:
            continue
        optimizer.zero_grad()
        F.cross_entropy(module(x), y).backward()
        optimizer.step()
        scheduler.step()
        n_seen += 1
    assert scheduler.last_epoch == private.n_steps == 200 > n_seen
