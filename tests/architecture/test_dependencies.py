"""Dependencies: lower bounds that are tested, pins that satisfy them, extras that exist."""

import ast
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def requirements(*extras):
    """Return the requirements of the core and of extras, without references to this project."""
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    return [r for r in map(Requirement, texts) if r.name != PROJECT["name"]]


def pins(text):
    """Return the version that each line of a constraints file fixes, by package."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {
        canonicalize_name(name): Version(version)
        for name, version in (line.split("==") for line in lines)
    }


def untested_bounds(required, pinned):
    """Return the requirements whose lower bound is not the pinned version."""
    return [
        str(requirement)
        for requirement in required
        if [Version(bound.version) for bound in requirement.specifier if bound.operator == ">="]
        != [pinned.get(canonicalize_name(requirement.name))]
    ]


def broken_pins(required, pinned):
    """Return the requirements that the pinned versions lack or break."""
    names = [canonicalize_name(requirement.name) for requirement in required]
    return [
        str(requirement)
        for requirement, name in zip(required, names, strict=True)
        if name not in pinned or not requirement.specifier.contains(pinned[name], prereleases=True)
    ]


def required_extras(source):
    """Return the extras that the calls of `require` in a module name."""
    return {
        keyword.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "require"
        for keyword in node.keywords
        if keyword.arg == "extra"
    }


def test_oldest_pins_are_the_lower_bounds():
    oldest = pins((ROOT / "constraints-oldest.txt").read_text(encoding="utf-8"))
    assert untested_bounds(requirements("test"), oldest) == []


def test_every_requirement_is_pinned_within_its_bounds():
    newest = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    assert broken_pins(requirements(*EXTRAS), newest) == []


@pytest.mark.parametrize("pin", ["numpy==2.0.1", "scipy==2.0"])
def test_bound_checks_see_a_wrong_pin(pin):
    required = [Requirement("numpy>=2.0,<2.0.1")]
    assert untested_bounds(required, pins(pin)) == broken_pins(required, pins(pin)) != []
    assert untested_bounds(required, pins("NumPy==2.0.0")) == []
    assert broken_pins(required, pins("# the floor\nNumPy==2.0.0")) == []


def test_every_extra_is_one_that_the_code_imports():
    packages = ("sklearn_private", "torch_private")
    files = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    named = set().union(*(required_extras(path.read_text(encoding="utf-8")) for path in files))
    assert named == EXTRAS.keys() - {"all", "lint", "test", "test-torch"}  # and no other extra
    assert required_extras("_optional.require('x', extra='y')\nrequire('a', extra='b')") == {
        "y",
        "b",
    }
