"""Private names of torch may change with any version: each one that is used has a reason."""

import ast
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch_private

# What torch offers in no other way.
REASONS = {
    "_pop_mode": "leaves a mode whose loop was left while a mode of the user's stood above it",
    "_push_mode": "gives the modes above it their places back",
    "_C": "has _current_graph_task_id alone, which tells backward passes apart",
    "_current_graph_task_id": "tells apart the backward passes that a layer's node runs in",
}


def private_names():
    """Yield names with an underscore that are imported from torch, or read from its modules."""
    for path in Path(torch_private.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "torch":
                yield from (alias.name for alias in node.names if alias.name.startswith("_"))
            if isinstance(node, ast.Attribute) and root(node) in ("torch", "nn", "F"):
                yield from (name for name in [node.attr] if name.startswith("_"))


def root(node):
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def test_private_names_of_torch_have_a_reason():
    found = {name for name in private_names() if not name.startswith("__")}
    assert found == set(REASONS)
