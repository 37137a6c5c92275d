"""The core's data sets: units, categories, and figures by month."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.workflow import OPEN_STAGES, CaseKind
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService, Tree
from civicportal.domain.statistics.hiding import FEWEST, hide_small, is_small
from civicportal.portal.opendata.datasets import DataRow, DatasetColumn, OpenDataset
from civicportal.portal.opendata.models import ReleasedFigure
from civicportal.util.calendar.months import month_after, month_of
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

PATIENCE = 60
"""Statement timeout in seconds."""
UNITS, CATEGORIES, FIGURES = "units", "categories", "figures"
TOTAL, BY_CATEGORY, BY_UNIT = "total", "category", "unit"


def _units(site: "Site") -> Iterator[DataRow]:
    with site.work(write=False) as work:
        tree = work.get(OrganizationService).units
    for one in filter(lambda unit: unit.active, tree.by_id.values()):
        above = tree.by_id.get(one.parent_id or 0)
        yield one.key, one.name, above.key if above else None, one.phone or None


def _categories(site: "Site") -> Iterator[DataRow]:
    with site.work(write=False) as work:
        organization = work.get(OrganizationService)
        tree, units = organization.categories, organization.units
    for one in tree.by_id.values():
        if one.active and one.kind in kinds_of(site):
            above, unit = tree.by_id.get(one.parent_id or 0), units.by_id.get(one.unit_id or 0)
            key = unit.key if unit and unit.active else None
            yield one.kind, one.key, one.name, above.key if above else None, key, one.deadline_days


# -- figures -------------------------------------------------------------------------------------------------


def release_figures(site: "Site", until: date) -> None:
    """Count each month before a day that is not released yet, once and for all; a month is a transaction."""
    with site.work(write=False, patience=PATIENCE) as work:
        month = work.get(FigureService).first_month(until)
    while month is not None and month < until:
        with site.work(patience=PATIENCE) as work:
            service = work.get(FigureService)
            for kind in kinds_of(site).values():
                # As on the page of public figures: services for citizens only.
                if kind.register_route:
                    service.release(kind.name, month)
        month = month_after(month, site.calendar)


class FigureService(Service):
    """Counts months."""

    def first_month(self, until: date) -> date | None:
        """Return the first month that is not released, None without any case."""
        calendar = self.work.site.calendar
        newest = select(ReleasedFigure.month).order_by(ReleasedFigure.month.desc()).limit(1)
        oldest = select(Case.created_at).order_by(Case.created_at).limit(1)
        if last := self.session.scalar(newest):
            return month_after(last, calendar)
        first = self.session.scalar(oldest)
        return min(until, month_of(calendar.today(first), calendar)) if first else None

    def latest(self, most: int) -> list[tuple[CaseKind, Sequence[ReleasedFigure]]]:
        """Return the totals of the last released months of each service, newest first."""
        found = []
        for kind in kinds_of(self.work.site).values():
            own = (ReleasedFigure.kind == kind.name, ReleasedFigure.dimension == TOTAL)
            query = select(ReleasedFigure).where(*own).order_by(ReleasedFigure.month.desc()).limit(most)
            if rows := self.session.scalars(query).all():
                found.append((kind, rows))
        return found

    def release(self, kind: str, month: date) -> None:
        """Store the figures of a kind of case in a month; small numbers are not stored."""
        calendar = self.work.site.calendar
        begin, end = calendar.begin(month), calendar.begin(month_after(month, calendar))
        tree = self.work.get(OrganizationService).categories
        what = (Case.category_id, Case.unit_id, Case.handling_minutes)
        of_kind = select(*what).where(Case.kind == kind)
        opened = self.session.execute(of_kind.where(Case.created_at >= begin, Case.created_at < end)).all()
        closed = self.session.execute(
            of_kind.where(Case.closed_at >= begin, Case.closed_at < end, Case.stage.not_in(OPEN_STAGES))
        ).all()

        def root(category_id: int | None) -> int:
            return tree.root_of(category_id).id if category_id in tree.by_id else 0

        self._write(kind, month, TOTAL, [0] * len(opened), [(0, row.handling_minutes) for row in closed])
        self._write(
            kind,
            month,
            BY_CATEGORY,
            [root(row.category_id) for row in opened],
            [(root(row.category_id), row.handling_minutes) for row in closed],
        )
        self._write(
            kind,
            month,
            BY_UNIT,
            [row.unit_id or 0 for row in opened],
            [(row.unit_id or 0, row.handling_minutes) for row in closed],
        )

    def _write(
        self,
        kind: str,
        month: date,
        dimension: str,
        opened: Sequence[int],
        closed: Sequence[tuple[int, int | None]],
    ) -> None:
        minutes: dict[int, list[int]] = defaultdict(list)
        number_opened, number_closed = Counter(opened), Counter(part for part, _one in closed)
        for part, one in closed:
            if one is not None:
                minutes[part].append(one)
        parts = sorted({*number_opened, *number_closed} or {0})
        if dimension != TOTAL and parts == [0]:
            return
        shown_opened = _hidden([number_opened[part] for part in parts])
        shown_closed = _hidden([number_closed[part] for part in parts])
        today = self.work.site.calendar.today(self.work.clock.now())
        for part, opened_now, closed_now in zip(parts, shown_opened, shown_closed, strict=True):
            enough = closed_now is not None and len(minutes[part]) >= FEWEST
            self.session.add(
                ReleasedFigure(
                    kind=kind,
                    month=month,
                    dimension=dimension,
                    part_id=part,
                    released=today,
                    opened=opened_now,
                    closed=closed_now,
                    hours=int(median(minutes[part]) + 30) // 60 if enough else None,
                )
            )


def _hidden(numbers: Sequence[int]) -> list[int | None]:
    if is_small(sum(numbers)):
        return [number if number == 0 else None for number in numbers]
    return hide_small(numbers)


def released_figures(site: "Site") -> Iterator[DataRow]:
    """Yield the figures by service, month and part."""
    query = select(ReleasedFigure).order_by(
        ReleasedFigure.month, ReleasedFigure.kind, ReleasedFigure.dimension, ReleasedFigure.part_id
    )
    with site.work(write=False, patience=PATIENCE) as work:
        organization = work.get(OrganizationService)
        trees: dict[str, Tree[Unit] | Tree[Category]] = {
            BY_CATEGORY: organization.categories,
            BY_UNIT: organization.units,
        }
        found: Iterable[ReleasedFigure] = work.session.scalars(query).all()
    for one in found:
        part = trees[one.dimension].by_id.get(one.part_id) if one.dimension in trees else None
        last = date.fromordinal(month_after(one.month, site.calendar).toordinal() - 1)
        yield (
            one.kind,
            one.month,
            last,
            one.dimension,
            part.key if part else None,
            part.name if part else None,
            one.opened,
            one.closed,
            one.hours,
        )


CORE_DATASETS = (
    OpenDataset(
        name=FIGURES,
        title=_("Figures by month"),
        description=_(
            "Cases opened and closed in each month, in all, by category and by unit, with the time to the answer. A "
            "month is counted once, a week or more after its end, and never changes. Numbers from 1 to 4 are left out, "
            "and those from which they could be computed."
        ),
        columns=(
            DatasetColumn(name="service", description=_("Key of the service.")),
            DatasetColumn(
                name="month_from", kind="day", description=_("First day of the month of the city’s calendar.")
            ),
            DatasetColumn(name="month_to", kind="day", description=_("Last day of the month.")),
            DatasetColumn(name="by", description=_("What the row is about: total, category or unit.")),
            DatasetColumn(
                name="key", description=_("Key of the main category or of the unit; empty without one.")
            ),
            DatasetColumn(name="name", description=_("Its name.")),
            DatasetColumn(
                name="opened",
                kind="integer",
                description=_("Cases registered in the month; empty for a small number."),
            ),
            DatasetColumn(
                name="closed",
                kind="integer",
                description=_("Cases whose last closing was in the month; empty for a small number."),
            ),
            DatasetColumn(
                name="hours_to_close",
                kind="integer",
                description=_(
                    "Median of the time from the registration to the closing, for those closed in the month."
                ),
                unit=_("working hours"),
            ),
        ),
        rows=released_figures,
        release=release_figures,
    ),
    OpenDataset(
        name=UNITS,
        title=_("Units of the municipality"),
        description=_("The departments that work on cases."),
        columns=(
            DatasetColumn(name="key", description=_("Key of the unit.")),
            DatasetColumn(name="name", description=_("Its name.")),
            DatasetColumn(name="parent", description=_("Key of the unit above it.")),
            DatasetColumn(name="phone", description=_("Its telephone.")),
        ),
        rows=_units,
    ),
    OpenDataset(
        name=CATEGORIES,
        title=_("Categories of cases"),
        description=_(
            "What cases can be about, with the unit in charge and the time in which they are closed."
        ),
        columns=(
            DatasetColumn(name="service", description=_("Key of the service.")),
            DatasetColumn(name="key", description=_("Key of the category, unique in its service.")),
            DatasetColumn(name="name", description=_("Its name.")),
            DatasetColumn(name="parent", description=_("Key of the category above it.")),
            DatasetColumn(name="unit", description=_("Key of the unit in charge.")),
            DatasetColumn(
                name="deadline_days",
                kind="number",
                description=_("Time in which a case should be closed."),
                unit=_("working days"),
            ),
        ),
        rows=_categories,
    ),
)
