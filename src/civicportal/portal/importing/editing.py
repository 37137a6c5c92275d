"""Changes of a mapping file by forms: what they do not show stays as it was written."""

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tomlkit
from sqlalchemy import select
from tomlkit.items import Item
from translationstring import TranslationString

from civicportal.domain.accounts.models import Role
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.organization.editing import in_order
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.importing.contents import FileContents, texts_of
from civicportal.portal.importing.fields import CHOSEN, FIELDS
from civicportal.portal.importing.mapping import ImportMapping, ImportSection
from civicportal.portal.importing.reading import LEFT_OUT, CaseReader, named
from civicportal.portal.importing.suggesting import add_tables
from civicportal.util.i18n import _
from civicportal.util.persian import key
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.work import Work

INDENT = "\N{EM SPACE}"


@dataclass(frozen=True, kw_only=True)
class ValueChoice:
    """A text of the files, and what it means.

    :ivar chosen: the value of the portal; empty if the mapping does not say and no name of the portal equals it.
    """

    entity: str
    field: str
    text: str
    chosen: str


@dataclass(frozen=True, kw_only=True)
class FieldChoices:
    """The texts of one field.

    :ivar choices: None if the column has too many texts to be listed, or the field several columns.
    """

    entity: str
    field: str
    header: str
    options: Sequence[Option]
    choices: Sequence[ValueChoice] | None


def empty_mapping(source: str) -> str:
    """Return a mapping without tables.

    :param source: name of the earlier system.
    """
    return tomlkit.dumps({"source": {"name": source}})


def with_tables(
    text: str, files: Mapping[str, FileContents], kind: str, extra: Mapping[str, Sequence[str]]
) -> str:
    """Return a mapping whose tables are those of some files: new ones are suggested, and others removed."""
    document = tomlkit.parse(text)
    entities = {one.entity for one in files.values()}
    for entity in [name for name in document if name != "source" and name not in entities]:
        if entity != "history" or "cases" not in entities:
            del document[entity]
    add_tables(document, files, kind, extra)
    for entity in entities:
        table = _table(document, entity)
        table["files"] = [name for name, one in files.items() if one.entity == entity]
    return tomlkit.dumps(document)


def with_order(text: str, order: str) -> str:
    """Return a mapping with another order of the parts of a date."""
    document = tomlkit.parse(text)
    table = _table(document, "source")
    if order != table.get("order", "ymd"):
        table["order"] = order
    return tomlkit.dumps(document)


def with_kind(text: str, entity: str, kind: str) -> str:
    """Return a mapping whose cases or categories are of another kind; without the own columns of the former one."""
    document = tomlkit.parse(text)
    table = _table(document, entity)
    if table.get("kind") != kind:
        table["kind"] = kind
        for name in ("columns", "defaults", "values"):
            if name in table:
                part = _table(table, name)
                for own in [one for one in part if one not in FIELDS[entity]]:
                    del part[own]
    return tomlkit.dumps(document)


def with_columns(
    text: str,
    entity: str,
    columns: Mapping[str, Sequence[str]],
    defaults: Mapping[str, str],
    options: Mapping[str, str],
) -> str:
    """Return a mapping with the columns, defaults and options of one table."""
    document = tomlkit.parse(text)
    table = _table(document, entity)
    table["columns"] = {name: one[0] if len(one) == 1 else list(one) for name, one in columns.items() if one}
    table["defaults"] = {name: one for name, one in defaults.items() if one}
    for name, value in options.items():
        table[name] = value
    return tomlkit.dumps(document)


def with_values(text: str, choices: Iterable[ValueChoice]) -> str:
    """Return a mapping with the meanings of some texts."""
    document = tomlkit.parse(text)
    for one in choices:
        own = _table(document, one.entity)
        own.setdefault("values", tomlkit.table(is_super_table=True))
        values = _table(own, "values")
        values.setdefault(one.field, tomlkit.table())
        meanings = _table(values, one.field)
        written = next((name for name in meanings if key(name) == key(one.text)), one.text)
        meanings[written] = one.chosen
    return tomlkit.dumps(document)


def value_fields(
    work: "Work", mapping: ImportMapping, files: Iterable[FileContents]
) -> Sequence[FieldChoices]:
    """Return the fields whose texts mean something of the portal, with their texts."""
    own, found = list(files), list[FieldChoices]()
    for section in mapping.sections:
        lines = [one for one in own if one.entity == section.entity]
        for name in CHOSEN[section.entity]:
            if name not in section.columns or not lines:
                continue
            options, find = _options(work, mapping, section, name)
            texts = texts_of(lines, section.columns[name])
            choices = None
            if texts is not None:
                choices = [
                    ValueChoice(
                        entity=section.entity,
                        field=name,
                        text=text,
                        chosen=find(section.meaning(name, text)),
                    )
                    for text in texts
                ]
            found.append(
                FieldChoices(
                    entity=section.entity,
                    field=name,
                    header=section.header(name),
                    options=options,
                    choices=choices,
                )
            )
    return found


