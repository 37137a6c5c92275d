"""Recent reports of the same category near a place, nearest first."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import cos, radians
from typing import Any

from sqlalchemy import ColumnElement, Float, bindparam, func, select

from civicportal.api.cases import Case, CaseService, Workflow
from civicportal.api.database import Service, Work
from civicportal.api.geo import Bounds, Point
from civicportal.api.lists import Rows, Selected
from civicportal.api.organization import OrganizationService
from civicportal_reports.models import Report
from civicportal_reports.workflow import KIND

MOST_NEAR = 20
"""Maximum number: there may be hundreds on a street of a large city."""
SAID = ("id", "code", "subject", "status", "category_id")
"""Columns read of each, instead of the whole case with its text."""
_FRESH = timedelta(hours=1)
_UNDERWAY = 1000
"""Ids that concurrent transactions may have allocated and not yet committed; a safe upper bound."""


class _Eldest:
    read: tuple[datetime, int] | None = None
    """The time of the lookup, and the id."""


@dataclass(frozen=True, kw_only=True)
class Near:
    """An open report of the same root category, with its distance."""

    id: int
    code: str
    subject: str
    status: str
    category_id: int
    metres: float


class NearbyService(Service):
    """Search around a place, within the radius and the days of the plugin's settings."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.organization = work.get(OrganizationService)
        self.settings = work.site.plugin_settings[KIND]

    def reports(
        self, point: Point, category_id: int, *conditions: ColumnElement[bool], but: int | None = None
    ) -> list[Near]:
        """Return nearby open reports of the same root category, nearest first, at most :data:`MOST_NEAR`.

        :param conditions: on ``Case``, for instance the actor's scope.
        :param but: id of a case to exclude.
        """
        open_ones = (Case.stage.in_(Workflow.OPEN_STAGES), Case.id != (but or 0), *conditions)
        columns = [getattr(Case, name) for name in SAID]
        query = _around(*columns).where(*open_ones).limit(MOST_NEAR)
        found = self._measured(point, query, self._place(point, category_id))
        return [Near(**dict(zip(SAID, said, strict=True)), metres=metres) for said, metres in found]

    def on_streets(
        self, streets: Collection[str], category_id: int, *conditions: ColumnElement[bool]
    ) -> list[int]:
        """Return the ids of recent open reports of the same root category on these streets, newest first.

        :param conditions: on ``Case``.
        """
        if not streets:
            return []
        categories, since = self.organization.categories, self._since()
        query = (
            select(Case.id)
            .join(Report, Report.case_id == Case.id)
            .where(
                Report.case_id >= self._no_younger_below(since),
                Report.street.in_(streets),
                Case.kind == KIND,
                Case.stage.in_(Workflow.OPEN_STAGES),
                Case.category_id.in_(categories.subtree(categories.root_of(category_id).id)),
                Case.created_at > since,
                *conditions,
            )
            .order_by(Case.created_at.desc(), Case.id.desc())
            .limit(MOST_NEAR)
        )
        return list(self.session.scalars(query))

    def unit_at_work(self, case: Case) -> str | None:
        """Return the key of the unit that already works on a report nearby."""
        report: Report | None = self.work.get(CaseService).detail(case)
        if report is None or report.point is None or case.category_id is None:
            return None
        asked = {**self._place(report.point, case.category_id), "but": case.id or 0}
        found = self._measured(report.point, _at_work(), asked)
        unit_id = next((unit_id for (unit_id,), _metres in found), None)
        return self.organization.units.by_id[unit_id].key if unit_id else None

    def _place(self, point: Point, category_id: int) -> dict[str, object]:
        """Return the parameters of :func:`_around`: the square, the days, the categories below the same root."""
        categories = self.organization.categories
        since = self._since()
        box = Bounds.within(point, self.settings["nearby_metres"])
        return {
            "south": box.south,
            "north": box.north,
            "west": box.west,
            "east": box.east,
            "lat": point.lat,
            "lon": point.lon,
            "shrink": cos(radians(point.lat)),
            "eldest": self._no_younger_below(since),
            "since": since,
            "categories": list(categories.subtree(categories.root_of(category_id).id)),
        }

    def _since(self) -> datetime:
        return self.work.clock.now() - timedelta(days=self.settings["nearby_days"])

    def _no_younger_below(self, since: datetime) -> int:
        """Return an id below which no case was registered since a time.

        It stays valid, because new cases have higher ids: each process reads it once an hour.
        """
        memory, now = self.work.site.cache.of(_Eldest), self.work.clock.now()
        if memory.read:
            read_at, eldest = memory.read
            if read_at <= now < read_at + _FRESH:
                return eldest
        # The offset keeps PostgreSQL from scanning all ids up to the first of these.
        young = select(Case.id).where(Case.kind == KIND, Case.created_at > since).offset(0).subquery()
        eldest = (self.session.scalar(select(func.min(young.c.id))) or 0) - _UNDERWAY
        memory.read = (now, eldest)
        return eldest

    def _measured(
        self, point: Point, query: Rows, asked: dict[str, object]
    ) -> Iterator[tuple[list[Any], float]]:
        """Yield rows with their distance, without the corners of the square."""
        for *found, lat, lon in self.session.execute(query, asked):
            metres = point.distance_to(Point(lat, lon))
            if metres <= self.settings["nearby_metres"]:
                yield found, metres


@cache
def _around(*columns: Selected) -> Rows:
    """Return the query for columns of the recent reports in the square around a point.

    It is built once per process, which takes longer than executing it. The database selects the nearest, because there
    may be hundreds on one street.
    """
    inside = select(Report.case_id, Report.lat, Report.lon).where(
        Report.lat.between(bindparam("south"), bindparam("north")),
        Report.lon.between(bindparam("west"), bindparam("east")),
        # One covering index: of a street's reports of many years only the recent ones are read.
        Report.case_id >= bindparam("eldest"),
    )
    # The offset keeps SQLite from scanning all recent reports instead.
    place = inside.offset(0).subquery()
    north = place.c.lat - bindparam("lat")
    east = (place.c.lon - bindparam("lon")) * bindparam("shrink", type_=Float)
    recent = (
        Case.kind == KIND,
        Case.category_id.in_(bindparam("categories", expanding=True)),
        Case.created_at > bindparam("since"),
    )
    query = select(*columns, place.c.lat, place.c.lon).join_from(place, Case, Case.id == place.c.case_id)
    return query.where(*recent).order_by(north * north + east * east, place.c.case_id)


@cache
def _at_work() -> Rows:
    in_hand = (Case.stage == "in_progress", Case.unit_id.is_not(None), Case.id != bindparam("but"))
    return _around(Case.unit_id).where(*in_hand).limit(1)
