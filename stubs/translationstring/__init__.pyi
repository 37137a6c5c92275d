from collections.abc import Mapping
from typing import Protocol

class _Factory(Protocol):
    def __call__(
        self,
        msgid: str,
        mapping: Mapping[str, object] | None = None,
        default: str | None = None,
        context: str | None = None,
    ) -> TranslationString: ...

class TranslationString(str):
    domain: str | None
    context: str | None
    default: str | None
    mapping: dict[str, object] | None
    def __new__(
        cls,
        msgid: str,
        domain: str | None = None,
        default: str | None = None,
        mapping: Mapping[str, object] | None = None,
        context: str | None = None,
    ) -> TranslationString: ...
    def __mod__(self, options: Mapping[str, object]) -> TranslationString: ...
    def interpolate(self, translated: str | None = None) -> str: ...

def TranslationStringFactory(factory_domain: str) -> _Factory: ...
