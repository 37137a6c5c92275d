"""Selection of the counted cases, defined by the query of their list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute
from translationstring import TranslationString

from civicportal.domain.cases.access.rights import sees_all
from civicportal.domain.cases.conditions import sent_between
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import category_ids, has_one_of, unit_ids
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.cases.workflow import CaseKind
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.named_periods import span_of
from civicportal.domain.statistics.periods import Span
from civicportal.util.i18n import _
from civicportal.util.queries import Rows, Selected
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work


@dataclass(frozen=True, kw_only=True)
class CaseSelection:
    """The cases of one kind that a list shows with certain filters.

    :ivar query: the list's own query: called with days and columns it returns the cases of these days that match the
        filters and that the actor may see.
    :ivar span: the days.
    :ivar categories: ids of the filtered categories, 0 for none; None for all.
    :ivar units: the same for units that hold the cases.
    :ivar narrowed: there are other filters, so that counters cannot answer.
    """

    kind: CaseKind
    query: Callable[..., Rows]
    span: Span
    categories: frozenset[int] | None = None
    units: frozenset[int] | None = None
    narrowed: bool = False

    def counted(self, work: "Work") -> bool:
        """Return whether the counters have the answer.

        They do without filters other than days, categories and units, and without a limited scope.
        """
        return not self.narrowed and sees_all(work.actor, self.kind.name)

    def rows(self, work: "Work", span: Span, *columns: Selected, facet: "Facet | None" = None) -> Rows:
        """Return a query for columns of the cases of some days.

        If only core columns are filtered, the kind's own table is not joined.

        :param facet: whose column is included.
        """
        if not self.counted(work) or (facet and not facet.of_case):
            return self.query(span, *columns)
        of_days = sent_between(work.site.calendar, span.first, span.last)
        return select(*columns).where(Case.kind == self.kind.name, of_days, *self.where(Case))

    def where(self, table: Any) -> list[ColumnElement[bool]]:
        """Return the conditions on ``category_id`` and ``unit_id`` of a table."""
        found = []
        if self.categories is not None:
            found.append(has_one_of(table.category_id, self.categories))
        if self.units is not None:
            found.append(has_one_of(table.unit_id, self.units))
        return found


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A dimension of cases, as a table: for instance the unit, the district, the channel.

    :ivar name: name of the list's filter.
    :ivar title: title of the table.
    :ivar head: heading of its first column.
    :ivar column: column of the value.
    :ivar groups: filter values by value of the column; one value may count in several groups, a unit in its parent
        units.
    :ivar titles: display name of each group.
    :ivar counter: name of the counters' column with the same value, if any.
    """

    name: str
    title: TranslationString
    head: TranslationString
    column: Any
    groups: Callable[[Any], tuple[str, ...]] = field(default=lambda value: (value or "",))
    titles: Mapping[str, TranslationString | str] = field(default_factory=dict)
    counter: str = ""

    @classmethod
    def of_sources(cls) -> "Facet":
        """Return the dimension of channels by which cases arrive."""
        return cls(
            name="source",
            title=_("By the way they came"),
            head=_("Came by"),
            column=Case.source,
            titles=SOURCES,
        )

    @classmethod
    def of_units(
        cls,
        organization: OrganizationService,
        chosen: str | None = None,
        *,
        column: InstrumentedAttribute[int | None] = Case.unit_id,
        title: TranslationString | None = None,
        head: TranslationString | None = None,
    ) -> "Facet":
        """Return the dimension of units.

        :param chosen: key of the filtered unit, whose parent units are left out.
        :param column: the unit's column, if it is not the one that holds the case.
        """
        units = organization.units
        root = next((unit.id for unit in units.by_id.values() if unit.key == chosen), None)
        inside = units.subtree(root) if root else units.by_id.keys()

        def groups(unit_id: int | None) -> tuple[str, ...]:
            return tuple(unit.key for unit in units.path(unit_id) if unit.id in inside) or ("",)

        return cls(
            name="unit",
            title=title or _("By unit"),
            head=head or _("Unit"),
            column=column,
            groups=groups,
            titles={unit.key: unit.name for unit in units.by_id.values()},
            counter="unit_id" if column is Case.unit_id else "",
        )

    @property
    def of_case(self) -> bool:
        """Return whether the column belongs to the core."""
        return self.column.class_ is Case


DAYS = frozenset({"period", "first_day", "last_day"})
"""Filters that select days."""
ITSELF = "itself"
"""The filter that excludes subcategories; it has no effect by itself."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The subject of a statistics page.

    :ivar values: of the list's filters and the period.
    :ivar query: the list's own query; see :class:`CaseSelection`.
    :ivar facets: the available dimensions, default first.
    :ivar counted: filters that the counters have: "category" and "unit", if they mean the case's own.
    """

    kind: CaseKind
    values: Values
    query: Callable[..., Rows]
    facets: tuple[Facet, ...]
    counted: frozenset[str] = frozenset({"category", "unit"})

    def selection(self, work: "Work") -> CaseSelection:
        """Return the filtered cases."""
        values, calendar = self.values, work.site.calendar
        category, unit = (values.get(name) if name in self.counted else None for name in ("category", "unit"))
        narrowing = values.keys() - DAYS - self.counted - {ITSELF}
        return CaseSelection(
            kind=self.kind,
            query=self.query,
            span=span_of(
                values.get("period"),
                values.get("first_day"),
                values.get("last_day"),
                calendar,
                calendar.today(work.clock.now()),
            ),
            categories=category_ids(work, self.kind.name, category, itself=bool(values.get(ITSELF)))
            if category
            else None,
            units=unit_ids(work, unit) if unit else None,
            narrowed=any(_narrows(values[name]) for name in narrowing),
        )


def _narrows(value: object) -> bool:
    # The citizen 0 is a number without an account: it matches nothing, although it equals False.
    return value is not False and value not in (None, "")
