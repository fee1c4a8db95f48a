import copy
import json
import math
import os
import pickle
import sqlite3
from contextlib import closing
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd
import pytest
from dp_accounting import dp_event
from joblib.externals.loky import get_reusable_executor
from scipy.stats import norm
from sklearn.base import BaseEstimator, clone

from sklearn_private import accounting, exceptions
from sklearn_private.accounting import EpsilonDeltaEvent, PrivacyLedger, open_ledger
from sklearn_private.accounting.ledger import _filter
from sklearn_private.exceptions import BudgetExceededError, InvalidParameterError, LedgerError

SMALL = dp_event.GaussianDpEvent(50.0)


@pytest.fixture
def ledger(tmp_path):
    return PrivacyLedger(tmp_path / "ledger", epsilon=1.0, delta=1e-5)


def full(epsilon=1.0, delta=1e-5):
    """The event that uses up a whole budget."""
    return dp_event.GaussianDpEvent(
        accounting.calibrate(dp_event.GaussianDpEvent, epsilon=epsilon, delta=delta)
    )


class Holder(BaseEstimator):
    def __init__(self, ledger=None):
        self.ledger = ledger


def test_a_charge_is_written_down(ledger):
    charge = ledger.spend(SMALL, owner="Holder")
    assert PrivacyLedger(ledger.path).entries() == ledger.entries() == [charge]
    assert (charge.id, charge.owner, charge.pid) == (1, "Holder", os.getpid())
    assert (charge.event, charge.neighboring, charge.delta) == (SMALL, "replace_one", 1e-5)
    assert charge.epsilon == accounting.epsilon(SMALL, delta=1e-5)
    assert charge.time.endswith("+00:00")


def test_one_full_charge_fits_and_a_second_is_refused(ledger):
    ledger.spend(full(), owner="First")
    assert ledger.spent() == pytest.approx(1.0, rel=1e-6)
    assert ledger.remaining() == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(BudgetExceededError) as refusal:
        ledger.spend(full(), owner="Second")
    for part in ("Second asks for epsilon=1 at delta=1e-05", "of 1 (at delta=1e-05) is left"):
        assert part in str(refusal.value)
    assert "Nothing was released" in str(refusal.value)
    assert [charge.owner for charge in ledger.entries()] == ["First"]


def test_a_refusal_says_what_is_left_and_leaves_room_for_less(ledger):
    ledger.spend(SMALL)
    left = f"{ledger.remaining():.4g} of 1 "
    with pytest.raises(BudgetExceededError, match=f"asks for epsilon=2.* but {left}"):
        ledger.spend(full(2.0))
    ledger.spend(SMALL)
    assert len(ledger.entries()) == 2


def test_a_refusal_of_less_than_what_is_left_says_why(ledger):
    ledger.spend(full(0.97))
    with pytest.raises(BudgetExceededError, match=r"but 0\.03 of 1 .* It is less, but .* used up"):
        ledger.spend(dp_event.GaussianDpEvent(500.0))
    with pytest.raises(BudgetExceededError) as refusal:
        ledger.spend(full(0.5))
    assert "It is less" not in str(refusal.value)


@pytest.mark.parametrize(
    "event, delta",
    [
        (SMALL, None),
        (SMALL, 1e-5),
        (accounting.compose_events([SMALL, dp_event.LaplaceDpEvent(9.0)]), 1e-5),
        (EpsilonDeltaEvent(0.1, 1e-9), 1e-9),
    ],
)
def test_a_ledger_without_delta_says_that_this_is_why_it_refuses(tmp_path, event, delta):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    with pytest.raises(BudgetExceededError) as refusal:
        ledger.spend(event, owner="Model", delta=delta)
    for part in ("Model asks for", "has delta=0: it takes pure", "open a ledger with delta > 0"):
        assert part in str(refusal.value)
    assert "larger budget" not in str(refusal.value)
    with pytest.raises(BudgetExceededError, match="open a ledger with a larger budget"):
        ledger.spend(dp_event.LaplaceDpEvent(0.5), owner="Model")
    ledger.spend(dp_event.LaplaceDpEvent(1.0), delta=delta)


