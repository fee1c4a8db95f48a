"""What a command says: lines for people, or one JSON object a line for programs."""

import contextlib
import json
import logging
import sys
import warnings
from collections.abc import Iterator

from .._optional import require
from ..exceptions import PrivacyError


class Events:
    """Say what happens, to people on the error stream or to programs on the output.

    Parameters
    ----------
    as_json : bool
        Whether programs listen.
    """

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._console = require("rich.console", extra="cli").Console(stderr=True, highlight=False)

    def say(self, event: str, text: str, **fields: object) -> None:
        """Say one thing.

        Parameters
        ----------
        event : str
            What kind of thing it is, for programs.
        text : str
            The thing, for people.
        **fields : object
            Its parts, JSON-ready, for programs.
        """
        if self._as_json:
            print(json.dumps({"event": event, "text": text, **fields}), flush=True)
        else:
            self._console.print(f"{_MARKS.get(event, ' ')} {text}", markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Say errors and warnings instead of showing where they came from, and exit with 1."""
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *where: self.say("warning", str(message))
            try:
                yield
            except (PrivacyError, ValueError, OSError) as error:
                self.say("error", str(error), kind=type(error).__name__)
                sys.exit(1)
            except KeyboardInterrupt:
                self.say("error", "interrupted", kind="KeyboardInterrupt")
                sys.exit(130)

    @contextlib.contextmanager
    def rounds(self) -> Iterator[None]:
        """Say what transport logs: every round, by its number and its question."""
        handler = _Rounds(self)
        logger = logging.getLogger("sklearn_private.transport")
        before = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(before)


class _Rounds(logging.Handler):
    def __init__(self, events: Events) -> None:
        super().__init__()
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        self._events.say("round", record.getMessage())


_MARKS = {"error": "✗", "failed": "✗", "passed": "✓", "done": "✓", "warning": "!"}
