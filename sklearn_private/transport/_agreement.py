"""What all sites must have in common before a computation begins, compared by digests.

Only digests of the settings travel: whoever does not have a setting is not told it. What each site
says of itself beside (its number of rows) does travel, and everybody learns it.
"""

import hashlib
import json
from collections.abc import Mapping

import numpy as np

from ._channel import Channel
from ._reasons import Reason, failure

_QUESTION = {"statistic": "agreement"}
_DIGITS = 32
_LARGEST = 1 << 53


def agree(
    channel: Channel, settings: Mapping[str, object], own: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """Compare settings with all other sites, and return what each site says of itself.

    Parameters
    ----------
    channel : Channel
        Whose run has begun.
    settings : mapping of str to object
        What must be the same at all sites: JSON-ready.
    own : mapping of str to int
        What this site says of itself: whole numbers of at least 0.

    Returns
    -------
    dict of str to dict of str to int
        The numbers of each site, in the order of the sites.

    Raises
    ------
    TransportError
        If a site has other settings; the message names the site and the settings, and no value.
    """
    digests = {name: _digest(value) for name, value in settings.items()}
    message = json.dumps({"settings": digests, "own": dict(own)}, sort_keys=True).encode()
    answers = channel.exchange(_QUESTION, message)
    numbers = {}
    for site, answer in zip(channel.sites, answers, strict=True):
        theirs, numbers[site] = _read(site, bytes(answer), set(own))
        if theirs != digests:
            other = sorted(name for name in digests if theirs.get(name) != digests[name])
            raise failure(Reason.SETTINGS, site, f" ({', '.join(other) or 'more of them'})")
    return numbers


def _digest(value):
    text = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _read(site, answer, names):
    """Return the digests and the numbers in the message of a site."""
    try:
        read = json.loads(answer)
        settings, own = read["settings"], read["own"]
        good = isinstance(settings, dict) and set(own) == names
        good = good and all(type(n) is int and 0 <= n < _LARGEST for n in own.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        good = False
    if not good:
        raise failure(Reason.MALFORMED, site)
    return settings, own


def compare_results(channel: Channel, result: np.ndarray) -> None:
    """End a run by comparing what all sites came to.

    Sites that add for themselves differ by the rounding of their machines at most.

    Parameters
    ----------
    channel : Channel
        Whose last sum was asked.
    result : ndarray of shape (n_numbers,)
        What this site came to; every site learns it, as they do the model.

    Raises
    ------
    TransportError
        If a site came to something else by more than a millionth of the largest number.
    """
    own = np.asarray(result, dtype="<f8")
    for site, answer in zip(channel.sites, channel.finish(own.tobytes()), strict=True):
        if len(answer) != own.nbytes:
            raise failure(Reason.RESULT, site)
        theirs = np.frombuffer(answer, dtype="<f8")
        scale = np.abs(own[np.isfinite(own)]).max(initial=0.0)
        if not np.allclose(theirs, own, rtol=0.0, atol=1e-6 * scale, equal_nan=True):
            raise failure(Reason.RESULT, site)