def test_many_small_charges_add_up_like_squares(ledger):
    squares = accounting.gaussian_mu(1.0, 19 / 40 * 1e-5) ** 2
    fitting = math.floor(squares * SMALL.noise_multiplier**2)
    for _ in range(fitting):
        ledger.spend(SMALL)
    with pytest.raises(BudgetExceededError):
        ledger.spend(SMALL)
    assert len(ledger.entries()) == fitting > 100
    assert 0.99 < ledger.spent() <= 1.0


@pytest.mark.parametrize("n_rounds", [4, 25])
def test_every_repetition_in_a_charge_counts(tmp_path, n_rounds):
    """A fit of n rounds takes the room of n fits of one."""
    rounds = {
        "repeated": dp_event.SelfComposedDpEvent(SMALL, n_rounds),
        "listed": dp_event.ComposedDpEvent((SMALL,) * n_rounds),
        "nested": dp_event.ComposedDpEvent(
            (dp_event.SelfComposedDpEvent(dp_event.ComposedDpEvent((SMALL,)), n_rounds),)
        ),
    }
    squares = accounting.gaussian_mu(1.0, 19 / 40 * 1e-5) ** 2
    fitting = math.floor(squares * SMALL.noise_multiplier**2 / n_rounds)
    for name, event in rounds.items():
        ledger = PrivacyLedger(tmp_path / name, epsilon=1.0, delta=1e-5)
        for _ in range(fitting):
            ledger.spend(event)
        with pytest.raises(BudgetExceededError):
            ledger.spend(event)


def test_spent_only_grows_and_a_budget_of_it_admits_just_the_same(tmp_path):
    events = [
        dp_event.GaussianDpEvent(20.0),
        dp_event.LaplaceDpEvent(30.0),
        accounting.ObjectivePerturbationEvent(20.0, 0.01, True),
        EpsilonDeltaEvent(0.01, 1e-8),
        dp_event.GaussianDpEvent(40.0),
    ]
    ledger = PrivacyLedger(tmp_path / "wide", epsilon=5.0, delta=1e-5)
    readings = [ledger.spent()]
    for event in events:
        ledger.spend(event)
        readings.append(ledger.spent())
        tight = PrivacyLedger(
            tmp_path / f"tight{len(readings)}", epsilon=ledger.spent(), delta=1e-5
        )
        for charge in ledger.entries():
            tight.spend(charge.event)
        with pytest.raises(BudgetExceededError):
            tight.spend(SMALL)
    assert readings[0] == 0
    assert all(before < after for before, after in pairwise(readings))
    assert ledger.remaining() == 5.0 - readings[-1]


def test_divergences_add_up_at_the_order_of_the_first_process_whatever_a_later_one_finds(
    ledger, monkeypatch
):
    """The optimiser of another version of SciPy may end at another order."""

    def divergence():
        with closing(sqlite3.connect(ledger.path)) as connection:
            return connection.execute("SELECT renyi FROM charges ORDER BY id DESC").fetchone()[0]

    ledger.spend(SMALL)
    first = divergence()
    monkeypatch.setattr(_filter, "best_order", lambda epsilon, delta: 2.5)
    later = PrivacyLedger(ledger.path)
    later.spend(SMALL)
    assert divergence() == first != 2.5 / (2 * SMALL.noise_multiplier**2)


def test_the_reading_of_one_charge_is_its_exact_epsilon(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=5.0, delta=1e-5)
    event = dp_event.GaussianDpEvent(3.0)
    ledger.spend(event, delta=1e-7)
    assert ledger.spent() == accounting.epsilon(event, delta=1e-5)


def test_copies_charge_the_same_file(ledger):
    estimator = Holder(ledger)
    copies = [
        ledger,
        clone(estimator).ledger,
        clone(clone(estimator).set_params(ledger=ledger)).ledger,
        copy.copy(ledger),
        copy.deepcopy({"deep": [ledger]})["deep"][0],
        pickle.loads(pickle.dumps(ledger)),
        pickle.loads(pickle.dumps(estimator)).ledger,
        PrivacyLedger(str(ledger.path)),
    ]
    for each in copies:
        each.spend(SMALL)
        assert each == ledger
        assert hash(each) == hash(ledger)
        assert repr(each) == repr(ledger)
    assert all(len(each.entries()) == len(copies) for each in copies)


