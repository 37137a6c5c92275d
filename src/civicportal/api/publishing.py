"""Public texts without personal data."""

from civicportal.domain.cases.public_texts import PersonalDataFound, PublicTexts
from civicportal.domain.cases.public_type import PublicString
from civicportal.domain.cases.views.personal_data import PersonalDataCheck

__all__ = ["PersonalDataCheck", "PersonalDataFound", "PublicString", "PublicTexts"]
