"""A place that a text names is there: modules and files in docstrings and in CONTRIBUTING.md."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("sklearn_private", "torch_private")
MODULE = re.compile(r":mod:`~?([.\w]+)`")
FILE = re.compile(r"`((?:\w+/)*_?\w+\.py)`")
PLACES = {  # what a reader looks for, in which package: named in the docstring of its __init__
    "sklearn_private/anonymization": ["methods._mondrian", "models._judge"],
    "sklearn_private/dp": ["objective._gaussian_objective", "fitting._estimator"],
    "sklearn_private/accounting": ["ledger._filter", "curves._curve"],
    "sklearn_private/he": ["compile._affine", "schemes._scheme"],
    "torch_private": ["layers._convolution", "clipping._modes"],
}


def module_exists(name, path):
    """Return whether a module exists, as it is called from the file ``path``."""
    relative = name.lstrip(".")
    base = path.parents[len(name) - len(relative) - 1] if name.startswith(".") else ROOT
    place = base.joinpath(*relative.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def file_exists(name, path):
    """Return whether a file exists beside ``path``, in a package or in the project."""
    folders = (path.parent, ROOT, *(ROOT / package for package in PACKAGES))
    folders += tuple(parent for parent in path.parents if ROOT in parent.parents)
    return any((folder / name).is_file() for folder in folders)


def lost(path):
    """Return the places that a file names and that are not there."""
    text = path.read_text(encoding="utf-8")
    modules = [name for name in MODULE.findall(text) if name.startswith((".", *PACKAGES))]
    return [
        *(name for name in modules if not module_exists(name, path)),
        *(name for name in FILE.findall(text) if not file_exists(name, path)),
    ]


def test_every_place_that_a_text_names_is_there():
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = {str(path.relative_to(ROOT)): lost(path) for path in (*files, ROOT / "CONTRIBUTING.md")}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_package_names_the_places_that_readers_look_for():
    for package, places in PLACES.items():
        text = (ROOT / package / "__init__.py").read_text(encoding="utf-8").split('"""')[1]
        named = MODULE.findall(text)
        assert [place for place in places if f".{place}" not in named] == [], package


def test_the_search_sees_a_place_that_moved(tmp_path):
    here = ROOT / "sklearn_private" / "dp" / "__init__.py"
    assert module_exists(".linear._ridge", here) and module_exists("sklearn_private.dp", here)
    assert module_exists("..sums._plan", here) and file_exists(
        "_ridge.py", here.parent / "linear/_"
    )
    for name in (".linear._ridges", "sklearn_private.dq", "..linear._ridge"):
        assert not module_exists(name, here)
    (tmp_path / "moved.py").write_text("See :mod:`.gone`, `_gone.py`, :mod:`json`.")
    assert lost(tmp_path / "moved.py") == [".gone", "_gone.py"]
