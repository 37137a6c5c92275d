"""Reading of files, row by row: CSV, JSON Lines and Excel."""

import codecs
import csv
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from translationstring import TranslationString

from civicportal.portal.importing.errors import ImportRefused
from civicportal.util.i18n import _
from civicportal.util.persian import store

if TYPE_CHECKING:
    from _csv import Reader

LARGEST_FILE = 2 * 1024**3
"""Bytes."""
LARGEST_UNPACKED = 1024**3
"""Bytes of all parts of an Excel file together."""
MOST_RATIO = 200
"""How much smaller a part of an Excel file may be than its content; more is a bomb."""
LONGEST_CELL = 100_000
"""Characters."""
MOST_COLUMNS = 500
_BLOCK = 1 << 20
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class SourceRow:
    """A row of a file.

    :ivar line: its number in the file; of an Excel sheet the number of the row.
    :ivar values: cleaned texts by header.
    :ivar lists: rows within it, by header; only JSON has them.
    :ivar flaw: why it cannot be read.
    """

    line: int
    values: Mapping[str, str]
    lists: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    flaw: str = ""


@dataclass(frozen=True)
class SourceFile:
    """A file of an earlier system.

    :param encoding: of CSV; empty to find it out: UTF-8 with or without a mark, UTF-16 with one, else Windows-1256.
    :param delimiter: of CSV; empty to find it out.
    """

    path: Path
    encoding: str = ""
    delimiter: str = ""

    @property
    def name(self) -> str:
        """Return its name, for people."""
        return self.path.name

    def refuse(
        self, words: TranslationString, cause: BaseException | None = None, **values: object
    ) -> NoReturn:
        """Refuse the file.

        :raises ImportRefused: always.
        """
        raise ImportRefused(_(words, mapping={"file": self.name, **values})) from cause

    def headers(self) -> list[str]:
        """Return the names of the columns.

        :raises ImportRefused: when the file cannot be read.
        """
        with self._opened() as (headers, _rows):
            return headers

    def rows(self) -> Iterator[SourceRow]:
        """Yield the rows.

        :raises ImportRefused: when the file cannot be read.
        """
        with self._opened() as (_headers, rows):
            yield from rows

    @contextmanager
    def _opened(self) -> Iterator[tuple[list[str], Iterator[SourceRow]]]:
        try:
            if self.path.stat().st_size > LARGEST_FILE:
                self.refuse(
                    _("${file}: the file has more than ${n} MiB: divide it"), n=LARGEST_FILE // 1024**2
                )
            opened = {".jsonl": _json_lines, ".ndjson": _json_lines, ".xlsx": _workbook}.get(
                self.path.suffix.lower(), _comma_separated
            )
            with opened(self) as found:
                yield found
        except OSError as error:
            self.refuse(_("${file}: ${error}"), error, error=error.strerror or error)


@contextmanager
def _comma_separated(file: SourceFile) -> Iterator[tuple[list[str], Iterator[SourceRow]]]:
    try:
        encoding = codecs.lookup(file.encoding).name if file.encoding else find_encoding(file.path)
    except LookupError:
        raise ImportRefused(
            _("[source] encoding: ${name} is unknown", mapping={"name": repr(file.encoding)})
        ) from None
    csv.field_size_limit(LONGEST_CELL)
    with file.path.open(encoding=encoding, newline="", errors="replace") as text:
        first = text.readline(LONGEST_CELL)
        text.seek(0)
        reader = csv.reader(text, delimiter=file.delimiter or find_delimiter(first), strict=False)
        try:
            headers = _headers(next(reader, []), file)
        except csv.Error as error:
            file.refuse(_("${file}: ${error}"), error, error=error)
        yield headers, _comma_rows(reader, headers)


def _comma_rows(reader: "Reader", headers: list[str]) -> Iterator[SourceRow]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield SourceRow(line, {}, flaw=str(error))
            continue
        if any(cell.strip() for cell in cells):
            yield _row(line, headers, cells)


