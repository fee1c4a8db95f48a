"""Whoever knows that labels are no wider than necessary recovers what they hide (downcoding) [1]_.

.. [1] A. Cohen, "Attacks on deidentification's defenses", USENIX Security 2022.
"""

import re

import numpy as np
import pandas as pd
import pytest

from sklearn_private import KAnonymizer
from sklearn_private.anonymization import Hierarchy


@pytest.fixture(scope="module")
def incomes():
    return pd.DataFrame({"income": np.random.default_rng(0).lognormal(10, 1, 400).round(2)})


def recovered(table, labels):
    """Guess both incomes of each class of two people as the ends of its label; count hits."""
    public = KAnonymizer(2, labels=labels).fit_transform(table)
    found = 0
    for text, rows in table.groupby(public["income"].astype(str))["income"]:
        ends = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)}
        found += len(ends & set(rows)) if len(rows) == 2 else 0
    return found / len(table), (public["income"].astype(str).value_counts() == 2).mean()


def test_the_ends_of_a_tight_label_are_the_values_of_a_small_class(incomes):
    hits, share_of_pairs = recovered(incomes, "tight")
    assert share_of_pairs > 0.5
    assert hits > 0.5  # more than half of all exact incomes stand in the table


@pytest.mark.parametrize("labels", ["supported", "cell"])
def test_cut_points_are_no_values(incomes, labels):
    hits, share_of_pairs = recovered(incomes, labels)
    assert share_of_pairs > 0.5
    assert hits == 0


def test_tight_labels_say_that_they_show_extremes(incomes):
    leaks = {
        labels: " ".join(KAnonymizer(2, labels=labels).fit(incomes).privacy_statement_.leaks)
        for labels in ("tight", "cell")
    }
    assert "extremes" in leaks["tight"]
    assert "extremes" not in leaks["cell"]
    assert "downcoding" in leaks["cell"]


CITY = Hierarchy.from_table(
    [["Lyon", "France", "*"], ["Nice", "France", "*"], ["Porto", "Portugal", "*"]]
)


def published(n_lyon):
    """Return the labels of four people in France and five in Portugal."""
    cities = ["Lyon"] * n_lyon + ["Nice"] * (4 - n_lyon) + ["Porto"] * 5
    table = pd.DataFrame({"city": cities})
    anonymizer = KAnonymizer(2, hierarchies={"city": CITY}, labels="tight")
    return sorted(anonymizer.fit_transform(table)["city"].astype(str)), anonymizer


def test_a_group_that_was_not_split_tells_how_few_people_its_parts_hold():
    seen, anonymizer = published(1)
    assert seen == ["France"] * 4 + ["Porto"] * 5
    possible = [n for n in range(5) if published(n)[0] == seen]
    assert possible == [1, 3]  # in one of the two cities there is exactly one person
    assert any("downcoding" in leak for leak in anonymizer.privacy_statement_.leaks)