def test_workers_of_joblib_charge_the_same_file(ledger):
    tasks = (joblib.delayed(ledger.spend)(SMALL, owner=f"task {i}") for i in range(6))
    try:
        charges = joblib.Parallel(n_jobs=2, backend="loky")(tasks)
    finally:
        get_reusable_executor().shutdown(wait=True)
    assert sorted(charge.id for charge in charges) == [1, 2, 3, 4, 5, 6]
    assert sorted(ledger.entries(), key=lambda c: c.owner) == charges
    assert os.getpid() not in {charge.pid for charge in charges}


def test_a_pickle_whose_file_is_gone_does_not_open(ledger):
    stored = pickle.dumps(ledger)
    ledger.path.unlink()
    with pytest.raises(LedgerError, match=r"There is no ledger at .* Create it with a budget"):
        pickle.loads(stored)
    assert not ledger.path.exists()


def test_a_file_that_was_replaced_is_not_taken_for_the_first(ledger, tmp_path):
    stored = pickle.dumps(ledger)
    other = PrivacyLedger(tmp_path / "other", epsilon=1.0, delta=1e-5)
    os.replace(other.path, ledger.path)
    uses = (lambda: pickle.loads(stored), lambda: ledger.spend(SMALL), ledger.entries, ledger.spent)
    for use in uses:
        with pytest.raises(LedgerError, match="is not the file that was opened before"):
            use()
    assert PrivacyLedger(ledger.path).entries() == []


def test_a_missing_path_needs_a_budget(tmp_path):
    for options in ({}, {"delta": 1e-5}, {"unit": "row"}):
        with pytest.raises(LedgerError, match=r"There is no ledger at .*PrivacyLedger"):
            PrivacyLedger(tmp_path / "none", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "other",
    [
        {"epsilon": 2.0},
        {"delta": 1e-6},
        {"delta": 0.0},
        {"unit": "person"},
        {"unit": "nobody"},
        {"neighboring": "zero_out"},
        {"epsilon": 1.0, "delta": 1e-4},
    ],
)
def test_another_budget_than_the_stored_one_is_refused(ledger, other):
    with pytest.raises(LedgerError, match=r"has (epsilon|delta|unit|neighboring)=.*, not "):
        PrivacyLedger(ledger.path, **other)
    assert PrivacyLedger(ledger.path, epsilon=1, delta=1e-5, unit="row") == ledger


@pytest.mark.parametrize(
    "budget",
    [
        {"epsilon": 0},
        {"epsilon": -1.0},
        {"epsilon": math.inf},
        {"epsilon": math.nan},
        {"epsilon": "1"},
        {"epsilon": True},
        {"epsilon": 1.0, "delta": 1.0},
        {"epsilon": 1.0, "delta": -1e-9},
        {"epsilon": 1.0, "unit": "household"},
        {"epsilon": 1.0, "neighboring": "substitute"},
    ],
)
def test_a_bad_budget_creates_nothing(tmp_path, budget):
    with pytest.raises(InvalidParameterError, match=r"parameter of PrivacyLedger must be .* Got"):
        PrivacyLedger(tmp_path / "ledger", **budget)
    assert list(tmp_path.iterdir()) == []


def test_defaults_of_a_new_ledger(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=2)
    assert (ledger.epsilon, ledger.delta) == (2.0, 0.0)
    assert (ledger.unit, ledger.neighboring) == ("row", "replace_one")
    assert ledger.spent() == 0.0
    assert ledger.remaining() == 2.0


def test_charges_for_another_unit_are_refused(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, unit="person")
    with pytest.raises(LedgerError, match=r"Model protects one row, but .* counts by the person"):
        ledger.spend(dp_event.LaplaceDpEvent(9.0), owner="Model")
    ledger.spend(dp_event.LaplaceDpEvent(9.0), unit="person")
    assert len(ledger.entries()) == 1


