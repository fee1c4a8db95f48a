import importlib.util
import json
import math
import pickle
import sys

import attr
import numpy as np
import pytest
from dp_accounting import dp_event
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private import accounting
from sklearn_private.accounting import (
    EpsilonDeltaEvent,
    ObjectivePerturbationEvent,
    compose_events,
    event_from_dict,
    event_to_dict,
)
from sklearn_private.exceptions import InvalidParameterError

GAUSSIAN = dp_event.GaussianDpEvent(1.5)
EXAMPLES = [
    dp_event.NoOpDpEvent(),
    dp_event.NonPrivateDpEvent(),
    dp_event.UnsupportedDpEvent(),
    dp_event.RandomizedResponseDpEvent(0.3, 4),
    GAUSSIAN,
    dp_event.LaplaceDpEvent(0.1),
    dp_event.DiscreteLaplaceDpEvent(0.7, 2),
    dp_event.SelfComposedDpEvent(GAUSSIAN, 10),
    dp_event.ComposedDpEvent((GAUSSIAN, dp_event.LaplaceDpEvent(2.0))),
    dp_event.PoissonSampledDpEvent(0.01, GAUSSIAN),
    dp_event.SampledWithReplacementDpEvent(100, 10, GAUSSIAN),
    dp_event.SampledWithoutReplacementDpEvent(100, 10, GAUSSIAN),
    dp_event.SingleEpochTreeAggregationDpEvent(1.0, (3, 4)),
    dp_event.RepeatAndSelectDpEvent(GAUSSIAN, 5.0, 1.0),
    dp_event.MixtureOfGaussiansDpEvent(1.0, (0.0, 1.0), (0.5, 0.5)),
    dp_event.ZCDpEvent(0.1, 0.2),
    dp_event.TruncatedSubsampledGaussianDpEvent(1000, 0.1, 120, 1.0),
    ObjectivePerturbationEvent(3.0, 0.1, True, 2),
    EpsilonDeltaEvent(0.5, 1e-6),
]
NESTED = st.recursive(
    st.sampled_from(EXAMPLES),
    lambda events: st.one_of(
        st.builds(dp_event.SelfComposedDpEvent, events, st.integers(0, 9)),
        st.lists(events, max_size=3).map(tuple).map(dp_event.ComposedDpEvent),
    ),
)


def test_the_examples_are_every_kind_there_is():
    known = {kind for kind in vars(dp_event).values() if isinstance(kind, type)}
    known = {kind for kind in known if issubclass(kind, dp_event.DpEvent)} - {dp_event.DpEvent}
    assert {type(event) for event in EXAMPLES} == known | {
        ObjectivePerturbationEvent,
        EpsilonDeltaEvent,
    }


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_every_kind_survives_json_and_pickling(event):
    text = json.dumps(event_to_dict(event), allow_nan=False)
    assert event_from_dict(json.loads(text)) == event
    assert pickle.loads(pickle.dumps(event)) == event


@given(event=NESTED)
def test_nested_events_survive_json_and_can_be_looked_up(event):
    restored = event_from_dict(json.loads(json.dumps(event_to_dict(event), allow_nan=False)))
    assert restored == event
    assert hash(restored) == hash(event)


def test_numbers_of_numpy_become_plain():
    event = dp_event.SelfComposedDpEvent(dp_event.GaussianDpEvent(np.float64(1.25)), np.int64(3))
    assert json.loads(json.dumps(event_to_dict(event))) == {
        "kind": "SelfComposedDpEvent",
        "event": {"kind": "GaussianDpEvent", "noise_multiplier": 1.25},
        "count": 3,
    }


@pytest.mark.parametrize(
    "kind", ["DpEvent", "GaussianEvent", "", None, "type", ["GaussianDpEvent"]]
)
def test_an_unknown_kind_is_refused(kind):
    with pytest.raises(InvalidParameterError, match="is not a known kind of privacy event"):
        event_from_dict({"kind": kind, "noise_multiplier": 1.0})
    with pytest.raises(InvalidParameterError, match="is not a known kind of privacy event"):
        event_from_dict({"noise_multiplier": 1.0})