def find_encoding(path: Path) -> str:
    """Return the encoding of a text: UTF-8 if all of it is, else Windows-1256."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        block = file.read(_BLOCK)
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        encoding = "utf-8-sig" if block.startswith(codecs.BOM_UTF8) else "utf-8"
        try:
            while block:
                decoder.decode(block)
                block = file.read(_BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1256"
    return encoding


def find_delimiter(line: str) -> str:
    """Return the sign that separates the headers."""
    outside = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


@contextmanager
def _json_lines(file: SourceFile) -> Iterator[tuple[list[str], Iterator[SourceRow]]]:
    with file.path.open(encoding="utf-8-sig", errors="replace") as text:
        headers: dict[str, None] = {}
        # The columns of the first rows; a later row may lack some and have others.
        for number, line in enumerate(text):
            if number == 100:
                break
            if isinstance(found := _parsed(line), dict):
                headers.update(dict.fromkeys(map(store, found)))
        if not headers:
            file.refuse(_("${file}: no line is a JSON object"))
        text.seek(0)
        yield list(headers), _json_rows(text)


def _json_rows(lines: IO[str]) -> Iterator[SourceRow]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found = _parsed(line)
        try:
            row = _json_row(number, found) if isinstance(found, dict) else None
        except RecursionError:
            row = None
        yield row or SourceRow(number, {}, flaw="no JSON object")


def _json_row(line: int, found: Mapping[str, object]) -> SourceRow:
    values, lists = {}, {}
    for name, value in found.items():
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            lists[store(name)] = [{store(head): _text(cell) for head, cell in one.items()} for one in value]
        else:
            values[store(name)] = _text(value)
    return SourceRow(line, values, lists)


def _parsed(line: str) -> object:
    try:
        found = read_json(line) if len(line) <= 10 * LONGEST_CELL else None
    except (ValueError, RecursionError):
        return None
    return found


def read_json(text: str | bytes) -> object:
    """Return the value of a JSON text.

    Halves of letters beyond 16 bits, where a program has cut a text, become question marks: no database stores them.

    :raises ValueError: when it is none.
    :raises RecursionError: when it has too many levels.
    """
    found: object = json.loads(text)
    if isinstance(text, str) and "\\u" not in text:
        return found
    return json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))


@contextmanager
def _workbook(file: SourceFile) -> Iterator[tuple[list[str], Iterator[SourceRow]]]:
    try:
        from openpyxl import load_workbook
    except ImportError:
        file.refuse(
            _(
                "${file}: reading Excel files needs openpyxl: pip install civicportal[import], or save it as CSV"
            )
        )
    _refuse_bomb(file)
    try:
        # The values that the program has stored for formulas, which are never computed here.
        book = load_workbook(file.path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        # Whatever a damaged file makes a parser raise.
        file.refuse(_("${file}: it is no Excel file (.xlsx), or damaged"), error)
    try:
        rows = enumerate(book.worksheets[0].iter_rows(values_only=True, max_col=MOST_COLUMNS), 1)
        headers = _headers([_text(cell) for cell in next(rows, (0, ()))[1]], file)
        yield headers, _sheet_rows(rows, headers)
    finally:
        book.close()


def _sheet_rows(rows: Iterable[tuple[int, Sequence[object]]], headers: list[str]) -> Iterator[SourceRow]:
    for number, cells in rows:
        texts = [_text(cell) for cell in cells]
        if any(texts):
            while len(texts) > len(headers) and not texts[-1]:
                texts.pop()
            yield _row(number, headers, texts)


def _refuse_bomb(file: SourceFile) -> None:
    """Refuse a file that would unpack to much more than a table."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile:
        file.refuse(_("${file}: it is no Excel file (.xlsx), or damaged"))
    packed = sum(part.compress_size for part in parts)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > LARGEST_UNPACKED or unpacked > max(packed, 1 << 16) * MOST_RATIO:
        file.refuse(_("${file}: it unpacks to ${n} MiB: save it as CSV"), n=unpacked // 1024**2)


def _headers(cells: Sequence[str], file: SourceFile) -> list[str]:
    headers = [" ".join(store(cell).split()) for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    if not headers or len(headers) > MOST_COLUMNS:
        file.refuse(_("${file}: the first row has no headers, or more than ${n}"), n=MOST_COLUMNS)
    twice = sorted({one for one in headers if one and headers.count(one) > 1})
    if twice:
        file.refuse(_("${file}: two columns are called ${names}"), names=", ".join(twice))
    return headers


def _row(line: int, headers: list[str], cells: Sequence[str]) -> SourceRow:
    if len(cells) > len(headers) and any(cell.strip() for cell in cells[len(headers) :]):
        return SourceRow(line, {}, flaw="more cells than headers")
    return SourceRow(line, {name: _clean(cell) for name, cell in zip(headers, cells, strict=False) if name})


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return "\n".join(map(_text, value))[:LONGEST_CELL]
    return _clean(str(value))


def _clean(text: str) -> str:
    return store(text.replace("\0", "")[:LONGEST_CELL]) if text else ""
