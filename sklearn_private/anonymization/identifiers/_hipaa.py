"""The 18 identifiers that HIPAA's Safe Harbor method removes, by their letter in the rule.

Source: 45 CFR 164.514(b)(2)(i), (A) to (R). The rule removes them for the person and for relatives,
employers and household members.
"""

HIPAA_IDENTIFIERS = {
    "A": "names",
    "B": "geographic subdivisions smaller than a state",
    "C": "dates (except the year) directly related to a person, and ages over 89",
    "D": "telephone numbers",
    "E": "fax numbers",
    "F": "e-mail addresses",
    "G": "social security numbers",
    "H": "medical record numbers",
    "I": "health plan beneficiary numbers",
    "J": "account numbers",
    "K": "certificate and license numbers",
    "L": "vehicle identifiers and serial numbers, including license plates",
    "M": "device identifiers and serial numbers",
    "N": "web addresses (URLs)",
    "O": "IP addresses",
    "P": "biometric identifiers, including finger and voice prints",
    "Q": "full-face photographs and comparable images",
    "R": "any other unique identifying number, characteristic or code",
}
