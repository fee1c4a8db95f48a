import json

import numpy as np
import pytest

from sklearn_private.exceptions import TransportError
from sklearn_private.transport import agree, compare_results, run_mesh, run_star

NETWORKS = pytest.mark.parametrize("network", [run_star, run_mesh])
SETTINGS = {"columns": ["age", "sex"], "C": 1.0, "classes": [0, 1]}


def agreeing(settings, n_rows, result=(1.0, 2.0)):
    def run(channel):
        with channel:
            found = agree(channel, settings, {"n_rows": n_rows})
            compare_results(channel, np.array(result))
        return found

    return run


@NETWORKS
def test_sites_with_the_same_settings_learn_one_another_s_numbers(network):
    found = network({name: agreeing(SETTINGS, ord(name)) for name in "abc"})
    expected = {"a": {"n_rows": 97}, "b": {"n_rows": 98}, "c": {"n_rows": 99}}
    assert found["a"] == found["b"] == found["c"] == expected
    assert list(found["a"]) == ["a", "b", "c"]


@NETWORKS
@pytest.mark.parametrize(
    "change, named",
    [
        ({"columns": ["age", "income_secret"]}, r"\(columns\)"),
        ({"C": 2.0, "classes": [1, 0]}, r"\(C, classes\)"),
    ],
)
def test_other_settings_are_named_at_all_sites_without_their_values(network, change, named):
    sites = {name: agreeing(SETTINGS, 1) for name in "ac"}
    found = network({**sites, "b": agreeing({**SETTINGS, **change}, 1)})
    for name in "abc":
        with pytest.raises(TransportError, match="was started with other settings"):
            raise found[name]
        assert "income_secret" not in str(found[name])
    assert any("'b' was started" in str(found[name]) for name in "ac")
    with pytest.raises(TransportError, match=named):
        raise found["b"]


def test_a_site_with_more_settings_is_named(network=run_star):
    found = network({"a": agreeing(SETTINGS, 1), "b": agreeing({**SETTINGS, "more": 1}, 1)})
    assert "'b' was started with other settings (more of them)" in str(found["a"])
    assert "(more)" in str(found["b"])


def test_no_setting_travels(monkeypatch):
    sent = []
    dumps = json.dumps

    def spy(value, **options):
        text = dumps(value, **options)
        if isinstance(value, dict) and "settings" in value:
            sent.append(text)
        return text

    monkeypatch.setattr("sklearn_private.transport._agreement.json.dumps", spy)
    run_star({name: agreeing(SETTINGS, 5) for name in "ab"})
    assert len(sent) == 2
    assert all("age" not in text and '"n_rows": 5' in text for text in sent)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"settings":{},"own":{"n_rows":-1}}',
        b'{"settings":{},"own":{"n_rows":1.5}}',
        b'{"settings":{},"own":{"n_rows":true}}',
        b'{"settings":{},"own":{"n_rows":9999999999999999999}}',
        b'{"settings":{},"own":{"n_rows":1,"more":1}}',
        b'{"settings":[],"own":{"n_rows":1}}',
        b"[" * 100_000,
    ],
)
def test_an_agreement_of_another_form_is_named(answer):
    def strange(channel):
        with channel:
            channel.exchange({"statistic": "agreement"}, answer)

    found = run_star({"a": agreeing({}, 1), "b": strange})
    assert "'b' sent a message that cannot be read" in str(found["a"])


@NETWORKS
@pytest.mark.parametrize("result", [(1.0, 2.1), (1.0,), (1.0, np.nan), (1.0, np.inf), ()])
def test_another_result_is_named(network, result):
    sites = {name: agreeing(SETTINGS, 1) for name in "ac"}
    found = network({**sites, "b": agreeing(SETTINGS, 1, result)})
    assert "'b' came to another result" in str(found["a"])


@NETWORKS
def test_results_may_differ_by_rounding(network):
    sites = {name: agreeing(SETTINGS, 1, (1.0, np.inf)) for name in "ac"}
    found = network({**sites, "b": agreeing(SETTINGS, 1, (1.0 + 1e-12, np.inf))})
    assert all(isinstance(found[name], dict) for name in "abc")
