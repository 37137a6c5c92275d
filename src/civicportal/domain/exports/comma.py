"""CSV files: UTF-8 with a byte order mark for Excel, CRLF as in RFC 4180."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import TextIOWrapper
from typing import BinaryIO

from civicportal.domain.exports.values import FORMULA_SIGNS, escape_formula

_SIGNS = re.escape("".join(sorted(FORMULA_SIGNS - set("\t\r\n"))))
_BEHIND_SEPARATOR = re.compile(rf"([;\t|]\s*[\"']?)([{_SIGNS}])")
"""Excel splits at the country's list separator, in Iran and most of Europe the semicolon."""


def write_csv(file: BinaryIO, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table row by row.

    :param file: stays open.
    :param rows: of cells as :class:`~civicportal.domain.exports.values.Cells` writes them.
    """
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    writer = csv.writer(text)
    writer.writerow([escape_formula(head) for head in heads])
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    text.flush()
    text.detach()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return _split_harmless(value) if isinstance(value, str) else value


def _split_harmless(text: str) -> str:
    """Return a text without formulas after any separator."""
    return _BEHIND_SEPARATOR.sub(r"\1'\2", escape_formula(text))
