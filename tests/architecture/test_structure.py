"""The shape of the packages: rooms, circles, lengths, types; `tools/structure.py` prints it."""

import ast
import importlib.util
from pathlib import Path
from statistics import quantiles

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("structure", ROOT / "tools" / "structure.py")
structure = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(structure)

# Names of torch that begin with an underscore, and why no public one does.
PRIVATE_TORCH = {
    "torch._C": "the module of the next name",
    "torch._C._current_graph_task_id": "tells one backward pass from the next; torch has no other",
    "torch._foreach_copy_": "one call for all parameters; a loop is 5 times slower",
    "torch._foreach_lerp_": "one call for all parameters; a loop is 5 times slower",
    "torch.nn.modules.batchnorm._BatchNorm": "the base of every batch normalisation",
    "torch.overrides._pop_mode": "sets the function mode aside; torch has no public way",
    "torch.overrides._push_mode": "sets the function mode aside; torch has no public way",
}


def parse(source):
    """Return the tree of a planted module."""
    return ast.parse(source)


@pytest.mark.parametrize("package", structure.PACKAGES)
def test_no_room_imports_a_room_that_imports_it(package):
    graph = structure.arrows(package)
    assert len(graph) > 20
    assert structure.circles(graph) == []


def test_a_circle_of_three_is_seen():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert structure.circles(graph) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert structure.circles({"a": {"b", "c"}, "b": {"c"}}) == []


@pytest.mark.parametrize("package", structure.PACKAGES)
def test_no_folder_holds_more_rooms_than_a_reader_can_keep_in_mind(package):
    folders = [path.parent for path in sorted((ROOT / package).rglob("__init__.py"))]
    crowded = {
        str(folder.relative_to(ROOT)): found
        for folder in folders
        if len(found := structure.rooms(folder)) > structure.MOST_ROOMS
    }
    crowded.pop("sklearn_private", None)  # its rooms are the layers of the design
    assert crowded == {}


def test_functions_are_short():
    modules = [module for package in structure.PACKAGES for module in structure.modules(package)]
    found = [(f, path) for path, tree in modules for f in structure.functions(tree)]
    lengths = [structure.length(f) for f, _ in found]
    assert quantiles(lengths, n=20)[-1] <= structure.P95_FUNCTION
    longest = structure.LONGEST_FUNCTION
    assert [f"{path}: {f.name}" for f, path in found if structure.length(f) > longest] == []


def test_a_signature_counts_as_one_line_and_a_docstring_as_none():
    (function,) = structure.functions(
        parse('def f(\n    x,\n    y,\n):\n    """A\n    b."""\n    return x')
    )
    assert structure.length(function) == 2


@pytest.mark.parametrize("package", structure.PACKAGES)
def test_every_public_function_is_annotated(package):
    found = [
        f"{path}: {name}"
        for path, tree in structure.modules(package)
        for name in structure.unannotated(tree)
    ]
    assert found == []


@pytest.mark.parametrize(
    "source, names",
    [
        ("def f(x): ...", ["f"]),
        ("def f(x: int): ...", ["f"]),
        ("def f(x: int, *args) -> int: ...", ["f"]),
        ("def f(x: int) -> int: ...\ndef _g(x): ...", []),
        ("class A:\n    def __init__(self, x): ...\n    def _f(self): ...", ["A.__init__"]),
        ("class A:\n    def __init__(self, x: int): ...", []),
        ("class _A:\n    def f(self, x): ...", []),
        ("class A:\n    @staticmethod\n    def f(x) -> int: ...", ["A.f"]),
    ],
)
def test_a_missing_annotation_is_seen(source, names):
    assert structure.unannotated(parse(source)) == names


def test_private_names_of_torch_are_listed_with_a_reason():
    used = {
        name
        for package in structure.PACKAGES
        for _, tree in structure.modules(package)
        for name in structure.private_torch(tree)
    }
    assert used <= set(PRIVATE_TORCH)
    planted = parse("import torch\nfrom torch.x import _y\ntorch._z(1)\ntorch.__version__")
    assert structure.private_torch(planted) == ["torch._z", "torch.x._y"]


@pytest.mark.parametrize("package", structure.PACKAGES)
def test_no_package_reaches_into_a_private_file_of_another(package):
    found = [
        f"{path} imports {name}"
        for path, tree in structure.modules(package)
        for name in structure.imports(path, tree)
        if reaches_into(path, name)
    ]
    assert found == []


def reaches_into(path, name):
    """Return whether a module takes a private file of a package that it is not in."""
    top, *parts = name.split(".")
    if top not in structure.PACKAGES or len(parts) < 2:
        return False
    own = (top, parts[0]) == tuple(Path(path).with_suffix("").parts[:2])
    return not own and any(part.startswith("_") for part in parts[1:-1])


@pytest.mark.parametrize(
    "path, name, wrong",
    [
        (
            "sklearn_private/mpc/_x.py",
            "sklearn_private.sums.fitting._estimator.SumsEstimator",
            True,
        ),
        ("sklearn_private/mpc/_x.py", "sklearn_private.sums.SumsEstimator", False),
        ("sklearn_private/sums/_x.py", "sklearn_private.sums.fitting._estimator.A", False),
        ("torch_private/a/_x.py", "sklearn_private.dp.rows._labels.class_codes", True),
        ("torch_private/a/_x.py", "sklearn_private._checks.Checks", False),
    ],
)
def test_a_reach_into_a_private_file_is_seen(path, name, wrong):
    assert reaches_into(path, name) is wrong


def test_no_owner_is_manufactured_for_a_check():
    for package in structure.PACKAGES:
        for path, _ in structure.modules(package):
            assert "SimpleNamespace" not in (ROOT / path).read_text(encoding="utf-8"), path


def test_what_the_exception_says_is_typed_nowhere_else():
    sentence = "Nothing was " + "released."
    for package in structure.PACKAGES:
        for path, tree in structure.modules(package):
            texts = [
                node.value
                for call in ast.walk(tree)
                if isinstance(call, ast.Raise)
                for node in ast.walk(call)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
            assert not any(sentence in text for text in texts), path
