"""Branding: values of ``site.toml``, overridden in the browser."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from civicportal.core.clock import has_passed
from civicportal.util.colour import DEFAULT, DEFAULT_BAR, palette
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site

STALE = 5.0
"""Seconds after which a process rereads changes of other processes."""
TABLES = ("look", "contact", "texts")


@dataclass(frozen=True, kw_only=True)
class Branding:
    """The branding used by pages and messages.

    :ivar look: colours, see :mod:`civicportal.util.colour`.
    """

    name: str
    short_name: str
    contact: Mapping[str, str]
    texts: Mapping[str, str]
    look: Mapping[str, str]
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
    def bar(self) -> str:
        """Return the theme colour for browsers: that of the page header."""
        return palette(self.look).get("hero", DEFAULT_BAR)

    @property
    def digest(self) -> str:
        """Return a digest of the branding, ten hex digits."""
        return hashlib.sha256(json.dumps(self.values(), sort_keys=True).encode()).hexdigest()[:10]

    def values(self) -> dict[str, str]:
        """Return everything by key: ``name``, ``short_name``, ``contact.phone``, …"""
        flat = {"name": self.name, "short_name": self.short_name}
        for table in TABLES:
            flat |= {f"{table}.{key}": value for key, value in getattr(self, table).items()}
        return flat


def of_file(settings: Values, *, is_demo: bool = False) -> Branding:
    """Return the branding of a site's file."""
    names = {key: settings["site"][key] for key in ("name", "short_name")}
    look = {"primary": DEFAULT, **{key: str(color).lower() for key, color in settings["look"].items()}}
    return Branding(**names, look=look, contact=settings["contact"], texts=settings["texts"], is_demo=is_demo)


def with_values(branding: Branding, stored: Mapping[str, str]) -> Branding:
    """Return a copy with some values replaced; an empty colour means none."""
    values = {**branding.values(), **stored}
    tables: dict[str, dict[str, str]] = {table: {} for table in TABLES}
    for key, value in values.items():
        table, dot, name = key.partition(".")
        if dot and (value or table != "look"):
            tables[table][name] = value
    return Branding(name=values["name"], short_name=values["short_name"], **tables, is_demo=branding.is_demo)


class BrandingCache:
    """The branding cached by one process for a few seconds."""

    def __init__(self, site: "Site") -> None:
        self.site = site
        self.file = of_file(site.settings, is_demo=site.is_demo)
        self._current = self.file
        self._read_at: float | None = None

    def current(self) -> Branding:
        """Return the branding, reread if stale."""
        # Read once: another thread may clear it at any time.
        read_at = self._read_at
        if read_at is None or has_passed(STALE, read_at, self.site.clock.uptime().seconds):
            self._current = self._read()
            # The time after reading, so that a slow database does not make the value stale at once.
            self._read_at = self.site.clock.uptime().seconds
        return self._current

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
