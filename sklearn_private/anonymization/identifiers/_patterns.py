"""Values that point at one person: what they look like, and the checksums that tell them apart.

Sources: RFC 5322 (e-mail, simplified), E.164 and the North American plan (phone), the Social
Security Administration's rules for numbers issued before and after 2011 (SSN), ISO 13616 (IBAN),
ISO/IEC 7812 (payment cards), 49 CFR 565.15 (VIN), IEEE 802 (MAC), RFC 791 and RFC 4291 (IP).
"""

import ipaddress
import re
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from typing import Any


def iban_is_valid(text: str) -> bool:
    """Tell whether the check digits of an IBAN are right (ISO 7064, mod 97)."""
    compact = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def card_is_valid(text: str) -> bool:
    """Tell whether the last digit of a card number is right (Luhn)."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def ip_is_valid(text: str) -> bool:
    """Tell whether a text is the IPv4 or IPv6 address of some machine; ``::`` is that of none."""
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False


_VIN_VALUES = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", "012345678912345678123457923456789", strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def vin_is_valid(text: str) -> Any:
    """Tell whether the check digit of a North American vehicle identification number is right.

    Seventeen digits without a letter are rather the number of something else.
    """
    total = sum(w * int(_VIN_VALUES[c]) for w, c in zip(_VIN_WEIGHTS, text, strict=True))
    return text[8] == "0123456789X"[total % 11] and not text.isdigit()


@dataclass(frozen=True)
class Pattern:
    """One kind of identifying value.

    Parameters
    ----------
    reason : str
        What a column holds that matches.
    hipaa : str
        Letter of the HIPAA identifier that it is.
    regex : re.Pattern
        It never matches across a line break.
    needs : str, default=""
        A character of every match, by which most values are passed over.
    is_valid : callable, default=None
        Whether a match counts.
    """

    reason: str
    hipaa: str
    regex: re.Pattern
    needs: str = ""
    is_valid: object = None

    def holds(self, values: Any, n_needed: Any) -> bool:
        """Tell whether at least ``n_needed`` of ``values`` (str without line breaks) match.

        The values are searched as one text, so that those without a match cost next to nothing.
        """
        values = [value for value in values if self.needs in value]
        ends, found = list(accumulate(len(value) + 1 for value in values)), set()
        for match in self.regex.finditer("\n".join(values)):
            if self.is_valid is None or self.is_valid(match[0]):
                found.add(bisect(ends, match.start()))
                if len(found) >= n_needed:
                    return True
        return False


# Where it can, an expression begins with a set of characters and looks behind it only then: a
# search skips to the set quickly.
_PHONE = r"""
    [+(\d] (?<! [\w.+-]. ) (?:
        (?<=\+) [1-9] (?: [\ ./()-]{0,2} \d ){6,13} (?!\d)
      | (?: (?<=\() \d{3} \) \ ? | (?<=\d) \d\d [\ .-] ) \d{3} [\ .-] \d{4} (?![\w-])
      | (?<=0) \d (?P<gap> [\ .-] ) \d\d (?: (?P=gap) \d\d ){3} (?![\w-])
      | (?<=0) \d{2,4} [\ /-] \d{5,8} (?![\w-])
    )
"""

PATTERNS = (
    Pattern(
        "e-mail addresses",
        "F",
        re.compile(r"[\w.+%-](?<![\w.+%-].)[\w.+%-]*@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}"),
        needs="@",
    ),
    Pattern(
        "web addresses",
        "N",
        re.compile(r"[hw](?<!\w.)(?:ttps?://\S+|ww\.\S+\.\S+)", re.IGNORECASE),
        needs=".",
    ),
    Pattern(
        "US social security numbers",
        "G",
        re.compile(r"\d(?<![\w-].)(?<!9)\d\d(?<!000)(?<!666)-(?!00)\d\d-(?!0000)\d{4}(?![\w-])"),
        needs="-",
    ),
    Pattern(
        "bank account numbers (IBAN)",
        "J",
        re.compile(r"[A-Z](?<!\w.)[A-Z]\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
        is_valid=iban_is_valid,
    ),
    Pattern(
        "payment card numbers",
        "J",
        re.compile(r"[2-6](?<![\w.+-].)(?:[ -]?\d){12,18}(?![\w-])"),
        is_valid=card_is_valid,
    ),
    Pattern(
        "IP addresses",
        "O",
        re.compile(r"\d(?<![\w.].)\d{0,2}(?:\.\d{1,3}){3}(?!\.?\w)"),
        needs=".",
        is_valid=ip_is_valid,
    ),
    Pattern(
        "IP addresses",
        "O",
        re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])"),
        needs=":",
        is_valid=ip_is_valid,
    ),
    Pattern(
        "device addresses (MAC)",
        "M",
        re.compile(
            r"[0-9A-Fa-f](?<![\w:.-].)[0-9A-Fa-f](?:"
            r"(?P<mark>[:-])[0-9A-Fa-f]{2}(?:(?P=mark)[0-9A-Fa-f]{2}){4}"
            r"|[0-9A-Fa-f]{2}(?:\.[0-9A-Fa-f]{4}){2})(?![\w:.-])"
        ),
    ),
    Pattern(
        "vehicle identification numbers (VIN)",
        "L",
        re.compile(
            r"[A-HJ-NPR-Z0-9](?<![\w-].)[A-HJ-NPR-Z0-9]{7}[0-9X][A-HJ-NPR-Z0-9]{8}(?![\w-])"
        ),
        is_valid=vin_is_valid,
    ),
    Pattern("phone numbers", "D", re.compile(_PHONE, re.VERBOSE)),
)
