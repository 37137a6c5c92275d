"""Definition of an export by a plugin."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import colander
from translationstring import TranslationString

from civicportal.util.queries import Record, Rows, Selected
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.security import Identity
    from civicportal.core.work import Work

Kind = Literal["text", "code", "number", "moment", "day", "flag"]
Title: TypeAlias = "TranslationString | str"
SORT = "sort"
"""URL parameter of a list's order."""


@dataclass(frozen=True, kw_only=True)
class Masked:
    """A number of a person, masked and in full."""

    masked: str
    full: str


@dataclass(frozen=True, kw_only=True)
class ExportColumn:
    """A column of an export.

    :ivar value: reads it from a row of the export's source: text, text to translate, number, aware datetime, date,
        bool, :class:`Masked` or None.
    :ivar kind: a time or a day is written twice: as a text of the city's calendar and as a date for calculations.
    :ivar width: of the column in a sheet, in characters.
    :ivar personal: the verb of the right to a case without which the cell stays empty: "contact" or "identity".
    :ivar chosen: selected by default.
    :ivar printed: part of the printed list.
    :ivar hint: said below its name where columns are chosen.
    :ivar spread: called with a unit of work and the values of the filters, returns the columns that take its place.
    """

    name: str
    title: Title
    value: Callable[[Any], Any]
    kind: Kind = "text"
    width: int = 18
    personal: str = ""
    chosen: bool = True
    printed: bool = False
    hint: Title = ""
    spread: "Callable[[Work, Values], Sequence[ExportColumn]] | None" = None


class ExportSource(Protocol):
    """The rows of an export under some filters.

    It may have a ``sort``, the :class:`~civicportal.domain.cases.paging.Sort` of the list; the default is newest first.
    """

    def query(self, *columns: Selected) -> "Rows":
        """Return the list's query for visible cases."""

    @property
    def entities(self) -> Sequence[Selected]:
        """Return the entities that :meth:`rows` needs of each case; ``Case`` comes first."""

    def rows(self, found: Sequence[Record]) -> Iterable[Any]:
        """Return one row for each case, in order."""


@dataclass(frozen=True, kw_only=True)
class ExportDefinition:
    """Something that can be exported.

    :ivar name: unique over all plugins, for instance ``reports.list``; used in URLs and in the audit trail.
    :ivar permissions: any of these rights allows it.
    :ivar route: of the page whose URL contains the filters.
    :ivar schema: of that URL; every field has a ``missing``.
    :ivar bindings: further bindings of the schema besides country and calendar.
    :ivar unsaid: returns label and value of filters that apply although the URL does not contain them.
    """

    name: str
    title: Title
    permissions: tuple[str, ...]
    route: str
    schema: Callable[[], colander.SchemaNode]
    bindings: Callable[["Work"], Values]
    unsaid: Callable[[Values], Iterable[tuple[Title, Title]]] = lambda _values: ()

    @property
    def formats(self) -> tuple[str, ...]:
        """Return the available formats."""
        return ("xlsx", "csv")

    def is_for(self, identity: "Identity") -> bool:
        """Return whether a person has the export."""
        return any(identity.permits(name) for name in self.permissions)


@dataclass(frozen=True, kw_only=True)
class Export(ExportDefinition):
    """An export of a list of cases.

    Each case needs the right "export".

    :ivar source: called with a unit of work, the values of the filters and the names of the requested columns.
    :ivar machine: for programs: ASCII headings, dates in ISO 8601, CSV only, whose byte order mark importers skip.
    :ivar sortable: the URL of the list may contain its order.
    """

    columns: tuple[ExportColumn, ...]
    source: Callable[["Work", Values, frozenset[str]], ExportSource]
    machine: bool = False
    sortable: bool = True

    @property
    def formats(self) -> tuple[str, ...]:
        """Return the available formats."""
        return ("csv",) if self.machine else ("xlsx", "csv")

    def chosen(self, names: Iterable[str] = ()) -> tuple[ExportColumn, ...]:
        """Return the named columns, else the default ones."""
        wanted = frozenset(names)
        return tuple(one for one in self.columns if (one.name in wanted if wanted else one.chosen))

    def spread(self, work: "Work", values: Values, names: Iterable[str] = ()) -> tuple[ExportColumn, ...]:
        """Return the columns of :meth:`chosen` as they are in the file under some filters."""
        return tuple(
            column
            for one in self.chosen(names)
            for column in (one.spread(work, values) if one.spread else (one,))
        )


@dataclass(frozen=True, kw_only=True)
class StatisticsTable:
    """A table of statistics.

    :ivar head: of all columns, the first one names the rows.
    :ivar rows: a name and figures; unknown ones are None.
    :ivar about: it describes the selection: in a workbook its rows are on the sheet about the file.
    """

    title: Title
    head: Sequence[Title]
    rows: Sequence[Sequence[object]]
    about: bool = False


@dataclass(frozen=True, kw_only=True)
class StatisticsExport(ExportDefinition):
    """An export of a statistics page; each table is a sheet.

    :ivar tables: called with a unit of work and the values of the filters; the same figures as the page.
    """

    tables: Callable[["Work", Values], Sequence[StatisticsTable]]
