"""Local recoding publishes rows as finely as it can: what stayed coarse tells what was too rare.

A peel publishes all rows whose values at a level are shared by k rows, then takes the rest to the
next level. So of the rows that are left, fewer than k have any finer value: counts that linear
inequalities narrow, with no knowledge about anybody [1]_. In a class of two values and 2 (k - 1)
rows they leave a single possibility.

.. [1] S. Chhillar et al., "Exposing privacy risks in anonymizing clinical data: combinatorial
   refinement attacks on k-anonymity without auxiliary information", arXiv:2509.03350, 2025.
"""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from sklearn_private import KAnonymizer
from sklearn_private.anonymization import Hierarchy, check_release

K = 4
TREE = Hierarchy.from_table(
    [[f"{group}{i}", f"group {group}", "*"] for group in "ABCDEFGH" for i in (1, 2)]
)


def peeled(values):
    """Publish each value at the finest level at which k rows that are left share it."""
    labels, left = np.full(len(values), "*", dtype=object), set(range(len(values)))
    for level in range(TREE.levels):
        names = {i: TREE.generalise(values[i], level) for i in left}
        shared = Counter(names.values())
        done = [i for i in left if shared[names[i]] >= K]
        for i in done:
            labels[i] = names[i]
        left -= set(done)
    return labels


def refined(labels):
    """Return the only possible counts of the leaves of each group where there is only one."""
    told = {}
    for name, n in Counter(labels).items():
        leaves = [leaf for leaf in TREE.leaves if TREE.generalise(leaf, 1) == name]
        if leaves:
            possible = [(a, n - a) for a in range(n + 1) if max(a, n - a) < K]
            if len(possible) == 1:
                told[name] = dict(zip(leaves, *possible, strict=True))
    return told


def people(rng):
    """Draw a table in which the leaves of a group are about as frequent as k."""
    return [str(v) for v in np.repeat(TREE.leaves, rng.integers(K - 2, K + 2, len(TREE.leaves)))]


def verdicts(publish, n_tables=50):
    """Run the attack on many tables; return how many groups it claims to know, and is right on."""
    rng, claimed, right = np.random.default_rng(0), 0, 0
    for _ in range(n_tables):
        values = people(rng)
        labels = publish(values)
        for name, counts in refined(labels).items():
            truth = Counter(v for v, label in zip(values, labels, strict=True) if label == name)
            claimed += 1
            right += all(truth[leaf] == n for leaf, n in counts.items())
    return claimed, right


def generalised(method):
    """Return a function that publishes values by a method of KAnonymizer."""

    def publish(values):
        anonymizer = KAnonymizer(K, hierarchies={"value": TREE}, method=method, labels="tight")
        labels = anonymizer.fit_transform(pd.DataFrame({"value": values}))["value"]
        return labels.astype(str).tolist()

    return publish


def test_a_peel_tells_exact_counts_inside_its_classes():
    claimed, right = verdicts(peeled)
    assert claimed > 20
    assert right == claimed


def test_a_peeled_table_is_k_anonymous_all_the_same():
    labels = pd.DataFrame({"value": peeled(people(np.random.default_rng(0)))})
    public = labels[labels["value"] != "*"]
    assert check_release(public, k=K).passed


@pytest.mark.parametrize("method", ["mondrian", "local", "lattice"])
def test_methods_that_do_not_peel_do_not_support_the_inference(method):
    claimed, right = verdicts(generalised(method), n_tables=30)
    assert claimed > 20
    assert right < 0.5 * claimed


def test_local_recoding_says_that_it_can_be_refined():
    table = pd.DataFrame({"value": people(np.random.default_rng(0))})
    leaks = {
        method: " ".join(
            KAnonymizer(K, hierarchies={"value": TREE}, method=method, labels="tight")
            .fit(table)
            .privacy_statement_.leaks
        )
        for method in ("local", "mondrian")
    }
    assert "combinatorial refinement" in leaks["local"]
    assert "combinatorial refinement" not in leaks["mondrian"]
