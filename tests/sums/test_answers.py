"""Fits that differ by a few rows or a small site: what their totals show, and who refuses."""

import multiprocessing

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from sklearn_private.exceptions import GuaranteeError
from sklearn_private.federated import FederatedWrapper
from sklearn_private.mpc import MPCFitter
from sklearn_private.sums import Masked, Rows, Sites, location
from sklearn_private.sums.guard import Answers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 3))
Y = (X[:, 0] + RNG.normal(size=600) > 0).astype(int)
SITE = np.arange(600) % 3


def rows(at):
    return Rows(X[at], Y[at].astype(float), np.ones(len(X[at])))


def test_two_totals_differ_by_the_row_that_differs():
    """The attack: masks hide every site, and the difference of two fits is one row."""

    def total(left_out):
        kept = np.delete(np.arange(600), left_out)
        sites = [rows(kept[SITE[kept] == site]) for site in range(3)]
        return Masked(Sites(sites)).sum(location)[1]

    assert total([]) - total([7]) == pytest.approx(X[7], abs=1e-12)


@pytest.mark.parametrize("n", [1, 9])
def test_a_site_refuses_a_fit_that_differs_by_few_rows(tmp_path, n):
    answers = Answers(tmp_path / "a")
    answers.admit(rows(slice(0, 200)), {"a": 200}, 10)
    with pytest.raises(GuaranteeError, match=f"by {n} of this site's rows, and 10 are needed"):
        answers.admit(rows(slice(n, 200)), {"a": 200 - n}, 10)
    with pytest.raises(GuaranteeError, match="of this site's rows"):
        answers.admit(rows(slice(0, 200 + n)), {"a": 200 + n}, 10)
    assert answers.n_fits == 1
    answers.admit(rows(slice(0, 200)), {"a": 200}, 10)
    answers.admit(rows(slice(10, 200)), {"a": 190}, 10)
    assert answers.n_fits == 3


def test_three_fits_no_two_of_which_are_close_isolate_rows_too():
    """P1 = (S1 + S3 - S2) / 2, where each of the three leaves out another part."""
    parts = [np.arange(5), np.arange(5, 100), np.arange(100, 200)]
    sets = [np.concatenate([parts[i], parts[j]]) for i, j in ((0, 1), (1, 2), (2, 0))]
    totals = [Sites([rows(at)]).sum(location)[1] for at in sets]
    isolated = (totals[0] + totals[2] - totals[1]) / 2
    assert isolated == pytest.approx(X[parts[0]].sum(axis=0))


def test_a_site_looks_at_all_fits_at_once(tmp_path):
    answers = Answers(tmp_path / "a")
    parts = [np.arange(5), np.arange(5, 100), np.arange(100, 200)]
    answers.admit(rows(np.concatenate(parts[:2])), {"a": 100}, 10)
    with pytest.raises(GuaranteeError, match="by 5 of this site's rows"):
        answers.admit(rows(np.concatenate(parts[1:])), {"a": 195}, 10)


def test_what_is_in_all_fits_may_be_isolated_too(tmp_path):
    """S1 + S2 - S3 = A, with S1 = A + B, S2 = A + C and S3 = A + B + C."""
    answers = Answers(tmp_path / "a")
    small, b, c = np.arange(5), np.arange(5, 100), np.arange(100, 200)
    answers.admit(rows(np.r_[small, b]), {"a": 100}, 10)
    with pytest.raises(GuaranteeError, match="by 5 of this site's rows"):
        answers.admit(rows(np.r_[small, c]), {"a": 105}, 10)


def test_a_small_site_among_others_may_answer_for_the_same_rows_again(tmp_path):
    answers = Answers(tmp_path / "a")
    for _ in range(2):
        answers.admit(rows(slice(0, 50)), {"a": 50, "b": 300}, needed=155)
    assert answers.n_fits == 2


