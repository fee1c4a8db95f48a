"""The command that reads a report and checks it against a policy."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from command_line import command
from sklearn_private import DPLogisticRegression, privacy_report

pytest.importorskip("typer", reason="the extra cli is not installed")


@pytest.fixture
def files(tmp_path):
    """A report that holds, one that is void, and a policy."""
    X = np.random.default_rng(0).uniform(0, 1, size=(120, 3))
    y = np.arange(120) % 2
    model = DPLogisticRegression(feature_norm=2.0, classes=[0, 1])
    objects = {"good": model.fit(X, y), "void": make_pipeline(StandardScaler(), model).fit(X, y)}
    for name, obj in objects.items():
        (tmp_path / f"{name}.json").write_text(privacy_report(obj).to_json(), encoding="utf-8")
    policy = 'max_epsilon = 1.001\nworst_finding = "warning"\n'
    (tmp_path / "policy.toml").write_text(policy, encoding="utf-8")
    return tmp_path


def run(files, name, *more):
    return command("report", files / f"{name}.json", "--policy", files / "policy.toml", *more)


def test_a_report_that_keeps_a_policy_exits_with_0(files):
    code, events, _ = run(files, "good", "--json", "--html", files / "page.html")
    assert code == 0
    assert [event["event"] for event in events] == ["report", "done", "passed"]
    assert events[0]["text"].startswith("The DP steps together: epsilon = 1 ")
    assert "<title>Privacy report" in (files / "page.html").read_text(encoding="utf-8")


def test_a_void_report_breaks_it_and_says_why_to_people_and_programs(files):
    code, events, _ = run(files, "void", "--json")
    assert code == 1
    assert [event["event"] for event in events] == ["report", "finding", "error"]
    assert events[1]["code"] == "fitted-without-dp"
    assert events[2]["kind"] == "PolicyError"
    code, _, said = run(files, "void")
    assert code == 1
    assert "A claim below is void" in said
    assert "error fitted-without-dp at pipeline.standardscaler" in said


def test_a_report_that_was_changed_exits_with_1(files):
    path = files / "good.json"
    changed = path.read_text(encoding="utf-8").replace('"holds": true', '"holds": false')
    path.write_text(changed, encoding="utf-8")
    code, events, _ = command("report", path, "--json")
    assert code == 1
    assert "changed after it was made" in events[0]["text"]
