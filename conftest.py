"""Leave out what needs torch where torch is not installed, and say so; run it on one thread."""

import doctest
import sys
from importlib.util import find_spec

import pytest

WITHOUT_TORCH = find_spec("torch") is None
collect_ignore_glob = ["torch_private/*"] if WITHOUT_TORCH else []


def pytest_report_header():
    """Return a line for the head of a run."""
    return ["torch is not installed: its tests and examples are left out"] * WITHOUT_TORCH


def pytest_runtest_setup():
    """Keep torch to one thread: several workers with several threads each wait for one another."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skip the rest of a document where its first example with torch begins."""
    try:
        return (yield)
    except doctest.UnexpectedException as failure:
        error = failure.exc_info[1]
        if isinstance(error, ImportError) and WITHOUT_TORCH and "torch" in str(error):
            pytest.skip(f"could not import torch after example {failure.example.lineno + 1}")
        raise
