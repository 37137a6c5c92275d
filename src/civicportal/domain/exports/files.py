"""Writing of an export to a file of any format."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from civicportal.domain.exports.comma import write_csv
from civicportal.domain.exports.rows import ExportQuery, Row
from civicportal.domain.exports.sheets import ExcelBook, Sheet
from civicportal.domain.exports.types import ExportColumn, StatisticsTable, Title
from civicportal.domain.exports.values import Cells, Heading
from civicportal.util.i18n import _, text_direction
from civicportal.util.persian import ZWNJ

if TYPE_CHECKING:
    from civicportal.core.site import Site

CONTENT_TYPES: dict[str, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
ABOUT = _("About this file")
_NAMED = 2


@dataclass(frozen=True, kw_only=True)
class Cover:
    """The heading of a file.

    :ivar filters: pairs of label and value.
    :ivar by: name of the person who exports it.
    """

    title: Title
    filters: Sequence[tuple[str, str]]
    by: str
    at: datetime
    locale: str


def file_name(site: "Site", name: str, format_: str, at: datetime) -> str:
    """Return the file name of an export: ``reports.list-1405-09-03.xlsx``."""
    day = site.calendar.format_date(at, "short", "en").replace("/", "-")
    return f"{name}-{day}.{format_}"


def disposition(site: "Site", name: str, title: str, format_: str, at: datetime) -> str:
    """Return the Content-Disposition header of an export.

    :param title: of the export, translated.
    """
    # Browsers replace an invisible character with an underscore.
    said = quote(file_name(site, title.replace(ZWNJ, " "), format_, at), safe="")
    return f"attachment; filename=\"{file_name(site, name, format_, at)}\"; filename*=UTF-8''{said}"


def write_rows(
    site: "Site", file: BinaryIO, format_: str, order: ExportQuery, cover: Cover, rows: Iterable[Row]
) -> None:
    """Write the rows of an export.

    :param rows: as :func:`~civicportal.domain.exports.rows.batches` reads them; consumed one by one.
    """
    columns = order.columns
    cells = Cells(site, cover.locale, machine=order.export.machine)
    headings = cells.headings(columns)
    written = (cells.row(columns, row) for row in rows)
    if format_ == "csv":
        write_csv(file, [heading.title for heading in headings], written)
        return
    number = _Counted(written)
    with _book(site, file, cover, cells) as book:
        book.add(Sheet(title=cells.say(cover.title), headings=headings, rows=number))
        lines = _lines(site, cover, cells)
        book.add(_about([*lines, (cells.say(_("Rows")), number.count)], cells))


def write_tables(
    site: "Site", file: BinaryIO, format_: str, tables: Sequence[StatisticsTable], cover: Cover
) -> None:
    """Write statistics tables as sheets, or as one CSV list of table, row, measure and figure below the heading."""
    cells = Cells(site, cover.locale)
    lines = _lines(site, cover, cells)
    lines[_NAMED:_NAMED] = [_in_a_line(row, cells) for table in tables if table.about for row in table.rows]
    if format_ == "csv":
        heads = [cells.say(title) for title in (_("Table"), _("Row"), _("Measure"), _("Figure"))]
        about = ([cells.say(ABOUT), label, "", words] for label, words in lines)
        write_csv(file, heads, chain(about, _long(tables, cells)))
        return
    with _book(site, file, cover, cells) as book:
        for table in tables:
            if table.about:
                continue
            headings = [
                Heading(title=cells.say(title), kind="text", width=16 if place else 32)
                for place, title in enumerate(table.head)
            ]
            rows = [[cells.plain(value) for value in row] for row in table.rows]
            book.add(Sheet(title=cells.say(table.title), headings=headings, rows=rows))
        book.add(_about(lines, cells))


def _book(site: "Site", file: BinaryIO, cover: Cover, cells: Cells) -> ExcelBook:
    made, rtl = site.calendar.local(cover.at), text_direction(cover.locale) == "rtl"
    return ExcelBook(file, title=cells.say(cover.title), company=site.name, made=made, rtl=rtl)


def _lines(site: "Site", cover: Cover, cells: Cells) -> list[tuple[str, object]]:
    """Return the heading lines of a file.

    The first :data:`_NAMED` are its source.
    """
    return [
        (cells.say(_("Title")), cells.say(cover.title)),
        (cells.say(_("Portal")), site.name),
        *cover.filters,
        (cells.say(_("Taken by")), cover.by),
        (cells.say(_("Taken at")), site.calendar.format_datetime(cover.at, locale=cover.locale)),
    ]


def _in_a_line(row: Sequence[object], cells: Cells) -> tuple[str, str]:
    name, *values = row
    known = [str(cells.plain(value)) for value in values if value is not None]
    return cells.say(name), " – ".join(known) or "–"


def _about(lines: Sequence[tuple[str, object]], cells: Cells) -> Sheet:
    widths = ((cells.say(ABOUT), 30), ("", 60))
    headings = [Heading(title=title, kind="text", width=width) for title, width in widths]
    return Sheet(title=cells.say(ABOUT), headings=headings, rows=lines)


def _long(tables: Sequence[StatisticsTable], cells: Cells) -> Iterator[list[object]]:
    for table in tables:
        title, measures = cells.say(table.title), [cells.say(head) for head in table.head]
        for name, *figures in table.rows:
            for measure, figure in zip(measures[1:], figures, strict=True):
                yield [title, cells.plain(name), measure, cells.plain(figure)]


class _Counted:
    """Rows with a counter."""

    def __init__(self, rows: Iterable[Sequence[object]]) -> None:
        self._rows, self.count = rows, 0

    def __iter__(self) -> Iterator[Sequence[object]]:
        for row in self._rows:
            self.count += 1
            yield row


def narrowest(columns: Sequence[ExportColumn]) -> tuple[ExportColumn, ...]:
    """Return the columns that fit on a printed page."""
    return tuple(column for column in columns if column.printed)
