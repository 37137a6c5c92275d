"""What a plugin says of an export: its columns, its rows by the filters of a list, its tables of figures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import colander
from translationstring import TranslationString

if TYPE_CHECKING:
    from sqlalchemy import Select

    from civicportal.security import Identity
    from civicportal.work import Work

Kind = Literal["text", "code", "number", "moment", "day", "flag"]
Title: TypeAlias = "TranslationString | str"
SORT = "sort"
"""Under this the address of a list names its order."""


@dataclass(frozen=True, kw_only=True)
class Masked:
    """A number of a person: as every reader of the case sees it, and in full."""

    masked: str
    full: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of an export.

    :ivar value: reads it from a row of the export's source: text, text to translate, number, aware datetime, date, bool,
        :class:`Masked` or None.
    :ivar kind: a moment or a day stands twice: as a text of the city's calendar and as a date that can be reckoned with.
    :ivar width: of the column in a sheet, in characters.
    :ivar personal: the verb of the right to a case without which the cell stays empty: "contact" or "identity".
    :ivar chosen: part of the export unless somebody chooses otherwise.
    :ivar printed: part of the list on paper.
    """

    name: str
    title: Title
    value: Callable[[Any], Any]
    kind: Kind = "text"
    width: int = 18
    personal: str = ""
    chosen: bool = True
    printed: bool = False


class Source(Protocol):
    """The rows of an export under some filters, in one unit of work.

    It may have a ``sort``, the :class:`~civicportal.cases.paging.Sort` of the list; else the newest come first.
    """

    def query(self, *columns: Any) -> "Select[Any]":
        """Return the list's own query for columns of the cases that the actor may see."""

    @property
    def entities(self) -> Sequence[Any]:
        """Return what :meth:`rows` reads of each case; ``Case`` comes first."""

    def rows(self, found: Sequence[Any]) -> Iterable[Any]:
        """Return what the columns read, one for each found row, in their order and in few statements."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Something that can be taken along as a file.

    :ivar name: unique over all plugins, for instance ``reports.list``; it stands in addresses and in the trail.
    :ivar permissions: whoever has one of them finds it.
    :ivar route: of the page whose address holds the filters.
    :ivar schema: of that address; every field has a ``missing``.
    :ivar bindings: what the schema asks for besides country and calendar.
    :ivar unsaid: of the values of the filters, what narrows the list although its address does not say so: label and words.
    """

    name: str
    title: Title
    permissions: tuple[str, ...]
    route: str
    schema: Callable[[], colander.SchemaNode]
    bindings: Callable[["Work"], Mapping[str, Any]]
    unsaid: Callable[[Mapping[str, Any]], Iterable[tuple[Title, Title]]] = lambda _values: ()

    @property
    def formats(self) -> tuple[str, ...]:
        """Return what kinds of files there are."""
        return ("xlsx", "csv")

    def is_for(self, identity: "Identity") -> bool:
        """Return whether somebody finds it."""
        return any(identity.permits(name) for name in self.permissions)


@dataclass(frozen=True, kw_only=True)
class Export(Offer):
    """A list of cases; of each case it asks for the right "export".

    :ivar source: of a unit of work, the values of the filters and the names of the columns that are wanted.
    :ivar machine: for programs: ASCII headings, dates in ISO 8601, CSV alone, whose byte order mark importers skip.
    :ivar sortable: the address of the list may name its order.
    """

    columns: tuple[Column, ...]
    source: Callable[["Work", Mapping[str, Any], frozenset[str]], Source]
    machine: bool = False
    sortable: bool = True

    @property
    def formats(self) -> tuple[str, ...]:
        """Return what kinds of files there are."""
        return ("csv",) if self.machine else ("xlsx", "csv")

    def chosen(self, names: Iterable[str] = ()) -> tuple[Column, ...]:
        """Return the named columns in the export's order; without a name those of the usual choice."""
        wanted = frozenset(names)
        return tuple(one for one in self.columns if (one.name in wanted if wanted else one.chosen))


@dataclass(frozen=True, kw_only=True)
class FigureTable:
    """A table of figures.

    :ivar head: of all columns, the first one names the rows.
    :ivar rows: a name and figures; what is not known is None.
    :ivar about: it says what is counted: in a book its rows stand on the sheet about the file.
    """

    title: Title
    head: Sequence[Title]
    rows: Sequence[Sequence[Any]]
    about: bool = False


@dataclass(frozen=True, kw_only=True)
class Figures(Offer):
    """A page of statistics; each table is a sheet.

    :ivar tables: of a unit of work and the values of the filters; the same figures as the page.
    """

    tables: Callable[["Work", Mapping[str, Any]], Sequence[FigureTable]]
