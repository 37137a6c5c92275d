"""Files of comma-separated values: UTF-8 with a mark that says so, for Excel, and lines as RFC 4180 wants them."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import TextIOWrapper
from typing import Any, BinaryIO

from civicportal.exports.values import harmless


def write_csv(file: BinaryIO, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table row by row.

    :param file: stays open.
    :param rows: of cells as :class:`~civicportal.exports.values.Cells` writes them.
    """
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(head) for head in heads])
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    text.flush()
    text.detach()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return harmless(value) if isinstance(value, str) else value
