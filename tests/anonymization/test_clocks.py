"""Times with a zone are told by the clocks of the zone."""

import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_private import Hierarchy, IdentifierRemover, KAnonymizer
from sklearn_private.exceptions import InvalidParameterError

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YEAR = datetime.datetime(1990, 1, 1, tzinfo=BERLIN)  # 1989-12-31 23:00 in UTC
SUMMER = datetime.datetime(1989, 7, 1, tzinfo=BERLIN)
TIMES = [NEW_YEAR] * 3 + [SUMMER] * 3
TABLES = {
    "pandas": pd.DataFrame({"born": pd.Series(TIMES)}),
    "objects": pd.DataFrame({"born": pd.Series(TIMES, dtype=object)}),
    "polars": pl.DataFrame({"born": pl.Series(TIMES, dtype=pl.Datetime("us", "Europe/Berlin"))}),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("labels", ["supported", "tight"])
def test_a_day_is_that_of_the_columns_own_clock(table, labels):
    out = KAnonymizer(k=3, labels=labels).fit_transform(table)["born"].to_list()
    first, last = ("1989-07-01", "1990-01-01")
    if labels == "supported":
        first, last = "[1989-07-01, 1989-07-02)", "[1990-01-01, 1990-01-02)"
    assert out == [last] * 3 + [first] * 3


def test_a_period_of_a_hierarchy_is_that_of_the_columns_own_clock():
    years = {"born": Hierarchy.dates("1985-01-01", "1994-12-31", units=("year",))}
    for method in ("mondrian", "lattice", "local"):
        out = KAnonymizer(k=3, method=method, hierarchies=years).fit_transform(TABLES["pandas"])
        assert out["born"].tolist() == ["1990"] * 3 + ["1989"] * 3


def test_the_same_instant_in_another_zone_has_the_same_label():
    anonymizer = KAnonymizer(k=3).fit(TABLES["pandas"])
    expected = anonymizer.transform(TABLES["pandas"])
    for zone in ("UTC", "Asia/Tokyo"):
        other = pd.DataFrame({"born": TABLES["pandas"]["born"].dt.tz_convert(zone)})
        assert anonymizer.transform(other).equals(expected)
    assert anonymizer.transform(TABLES["objects"]).equals(expected)
    pieces = KAnonymizer(k=3).fit(TABLES["pandas"][i : i + 2] for i in (0, 2, 4))
    assert pieces.transform(TABLES["pandas"]).equals(expected)


def test_times_with_and_without_a_zone_are_not_compared():
    naive = pd.DataFrame({"born": TABLES["pandas"]["born"].dt.tz_localize(None)})
    for fitted, new in ((TABLES["pandas"], naive), (naive, TABLES["objects"])):
        with pytest.raises(InvalidParameterError, match="'born' had .* Convert it"):
            KAnonymizer(k=3).fit(fitted).transform(new)


def test_missing_times_of_a_zone_stay_missing():
    table = pd.DataFrame({"born": pd.Series([*TIMES, None, None, None], dtype=object)})
    out = KAnonymizer(k=3).fit_transform(table)["born"]
    assert out.tolist()[-3:] == ["(missing)"] * 3


def test_dates_of_birth_of_a_zone_are_found():
    days = pd.date_range("1940-01-01", "1999-12-31", 200).normalize()
    table = pd.DataFrame({"x": days.tz_localize("Europe/Berlin"), "n": np.arange(200.0) / 3})
    assert list(IdentifierRemover().fit(table).findings_) == ["x"]
