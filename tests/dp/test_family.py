"""What all members of the DP family keep: without noise they are scikit-learn's, and what they
refuse."""

import math

import numpy as np
import pandas as pd
import pytest
from dp_accounting import GaussianDpEvent
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

from sklearn_private import PrivacyLedger, accounting
from sklearn_private.accounting import leaves
from sklearn_private.dp import (
    DPPCA,
    DPGaussianNB,
    DPKMeans,
    DPLinearRegression,
    DPQuantileScaler,
    DPRidge,
    DPStandardScaler,
)
from sklearn_private.exceptions import BudgetExceededError, InvalidParameterError
from sklearn_private.sums import Noisy

BOUNDS = [(-1.0, 3.0), (0.0, 10.0), (-4.0, 4.0)]
MEMBERS = {
    "linear": DPLinearRegression(bounds=BOUNDS, target_bounds=(-30.0, 30.0)),
    "ridge": DPRidge(bounds=BOUNDS, target_bounds=(-30.0, 30.0)),
    "scaler": DPStandardScaler(bounds=BOUNDS),
    "pca": DPPCA(bounds=BOUNDS),
    "k-means": DPKMeans(2, bounds=BOUNDS),
    "quantiles": DPQuantileScaler(bounds=BOUNDS),
    "naive Bayes": DPGaussianNB(bounds=BOUNDS, classes=[0, 1]),
}
EACH = pytest.mark.parametrize("name", MEMBERS)
seeds = pytest.mark.filterwarnings("ignore:.*is seeded by random_state:UserWarning")


def member(name, **parameters):
    return type(MEMBERS[name])(**{**MEMBERS[name].get_params(), **parameters})


def make_rows(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    low, high = np.array(BOUNDS).T
    X = low + (high - low) * rng.beta(2, 3, size=(n, 3))
    return X, X @ [2.0, -1.0, 0.5] + rng.normal(size=n)


def fit(model, X, target):
    kind = {"DPGaussianNB": (target > np.median(target)).astype(int)}
    return model.fit(X, kind.get(type(model).__name__, target))


@pytest.fixture
def no_noise(monkeypatch):
    """Make every sum exact, for programs to be compared with what they approximate."""

    def quiet(self, statistic, *broadcast):
        self.noise_multiplier = 1e-12
        return self.inner.sum(statistic, *broadcast)

    monkeypatch.setattr(Noisy, "sum", quiet)


# Without noise


@pytest.mark.usefixtures("no_noise")
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 1.0, 300.0])
@pytest.mark.parametrize("bounds", [{"bounds": BOUNDS}, {"bounds": None, "feature_norm": 99.0}])
def test_without_noise_regressions_are_those_of_scikit_learn(alpha, fit_intercept, bounds):
    X, y = make_rows()
    model = member("ridge", alpha=alpha, fit_intercept=fit_intercept, **bounds).fit(X, y)
    exact = Ridge(alpha, fit_intercept=fit_intercept) if alpha else LinearRegression()
    exact.set_params(fit_intercept=fit_intercept).fit(X, y)
    if fit_intercept:
        assert model.coef_ == pytest.approx(exact.coef_, rel=1e-6, abs=1e-6)
        assert model.intercept_ == pytest.approx(exact.intercept_, rel=1e-6, abs=1e-6)
        assert model.predict(X) == pytest.approx(exact.predict(X), rel=1e-6, abs=1e-6)
    elif "feature_norm" in bounds:  # bounds= move the origin, through which the plane then goes
        assert model.coef_ == pytest.approx(exact.coef_, rel=1e-6, abs=1e-6)
    if not alpha:
        plain = member("linear", fit_intercept=fit_intercept, **bounds).fit(X, y)
        assert plain.coef_ == pytest.approx(model.coef_, rel=1e-9)


@pytest.mark.usefixtures("no_noise")
@pytest.mark.parametrize("bounds", [{"bounds": BOUNDS}, {"bounds": None, "feature_norm": 99.0}])
def test_without_noise_components_are_those_of_scikit_learn(bounds):
    X, _ = make_rows()
    model, exact = member("pca", **bounds).fit(X), PCA().fit(X)
    for name in ("components_", "explained_variance_", "explained_variance_ratio_", "mean_"):
        assert getattr(model, name) == pytest.approx(getattr(exact, name), rel=1e-6, abs=1e-6)
    assert model.transform(X) == pytest.approx(exact.transform(X), abs=1e-5)
    assert model.inverse_transform(model.transform(X)) == pytest.approx(X)
    assert model.get_feature_names_out().tolist() == ["dppca0", "dppca1", "dppca2"]
    assert DPPCA(2, bounds=BOUNDS).fit(X).components_.shape == (2, 3)


