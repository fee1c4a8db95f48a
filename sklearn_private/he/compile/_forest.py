"""The compiler of trees: forests and gradient boosting as sums of leaf values.

A forest scores a row by one value for each tree, that of the leaf which the row reaches. The
thresholds become the client map, the values the program. scikit-learn publishes both, in
``estimators_`` and ``tree_``; ``HistGradientBoosting*`` publishes neither and is refused.

**Error.** Values are rounded to multiples of 1 / S, so a score of T trees is off by at most
T / (2 S). S is the largest power of two with which all scores stay within 2**SCORE_BITS.
"""

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ..maps import LeafIndex
from ..programs import LeafSums
from ._affine import final_of, refusal
from ._compiled import Compiled
from ._verify_fold import agreed_readout

BOOSTING = (GradientBoostingClassifier, GradientBoostingRegressor)
FORESTS = (
    *(ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor),
    *(DecisionTreeClassifier, DecisionTreeRegressor),  # ExtraTree* are subclasses of these
)
SCORE_BITS = 23
MOST_LEAVES = 4096


def compile_forest(task: Any) -> Compiled:
    """Turn trees into leaves, for the client, and values of leaves, for the server."""
    model = final_of(task.estimator)
    if getattr(model, "n_outputs_", 1) != 1:
        raise refusal(model, "it has several targets", "one model for each target")
    trees = _trees(model)
    leaves = [np.flatnonzero(tree.children_left < 0) for tree in trees]
    client_map = leaf_index(model, trees, leaves, task.grid)
    values = np.zeros((_n_scores(model), len(trees), client_map.n_leaves))
    for t, (tree, nodes) in enumerate(zip(trees, leaves, strict=True)):
        values[:, t, : len(nodes)] = _leaf_values(model, tree, nodes, t)
    exact = client_map.encode(task.rows)
    scores = _sums(values, exact)
    offset = _offset(model, task, scores)
    values[:, 0] += offset[:, None]  # a part of every score, whatever the leaf
    program, exponents, error = quantise_leaves(values)
    slack = 1e-9 * (1 + np.abs(values).max(axis=2).sum(axis=1))
    readout = agreed_readout(
        scores + offset, np.tile(slack, (len(exact), 1)), exponents, task.estimator, task.X
    )
    return Compiled(client_map, program, readout, error)


def leaf_index(model: Any, trees: Any, leaves: Any, grid: Any) -> LeafIndex:
    """Return the client map of scikit-learn's trees, given the nodes that are leaves of each."""
    most = max(map(len, leaves))
    if most > MOST_LEAVES:
        raise refusal(
            model, f"a tree has {most} leaves, above {MOST_LEAVES}", "max_leaf_nodes= or max_depth="
        )
    starts = np.cumsum([0, *(tree.node_count for tree in trees)])
    feature, threshold, left, right = [], [], [], []
    for tree, nodes, start in zip(trees, leaves, starts, strict=False):
        is_leaf, number = tree.children_left < 0, np.zeros(tree.node_count, dtype=np.int64)
        number[nodes] = np.arange(len(nodes))
        feature.append(np.where(is_leaf, -1, tree.feature))
        threshold.append(np.where(is_leaf, 0.0, tree.threshold))
        left.append(np.where(is_leaf, number, tree.children_left + start))
        right.append(np.where(is_leaf, 0, tree.children_right + start))
    parts = map(np.concatenate, (feature, threshold, left, right))
    return LeafIndex(starts[:-1], *parts, grid.n_features, max(most, 2), grid.names)


def quantise_leaves(values: np.ndarray) -> tuple[LeafSums, np.ndarray, np.ndarray]:
    """Round leaf values to whole numbers.

    Parameters
    ----------
    values : ndarray of shape (n_outputs, n_trees, n_leaves)
        Values, in units of the score.

    Returns
    -------
    program : LeafSums
    exponents : ndarray of shape (n_outputs,), dtype int64
        Base-2 logarithm of the scale of each output.
    error : ndarray of shape (n_outputs,)
        Largest difference between a whole-number score divided by its scale and the sum of values.
    """
    largest = np.abs(values).max(axis=2).sum(axis=1)
    exponents = np.where(largest > 0, SCORE_BITS - np.frexp(largest)[1], 0).astype(np.int64)
    program = LeafSums(np.rint(np.ldexp(values, exponents[:, None, None])).astype(np.int64))
    n_trees = values.shape[1]
    floats = n_trees * np.finfo(np.float64).eps * largest
    return program, exponents, np.ldexp(n_trees / 2, -exponents) + floats


def _trees(model):
    if isinstance(model, DecisionTreeClassifier | DecisionTreeRegressor):
        return [model.tree_]
    return [tree.tree_ for tree in np.ravel(model.estimators_)]


def _n_scores(model):
    if not is_classifier(model) or len(model.classes_) == 2:
        return 1
    return len(model.classes_)


def _leaf_values(model, tree, nodes, t):
    """Return what the leaves of tree ``t`` add to each score, shape (n_outputs, n_leaves)."""
    values = tree.value[nodes, 0]  # values: (n_leaves, n_classes), or one column of a regressor
    if isinstance(model, BOOSTING):
        rows = np.zeros((_n_scores(model), len(nodes)))
        rows[t % len(rows)] = model.learning_rate * values[:, 0]
        return rows
    n_trees = len(_trees(model))
    if not is_classifier(model):
        return values.T / n_trees
    share = (values / values.sum(axis=1, keepdims=True)).T / n_trees
    return share[1:] - 0.5 / n_trees if len(share) == 2 else share


def _sums(values, leaves):
    return values[:, np.arange(values.shape[1]), leaves].sum(axis=2).T


def _offset(model, task, scores):
    """Return what boosting adds to every score: where it starts."""
    if not isinstance(model, BOOSTING):
        return np.zeros(scores.shape[1])
    answer = task.estimator.decision_function if is_classifier(model) else task.estimator.predict
    return np.reshape(answer(task.X[:1]), -1) - scores[0]
