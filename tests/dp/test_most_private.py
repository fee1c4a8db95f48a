import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from sklearn_private import most_private
from sklearn_private.exceptions import InvalidParameterError


def results(epsilons, scores, **more):
    return {"param_epsilon": epsilons, "mean_test_score": scores, **more}


class Scored(ClassifierMixin, BaseEstimator):
    """Scores what ``table`` says for its epsilon."""

    def __init__(self, epsilon=1.0, table=None):
        self.epsilon = epsilon
        self.table = table

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y):
        return self.table[self.epsilon]


TABLE = {0.5: 0.6, 1.0: 0.79, 2.0: 0.795, 4.0: 0.8}


@pytest.mark.parametrize(
    "within, chosen", [(0.0, 4.0), (0.004, 4.0), (0.006, 2.0), (0.011, 1.0), (0.5, 0.5)]
)
def test_picks_the_smallest_epsilon_within_reach_of_the_best_score(within, chosen):
    epsilons = [4.0, 1.0, 0.5, 2.0]
    rule = most_private("epsilon", within=within)
    index = rule(results(epsilons, [TABLE[e] for e in epsilons]))
    assert isinstance(index, int)
    assert epsilons[index] == chosen


def test_among_equals_it_picks_the_best_score():
    assert most_private("epsilon", within=0.1)(results([1.0, 1.0, 2.0], [0.70, 0.75, 0.8])) == 1


def test_candidates_without_a_score_are_left_out():
    assert most_private("epsilon")(results([0.1, 1.0, 2.0], [np.nan, 0.8, 0.8])) == 1


def test_masked_parameter_arrays_of_searches_are_read():
    epsilons = np.ma.array([2.0, 1.0], mask=[False, False], dtype=object)
    assert most_private("epsilon")(results(epsilons, [0.8, 0.8])) == 1


def test_another_metric_can_decide():
    found = {"param_epsilon": [1.0, 2.0], "mean_test_auc": [0.5, 0.9], "mean_test_acc": [0.9, 0.9]}
    assert most_private("epsilon", metric="auc")(found) == 1
    assert most_private("epsilon", metric="acc")(found) == 0


def test_all_failed_candidates_are_refused_with_a_way_on():
    with pytest.raises(InvalidParameterError, match="error_score='raise'"):
        most_private("epsilon")(results([1.0, 2.0], [np.nan, np.nan]))


def test_an_unsearched_parameter_is_refused_and_the_searched_ones_are_named():
    with pytest.raises(InvalidParameterError, match=r"one of those searched, \['epsilon'\]"):
        most_private("clf__epsilon")(results([1.0], [0.8]))


@pytest.mark.parametrize("within", [-0.1, np.nan, np.inf, "1", None, True])
def test_rejects_a_bad_distance(within):
    with pytest.raises(InvalidParameterError, match="The 'within' parameter of most_private must"):
        most_private("epsilon", within=within)


@pytest.mark.parametrize("kind", ["grid", "random"])
def test_searches_refit_what_it_picks(kind):
    X, y = np.arange(12.0).reshape(-1, 1), np.arange(12) % 2
    rule = most_private("epsilon", within=0.006)
    options = {"refit": rule, "cv": 3}
    if kind == "grid":
        search = GridSearchCV(Scored(table=TABLE), {"epsilon": list(TABLE)}, **options)
    else:
        search = RandomizedSearchCV(
            Scored(table=TABLE), {"epsilon": list(TABLE)}, n_iter=4, random_state=0, **options
        )
    search = clone(search).fit(X, y)
    assert search.best_params_ == {"epsilon": 2.0}
    assert search.best_estimator_.epsilon == 2.0


def test_it_pickles_and_shows_its_arguments():
    rule = pickle.loads(pickle.dumps(most_private("clf__epsilon", within=0.02)))
    assert repr(rule) == "most_private('clf__epsilon', within=0.02)"
    assert rule({"param_clf__epsilon": [2, 1], "mean_test_score": [0.8, 0.79]}) == 1
