"""Tokens join tables, follow published HMAC, and neither they nor the object give the key away."""

import base64
import datetime
import hashlib
import hmac
import io
import os
import pickle
import stat
import warnings
from decimal import Decimal

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

from sklearn_private import Pseudonymizer, privacy_report
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError, PrivacyWarning

KEY = bytes(range(100, 132))


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "study.key"
    file.touch(mode=0o600)
    file.write_text(KEY.hex() + "\n")
    return file


@pytest.fixture
def people():
    return pd.DataFrame({"id": [7, 8, 7], "ward": ["A", "B", "C"]}, index=[5, 5, 6])


def fetch_key():
    return KEY


def tokens_of(values, path, **parameters):
    table = pd.DataFrame({"id": values})
    return Pseudonymizer(["id"], key=path, **parameters).fit_transform(table)["id"].tolist()


def standard(text, domain="id"):
    subkey = hmac.new(KEY, f"domain:{domain}".encode(), hashlib.sha256).digest()
    return hmac.new(subkey, text.encode(), hashlib.sha256).digest()


def test_a_token_is_the_hmac_of_the_standard_library(path):
    (token,) = tokens_of(["Zoë"], path)
    assert token == base64.b32encode(standard("Zoë"))[:26].decode()
    assert tokens_of(["Zoë"], path, encoding="hex", length=64) == [standard("Zoë").hex()]


def test_a_token_is_no_plain_hash(path):
    (token,) = tokens_of(["7"], path, encoding="hex", length=16)
    for name in ("md5", "sha1", "sha256", "sha512"):
        assert token not in hashlib.new(name, b"7").hexdigest()


def test_tables_join_and_other_columns_stay(people, path):
    other = pd.DataFrame({"id": ["8", "9"], "year": [2020, 2021]})
    pseudonymizer = Pseudonymizer(["id"], key=path)
    first, second = pseudonymizer.fit_transform(people), clone(pseudonymizer).fit_transform(other)
    joined = first.merge(second, on="id")
    assert joined[["ward", "year"]].to_numpy().tolist() == [["B", 2020]]
    assert first["ward"].tolist() == ["A", "B", "C"]
    assert first.index.tolist() == [5, 5, 6]
    assert first["id"].iloc[0] == first["id"].iloc[2] != first["id"].iloc[1]


def test_tables_do_not_join_under_another_key(people, path, tmp_path):
    other = Pseudonymizer.generate_key(tmp_path / "other.key")
    assert not set(tokens_of([7, 8], path)) & set(tokens_of([7, 8], other))


def test_columns_join_only_within_a_domain(path):
    table = pd.DataFrame({"a": [7], "b": [7], "c": [7]})

    def tokens(domain):
        out = Pseudonymizer(["a", "b", "c"], key=path, domain=domain).fit_transform(table)
        return out.iloc[0].tolist()

    assert len(set(tokens(None))) == 3
    assert len(set(tokens("person"))) == 1
    a, b, c = tokens({"b": "a"})
    assert a == b != c
    assert a == tokens(None)[0]


def test_no_domain_shows_the_name_of_the_key(path):
    table = pd.DataFrame({"key id": ["key id"], "x": ["key id"]})
    pseudonymizer = Pseudonymizer(["key id", "x"], key=path, encoding="hex", domain={"x": "key id"})
    out = pseudonymizer.fit_transform(table)
    assert pseudonymizer.key_id_ not in "".join(out.iloc[0])


SAME = {
    "numbers and digits": [7, 7.0, "7", np.int8(7), np.float32(7), Decimal(7)],
    "big integers": [2**60 + 1, str(2**60 + 1), np.int64(2**60 + 1)],
    "days": [
        datetime.date(1984, 5, 31),
        datetime.datetime(1984, 5, 31),
        pd.Timestamp("1984-05-31"),
        np.datetime64("1984-05-31"),
        pd.Timestamp("1984-05-31 02:00", tz="Europe/Zurich"),
        "1984-05-31",
    ],
    "composed letters": ["Zo\u00eb", "Zoe\u0308"],
    "zeros": [0, 0.0, -0.0, "0"],
    "truth": [True, np.True_, "True"],
}
DIFFERENT = [7, 7.5, "07", " 7", 2**60, 2**60 + 1, "a", "A", True, 1, "", "nan", np.inf, -np.inf]


