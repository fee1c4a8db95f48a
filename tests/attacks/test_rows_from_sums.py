"""What somebody who only reads gets from sums: each attack works on bare sums, and is refused."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler, scale

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from sklearn_private.federated import FederatedWrapper
from sklearn_private.mpc import MPCFitter
from sklearn_private.sums import Rows, Schema, Sites, program_for
from sklearn_private.sums.guard import measure
from sklearn_private.sums.programs._symmetric import symmetric

X, Y = load_breast_cancer(return_X_y=True)
X = scale(X)
LABELS = {"classes": [0, 1]}


class Seen(Sites):
    """Sites of which somebody keeps what the first ``n_seen`` send together."""

    def __init__(self, sites, n_seen=1):
        super().__init__(sites)
        self.n_seen, self.log = n_seen, []

    def addends(self, statistic, *broadcast):
        answers = super().addends(statistic, *broadcast)
        seen = [np.sum(part, axis=0) for part in zip(*answers[: self.n_seen], strict=True)]
        self.log.append((statistic.__name__, broadcast, seen))
        return answers

    def hessians(self):
        return [symmetric(seen[3]) for name, _, seen in self.log if name == "log_loss"]


def sites(X, y, groups):
    names = np.unique(groups)
    return [Rows(X[groups == g], y[groups == g], np.ones(np.sum(groups == g))) for g in names]


def observed(X, y, groups, n_seen=1, estimator=None):
    """Return what a reader keeps of an unguarded fit."""
    estimator = estimator or LogisticRegression()
    seen = Seen(sites(X, y.astype(float), groups), n_seen)
    program_for(estimator).fit(seen, estimator, Schema(X.shape[1], np.array([0, 1])))
    return seen


def simultaneously_diagonal(hessians):
    """Return the rows of at most as many rows as columns: they diagonalise all Hessians at once."""
    first = hessians[0] * 4  # the sum of x x', constant column last
    values, vectors = np.linalg.eigh(first)
    kept = values > values[-1] * 1e-9
    root, inverse = vectors[:, kept] * values[kept] ** 0.5, vectors[:, kept] / values[kept] ** 0.5
    mixed = sum(1.4**k * hessian for k, hessian in enumerate(hessians[1:3]))
    rows = (root @ np.linalg.eigh(inverse.T @ mixed @ inverse)[1]).T
    return (rows / rows[:, -1:])[:, :-1]  # the constant is 1: sign and size


def n_read(found, true, error=1e-3):
    return int((np.abs(found[:, None] - true[None]).max(axis=2).min(axis=0) < error).sum())


def one_small_site(X, n, seed=0):
    groups = np.ones(len(X), dtype=int)
    groups[np.random.default_rng(seed).permutation(len(X))[:n]] = 0
    return groups


@pytest.mark.parametrize("n", [14, 20, 31])
def test_two_hessians_of_a_small_site_are_its_rows_and_it_does_not_answer(n):
    groups = one_small_site(X, n)
    found = simultaneously_diagonal(observed(X, Y, groups).hessians())
    assert n_read(found, X[groups == 0]) == n
    with pytest.raises(InvalidParameterError, match=rf"needs 155 rows.*Got {n} .*the coordinator"):
        FederatedWrapper(LogisticRegression(), **LABELS).fit(X, Y, groups=groups)


def test_two_hessians_in_total_are_the_rows_of_all_parties_and_none_answers():
    some = np.random.default_rng(1).permutation(len(X))[:24]
    groups = np.arange(24) % 3
    seen = observed(X[some], Y[some], groups, n_seen=3)
    assert n_read(simultaneously_diagonal(seen.hessians()), X[some]) == 24
    for model in (
        MPCFitter(LogisticRegression(), **LABELS),
        FederatedWrapper(LogisticRegression(), secure_aggregation=True, **LABELS),
    ):
        with pytest.raises(InvalidParameterError, match=r"needs 155 rows.*Got 16 "):
            model.fit(X[some], Y[some], groups=groups)
        with pytest.raises(InvalidParameterError, match="needs 155 rows"):
            model.fit(X[some], Y[some])


@pytest.mark.parametrize("kind", ["masked", "shared"])
def test_a_party_takes_its_own_sums_from_the_total_and_reads_the_others_rows(kind):
    order = np.random.default_rng(3).permutation(len(X))
    groups = np.full(len(X), 2)
    groups[order[:12]], groups[order[12:24]] = 0, 1
    others = simultaneously_diagonal(observed(X, Y, groups, n_seen=2).hessians())
    assert n_read(others, X[groups < 2]) == 24
    model = {
        "masked": FederatedWrapper(LogisticRegression(), secure_aggregation=True, **LABELS),
        "shared": MPCFitter(LogisticRegression(), **LABELS),
    }[kind]
    with pytest.raises(InvalidParameterError, match=r"Got 24 .*isolate the sums of the other 2"):
        model.fit(X, Y, groups=groups)


def test_least_squares_on_all_rounds_reads_more_rows_than_columns():
    """With one column, ten rows, which is 5 (d + 1), are not enough: so rounds are counted."""
    from scipy.optimize import least_squares

    rng = np.random.default_rng(2)
    x = rng.normal(size=10)
    y = rng.random(10) < expit(1.5 * x)
    seen = observed(x[:, None], y, np.zeros(10), estimator=LogisticRegression(C=1e4))
    known = [(w[0], s) for name, w, s in seen.log if name == "log_loss"]
    w = np.array([at for at, _ in known])
    curvature = np.array([s[3] for _, s in known])
    slope = np.array([s[2] for _, s in known])

    scale_of = np.linalg.norm(curvature, axis=1)
    labels = np.sort(y)  # in any order

    def parts(z):
        p = expit(np.outer(w[:, 0], z) + w[:, 1:])  # (n_rounds, n_rows)
        return p * (1 - p), p - labels, p * (1 - p) * (1 - 2 * p) * w[:, :1]

    def misfit(z):
        s, residual, _ = parts(z)
        moments = np.stack([s @ z**2, s @ z, s.sum(axis=1)]) - curvature.T
        slopes = np.stack([residual @ z, residual.sum(axis=1)]) - slope.T
        return np.concatenate([moments / scale_of, slopes]).ravel()

    def derivative(z):
        s, residual, ds = parts(z)
        moments = np.stack([ds * z**2 + 2 * s * z, ds * z + s, ds]) / scale_of[:, None]
        slopes = np.stack([s * w[:, :1] * z + residual, s * w[:, :1]])
        return np.concatenate([moments, slopes]).reshape(-1, len(z))

    options = {"jac": derivative, "method": "lm", "xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    fits = (least_squares(misfit, rng.normal(size=10), **options) for _ in range(300))
    best = next(fit for fit in fits if fit.cost < 1e-20)
    assert n_read(best.x[:, None], x[:, None], 1e-2) >= 9
    groups = np.repeat([0, 1], [10, 200])
    more = np.concatenate([x, rng.normal(size=200)])[:, None]
    labels = np.concatenate([y, rng.random(200) < 0.5])
    with pytest.raises(InvalidParameterError, match=r"needs 62 rows.*Got 10 "):
        FederatedWrapper(LogisticRegression()).fit(more, labels, groups=groups)


def test_wine_of_eighteen_rows_is_refused():
    wine, label = load_wine(return_X_y=True)
    wine, label = scale(wine[label < 2]), label[label < 2]
    with pytest.raises(InvalidParameterError, match="Got 18 "):
        FederatedWrapper(LogisticRegression()).fit(wine, label, groups=one_small_site(wine, 18))


def one_positive(n=400):
    rng = np.random.default_rng(5)
    rows, y = rng.normal(size=(n, 3)), rng.integers(0, 2, n)
    groups = np.arange(n) % 2
    y[groups == 0] = 0
    y[0] = 1  # the only positive row of the first site
    return rows, y, groups


def test_the_first_gradient_is_the_row_of_the_only_person_of_a_class():
    rows, y, groups = one_positive()
    _, _, seen = next(entry for entry in observed(rows, y, groups).log if entry[0] == "log_loss")
    total = 4 * symmetric(seen[3])[-1]  # the sum of rows, by the constant column
    assert (total / 2 - seen[2])[:3] == pytest.approx(rows[0])
    with pytest.raises(InvalidParameterError, match=r"Got 1 of one class.*sum of each class"):
        FederatedWrapper(LogisticRegression()).fit(rows, y, groups=groups)
    with pytest.raises(InvalidParameterError, match="of one class"):
        MPCFitter(LogisticRegression()).fit(rows, np.arange(400) == 0)


def test_a_row_of_the_gram_matrix_is_the_only_person_of_a_category():
    rng = np.random.default_rng(6)
    rows, y = rng.normal(size=(400, 3)), rng.normal(size=400)
    rows[:, 1] = 0.0
    rows[7, 1] = 1.0  # one person of a category
    groups = (np.arange(400) >= 200).astype(int)
    seen = observed(rows, y, groups, estimator=LinearRegression(fit_intercept=False))
    (_, _, (_, _, products)) = seen.log[0]
    assert symmetric(products)[1] == pytest.approx([*rows[7], y[7]])
    for model in (FederatedWrapper(Ridge()), MPCFitter(Ridge(), n_parties=3)):
        with pytest.raises(InvalidParameterError, match=r"Got 1 that stand apart.*column 1"):
            model.fit(rows, y, groups=groups if isinstance(model, FederatedWrapper) else None)


@pytest.mark.parametrize("huge", [1e14, 1e5])
def test_a_value_far_beyond_all_others_shows_its_row(huge):
    rng = np.random.default_rng(7)
    rows, y = rng.normal(size=(400, 3)), rng.normal(size=400)
    rows[7, 1] = huge
    seen = observed(rows, y, np.zeros(400), estimator=LinearRegression(fit_intercept=False))
    (_, _, (_, _, products)) = seen.log[0]
    assert symmetric(products)[1, [0, 2]] / huge == pytest.approx(rows[7, [0, 2]], abs=1e-2)
    with pytest.raises(InvalidParameterError, match=r"stand apart.*column 1"):
        FederatedWrapper(Ridge()).fit(rows, y, groups=np.arange(400) % 2)


def people(n=600):
    rng = np.random.default_rng(1)
    jobs = rng.integers(0, 3, n)
    numbers = np.c_[rng.integers(18, 90, n), rng.integers(0, 99, n)].astype(float)
    return jobs, numbers, (rng.random(n) < 0.5).astype(int)


def fits(classifier, regressor):
    return (
        FederatedWrapper(classifier, 2, **LABELS),
        FederatedWrapper(classifier, 4, secure_aggregation=True, **LABELS),
        MPCFitter(classifier, 3, **LABELS),
        FederatedWrapper(regressor, 2),
        MPCFitter(regressor, 3),
    )


def test_one_minus_all_dummies_is_the_only_person_of_the_category_that_was_dropped():
    jobs, numbers, y = people()
    dummies = (jobs[:, None] == np.arange(3)).astype(float)
    dummies[3] = 0  # the astronaut, whose column was dropped
    table = np.c_[dummies, numbers]
    (first, *_) = observed(table, y, np.arange(len(y)) % 2, n_seen=2).hessians()
    moments = 4 * first  # sum of x x', constant column last
    stolen = moments[-1] - moments[:3].sum(axis=0)
    np.testing.assert_allclose(stolen, [*table[3], 1.0], atol=1e-8)
    for model in fits(LogisticRegression(), Ridge()):
        with pytest.raises(InvalidParameterError, match="1 row alone in a direction"):
            model.fit(table, y)
    dummies[:60] = 0  # enough people share what was dropped
    FederatedWrapper(LogisticRegression(), 2, **LABELS).fit(np.c_[dummies, numbers], y)


def test_two_columns_that_differ_in_one_person_are_that_person():
    jobs, numbers, y = people()
    one = (jobs == 0).astype(float)
    other = one.copy()
    other[3] = 1 - other[3]
    for model in fits(LogisticRegression(), Ridge()):
        with pytest.raises(InvalidParameterError, match="1 row alone in a direction"):
            model.fit(np.c_[one, other, numbers], y)


def test_an_income_far_beyond_all_others_is_a_direction_of_its_own():
    rng = np.random.default_rng(0)
    table = np.c_[rng.integers(18, 90, 400), rng.lognormal(np.log(1e3), 1, 400)]
    table[0, 1] = 1e6
    y = rng.normal(size=400)
    with pytest.raises(InvalidParameterError, match="1 row alone in a direction"):
        FederatedWrapper(Ridge(), 1).fit(table, y)
    table[:, 1] = np.clip(table[:, 1], 0, 1e4)  # the way out that the message names
    FederatedWrapper(Ridge(), 1).fit(table, y)


def test_rows_that_weigh_nothing_hide_nobody():
    weight = np.ones(len(X))
    weight[1::2] = 1e-12
    weight[1] = 1.0
    with pytest.raises(InvalidParameterError, match=r"Got 1 .*effective|effective.*Got 1 "):
        FederatedWrapper(LogisticRegression()).fit(
            X, Y, groups=np.arange(len(X)) % 2, sample_weight=weight
        )


@pytest.mark.parametrize("there", [1, 9, 10])
def test_a_lone_value_in_a_column_is_counted_as_one_row(there):
    holes = X[:, :3].copy()
    site = np.arange(len(X)) % 2
    holes[np.flatnonzero(site == 0)[there:], 2] = np.nan
    model = FederatedWrapper(StandardScaler())
    if there < 10:
        with pytest.raises(InvalidParameterError, match=f"Got {there} "):
            model.fit(holes, groups=site)
    else:
        model.fit(holes, groups=site)


def test_a_statistic_that_the_program_does_not_declare_gets_no_answer():
    from sklearn_private.sums import Guard, Reach, Words, location

    words = Words("a test", "the reader", "{t} sites", "site", "sites", "min_rows", "stop")
    asks = program_for(StandardScaler()).asks
    rows = sites(X, Y.astype(float), np.arange(len(X)) % 3)
    guard = Guard(
        asks, measure(rows, 0, target=False, products=True, together=False), Reach(3), 30, words
    )
    with pytest.raises(GuaranteeError, match="'location', which it does not declare"):
        Sites(rows, guard=guard).sum(location)


def moved_alone(rows, y, n_rounds):
    """Return how much of a move of one row the others cannot make up for, at worst, to first order.

    What is opened does not change if the derivatives of one row are combinations of the others'.
    """
    n, d = rows.shape
    seen = observed(rows, y, np.zeros(n))
    w = np.array([b[0] for name, b, _ in seen.log if name == "log_loss"][:n_rounds])
    Z = np.column_stack([rows, np.ones(n)])
    i, j = np.triu_indices(d + 1)
    p = expit(Z @ w.T)
    s, residual = p * (1 - p), p - y[:, None]
    ds = s * (1 - 2 * p)
    jacobian = np.zeros((n, d, len(w), len(i) + d + 1))
    for k in range(d):
        unit = np.eye(d + 1)[k]
        products = unit[i] * Z[:, j] + Z[:, i] * unit[j]  # of each pair of columns
        curvature = np.einsum("it,ip->itp", s, products)
        curvature += np.einsum("it,t,ip->itp", ds, w[:, k], Z[:, i] * Z[:, j])
        slope = np.einsum("it,t,ip->itp", s, w[:, k], Z) + residual[:, :, None] * unit
        jacobian[:, k] = np.concatenate([curvature, slope], axis=2)
    jacobian = jacobian.reshape(n, d, -1)

    def left_over(row):
        others = np.delete(jacobian, row, axis=0).reshape((n - 1) * d, -1).T
        moved = jacobian[row].T
        made_up = others @ np.linalg.lstsq(others, moved, rcond=1e-14)[0]
        return np.linalg.norm(moved - made_up) / np.linalg.norm(moved)

    return max(map(left_over, range(n)))


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_where_the_guard_lets_pass_any_row_can_move_and_nothing_that_was_opened_changes(d):
    rng = np.random.default_rng(d)
    numbers = 3 * ((d + 1) * (d + 2) // 2 + d + 1)  # of three rounds
    for n, free in ((1 + -(-numbers // d), True), (d + 1, False)):
        y = np.arange(n) % 2
        assert bool(moved_alone(rng.normal(size=(n, d)), y, 3) < 1e-7) is free, (n, d)


@pytest.mark.parametrize("unit", [1e-200, 1e-9, 1e9, 1e200])
def test_a_row_alone_in_a_direction_is_seen_in_any_unit(unit):
    jobs, numbers, _ = people()
    one = (jobs == 0).astype(float)
    other = one.copy()
    other[3] = 1 - other[3]
    alone, common = np.c_[one, other, numbers] * unit, np.c_[one, numbers] * unit
    for table, seen in ((alone, True), (common, False)):
        rows = Rows(table, np.zeros(len(table)), np.ones(len(table)))
        (size,) = measure([rows], 0, target=False, products=True, together=False)
        assert (size.leverage > 0.99) is seen
