"""Whoever knows the algorithm asks which tables it would have published like this.

The attacker knows everybody's age and the rule that cuts are taken where the constraint allows
them, runs the anonymizer on every table that is still possible, and keeps those that come out as
published [1]_.

.. [1] R. Wong et al., "Minimality attack in privacy preserving data publishing", VLDB 2007.
"""

from itertools import permutations

import pandas as pd

from sklearn_private import KAnonymizer
from sklearn_private.anonymization import AlphaK

AGES = [20, 20, 40, 40, 40, 40]
ALPHA = 0.5


def published(values, constraints):
    """Return what is published about people of the known ages: labels and values, shuffled."""
    table = pd.DataFrame({"age": AGES, "ill": values})
    anonymizer = KAnonymizer(
        2, quasi_identifiers=["age"], sensitive=["ill"], constraints=constraints
    )
    public = anonymizer.fit_transform(table)
    return sorted(public.astype(str).itertuples(index=False, name=None)), anonymizer


def worlds(values):
    """Return every way to give the values to the two people of 20; that of the rest is hidden."""
    for pair in permutations(range(len(values)), 2):
        rest = [v for i, v in enumerate(values) if i not in pair]
        yield [values[i] for i in pair] + rest


def beliefs(values, constraints):
    """Return the belief that the first person has HIV, from the class alone and from the rule."""
    seen, anonymizer = published(values, constraints)
    label = str(anonymizer.transform(pd.DataFrame({"age": [20], "ill": ["?"]}))["age"].iloc[0])
    own_class = [value for text, value in seen if text == label]
    possible = [world for world in worlds(values) if published(world, constraints)[0] == seen]
    by_class = own_class.count("HIV") / len(own_class)
    return by_class, sum(world[0] == "HIV" for world in possible) / len(possible), anonymizer


def test_a_class_kept_whole_by_a_constraint_tells_why():
    values = ["HIV", "HIV", "flu", "cold", "gout", "asthma"]
    by_class, by_rule, anonymizer = beliefs(values, [AlphaK(ALPHA)])
    assert by_class <= ALPHA  # the constraint holds in the published table
    assert by_rule == 1.0  # and yet the first person is known to be ill
    assert any("minimality" in leak for leak in anonymizer.privacy_statement_.leaks)


def test_cuts_that_do_not_look_at_sensitive_values_tell_nothing_more():
    values = ["HIV", "flu", "HIV", "cold", "gout", "asthma"]
    by_class, by_rule, _ = beliefs(values, [])
    assert by_class == by_rule == 0.5


def test_a_constraint_that_kept_nothing_whole_tells_nothing_more():
    values = ["HIV", "flu", "HIV", "cold", "gout", "asthma"]
    by_class, by_rule, _ = beliefs(values, [AlphaK(ALPHA)])
    assert by_class == by_rule == 0.5
