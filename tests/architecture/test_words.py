"""Words that promise too much appear nowhere: not in the code, its messages, nor the documents.

A table of labels bounds what one attack finds. It does not make a person impossible to find, so no
text says that it does. The name of the model, "k-anonymous", is a term of the field.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISES = re.compile(r"(?<![-\w])anonymous(?![-\w])|can(?:not|'t) be re-?identified", re.I)
SOURCES = (
    *("sklearn_private/**/*.py", "torch_private/**/*.py", "examples/**/*.py", "benchmarks/**/*.py"),
    *("docs/**/*.md", "docs/**/*.rst", "docs/**/*.py", "README.md", "CHANGELOG.md"),
)


def promises(text):
    """Return the lines of a text that promise too much; white space may be broken anywhere."""
    lines = text.splitlines()
    joined = " ".join(line.strip() for line in lines)
    faults = [line.strip() for line in lines if PROMISES.search(line)]
    return faults or [match.group() for match in PROMISES.finditer(re.sub(r"\s+", " ", joined))]


def test_no_text_promises_too_much():
    files = sorted({path for pattern in SOURCES for path in ROOT.glob(pattern)})
    assert len(files) > 50
    faults = {
        str(path.relative_to(ROOT)): found
        for path in files
        if (found := promises(path.read_text(encoding="utf-8")))
    }
    assert faults == {}


@pytest.mark.parametrize(
    "text, count",
    [
        ("The table is anonymous.", 1),
        ("Anonymous data\nare published.", 1),
        ("A person cannot be re-identified.", 1),
        ("A person cannot be\n    reidentified.", 1),
        ("They can't be re-identified.", 1),
        ("A k-anonymous table of KAnonymizer; anonymity, anonymized.", 0),
        ("The chance that a person is re-identified.", 0),
        ("anonymous_union = 1", 0),
    ],
)
def test_the_check_sees_a_promise(text, count):
    assert len(promises(text)) == count
