"""Names of columns that say that the column identifies people."""

import re

_ANYWHERE = frozenset(
    [
        "account_number",
        "address",
        "adresse",
        "apellido",
        "bank_account",
        "card_number",
        "cellphone",
        "client_name",
        "contact_name",
        "credit_card",
        "customer_name",
        "driver_license",
        "drivers_license",
        "driving_licence",
        "e_mail",
        "email",
        "employee_name",
        "family_name",
        "fax",
        "first_name",
        "firstname",
        "forename",
        "full_name",
        "fullname",
        "given_name",
        "homepage",
        "iban",
        "last_name",
        "lastname",
        "licence_plate",
        "license_plate",
        "login",
        "maiden_name",
        "mail",
        "medical_record",
        "middle_name",
        "mobile",
        "mobile_number",
        "mrn",
        "nachname",
        "national_id",
        "nickname",
        "nino",
        "passport",
        "patient_name",
        "person_name",
        "phone",
        "phone_number",
        "prenom",
        "social_security",
        "ssn",
        "strasse",
        "street",
        "surname",
        "tax_id",
        "telefon",
        "telephone",
        "url",
        "user_name",
        "username",
        "vorname",
        "website",
    ]
)
_ALONE = frozenset(["name", "names", "nom", "nombre"])
_LONGEST = max(term.count("_") + 1 for term in _ANYWHERE)


def identifying_term(name):
    """Return the words of a column's name that say that it identifies people, or None.

    Parameters
    ----------
    name : object
        The name; its printed form is split at anything that is no letter and at capitals
        (``"homePhone"``, ``"home_phone"`` and ``"Home phone"`` are the same).

    Returns
    -------
    str or None
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(name))
    words = re.findall(r"[^\W\d_]+", spaced.lower())
    if len(words) == 1 and words[0] in _ALONE:
        return words[0]
    for length in range(_LONGEST, 0, -1):
        for i in range(len(words) - length + 1):
            term = words[i : i + length]
            if "_".join(term) in _ANYWHERE:
                return " ".join(term)
    return None
