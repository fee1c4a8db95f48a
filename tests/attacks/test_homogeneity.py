"""Whoever finds the class of a person reads what all rows of the class have in common.

The attacker knows the quasi-identifiers of every person, hence the class, and reads the sensitive
values of the class (homogeneity). Some attackers know more: which values a person surely has not
(background knowledge), or how frequent a value is among all people (skewness).
"""

import pytest

from sklearn_private import KAnonymizer
from sklearn_private.anonymization import LDiversity, TCloseness, check_release

QUASI = ["sex", "age", "race", "education"]
ROLES = {"quasi_identifiers": QUASI, "sensitive": ["occupation"]}


@pytest.fixture(scope="module")
def table(adult_table):
    return adult_table.head(4_000)[[*QUASI, "occupation"]]


def released(table, *constraints):
    """Return the table as published, rows in their order."""
    return KAnonymizer(5, constraints=constraints, **ROLES).fit_transform(table)


def certain_people(public, excluded=lambda own, values: set()):
    """Count the people whose value is all that is left of their class after excluding some."""
    found = 0
    for _, values in public.groupby(QUASI, observed=True)["occupation"]:
        shares = values.value_counts()
        found += sum(set(shares.index) - excluded(own, shares) == {own} for own in values)
    return found


def knows_two(own, shares):
    """Return the two most frequent values that a person has not: knowledge of the attacker."""
    return set(shares.index.drop(own)[:2])


def largest_gain(public):
    """Return how far the belief in a value rises above its share among all people."""
    prior = public["occupation"].value_counts(normalize=True)
    classes = public.groupby(QUASI, observed=True)["occupation"]
    belief = classes.value_counts(normalize=True).unstack(fill_value=0.0)
    return float((belief - prior).max(axis=None))


def test_homogeneity_tells_values_that_k_alone_does_not_hide(table):
    assert certain_people(released(table)) > 0
    assert certain_people(released(table, LDiversity(2))) == 0


def test_background_knowledge_tells_values_that_few_values_do_not_hide(table):
    assert certain_people(released(table, LDiversity(2)), knows_two) > 0
    assert certain_people(released(table, LDiversity(4)), knows_two) == 0


def test_skewed_classes_raise_beliefs_that_closeness_bounds(table):
    assert largest_gain(released(table, LDiversity(4))) > 0.3
    assert largest_gain(released(table, TCloseness(0.3))) <= 0.3


def test_the_check_of_a_release_reports_what_the_attacks_use(table):
    public = released(table)
    for constraint in (LDiversity(2), LDiversity(4), TCloseness(0.3)):
        assert not check_release(public, k=5, constraints=[constraint], **ROLES).passed
        mended = released(table, constraint)
        assert check_release(mended, k=5, constraints=[constraint], **ROLES).passed
