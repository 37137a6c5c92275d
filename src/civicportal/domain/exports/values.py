"""Cells of a file in the reader's language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.domain.exports.types import ExportColumn, Kind
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

#: Source: OWASP ASVS 5, 1.2.10 (the first six); East Asian programs also interpret the full-width forms.
FORMULA_SIGNS = frozenset("=+-@\t\0\r\n＝＋－＠")
LONGEST_TEXT = 32_767
"""Maximum characters of a cell."""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading of a file.

    :ivar kind: "jalali" for the text of a time or day in the city's calendar.
    """

    title: str
    kind: Kind | str
    width: int


class Cells:
    """Format the cells for one reader.

    :param locale: of headings and translatable values.
    :param machine: ISO 8601 and plain names instead of the city's calendar and translations.
    """

    def __init__(self, site: "Site", locale: str, *, machine: bool = False) -> None:
        self._localizer = site.localizer(locale)
        self._calendar = site.calendar
        self.machine = machine
        self.twice = not machine and site.calendar.kind != "gregorian"

    def say(self, text: object) -> str:
        """Return a text in the reader's language."""
        return str(self._localizer.translate(text)) if isinstance(text, TranslationString) else str(text)

    def headings(self, columns: Sequence[ExportColumn]) -> list[Heading]:
        """Return the headings; a time or day has two."""
        found = []
        for column in columns:
            title = self.say(column.title)
            if column.kind in ("moment", "day") and self.twice:
                found.append(Heading(title=title, kind="jalali", width=17))
                title = self.say(_("${title} (Gregorian)", mapping={"title": title}))
            found.append(Heading(title=title, kind=column.kind, width=column.width))
        return found

    def row(self, columns: Sequence[ExportColumn], values: Sequence[object]) -> list[object]:
        """Return the cells of a row.

        They are texts, numbers, and local times without a zone.
        """
        cells: list[object] = []
        for column, value in zip(columns, values, strict=True):
            cells.extend(self._cells(column.kind, value))
        return cells

    def plain(self, value: object) -> object:
        """Return a value of a statistics table as a cell."""
        return value if value is None or isinstance(value, int | float) else self.say(value)

    def _cells(self, kind: Kind, value: object) -> Iterator[object]:
        if isinstance(value, date):
            if self.twice:
                yield self._written(value)
            yield self._reckoned(value)
        elif value is None:
            yield from (None,) * (2 if kind in ("moment", "day") and self.twice else 1)
        elif kind == "flag":
            yield self.say(_("Yes") if value else _("No"))
        elif kind == "number":
            yield value
        else:
            yield self.say(value)[:LONGEST_TEXT]

    def _written(self, value: date) -> str:
        day = self._calendar.format_date(value, "short", "en")
        return f"{day} {self._calendar.format_time(value, 'en')}" if isinstance(value, datetime) else day

    def _reckoned(self, value: date) -> object:
        local = self._calendar.local(value) if isinstance(value, datetime) else value
        if self.machine:
            return local.isoformat(timespec="seconds") if isinstance(local, datetime) else local.isoformat()
        return local.replace(tzinfo=None, microsecond=0) if isinstance(local, datetime) else local


def is_formula(text: str) -> bool:
    """Return whether a program could interpret a text as a formula."""
    return text[:1] in FORMULA_SIGNS or text.lstrip()[:1] in FORMULA_SIGNS if text else False


def escape_formula(text: str) -> str:
    """Return a text that no program interprets as a formula.

    An apostrophe is added if needed.
    """
    return f"'{text}" if is_formula(text) else text
