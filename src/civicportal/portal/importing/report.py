"""The report of an import: a line for each problem, written as it is found."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from civicportal.core.logging import mask_numbers
from civicportal.domain.exports.values import escape_formula
from civicportal.portal.importing.errors import LineProblem
from civicportal.util.countries import is_national_code
from civicportal.util.i18n import _, say

if TYPE_CHECKING:
    from civicportal.core.site import Site

HEADINGS = (_("File"), _("Line"), _("Key"), _("Column"), _("Value"), _("Result"), _("Reason"))
LEVELS = {
    "rejected": _("Not imported"),
    "changed": _("Imported before, left as it is"),
    "warning": _("Imported with a gap"),
}
_TEN_DIGITS = re.compile(r"\d{10}")
MOST_BY_CHANCE = 0.25
"""Share of the keys with ten digits that may look like numbers of people and are none."""
MOST_REASONS = 50
"""Different reasons that are counted."""


class ImportReport:
    """Writes problems to a CSV file, and counts them by reason.

    :param locale: language of the reasons; that of the site if empty.
    :param file: None only counts.
    """

    def __init__(self, site: "Site", locale: str = "", file: IO[str] | None = None) -> None:
        self._localizer, self._country = site.localizer(locale or None), site.country
        self._writer = csv.writer(file) if file is not None else None
        self._keys: Counter[bool] = Counter()
        self.reasons: Counter[str] = Counter()
        if self._writer is not None:
            self._writer.writerow([say(heading, self._localizer) for heading in HEADINGS])

    def learn(self, keys: Iterable[str]) -> None:
        """Notice what the keys of some lines look like, before their problems are written."""
        self._keys.update(self._masked(key) != key for key in keys if _TEN_DIGITS.fullmatch(key))

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
                self._masked_key(key),
                problem.column,
                self._masked(problem.value),
                level,
                reason,
            )
            self._writer.writerow([escape_formula(cell) for cell in cells])

    def _masked(self, text: str) -> str:
        return mask_numbers(text, lambda code: is_national_code(self._country, code))

    def _masked_key(self, key: str) -> str:
        """Return a key; ten digits are masked if those of the whole column seem to be numbers of people.

        One in eleven numbers has the check digit of a national code by chance.
        """
        by_chance = self._keys[True] <= MOST_BY_CHANCE * self._keys.total()
        return key if _TEN_DIGITS.fullmatch(key) and by_chance else self._masked(key)


@contextmanager
def open_report(site: "Site", path: Path | None, locale: str = "") -> Iterator[ImportReport]:
    """Yield a report, written to a file if a path is given; Excel opens it as UTF-8.

    :param locale: language of the reasons; that of the site if empty.
    """
    if path is None:
        yield ImportReport(site, locale)
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        yield ImportReport(site, locale, file)


def read_report(file: IO[str], first: int, most: int) -> tuple[list[list[str]], bool]:
    """Return some lines of a report, and whether there are more.

    :param file: opened with ``newline=""``.
    :param first: number of the first line, from 0 on.
    """
    rows = islice(csv.reader(file), 1 + first, 1 + first + most + 1)
    found = list(rows)
    return found[:most], len(found) > most
