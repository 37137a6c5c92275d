"""Excel files, written row by row.

XlsxWriter holds one row in memory and the rest in a temporary file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, BinaryIO

from civicportal.domain.exports.values import Heading, is_formula
from civicportal.util.folders import working_folder

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_000_000
"""Maximum rows of a sheet; Excel's limit is 1,048,576. Further rows go to the next sheet."""
LONGEST_NAME = 31
"""Maximum characters of a sheet's name."""
A4 = 9
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_USUAL = {"font_name": "Tahoma", "font_size": 10}
_FORMATS: Mapping[str, Mapping[str, object]] = {
    "head": {
        "bold": True,
        "bg_color": "#0A5E5F",
        "font_color": "#FFFFFF",
        "text_wrap": True,
        "valign": "top",
    },
    # Excel shows such a text as it is, and keeps it a text when it is edited.
    "quoted": {"quote_prefix": True},
    "moment": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
}


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table of a file."""

    title: str
    headings: Sequence[Heading]
    rows: Iterable[Sequence[object]]


class ExcelBook:
    """An Excel file.

    :param file: target, written when the book is closed; stays open.
    :param rtl: sheets run from right to left.
    """

    def __init__(self, file: BinaryIO, *, title: str, company: str, made: datetime, rtl: bool) -> None:
        self._folder = working_folder("export")
        # Imported here: only the worker needs it, processes that serve pages do not.
        import xlsxwriter

        options = {"constant_memory": True, "tmpdir": self._folder.name, "default_format_properties": _USUAL}
        self._book = xlsxwriter.Workbook(file, options)
        self._book.set_properties({"title": title, "company": company, "created": made.replace(tzinfo=None)})
        self._formats = {name: self._book.add_format({**_USUAL, **look}) for name, look in _FORMATS.items()}
        self._rtl = rtl
        self._names: set[str] = set()

    def __enter__(self) -> "ExcelBook":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._folder:
            if kind is None:
                self._book.close()
            else:
                # An aborted file: only close the temporary files.
                for sheet in self._book.worksheets():
                    sheet.row_data_fh.close()

    def add(self, sheet: Sheet) -> None:
        """Write a table, on as many sheets as it needs."""
        page, number = self._page(sheet), 0
        for cells in sheet.rows:
            if number == MOST_ROWS:
                self._end(page, sheet, number)
                page, number = self._page(sheet), 0
            number += 1
            for column, value in enumerate(cells):
                self._write(page, number, column, value)
        self._end(page, sheet, number)

    def _page(self, sheet: Sheet) -> "Worksheet":
        page = self._book.add_worksheet(self._name(sheet.title))
        if self._rtl:
            page.right_to_left()
        page.freeze_panes(1, 0)
        page.set_paper(A4)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        page.set_footer("&C&P / &N")
        for column, heading in enumerate(sheet.headings):
            page.set_column(column, column, heading.width)
            page.write_string(0, column, heading.title, self._formats["head"])
        return page

    def _end(self, page: "Worksheet", sheet: Sheet, number: int) -> None:
        if sheet.headings:
            page.autofilter(0, 0, number, len(sheet.headings) - 1)

    def _write(self, page: "Worksheet", row: int, column: int, value: object) -> None:
        if value is None or value == "":
            return
        if isinstance(value, str):
            page.write_string(row, column, value, self._formats["quoted"] if is_formula(value) else None)
        elif isinstance(value, date):
            look = "moment" if isinstance(value, datetime) else "day"
            page.write_datetime(row, column, value, self._formats[look])
        elif isinstance(value, int | float):
            page.write_number(row, column, value)

    def _name(self, title: str) -> str:
        """Return a sheet name that is unique in the book."""
        short = title.translate(_FORBIDDEN).strip()[:LONGEST_NAME] or "1"
        name, number = short, 2
        while name.casefold() in self._names:
            ending = f" {number}"
            name, number = short[: LONGEST_NAME - len(ending)] + ending, number + 1
        self._names.add(name.casefold())
        return name