def _options(
    work: "Work", mapping: ImportMapping, section: ImportSection, name: str
) -> tuple[list[Option], Callable[[str], str]]:
    """Return what may be chosen for a field, and how a text is found among it."""
    cases = mapping.section("cases")
    if name == "role":
        roles = work.session.scalars(select(Role).where(~Role.builtin).order_by(Role.title)).all()
        keys = named((role.key, (role.key, role.title)) for role in roles)
        return [Option(value=role.key, label=role.title) for role in roles], lambda text: keys.get(
            key(text), ""
        )
    organization = work.get(OrganizationService)
    left_out = [Option(value=LEFT_OUT, label=_("Leave it out"))] if section is cases else []
    if name == "unit":
        units = [
            Option(value=unit.key, label=INDENT * depth + unit.name)
            for depth, unit in in_order(organization.units)
            if unit.active
        ]
        found = named(
            (unit.key, (unit.key, unit.name, unit.short_name)) for unit in organization.units.by_id.values()
        )

        def unit_of(text: str) -> str:
            if section.entity == "history" and cases is not None:
                # A step means by a unit what its case does.
                text = cases.meaning("unit", text)
            return text if text == LEFT_OUT else found.get(key(text), "")

        return [*left_out, *units], unit_of
    if cases is None:
        return [], lambda _text: ""
    if name == "category":
        tree = organization.categories_of(cases.kind)
        rows = [
            Option(value=one.key, label=INDENT * depth + one.name)
            for depth, one in in_order(tree)
            if one.active
        ]
        of_name = named((one.key, (one.key, one.name, one.short_name)) for one in tree.by_id.values())
        return [*left_out, *rows], lambda text: text if text == LEFT_OUT else of_name.get(key(text), "")
    reader = CaseReader(work, mapping, cases)
    if name == "status":
        states = kind_of(work.site, cases.kind).workflow.states

        def state_of(text: str) -> str:
            state = reader.state(cases.meaning("status", text))
            return state.name if state else ""

        return [Option(value=state.name, label=state.title) for state in states], state_of
    return [
        Option(value=one, label=title) for one, title in SOURCES.items()
    ], lambda text: reader.channel(text) or ""


def notes_of(text: str) -> dict[tuple[str, str, str], str]:
    """Return the comments behind the texts of a mapping, by entity, field and folded text."""
    found = {}
    for entity, table in tomlkit.parse(text).items():
        values = table.get("values") if isinstance(table, Mapping) else None
        for name, meanings in values.items() if isinstance(values, Mapping) else ():
            for written, meaning in meanings.items() if isinstance(meanings, Mapping) else ():
                note = meaning.trivia.comment.lstrip("# ") if isinstance(meaning, Item) else ""
                if note:
                    found[entity, name, key(written)] = note
    return found


def _table(parent: MutableMapping[str, object], name: str) -> MutableMapping[str, object]:
    """Return a table of a mapping that was read before."""
    found = parent[name]
    assert isinstance(found, MutableMapping)
    return found


TITLES: Mapping[str, TranslationString] = {
    "units": _("Units"),
    "categories": _("Categories"),
    "staff": _("Staff"),
    "people": _("Persons"),
    "cases": _("Cases"),
    "history": _("History of cases"),
}
"""Titles of entities."""
FIELD_TITLES: Mapping[str, TranslationString] = {
    "actor": _("Who did it"),
    "answer": _("Answer to the citizen"),
    "attachments": _("Pictures"),
    "body": _("Text of the case"),
    "case": _("Number of the case"),
    "category": _("Category"),
    "channel": _("Channel"),
    "closed": _("Closed at"),
    "code": _("Tracking code"),
    "created": _("Registered at"),
    "date": _("Date"),
    "days": _("Days to the deadline"),
    "deadline": _("Deadline"),
    "history": _("History within the line"),
    "key": _("Its number in the earlier system"),
    "mobile": _("Mobile"),
    "name": _("Name"),
    "note": _("Note for staff"),
    "parent": _("Belongs to"),
    "phone": _("Telephone"),
    "place": _("Address"),
    "role": _("Role"),
    "short_name": _("Short name"),
    "status": _("Status"),
    "subject": _("Subject"),
    "text": _("Text for the citizen"),
    "unit": _("Unit"),
    "urgent": _("Urgent"),
    "username": _("User name"),
}
"""Titles of fields; the key of units and categories is their key in the portal."""


def fields_of(entity: str, extra: Mapping[str, Sequence[str]]) -> dict[str, TranslationString | str]:
    """Return the fields of an entity with their titles.

    :param extra: own columns of the kind, with names of headers.
    """
    titles: dict[str, TranslationString | str] = {name: FIELD_TITLES[name] for name in FIELDS[entity]}
    if entity in ("units", "categories"):
        titles["key"] = _("Key")
    if entity == "cases":
        own = {name: headers for name, headers in extra.items() if name not in titles}
        titles |= {name: f"{name} ({', '.join(headers)})" for name, headers in own.items()}
    return titles
