"""Whoever has two tables about the same people intersects the classes of a person [1]_.

.. [1] S. R. Ganta, S. P. Kasiviswanathan, A. Smith, "Composition attacks and auxiliary information
   in data privacy", KDD 2008.
"""

import numpy as np
import pandas as pd
import pytest

from sklearn_private import KAnonymizer
from sklearn_private.anonymization import LDiversity, check_release, check_releases

QUASI = ["age", "education"]
ROLES = {"quasi_identifiers": QUASI, "sensitive": ["occupation"]}


@pytest.fixture(scope="module")
def people(adult_table):
    table = adult_table.head(1_500)[[*QUASI, "occupation"]]
    return table.assign(id=np.arange(len(table)))


def hospital(people, k):
    """Return the anonymizer of one data holder and its table, rows in their order."""
    anonymizer = KAnonymizer(k, constraints=[LDiversity(2)], subject_id="id", **ROLES)
    return anonymizer, anonymizer.fit_transform(people)


def intersect(people, *hospitals):
    """Attack with published labels and values only: return the values that are left of each."""
    labels = [anonymizer.transform(people)[QUASI].astype(str) for anonymizer, _ in hospitals]
    classes = [
        public.astype(str).groupby(QUASI)["occupation"].agg(set).to_dict()
        for _, public in hospitals
    ]
    keys = zip(*(part.itertuples(index=False, name=None) for part in labels), strict=True)
    return [classes[0][first] & classes[1][second] for first, second in keys]


@pytest.fixture(scope="module")
def hospitals(people):
    """Two data holders who share 1,000 of their patients."""
    first, second = people.head(1_200), people.tail(1_300)
    return hospital(first, 3), hospital(second, 4), people.iloc[200:1_200]


def test_two_diverse_tables_together_tell_values(hospitals):
    *both, shared = hospitals
    for _, public in both:
        found = check_release(public, k=3, constraints=[LDiversity(2)], subject_id="id", **ROLES)
        assert found.passed
    left = intersect(shared, *both)
    told = [v == {own} for v, own in zip(left, shared["occupation"], strict=True)]
    assert sum(told) > 10


def test_the_check_of_two_releases_names_the_people_whom_the_attack_finds(hospitals):
    (_, first), (_, second), shared = hospitals
    left = intersect(shared, *hospitals[:2])
    told = {i for i, values in zip(shared["id"], left, strict=True) if len(values) == 1}
    found = check_releases(first, second, subject_id="id", **ROLES)
    assert not found.passed
    assert set(first["id"].iloc[found.certain["occupation"]]) == told
    assert found.n_people == 1_000


def test_labels_of_one_fit_used_twice_tell_nothing_more(people):
    anonymizer, public = hospital(people, 4)
    again = anonymizer.transform(people)
    assert check_releases(public, again, subject_id="id", **ROLES).passed
    left = intersect(people, (anonymizer, public), (anonymizer, again))
    assert min(map(len, left)) >= 2


def test_check_of_two_releases_takes_what_a_csv_file_holds(hospitals, tmp_path):
    (_, first), (_, second), _ = hospitals
    files = [tmp_path / "first.csv", tmp_path / "second.csv"]
    for public, path in zip((first, second), files, strict=True):
        public.to_csv(path, index=False)
    read = [pd.read_csv(path) for path in files]
    expected = check_releases(first, second, subject_id="id", **ROLES)
    assert str(check_releases(*read, subject_id="id", **ROLES)) == str(expected)
