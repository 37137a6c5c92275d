"""The mapping file: which column of a file is which field, and what its values mean."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Self

from civicportal.portal.importing.errors import MappingError
from civicportal.portal.importing.fields import ENTITIES, FIELDS, OPTIONS
from civicportal.util.persian import key
from civicportal.util.toml_types import TomlInvalid, parse_toml

Toml = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class ImportSection:
    """The mapping of the files of one entity.

    :ivar files: patterns of file names; empty for all files.
    :ivar columns: headers by field; the texts of several are joined with a space.
    :ivar values: what a text of a field means, by field and text.
    :ivar defaults: the text of a field whose column is missing or empty.
    """

    entity: str
    kind: str = ""
    files: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def holds(self, name: str) -> bool:
        """Return whether a file belongs to the section."""
        return not self.files or any(fnmatch(name, pattern) for pattern in self.files)

    def header(self, name: str) -> str:
        """Return the headers of a field, for people."""
        return " + ".join(self.columns.get(name, (name,)))

    def text(self, row: Mapping[str, str], name: str) -> str:
        """Return the text of a field in a row, or its default."""
        parts = (row.get(header, "") for header in self.columns.get(name, ()))
        return " ".join(filter(None, parts)) or self.defaults.get(name, "")

    def meaning(self, name: str, text: str) -> str:
        """Return what the mapping says that a text means, or the text."""
        return self.values.get(name, {}).get(key(text), text)

    def option(self, name: str) -> str:
        """Return the value of an option, by default its first one."""
        return self.options.get(name, OPTIONS[name][0])

    def refuse_missing(self, headers: Collection[str], file: str) -> None:
        """Refuse a file without a mapped column.

        :raises MappingError: names them.
        """
        missing = [header for columns in self.columns.values() for header in columns if header not in headers]
        if missing:
            raise MappingError(
                f"{file}: there is no column {', '.join(map(repr, missing))}; there are {', '.join(headers)}"
            )


@dataclass(frozen=True, kw_only=True)
class ImportMapping:
    """A mapping file.

    :ivar source: name of the earlier system; with a line's key it identifies the line.
    :ivar order: order of the parts of a date: "ymd", "dmy" or "mdy".
    :ivar delimiter: of CSV files; empty to find it out.
    :ivar encoding: of CSV files; empty to find it out.
    """

    source: str
    order: str = "ymd"
    delimiter: str = ""
    encoding: str = ""
    sections: Sequence[ImportSection]
    text: str = ""

    @classmethod
    def read(cls, text: str, *, kinds: Mapping[str, Collection[str]]) -> Self:
        """Parse a mapping file.

        :param kinds: the additional columns of each kind of case.
        :raises MappingError: names the wrong key.
        """
        try:
            table = parse_toml(text)
        except TomlInvalid as error:
            raise MappingError(f"the mapping is not TOML: {error}") from None
        source = dict(_table(table.get("source"), "source"))
        known = {"name", "order", "delimiter", "encoding"}
        _refuse_unknown(table, {"source", *ENTITIES}, "the mapping")
        _refuse_unknown(source, known, "[source]")
        name = str(source.get("name", "")).strip()
        if not name or len(name) > 60:
            raise MappingError("[source] name: write a name of the earlier system with at most 60 characters")
        order = str(source.get("order", "ymd"))
        if order not in ("ymd", "dmy", "mdy"):
            raise MappingError(f'[source] order: {order!r} is none of "ymd", "dmy", "mdy"')
        sections = [
            _section(entity, _table(table[entity], entity), kinds) for entity in ENTITIES if entity in table
        ]
        if not sections:
            raise MappingError(
                f"the mapping has none of the tables {', '.join(f'[{one}]' for one in ENTITIES)}"
            )
        return cls(
            source=name,
            order=order,
            delimiter=str(source.get("delimiter", "")),
            encoding=str(source.get("encoding", "")),
            sections=sections,
            text=text,
        )

    def section(self, entity: str) -> ImportSection | None:
        """Return the section of an entity, if any."""
        return next((one for one in self.sections if one.entity == entity), None)

    def section_of(self, name: str) -> ImportSection:
        """Return the section of a file.

        :raises MappingError: when it belongs to none or to several.
        """
        found = [section for section in self.sections if section.holds(name)]
        if len(found) != 1:
            tables = ", ".join(f"[{section.entity}]" for section in found) or "no table"
            raise MappingError(f'{name} belongs to {tables}: name it in "files" of exactly one table')
        return found[0]


def _section(entity: str, table: Toml, kinds: Mapping[str, Collection[str]]) -> ImportSection:
    place = f"[{entity}]"
    kind = str(table.get("kind", ""))
    if entity in ("cases", "categories") and kind not in kinds:
        raise MappingError(f"{place} kind: {kind!r} is none of {', '.join(sorted(kinds))}")
    options = {name for name, (_values, entities) in _OPTIONS_OF.items() if entity in entities}
    _refuse_unknown(table, {"kind", "files", "columns", "values", "defaults", *options}, place)
    known = {*FIELDS[entity], *(kinds.get(kind, ()) if entity == "cases" else ())}
    columns = {
        name: tuple(_texts(value, f"{place} columns.{name}"))
        for name, value in _table(table.get("columns", {}), f"{entity}.columns").items()
    }
    defaults = {
        name: str(value) for name, value in _table(table.get("defaults", {}), f"{entity}.defaults").items()
    }
    values = {
        name: {key(text): str(value) for text, value in _table(found, f"{entity}.values.{name}").items()}
        for name, found in _table(table.get("values", {}), f"{entity}.values").items()
    }
    for names in (columns, defaults, values):
        _refuse_unknown(names, known, place)
    chosen = {name: str(table[name]) for name in sorted(options) if name in table}
    for name, value in chosen.items():
        if value not in OPTIONS[name]:
            raise MappingError(f"{place} {name}: {value!r} is none of {', '.join(OPTIONS[name])}")
    missing = [
        name for name, one in FIELDS[entity].items() if one.required and not {name} & {*columns, *defaults}
    ]
    if missing:
        raise MappingError(f"{place} columns: {', '.join(missing)} must be mapped")
    return ImportSection(
        entity=entity,
        kind=kind,
        files=tuple(_texts(table.get("files", []), f"{place} files")),
        columns=columns,
        values=values,
        defaults=defaults,
        options=chosen,
    )


_OPTIONS_OF = {name: (values, ("cases",)) for name, values in OPTIONS.items()}


def _table(value: object, place: str) -> Toml:
    if not isinstance(value, dict):
        raise MappingError(f"[{place}] is not a table, or is missing")
    return value


def _texts(value: object, place: str) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, str) or not one.strip():
            raise MappingError(f"{place}: {one!r} is not a text")
        yield one.strip()


def _refuse_unknown(table: Collection[str], known: Collection[str], place: str) -> None:
    unknown = sorted(set(table).difference(known))
    if unknown:
        raise MappingError(f"{place}: {', '.join(unknown)} is unknown; there are {', '.join(sorted(known))}")
