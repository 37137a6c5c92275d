"""The mapping file: which column of a file is which field, and what its values mean."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import NoReturn, Self

from civicportal.portal.importing.errors import MappingError
from civicportal.portal.importing.fields import ENTITIES, FIELDS, OPTIONS
from civicportal.util.i18n import _
from civicportal.util.persian import key
from civicportal.util.toml import TomlInvalid, parse_toml

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
        return self.values.get(name, {}).get(key(text)) or text

    def option(self, name: str) -> str:
        """Return the value of an option, by default its first one."""
        return self.options.get(name, OPTIONS[name][0])

    def refuse_missing(self, headers: Collection[str], file: str) -> None:
        """Refuse a file without a mapped column.

        :raises MappingError: names them.
        """
        missing = [header for columns in self.columns.values() for header in columns if header not in headers]
        if missing:
            named = {"file": file, "missing": ", ".join(map(repr, missing)), "headers": ", ".join(headers)}
            raise MappingError(
                _("${file}: there is no column ${missing}; there are ${headers}", mapping=named)
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
            raise MappingError(
                _("the mapping is not TOML: ${error}", mapping={"error": str(error)})
            ) from None
        source = dict(_table(table.get("source"), "source"))
        known = {"name", "order", "delimiter", "encoding"}
        _refuse_unknown(table, {"source", *ENTITIES}, "the mapping")
        _refuse_unknown(source, known, "[source]")
        name = str(source.get("name", "")).strip()
        if not name or len(name) > 60:
            raise MappingError(
                _("[source] name: write a name of the earlier system with at most 60 characters")
            )
        order = str(source.get("order", "ymd"))
        if order not in ("ymd", "dmy", "mdy"):
            _refuse_other("[source] order", order, ("ymd", "dmy", "mdy"))
        sections = [
            _section(entity, _table(table[entity], entity), kinds) for entity in ENTITIES if entity in table
        ]
        if not sections:
            names = ", ".join(f"[{one}]" for one in ENTITIES)
            raise MappingError(_("the mapping has none of the tables ${names}", mapping={"names": names}))
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
            raise MappingError(
                _(
                    '${file} belongs to ${tables}: name it in "files" of exactly one table',
                    mapping={"file": name, "tables": tables},
                )
            )
        return found[0]


def _section(entity: str, table: Toml, kinds: Mapping[str, Collection[str]]) -> ImportSection:
    place = f"[{entity}]"
    kind = str(table.get("kind", ""))
    if entity in ("cases", "categories") and kind not in kinds:
        _refuse_other(f"{place} kind", kind, sorted(kinds))
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
            _refuse_other(f"{place} {name}", value, OPTIONS[name])
    missing = [
        name for name, one in FIELDS[entity].items() if one.required and not {name} & {*columns, *defaults}
    ]
    if missing:
        raise MappingError(
            _(
                "${place} columns: ${names} must be mapped",
                mapping={"place": place, "names": ", ".join(missing)},
            )
        )
    return ImportSection(
        entity=entity,
        kind=kind,
        files=tuple(_texts(table.get("files", []), f"{place} files")),
        columns=columns,
        values=values,
        defaults=defaults,
        options=chosen,
    )


def read_sections(text: str) -> dict[str, ImportSection]:
    """Return the tables of a mapping by entity as they are written, for forms that complete them."""
    table, found = parse_toml(text), dict[str, ImportSection]()
    for entity in ENTITIES:
        own = table.get(entity)
        if isinstance(own, dict):
            found[entity] = ImportSection(
                entity=entity,
                kind=str(own.get("kind", "")),
                columns={
                    name: tuple(map(str, value if isinstance(value, list) else [value]))
                    for name, value in own.get("columns", {}).items()
                },
                defaults={name: str(value) for name, value in own.get("defaults", {}).items()},
                options={name: str(own[name]) for name in OPTIONS if name in own},
            )
    return found


def source_of(text: str) -> str:
    """Return the name of the earlier system."""
    return str(_table(parse_toml(text).get("source", {}), "source").get("name", ""))


def order_of(text: str) -> str:
    """Return the order of the parts of a date."""
    return str(_table(parse_toml(text).get("source", {}), "source").get("order", "ymd"))


_OPTIONS_OF = {name: (values, ("cases",)) for name, values in OPTIONS.items()}


def _table(value: object, place: str) -> Toml:
    if not isinstance(value, dict):
        raise MappingError(_("[${place}] is not a table, or is missing", mapping={"place": place}))
    return value


def _texts(value: object, place: str) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, str) or not one.strip():
            raise MappingError(
                _("${place}: ${value} is not a text", mapping={"place": place, "value": repr(one)})
            )
        yield one.strip()


def _refuse_unknown(table: Collection[str], known: Collection[str], place: str) -> None:
    unknown = sorted(set(table).difference(known))
    if unknown:
        named = {"place": place, "unknown": ", ".join(unknown), "known": ", ".join(sorted(known))}
        raise MappingError(_("${place}: ${unknown} is unknown; there are ${known}", mapping=named))


def _refuse_other(place: str, value: str, known: Collection[str]) -> NoReturn:
    named = {"place": place, "value": repr(value), "known": ", ".join(known)}
    raise MappingError(_("${place}: ${value} is none of ${known}", mapping=named))
