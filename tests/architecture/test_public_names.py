"""Public names: sorted, resolvable, documented; and code only in files that start with `_`."""

import ast
import importlib
import inspect
import pkgutil
import types
from dataclasses import dataclass
from pathlib import Path

import pytest

import sklearn_private
import torch_private

ROOT = Path(__file__).parents[2]
PACKAGES = [
    "sklearn_private",
    *(
        package.name
        for package in pkgutil.walk_packages(sklearn_private.__path__, "sklearn_private.")
        if package.ispkg
    ),
    "torch_private",
    *(
        package.name
        for package in pkgutil.iter_modules(torch_private.__path__, "torch_private.")
        if package.ispkg
    ),
]


def rank(name):
    """Return the place of a name in `__all__`: constants, classes, the rest (ruff's RUF022)."""
    return (not name.isupper(), not name[0].isupper(), name)


def is_documented(value):
    """Return whether a public value has its own docstring; constants need none."""
    if inspect.isclass(value):
        text = vars(value).get("__doc__") or ""
        return bool(text) and not text.startswith(f"{value.__name__}(")  # a dataclass writes that
    return not inspect.isroutine(value) or bool(value.__doc__)


def name_faults(package):
    """Return what is wrong with the public names of an imported package."""
    names = list(getattr(package, "__all__", []))
    if not names:
        return [f"{package.__name__} has no __all__"]
    faults = [f"{package.__name__}.__all__ is not sorted"] * (names != sorted(names, key=rank))
    for name in names:
        if not hasattr(package, name):
            faults.append(f"{package.__name__}.{name} does not resolve")
        elif not is_documented(getattr(package, name)):
            faults.append(f"{package.__name__}.{name} has no docstring")
    return faults


def place_faults(source, path):
    """Return what a module holds that belongs into a file of another name."""
    if path.name == "__init__.py":
        return [
            f"{path} defines {node.name}"
            for node in ast.parse(source).body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name not in {"__getattr__", "__dir__"}  # what lazy imports need
        ]
    if path.name.startswith("_") or path == Path("sklearn_private/exceptions.py"):
        return []
    return [f"{path} does not start with an underscore"]


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_sorted_and_documented(name):
    if name.startswith("torch_private"):
        pytest.importorskip("torch")
    assert name_faults(importlib.import_module(name)) == []


def documented():
    """Do nothing."""


def bare():
    pass


@dataclass
class Bare:
    x: int


@pytest.mark.parametrize(
    "names, fault",
    [
        ({}, "no __all__"),
        ({"b": documented, "a": documented}, "not sorted"),
        ({"a": bare}, "no docstring"),
        ({"A": Bare}, "no docstring"),
        ({"A": type("A", (ValueError,), {})}, "no docstring"),
    ],
)
def test_name_check_sees_a_fault(names, fault):
    package = types.ModuleType("planted")
    vars(package).update(names, __all__=list(names))
    (found,) = name_faults(package)
    assert fault in found


def test_name_check_sees_a_name_that_is_not_there():
    package = types.ModuleType("planted")
    vars(package).update(a=documented, X=1, __all__=["X", "a", "missing"])
    assert name_faults(package) == ["planted.missing does not resolve"]


def test_code_is_in_private_files():
    faults = []
    for package in ("sklearn_private", "torch_private"):
        for path in sorted((ROOT / package).rglob("*.py")):
            faults += place_faults(path.read_text(encoding="utf-8"), path.relative_to(ROOT))
    assert faults == []


@pytest.mark.parametrize(
    "path, source, count",
    [
        ("sklearn_private/dp/ridge.py", "", 1),
        ("sklearn_private/dp/exceptions.py", "", 1),
        ("sklearn_private/dp/__init__.py", "def f(): ...\nclass C: ...", 2),
        ("sklearn_private/dp/__init__.py", "from ._x import f\ndef __getattr__(name): ...", 0),
        ("sklearn_private/dp/_ridge.py", "def f(): ...", 0),
        ("sklearn_private/exceptions.py", "class E(Exception): ...", 0),
    ],
)
def test_place_check_sees_code_in_the_wrong_file(path, source, count):
    assert len(place_faults(source, Path(path))) == count


@pytest.mark.parametrize("package", [sklearn_private, torch_private])
def test_lazy_names_stand_in_all_and_are_imported_for_type_checkers(package):
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    typed = {
        alias.name: node.module
        for branch in tree.body
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in branch.body
        for alias in node.names
    }
    assert typed == package._HOMES
    assert set(package.__all__) - {"__version__"} == set(typed)
