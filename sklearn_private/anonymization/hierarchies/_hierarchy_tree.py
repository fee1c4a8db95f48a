"""The tree behind a hierarchy: checked, numbered and drawn from one path of names a leaf."""

from itertools import groupby, pairwise
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError

ROOT = "*"


def checked(rows: Any) -> tuple[Any, ...]:
    """Return paths of equal length, depth first, or say why ``rows`` of texts are no tree."""
    paths = {}
    for row in rows:
        path = _trimmed(list(row))
        if paths.setdefault(path[0], path) != path:
            raise _refused(f"{path[0]!r} has two paths. Keep one of them.")
    if not paths:
        raise _refused("it has no value. List at least one.")
    depth = max(map(len, paths.values()))
    paths = [path[:1] * (depth - len(path)) + path for path in paths.values()]
    parent, rank = {}, [{} for _ in range(depth)]
    for path in paths:
        for level, (name, above) in enumerate(pairwise(path)):
            rank[level].setdefault(name, len(rank[level]))
            if parent.setdefault((level, name), above) != above:
                raise _refused(
                    f"{name!r} at level {level} lies under {parent[level, name]!r} and under "
                    f"{above!r}. Give it one parent."
                )
    places = range(depth - 2, -1, -1)
    return tuple(sorted(paths, key=lambda path: [rank[level][path[level]] for level in places]))


def _trimmed(path):
    """Return a path that ends with one root."""
    while path and path[-1] == "":
        path.pop()
    while path[-2:] == [ROOT, ROOT]:
        path.pop()
    if len(path) < 2 or path[-1] != ROOT:
        raise _refused(f"the path of {path[0] if path else ''!r} must end at {ROOT!r}. Append it.")
    return tuple(path)


def numbered(paths: Any) -> tuple[tuple[Any, ...], Any]:
    """Return the names of the nodes, and the nodes above each leaf with a last column of roots."""
    number, span = {}, {}
    nodes = np.empty((len(paths[0]), len(paths) + 1), dtype=np.int64)
    for level, row in enumerate(nodes):
        start = 0
        for name, run in groupby(path[level] for path in paths):
            stop = start + sum(1 for _ in run)
            if span.setdefault(name, (start, stop)) != (start, stop):
                raise _refused(f"{name!r} names two different groups. Rename one of them.")
            row[start:stop] = number.setdefault(name, len(number))
            start = stop
    nodes[:, -1] = number[ROOT]
    return tuple(number), nodes


def drawn(paths: Any, most: Any) -> Any:
    """Return the lines that draw all paths, each from the top to a leaf.

    Of each node no more than ``most`` children are drawn.
    """
    children = [(name, list(group)) for name, group in groupby(paths, key=lambda path: path[0])]
    n_hidden = max(0, len(children) - most)
    lines = []
    for i, (name, group) in enumerate(children[:most]):
        is_last = i == len(children) - 1
        lines.append(("└── " if is_last else "├── ") + name)
        below = [path[1:] for path in group if len(path) > 1]
        lines += [("    " if is_last else "│   ") + line for line in drawn(below, most)]
    return lines + [f"└── ... {n_hidden} more"] * (n_hidden > 0)


def _refused(reason):
    return InvalidParameterError(
        f"The 'paths' parameter of Hierarchy must be those of a tree: {reason}"
    )
