import math

import pytest
from dp_accounting import GaussianDpEvent, NonPrivateDpEvent

from sklearn_private import PrivacyLedger, accounting
from sklearn_private.statements import (
    Account,
    AggregationStatement,
    AnonymityStatement,
    DPStatement,
    Finding,
    MinimisationStatement,
    PrivacyStatement,
    Search,
    Step,
    charge_name,
    compose,
)

COMMON = {"protects": "rows", "unit": "row", "against": "readers"}


def promise(kind="DPStatement", **fields):
    """A statement of one kind with everything that it needs."""
    if kind == "DPStatement":
        multiplier = 1 / accounting.gaussian_mu(1.0, 1e-5)
        needed = {
            "epsilon": 1.0,
            "delta": 1e-5,
            "neighboring": "replace_one",
            "event": GaussianDpEvent(multiplier),
        }
        return DPStatement(owner="DPModel", **COMMON | needed | fields)
    if kind == "AnonymityStatement":
        needed = {"k": 5, "n_people": 90, "information_loss": 0.3}
        return AnonymityStatement(owner="Anonymizer", **COMMON | needed | fields)
    return MinimisationStatement(owner="Remover", **COMMON | fields)


def step(name, *behind, stateful=True, statement=None):
    return Step(f"pipeline.{name}", name.title(), stateful, statement, behind)


def levels(composition):
    return [(finding.level, finding.where) for finding in composition.findings]


def dp_model(*behind, name="model", **fields):
    return step(name, *behind, statement=promise(**fields))


# 1. before


def test_a_step_fitted_without_dp_voids_the_claim_behind_it():
    scaler = step("scaler")
    found = compose([scaler, dp_model(scaler)])
    assert levels(found) == [("error", "pipeline.scaler")]
    assert "Scaler was fitted on the same rows" in found.findings[0].message
    assert "DomainEncoder" in found.findings[0].remedy
    assert not found.holds


def test_a_step_that_learns_nothing_voids_nothing_wherever_it_stands():
    stateless = step("encoder", stateful=False)
    elsewhere = step("other", stateful=False)
    found = compose([stateless, elsewhere, dp_model(stateless)])
    assert found.findings == ()
    assert found.holds


def test_a_dp_step_in_front_voids_nothing_and_its_claim_counts():
    first = dp_model(name="first")
    found = compose([first, dp_model(first)])
    assert found.findings == ()
    assert 1.0 < found.epsilon < 2.0


def test_an_anonymizer_and_a_detecting_remover_void_the_claim_with_their_own_remedy():
    anonymizer = step("anonymizer", statement=promise("AnonymityStatement"))
    remover = step("remover", statement=promise("MinimisationStatement", detected=True))
    found = compose([anonymizer, remover, dp_model(anonymizer, remover)])
    remedies = {f.where: f.remedy for f in found.findings if f.level == "error"}
    assert "original columns" in remedies["pipeline.anonymizer"]
    assert "declare the columns" in remedies["pipeline.remover"]


def test_a_remover_of_declared_columns_voids_nothing():
    remover = step("remover", stateful=False, statement=promise("MinimisationStatement"))
    assert compose([remover, dp_model(remover)]).findings == ()


# 2. around


def test_a_model_fitted_behind_a_dp_step_is_not_covered():
    first = dp_model(name="first")
    found = compose([first, step("plain", first)])
    assert levels(found) == [("error", "pipeline.plain")]
    assert "does not cover it" in found.findings[0].message
    assert not found.holds


def test_fits_that_a_step_drops_make_the_joint_claim_infinite_without_a_record():
    dropping = Step("rfe", "RFE", True, hides_fits=True, does="drops fits")
    found = compose([dropping])
    assert levels(found) == [("error", "rfe")]
    assert "drops fits, which no claim counts" in found.findings[0].message
    assert found.epsilon == math.inf


# 3. beside


def test_what_was_fitted_without_dp_beside_a_dp_step_is_released_with_it():
    found = compose([step("other"), dp_model()])
    assert [(f.level, f.code, f.where) for f in found.findings] == [
        ("error", "released-beside", "pipeline.other")
    ]
    assert not found.holds


def test_a_step_that_learns_nothing_behind_a_dp_step_is_fine():
    first = dp_model(name="first")
    assert compose([first, step("rounding", first, stateful=False)]).findings == ()


# 4. sums


def pay(ledger, n=1):
    return [ledger.spend(promise().event, owner="DPModel", delta=1e-5) for _ in range(n)]


def paid(ledger, charge, name="model", **fields):
    return dp_model(name=name, charges=(charge_name(ledger, charge),), **fields)


def test_the_joint_claim_is_never_below_what_the_ledger_holds_for_the_object(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=50, delta=1e-5)
    first, second = pay(ledger, 2)
    found = compose([paid(ledger, first, "a"), paid(ledger, second, "b")], (), [Account(ledger)])
    alone = compose([dp_model(name="a"), dp_model(name="b")])
    assert found.epsilon == ledger.spent() > alone.epsilon
    assert found.findings == ()


