"""What labels print, and what they tell a model."""

import numpy as np
import pandas as pd
import pytest

from sklearn_private.anonymization import KAnonymizer

AGES = np.repeat([17.0, 25.0, 40.0, 67.0], 3)


def texts(anonymizer, column=0):
    """Return the labels of fitted rows, in their order."""
    part, n_boxes = anonymizer.labels_[column], anonymizer.cells_.n_boxes
    return tuple(part.texts[i] for i in np.unique(part.of_cell[:n_boxes]))


def test_cell_labels_show_cut_points_and_open_ends():
    anonymizer = KAnonymizer(k=3, labels="cell").fit(np.c_[AGES])
    assert texts(anonymizer) == ("< 20", "[20, 30)", "[30, 50)", ">= 50")


def test_tight_labels_show_the_fitted_people():
    anonymizer = KAnonymizer(k=6, labels="tight").fit(np.c_[AGES])
    assert texts(anonymizer) == ("[17, 25]", "[40, 67]")
    single = KAnonymizer(k=3, labels="tight").fit(np.c_[AGES])
    assert texts(single) == ("17", "25", "40", "67")


def test_cell_labels_show_no_extreme_and_no_value_where_there_is_room(rng):
    values = rng.normal(size=500)
    cuts = KAnonymizer(k=5).fit(values[:, None]).grids_[0].cuts
    assert cuts.size > 50
    assert not set(cuts) & set(values)
    assert min(values) < cuts.min() and cuts.max() < max(values)


def test_category_sets_are_printed_in_alphabetical_order():
    table = pd.DataFrame({"job": ["b"] * 2 + ["a"] * 2 + ["c"] * 4})
    assert texts(KAnonymizer(k=4, labels="tight").fit(table)) == ("c", "{a, b}")
    assert texts(KAnonymizer(k=8, labels="cell").fit(table)) == ("*",)


def test_categories_of_few_people_are_named_by_tight_labels_only():
    table = pd.DataFrame({"job": ["a"] * 6 + ["b"] * 2 + ["c"] * 2})
    assert texts(KAnonymizer(k=4).fit(table)) == ("a", "(other)")
    assert texts(KAnonymizer(k=4, labels="tight").fit(table)) == ("a", "{b, c}")


def test_few_people_are_people_and_not_rows():
    table = pd.DataFrame({"job": ["a"] * 6 + ["b"] * 6, "who": [*range(6), *([6] * 5), 7]})
    plain = KAnonymizer(k=3, quasi_identifiers=["job"]).fit(table)
    by_person = KAnonymizer(k=3, quasi_identifiers=["job"], subject_id="who").fit(table)
    assert "b" in texts(plain)
    assert texts(by_person) == ("*",)


@pytest.mark.parametrize("labels", ["supported", "cell", "tight"])
def test_labels_are_in_the_order_of_the_values(labels):
    values = np.repeat(np.arange(50.0), 4)
    out = KAnonymizer(k=4, labels=labels).fit_transform(pd.DataFrame({"x": values}))["x"]
    codes = out.cat.codes.to_numpy()
    assert (np.diff(codes) >= 0).all() and np.unique(codes).size == 50


def numeric(table, **params):
    anonymizer = KAnonymizer(output="numeric", **params)
    out = anonymizer.fit_transform(table)
    return out, list(anonymizer.get_feature_names_out())


def test_a_range_becomes_midpoint_and_width():
    out, names = numeric(np.c_[AGES], k=3, labels="cell")
    assert names == ["x0_midpoint", "x0_width"]
    # Open ends lie as far out as the cuts 20, 30 and 50 lie apart on average.
    assert out[::3].tolist() == [[12.5, 15.0], [25.0, 10.0], [40.0, 20.0], [57.5, 15.0]]


def test_a_tight_range_becomes_its_own_midpoint_and_width():
    out, _ = numeric(np.c_[AGES], k=6, labels="tight")
    assert out[::6].tolist() == [[21.0, 8.0], [53.5, 27.0]]


def test_missing_numbers_get_a_share_of_missing():
    out, names = numeric(np.c_[[1.0] * 3 + [5.0] * 3 + [np.nan] * 3], k=3)
    assert names == ["x0_midpoint", "x0_width", "x0_missing"]
    assert out[:, 2].tolist() == [0.0] * 6 + [1.0] * 3
    mixed, _ = numeric(np.c_[[1.0] * 3 + [5.0] * 3 + [np.nan]], k=3)
    assert mixed[:, 2].tolist() == [0.0] * 3 + [0.5] * 4


def test_a_set_becomes_equal_shares():
    table = pd.DataFrame({"job": ["c"] * 4 + ["b"] * 2 + ["a"] * 2})
    out, names = numeric(table, k=4, labels="tight")
    assert names == ["job_c", "job_a", "job_b"]
    assert out[[0, -1]].tolist() == [[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]


def test_dates_become_days_since_1970():
    table = pd.DataFrame({"x": pd.to_datetime(["1970-01-02"] * 3 + ["1970-01-12"] * 3)})
    out, _ = numeric(table, k=3, labels="tight")
    assert out[:, 0].tolist() == [1.0] * 3 + [11.0] * 3


def test_names_of_features_do_not_depend_on_the_rows_that_are_transformed():
    table = pd.DataFrame({"age": AGES, "job": list("abc") * 4})
    anonymizer = KAnonymizer(k=3, output="numeric").set_output(transform="pandas").fit(table)
    assert list(anonymizer.transform(table.head(1))) == list(anonymizer.transform(table))
