"""The data set of the published cases of a kind."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, exists, func, insert, select
from translationstring import TranslationString

from civicportal.core.work import Service, Work
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.cases.workflow import OPEN_STAGES
from civicportal.domain.organization.models import Category
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.opendata.datasets import DataRow, DatasetColumn, OpenDataset
from civicportal.portal.opendata.grouping import (
    AREAS_PER_DEGREE,
    CELLS_PER_DEGREE,
    LAST,
    MONTHLY,
    YEARLY,
    Candidate,
    CaseGroup,
    ShownPeriod,
    Square,
    band,
    band_name,
    group,
)
from civicportal.portal.opendata.models import ReleasedCase, ReleasedGroup
from civicportal.util.calendar import CityCalendar
from civicportal.util.calendar.months import month_after, month_of
from civicportal.util.geo import Point
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)

BATCH = 1000
"""Cases of a unit of work."""
PATIENCE = 60
"""Statement timeout in seconds."""

COLUMNS = (
    DatasetColumn(
        name="released", kind="day", description=_("Day on which the row was published, with others.")
    ),
    DatasetColumn(
        name="category",
        description=_("Key of the category, or of the one above it; empty if too few cases have the same."),
    ),
    DatasetColumn(name="category_name", description=_("Name of this category.")),
    DatasetColumn(
        name="unit",
        description=_("Key of the unit that closed the case; empty if too few cases have the same."),
    ),
    DatasetColumn(name="unit_name", description=_("Name of this unit.")),
    DatasetColumn(
        name="channel",
        description=_(
            "How the case arrived: ${channels}; empty if too few cases have the same.",
            mapping={"channels": ", ".join(SOURCES)},
        ),
    ),
    DatasetColumn(
        name="registered_from",
        kind="day",
        description=_(
            "First day of the month or year of the city’s calendar in which the case was registered."
        ),
    ),
    DatasetColumn(name="registered_to", kind="day", description=_("Last day of this month or year.")),
    DatasetColumn(
        name="stage", description=_("How the case ended: done, or rejected (closed without action).")
    ),
    DatasetColumn(name="status", description=_("Key of the status with which it ended.")),
    DatasetColumn(
        name="days_to_close",
        description=_("Days from the registration to the closing, as a range."),
        unit=_("days"),
    ),
    DatasetColumn(
        name="place_precision",
        description=_(
            "How exact the place is: cell (0.0025 degrees, about 250 m), area (0.01 degrees, about 1 km), district or city."
        ),
    ),
    DatasetColumn(name="district", description=_("Name of the district, where it is published.")),
    *(
        DatasetColumn(
            name=name,
            kind="number",
            description=_(
                "Border of the cell or area in which the case lies; the place itself is not published."
            ),
            unit=_("degrees (WGS 84)"),
        )
        for name in ("south", "west", "north", "east")
    ),
)


def case_dataset(
    *,
    name: str,
    kind: str,
    title: TranslationString,
    description: TranslationString,
    places: Callable[[Work, Sequence[int]], Mapping[int, tuple[Point | None, str]]],
) -> OpenDataset:
    """See :class:`~civicportal.portal.opendata.datasets.OpenDataset`."""
    return OpenDataset(
        name=name,
        title=title,
        description=description,
        columns=COLUMNS,
        rows=partial(released_rows, dataset=name),
        located=True,
        release=partial(release_cases, dataset=name, kind=kind, places=places),
    )


# -- releasing -----------------------------------------------------------------------------------------------


def release_cases(
    site: "Site",
    until: date,
    *,
    dataset: str,
    kind: str,
    places: Callable[[Work, Sequence[int]], Mapping[int, tuple[Point | None, str]]],
) -> None:
    """Release the cases that were closed before a day and are not released yet.

    Each month of registration is a transaction. After an interruption the rest is released by the next call.
    """
    calendar, today = site.calendar, site.calendar.today(site.clock.now())
    of_year: list[Candidate] = []
    of_all: list[Candidate] = []
    month = _first_month(site, kind, until)
    while month is not None and month < until:
        after = month_after(month, calendar)
        with site.work(patience=PATIENCE) as work:
            service = work.get(ReleaseService)
            groups, remaining = group(service.candidates(kind, month, after, until, places), MONTHLY)
            service.write(dataset, today, groups)
            of_year += remaining
            is_last = calendar.year_month_day(after)[0] != calendar.year_month_day(month)[0]
            if is_last or after >= until:
                groups, remaining = group(of_year, YEARLY)
                service.write(dataset, today, groups)
                of_all += remaining
                of_year = []
        month = after
    with site.work() as work:
        groups, remaining = group(of_all, LAST)
        work.get(ReleaseService).write(dataset, today, groups)
    if remaining:
        log.info("%s: %d cases are too few to be published", dataset, len(remaining))


def _first_month(site: "Site", kind: str, until: date) -> date | None:
    end = site.calendar.begin(until)
    with site.work(write=False, patience=PATIENCE) as work:
        query = select(func.min(Case.created_at)).where(*_eligible(kind), Case.closed_at < end, ~_released())
        first = work.session.scalar(query)
    return month_of(site.calendar.today(first), site.calendar) if first else None


def _public() -> ColumnElement[bool]:
    """Return the condition for a case that may be in open data."""
    of_case = (Category.id == Case.category_id, Category.public)
    return and_(Case.public, exists().where(*of_case))


def _eligible(kind: str) -> tuple[ColumnElement[bool], ...]:
    return Case.kind == kind, Case.stage.not_in(OPEN_STAGES), _public()


def _released() -> ColumnElement[bool]:
    return exists().where(ReleasedCase.case_id == Case.id)


class ReleaseService(Service):
    """Reads the cases to be released, and writes groups."""

    def candidates(
        self,
        kind: str,
        first: date,
        after: date,
        until: date,
        places: Callable[[Work, Sequence[int]], Mapping[int, tuple[Point | None, str]]],
    ) -> Iterator[Candidate]:
        """Yield the cases that were registered from a day on, before another, and can be released."""
        calendar = self.work.site.calendar
        begin, end = calendar.begin(first), calendar.begin(after)
        month, year = ShownPeriod(first, _day_before(after)), _year(first, calendar)
        tree = self.work.get(OrganizationService).categories
        last = 0
        while True:
            query = (
                select(
                    Case.id,
                    Case.category_id,
                    Case.unit_id,
                    Case.source,
                    Case.status,
                    Case.stage,
                    Case.created_at,
                    Case.closed_at,
                )
                .where(*_eligible(kind), Case.created_at >= begin, Case.created_at < end)
                .where(Case.closed_at < calendar.begin(until), ~_released(), Case.id > last)
                .order_by(Case.id)
                .limit(BATCH)
            )
            found = self.session.execute(query).all()
            if not found:
                return
            last = found[-1].id
            of_place = places(self.work, [row.id for row in found])
            for row in found:
                point, district = of_place.get(row.id, (None, ""))
                taken = calendar.today(row.closed_at) - calendar.today(row.created_at)
                yield Candidate(
                    case_id=row.id,
                    category_id=row.category_id,
                    root_id=tree.root_of(row.category_id).id,
                    unit_id=row.unit_id,
                    source=row.source,
                    month=month,
                    year=year,
                    district=district,
                    point=point,
                    status=row.status,
                    stage=row.stage,
                    days=band(max(0, taken.days)),
                )

    def write(self, dataset: str, released: date, groups: Sequence[CaseGroup]) -> None:
        """Write groups and their cases."""
        rows = [
            ReleasedGroup(
                dataset=dataset,
                released=released,
                size=len(cases),
                category_id=shown.category_id,
                unit_id=shown.unit_id,
                source=shown.source,
                first_day=shown.period.first,
                last_day=shown.period.last,
                precision=shown.precision,
                district=shown.district,
                grid_row=shown.square.row if shown.square else None,
                grid_column=shown.square.column if shown.square else None,
            )
            for shown, cases in groups
        ]
        self.session.add_all(rows)
        self.session.flush()
        members = [
            {
                "case_id": case.case_id,
                "group_id": row.id,
                "status": case.status,
                "stage": case.stage,
                "days": case.days,
            }
            for row, (_shown, cases) in zip(rows, groups, strict=True)
            for case in cases
        ]
        if members:
            self.session.execute(insert(ReleasedCase), members)


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


def _year(day: date, calendar: CityCalendar) -> ShownPeriod:
    year = calendar.year_month_day(day)[0]
    return ShownPeriod(calendar.day(year, 1, 1), _day_before(calendar.day(year + 1, 1, 1)))


# -- reading -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Names:
    """Key and name of categories or units by id."""

    pairs: Mapping[int, tuple[str, str]]

    def __getitem__(self, row_id: int | None) -> tuple[str | None, str | None]:
        return self.pairs.get(row_id or 0, (None, None))


def released_rows(site: "Site", *, dataset: str) -> Iterator[DataRow]:
    """Yield the rows of the groups whose cases are all public still, in batches."""
    with site.work(write=False, patience=PATIENCE) as work:
        broken = _broken(work, dataset)
        organization = work.get(OrganizationService)
        categories = _Names({one.id: (one.key, one.name) for one in organization.categories.by_id.values()})
        units = _Names({one.id: (one.key, one.name) for one in organization.units.by_id.values()})
    last = 0
    while True:
        groups = (
            select(ReleasedGroup)
            .where(ReleasedGroup.dataset == dataset, ReleasedGroup.id > last)
            .order_by(ReleasedGroup.id)
            .limit(BATCH // 5)
        )
        with site.work(write=False, patience=PATIENCE) as work:
            found = {one.id: one for one in work.session.scalars(groups)}
            cases = (
                select(ReleasedCase.group_id, ReleasedCase.stage, ReleasedCase.status, ReleasedCase.days)
                .where(ReleasedCase.group_id.in_(set(found) - broken))
                # The order of the cases in a group follows from what is published of them.
                .order_by(ReleasedCase.group_id, ReleasedCase.stage, ReleasedCase.status, ReleasedCase.days)
            )
            rows = work.session.execute(cases).all()
        if not found:
            return
        last = max(found)
        # A case that is deleted while the file is written leaves its group incomplete.
        numbers = Counter(row.group_id for row in rows)
        for group_id, stage, status, days in rows:
            if numbers[group_id] == found[group_id].size:
                yield _row(found[group_id], stage, status, days, categories, units)


def _broken(work: Work, dataset: str) -> frozenset[int]:
    """Return the groups with a case that is not public any more, or that was deleted."""
    query = (
        select(ReleasedGroup.id)
        .outerjoin(ReleasedCase, ReleasedCase.group_id == ReleasedGroup.id)
        .outerjoin(Case, and_(Case.id == ReleasedCase.case_id, _public()))
        .where(ReleasedGroup.dataset == dataset)
        .group_by(ReleasedGroup.id, ReleasedGroup.size)
        .having(func.count(Case.id) < ReleasedGroup.size)
    )
    return frozenset(work.session.scalars(query))


def _row(
    one: ReleasedGroup, stage: str, status: str, days: int, categories: _Names, units: _Names
) -> DataRow:
    square = _square(one)
    box = square.bounds if square else None
    return (
        one.released,
        *categories[one.category_id],
        *units[one.unit_id],
        one.source or None,
        one.first_day,
        one.last_day,
        stage,
        status,
        band_name(days),
        one.precision,
        one.district or None,
        box.south if box else None,
        box.west if box else None,
        box.north if box else None,
        box.east if box else None,
        box,
    )


def _square(one: ReleasedGroup) -> Square | None:
    if one.grid_row is None or one.grid_column is None:
        return None
    per_degree = CELLS_PER_DEGREE if one.precision == "cell" else AREAS_PER_DEGREE
    return Square(one.grid_row, one.grid_column, per_degree)