@pytest.mark.parametrize("stored", ["replace_one", "zero_out", "add_remove"])
@pytest.mark.parametrize("asked", ["replace_one", "zero_out", "add_remove", "other"])
def test_relations_that_do_not_convert_are_refused(tmp_path, stored, asked):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, delta=1e-5, neighboring=stored)
    if asked == stored or (stored == "replace_one" and asked != "other"):
        assert ledger.spend(SMALL, neighboring=asked).neighboring == asked
    else:
        with pytest.raises(
            LedgerError, match=f"'{asked}', which does not convert to the '{stored}'"
        ):
            ledger.spend(SMALL, owner="Model", neighboring=asked)
        assert ledger.entries() == []


SAMPLED = dp_event.PoissonSampledDpEvent(0.5, dp_event.GaussianDpEvent(4.0))


@pytest.mark.parametrize("asked", ["zero_out", "add_remove"])
@pytest.mark.parametrize("event", [SAMPLED, dp_event.RandomizedResponseDpEvent(0.5, 2)])
def test_a_claim_about_an_absent_row_counts_twice_when_rows_are_replaced(tmp_path, asked, event):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=5.0, delta=1e-5)
    charge = ledger.spend(event, neighboring=asked)
    # By hand: e(d) at the d that satisfies (1 + exp(e))·d = delta.
    inner = 1e-5
    for _ in range(20):
        inner = 1e-5 / (1 + math.exp(accounting.epsilon(event, delta=inner, neighboring=asked)))
    expected = 2 * accounting.epsilon(event, delta=inner, neighboring=asked)
    assert charge.epsilon == pytest.approx(expected, rel=1e-6)
    assert charge.delta == 1e-5
    assert charge.event == EpsilonDeltaEvent(charge.epsilon, charge.delta)
    assert charge.epsilon > 1.9 * accounting.epsilon(event, delta=1e-5, neighboring=asked)


GAUSSIAN = dp_event.GaussianDpEvent
DOUBLED = {
    "Gaussian": (GAUSSIAN(4.0), GAUSSIAN(2.0)),
    "Laplace": (dp_event.LaplaceDpEvent(4.0), dp_event.LaplaceDpEvent(2.0)),
    "discrete Laplace": (
        dp_event.DiscreteLaplaceDpEvent(0.1, 2),
        dp_event.DiscreteLaplaceDpEvent(0.1, 4),
    ),
    "objective": (
        accounting.ObjectivePerturbationEvent(8.0, 0.1, False),
        accounting.ObjectivePerturbationEvent(4.0, 0.1, True),
    ),
    "pure": (EpsilonDeltaEvent(0.7, 0.0), EpsilonDeltaEvent(1.4, 0.0)),
    "sampler": (EpsilonDeltaEvent(0.0, 1e-7), EpsilonDeltaEvent(0.0, 2e-7)),
    "claim": (EpsilonDeltaEvent(0.5, 1e-8), EpsilonDeltaEvent(1.0, (1 + math.exp(0.5)) * 1e-8)),
    "composition": (
        accounting.compose_events(
            [dp_event.SelfComposedDpEvent(GAUSSIAN(8.0), 3), EpsilonDeltaEvent(0.0, 1e-9)]
        ),
        accounting.compose_events(
            [dp_event.SelfComposedDpEvent(GAUSSIAN(4.0), 3), EpsilonDeltaEvent(0.0, 2e-9)]
        ),
    ),
    "choice": (
        accounting.OneOfEvent([GAUSSIAN(8.0), dp_event.LaplaceDpEvent(9.0)]),
        accounting.OneOfEvent([GAUSSIAN(4.0), dp_event.LaplaceDpEvent(4.5)]),
    ),
    "repetition": (
        dp_event.RepeatAndSelectDpEvent(GAUSSIAN(12.0), 3.0, 1.0),
        dp_event.RepeatAndSelectDpEvent(GAUSSIAN(6.0), 3.0, 1.0),
    ),
}


@pytest.mark.parametrize("asked", ["zero_out", "add_remove"])
@pytest.mark.parametrize("absent, replaced", DOUBLED.values(), ids=DOUBLED)
def test_noise_for_an_absent_row_is_half_the_noise_for_a_replaced_one(
    tmp_path, asked, absent, replaced
):
    """The same mechanism costs the same, whichever relation it was declared under."""
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=9.0, delta=1e-5)
    charge = ledger.spend(absent, neighboring=asked)
    assert (charge.event, charge.neighboring) == (replaced, asked)
    assert charge.epsilon == accounting.epsilon(replaced, delta=1e-5)
    assert charge.epsilon == ledger.spend(replaced, neighboring="replace_one").epsilon


