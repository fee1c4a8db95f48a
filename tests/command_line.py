"""The command line inside a process of a test: what it was given, and what it said."""

import contextlib
import io
import json
import sys
import time

from sklearn_private.cli import main
from sklearn_private.transport import Deadline, Identity, Listener
from sklearn_private.transport._link import Link


def command(*arguments, breaks=None):
    """Run a command in this process; return its exit code, its events and what people read."""
    if breaks is not None:
        breaks.install(Link)
    output, errors = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["python -m sklearn_private", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            main()
    except SystemExit as stop:
        lines = output.getvalue().splitlines()
        return stop.code, [json.loads(line) for line in lines], errors.getvalue()
    finally:
        sys.argv = before


def killed_command(breaks, *arguments):
    return command(*arguments, breaks=breaks)


def waiting(folder, address):
    """Accept one connection for the link and one for the check."""
    with Listener(Identity.load(folder), address) as listener:
        for _ in range(2):
            listener.accept(Deadline(15))


def patient_command(address, *arguments):
    """Run a command again until somebody listens."""
    for _ in range(50):
        found = command(*arguments)
        if not any("nothing listens" in event["text"] for event in found[1]):
            break
        time.sleep(0.1)
    return found
