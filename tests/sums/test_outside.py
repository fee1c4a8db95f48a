"""Programs from outside: what somebody writes, and that nothing of the library has to change."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import GammaRegressor, HuberRegressor, Ridge
from sklearn.preprocessing import scale

from sklearn_private import sums
from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.federated import FederatedWrapper
from sklearn_private.mpc import MPCFitter
from sklearn_private.sums import (
    Cells,
    Limits,
    Masked,
    Program,
    Rows,
    Shared,
    Site,
    SiteLimits,
    Sites,
    cell_counts,
    column_counts,
    refuse,
    statistic,
)

CAP = 30.0


# A generalised linear model: 30 lines.
def _bounds(limits, w, constant):
    norm, largest = sums.row_norm(limits, constant), limits.target_norm
    reach = np.exp(min(norm * np.linalg.norm(w), CAP))
    slope = 1 + largest * reach
    return CAP + largest * reach, 1.0, slope * norm, largest * reach * norm**2


def _pointwise(rows, z):
    z = np.clip(z, -CAP, CAP)
    ratio = rows.y * np.exp(-z)
    return z + ratio, 1 - ratio, ratio


half_deviance, half_deviance_gradient = sums.glm("half_deviance", _pointwise, _bounds)


def fit_gamma(aggregator, estimator, schema):
    count, _, total = aggregator.sum(sums.location)
    constant = float(estimator.fit_intercept)
    l2 = sums.penalty(estimator.alpha, schema.n_features, constant)
    w, n_iter = sums.newton(
        aggregator,
        half_deviance,
        half_deviance_gradient,
        constant,
        penalty=lambda n: n * l2,
        start=np.append(np.zeros(schema.n_features), constant * np.log(total / count)),
        max_rounds=estimator.max_iter,
    )
    return sums.regression_attributes(w, constant, n_iter)


GAMMA = Program(
    serves=GammaRegressor,
    check=lambda estimator: None,
    fit=fit_gamma,
    asks=(sums.location, half_deviance, half_deviance_gradient),
    n_numbers=sums.newton_numbers,
    target_above=0.0,
    shell=sums.fitted_on([[1.0], [2.0]], [1.0, 1.0]),
)


# Lloyd's k-means: 25 lines.
@statistic(
    bound=lambda limits, centres: (1.0, limits.row_norm, np.inf),
    opens="first moments",
    unit=lambda scale, centres: (1.0, scale.X, np.sum((scale.X + np.abs(centres).max(0)) ** 2)),
    count=0,
)
def assigned(rows, centres):
    """Return the counts and the sums of each cluster, and the inertia."""
    distance = ((rows.X[:, None] - centres) ** 2).sum(axis=2)
    member = np.eye(len(centres))[distance.argmin(axis=1)] * rows.weight[:, None]
    return member.sum(axis=0), member.T @ rows.X, rows.weight @ distance.min(axis=1)


def fit_kmeans(aggregator, estimator, schema):
    centres = np.array(estimator.init, dtype=float)
    n_iter = 0
    while n_iter < estimator.max_iter:
        n_iter += 1
        count, total, _ = aggregator.sum(assigned, centres)
        new = np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], centres)
        if np.array_equal(new, centres):
            break
        centres = new
    _, _, inertia = aggregator.sum(assigned, centres)
    return {"cluster_centers_": centres, "inertia_": float(inertia), "n_iter_": n_iter}


KMEANS = Program(
    serves=KMeans,
    check=lambda estimator: refuse(estimator, n_init=(1,)),
    fit=fit_kmeans,
    asks=(assigned,),
    shell=lambda estimator: clone(estimator).fit(estimator.init),
)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr("sklearn_private.sums._registry._PROGRAMS", dict(sums_programs()))
    for program in (GAMMA, KMEANS):
        assert sums.register(program) is program


def sums_programs():
    from sklearn_private.sums import _registry

    return _registry._PROGRAMS


WRAPPERS = {
    "federated": FederatedWrapper,
    "masked": lambda estimator: FederatedWrapper(estimator, secure_aggregation=True),
    "shared": MPCFitter,
}
EACH = pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)


@EACH
def test_a_gamma_regression_from_outside_equals_scikit_learn(wrap):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = rng.gamma(2.0, np.exp(0.5 + X @ [0.5, -0.3, 0.1]) / 2)
    groups, estimator = np.arange(600) % 4, GammaRegressor(alpha=0.1)
    model = wrap(estimator).fit(X, y, groups=groups)
    exact = GammaRegressor(alpha=0.1, solver="newton-cholesky", tol=1e-10).fit(X, y)
    assert model.coef_ == pytest.approx(exact.coef_, abs=1e-9)
    assert model.predict(X) == pytest.approx(exact.predict(X), rel=1e-8)
    with pytest.raises(InvalidParameterError, match="needs targets above 0"):
        wrap(estimator).fit(X, y - y.min(), groups=groups)


@EACH
def test_k_means_from_outside_equals_scikit_learn_and_all_it_learned_shows(wrap):
    X, _ = load_iris(return_X_y=True)
    estimator = KMeans(3, init=X[[0, 60, 120]], n_init=1)
    model = wrap(estimator).fit(X, groups=np.arange(len(X)) % 3)
    exact = clone(estimator).fit(X)
    assert model.cluster_centers_ == pytest.approx(exact.cluster_centers_, abs=1e-9)
    assert model.inertia_ == pytest.approx(exact.inertia_)
    assert (model.predict(X) == exact.labels_).all()
    assert model.transform(X) == pytest.approx(exact.transform(X))


def test_a_class_has_one_program_and_a_noisy_one_says_its_budget():
    with pytest.raises(InvalidParameterError, match="registered already"):
        sums.register(Program(serves=Ridge, check=print, fit=print, asks=()))
    noisy = Program(serves=HuberRegressor, check=print, fit=print, asks=(), fit_noisy=print)
    with pytest.raises(InvalidParameterError, match="without budget"):
        sums.register(noisy)
    assert HuberRegressor not in sums.supported()


# FedAvg: what a site draws at random and keeps is its own, and its whole answer is clipped.
@statistic(bound=lambda limits, *broadcast: (limits.site_norm, 1.0), count=1)
def local_epoch(rows, w, rate):
    """Return the step of one epoch, and 1."""
    rng = rows.site.state.setdefault("rng", np.random.default_rng(rows.site.seed))
    rows.site.state["rounds"] = rows.site.state.get("rounds", 0) + 1
    step = w.copy()
    for at in np.array_split(rng.permutation(len(rows.y)), max(1, len(rows.y) // 8)):
        score = rows.X[at] @ step
        p = np.exp(score - score.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(at)), rows.y[at].astype(int)] -= 1
        step -= rate / len(at) * rows.X[at].T @ p
    return step - w, 1.0


def digits(n=20):
    X, y = load_digits(return_X_y=True)
    X, site = np.column_stack([X / 16, np.ones(len(y))]), np.arange(len(y)) % n
    return (
        X,
        y,
        [
            Rows(X[site == i], y[site == i], np.ones((site == i).sum()), Site(f"s{i}", seed=i))
            for i in range(n)
        ],
    )


def fedavg(aggregator, n_rounds=8):
    w = np.zeros((65, 10))
    for _ in range(n_rounds):
        step, n = aggregator.sum(local_epoch, w, 0.5)
        w = w + step / n
    return w


def test_fedavg_learns_and_masks_change_nothing():
    X, y, sites = digits()
    plain = fedavg(Sites(sites, SiteLimits(100.0, 20)))
    assert ((X @ plain).argmax(axis=1) == y).mean() > 0.9
    assert [site.site.state["rounds"] for site in sites] == [8] * 20
    masked = fedavg(Masked(Sites(digits()[2], SiteLimits(100.0, 20))))
    assert masked == pytest.approx(plain, abs=1e-9)


def test_the_whole_answer_of_a_site_is_clipped():
    _, _, sites = digits()
    for (step, one), free in zip(
        Sites(sites, SiteLimits(0.25, 20)).addends(local_epoch, np.zeros((65, 10)), 0.5),
        Sites(digits()[2]).addends(local_epoch, np.zeros((65, 10)), 0.5),
        strict=True,
    ):
        assert np.linalg.norm(step) <= 0.25 < np.linalg.norm(free[0])
        assert step == pytest.approx(free[0] * 0.25 / np.linalg.norm(free[0]))
        assert one == pytest.approx(1.0)


def test_sites_draw_seeds_of_their_own():
    assert Site().seed != Site().seed and Site().state is not Site().state


@pytest.mark.parametrize("hide", [lambda s: s, Masked, Shared], ids=["plain", "masked", "shared"])
@pytest.mark.parametrize("limits", [None, Limits(1.0, 100)], ids=["bare", "limits"])
def test_cells_are_counted_without_a_column_for_each(hide, limits):
    rng = np.random.default_rng(0)
    codes, y = (
        np.stack([rng.integers(0, n, 99) for n in (2, 3, 50)], axis=1),
        rng.integers(0, 2, 99),
    )
    parts = [Cells(codes[i::3], (2, 3, 50), y[i::3].astype(float), np.ones(33)) for i in range(3)]
    aggregator = hide(Sites(parts, limits))
    (table,) = aggregator.sum(cell_counts, (0, 2), 2)
    expected = np.zeros((2, 50, 2))
    np.add.at(expected, (codes[:, 0], codes[:, 2], y), 1)
    assert (table == expected).all()
    (columns,) = aggregator.sum(column_counts, (2, 3, 50))
    assert columns.shape == (55, 1)
    assert columns[2:5, 0].tolist() == np.bincount(codes[:, 1], minlength=3).tolist()


def test_two_rows_of_cells_are_as_far_apart_as_declared():
    sizes, limits = (2, 3), Limits(1.0, 2)
    one, other = (
        Cells(np.array([codes]), sizes, np.zeros(1), np.ones(1)) for codes in ([0, 1], [1, 2])
    )
    for counts, given in ((cell_counts, ((0, 1),)), (column_counts, (sizes,))):
        (bound,) = counts.bound(limits, *given)
        (a,), (b,) = counts(one, *given), counts(other, *given)
        assert np.linalg.norm(a) == pytest.approx(bound)
        assert 1.414 * bound < np.linalg.norm(a - b) <= counts.apart * bound


def test_a_code_beyond_its_size_is_refused():
    with pytest.raises(InvalidParameterError, match="Column 1 of Cells .* 3 categories"):
        Cells(np.array([[0, 3]]), (2, 3), np.zeros(1), np.ones(1))


def test_every_learned_attribute_and_method_shows_and_nothing_that_learns():
    model = FederatedWrapper(Ridge(), min_client_rows=1)
    assert not hasattr(model, "coef_") and not hasattr(model, "n_iter_")
    X = scale(load_iris().data)
    model.fit(X[:, 1:], X[:, 0])
    assert model.coef_ is model.estimator_.coef_ and model.n_iter_ is None
    for name in ("partial_fit", "alpha", "fit_predict"):
        assert not hasattr(model, name)
