"""Every code of a finding is listed in the docs, with what fires it, and the docs list no other."""

import ast
import re
from pathlib import Path

import pytest

from sklearn_private.statements import Finding

ROOT = Path(__file__).parents[2]
PACKAGES = ("sklearn_private", "torch_private")
LEVELS = ("error", "warning", "note")


def codes_in(source):
    """Yield the code of each finding that a module makes, and its level: None where it varies."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        read_back = [keyword.arg for keyword in node.keywords] == [None]  # Finding(**data)
        if name == "Finding" and not read_back:
            yield ast.literal_eval(node.args[1]), None
        elif name in {f"Finding.{level}" for level in LEVELS}:
            yield ast.literal_eval(node.args[0]), name.partition(".")[2]


def made():
    """Return the levels at which the packages make each code."""
    levels = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for code, level in codes_in(path.read_text(encoding="utf-8")):
                levels.setdefault(code, set()).add(level)
    return levels


def listed():
    """Return the levels that the docs name for each code, in the order of the table."""
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| [^|]{20,} \|$", text, re.M)
    return {code: set(levels.strip().split(", ")) for code, levels in rows}


def test_the_docs_list_every_code_and_no_other_in_order():
    assert list(listed()) == sorted(made())


def test_the_docs_name_the_levels_of_each_code():
    documented = listed()
    for code, levels in made().items():
        assert levels - {None} <= documented[code], code
        assert None in levels or levels == documented[code], code
        assert documented[code] <= set(LEVELS), code


def test_the_search_for_codes_sees_each_way_to_make_a_finding():
    source = (
        'Finding.note("one-code", "", "")\nFinding(level, "other-code", "", "")\nOther("x", "y")'
    )
    assert set(codes_in(source)) == {("one-code", "note"), ("other-code", None)}
    assert list(codes_in("Finding(**data)")) == []
    with pytest.raises(ValueError, match="malformed node"):
        list(codes_in("Finding.error(code, message, remedy)"))  # a code must be written out


@pytest.mark.parametrize("level", LEVELS)
def test_a_finding_of_each_level_is_made_by_name_and_placed_by_path(level):
    finding = getattr(Finding, level)("a-code", "it is so", "mend it", where="parameter")
    assert finding == Finding(level, "a-code", "it is so", "mend it", "parameter")
    assert finding.within("pipeline.step").where == "pipeline.step.parameter"
    assert getattr(Finding, level)("a-code", "", "").within("pipeline").where == "pipeline"
