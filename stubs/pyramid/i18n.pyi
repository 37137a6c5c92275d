from collections.abc import Callable, Mapping
from gettext import GNUTranslations
from typing import BinaryIO, Self

from translationstring import TranslationString as TranslationString
from translationstring import TranslationStringFactory as TranslationStringFactory

class Localizer:
    locale_name: str
    def __init__(self, locale_name: str, translations: Translations) -> None: ...
    def pluralize(
        self,
        singular: str,
        plural: str,
        n: int,
        domain: str | None = None,
        mapping: Mapping[str, object] | None = None,
    ) -> str: ...
    def translate(
        self, tstring: str, domain: str | None = None, mapping: Mapping[str, object] | None = None
    ) -> str: ...

class Translations(GNUTranslations):
    DEFAULT_DOMAIN: str
    domain: str
    plural: Callable[[int], int]
    _catalog: dict[str, str]
    _domains: dict[str, Translations]
    def __init__(self, fileobj: BinaryIO | None = None, domain: str = "messages") -> None: ...
    def add(self, translations: Translations, merge: bool = True) -> Self: ...
    def merge(self, translations: Translations) -> Self: ...

def make_localizer(current_locale_name: str, translation_directories: list[str]) -> Localizer: ...
