import dataclasses
import json
import math
import pickle

import numpy as np
import pytest
from dp_accounting import ComposedDpEvent, GaussianDpEvent
from jsonschema import Draft202012Validator

import sklearn_private.statements as statements
from sklearn_private import accounting
from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.statements import (
    AggregationStatement,
    AnonymityStatement,
    DPStatement,
    EncryptionStatement,
    Finding,
    MinimisationStatement,
    MultiPartyStatement,
    PrivacyStatement,
    library_version,
    schema,
    statement_from_dict,
    validate,
)

COMMON = {"owner": "Model", "protects": "one row", "unit": "row", "against": "readers"}
EVENT = ComposedDpEvent((GaussianDpEvent(2.0), accounting.EpsilonDeltaEvent(0.0, 1e-9)))
EXAMPLES = {
    PrivacyStatement: {},
    DPStatement: {"epsilon": 1.0, "delta": 1e-5, "neighboring": "zero_out", "event": EVENT},
    AnonymityStatement: {
        "k": 5,
        "n_people": 90,
        "information_loss": 0.25,
        "quasi_identifiers": ("age", "sex"),
        "sensitive": ("disease",),
    },
    MinimisationStatement: {"removed": ("name",), "masked": ("zip", "phone"), "detected": True},
    EncryptionStatement: {"scheme": "Paillier", "security_bits": 128, "simulation": True},
    AggregationStatement: {"n_parties": 3, "learns": {"server": "sums"}},
    MultiPartyStatement: {"n_parties": 3, "learns": {"all": "the model"}, "simulation": True},
}
KINDS = pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)


def example(kind, **fields):
    return kind(**COMMON | EXAMPLES[kind] | fields)


def passes(data):
    """Whether data satisfy the schema; our own check and jsonschema must agree."""
    ours = True
    try:
        validate(data, schema())
    except InvalidParameterError:
        ours = False
    assert ours is Draft202012Validator(schema()).is_valid(data)
    return ours


def test_every_kind_of_statement_has_an_example():
    public = {getattr(statements, name) for name in statements.__all__ if "Statement" in name}
    assert public == set(EXAMPLES)


@KINDS
def test_a_statement_as_json_satisfies_the_schema(kind):
    finding = Finding.warning("a-code", "labels were learned", "declare them", where="clf")
    statement = example(
        kind,
        releases=("coef_",),
        parameters={"l2": np.float64(0.5), "bounds": (1, 2.0), "epsilon": math.inf},
        findings=(finding,),
        parts=(example(DPStatement), example(EncryptionStatement)),
    )
    data = json.loads(json.dumps(statement.to_dict(), allow_nan=False))
    assert passes(data)
    assert data["kind"] == kind.__name__
    assert data["parameters"] == {"l2": 0.5, "bounds": [1, 2.0], "epsilon": "infinity"}
    assert data["findings"] == [dataclasses.asdict(finding)]
    assert [part["kind"] for part in data["parts"]] == ["DPStatement", "EncryptionStatement"]


@KINDS
def test_the_schema_sees_a_missing_and_a_malformed_field(kind):
    good = example(kind).to_dict()
    assert passes(good)
    for name in good.keys() & set(schema()["required"]):
        assert not passes({k: v for k, v in good.items() if k != name})
    for name in EXAMPLES[kind]:
        assert not passes({k: v for k, v in good.items() if k != name})
    for name, value in [("unit", "house"), ("leaks", "a"), ("schema_version", 0), ("parts", [1])]:
        assert not passes({**good, name: value})
    finding = {"level": "note", "code": "a-code", "where": "", "message": "", "remedy": ""}
    assert passes({**good, "findings": [finding]})
    for name, value in [("level", "fatal"), ("code", "No code"), ("code", "")]:
        assert not passes({**good, "findings": [{**finding, name: value}]})