@pytest.mark.parametrize("fields", [{}, {"noise": 1.0}, {"noise_multiplier": 1.0, "extra": 2}])
def test_wrong_fields_are_refused(fields):
    with pytest.raises(InvalidParameterError, match="GaussianDpEvent cannot be read"):
        event_from_dict({"kind": "GaussianDpEvent", **fields})


@pytest.mark.parametrize(
    "planted",
    [
        {"kind": "planted_module.Planted"},
        {"kind": "planted_module"},
        {"kind": "os.system", "command": "true"},
        # The form in which dp-accounting itself stores events: there the names are imported.
        {"module_name": "planted_module", "class_name": "Planted"},
        {"kind": "GaussianDpEvent", "module_name": "planted_module", "class_name": "Planted"},
    ],
)
def test_a_dictionary_cannot_import_code(planted, tmp_path, monkeypatch):
    (tmp_path / "planted_module.py").write_text("class Planted:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    for data in (planted, {"kind": "SelfComposedDpEvent", "event": planted, "count": 1}):
        with pytest.raises(InvalidParameterError):
            event_from_dict(data)
    assert "planted_module" not in sys.modules
    assert importlib.util.find_spec("planted_module")  # though it could have been imported


@attr.s(frozen=True, slots=True, auto_attribs=True)
class GaussianDpEvent(dp_event.GaussianDpEvent):
    """A stranger under a known name."""


@pytest.mark.parametrize(
    "event, message",
    [
        (EpsilonDeltaEvent(-1.0, 0.0), "epsilon of EpsilonDeltaEvent must be a number >= 0"),
        (EpsilonDeltaEvent(1.0, -1e-6), r"delta of EpsilonDeltaEvent must be a number in \[0, 1\]"),
        (EpsilonDeltaEvent(1.0, 1.5), r"delta of EpsilonDeltaEvent must be a number in \[0, 1\]"),
        (dp_event.GaussianDpEvent(math.nan), "noise_multiplier of GaussianDpEvent must be"),
        (dp_event.GaussianDpEvent("1"), "noise_multiplier of GaussianDpEvent must be"),
        (dp_event.LaplaceDpEvent(-1.0), "noise_multiplier of LaplaceDpEvent must be"),
        (dp_event.DiscreteLaplaceDpEvent(-1.0, 1), "noise_parameter of DiscreteLaplaceDpEvent"),
        (dp_event.SelfComposedDpEvent(GAUSSIAN, -1), "count of .* must be an integer >= 0"),
        (dp_event.SelfComposedDpEvent(GAUSSIAN, 0.5), "count of .* must be an integer >= 0"),
        (dp_event.PoissonSampledDpEvent(1.5, GAUSSIAN), r"sampling_probability of .* in \[0, 1\]"),
        (GaussianDpEvent(1.0), "is not a known kind of privacy event"),
        (GAUSSIAN.noise_multiplier, "event must be a dp_accounting.DpEvent. Got 1.5"),
        (None, "event must be a dp_accounting.DpEvent. Got None"),
    ],
)
def test_events_that_could_refill_a_ledger_are_refused(event, message, tmp_path):
    ledger = accounting.PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    for use in (
        lambda event: accounting.epsilon(event, delta=1e-5),
        lambda event: accounting.delta(event, epsilon=1.0),
        ledger.spend,
    ):
        with pytest.raises(InvalidParameterError, match=message):
            use(event)
        if isinstance(event, dp_event.DpEvent):
            with pytest.raises(InvalidParameterError, match=message):
                use(compose_events([GAUSSIAN, event]))
    assert ledger.entries() == []


def test_one_event_is_its_own_composition():
    assert compose_events([GAUSSIAN]) is GAUSSIAN
    both = compose_events(iter([GAUSSIAN, EXAMPLES[5]]))
    assert both == dp_event.ComposedDpEvent((GAUSSIAN, EXAMPLES[5]))
