"""Rules round, cap, truncate and merge as stated, in every container, and learn nothing."""

import datetime
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_private import privacy_report
from sklearn_private.anonymization import Coarsener
from sklearn_private.exceptions import InvalidParameterError


def coarse(values, rule, **parameters):
    out = Coarsener({"x": rule}, **parameters).fit_transform(pd.DataFrame({"x": values}))
    return out["x"]


@pytest.mark.parametrize(
    "rule, values, expected",
    [
        ({"base": 5}, [0, 2, 3, 7, 8, -2, -3], [0, 0, 5, 5, 10, 0, -5]),
        ({"base": 10}, [5, 15, -5, 4, -6], [10, 20, 0, 0, -10]),
        ({"base": 0.1}, [0.26, 0.34, -0.26], [0.3, 0.3, -0.3]),
        ({"base": 2.5}, [1.0, 1.25, 3.7], [0.0, 2.5, 2.5]),
        ({"top": 90}, [89, 90, 91, 120], [89, 90, 90, 90]),
        ({"bottom": 18, "top": 90}, [3, 18, 99], [18, 18, 90]),
        ({"bottom": 0.5}, [0, 1], [0.5, 1.0]),
        ({"base": 20, "top": 90}, [88, 89, 90, 99], [80, 80, 90, 90]),
        ({"base": 10, "top": 50}, [np.inf, -np.inf, 44.0], [50.0, -np.inf, 40.0]),
    ],
)
def test_numbers_are_rounded_half_upwards_and_then_capped(rule, values, expected):
    assert coarse(values, rule).tolist() == expected


@given(
    values=st.lists(st.integers(-(2**40), 2**40), min_size=1),
    base=st.integers(1, 10**6),
)
def test_integers_and_floats_are_rounded_alike(values, base):
    whole = coarse(np.array(values, dtype=np.int64), {"base": base})
    real = coarse(np.array(values, dtype=np.float64), {"base": base})
    assert whole.dtype == np.int64 and real.dtype == np.float64
    assert whole.tolist() == real.tolist()
    assert (2 * (whole - np.array(values)).abs() <= base).all()
    assert (whole % base == 0).all()


def test_integers_are_exact_and_do_not_overflow_their_width():
    assert coarse(np.array([2**60 + 3]), {"base": 2}).tolist() == [2**60 + 4]
    assert coarse(np.array([250], dtype=np.uint8), {"base": 100}).tolist() == [300]


DAY = "2024-05-17T23:30"  # a Friday
FIRST = {
    "year": "2024-01-01",
    "quarter": "2024-04-01",
    "month": "2024-05-01",
    "week": "2024-05-13",
    "day": "2024-05-17",
}


@pytest.mark.parametrize("period, first", FIRST.items())
def test_times_become_the_first_day_of_their_period(period, first):
    out = coarse(pd.to_datetime([DAY, None]), period)
    assert out[0] == pd.Timestamp(first)
    assert out.isna().tolist() == [False, True]


@given(time=st.datetimes(datetime.datetime(1800, 1, 1), datetime.datetime(2200, 1, 1)))
def test_periods_are_those_of_the_calendar(time):
    day = time.date()
    expected = {
        "year": day.replace(month=1, day=1),
        "quarter": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "month": day.replace(day=1),
        "week": day - datetime.timedelta(days=day.weekday()),
        "day": day,
    }
    table = pd.DataFrame({period: np.array([time], dtype="M8[us]") for period in expected})
    out = Coarsener({period: period for period in expected}).fit_transform(table)
    assert {period: out[period][0].to_pydatetime().date() for period in out} == expected


def test_days_are_those_of_the_time_zone_of_the_column():
    midnight = pd.to_datetime(["2024-01-01 00:30"]).tz_localize("Europe/Zurich")  # 23:30 UTC
    assert coarse(midnight, "year")[0] == pd.Timestamp("2024-01-01")


def test_categories_that_are_not_kept_become_other():
    values = ["a", "b", None, "c"]
    out = coarse(values, ["a", "b"])
    assert out.tolist()[:2] == ["a", "b"] and out[3] == "other" and out.isna()[2]
    assert coarse(["c"], ["a"], other="rest").tolist() == ["rest"]
    assert coarse(pd.Series(["a", "c"], dtype="category"), ["a"]).tolist() == ["a", "other"]


def test_codes_are_kept_whether_they_are_read_as_integers_floats_or_texts():
    for values in ([1, 2, 3], [1.0, 2.0, 3.0], ["1", "2", "3"]):
        assert coarse(values, [1, "2"]).tolist() == ["1", "2", "other"]


@pytest.fixture
def visits():
    return pd.DataFrame(
        {
            "age": [34, 97, 52],
            "pay": [1234.5, np.nan, 99.0],
            "day": pd.to_datetime([DAY, "2023-12-31T00:00", "2024-02-29T12:00"]),
            "job": ["nurse", "astronaut", "clerk"],
            "note": ["x", "y", "z"],
        },
        index=[4, 4, 9],
    )


RULES = {"age": {"base": 5, "top": 90}, "pay": {"base": 1000}, "day": "month", "job": ["nurse"]}


def test_columns_without_a_rule_the_order_and_the_index_stay(visits):
    before = visits.copy(deep=True)
    coarsener = Coarsener(RULES)
    out = coarsener.fit_transform(visits)
    pd.testing.assert_frame_equal(visits, before)
    assert list(out.columns) == list(visits.columns) == list(coarsener.get_feature_names_out())
    assert out.index.tolist() == [4, 4, 9]
    assert out["note"].tolist() == ["x", "y", "z"]
    assert out["age"].tolist() == [35, 90, 50] and out["age"].dtype == np.int64
    assert out["pay"].tolist()[::2] == [1000.0, 0.0]


