"""Checksums and forms of identifying values, against published examples and single wrong digits."""

import pytest

from sklearn_private.anonymization.identifiers._patterns import (
    PATTERNS,
    card_is_valid,
    iban_is_valid,
    ip_is_valid,
    vin_is_valid,
)

IBANS = ["GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606"]
CARDS = ["79927398713", "4111111111111111", "378282246310005", "6011111111111117"]
VINS = ["1M8GDM9AXKP042788", "1HGCM82633A004352", "5GZCZ43D13S812715"]


def with_another_digit(text):
    """Yield the text with each of its digits raised by one."""
    for i, c in enumerate(text):
        if c.isdigit():
            yield text[:i] + str((int(c) + 1) % 10) + text[i + 1 :]


@pytest.mark.parametrize(
    "is_valid, texts", [(iban_is_valid, IBANS), (card_is_valid, CARDS), (vin_is_valid, VINS)]
)
def test_checksums_accept_published_numbers_and_see_every_single_wrong_digit(is_valid, texts):
    for text in texts:
        assert is_valid(text)
        assert not any(map(is_valid, with_another_digit(text)))


def test_luhn_sees_exchanged_neighbours_but_for_09_and_90():
    assert not card_is_valid("4111111111111111".replace("41", "14", 1))
    assert card_is_valid("0918") == card_is_valid("9018")


def test_a_vin_has_a_letter():
    assert not vin_is_valid("1" * 17)  # its check digit is right


@pytest.mark.parametrize(
    "text, is_one",
    [("192.168.0.1", True), ("256.1.1.1", False), ("fe80::1", True), ("::", False), ("1::2::3", 0)],
)
def test_addresses_are_those_of_a_machine(text, is_one):
    assert ip_is_valid(text) == is_one


def kinds_in(*texts):
    return {pattern.reason for pattern in PATTERNS if pattern.holds(texts, 1)}


@pytest.mark.parametrize(
    "text, kind",
    [
        ("at 00:1B:44:11:3A:B7 now", "device addresses (MAC)"),
        ("00-1b-44-11-3a-b7", "device addresses (MAC)"),
        ("001b.4411.3ab7", "device addresses (MAC)"),
        ("VIN: 1M8GDM9AXKP042788.", "vehicle identification numbers (VIN)"),
        ("<ada@example.org>", "e-mail addresses"),
        ("ip=10.0.0.1;", "IP addresses"),
        ("2001:db8:0:0:1:0:0:1", "IP addresses"),
        ("::ffff:192.0.2.1", "IP addresses"),
        ("(0044) 020 7946 0018 or 555-010-4477", "phone numbers"),
        ("+1-212-555-0175", "phone numbers"),
        ("card 3782 822463 10005", "payment card numbers"),
    ],
)
def test_one_kind_is_seen_inside_a_sentence(text, kind):
    assert kinds_in("nothing", text) == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "00:1B:44:11:3A",  # five bytes
        "00:1B:44:11:3A:B7:00",  # seven
        "00:1B-44:11-3A:B7",  # mixed marks
        "550e8400-e29b-41d4-a716-446655440000",  # a UUID
        "1M8GDM9A1KP042788",  # a VIN with a wrong check digit
        "1M8GDM9AXKP0427880",  # eighteen characters
        "Haskell :: type",
        "std::vector",
        "2021-03-04T10:20:30",
        "ratio 3:2",
        "1.234.567,89",
        "$4,111.00",
        "ISBN 978-3-16-148410-0",
        "ICD-10: E11.9",
    ],
)
def test_what_only_looks_alike_is_not_seen(text):
    assert kinds_in(text) == set()


def test_values_are_counted_and_not_matches():
    (email,) = [pattern for pattern in PATTERNS if pattern.reason == "e-mail addresses"]
    values = ["a@b.ch, c@d.ch, e@f.ch", "none", "g@h.ch"]
    assert email.holds(values, 2)
    assert not email.holds(values, 3)


def test_a_match_never_spans_two_values():
    assert kinds_in("4111 1111", "1111 1111") == set()
    assert kinds_in("ada@", "example.org") == set()
