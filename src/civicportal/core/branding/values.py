"""Name, colours, contact and words of the municipality: those of ``site.toml``, under what was set in the browser."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from civicportal.core.clock import has_passed
from civicportal.util.colour import DEFAULT, DEFAULT_BAR, palette

if TYPE_CHECKING:
    from civicportal.core.site import Site

STALE = 5.0
"""Seconds until a process looks again whether another one has changed something."""
TABLES = ("look", "contact", "texts")


@dataclass(frozen=True, kw_only=True)
class Face:
    """What pages and messages say of the city.

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
        """Return the colour that browsers give their own bar beside the page: that of its head."""
        return palette(self.look).get("hero", DEFAULT_BAR)

    @property
    def digest(self) -> str:
        """Return what tells this face from another, ten hex digits."""
        return hashlib.sha256(json.dumps(self.values(), sort_keys=True).encode()).hexdigest()[:10]

    def values(self) -> dict[str, str]:
        """Return everything by key: ``name``, ``short_name``, ``contact.phone``, …"""
        flat = {"name": self.name, "short_name": self.short_name}
        for table in TABLES:
            flat |= {f"{table}.{key}": value for key, value in getattr(self, table).items()}
        return flat


def of_file(settings: Mapping[str, Any], *, is_demo: bool = False) -> Face:
    """Return the face that a site's file describes."""
    names = {key: settings["site"][key] for key in ("name", "short_name")}
    look = {"primary": DEFAULT, **{key: str(color).lower() for key, color in settings["look"].items()}}
    return Face(**names, look=look, contact=settings["contact"], texts=settings["texts"], is_demo=is_demo)


def with_values(face: Face, stored: Mapping[str, str]) -> Face:
    """Return a face with some of its values replaced; an empty colour is none."""
    values = {**face.values(), **stored}
    tables: dict[str, dict[str, str]] = {table: {} for table in TABLES}
    for key, value in values.items():
        table, dot, name = key.partition(".")
        if dot and (value or table != "look"):
            tables[table][name] = value
    return Face(name=values["name"], short_name=values["short_name"], **tables, is_demo=face.is_demo)


class FaceCache:
    """The face of a site as one process knows it, a few seconds old at most."""

    def __init__(self, site: "Site") -> None:
        self.site = site
        self.file = of_file(site.settings, is_demo=site.is_demo)
        self._current = self.file
        self._read_at: datetime | None = None

    def current(self) -> Face:
        """Return the face; read again when it is stale."""
        # Read once: another thread may forget it at any moment.
        read_at = self._read_at
        if read_at is None or has_passed(STALE, read_at, self.site.clock.now()):
            self._current = self._read()
            # The time after it: what a database took long for is not stale when it comes, to be waited for anew.
            self._read_at = self.site.clock.now()
        return self._current

    def forget(self) -> None:
        """Read again when it is asked for next: something was changed."""
        self._read_at = None

    def _read(self) -> Face:
        from sqlalchemy import select
        from sqlalchemy.exc import OperationalError, ProgrammingError

        from civicportal.core.branding.models import Setting

        try:
            with self.site.engines.read.connect() as connection:
                rows = connection.execute(select(Setting.key, Setting.value)).all()
        except (OperationalError, ProgrammingError):
            # The tables are not there yet, or the database is away: the file's own values will do.
            return self._current
        return with_values(self.file, dict(rows))
