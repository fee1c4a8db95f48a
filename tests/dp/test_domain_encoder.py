import pickle
import traceback

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_private import DomainEncoder, privacy_report
from sklearn_private.exceptions import InvalidParameterError

DOMAIN = {"age": (20, 60), "sex": ["F", "M"], "smokes": [True, False]}
HALF = 1 / np.sqrt(3)

anything = (
    st.none() | st.text(max_size=3) | st.sampled_from(["F", "M", np.nan, pd.NA]) | st.floats()
)


@pytest.fixture
def encoder():
    return DomainEncoder(DOMAIN)


@given(
    rows=st.lists(
        st.tuples(st.none() | st.floats() | st.just(pd.NA), anything, anything | st.booleans()),
        min_size=1,
        max_size=5,
    )
)
def test_every_row_whatever_it_holds_has_norm_at_most_one(rows):
    table = pd.DataFrame(rows, columns=list(DOMAIN), dtype=object)
    encoded = DomainEncoder(DOMAIN).fit_transform(table)
    assert np.isfinite(encoded).all()
    assert (np.linalg.norm(encoded, axis=1) <= 1 + 1e-15).all()


@given(
    values=st.lists(st.floats(), min_size=1, max_size=5),
    low=st.floats(-1e300, 1e300),
    width=st.floats(1e-290, 1e300),
)
def test_every_range_takes_every_number(values, low, width):
    if low + width <= low:
        return  # narrower than the floats there
    encoded = DomainEncoder((low, low + width)).fit_transform([[value] for value in values])
    assert (np.abs(encoded) <= 1).all()
    assert (encoded[np.isnan(values)] == 0).all()


def test_numbers_have_a_place_wherever_they_lie():
    encoded = DomainEncoder({"age": (20, 60)}).fit_transform(
        [[20], [30], [60], [-1e308], [1e308], [-np.inf], [np.inf], [np.nan], [None]]
    )
    np.testing.assert_allclose(encoded[:, 0], [-1, -0.5, 1, -1, 1, -1, 1, 0, 0])


def test_categories_are_unit_vectors_and_what_is_unknown_is_zero():
    encoded = DomainEncoder({"sex": ["F", "M"]}).fit_transform(
        [["M"], ["F"], ["X"], [None], [np.nan], [pd.NA], [""], [3]]
    )
    np.testing.assert_array_equal(encoded, [[0, 1], [1, 0], *[[0, 0]] * 6])


def test_columns_share_the_norm(encoder):
    encoded = encoder.fit_transform([[60, "F", True]])
    np.testing.assert_allclose(encoded, [[HALF, HALF, 0, HALF, 0]])
    assert np.linalg.norm(encoded) == pytest.approx(1)


TABLES = {
    "pandas": lambda: pd.DataFrame(
        {"age": [30.0, np.nan, 60.0], "sex": ["F", None, "M"], "smokes": [True, None, False]}
    ),
    "pandas, nullable": lambda: pd.DataFrame(
        {
            "age": pd.array([30, None, 60], dtype="Int64"),
            "sex": pd.array(["F", None, "M"], dtype="string"),
            "smokes": pd.array([True, None, False], dtype="boolean"),
        }
    ),
    "pandas, categorical": lambda: pd.DataFrame(
        {
            "age": pd.array([30, None, 60], dtype="Float64"),
            "sex": pd.Categorical(["F", None, "M"], categories=["M", "F", "X"]),
            "smokes": pd.Categorical([True, None, False]),
        }
    ),
    "pandas, objects": lambda: pd.DataFrame(
        {"age": [30, pd.NA, 60], "sex": ["F", pd.NA, "M"], "smokes": [True, pd.NA, False]},
        dtype=object,
    ),
    "polars": lambda: pl.DataFrame(
        {"age": [30, None, 60], "sex": ["F", None, "M"], "smokes": [True, None, False]}
    ),
    "polars, categorical": lambda: pl.DataFrame(
        {
            "age": pl.Series([30, None, 60]).cast(pl.Decimal(10, 2)),
            "sex": pl.Series(["F", None, "M"], dtype=pl.Enum(["M", "F", "X"])),
            "smokes": [True, None, False],
        }
    ),
    "an array by position": lambda: np.array(
        [[30, "F", True], [None, None, None], [60, "M", False]], dtype=object
    ),
    "lists by position": lambda: [[30, "F", True], [np.nan, None, np.nan], [60, "M", False]],
}