def test_gaussian_work_for_absent_rows_adds_up_like_squares_of_twice_its_mu(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, delta=1e-5)
    squares = accounting.gaussian_mu(1.0, 19 / 40 * 1e-5) ** 2
    for _ in range(math.floor(squares * (50.0 / 2) ** 2)):
        ledger.spend(SMALL, neighboring="zero_out")
    with pytest.raises(BudgetExceededError):
        ledger.spend(SMALL, neighboring="zero_out")


@pytest.mark.parametrize("doubling, holds", [(2, True), (1, False)])
@pytest.mark.parametrize("relation", ["zero_out", "add_remove"])
def test_doubling_bounds_the_laws_of_two_rows_that_are_apart(relation, doubling, holds):
    """Noise on sums of three points: two rows at norm 1 on opposite sides of an absent one."""
    x = np.linspace(-60, 60, 24_001)
    first, second = (norm.pdf(x, loc=at, scale=3.0) * (x[1] - x[0]) for at in (1.0, -1.0))
    event = GAUSSIAN(3.0 / doubling)  # the noise over the norm, and half of that
    for epsilon in (0.5, 1.0, 2.0):
        exact = np.maximum(0, first - math.exp(epsilon) * second).sum()
        assert bool(exact <= accounting.delta(event, epsilon=epsilon) * (1 + 1e-6)) is holds


def test_a_pure_claim_about_an_absent_row_is_doubled(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    charge = ledger.spend(dp_event.LaplaceDpEvent(2.5), neighboring="add_remove")
    assert (charge.event, charge.epsilon) == (dp_event.LaplaceDpEvent(1.25), 0.8)
    with pytest.raises(BudgetExceededError):
        ledger.spend(dp_event.LaplaceDpEvent(9.0), neighboring="add_remove")
    ledger.spend(dp_event.LaplaceDpEvent(10.0), neighboring="add_remove")


@pytest.mark.parametrize("chance", [1e-305, 1e-306])  # of an answer at random
def test_a_claim_that_cannot_be_converted_is_refused(tmp_path, chance):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1e9, delta=1e-5)
    event = dp_event.RandomizedResponseDpEvent(chance, 2)
    with pytest.raises(BudgetExceededError, match="asks for epsilon=inf"):
        ledger.spend(event, neighboring="zero_out")


@pytest.mark.parametrize("asked", ["zero_out", "add_remove"])
def test_an_objective_that_was_declared_for_replaced_rows_is_not_doubled_again(tmp_path, asked):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=9.0, delta=1e-5)
    event = accounting.ObjectivePerturbationEvent(8.0, 0.1, True)
    with pytest.raises(InvalidParameterError, match="its noise would count twice, or half"):
        ledger.spend(event, neighboring=asked)


def test_seeded_randomness_is_refused(ledger):
    with pytest.raises(InvalidParameterError, match=r"Model is seeded by random_state.*released"):
        ledger.spend(SMALL, owner="Model", seeded=True)
    assert ledger.entries() == []


@pytest.mark.parametrize("delta", [-1e-9, 2, math.nan, "1e-5"])
@pytest.mark.parametrize("neighboring", ["replace_one", "zero_out"])
def test_rejects_bad_deltas(ledger, delta, neighboring):
    with pytest.raises(InvalidParameterError, match=r"delta must be a number >= 0 and <= 1. Got"):
        ledger.spend(SMALL, delta=delta, neighboring=neighboring)
    assert ledger.entries() == []


@pytest.mark.parametrize(
    "event",
    [dp_event.NonPrivateDpEvent(), dp_event.GaussianDpEvent(0.0), dp_event.LaplaceDpEvent(0)],
)
def test_a_release_without_noise_never_fits(ledger, event):
    with pytest.raises(BudgetExceededError, match=r"asks for epsilon=inf .*Nothing was released"):
        ledger.spend(event)
    assert ledger.entries() == []