@pytest.mark.parametrize("values", SAME.values(), ids=SAME)
def test_a_value_has_one_token_in_every_type(values, path):
    assert len({tokens_of([value], path)[0] for value in values}) == 1
    assert len(set(tokens_of(pd.Series(values, dtype=object), path))) == 1


def test_different_values_have_different_tokens(path):
    together = tokens_of(pd.Series(DIFFERENT, dtype=object), path)
    assert together == [tokens_of([value], path)[0] for value in DIFFERENT]
    assert len(set(together)) == len(DIFFERENT)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_values_stay_missing(missing, path):
    table = pd.DataFrame({"id": pd.Series(["a", missing], dtype=object)})
    out = Pseudonymizer(["id"], key=path).fit_transform(table)
    assert out["id"].isna().tolist() == [False, True]


def test_integers_beside_missing_ones_join_with_integers(path):
    (token,) = tokens_of([7], path)
    assert tokens_of([7, None], path)[0] == token  # pandas reads the column as floats
    assert tokens_of(pd.array([7, None], dtype="Int64"), path)[0] == token


def test_containers_agree(path):
    polars = pytest.importorskip("polars")
    values = ["a", None, "b"]
    frame = polars.DataFrame({"id": values})
    out = Pseudonymizer(["id"], key=path).fit_transform(frame)
    assert isinstance(out, polars.DataFrame) and out["id"].null_count() == 1
    first, _, third = tokens_of(values, path)
    assert out["id"].to_list() == [first, None, third]
    array = np.array([["a", 1.5], [None, 2.5], ["b", np.nan]], dtype=object)
    out = Pseudonymizer([0], key=path, domain="id").fit_transform(array)
    assert out[:, 0].tolist() == [first, None, third]
    assert out[:2, 1].tolist() == [1.5, 2.5]


def test_arrays_of_numbers_become_objects_and_keep_their_missing_values(path):
    out = Pseudonymizer([1], key=path).fit_transform(np.array([[1.0, 7.0], [2.0, np.nan]]))
    assert out[:, 0].tolist() == [1.0, 2.0]
    assert out[0, 1] == tokens_of([7], path, domain="1")[0]
    assert np.isnan(out[1, 1])


def test_a_row_is_treated_alike_alone_and_among_others(people, path):
    pseudonymizer = Pseudonymizer(["id", "ward"], key=path).fit(people)
    together = pseudonymizer.transform(people)
    alone = pd.concat([pseudonymizer.transform(people.iloc[[i]]) for i in range(3)])
    pd.testing.assert_frame_equal(alone, together)
    backwards = pseudonymizer.transform(people[::-1])[::-1]
    pd.testing.assert_frame_equal(backwards, together)
    assert list(pseudonymizer.get_feature_names_out()) == ["id", "ward"]


def test_lone_surrogates_have_tokens_of_their_own(path):
    broken = pd.Series(["\ud800", "\udfff", "?"], dtype=object)
    assert len(set(tokens_of(broken, path))) == 3


