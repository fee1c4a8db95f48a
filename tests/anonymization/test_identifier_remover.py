"""What is found, what is not, and what happens to it."""

import numpy as np
import pandas as pd
import pytest

from sklearn_private import IdentifierRemover, privacy_report
from sklearn_private.anonymization import HIPAA_IDENTIFIERS
from sklearn_private.exceptions import IdentifierError, InvalidParameterError

FOUND = {
    "e-mail addresses": ["ada@example.org", "grace.hopper+navy@mail.example.co.uk"],
    "web addresses": ["https://example.org/~ada", "see www.example.org/x"],
    "US social security numbers": ["536-90-4399", "SSN 219-09-9999"],
    "bank account numbers (IBAN)": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"],
    "payment card numbers": ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"],
    "IP addresses": ["192.168.0.1", "2001:db8::8a2e:370:7334"],
    "phone numbers": ["+41 44 668 18 00", "(212) 555-0175"],
    "device addresses (MAC)": ["00:1B:44:11:3A:B7", "001b.4411.3ab7"],
    "vehicle identification numbers (VIN)": ["1M8GDM9AXKP042788"],
}
LETTERS = dict(zip(FOUND, "FNGJJODML", strict=True))
NOT_FOUND = {
    "an @ alone": "5 @ 3.50",
    "a number of area 666": "666-12-3456",
    "a number of area 9xx": "912-12-3456",
    "an IBAN with a wrong check digit": "DE88 3704 0044 0532 0130 00",
    "a card that fails Luhn": "4111 1111 1111 1112",
    "an octet above 255": "300.1.2.3",
    "a version": "1.2.3",
    "a date": "2021-03-04",
    "a time": "10:20:30",
    "a word": "emergency department",
    "a VIN with a wrong check digit": "1M8GDM9A1KP042788",
    "five bytes": "00:1B:44:11:3A",
}


def reason(values):
    return IdentifierRemover().fit(pd.DataFrame({"x": values})).findings_.get("x")


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts]
)
def test_identifiers_are_found_by_their_form(kind, text):
    assert reason(["nothing here", text]) == f"it holds {kind} (HIPAA {LETTERS[kind]})"


@pytest.mark.parametrize("text", NOT_FOUND.values(), ids=NOT_FOUND)
def test_what_breaks_the_rules_of_its_kind_is_not_found(text):
    assert reason(["nothing here", text]) is None


def test_one_identifier_in_a_hundred_is_enough_and_one_in_a_thousand_is_not():
    assert reason(["no"] * 99 + ["ada@example.org"]) is not None
    assert reason(["no"] * 999 + ["ada@example.org"]) is None


def test_whole_numbers_that_are_valid_cards_are_found():
    assert "card" in reason([4111111111111111, 5500000000000004])


@pytest.mark.parametrize(
    "name", ["Surname", "firstName", "E-mail", "patient_name", "SSN", "phone 2"]
)
def test_columns_are_found_by_their_names(name):
    table = pd.DataFrame({name: ["a", "a"], "ward": ["b", "b"]})
    assert list(IdentifierRemover().fit(table).findings_) == [name]


@pytest.mark.parametrize(
    "letter, names",
    {
        "A": ["name", "Last name", "nachname"],
        "B": ["home_address", "street2"],
        "C": ["DOB", "birthDate", "date of birth", "Geburtsdatum"],
        "D": ["phone", "mobileNumber"],
        "E": ["fax"],
        "F": ["e-mail", "emailAddress"],
        "G": ["SSN", "social security no."],
        "H": ["MRN", "medical_record"],
        "I": ["insurance_number", "Medicare ID"],
        "J": ["IBAN", "credit_card"],
        "K": ["drivers_license", "passport no"],
        "L": ["VIN", "license_plate"],
        "M": ["IMEI", "macAddress", "serial number"],
        "N": ["url", "homepage"],
        "O": ["ip", "IPAddress", "client_ip_address"],
        "P": ["fingerprint", "voice_print"],
        "Q": ["photo", "FaceImage"],
        "R": ["user_name", "patientID", "tax id"],
    }.items(),
)
def test_each_of_the_18_hipaa_identifiers_is_found_by_a_name(letter, names):
    table = pd.DataFrame({name: ["a", "a"] for name in names})
    found = IdentifierRemover().fit(table).findings_
    assert list(found) == names
    assert all(text.endswith(f"(HIPAA {letter})") for text in found.values())


def test_the_18_hipaa_identifiers_are_all_named():
    assert "".join(HIPAA_IDENTIFIERS) == "ABCDEFGHIJKLMNOPQR"
    assert all(f"({letter})" in IdentifierRemover.__doc__ for letter in HIPAA_IDENTIFIERS)


@pytest.mark.parametrize(
    "name", ["rename", "vintage", "city", "age", "zip_code", "photon", "vin_rouge"]
)
def test_other_names_and_what_a_k_anonymizer_generalises_stay(name):
    assert IdentifierRemover().fit(pd.DataFrame({name: ["a", "a"]})).findings_ == {}


DAYS = pd.Series(pd.to_datetime("1930-01-31") + pd.to_timedelta(np.arange(200) * 130, unit="D"))


@pytest.mark.parametrize(
    "births",
    [
        DAYS,
        DAYS.dt.tz_localize("UTC"),
        DAYS.dt.date,
        DAYS.dt.strftime("%Y-%m-%d"),
        DAYS.dt.strftime("%Y-%m-%d 00:00:00"),
        DAYS.dt.strftime("%d.%m.%Y"),
        DAYS.dt.strftime("%m/%d/%Y").where(DAYS.index % 10 > 0),  # some are missing
    ],
)
def test_days_that_span_a_generation_are_dates_of_birth(births):
    assert reason(births) == "its days span a generation, as dates of birth do (HIPAA C)"


