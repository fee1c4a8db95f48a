"""The command line: real processes, what people read, and what programs read."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

from command_line import command, killed_command, patient_command, waiting
from real_sites import Break, cross_validated, free_addresses, run
from sklearn_private.cli._data import load
from sklearn_private.cli._main import application
from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.federated import FederatedWrapper
from sklearn_private.transport import Identity, make_certificates

typer = pytest.importorskip("typer", reason="the extra cli is not installed")
pytest.importorskip("pyarrow", reason="the extra tables is not installed")
pandas = pytest.importorskip("pandas")
NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def table():
    data = load_breast_cancer()
    X = pandas.DataFrame(scale(data.data), columns=data.feature_names)
    return X.assign(malignant=np.where(data.target == 0, "yes", "no"))


@pytest.fixture(scope="module")
def files(table, tmp_path_factory):
    """The rows of three sites, one as CSV and two as Parquet."""
    folder = tmp_path_factory.mktemp("rows")
    table.iloc[0::3].to_csv(folder / "a.csv", index=False)
    table.iloc[1::3].to_parquet(folder / "b.parquet")
    table.iloc[2::3].to_parquet(folder / "c.parquet")
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"), NAMES)


def site(name, folders, files, address, tmp_path, *more):
    return (
        "site", "--tls", folders[name], "--coordinator", address, "--data", files[name],
        "--target", "malignant", "--label", "no", "--label", "yes", "--param", "C=0.5",
        "--timeout", "15", "--output", tmp_path / f"{name}.json", "--json", *more,
    )  # fmt: skip


def coordinator(folders, address):
    return (
        command, "coordinator", "--tls", folders["coordinator"], "--listen", address,
        "--timeout", "15", "--wait", "15", "--json",
    )  # fmt: skip


def test_three_sites_and_a_coordinator_fit_from_the_command_line(table, folders, files, tmp_path):
    (address,) = free_addresses(1)
    tasks = {name: (command, *site(name, folders, files, address, tmp_path)) for name in NAMES}
    found = run({"coordinator": coordinator(folders, address), **tasks})
    X, y = table.drop(columns="malignant"), table["malignant"]
    together = FederatedWrapper(
        LogisticRegression(C=0.5), secure_aggregation=True, classes=["no", "yes"]
    ).fit(X, y, groups=np.array(NAMES)[np.arange(len(y)) % 3])
    for name in NAMES:
        code, events, errors = found[name].value
        assert (code, errors) == (0, ""), events
        kinds = [event["event"] for event in events]
        assert kinds.count("round") == together.n_rounds_ + 3
        assert events[-1]["sites"] == {"a": 190, "b": 190, "c": 189}
        model = json.loads((tmp_path / f"{name}.json").read_text())
        assert np.array_equal(model["attributes"]["coef_"], together.coef_)
        assert model["attributes"]["feature_names_in_"] == list(X.columns)
        assert model["attributes"]["classes_"] == ["no", "yes"]
        assert model["parameters"]["C"] == 0.5
        assert model["privacy_statement"]["simulation"] is False
    code, events, _ = found["coordinator"].value
    assert code == 0
    assert sorted(e["site"] for e in events if e["event"] == "joined") == NAMES
    assert events[-1]["rounds"] == together.n_rounds_ + 3


def test_a_coordinator_carries_every_fold_of_a_cross_validation(table, folders):
    (address,) = free_addresses(1)
    own = {
        "estimator": LogisticRegression(), "classes": ["no", "yes"], "secure_aggregation": True,
        "min_client_rows": 10, "coordinator": address, "timeout": 15.0,
    }  # fmt: skip
    tasks = {"coordinator": (*coordinator(folders, address), "--runs", "3")}
    for i, name in enumerate(NAMES):
        rows = table.iloc[i::3]
        X, y = rows.drop(columns="malignant"), rows["malignant"]
        tasks[name] = (cross_validated, {**own, "site": name, "tls": folders[name]}, X, y)
    found = run(tasks)
    for name in NAMES:
        assert found[name].value.shape == (3,)
        assert found[name].value.min() > 0.9
    code, events, _ = found["coordinator"].value
    assert code == 0
    assert len({event["run"] for event in events if event["event"] == "done"}) == 3


def test_a_killed_site_ends_the_others_with_an_error_and_exit_code_1(folders, files, tmp_path):
    (address,) = free_addresses(1)
    tasks = {name: (command, *site(name, folders, files, address, tmp_path)) for name in "ac"}
    killed = (killed_command, Break(4), *site("b", folders, files, address, tmp_path))
    found = run({"coordinator": coordinator(folders, address), **tasks, "b": killed})
    for name in ("a", "c", "coordinator"):
        code, events, _ = found[name].value
        assert code == 1
        assert events[-1]["event"] == "error"
        assert "'b' closed its connection" in events[-1]["text"]
        assert not (tmp_path / f"{name}.json").exists()


def test_check_tells_people_and_programs_what_fails(folders):
    arguments = ["check", "--tls", folders["a"], "--coordinator", "127.0.0.1:1"]
    code, events, _ = command(*arguments, "--json")
    assert code == 1
    assert [(event["event"], event["check"]) for event in events] == [
        ("passed", "certificates"),
        ("failed", "link"),
    ]
    code, events, text = command(*arguments)
    assert (code, events) == (1, [])
    assert "✓ certificates: 'a' knows 3 sites" in text
    assert "✗ link: nothing listens at 127.0.0.1:1" in text


def test_check_compares_schemas_with_a_coordinator_that_waits(folders, files):
    (address,) = free_addresses(1)
    arguments = ["--tls", folders["a"], "--coordinator", address, "--data", files["a"], "--json"]
    tasks = {
        "coordinator": (waiting, folders["coordinator"], address),
        "site": (patient_command, address, "check", *arguments, "--target", "malignant"),
    }
    code, events, _ = run(tasks)["site"].value
    assert code == 0, events
    assert [event["check"] for event in events] == [
        "certificates", "link", "tls", "version", "clock", "schema", "sites",
    ]  # fmt: skip


def test_certificates_are_made_from_the_command_line(tmp_path):
    arguments = ["certificates", "--folder", tmp_path / "tls", "--site", "a", "--site", "b"]
    code, events, _ = command(*arguments, "--json")
    assert code == 0
    assert [event["member"] for event in events] == ["a", "b", "coordinator"]
    assert Identity.load(tmp_path / "tls" / "b").sites == ("a", "b")
    code, events, _ = command(*arguments, "--json")
    assert code == 1
    assert "never mixed with older ones" in events[-1]["text"]


@pytest.mark.parametrize(
    "more, named",
    [
        (["--model", "SVC"], "--model must be one of"),
        (["--target", "nobody"], "--target must be a column"),
        (["--param", "C=-1"], "'C' parameter"),
        (["--param", "depth=3"], "depth"),
    ],
)
def test_a_wrong_option_is_an_error_and_no_traceback(folders, files, tmp_path, more, named):
    arguments = site("a", folders, files, "127.0.0.1:1", tmp_path, "--timeout", "0.5", *more)
    code, events, errors = command(*arguments)
    assert code == 1
    assert named in events[-1]["text"]
    assert "Traceback" not in errors


def test_words_in_a_feature_are_refused_by_name(files):
    with pytest.raises(InvalidParameterError, match="these are not: malignant"):
        load(files["a"], None)


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(InvalidParameterError, match=r"must be a .parquet or .csv file"):
        load(tmp_path / "rows.xlsx", None)


def test_every_command_and_option_says_what_it_does():
    group = typer.main.get_command(application())
    assert {"certificates", "check", "coordinator", "site"} <= set(group.commands)
    for one in group.commands.values():
        assert one.help
        options = [param for param in one.params if param.param_type_name == "option"]
        assert all(option.help for option in options), one.name


def test_python_m_finds_the_commands():
    arguments = [sys.executable, "-m", "sklearn_private", "--help"]
    result = subprocess.run(arguments, capture_output=True, text=True)
    assert result.returncode == 0
    assert "coordinator" in result.stdout


def test_without_the_extra_the_command_says_what_to_install():
    code = "import sys; sys.modules['typer'] = None; from sklearn_private.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert 'pip install "sklearn-private[cli]"' in result.stderr
    assert "Traceback" not in result.stderr