def test_fits_that_were_dropped_count_by_what_the_ledger_holds(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=50, delta=1e-5)
    charges = pay(ledger, 5)
    kept = paid(ledger, charges[-1])
    dropping = Step("m", "RFE", True, None, (kept,), hides_fits=True, has_ledger=True)
    found = compose([kept, dropping], (), [Account(ledger)])
    assert found.epsilon >= ledger.spent() > 2
    assert [f.code for f in found.findings] == ["not-covered"]


def test_charges_of_other_objects_are_a_note_and_no_part_of_the_claim(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=50, delta=1e-5)
    charges = pay(ledger, 3)
    found = compose([paid(ledger, charges[0])], (), [Account(ledger)])
    assert found.epsilon == pytest.approx(1.0)
    assert [(f.level, f.code) for f in found.findings] == [("note", "other-charges")]
    assert f"2 of 3 charges in {ledger.path}" in found.findings[0].message
    assert f"epsilon is {ledger.spent():.4g}" in found.findings[0].message


def test_one_release_in_two_places_counts_once_where_a_charge_shows_it(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=50, delta=1e-5)
    first, second = pay(ledger, 2)
    twice = compose([paid(ledger, first, "a"), paid(ledger, first, "b")], (), [Account(ledger)])
    assert twice.epsilon == pytest.approx(1.0)
    apart = compose([paid(ledger, first, "a"), paid(ledger, second, "b")], (), [Account(ledger)])
    assert apart.epsilon > 1.3
    # Without a charge nobody can tell one release from two.
    assert compose([dp_model(name="a"), dp_model(name="b")]).epsilon > 1.3


def test_a_claim_is_stated_under_the_relation_of_the_ledger_that_paid_for_it(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=50, delta=1e-5)
    charge = ledger.spend(promise().event, delta=1e-5, neighboring="zero_out")
    found = compose([paid(ledger, charge, neighboring="zero_out")], (), [Account(ledger)])
    assert found.neighboring == "replace_one"
    assert found.epsilon >= ledger.spent() > 1.9


def test_claims_about_the_same_rows_add_up_through_their_events():
    found = compose([dp_model(name="a"), dp_model(name="b", delta=1e-6)])
    both = accounting.compose_events([promise().event] * 2)
    assert found.epsilon == accounting.epsilon(both, delta=1e-5)
    assert 1.0 < found.epsilon < 2.0
    assert (found.delta, found.neighboring, found.unit) == (1e-5, "replace_one", "row")


def test_one_claim_is_the_joint_claim_and_no_claim_is_none():
    found = compose([dp_model(epsilon=0.5, neighboring="zero_out", unit="person")])
    assert found.epsilon == 0.5
    assert (found.delta, found.neighboring, found.unit) == (1e-5, "zero_out", "person")
    without = compose([step("plain")])
    assert (without.epsilon, without.delta, without.neighboring) == (None, None, None)


def test_claims_under_different_relations_are_converted_and_summed():
    found = compose([dp_model(name="a"), dp_model(name="b", neighboring="zero_out")])
    assert found.epsilon == 1.0 + 2 * 1.0
    assert found.delta == pytest.approx(1e-5 + (1 + math.e) * 1e-5)
    assert found.neighboring == "replace_one"
    huge = compose([dp_model(name="a"), dp_model(name="b", neighboring="zero_out", epsilon=1e4)])
    assert (huge.epsilon, huge.delta) == (20_001.0, 1.0)


def test_claims_under_one_other_relation_keep_it():
    found = compose([dp_model(name=name, neighboring="add_remove") for name in "ab"])
    assert found.neighboring == "add_remove"
    assert found.epsilon < 2.0


def test_claims_without_a_joint_curve_are_summed():
    bound = accounting.EpsilonDeltaEvent(1.0, 1e-5)  # Twice its delta is above the largest delta.
    found = compose([dp_model(name=name, event=bound) for name in "ab"])
    assert (found.epsilon, found.delta) == (2.0, 2e-5)
    unknown = compose([dp_model(name=name, event=NonPrivateDpEvent()) for name in "ab"])
    assert (unknown.epsilon, unknown.delta) == (2.0, 2e-5)


def test_the_unit_of_a_sum_is_the_smallest_one():
    units = ["site", "person"]
    found = compose([dp_model(name=unit, unit=unit) for unit in units])
    assert found.unit == "person"


def test_parts_of_a_statement_count_like_steps_of_their_own():
    inside = AggregationStatement(
        owner="Wrapper", **COMMON, n_parties=3, learns={"server": "sums"}, parts=(promise(),)
    )
    found = compose([step("wrapper", statement=inside), dp_model()])
    assert 1.0 < found.epsilon < 2.0


def test_one_infinite_claim_makes_the_sum_infinite():
    found = compose([dp_model(name="a"), dp_model(name="b", epsilon=math.inf)])
    assert found.epsilon == math.inf