@pytest.mark.usefixtures("no_noise")
def test_without_noise_columns_are_standardised_as_in_scikit_learn():
    X, _ = make_rows()
    model, exact = member("scaler").fit(X), StandardScaler().fit(X)
    for name in ("mean_", "var_", "scale_"):
        assert getattr(model, name) == pytest.approx(getattr(exact, name), rel=1e-6)
    assert model.transform(X) == pytest.approx(exact.transform(X), abs=1e-6)
    assert model.inverse_transform(model.transform(X)) == pytest.approx(X)
    plain = member("scaler", with_mean=False, with_std=False).fit(X)
    assert (plain.transform(X) == X).all() and (plain.inverse_transform(X) == X).all()


@pytest.mark.usefixtures("no_noise")
def test_without_noise_quantiles_are_those_of_numpy():
    X, _ = make_rows()
    low, high = np.array(BOUNDS).T
    for pair in ((0.0, 1.0), (0.05, 0.95), (0.25, 0.75)):
        model = member("quantiles", quantile_range=pair).fit(X)
        exact = np.quantile(X, pair, axis=0)
        assert (np.abs([model.low_, model.high_] - exact) <= (high - low) / 2**8).all()
        scaled = model.transform(X)
        assert np.linalg.norm(scaled, axis=1).max() <= 1
        inside = (model.low_ < X) & (model.high_ > X)
        assert (np.abs(scaled[inside]) < 1 / math.sqrt(3)).all()


@pytest.mark.parametrize("wrong", [None, 0.5, (0.9, 0.1), (-0.1, 0.5), (0.1, 1.1), ("a", "b")])
def test_a_malformed_range_of_quantiles_is_refused(wrong):
    with pytest.raises(InvalidParameterError, match="'quantile_range' parameter of DPQuantile"):
        member("quantiles", quantile_range=wrong).fit(make_rows(20)[0])
    with pytest.raises(InvalidParameterError, match="'bounds' parameter of DPQuantileScaler"):
        DPQuantileScaler().fit(make_rows(20)[0])


def test_a_wide_range_costs_quantiles_little():
    X, _ = make_rows(5000)
    model = member("quantiles", bounds=(-1000.0, 1000.0)).fit(X)
    low, high = np.quantile(X, (0.05, 0.95), axis=0)
    assert model.low_ == pytest.approx(low, abs=10) and model.high_ == pytest.approx(high, abs=10)


@pytest.mark.usefixtures("no_noise")
def test_without_noise_naive_bayes_is_that_of_scikit_learn():
    X, y = make_rows()
    codes = np.digitize(y, [-5.0, 0.0])
    model, exact = (
        member("naive Bayes", classes=[0, 1, 2]).fit(X, codes),
        GaussianNB().fit(X, codes),
    )
    for name in ("class_prior_", "theta_", "var_"):
        assert getattr(model, name) == pytest.approx(getattr(exact, name), rel=1e-6)
    assert model.predict_proba(X) == pytest.approx(exact.predict_proba(X), abs=1e-6)
    assert (model.predict(X) == exact.predict(X)).all()


@pytest.mark.usefixtures("no_noise")
def test_without_noise_clusters_are_as_good_as_those_of_scikit_learn():
    X, _ = make_blobs(3000, 3, centers=5, center_box=(-6, 6), random_state=0)
    exact = KMeans(5, n_init=10, random_state=0).fit(X)
    model = DPKMeans(5, bounds=(-10.0, 10.0)).fit(X)
    nearest = model.transform(X).min(axis=1) * model._scale[0]
    assert (nearest**2).sum() < 1.02 * exact.inertia_
    assert (model.predict(X) == model.transform(X).argmin(axis=1)).all()


# With noise


@EACH
@pytest.mark.parametrize("neighboring", ["replace_one", "zero_out", "add_remove"])
def test_the_event_keeps_the_claim_and_wastes_nothing(name, neighboring):
    model = member(name, neighboring=neighboring)
    if neighboring == "add_remove":
        with pytest.raises(InvalidParameterError, match="'n_public' parameter .* public number"):
            fit(model, *make_rows(300))
        model.set_params(n_public=400)
    said = fit(model, *make_rows(300)).privacy_statement_
    spent = accounting.epsilon(said.event, delta=1e-5, neighboring=neighboring)
    assert 0.999 < spent <= 1.0
    assert said.parameters["n_rounds"] == sum(
        n for leaf, n in leaves(said.event) if isinstance(leaf, GaussianDpEvent)
    )


@EACH
def test_settings_follow_from_public_quantities_alone(name):
    X, y = make_rows(300)
    said = fit(member(name), X, y).privacy_statement_
    for rows in ((X[::-1], y), (X * 0, y), (X, y[::-1])):
        assert fit(member(name), *rows).privacy_statement_ == said


@EACH
def test_pure_epsilon_is_refused_before_anything_is_paid(name, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=5.0, delta=1e-3)
    with pytest.raises(InvalidParameterError, match="'delta' parameter .* noise is Gaussian"):
        fit(member(name, delta=0, ledger=ledger), *make_rows(50))
    assert ledger.entries() == []


