"""Translations of a site's own texts: of rows such as units, of the site file, and of rows per language.

A table whose columns are tagged ``translated`` has a column ``translations``: texts by language and name of the column.
The columns themselves hold the language of the site, which is also the fallback. A table with ``{"info": PER_LANGUAGE}``
has a row for each text and language, in its column ``locale``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Column, Connection, Table, inspect, select
from sqlalchemy.exc import OperationalError, ProgrammingError

from civicportal.core.branding.models import Setting
from civicportal.core.branding.values import with_values
from civicportal.core.clock import has_passed
from civicportal.core.reference import STAMP
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site

#: Marks a table with rows per language, besides other marks: ``{"info": {**REFERENCE, **PER_LANGUAGE}}``.
PER_LANGUAGE = {"per_language": True}
TRANSLATIONS = "translations"
"""Name of the column."""
STALE = 5.0
"""Seconds for which a process offers languages without checking for changed texts."""
Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class MissingTranslation:
    """A text that citizens see and that has no translation.

    :ivar place: where it is kept: a table, or the settings.
    :ivar key: of the row or the setting, with the name of the column.
    :ivar row_id: of the row, if it is one.
    """

    place: str
    key: str
    row_id: int | None = None


def translated_columns(model: type[object]) -> list[Column[object]]:
    """Return the columns of a model that hold texts with translations."""
    return _translated(inspect(model).local_table)


def _translated(table: Table) -> list[Column[object]]:
    return [column for column in table.columns if column.info.get("translated")]


def in_language(row: Row, locale: str) -> Row:
    """Return a copy of a row with its texts in a language, belonging to no session.

    A text without a translation stays as it is.
    """
    mapper = inspect(type(row))
    values = {attribute.key: getattr(row, attribute.key) for attribute in mapper.column_attrs}
    texts = (values["translations"] or {}).get(locale, {})
    known = {column.key for column in translated_columns(type(row))}
    own = {name: text for name, text in texts.items() if text and name in known}
    return type(row)(**{**values, **own})


def text_in(row: object, name: str, locale: str) -> str:
    """Return one text of a row in a language, as it is without a translation.

    :param name: of a column tagged ``translated``, in a table with a column ``translations``.
    """
    translations: Mapping[str, Values] = getattr(row, TRANSLATIONS) or {}
    return str(translations.get(locale, {}).get(name) or getattr(row, name))


def missing_translations(site: "Site", connection: Connection, locale: str) -> Iterator[MissingTranslation]:
    """Yield the texts of the site that citizens see and that lack a translation into a language."""
    if locale == site.locale:
        return
    stored = dict(connection.execute(select(Setting.key, Setting.value)).all())
    branding = with_values(site.branding_cache.file, stored)
    yield from (MissingTranslation(place="settings", key=key) for key in branding.untranslated(locale))
    yield from (
        MissingTranslation(place="site.toml", key=key) for key in site.plugin_texts.untranslated(locale)
    )
    for table in _tables(site):
        if table.info.get("per_language"):
            yield from _of_rows_per_language(connection, table, locale, site.locale)
        elif "translations" in table.columns:
            yield from _of_table(connection, table, locale)


def _tables(site: "Site") -> Iterator[Table]:
    for metadata in (site.metadata, *(models.metadata for models in site.models.values())):
        yield from metadata.tables.values()


def _of_table(connection: Connection, table: Table, locale: str) -> Iterator[MissingTranslation]:
    texts = [column for column in _translated(table) if column.info["translated"] == "required"]
    if not texts:
        return
    query = select(table).where(table.c.active).order_by(table.c.weight.desc(), table.c.id)
    for row in connection.execute(query).mappings():
        own: Mapping[str, object] = (row["translations"] or {}).get(locale, {})
        for column in texts:
            if row[column.key] and not own.get(column.key):
                yield MissingTranslation(place=table.name, key=f"{row['key']}.{column.key}", row_id=row["id"])


def _of_rows_per_language(
    connection: Connection, table: Table, locale: str, usual: str
) -> Iterator[MissingTranslation]:
    found = connection.scalars(select(table.c.locale).where(table.c.active).distinct()).all()
    if usual in found and locale not in found:
        yield MissingTranslation(place=table.name, key=locale)


class OfferedLanguages:
    """The languages of the site's switch, cached by one process.

    A language is offered when every text of the site that citizens see has its translation.
    """

    def __init__(self) -> None:
        self._kept: tuple[str, Sequence[str]] | None = None
        self._checked_at: float | None = None

    def of(self, site: "Site") -> Sequence[str]:
        """Return the codes of the offered languages, that of the site included, in the order of the site file."""
        if len(site.languages) < 2:
            return site.languages
        # Read once: another thread may change it at any time.
        kept, checked_at = self._kept, self._checked_at
        if kept and checked_at is not None and not has_passed(STALE, checked_at, site.clock.uptime().seconds):
            return kept[1]
        try:
            with site.engines.read.connect() as connection:
                stamp = connection.scalar(select(STAMP)) or ""
                if kept is None or kept[0] != stamp:
                    kept = (stamp, [code for code in site.languages if not _lacks(site, connection, code)])
        except (OperationalError, ProgrammingError):
            # The tables are missing, or the database is unreachable.
            return kept[1] if kept else [site.locale]
        self._kept, self._checked_at = kept, site.clock.uptime().seconds
        return kept[1]

    def forget(self) -> None:
        """Check again at the next use."""
        self._checked_at = None


def _lacks(site: "Site", connection: Connection, locale: str) -> bool:
    return any(True for _missing in missing_translations(site, connection, locale))