@pytest.mark.parametrize("name", TABLES)
def test_every_kind_of_table_is_encoded_alike(name, encoder):
    expected = np.array([[-0.5, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 0, 1, 0, 1]]) / np.sqrt(3)
    np.testing.assert_allclose(encoder.fit_transform(TABLES[name]()), expected)


def test_columns_of_a_table_are_found_by_name_and_others_left_out(encoder):
    table = TABLES["pandas"]()
    shuffled = table.assign(name="secret")[["name", "smokes", "sex", "age"]]
    np.testing.assert_array_equal(encoder.fit_transform(shuffled), encoder.transform(table))


def test_names_that_are_numbers_are_found_too():
    table = pd.DataFrame({0: [60.0], 1: ["M"]})
    encoded = DomainEncoder({1: ["M"], 0: (20, 60)}).fit_transform(table)
    np.testing.assert_allclose(encoded, [[np.sqrt(0.5), np.sqrt(0.5)]])


def test_one_range_stands_for_every_column():
    encoder = DomainEncoder((0.0, 10.0))
    np.testing.assert_allclose(encoder.fit_transform([[10, 0, 5, 99]]), [[0.5, -0.5, 0, 0.5]])
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1", "x2", "x3"]
    encoder.fit(pd.DataFrame({"a": [1.0], "b": [2.0]}))
    assert encoder.get_feature_names_out().tolist() == ["a", "b"]


def test_nothing_is_learned_so_a_fit_is_not_needed(encoder):
    table = TABLES["pandas"]()
    fresh = encoder.transform(table)
    other = clone(encoder).fit(table.iloc[2:])
    np.testing.assert_array_equal(other.transform(table), fresh)
    for i in range(len(table)):
        np.testing.assert_array_equal(encoder.transform(table.iloc[[i]]), fresh[[i]])
    fitted = vars(clone(encoder).fit(table))
    learned = {"n_features_in_", "feature_names_in_", "privacy_statement_"}
    assert set(fitted) - set(vars(encoder)) == learned


def test_names_out_need_no_fit_either(encoder):
    names = ["age", "sex_F", "sex_M", "smokes_True", "smokes_False"]
    assert encoder.get_feature_names_out().tolist() == names
    assert DomainEncoder((0, 1)).get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]
    with pytest.raises(NotFittedError):  # unless only the columns of X could tell them
        DomainEncoder((0, 1)).get_feature_names_out()


def test_set_output_gives_named_tables(encoder):
    table = TABLES["pandas"]().set_axis([7, 8, 9])
    as_pandas = clone(encoder).set_output(transform="pandas").fit_transform(table)
    assert list(as_pandas.columns) == encoder.get_feature_names_out().tolist()
    assert as_pandas.index.tolist() == [7, 8, 9]
    as_polars = clone(encoder).set_output(transform="polars").fit_transform(TABLES["polars"]())
    assert isinstance(as_polars, pl.DataFrame)
    np.testing.assert_array_equal(as_polars.to_numpy(), as_pandas.to_numpy())


def test_it_works_in_pipelines_and_column_transformers_and_pickles(encoder):
    table = TABLES["pandas"]()
    parts = ColumnTransformer(
        [("a", DomainEncoder({"age": (20, 60)}), ["age"]), ("b", DomainEncoder((0, 9)), ["n"])]
    )
    encoded = make_pipeline(parts).fit_transform(table.assign(n=9.0))
    np.testing.assert_allclose(encoded, [[-0.5, 1], [0, 1], [1, 1]])
    copy = pickle.loads(pickle.dumps(encoder.fit(table)))
    np.testing.assert_array_equal(copy.transform(table), encoder.transform(table))


def test_a_report_about_it_alone_says_that_it_protects_nothing(encoder):
    report = privacy_report(encoder.fit(TABLES["pandas"]()))
    assert [f.level for f in report.findings] == ["warning"]
    assert "no part of it makes a privacy promise" in report.findings[0].message