@EACH
def test_the_ledger_is_charged_before_anything_is_computed(name, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1.2, delta=1e-4)
    fit(member(name, ledger=ledger), *make_rows(300))
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        fit(member(name, ledger=ledger), *make_rows(300))
    assert len(ledger.entries()) == 1


@EACH
def test_persons_are_protected_whole(name):
    X, y = make_rows(300)
    kind = {"naive Bayes": (y > 0).astype(int)}
    model = member(name, rows_per_unit=3)
    said = model.fit(X, kind.get(name, y), privacy_unit=np.arange(300) // 3).privacy_statement_
    assert said.unit == "person" and "at most 3" in said.protects
    with pytest.raises(InvalidParameterError, match="'rows_per_unit' parameter .* privacy_unit="):
        fit(member(name, rows_per_unit=3), X, y)


@EACH
@pytest.mark.parametrize("wrong", [np.nan, np.inf], ids=str)
def test_missing_and_infinite_values_are_refused_before_the_charge(name, wrong, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=5.0, delta=1e-3)
    X, y = make_rows(50)
    X[3, 1] = wrong
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        fit(member(name, ledger=ledger), X, y)
    assert ledger.entries() == []


@EACH
def test_odd_tables_are_fitted(name):
    X, y = make_rows(60)
    for odd in (X[:1], np.ones_like(X), X[:, [0, 0, 0]], 1e300 * X, X[:, [0]] * [1, 0, 1]):
        model = fit(member(name, bounds=(-1.0, 3.0)), odd, y[: len(odd)])
        released = [getattr(model, release) for release in model.privacy_statement_.releases]
        assert all(np.isfinite(value).all() for value in released)


@EACH
def test_weights_are_refused(name):
    X, y = make_rows(50)
    with pytest.raises(TypeError, match="sample_weight"):
        member(name).fit(X, (y > 0).astype(int), sample_weight=np.ones(50))


@EACH
def test_tables_of_pandas_and_polars_keep_their_names(name):
    polars = pytest.importorskip("polars")
    X, y = make_rows(100)
    by_name = dict(zip("abc", BOUNDS, strict=True))
    for frame in (pd.DataFrame(X, columns=list("abc")), polars.DataFrame(X, schema=list("abc"))):
        model = fit(member(name, bounds=by_name), frame, y)
        assert model.feature_names_in_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("wrong", [None, 3.0, (2.0, 1.0), (0.0, np.inf), ("a", "b"), (1, 2, 3)])
def test_the_range_of_a_target_is_needed(wrong):
    with pytest.raises(InvalidParameterError, match="'target_bounds' parameter of DPRidge must"):
        DPRidge(bounds=BOUNDS, target_bounds=wrong).fit(*make_rows(20))


def test_targets_beyond_their_range_are_clipped():
    X, y = make_rows(500)
    far = np.where(np.arange(500) == 0, 1e6, y)
    seeded = {"random_state": 0, "target_bounds": (-5.0, 5.0)}
    with pytest.warns(UserWarning, match="seeded"):
        fitted = [member("ridge", **seeded).fit(X, t) for t in (far, np.clip(far, -5, 5))]
    assert (fitted[0].coef_ == fitted[1].coef_).all()


def test_more_components_than_columns_are_refused():
    with pytest.raises(InvalidParameterError, match="'n_components' parameter of DPPCA .* most 3"):
        DPPCA(4, bounds=BOUNDS).fit(make_rows(20)[0])


@pytest.mark.parametrize("n_clusters", [1, 5, 40])
def test_any_number_of_clusters_is_found_in_few_rows(n_clusters):
    for X in (make_rows(10)[0], make_rows(10)[0][:, :1]):
        model = DPKMeans(n_clusters, bounds=(-4.0, 10.0)).fit(X)
        assert model.cluster_centers_.shape == (n_clusters, X.shape[1])
        assert len(model.fit_predict(X)) == 10


def test_where_the_number_of_rows_is_hidden_means_are_over_a_noisy_count():
    X, _ = make_rows(3000)
    for model in (
        member("scaler", epsilon=8.0, neighboring="add_remove", n_public=30_000),
        member("pca", epsilon=8.0, neighboring="add_remove", n_public=30_000),
    ):
        assert model.fit(X).mean_ == pytest.approx(X.mean(axis=0), abs=0.25)


def test_a_class_that_noise_hides_has_the_law_of_all_rows():
    X, _ = make_rows(500)
    model = member("naive Bayes", classes=[0, 1]).fit(X, np.zeros(500, dtype=int))
    assert model.class_prior_[1] < 0.5
    assert np.isfinite(model.predict_log_proba(X)).all()
    assert (model.var_ > 0).all() and math.isclose(model.class_prior_.sum(), 1)
