"""Queries of reports, shared by list, counts, map and statistics."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from sqlalchemy import ColumnElement, func

from civicportal.api.cases import Case, Workflow
from civicportal.api.forms import Option, Values
from civicportal.api.geo import Point
from civicportal.api.lists import CaseFilters, CaseList, Rows, Selected
from civicportal.api.submission import QuestionnaireService
from civicportal_reports.areas import DIGITS, in_box, named, surroundings
from civicportal_reports.models import Report
from civicportal_reports.workflow import KIND

MOST_POINTS = 3000
"""Maximum number of points on a map."""


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """Filters of a list; empty fields have no effect.

    :ivar category: key of a root or a subcategory, or ``Option.NONE``.
    :ivar answer: id of a choice of a question of the category.
    :ivar itself: exclude subcategories.
    :ivar unit: key, including subunits; or ``Option.NONE``.
    :ivar district: name, or ``Option.NONE``.
    :ivar located: with a point on the map.
    :ivar place: name of a street, a square, a park or a district.
    :ivar near: a point around which they lie, within ``metres``.
    """

    category: str | None = None
    answer: str | None = None
    itself: bool = False
    unit: str | None = None
    district: str | None = None
    urgent: bool = False
    located: bool = False
    place: str = ""
    near: Point | None = None
    metres: int = 0

    @property
    def district_name(self) -> str:
        """Return the district's value in the database; empty for none."""
        return "" if self.district == Option.NONE else self.district or ""

    @property
    def uncounted(self) -> "Filters":
        """Return the filters without stage, status, category and unit, which all counters have."""
        return replace(self, stage=None, status=None, category=None, itself=False, unit=None)


class PublicPoint(NamedTuple):
    """What a map for the public needs of a report; coordinates are WGS 84 degrees, None for a report without a place."""

    case_id: int
    public: bool
    status: str
    stage: str
    category_id: int | None
    lat: float | None
    lon: float | None

    @classmethod
    def of(cls, case: Case, report: Report) -> Self:
        """Return that of a report that was read already."""
        return cls(case.id, case.public, case.status, case.stage, case.category_id, report.lat, report.lon)

    @property
    def place(self) -> Point | None:
        """Return the place that the public may know: rounded if the report is not published."""
        if self.lat is None or self.lon is None:
            return None
        return (
            Point(self.lat, self.lon)
            if self.public
            else Point(round(self.lat, DIGITS), round(self.lon, DIGITS))
        )


_OF_POINT = (Case.id, Case.public, Case.status, Case.stage, Case.category_id, Report.lat, Report.lon)


class ReportSearch(CaseList[Filters]):
    """The list of reports: within the actor's scope, or published ones."""

    kind = KIND
    entities = (Case, Report)

    def select(self, *columns: Selected) -> Rows:
        """Return a query for columns of all reports, joined with their own table if it has one of the columns."""
        query = super().select(*columns)
        return _joined(query) if Report.__table__ in query.columns_clause_froms else query

    def filtered(self, filters: Filters, *columns: Selected) -> Rows:
        """Return a query for columns of filtered reports; without a filter by place, only the case is needed."""
        query = super().filtered(filters, *columns)
        placed = filters.district or filters.located or filters.place or filters.near
        return _joined(query) if placed and Report.__table__ not in query.columns_clause_froms else query

    def conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        """Return the filters as conditions."""
        found = super().conditions(filters)
        for column, ids in (
            (Case.category_id, self.categories(filters)),
            (Case.unit_id, self.units(filters)),
        ):
            if ids is not None:
                found.append(self.has_one_of(column, ids))
        if filters.answer:
            found.append(self.work.get(QuestionnaireService).has_choice(int(filters.answer)))
        if filters.district:
            found.append(Report.district == filters.district_name)
        if filters.place:
            found.append(named(self.work.site.map, filters.place).condition)
        if filters.near:
            found.append(in_box(surroundings(filters.near, filters.metres)))
        if filters.located:
            found.append(Report.lat.is_not(None))
        if filters.urgent:
            found.append(Case.urgent.is_(True))
        return found

    def counted(self, filters: Filters) -> Values | None:
        """Return by what the counters know the total: category and unit too."""
        if replace(filters.uncounted, first_day=None, last_day=None) != Filters():
            return None
        return {"categories": self.categories(filters), "units": self.units(filters)}

    def categories(self, filters: Filters) -> frozenset[int] | None:
        """Return the ids of the filtered categories, with 0 for reports without one; None for all."""
        if not filters.category:
            return None
        return self.category_ids(filters.category, itself=filters.itself)

    def units(self, filters: Filters) -> frozenset[int] | None:
        """Return the ids of the filtered units, with 0 for reports without one; None for all."""
        return self.unit_ids(filters.unit) if filters.unit else None

    def count(self, filters: Filters) -> int:
        """Return the number of filtered reports."""
        return self.session.scalar(self.query(filters, func.count())) or 0

    # -- everybody ------------------------------------------------------------------------------------------

    def published(self, filters: Filters) -> Rows:
        """Return the query of the published reports."""
        return self.filtered(filters, *self.entities).where(Case.public)

    def latest_published(self, most: int) -> list[tuple[Case, Report]]:
        """Return the latest published reports."""
        query = self.published(Filters()).order_by(Case.created_at.desc(), Case.id.desc())
        return [(case, report) for case, report in self.session.execute(query.limit(most))]

    def public_points(self, filters: Filters, most: int = MOST_POINTS) -> list[PublicPoint]:
        """Return the latest points of the public map."""
        query = self.public_query(filters, *_OF_POINT).where(Report.lat.is_not(None))
        # In index order: SQLite would sort all by id.
        rows = self.session.execute(query.order_by(Case.created_at.desc(), Case.id.desc()).limit(most))
        return [PublicPoint(*row) for row in rows]

    def public_query(self, filters: Filters, *columns: Selected) -> Rows:
        """Return the query of the public map: published reports, and open ones without details."""
        return self.filtered(filters, *columns).where(Case.public | Case.stage.in_(Workflow.OPEN_STAGES))


def _joined(query: Rows) -> Rows:
    return query.join(Report, Report.case_id == Case.id)
