"""Names of columns that say that the column identifies people."""

import re
from typing import Any

# By the letter of the HIPAA identifier that the term names (see ``_hipaa.py``).
_TERMS = {
    "A": """
        apellido client_name contact_name customer_name employee_name family_name first_name
        firstname forename full_name fullname given_name last_name lastname maiden_name middle_name
        nachname nickname patient_name person_name prenom surname vorname
    """,
    "B": "address adresse strasse street",
    "C": """
        birth_date birthdate birthday date_naissance date_of_birth dob fecha_nacimiento geburtsdatum
    """,
    "D": "cellphone mobile mobile_number phone phone_number telefon telephone",
    "E": "fax",
    "F": "e_mail email email_address mail",
    "G": "social_security ssn",
    "H": "medical_record mrn",
    "I": """
        beneficiary_id beneficiary_number health_plan_id health_plan_number insurance_id
        insurance_number medicaid_id medicare_id member_number policy_number
    """,
    "J": "account_number bank_account card_number credit_card iban",
    "K": """
        certificate_number driver_license drivers_license driving_licence licence_number
        license_number passport
    """,
    "L": "chassis_number licence_plate license_plate vehicle_id vehicle_identification",
    "M": "device_id device_identifier imei mac_address serial_number",
    "N": "homepage url website",
    "O": "ip_addr ip_address",
    "P": "face_print faceprint fingerprint iris_scan retina_scan voice_print voiceprint",
    "Q": "face_image photo photograph portrait selfie",
    "R": """
        client_id customer_id employee_id login national_id nino patient_id person_id student_id
        tax_id user_id user_name username
    """,
}
_TERMS_ALONE = {"A": "name names nom nombre", "L": "vin", "M": "mac", "O": "ip"}


def _letters(terms):
    return {term: letter for letter, text in terms.items() for term in text.split()}


_ANYWHERE = _letters(_TERMS)
_ALONE = _letters(_TERMS_ALONE)
_LONGEST = max(term.count("_") + 1 for term in _ANYWHERE)


def identifying_term(name: object) -> Any:
    """Return which words of a column's name say that it identifies people.

    Parameters
    ----------
    name : object
        The name; its printed form is split at anything that is no letter and at capitals
        (``"homePhone"``, ``"home_phone"`` and ``"Home phone"`` are the same).

    Returns
    -------
    tuple of (str, str) or None
        The words, and the letter of the HIPAA identifier; None where no word says so.
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", " ", str(name))
    words = re.findall(r"[^\W\d_]+", spaced.lower())
    if len(words) == 1 and words[0] in _ALONE:
        return words[0], _ALONE[words[0]]
    for length in range(_LONGEST, 0, -1):
        for i in range(len(words) - length + 1):
            term = words[i : i + length]
            if "_".join(term) in _ANYWHERE:
                return " ".join(term), _ANYWHERE["_".join(term)]
    return None
