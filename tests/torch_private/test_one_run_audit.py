import pytest

torch = pytest.importorskip("torch")

import numpy as np
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

import torch_private.training._run as runs
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from torch_private import OneRunAudit
from torch_private.audits import random_canaries
from torch_private.audits._canaries import Without
from torch_private.audits._guesses import Separation
from torch_private.clipping import FlatClipping
from torch_private.noise import with_noise

N_FEATURES = 1200


def parts(n_rows=200, batch_size=10_000, n_features=N_FEATURES, **options):
    X = torch.randn(n_rows, n_features)
    data = TensorDataset(X, (X[:, 0] > 0).long())
    module = nn.Linear(n_features, 2)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    return module, optimizer, DataLoader(data, batch_size=batch_size, **options)


def audited_run(audit=None, epochs=5, epsilon=4.0, batch_size=10_000, **options):
    torch.manual_seed(0)
    audit = audit or OneRunAudit(400, n_classes=2)
    private = audit.make_private(
        *parts(batch_size=batch_size), epsilon=epsilon, delta=1e-5, epochs=epochs, **options
    )
    module, optimizer, loader = private
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(module(x), y).backward()
            optimizer.step()
    return audit, private


def test_an_honest_run_is_no_violation_and_its_canaries_are_seen():
    audit, _ = audited_run()
    result = audit.run()
    assert result.verdict != "violation"
    assert result.owner == "Linear"
    assert result.claimed_epsilon == 4.0
    assert 0 < result.epsilon_lower_bound < 4.0


def test_too_little_noise_is_a_violation(monkeypatch):
    monkeypatch.setattr(runs, "with_noise", lambda v, std, *args: with_noise(v, std / 5, *args))
    assert audited_run()[0].run().verdict == "violation"


def test_missing_clipping_is_a_violation(monkeypatch):
    def unclipped(self, norms):
        return torch.ones_like(norms)

    monkeypatch.setattr(FlatClipping, "weights", unclipped)
    monkeypatch.setattr(runs.Run, "_check_bound", lambda self, n_rows: None)
    monkeypatch.setattr("torch_private.training._make_private.self_check", lambda *a, **k: None)
    audit, private = audited_run()
    assert audit.run().verdict == "violation"
    assert private.n_steps == 5


def test_a_sampled_run_is_audited_by_its_privacy_curve():
    audit, _ = audited_run(epochs=4, batch_size=150)
    result = audit.run()
    assert result.tests == "the privacy curve of the event"
    assert result.verdict != "violation"
    assert result.n_correct > 0.5 * result.n_guesses


def test_the_loop_sees_the_canaries_of_one_side_of_their_coins():
    audit = OneRunAudit(100, n_classes=2, canaries=(torch.full((100, 5), 7.0), torch.zeros(100)))
    data = TensorDataset(torch.zeros(300, 5), torch.zeros(300))
    loader = DataLoader(data, batch_size=400)
    module = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    private = audit.make_private(
        module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs=1, sampling="fixed"
    )
    (batch,) = list(private.loader)
    assert int((batch[0][:, 0] == 7).sum()) == audit.included.sum()
    assert len(batch[0]) == 300 + audit.included.sum()
    assert 25 < audit.included.sum() < 75
    assert private.privacy_statement_.parameters["sampling_rate"] == 1.0  # of all 400 rows


def test_coins_are_fair_and_not_repeated():
    def coins(**options):
        audit = OneRunAudit(2000, n_classes=2, **options)
        audit.make_private(*parts(50, n_features=3), epsilon=1.0, delta=1e-5, epochs=1)
        return audit.included

    first, second = coins(), coins()
    assert 850 < first.sum() < 1150
    assert 850 < (first ^ second).sum() < 1150
    assert (coins(random_state=1) == coins(random_state=1)).all()


def test_hidden_rows_are_drawn_and_dropped():
    class Everything:
        def rows(self, step):
            return np.array([4, 0, 3, 1])

    without = Without(Everything(), np.array([False, True, False, False, True]))
    assert without.rows(0).tolist() == [0, 3]