def test_entries_become_a_table(ledger):
    assert list(ledger.to_pandas().columns) == [
        "id", "time", "owner", "pid", "neighboring", "event", "epsilon", "delta"
    ]  # fmt: skip
    charges = [ledger.spend(SMALL, owner="a"), ledger.spend(dp_event.LaplaceDpEvent(40.0))]
    table = ledger.to_pandas()
    assert isinstance(table, pd.DataFrame)
    assert list(table["id"]) == [1, 2]
    assert list(table["owner"]) == ["a", "This charge"]
    assert list(table["epsilon"]) == [charge.epsilon for charge in charges]
    restored = [accounting.event_from_dict(json.loads(text)) for text in table["event"]]
    assert restored == [charge.event for charge in charges]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM charges",
        "UPDATE charges SET epsilon = 0",
        "INSERT OR REPLACE INTO charges SELECT id, time, 'thief', pid, neighboring, event, "
        "0, 0, 0, 0, 0, 0 FROM charges",
        "INSERT INTO charges SELECT NULL, time, 'thief', pid, neighboring, event, "
        "-1, -1, -1, 0, -1, 0 FROM charges",
        "DELETE FROM budget",
        "UPDATE budget SET epsilon = 100",
        "INSERT INTO budget SELECT uuid, 100, delta, unit, neighboring, created, dataset, "
        "renyi_order FROM budget",
        "DELETE FROM homes",
        "UPDATE homes SET inode = '1'",
        "INSERT OR REPLACE INTO homes SELECT id, '1', birth, path FROM homes",
    ],
)
def test_the_file_refuses_to_forget(ledger, statement):
    ledger.spend(SMALL)
    before = ledger.entries()
    connection = sqlite3.connect(ledger.path)
    with pytest.raises(sqlite3.IntegrityError, match=r"a ledger keeps its|CHECK constraint failed"):
        connection.execute(statement)
    connection.commit()
    connection.close()
    assert ledger.entries() == before
    assert PrivacyLedger(ledger.path).epsilon == 1.0


def test_what_the_parameter_of_an_estimator_stands_for(ledger, tmp_path):
    assert open_ledger(ledger) is ledger
    assert open_ledger(ledger.path) == open_ledger(str(ledger.path)) == ledger
    assert open_ledger(None).spend(full(100.0), owner="Model") is None
    with pytest.raises(InvalidParameterError, match="event must be"):
        open_ledger(None).spend(1.0)
    with pytest.raises(LedgerError, match="There is no ledger at"):
        open_ledger(tmp_path / "none")
    for bad in (1.0, ["ledger"], object()):
        with pytest.raises(InvalidParameterError, match="must be a path, a PrivacyLedger or None"):
            open_ledger(bad)
    assert list(tmp_path.iterdir()) == [ledger.path]


def test_a_relative_path_is_kept_when_the_folder_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ledger = PrivacyLedger("ledger", epsilon=1.0)
    monkeypatch.chdir("/")
    ledger.spend(dp_event.LaplaceDpEvent(9.0))
    assert ledger.path == tmp_path / "ledger"


@pytest.mark.parametrize("name", ["a b?c#d%20e&f=g", "größe", "'quoted'", "caf\udce9"])
def test_any_name_of_a_file_will_do(tmp_path, name):
    ledger = PrivacyLedger(tmp_path / name, epsilon=1.0)
    ledger.spend(dp_event.LaplaceDpEvent(9.0))
    assert len(PrivacyLedger(tmp_path / name).entries()) == 1
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    "kind",
    [kind for kind in vars(exceptions).values() if isinstance(kind, type)],
    ids=lambda kind: kind.__name__,
)
def test_every_exception_survives_pickling(kind):
    error = pickle.loads(pickle.dumps(kind("asks for epsilon=2, but 1 of 3 is left")))
    assert type(error) is kind
    assert error.args == ("asks for epsilon=2, but 1 of 3 is left",)
    assert str(error) == "asks for epsilon=2, but 1 of 3 is left"


def test_a_refusal_in_a_worker_is_raised_here(ledger):
    try:
        with pytest.raises(BudgetExceededError, match="Model asks for epsilon=2"):
            joblib.Parallel(n_jobs=2)([joblib.delayed(ledger.spend)(full(2.0), owner="Model")] * 2)
    finally:
        get_reusable_executor().shutdown(wait=True)
    assert ledger.entries() == []
