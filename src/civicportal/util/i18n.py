"""Translation domain, digits and numbers of the portal's languages."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

from pyramid.i18n import TranslationString, TranslationStringFactory

from civicportal.util.errors import CivicportalError

#: Marks an English text for translation: ``_("Sign in")``, ``_("${n} days", mapping={"n": "3"})``.
_ = TranslationStringFactory("civicportal")

_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "fa", "he", "ps", "ur"})
_LATIN = "0123456789"
_PERSIAN = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC = "٠١٢٣٤٥٦٧٨٩"

_TO_PERSIAN = str.maketrans(_LATIN + _ARABIC, _PERSIAN * 2)
_TO_LATIN = str.maketrans(_PERSIAN + _ARABIC, _LATIN * 2)
_TO_PERSIAN_NUMBER = str.maketrans(_LATIN + ",.", _PERSIAN + "٬٫")


class InvalidInput(CivicportalError, ValueError):
    """What someone typed cannot be read.

    :param reason: why, as a translatable sentence for the person who typed it.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(reason)
        self.reason = reason


def is_persian(locale: str) -> bool:
    """Return whether a locale name such as ``fa`` or ``fa_IR`` is written in Persian."""
    return locale.replace("-", "_").partition("_")[0] == "fa"


def text_direction(locale: str) -> Literal["rtl", "ltr"]:
    """Return how a language is written: from right to left or from left to right."""
    return "rtl" if locale.replace("-", "_").partition("_")[0] in _RIGHT_TO_LEFT else "ltr"


def say(text: object, localizer: Any = None) -> str:
    """Return a text in a language, in English without a localizer; texts and whole numbers of its mapping too.

    :param localizer: Pyramid's, of the language.
    """
    if isinstance(text, int) and localizer:
        return localized_digits(str(text), localizer.locale_name)
    if not isinstance(text, TranslationString):
        return str(text)
    mapping = {
        name: say(value, localizer) if isinstance(value, TranslationString | int) else value
        for name, value in (text.mapping or {}).items()
    }
    whole = TranslationString(text, mapping=mapping)
    return str(localizer.translate(whole) if localizer else whole.interpolate())


def listed(items: Iterable[str], locale: str) -> str:
    """Write several names one after the other, with the comma of the locale between them."""
    return ("، " if text_direction(locale) == "rtl" else ", ").join(items)


def persian_digits(text: str) -> str:
    """Write every decimal digit of the text as a Persian one (۰–۹)."""
    return text.translate(_TO_PERSIAN)


def latin_digits(text: str) -> str:
    """Write Persian (۰–۹) and Arabic-Indic (٠–٩) digits as ASCII, and touch nothing else.

    Other scripts' digits stay as they are, so that a later check for ASCII refuses them.
    """
    return text.translate(_TO_LATIN)


def localized_digits(text: str, locale: str) -> str:
    """Write the digits of the text as the locale does."""
    return persian_digits(text) if is_persian(locale) else latin_digits(text)


def format_number(number: int | float | Decimal, locale: str) -> str:
    """Group the thousands of a number and write it in the digits of the locale: ``۱٬۲۳۴٫۵``."""
    text = f"{number:,}"
    return text.translate(_TO_PERSIAN_NUMBER) if is_persian(locale) else text
