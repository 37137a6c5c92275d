"""The interface of a country."""

from typing import Protocol

from civicportal.util.calendar import YearlyHolidays
from civicportal.util.countries.personal import PersonalText
from civicportal.util.i18n import InvalidInput


class InvalidMobile(InvalidInput):
    """A typed text is not a mobile number of the country."""


class Country(Protocol):
    """Rules of one country, for texts as typed, in Persian, Arabic-Indic or ASCII digits."""

    @property
    def code(self) -> str:
        """ISO 3166 code in lower case, or ``generic``."""

    @property
    def mobile_example(self) -> str:
        """An example of a mobile number for empty fields."""

    @property
    def fixed_holidays(self) -> YearlyHolidays:
        """Official holidays on the same date every year."""

    @property
    def stop_words(self) -> frozenset[str]:
        """The SMS that unsubscribes from announcements, as ``persian.key`` folds it."""

    @property
    def start_words(self) -> frozenset[str]:
        """The SMS that subscribes to announcements again, as ``persian.key`` folds it."""

    @property
    def emergency_numbers(self) -> tuple[str, ...]:
        """Emergency numbers in Latin digits, empty if they are unknown."""

    @property
    def personal_text(self) -> PersonalText:
        """Patterns for detecting names and numbers of people in texts before their publication."""

    def normalize_mobile(self, text: str) -> str:
        """Return the stored E.164 form (``+989123456789``); raises ``InvalidMobile``."""

    def display_mobile(self, mobile: str) -> str:
        """Return a stored number in national format."""

    def mask_mobile(self, mobile: str) -> str:
        """Return a stored number with its middle masked."""

    def is_national_code(self, text: str) -> bool:
        """Return whether the text is a well-formed code of a natural person."""

    def is_legal_id(self, text: str) -> bool:
        """Return whether a text is a valid organisation identifier."""

    def mask_national_code(self, code: str) -> str:
        """Return a national code with its middle masked."""
