import math

import pytest
from dp_accounting import GaussianDpEvent, NonPrivateDpEvent

from sklearn_private import accounting
from sklearn_private.statements import (
    AggregationStatement,
    AnonymityStatement,
    DPStatement,
    Finding,
    MinimisationStatement,
    PrivacyStatement,
    Search,
    Step,
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


def test_a_step_that_learns_nothing_or_stands_elsewhere_voids_nothing():
    stateless = step("encoder", stateful=False)
    elsewhere = step("other")
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


# 2. after


def test_a_model_fitted_behind_a_dp_step_is_not_covered():
    first = dp_model(name="first")
    found = compose([first, step("plain", first)])
    assert levels(found) == [("warning", "pipeline.plain")]
    assert "does not cover it" in found.findings[0].message
    assert found.holds


def test_a_step_that_learns_nothing_behind_a_dp_step_is_fine():
    first = dp_model(name="first")
    assert compose([first, step("rounding", first, stateful=False)]).findings == ()


# 3. sums


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


# 4. tables


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


# 6. what statements know themselves


def test_findings_of_statements_and_parts_are_told_with_their_place():
    own = Finding.error("seeded-noise", "the noise is seeded", "unseed it")
    inner = Finding.warning("labels", "labels were learned", "declare them", where="part")
    statement = promise(findings=(inner,), parts=(promise(findings=(own,)),))
    found = compose([step("model", statement=statement)])
    assert levels(found) == [("error", "pipeline.model"), ("warning", "pipeline.model.part")]
    assert compose([dp_model()]).findings == ()


# all together


def test_the_gravest_findings_come_first_and_each_comes_once():
    seeded = Finding.error("seeded-noise", "seeded", "unseed")
    note = Finding.note("a-fact", "a fact", "know it")
    scaler = step("scaler")
    first = dp_model(scaler, findings=(note, seeded, seeded))
    found = compose([scaler, first, step("plain", scaler, first)])
    assert [f.level for f in found.findings] == ["error", "error", "warning", "note"]


def test_an_object_without_any_promise_is_told_so():
    found = compose([step("plain"), step("other", statement=PrivacyStatement(owner="E", **COMMON))])
    assert levels(found) == [("warning", "pipeline.plain")]
    assert "no part of it makes a privacy promise" in found.findings[0].message
    assert compose([]).findings == ()
