"""Sizes: what fits on a screen, files with a subject, and no folder before its content."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = [
    folder for name in ("sklearn_private", "torch_private") if (folder := ROOT / name).is_dir()
]
LONGEST_FILE = 500
LONGEST_FUNCTION = (
    60  # lines with the signature, without the docstring; tools/structure.py counts bodies
)
NO_SUBJECT = {"base", "common", "helpers", "utils"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def length(function):
    """Return the number of lines of a function without its docstring."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


def size_faults(path):
    """Return what is too long in a file, and whether its name says nothing."""
    source = path.read_text(encoding="utf-8")
    lines = source.count("\n")
    faults = [f"{path} has {lines} lines"] * (lines > LONGEST_FILE)
    faults += [f"{path} has no subject"] * (path.stem.strip("_") in NO_SUBJECT)
    faults += [
        f"{path}: {node.name} has {length(node)} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, Function) and length(node) > LONGEST_FUNCTION
    ]
    return faults


def defines(path):
    """Return whether a module defines a function or a class."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(node, Function | ast.ClassDef) for node in body)


def empty_folders(root):
    """Return the folders of modules under `root` that are no package or define nothing."""
    folders = sorted({path.parent for path in root.rglob("*.py")})
    return [
        folder
        for folder in folders
        if not (folder / "__init__.py").is_file() or not any(map(defines, folder.rglob("_*.py")))
    ]


def test_files_and_functions_are_short():
    files = [path for folder in FOLDERS for path in sorted(folder.rglob("*.py"))]
    assert [fault for path in files for fault in size_faults(path)] == []


def function(n_lines, docstring=0):
    """Return the source of a function of so many lines, and a docstring of so many lines."""
    text = ['    """x', *["    x"] * (docstring - 2), '    """'] if docstring else []
    return "\n".join(["def f():", *text, *["    x = 1"] * (n_lines - 1)]) + "\n"


@pytest.mark.parametrize(
    "name, source, count",
    [
        ("_mondrian.py", "x = 1\n" * 500, 0),
        ("_mondrian.py", "x = 1\n" * 501, 1),
        ("_mondrian.py", function(60, docstring=40), 0),
        ("_mondrian.py", function(61, docstring=40), 1),
        ("_mondrian.py", "async " + function(61), 1),
        ("_mondrian.py", "class C:\n    def f(self):\n" + "        x = 1\n" * 60, 1),
        ("_utils.py", "", 1),
        ("base.py", "", 1),
    ],
)
def test_size_check_sees_what_is_too_long(tmp_path, name, source, count):
    (tmp_path / name).write_text(source)
    assert len(size_faults(tmp_path / name)) == count


def test_every_folder_has_content():
    assert [empty for folder in FOLDERS for empty in empty_folders(folder)] == []


@pytest.mark.parametrize(
    "files, is_empty",
    [
        ({"__init__.py": ""}, True),
        ({"__init__.py": "", "_later.py": '"""To come."""'}, True),
        ({"_code.py": "def f(): ..."}, True),
        ({"__init__.py": "", "_code.py": "def f(): ..."}, False),
        ({"schema.json": "{}"}, False),
    ],
)
def test_content_check_sees_an_empty_folder(tmp_path, files, is_empty):
    folder = tmp_path / "layer"
    folder.mkdir()
    for name, source in files.items():
        (folder / name).write_text(source)
    assert (empty_folders(tmp_path) == [folder]) is is_empty
