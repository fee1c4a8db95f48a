"""What the messages between client and server hold, and what binds them to one another."""

from typing import Any

from ...exceptions import GuaranteeError
from ...transport import row_count

BUNDLE_FIELDS = {"scheme": str, "security_bits": int, "key": str, "signer": str}
REQUEST_FIELDS = {
    "model": str,
    "parameters": str,
    "key": str,
    "request": str,
    "n_rows": row_count,
}
RESPONSE_FIELDS = {**REQUEST_FIELDS, "answers": str}
"""Header fields of a public bundle, a request, and its response, which names the request."""


def check_binding(what: Any, header: Any, expected: Any) -> None:
    """Check that the header of a message holds the expected values."""
    for name, value in expected.items():
        if header[name] != value:
            raise GuaranteeError(
                f"The {what} does not belong here: its {name!r} is another one. Nothing was "
                "computed. Use the client and the server of one split(), and the public bundle of "
                "the client that made the request."
            )


def wrong_size(what: Any) -> GuaranteeError:
    """Return the error for a payload that does not have the size its header asks for."""
    return GuaranteeError(
        f"The {what} does not have the size that its header asks for. Nothing was computed."
    )
