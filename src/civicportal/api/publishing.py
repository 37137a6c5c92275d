"""Public texts without personal data."""

from civicportal.domain.cases.public_texts import PersonalDataFound, PublicTexts
from civicportal.domain.cases.public_type import PublicString
from civicportal.domain.cases.views.personal_data import allowed_words, show_found, warn_of_personal_data

__all__ = [
    "PersonalDataFound",
    "PublicString",
    "PublicTexts",
    "allowed_words",
    "show_found",
    "warn_of_personal_data",
]
