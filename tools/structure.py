"""Print the shape of the packages: rooms, sizes, circles, private names, annotations.

    python tools/structure.py

A *room* of a package is a file or a folder that stands directly in it. ``tests/architecture`` holds
the same numbers against their limits.
"""

import ast
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path
from statistics import quantiles

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("sklearn_private", "torch_private")
MOST_ROOMS = 14
LONGEST_FILE = 500
LONGEST_FUNCTION = 45
P95_FUNCTION = 20

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(package: str) -> Iterator[tuple[Path, ast.Module]]:
    """Yield the path, relative to the repository, and the syntax tree of every module."""
    for path in sorted((ROOT / package).rglob("*.py")):
        yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> list[Function]:
    """Return every function and method of a module, nested ones included."""
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def length(function: Function) -> int:
    """Return the number of lines of a function: its body, and one for its signature.

    Annotations make signatures longer, and no harder to read; the docstring does not count either.
    """
    has_docstring = ast.get_docstring(function, clean=False) is not None
    body = function.body[has_docstring:]
    return 1 + (body[-1].end_lineno - body[0].lineno + 1 if body else 0)


def rooms(folder: Path) -> list[str]:
    """Return the names of what stands directly in a folder of code."""
    files = (path.stem for path in folder.glob("*.py") if path.name != "__init__.py")
    folders = (path.parent.name for path in folder.glob("*/__init__.py"))
    return sorted((*files, *folders))


def imports(path: Path, tree: ast.Module) -> set[str]:
    """Return the dotted names of what a module imports when it is imported."""
    package = ".".join(path.parent.parts)
    names = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            names |= {f"{origin}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def arrows(package: str) -> dict[str, set[str]]:
    """Return which rooms of one folder import which others, by the dotted names of both."""
    found: dict[str, set[str]] = {}
    for path, tree in modules(package):
        here = path.with_suffix("").parts
        for name in imports(path, tree):
            there = name.split(".")
            if there[0] != package:
                continue
            pairs = enumerate(zip(here, there, strict=False))
            i = next((i for i, (ours, theirs) in pairs if ours != theirs), None)
            if i is not None and here[i] != "__init__":
                target = Path(ROOT, *there[: i + 1])
                if target.is_dir() or target.with_suffix(".py").is_file():
                    found.setdefault(".".join(here[: i + 1]), set()).add(".".join(there[: i + 1]))
    return found


def circles(graph: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Return the pairs of rooms that import one another, directly or through others."""
    reach = {room: set(others) for room, others in graph.items()}
    for _ in graph:
        for others in reach.values():
            others |= set().union(*(reach.get(other, set()) for other in others))
    return sorted((a, b) for a in reach for b in reach[a] if a < b and a in reach.get(b, ()))


def unannotated(tree: ast.Module) -> list[str]:
    """Return the public functions and methods without an annotation on every argument."""

    def walk(node: ast.AST, within: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
                yield from walk(child, f"{child.name}.")
            elif isinstance(child, Function) and is_public(child):
                typed = annotated(child, is_method=bool(within))
                yield from () if typed else (f"{within}{child.name}",)

    return list(walk(tree, ""))


def is_public(function: Function) -> bool:
    """Return whether a user may call a function by its name."""
    return not function.name.startswith("_") or function.name == "__init__"


def annotated(function: Function, *, is_method: bool) -> bool:
    """Return whether all arguments but ``self``, and the result, have a type."""
    static = any(ast.unparse(d) == "staticmethod" for d in function.decorator_list)
    a = function.args
    named = [*a.posonlyargs, *a.args, *a.kwonlyargs][is_method and not static :]
    rest = [arg for arg in (a.vararg, a.kwarg) if arg is not None]
    typed = all(arg.annotation is not None for arg in (*named, *rest))
    return typed and (function.returns is not None or function.name == "__init__")


def private_torch(tree: ast.Module) -> list[str]:
    """Return the names of torch that begin with an underscore and that a module uses."""
    dotted = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch."):
            dotted += [f"{node.module}.{alias.name}" for alias in node.names]
    return sorted({name for name in dotted if name.startswith("torch.") and is_private(name)})


def is_private(dotted: str) -> bool:
    """Return whether a part of a dotted name begins with one underscore."""
    return any(part.startswith("_") and not part.startswith("__") for part in dotted.split("."))


def main() -> None:
    """Print the table."""
    print(f"{'package':18}{'files':>7}{'longest':>9}{'functions':>11}{'p95':>5}{'longest':>9}"
          f"{'rooms':>7}{'circles':>9}{'untyped':>9}")  # fmt: skip
    for package in PACKAGES:
        trees = list(modules(package))
        lengths = [length(f) for _, tree in trees for f in functions(tree)]
        lines = [len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path, _ in trees]
        most = max(len(rooms(path.parent)) for path in (ROOT / package).rglob("__init__.py"))
        untyped = sum(len(unannotated(tree)) for _, tree in trees)
        print(
            f"{package:18}{len(trees):7}{max(lines):9}{len(lengths):11}"
            f"{quantiles(lengths, n=20)[-1]:5.0f}{max(lengths):9}{most:7}"
            f"{len(circles(arrows(package))):9}{untyped:9}"
        )
    for path, tree in [module for package in PACKAGES for module in modules(package)]:
        for name in private_torch(tree):
            print(f"{path} uses {name}")


if __name__ == "__main__":
    main()