@pytest.mark.parametrize(
    "times",
    [
        pd.Series(pd.to_datetime("2015-01-01") + pd.to_timedelta(np.arange(200) * 7, unit="D")),
        DAYS + pd.to_timedelta(np.arange(200) % 24, unit="h"),  # with a time of day
        DAYS.head(40),  # too few to tell
        DAYS.dt.strftime("%Y-%m-%d").where(DAYS.index % 2 > 0, "at home"),
    ],
)
def test_dates_of_a_few_years_and_times_of_the_day_are_no_dates_of_birth(times):
    assert reason(times) is None


def test_dates_of_birth_are_found_in_polars():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"x": DAYS.dt.date.tolist()})
    assert "dates of birth" in IdentifierRemover().fit(table).findings_["x"]


def test_patterns_are_looked_for_in_rows_from_the_whole_table():
    values = ["no"] * 5000 + ["ada@example.org"] * 5000
    found = IdentifierRemover(max_rows=100).fit(pd.DataFrame({"x": values})).findings_
    assert found == {"x": "it holds e-mail addresses (HIPAA F)"}


def test_near_unique_texts_and_whole_numbers_are_found_but_measurements_are_not(rng):
    table = pd.DataFrame(
        {
            "code": [f"P{i:05d}" for i in range(200)],
            "number": np.arange(200),
            "weight": rng.normal(70, 10, 200),
            "day": rng.integers(0, 30, 200),
        }
    )
    found = IdentifierRemover().fit(table).findings_
    assert found == dict.fromkeys(["code", "number"], "nearly every value occurs once (HIPAA R)")


def test_reasons_and_statements_hold_no_value():
    table = pd.DataFrame({"x": ["ada@example.org"], "y": ["4111 1111 1111 1111"]})
    remover = IdentifierRemover().fit(table)
    said = repr(remover.findings_) + repr(remover.privacy_statement_) + repr(vars(remover))
    assert "ada" not in said
    assert "4111" not in said


@pytest.fixture
def people():
    return pd.DataFrame({"email": ["a@b.ch", "c@d.ch"], "age": [3, 4]}, index=[7, 7])


def test_drop_leaves_the_columns_out_and_keeps_rows_and_index(people):
    out = IdentifierRemover().fit_transform(people)
    assert list(out.columns) == ["age"]
    assert list(out.index) == [7, 7]


def test_mask_replaces_every_value(people):
    remover = IdentifierRemover(action="mask")
    assert remover.fit_transform(people)["email"].tolist() == ["(removed)"] * 2
    assert remover.get_feature_names_out().tolist() == ["email", "age"]


@pytest.mark.parametrize("dtype, masked", [("f4", "f4"), ("f8", "f8"), ("i8", "f8")])
def test_mask_keeps_arrays_of_numbers(dtype, masked):
    X = np.array([[1, 2], [3, 4]], dtype=dtype)
    out = IdentifierRemover([1], action="mask").fit_transform(X)
    assert out.dtype == masked
    np.testing.assert_array_equal(out, [[1, np.nan], [3, np.nan]])


def test_a_row_is_treated_alike_alone_and_among_others(people):
    remover = IdentifierRemover(action="mask").fit(people)
    alone = pd.concat([remover.transform(people.iloc[[i]]) for i in range(2)])
    pd.testing.assert_frame_equal(alone, remover.transform(people))


def test_raise_names_the_columns_and_the_reason_but_no_value(people):
    with pytest.raises(IdentifierError, match=r"'email' .*Nothing was released") as error:
        IdentifierRemover(action="raise").fit(people)
    assert "a@b.ch" not in str(error.value)
    IdentifierRemover(action="raise").fit(people[["age"]])


def test_new_rows_lose_the_fitted_columns_whatever_they_hold(people):
    remover = IdentifierRemover().fit(people)
    new = pd.DataFrame({"email": ["none"], "age": [5]})
    assert list(remover.transform(new).columns) == ["age"]


def test_kept_columns_stay(people):
    assert IdentifierRemover(keep=["email"]).fit(people).findings_ == {}


def test_declared_columns_are_a_stateless_step_and_detected_ones_are_not(people):
    declared = IdentifierRemover(["email"]).fit(people)
    assert not declared.privacy_statement_.detected
    assert declared.privacy_statement_.findings == ()
    assert IdentifierRemover().fit(people).privacy_statement_.detected
    assert privacy_report(IdentifierRemover().fit(people)).findings[0].level == "note"


@pytest.mark.parametrize("columns", [["nobody"], "all", [5]])
def test_a_column_that_does_not_exist_is_refused(people, columns):
    with pytest.raises(InvalidParameterError, match="'columns' parameter of IdentifierRemover"):
        IdentifierRemover(columns).fit(people)


def test_polars_tables_and_arrays_are_taken():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"email": ["a@b.ch", "c@d.ch"], "age": [3, 4]})
    assert IdentifierRemover().fit_transform(table).columns == ["age"]
    array = np.array([["a@b.ch", "x"], ["c@d.ch", "y"]], dtype=object)
    assert IdentifierRemover([0]).fit_transform(array).tolist() == [["x"], ["y"]]


def test_missing_values_are_no_identifiers():
    assert reason([None, np.nan, "ada@example.org"]) is not None
    assert reason([None, None, None]) is None
