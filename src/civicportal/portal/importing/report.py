"""The report of an import: a line for each problem, written as it is found."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

from pyramid.i18n import Localizer

from civicportal.core.logging import mask_numbers
from civicportal.domain.exports.values import escape_formula
from civicportal.portal.importing.errors import LineProblem
from civicportal.util.i18n import _, say

HEADINGS = (_("File"), _("Line"), _("Key"), _("Column"), _("Value"), _("Result"), _("Reason"))
LEVELS = {
    "rejected": _("Not imported"),
    "changed": _("Imported before, left as it is"),
    "warning": _("Imported with a gap"),
}
MOST_REASONS = 50
"""Different reasons that are counted."""


class ImportReport:
    """Writes problems to a CSV file, and counts them by reason.

    :param localizer: of the language of the reasons.
    :param file: None only counts.
    """

    def __init__(self, localizer: Localizer, file: IO[str] | None = None) -> None:
        self._localizer = localizer
        self._writer = csv.writer(file) if file is not None else None
        self.reasons: Counter[str] = Counter()
        if self._writer is not None:
            self._writer.writerow([say(heading, localizer) for heading in HEADINGS])

    def add(self, file: str, line: int, key: str, problem: LineProblem) -> None:
        """Write a problem of a line."""
        reason = say(problem.reason, self._localizer)
        if reason in self.reasons or len(self.reasons) < MOST_REASONS:
            self.reasons[reason] += 1
        if self._writer is not None:
            level = say(LEVELS[problem.level], self._localizer)
            cells = (
                file,
                str(line),
                mask_numbers(key),
                problem.column,
                mask_numbers(problem.value),
                level,
                reason,
            )
            self._writer.writerow([escape_formula(cell) for cell in cells])


@contextmanager
def open_report(localizer: Localizer, path: Path | None) -> Iterator[ImportReport]:
    """Yield a report, written to a file if a path is given; Excel opens it as UTF-8."""
    if path is None:
        yield ImportReport(localizer)
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        yield ImportReport(localizer, file)


def read_report(file: IO[str], first: int, most: int) -> tuple[list[list[str]], bool]:
    """Return some lines of a report, and whether there are more.

    :param file: opened with ``newline=""``.
    :param first: number of the first line, from 0 on.
    """
    rows = islice(csv.reader(file), 1 + first, 1 + first + most + 1)
    found = list(rows)
    return found[:most], len(found) > most
