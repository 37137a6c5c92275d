"""Branding: values of ``site.toml``, overridden in the browser."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from civicportal.core.clock import has_passed
from civicportal.core.limits.table import DEFAULTS, LimitWindow
from civicportal.util.colour import DEFAULT, DEFAULT_BAR, palette
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site

STALE = 5.0
"""Seconds after which a process rereads changes of other processes."""
TABLES = ("look", "contact", "texts", "api")
NAMES = ("name", "short_name", "attribution")
"""Values that stand in no table."""
YES, NO = "true", "false"
CALLS = ("api_token", "api_address")
"""Limits of the calls of programs."""
UNTRANSLATED = ("phone", "postal_code", "email", "website")
"""Values of ``contact`` that are the same in each language."""


@dataclass(frozen=True, kw_only=True)
class Branding:
    """The branding used by pages and messages.

    :ivar look: colours, see :mod:`civicportal.util.colour`.
    :ivar api: what is set in the browser about programs: ``enabled``, ``personal`` and ``per_minute``.
    :ivar attribution: source of the map.
    :ivar translations: values of other languages: language, key as of :meth:`values`, text.
    """

    name: str
    short_name: str
    contact: Mapping[str, str]
    texts: Mapping[str, str]
    look: Mapping[str, str]
    api: Mapping[str, str] = field(default_factory=dict)
    attribution: str = ""
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    is_demo: bool = False

    @property
    def phone(self) -> str:
        """Return the city's telephone number for citizens."""
        return self.contact.get("phone", "")

    @property
    def address(self) -> str:
        """Return the address of the town hall."""
        return self.contact.get("address", "")

    @property
    def api_enabled(self) -> bool:
        """Return whether there is an API."""
        return self.api.get("enabled") == YES

    @property
    def api_personal(self) -> str:
        """Return who may make tokens of their own: "staff", "everybody" or "none"."""
        return self.api.get("personal", "none")

    @property
    def bar(self) -> str:
        """Return the theme colour for browsers: that of the page header."""
        return palette(self.look).get("hero", DEFAULT_BAR)

    @property
    def digest(self) -> str:
        """Return a digest of the branding, ten hex digits."""
        return hashlib.sha256(json.dumps(self.values(), sort_keys=True).encode()).hexdigest()[:10]

    def values(self) -> dict[str, str]:
        """Return everything by key: ``name``, ``short_name``, ``contact.phone``, ``en.texts.about``, …"""
        flat = {name: getattr(self, name) for name in NAMES}
        for table in TABLES:
            flat |= {f"{table}.{key}": value for key, value in getattr(self, table).items()}
        for locale, texts in self.translations.items():
            flat |= {f"{locale}.{key}": text for key, text in texts.items()}
        return flat

    def in_language(self, locale: str) -> "Branding":
        """Return the branding with the texts of a language; one without a translation stays as it is."""
        texts = {key: text for key, text in self.translations.get(locale, {}).items() if text}
        return with_values(replace(self, translations={}), texts)

    def untranslated(self, locale: str) -> list[str]:
        """Return the keys of the texts that citizens see and that have no translation into a language."""
        own = self.translations.get(locale, {})
        needed = [
            *(name for name in ("name", "attribution") if getattr(self, name)),
            *(f"contact.{key}" for key, text in self.contact.items() if text and key not in UNTRANSLATED),
            *(f"texts.{key}" for key, text in self.texts.items() if text),
        ]
        return [key for key in needed if not own.get(key)]


def of_file(settings: Values, *, is_demo: bool = False) -> Branding:
    """Return the branding of a site's file."""
    names = {key: settings["site"][key] for key in ("name", "short_name")}
    api = {
        "enabled": YES if settings["api"]["enabled"] else NO,
        "personal": settings["api"]["personal"],
        "per_minute": str(per_minute(settings["limits"])),
    }
    attribution = settings["map"]["attribution"] if settings["map"] else ""
    look = {"primary": DEFAULT, **{key: str(color).lower() for key, color in settings["look"].items()}}
    return Branding(
        **names,
        attribution=attribution,
        look=look,
        contact=settings["contact"],
        texts=settings["texts"],
        api=api,
        translations={locale: _flat(table) for locale, table in settings["translations"].items()},
        is_demo=is_demo,
    )


def per_minute(limits: Mapping[str, Sequence[Sequence[int]]]) -> int:
    """Return how often a token may call in a minute, by the table ``[limits]`` of a site's file."""
    windows = [LimitWindow(*pair) for pair in limits.get("api_token", ())] or DEFAULTS["api_token"]
    return min(max(1, window.hits * 60 // window.seconds) for window in windows)


def _flat(table: Values) -> dict[str, str]:
    """Return a table ``[translations.en]`` by key, without the settings of plugins."""
    flat = {name: table[name] for name in NAMES if table[name]}
    for part in ("contact", "texts"):
        flat |= {f"{part}.{key}": text for key, text in table[part].items()}
    return flat


def with_values(branding: Branding, stored: Mapping[str, str]) -> Branding:
    """Return a copy with some values replaced; an empty colour means none."""
    values = {**branding.values(), **stored}
    tables: dict[str, dict[str, str]] = {table: {} for table in TABLES}
    translations: dict[str, dict[str, str]] = {}
    for key, value in values.items():
        table, dot, name = key.partition(".")
        if dot and table not in TABLES:
            translations.setdefault(table, {})[name] = value
        elif dot and (value or table != "look"):
            tables[table][name] = value
    return replace(
        branding,
        name=values["name"],
        short_name=values["short_name"],
        attribution=values["attribution"],
        translations=translations,
        look=tables["look"],
        contact=tables["contact"],
        texts=tables["texts"],
        api=tables["api"],
    )


class BrandingCache:
    """The branding cached by one process for a few seconds."""

    def __init__(self, site: "Site") -> None:
        self.site = site
        self.file = of_file(site.settings, is_demo=site.is_demo)
        self._current = self.file
        self._translated: dict[str, Branding] = {}
        self._read_at: float | None = None

    def current(self, locale: str = "") -> Branding:
        """Return the branding, reread if stale.

        :param locale: language of its texts, that of the site by default.
        """
        branding = self._present()
        if not locale or locale == self.site.locale:
            return branding
        known = self._translated
        if locale not in known:
            known[locale] = branding.in_language(locale)
        return known[locale]

    def _present(self) -> Branding:
        # Read once: another thread may clear it at any time.
        read_at = self._read_at
        if read_at is None or has_passed(STALE, read_at, self.site.clock.uptime().seconds):
            self._current, self._translated = self._read(), {}
            self._limit_calls()
            # The time after reading, so that a slow database does not make the value stale at once.
            self._read_at = self.site.clock.uptime().seconds
        return self._current

    def _limit_calls(self) -> None:
        """Limit the calls of programs as it is set in the browser, or by the file."""
        hits = self._current.api["per_minute"]
        window = None if hits == self.file.api["per_minute"] else LimitWindow(int(hits), 60)
        for name in CALLS:
            self.site.limits.replace(name, window)

    def forget(self) -> None:
        """Clear the cache after a change."""
        self._read_at = None

    def _read(self) -> Branding:
        from sqlalchemy import select
        from sqlalchemy.exc import OperationalError, ProgrammingError

        from civicportal.core.branding.models import Setting

        try:
            with self.site.engines.read.connect() as connection:
                rows = connection.execute(select(Setting.key, Setting.value)).all()
        except (OperationalError, ProgrammingError):
            # The tables are missing, or the database is unreachable: use the file's values.
            return self._current
        return with_values(self.file, dict(rows))