def test_copies_of_a_row_are_rows(tmp_path):
    answers = Answers(tmp_path / "a")
    answers.admit(rows(np.r_[0:100]), {"a": 100}, 10)
    with pytest.raises(GuaranteeError, match="by 1 of this site's rows"):
        answers.admit(rows(np.r_[0:100, 0]), {"a": 101}, 10)


def test_the_order_of_rows_and_the_sign_of_zero_are_no_difference(tmp_path):
    answers, zero = Answers(tmp_path / "a"), Rows(np.zeros((30, 2)), np.zeros(30), np.ones(30))
    answers.admit(zero, {"a": 30}, 10)
    answers.admit(Rows(-zero.X, zero.y, zero.weight), {"a": 30}, 10)
    answers = Answers(tmp_path / "b")
    answers.admit(rows(np.r_[0:100]), {"a": 100}, 10)
    answers.admit(rows(np.r_[0:100][::-1]), {"a": 100}, 10)


def test_a_small_site_that_joins_or_leaves_is_a_difference(tmp_path):
    answers = Answers(tmp_path / "a")
    answers.admit(rows(slice(0, 200)), {"a": 200, "b": 300, "c": 4}, 10)
    with pytest.raises(GuaranteeError, match="by sites with 4 rows"):
        answers.admit(rows(slice(0, 200)), {"a": 200, "b": 300}, 10)
    with pytest.raises(GuaranteeError, match="by sites with 9 rows"):
        answers.admit(rows(slice(0, 200)), {"a": 200, "b": 300, "c": 4, "d": 9}, 10)
    answers.admit(rows(slice(0, 200)), {"a": 200, "b": 300, "c": 4, "d": 90}, 10)


def test_digests_are_of_no_use_to_another_site(tmp_path):
    for name in "ab":
        Answers(tmp_path / name).admit(rows(slice(0, 50)), {"a": 50}, 10)
    kept = [(tmp_path / name).read_bytes() for name in "ab"]
    key = [Answers(tmp_path / name)._open() for name in "ab"]
    with key[0] as one, key[1] as other:
        digests = [f.execute("SELECT digests FROM fits").fetchone()[0] for f in (one, other)]
    assert not np.isin(*(np.frombuffer(d, "<u8") for d in digests)).any()
    assert X[0].tobytes() not in kept[0]


WRAPPERS = {
    "federated": lambda path: FederatedWrapper(Ridge(), history=path),
    "masked": lambda path: FederatedWrapper(Ridge(), secure_aggregation=True, history=path),
    "shared": lambda path: MPCFitter(Ridge(), history=path),
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_a_refit_without_one_row_is_refused_where_sites_keep_a_history(tmp_path, wrap):
    model = wrap(tmp_path / "history").fit(X, X[:, 0], groups=SITE)
    kept = np.arange(600) != 7
    with pytest.raises(GuaranteeError, match=r"by 1 of this site's rows, and 20 .*No site"):
        model.fit(X[kept], X[kept, 0], groups=SITE[kept])
    model.fit(X, X[:, 0], groups=SITE)
    assert len(list((tmp_path / "history").iterdir())) == 3
    wrap(None).fit(X[kept], X[kept, 0], groups=SITE[kept])  # nobody remembers


def test_a_refusal_writes_nothing_down_at_any_site(tmp_path):
    model = FederatedWrapper(StandardScaler(), history=tmp_path)
    model.fit(X, groups=SITE)
    kept = np.arange(600) != 599  # of the last site, which is asked last
    with pytest.raises(GuaranteeError):
        model.fit(X[kept], groups=SITE[kept])
    assert {Answers(path).n_fits for path in tmp_path.iterdir()} == {1}


def _fit(path):
    FederatedWrapper(LogisticRegression(), history=path).fit(X, Y, groups=SITE)


def test_processes_share_a_history(tmp_path):
    workers = [multiprocessing.Process(target=_fit, args=(tmp_path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert {Answers(path).n_fits for path in tmp_path.iterdir()} == {2}