@KINDS
def test_a_statement_is_frozen_compares_and_pickles(kind):
    statement = example(kind)
    assert pickle.loads(pickle.dumps(statement)) == statement == example(kind)
    assert statement != example(kind, protects="another row")
    with pytest.raises(dataclasses.FrozenInstanceError):
        statement.owner = "Someone"


CLAIMS = {
    PrivacyStatement: "one row",
    DPStatement: "(1, 1e-05)-differential privacy, zero-out, one row",
    AnonymityStatement: (
        "5-anonymity of 90 people over 2 quasi-identifiers (0 suppressed, information loss 0.250)"
    ),
    MinimisationStatement: "1 detected columns dropped, 2 detected columns masked",
    EncryptionStatement: "Paillier, 128-bit security; simulation in one process",
    AggregationStatement: "3 parties: server learns sums",
    MultiPartyStatement: "3 parties: all learns the model (simulation in one process)",
}


@KINDS
def test_the_claim_fits_in_a_line_and_is_read_first(kind):
    statement = example(kind)
    assert statement.claim() == CLAIMS[kind]
    assert statement.claim() in repr(statement)
    assert repr(statement).startswith(f"{kind.__name__} of Model ({statement.technique})\n")


def test_an_infinite_epsilon_is_no_claim():
    seeded = example(DPStatement, epsilon=math.inf, randomness="seeded")
    assert seeded.claim().startswith("none: epsilon = infinity")
    data = json.loads(json.dumps(seeded.to_dict(), allow_nan=False))
    assert passes(data)
    assert data["epsilon"] == "infinity"


def test_the_event_can_be_read_back_from_the_json():
    data = json.loads(json.dumps(example(DPStatement).to_dict()))
    assert accounting.event_from_dict(data["event"]) == EVENT


def test_what_is_empty_is_not_shown_to_people():
    shown = dict(example(DPStatement, leaks=("the number of rows",)).rows())
    assert shown["leaks"] == "the number of rows"
    assert {"releases", "assumes", "mechanism", "bounds"}.isdisjoint(shown)
    assert "claim" not in dict(example(PrivacyStatement).rows())  # it would repeat "protects"


def test_parts_are_flattened_depth_first():
    inner = example(DPStatement, owner="inner")
    outer = example(MultiPartyStatement, owner="outer", parts=(inner,))
    top = example(AggregationStatement, owner="top", parts=(outer, example(EncryptionStatement)))
    assert [s.owner for s in top.flatten()] == ["top", "outer", "inner", "Model"]
    assert repr(inner).splitlines()[1].strip() in repr(top)


def test_a_statement_tells_which_library_made_it():
    assert example(PrivacyStatement).version == library_version()
    assert library_version().startswith("sklearn-private ")


@KINDS
def test_a_statement_is_read_back_from_its_json(kind):
    statement = example(
        kind,
        releases=("coef_",),
        findings=(Finding.note("a-code", "a fact", "know it", where="here"),),
        parts=(example(DPStatement, epsilon=math.inf, charges=("uuid/1",), n_rows=9),),
    )
    assert statement_from_dict(json.loads(json.dumps(statement.to_dict()))) == statement


def test_a_statement_of_an_unknown_kind_is_not_read():
    with pytest.raises(InvalidParameterError, match="kind of a statement must be one of"):
        statement_from_dict({**example(PrivacyStatement).to_dict(), "kind": "OathStatement"})


@pytest.mark.parametrize(
    "name, value", [("epsilon", -1), ("epsilon", "large"), ("delta", 1.5), ("n_rows", -3)]
)
def test_the_schema_refuses_numbers_that_are_no_claims(name, value):
    good = example(DPStatement).to_dict()
    assert passes(good)
    assert not passes({**good, name: value})
    with pytest.raises(InvalidParameterError, match=f"break their schema at /{name}"):
        validate({**good, name: value}, schema())


def test_a_rule_that_the_check_does_not_know_is_no_pass():
    with pytest.raises(KeyError, match="multipleOf"):
        validate(3, {"multipleOf": 2})