def test_regression_runs_are_audited_too():
    X = torch.randn(100, 300)
    module = nn.Linear(300, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    loader = DataLoader(TensorDataset(X, X[:, 0]), batch_size=1000)
    audit = OneRunAudit(300)
    private = audit.make_private(module, optimizer, loader, epsilon=8.0, delta=1e-5, epochs=10)
    for _ in range(10):
        for x, y in private.loader:
            optimizer.zero_grad()
            (module(x)[:, 0] - y).square().mean().backward()
            optimizer.step()
    result = audit.run()
    assert result.n_correct > 0.6 * result.n_guesses


def test_canaries_are_made_of_shapes_and_not_of_values():
    data = TensorDataset(torch.full((9, 2, 3), torch.nan), torch.full((9,), 5))
    loader = DataLoader(data, batch_size=3)
    x, y = random_canaries(loader, 500, n_classes=2, scale=2.0)
    assert x.shape == (500, 2, 3)
    assert 1.7 < x.std() < 2.3
    assert set(y.tolist()) == {0, 1}
    with pytest.raises(InvalidParameterError, match="n_classes="):
        random_canaries(loader, 50)


def test_a_loader_whose_sampler_would_be_dropped_is_refused():
    sampler = WeightedRandomSampler(torch.ones(200), 200)
    loop = parts(sampler=sampler, n_features=3)
    with pytest.raises(InvalidParameterError, match="WeightedRandomSampler"):
        OneRunAudit(50, n_classes=2).make_private(*loop, epsilon=1.0, delta=1e-5, epochs=1)


def test_a_dataset_that_canaries_cannot_join_is_refused():
    module, optimizer, _ = parts(n_features=3)
    loader = DataLoader([(torch.zeros(3), 0)] * 50, batch_size=10)
    with pytest.raises(InvalidParameterError, match="TensorDataset"):
        OneRunAudit(50, n_classes=2).make_private(
            module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs=1
        )


@pytest.mark.parametrize(
    "option, message", [({"neighboring": "replace_one"}, "zero_out"), ({"random_state": 0}, "seed")]
)
def test_runs_that_coins_cannot_test_are_refused(option, message):
    with pytest.raises(InvalidParameterError, match=message):
        OneRunAudit(50, n_classes=2).make_private(
            *parts(n_features=3), epsilon=1.0, delta=1e-5, epochs=1, **option
        )


def test_an_audit_without_a_run_says_so():
    with pytest.raises(GuaranteeError, match="no run to audit"):
        OneRunAudit(50).run()


def test_bad_parameters_are_refused():
    for bad in ({"n_canaries": 3}, {"confidence": 0.2}, {"n_classes": 1}):
        with pytest.raises(InvalidParameterError, match=next(iter(bad))):
            OneRunAudit(**bad).make_private(*parts(n_features=3), epsilon=1.0, delta=1e-5, epochs=1)


@pytest.mark.parametrize("times", [1, 10])
def test_rows_of_others_are_not_taken_for_noise_that_could_be_less(monkeypatch, times):
    """What is detectable follows from the claimed noise, not from scores that lack it.

    Samples hide canaries whatever the noise is: with a tenth of it their scores are little
    further apart, and the audit may not say that it would have found noise 1.3 times too small.
    """
    monkeypatch.setattr(runs, "with_noise", lambda v, std, *args: with_noise(v, std / times, *args))
    torch.manual_seed(0)
    X = torch.randn(1500, 64)
    module = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 2))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    loader = DataLoader(TensorDataset(X, (X[:, 0] > 0).long()), batch_size=200)
    audit = OneRunAudit(200, n_classes=2)
    module, optimizer, loader = audit.make_private(
        module, optimizer, loader, epsilon=4.0, delta=1e-5, epochs=3
    )
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(module(x), y).backward()
            optimizer.step()
    result = audit.run()
    assert result.verdict != "consistent"
    assert result.verdict == "violation" or result.detectable > 2


def test_a_tenth_of_the_noise_is_a_violation_where_rows_do_not_hide_it(monkeypatch):
    monkeypatch.setattr(runs, "with_noise", lambda v, std, *args: with_noise(v, std / 10, *args))
    assert audited_run()[0].run().verdict == "violation"


def test_separation_with_less_noise_keeps_what_other_rows_add():
    apart = Separation(1.0, noise_share=0.75)
    assert apart.with_noise_over(1.0) == pytest.approx(1.0)
    assert apart.with_noise_over(1e9) == pytest.approx(2.0)
    too_little = Separation(3.0, noise_share=4.0)  # a run with half of the noise
    assert too_little.with_noise_over(1.0) == pytest.approx(1.5)
    assert too_little.with_noise_over(2.0) == pytest.approx(3.0)