def test_tokens_are_uniform_and_plain_digits_are_seen_not_to_be(path):
    def p_value(texts, alphabet):
        counts = np.array([sum(text.count(c) for text in texts) for c in alphabet])
        return stats.chisquare(counts).pvalue

    values = [f"{i:016}" for i in range(3000)]
    made = tokens_of(values, path, encoding="hex", length=16)
    assert 0.001 < p_value(made, "0123456789abcdef") < 0.999
    assert p_value(values, "0123456789") < 1e-9
    assert 0.001 < p_value(tokens_of(values, path), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") < 0.999


def test_one_changed_letter_changes_half_of_the_bits(path):
    bits = [
        np.unpackbits(np.frombuffer(bytes.fromhex(token), dtype=np.uint8))
        for token in tokens_of([f"p{i}" for i in range(400)], path, encoding="hex", length=64)
    ]
    flipped = np.mean([a != b for a, b in zip(bits, bits[1:])], axis=0)
    assert np.all(np.abs(flipped - 0.5) < 4.5 * 0.5 / np.sqrt(399))


@pytest.mark.parametrize("place", ["file", "text", "environment", "function", "text of a function"])
def test_the_key_is_found_in_every_place(place, path, monkeypatch):
    monkeypatch.setenv("STUDY_KEY", KEY.hex())
    key = {
        "file": path,
        "text": str(path),
        "environment": "env:STUDY_KEY",
        "function": fetch_key,
        "text of a function": lambda: KEY.hex(),
    }[place]
    assert tokens_of([7], key) == tokens_of([7], path)


@pytest.mark.parametrize("place", ["file", "environment", "function"])
def test_no_form_of_the_object_holds_the_key(place, people, path, monkeypatch):
    monkeypatch.setenv("STUDY_KEY", KEY.hex())
    key = {"file": path, "environment": "env:STUDY_KEY", "function": fetch_key}[place]
    fitted = Pseudonymizer(["id"], key=key).fit(people)
    fitted.transform(people)
    dumped = io.BytesIO()
    joblib.dump(fitted, dumped)
    shown = " ".join(
        [
            *(repr(x) for x in (fitted, clone(fitted), fitted.get_params(), vars(fitted))),
            *(repr(x) for x in (fitted.privacy_statement_, fitted.privacy_statement_.to_dict())),
            estimator_html_repr(fitted),
            privacy_report(fitted).to_markdown(),
        ]
    )
    blobs = [pickle.dumps(fitted), pickle.dumps(clone(fitted)), dumped.getvalue(), shown.encode()]
    for blob in blobs:
        for form in (KEY, KEY.hex().encode(), KEY.hex().upper().encode(), base64.b64encode(KEY)):
            assert form[:8] not in blob


def test_clones_and_pickles_make_the_same_tokens(people, path):
    fitted = Pseudonymizer(["id"], key=path).fit(people)
    expected = fitted.transform(people)
    for other in (pickle.loads(pickle.dumps(fitted)), clone(fitted).fit(people)):
        pd.testing.assert_frame_equal(other.transform(people), expected)


def test_a_pickle_is_of_no_use_without_the_key(people, path):
    dumped = pickle.dumps(Pseudonymizer(["id"], key=path).fit(people))
    path.unlink()
    with pytest.raises(InvalidParameterError, match="there is none"):
        pickle.loads(dumped).transform(people)


def test_another_key_than_that_of_the_fit_releases_nothing(people, path):
    fitted = Pseudonymizer(["id"], key=path).fit(people)
    path.write_text("5a" * 32)
    with pytest.raises(GuaranteeError, match=f"{fitted.key_id_}.*Nothing was released") as error:
        fitted.transform(people)
    assert "5a5a" not in str(error.value)


class Untouchable:
    """A table that says when it is looked at."""

    def __getattr__(self, name):
        raise AssertionError(f"X was looked at: {name}")


BAD_KEYS = {
    "none": None,
    "no file": "there/is/no/such.key",
    "no variable": "env:THERE_IS_NO_SUCH_KEY",
    "no result": lambda: None,
    "a short result": lambda: KEY[:31],
    "a number": 17,
    "the key itself, as bytes": KEY,
    "the key itself, as text": KEY.hex(),
    "a text with a zero": "a\0b",
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
def test_without_a_key_nothing_is_read_and_no_message_shows_what_was_given(key):
    with pytest.raises(InvalidParameterError, match="'key' parameter of Pseudonymizer") as error:
        Pseudonymizer(["id"], key=key).fit(Untouchable())
    assert KEY.hex()[:8] not in str(error.value) and repr(KEY)[2:8] not in str(error.value)
    assert error.value.__context__ is None  # the error of a file shows its path


@pytest.mark.parametrize(
    "text", ["", "passphrase", "5a" * 31, "5" * 65, "0x" + "5a" * 32, "5a\n" * 32]
)
def test_a_file_that_holds_no_key_is_refused_and_not_shown(text, path):
    path.write_text(text)
    with pytest.raises(InvalidParameterError, match="64 hexadecimal digits") as error:
        Pseudonymizer(["id"], key=path).fit(Untouchable())
    assert not text or text not in str(error.value)


def test_a_new_key_is_random_and_only_its_owner_may_read_it(tmp_path):
    old = os.umask(0)
    try:
        first = Pseudonymizer.generate_key(tmp_path / "first.key")
        second = Pseudonymizer.generate_key(str(tmp_path / "second.key"))
    finally:
        os.umask(old)
    texts = {file.read_text().strip() for file in (first, second)}
    assert len(texts) == 2
    assert all(len(bytes.fromhex(text)) == 32 for text in texts)
    if os.name == "posix":
        assert {stat.S_IMODE(file.stat().st_mode) for file in (first, second)} == {0o600}


def test_a_key_is_never_overwritten(path, tmp_path):
    with pytest.raises(InvalidParameterError, match="never be joined"):
        Pseudonymizer.generate_key(path)
    assert path.read_text() == KEY.hex() + "\n"
    link = tmp_path / "link.key"
    link.symlink_to(tmp_path / "elsewhere.key")
    with pytest.raises(InvalidParameterError, match="exists"):
        Pseudonymizer.generate_key(link)


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_a_key_that_others_may_read_is_warned_about(people, path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Pseudonymizer(["id"], key=path).fit(people)
    path.chmod(0o640)
    with pytest.warns(PrivacyWarning, match="chmod 600"):
        Pseudonymizer(["id"], key=path).fit(people)


@pytest.mark.parametrize(
    "parameters",
    [
        {"encoding": "base64"},
        {"encoding": "hex", "length": 15},
        {"encoding": "hex", "length": 65},
        {"length": 12},
        {"length": 52},
        {"length": 26.0},
        {"columns": "id"},
        {"columns": ["nobody"]},
        {"columns": ["id", "id"]},
        {"domain": 3},
        {"domain": ""},
        {"domain": {"id": ""}},
        {"domain": {"ward": "x"}},
    ],
)
def test_bad_parameters_are_refused(parameters, people, path):
    name = next(reversed(parameters))
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of Pseudonymizer"):
        Pseudonymizer(**{"columns": ["id"], "key": path} | parameters).fit(people)


def test_the_stated_collision_bound_holds_on_short_digests():
    # 16 of the bits, by the same cut: n (n - 1) / 2^(b + 1) is the mean number of pairs.
    n, n_runs = 200, 300
    shared = []
    for run in range(n_runs):
        short = [standard(f"{run}-{i}")[:2] for i in range(n)]
        shared.append(n - len(set(short)))
    bound = n * (n - 1) / 2**17
    assert abs(np.mean(shared) - bound) < 4 * np.sqrt(bound / n_runs)


def test_the_statement_says_that_tokens_are_personal_data_and_who_can_rebuild_them(people, path):
    fitted = Pseudonymizer(["id"], key=path).fit(people)
    statement = fitted.privacy_statement_
    assert not statement.detected
    assert statement.pseudonymised == ("id",)
    assert statement.parameters == {"bits": 130, "key_id": fitted.key_id_, "domains": ("id",)}
    assert any("dictionary attack" in leak for leak in statement.leaks)
    (finding,) = privacy_report(fitted).findings
    assert finding.level == "warning" and "still personal data" in finding.message


def test_it_works_in_a_pipeline_with_set_output(people, path):
    polars = pytest.importorskip("polars")
    steps = make_pipeline(Pseudonymizer(["id"], key=path)).set_output(transform="polars")
    out = steps.fit_transform(people[["id"]].reset_index(drop=True))
    assert isinstance(out, polars.DataFrame)
    assert out["id"].to_list() == tokens_of([7, 8, 7], path)