def test_polars_keeps_integers_and_missing_values(visits):
    polars = pytest.importorskip("polars")
    data = {name: visits[name].tolist() for name in visits}
    table = polars.DataFrame(data | {"age": [34, None, 52], "pay": [1234.5, None, 99.0]})
    out = Coarsener(RULES).fit_transform(table)
    assert isinstance(out, polars.DataFrame)
    assert out["age"].to_list() == [35, None, 50] and out["age"].dtype == polars.Int64
    assert out["pay"].to_list() == [1000.0, None, 0.0]
    assert out["day"].to_list()[0] == datetime.datetime(2024, 5, 1)
    assert out["job"].to_list() == ["nurse", "other", "other"]
    dates = table.with_columns(polars.col("day").cast(polars.Date))
    assert Coarsener(RULES).fit_transform(dates)["day"].equals(out["day"])


def test_nullable_pandas_columns_stay_missing():
    out = coarse(pd.array([34, None], dtype="Int64"), {"base": 5})
    assert out[0] == 35 and out.isna()[1]
    out = coarse(pd.array([34.2, None], dtype="Float64"), {"base": 5})
    assert out[0] == 35 and out.isna()[1]


def test_arrays_of_numbers_stay_numbers_and_others_become_objects():
    X = np.array([[1.2, 7.0], [2.6, np.nan]])
    out = Coarsener({0: {"base": 1}}).fit_transform(X)
    assert out.dtype == np.float64
    np.testing.assert_array_equal(out, [[1.0, 7.0], [3.0, np.nan]])
    out = Coarsener({1: [7]}).fit_transform(X)
    assert out.dtype == object and out[0].tolist() == [1.2, "7"] and np.isnan(out[1, 1])
    X = np.array([["a", datetime.date(2024, 5, 17)], ["b", None]], dtype=object)
    out = Coarsener({0: ["a"], 1: "year"}).fit_transform(X)
    assert out[:, 0].tolist() == ["a", "other"]
    assert out[0, 1] == datetime.datetime(2024, 1, 1) and pd.isna(out[1, 1])
    assert Coarsener({0: {"top": 3}}).fit_transform(np.array([[1], [9]])).tolist() == [[1], [3]]


def test_a_row_is_treated_alike_alone_and_among_others(visits):
    coarsener = Coarsener(RULES).fit(visits)
    together = coarsener.transform(visits)
    alone = pd.concat([coarsener.transform(visits.iloc[[i]]) for i in range(3)])
    pd.testing.assert_frame_equal(alone, together)


def test_nothing_is_learned(visits):
    first, second = Coarsener(RULES).fit(visits), Coarsener(RULES).fit(visits[::-1].head(1))
    pd.testing.assert_frame_equal(first.transform(visits), second.transform(visits))
    assert vars(first).keys() == vars(second).keys()
    assert pickle.dumps(first.privacy_statement_) == pickle.dumps(second.privacy_statement_)


def test_twice_is_as_good_as_once(visits):
    rules = RULES | {"age": {"base": 5, "bottom": 20, "top": 90}}
    once = Coarsener(rules).fit_transform(visits)
    kept = Coarsener(rules | {"job": ["nurse", "other"]})
    pd.testing.assert_frame_equal(kept.fit_transform(once), once)


@pytest.mark.parametrize(
    "rule, must",
    [
        ("decade", "one of 'year'"),
        ({}, "finite numbers"),
        ({"base": 0}, "'base' > 0"),
        ({"base": np.nan}, "finite numbers"),
        ({"top": True}, "finite numbers"),
        ({"top": "90"}, "finite numbers"),
        ({"bottom": 5, "top": 4}, "'bottom' <= 'top'"),
        ({"round": 5}, "the name of a period"),
        (5, "the name of a period"),
        ([], "at least one category"),
    ],
)
def test_a_malformed_rule_is_refused(rule, must, visits):
    with pytest.raises(InvalidParameterError, match=f"'rules' parameter of Coarsener .*{must}"):
        Coarsener({"age": rule}).fit(visits)


@pytest.mark.parametrize("rules", [None, {}, [("age", "year")], {"nobody": {"top": 3}}])
def test_rules_that_name_no_column_are_refused(rules, visits):
    with pytest.raises(InvalidParameterError, match="The 'rules' parameter of Coarsener must"):
        Coarsener(rules).fit(visits)


@pytest.mark.parametrize("rules", [{"job": {"top": 3}}, {"age": "year"}, {"day": {"base": 5}}])
def test_a_rule_for_another_kind_of_values_is_refused(rules, visits):
    (name,) = rules
    with pytest.raises(InvalidParameterError, match=repr(name)):
        Coarsener(rules).fit(visits)


def test_a_column_without_values_is_taken(visits):
    out = Coarsener(RULES).fit(visits).transform(visits.assign(pay=None, day=None))
    assert out[["pay", "day"]].isna().all(axis=None)


def test_the_statement_says_the_rules_and_is_stateless(visits):
    fitted = clone(Coarsener(RULES)).fit(visits)
    statement = fitted.privacy_statement_
    assert not statement.detected
    assert statement.claim() == "4 columns coarsened"
    assert statement.parameters["age"] == "rounded to multiples of 5, at most 90"
    assert statement.parameters["day"] == "truncated to the month"
    assert "Coarsener" in privacy_report(fitted).to_markdown()
