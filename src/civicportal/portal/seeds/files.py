"""Reading of the seeds of ``data/*.toml``."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import colander

from civicportal.core.settings import validate
from civicportal.portal.seeds import schemas
from civicportal.util.errors import ConfigurationError
from civicportal.util.toml import read_toml
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site

SCHEMAS: Mapping[str, type[colander.SchemaNode]] = {
    "unit": schemas.UnitSeed,
    "category": schemas.CategorySeed,
    "asked": schemas.QuestionSeed,
    "role": schemas.RoleSeed,
    "routing": schemas.RoutingSeed,
    "automation": schemas.AutomationSeed,
    "message": schemas.WordingSeed,
    "question": schemas.HelpSeed,
    "holiday": schemas.HolidaySeed,
}
"""By the sort of a seed, which is the beginning of its key; the office hours come from ``site.toml``."""
TABLES = {
    "units": ("units",),
    "categories": ("categories", "kind"),
    "category_questions": ("questions", "kind"),
    "roles": ("roles",),
    "routing": ("routing",),
    "automations": ("automations",),
    "messages": ("messages",),
    "questions": ("questions",),
    "calendar": ("holidays",),
}
"""What each file may hold."""


@dataclass(frozen=True, kw_only=True)
class PlannedSeed:
    """A seed of the files: ``unit:waste`` with its values.

    :ivar path: of its file.
    :ivar order: column and value that give its place among the others of its file.
    """

    key: str
    path: Path
    values: Values
    order: Mapping[str, int]

    @property
    def sort(self) -> str:
        """Return the beginning of the key: a name of :data:`SCHEMAS`, or "calendar"."""
        return self.key.partition(":")[0]

    @property
    def name(self) -> str:
        """Return the rest of the key, which says which of the sort it is."""
        return self.key.partition(":")[2]

    @property
    def place(self) -> str:
        """Return file and key, for messages."""
        return f"{self.path}: {self.key}"

    @property
    def digest(self) -> str:
        """Return a digest of its values and its place."""
        text = json.dumps({**self.values, **self.order}, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def validated(self) -> Values:
        """Return the values with the defaults of those that are missing.

        :raises ConfigurationError: with every problem, one a line.
        """
        if self.sort not in SCHEMAS:
            return self.values
        # What a child inherits of a category may be missing there too.
        written = {name: value for name, value in self.values.items() if value is not None}
        return validate(SCHEMAS[self.sort](), written, self.path, self.key)


class SeedFiles:
    """The files of a site's folder ``data`` that hold seeds; each may be missing."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._tables: dict[str, Values] = {}

    def planned(self) -> list[PlannedSeed]:
        """Return the seeds, referenced ones first.

        :raises ConfigurationError: when a file cannot be read, has other tables than it may have, or a key twice.
        """
        self._tables = {file: self._open(self._path(file), known) for file, known in TABLES.items()}
        found: dict[str, PlannedSeed] = {}
        for seed in self._read():
            if seed.key in found:
                raise ConfigurationError(f"{seed.path}: {seed.key}: stands twice in the file")
            found[seed.key] = seed
        return list(found.values())

    def _read(self) -> Iterator[PlannedSeed]:
        for position, unit in enumerate(self._rows("units", "units")):
            yield self._seed("units", f"unit:{unit['key']}", unit, weight=-position)
        yield from self._categories()
        for position, question in enumerate(self._rows("category_questions", "questions", "key", "category")):
            kind = question.get("kind", self._tables["category_questions"].get("kind"))
            key = f"asked:{kind}/{question['category']}/{question['key']}"
            yield self._seed("category_questions", key, {**question, "kind": kind}, weight=-position)
        for key, role in self._named("roles", "roles"):
            yield self._seed("roles", f"role:{key}", role)
        for position, rule in enumerate(self._rows("routing", "routing")):
            yield self._seed("routing", f"routing:{rule['key']}", rule, position=position)
        for key, automation in self._named("automations", "automations"):
            yield self._seed("automations", f"automation:{key}", automation)
        for key, text in self._named("messages", "messages"):
            yield self._seed("messages", f"message:{key}", {"text": text})
        for key, answered in self._named("questions", "questions"):
            yield self._seed("questions", f"question:{key}", answered)
        hours = dict(self._site.settings["calendar"])
        yield PlannedSeed(key="calendar:hours", path=self._site.path, values=hours, order={})
        for holiday in self._rows("calendar", "holidays", "date"):
            yield self._seed("calendar", f"holiday:{holiday['date']}", holiday)

    def _categories(self) -> Iterator[PlannedSeed]:
        usual, position = self._tables["categories"].get("kind"), 0
        for root in self._rows("categories", "categories"):
            kind = root.get("kind", usual)
            if not kind:
                raise ConfigurationError(
                    f"{self._path('categories')}: category {root['key']!r}: of which kind of case?"
                )
            # The default kind of the file is not part of the key, so that keys of sites with a single kind stay the
            # same.
            prefix = "" if kind == usual else f"{kind}/"
            inherited = {"icon": root.get("icon"), "tint": root.get("tint"), "parent": root["key"]}
            own = {key: value for key, value in root.items() if key != "children"}
            children = self._checked("categories", "children", root.get("children", []))
            for values in (own, *({**inherited, **child} for child in children)):
                position += 1
                key = f"category:{prefix}{values['key']}"
                yield self._seed("categories", key, {**values, "kind": kind}, weight=-position)

    def _seed(self, file: str, key: str, values: object, **order: int) -> PlannedSeed:
        path = self._path(file)
        if not isinstance(values, Mapping):
            raise ConfigurationError(f"{path}: {key}: must be a table, not {type(values).__name__}")
        return PlannedSeed(key=key, path=path, values=dict(values), order=order)

    def _rows(self, file: str, table: str, *needed: str) -> list[Values]:
        return self._checked(file, table, self._tables[file].get(table, []), *needed)

    def _checked(self, file: str, table: str, rows: object, *needed: str) -> list[Values]:
        """Return the tables of an array that have certain texts, by default a ``key``."""
        path = self._path(file)
        if not isinstance(rows, list):
            raise ConfigurationError(f"{path}: {table}: must be an array of tables, [[{table}]]")
        for number, row in enumerate(rows, 1):
            for name in needed or ("key",):
                if not isinstance(row, dict) or not isinstance(row.get(name), str):
                    raise ConfigurationError(
                        f"{path}: {table}, entry {number}: {name} is missing, or no text"
                    )
        return rows

    def _named(self, file: str, table: str) -> list[tuple[str, object]]:
        """Return the entries of a table by their keys."""
        named = self._tables[file].get(table, {})
        if not isinstance(named, dict):
            raise ConfigurationError(f"{self._path(file)}: {table}: must be a table, [{table}]")
        return list(named.items())

    @staticmethod
    def _open(path: Path, known: Sequence[str]) -> Values:
        tables = read_toml(path) if path.is_file() else {}
        if unknown := tables.keys() - set(known):
            raise ConfigurationError(f"{path}: unknown key {min(unknown)!r}; known are {', '.join(known)}")
        return tables

    def _path(self, file: str) -> Path:
        return self._site.data / f"{file}.toml"