def test_a_missing_column_is_refused_and_named(encoder):
    for table in (pd.DataFrame({"age": [1], "sex": ["F"]}), pl.DataFrame({"age": [1]})):
        with pytest.raises(InvalidParameterError, match=r"names columns that X lacks: .*smokes"):
            encoder.fit(table)


def test_an_array_of_another_width_is_refused(encoder):
    with pytest.raises(InvalidParameterError, match=r"X has 2 columns, but the domain .* has 3"):
        encoder.fit([[1, "F"]])


@pytest.mark.parametrize(
    "table, said",
    [
        ({"age": ["zzz"], "sex": ["F"]}, "Column 'age' of X must hold numbers"),
        ({"age": [30], "sex": [["zzz"]]}, "Column 'sex' of X must hold categories"),
    ],
)
def test_a_column_of_another_type_is_refused_without_showing_a_value(table, said):
    encoder = DomainEncoder({"age": (20, 60), "sex": ["F", "M"]})
    with pytest.raises(InvalidParameterError, match=said) as error:
        encoder.fit_transform(pd.DataFrame(table))
    assert "zzz" not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize(
    "domain",
    [
        None,
        5,
        {},
        "ab",
        [("a", (0, 1))],
        {"a": []},
        {"a": "xy"},
        {"a": 5},
        {"a": None},
        {"a": ["x", "x"]},
        {"a": [["x"], ["y"]]},
        {"a": {"x": 1}},
        {"a": {"x"}},
        {"a": (1, 0)},
        {"a": (1, 1)},
        {"a": (0, np.inf)},
        {"a": (np.nan, 1)},
        {"a": (-1e308, 1e308)},
        (0, np.inf),
    ],
    ids=str,
)
def test_rejects_a_malformed_domain(domain):
    with pytest.raises(InvalidParameterError, match=r"Got .* instead"):
        DomainEncoder(domain).fit([[1]])


def test_a_template_is_printed_and_says_why_it_must_be_edited(capsys):
    table = pd.DataFrame(
        {
            "age": [31.0, np.nan, 45.0],
            "sex": ["M", None, "F"],
            "smokes": [True, False, True],
            "empty": [np.nan] * 3,
        }
    )
    assert DomainEncoder.template(table) is None
    printed = capsys.readouterr().out
    assert "Edit every line" in printed
    assert "a domain that is\n# taken from the data is not public" in printed
    scope = {}
    exec(printed, scope)
    assert scope["domain"] == {
        "age": (31, 45),
        "sex": ["F", "M"],
        "smokes": [False, True],
        "empty": (0, 1),
    }
    DomainEncoder(scope["domain"]).fit(table)


def test_a_template_of_a_polars_table_is_the_same(capsys):
    DomainEncoder.template(pl.DataFrame({"age": [31, None, 45], "sex": ["M", None, "F"]}))
    scope = {}
    exec(capsys.readouterr().out, scope)
    assert scope["domain"] == {"age": (31, 45), "sex": ["F", "M"]}


@pytest.mark.parametrize("kind", ["list", "pandas", "polars"])
def test_a_dry_run_counts_what_falls_outside_and_what_never_occurs(kind):
    table = {"age": [19.0, 21.0, 70.0, None], "sex": ["F", "M", "fem", None]}
    encoder = DomainEncoder({"age": (20, 60), "sex": ["F", "Man"]})
    rows = {
        "list": [list(row) for row in zip(*table.values(), strict=True)],
        "pandas": pd.DataFrame(table),
        "polars": pl.DataFrame(table),
    }[kind]
    assert encoder.check(rows) == {
        "age": {"outside": 2, "missing": 1},
        "sex": {"outside": 2, "missing": 1, "never": ["Man"]},
    }
    assert not hasattr(encoder, "n_features_in_")


def test_a_dry_run_of_one_range_counts_every_column():
    counts = DomainEncoder((0.0, 1.0)).check(np.array([[2.0, 0.5], [0.5, 0.5]]))
    outside = [column["outside"] for column in counts.values()]
    assert outside == [1, 0]
