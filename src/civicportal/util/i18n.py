"""Translation domain, digits and numbers of the portal's languages."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pyramid.i18n import Localizer, TranslationString, TranslationStringFactory

from civicportal.util.errors import CivicportalError

_DOMAIN = "civicportal"
#: Marks an English text for translation: ``_("Sign in")``, ``_("${n} days", mapping={"n": "3"})``.
_ = TranslationStringFactory(_DOMAIN)

_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "fa", "he", "ps", "ur"})
_LATIN = "0123456789"
_PERSIAN = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC = "٠١٢٣٤٥٦٧٨٩"

_TO_PERSIAN = str.maketrans(_LATIN + _ARABIC, _PERSIAN * 2)
_DIGITS = re.compile(r"(?<![A-Za-z\d])\d+(?![A-Za-z\d])")
_TO_LATIN = str.maketrans(_PERSIAN + _ARABIC, _LATIN * 2)
_TO_PERSIAN_NUMBER = str.maketrans(_LATIN + ",.", _PERSIAN + "٬٫")


class InvalidInput(CivicportalError, ValueError):
    """Typed input is invalid.

    :param reason: a translatable explanation for the user.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Plural:
    """A text of the core whose form depends on a number, which stands in it as ``${n}``; see :func:`ngettext`."""

    singular: str
    plural: str
    n: int


def ngettext(singular: str, plural: str, n: int) -> Plural:
    """Mark a text for translation whose form depends on a number: ``ngettext("${n} day", "${n} days", 3)``."""
    return Plural(singular, plural, n)


def is_persian(locale: str) -> bool:
    """Return whether a locale such as ``fa`` or ``fa_IR`` is Persian."""
    return locale.replace("-", "_").partition("_")[0] == "fa"


def text_direction(locale: str) -> Literal["rtl", "ltr"]:
    """Return the text direction of a language."""
    return "rtl" if locale.replace("-", "_").partition("_")[0] in _RIGHT_TO_LEFT else "ltr"


def say(text: object, localizer: Localizer | None = None) -> str:
    """Translate a text with its mapping, including texts and integers in it.

    In English without a localizer.

    :param localizer: Pyramid's, of the language.
    """
    if isinstance(text, int) and localizer:
        return localized_digits(str(text), localizer.locale_name)
    if isinstance(text, Plural):
        form = text.singular if text.n == 1 else text.plural
        if localizer:
            form = localizer.pluralize(text.singular, text.plural, text.n, domain=_DOMAIN)
        return str(TranslationString(form, mapping={"n": say(text.n, localizer)}).interpolate())
    if not isinstance(text, TranslationString):
        return str(text)
    mapping = {
        name: say(value, localizer) if isinstance(value, TranslationString | int) else value
        for name, value in (text.mapping or {}).items()
    }
    whole = TranslationString(text, mapping=mapping)
    return str(localizer.translate(whole) if localizer else whole.interpolate())


def listed(items: Iterable[str], locale: str) -> str:
    """Join names with the comma of the locale."""
    return ("، " if text_direction(locale) == "rtl" else ", ").join(items)


def persian_digits(text: str) -> str:
    """Replace decimal digits with Persian ones (۰–۹), except those of a Latin word such as "Open311"."""
    return _DIGITS.sub(lambda digits: digits[0].translate(_TO_PERSIAN), text)


def latin_digits(text: str) -> str:
    """Replace Persian (۰–۹) and Arabic-Indic (٠–٩) digits with ASCII digits.

    Digits of other scripts are unchanged, so that a later check for ASCII refuses them.
    """
    return text.translate(_TO_LATIN)


def localized_digits(text: str, locale: str) -> str:
    """Replace the digits of the text with those of the locale."""
    return persian_digits(text) if is_persian(locale) else latin_digits(text)


def format_number(number: int | float | Decimal, locale: str) -> str:
    """Format a number for a locale: ``۱٬۲۳۴٫۵``."""
    text = f"{number:,}"
    return text.translate(_TO_PERSIAN_NUMBER) if is_persian(locale) else text