# 3. tables


def test_a_dp_model_and_a_k_anonymous_table_of_the_same_rows_are_not_dp():
    table = step("table", statement=promise("AnonymityStatement"))
    found = compose([table, dp_model()])
    assert levels(found) == [("error", "pipeline.table")]
    assert "together not differentially private" in found.findings[0].message


def test_a_table_in_front_is_reported_once():
    table = step("table", statement=promise("AnonymityStatement"))
    assert len(compose([table, dp_model(table)]).findings) == 1


def test_a_table_of_other_rows_is_fine_unless_it_is_part_of_the_same_object():
    table = Step("a.table", "Table", True, promise("AnonymityStatement"))
    model = Step("b.model", "Model", True, promise())
    assert compose([table, model], same_rows=False).findings == ()
    assert len(compose([table, model], same_rows=True).findings) == 1
    beside = Step("a.model", "Model", True, promise())
    assert len(compose([table, model, beside], same_rows=False).findings) == 1


# 5. searches


@pytest.mark.parametrize("has_ledger, expected", [(True, ["error"]), (False, ["error", "warning"])])
def test_a_search_by_raw_scores_is_an_error_and_without_a_ledger_its_sum_is_unknown(
    has_ledger, expected
):
    search = Search("search", "GridSearchCV", 13, has_ledger, private=True)
    found = compose([dp_model()], [search])
    assert [f.level for f in found.findings] == expected
    assert "raw scores" in found.findings[0].message
    assert has_ledger or "13 private fits" in found.findings[1].message


def test_a_search_over_fits_without_claims_is_not_our_business():
    search = Search("search", "GridSearchCV", 13, False, private=False)
    assert compose([dp_model()], [search]).findings == ()


# 8. what statements know themselves


def test_findings_of_statements_and_parts_are_told_with_their_place():
    own = Finding.error("seeded-noise", "the noise is seeded", "unseed it")
    inner = Finding.warning("labels", "labels were learned", "declare them", where="part")
    statement = promise(findings=(inner,), parts=(promise(findings=(own,)),))
    found = compose([step("model", statement=statement)])
    assert levels(found) == [("error", "pipeline.model"), ("warning", "pipeline.model.part")]
    assert compose([dp_model()]).findings == ()


def test_conditions_of_a_step_matter_only_beside_a_claim():
    condition = Finding.warning("a-code", "it is so", "mend it")
    frozen = Step("pipeline.frozen", "Frozen", False, findings=(condition,))
    assert levels(compose([frozen, dp_model()])) == [("warning", "pipeline.frozen")]
    assert [f.code for f in compose([frozen]).findings] == ["no-promise"]


@pytest.mark.parametrize(
    "delta, n_rows, large",
    [
        (0.05, 400, True),
        (1 / 400, 400, True),
        (0.0024, 400, False),
        (0.5, None, False),
        (0, 9, False),
    ],
)
def test_a_delta_of_one_over_n_or_more_is_a_finding(delta, n_rows, large):
    found = compose([dp_model(delta=delta, n_rows=n_rows)])
    expected = [("warning", "large-delta", "pipeline.model.delta")] if large else []
    assert [(f.level, f.code, f.where) for f in found.findings] == expected


def test_deltas_that_are_large_together_only_are_a_finding_of_the_joint_claim():
    bound = accounting.EpsilonDeltaEvent(1.0, 6e-4)
    parts = [dp_model(name=name, event=bound, delta=6e-4, n_rows=1000) for name in "ab"]
    assert compose(parts[:1]).findings == ()
    (finding,) = compose(parts).findings
    assert (finding.code, finding.where) == ("large-delta", "joint claim")
    assert "delta = 0.0012" in finding.message


# 9. what nobody can see


def test_what_no_walk_can_see_is_assumed_where_something_is_claimed():
    opaque = Step("pipeline.f", "Function", False, assumes=("the mean in f is public",))
    assumed = compose([opaque, dp_model()]).assumes
    assert assumed[0] == "pipeline.f: the mean in f is public"
    assert "without looking at the rows" in assumed[1]
    assert compose([opaque]).assumes == ()


# all together


def test_the_gravest_findings_come_first_and_each_comes_once():
    seeded = Finding.error("seeded-noise", "seeded", "unseed")
    note = Finding.note("a-fact", "a fact", "know it")
    scaler = step("scaler")
    first = dp_model(scaler, findings=(note, seeded, seeded))
    found = compose([scaler, first, step("plain", scaler, first)])
    assert [f.level for f in found.findings] == ["error", "error", "error", "note"]


def test_an_object_without_any_promise_is_told_so():
    found = compose([step("plain"), step("other", statement=PrivacyStatement(owner="E", **COMMON))])
    assert levels(found) == [("warning", "pipeline.plain")]
    assert "no part of it makes a privacy promise" in found.findings[0].message
    assert compose([]).findings == ()
