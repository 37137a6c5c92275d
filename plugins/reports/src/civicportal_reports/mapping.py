"""Maps of reports: points, clusters or a heat map.

A map of the whole city is read from the counters of places, a street from the reports themselves; in between the index
of the points is enough if no other filter is active.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Integer, func, literal_column, select

from civicportal.api.cases import AccessService, Case, Workflow
from civicportal.api.database import Service, Work
from civicportal.api.geo import Point
from civicportal.api.lists import Rows, Selected
from civicportal_reports.clusters import Cluster
from civicportal_reports.grid import Cell, GridBox
from civicportal_reports.grid_columns import cell_columns
from civicportal_reports.models import PlaceCount, Report
from civicportal_reports.place_counts import LEVELS, summed
from civicportal_reports.search import Filters, ReportSearch
from civicportal_reports.viewports import DEEPEST, MapView
from civicportal_reports.workflow import KIND

MOST_POINTS = 1000
"""Maximum number of points."""
FEW = 100
"""Number of points that are shown at any zoom."""
STREET = 16
"""Zoom from which points are shown, up to the maximum."""
CLUSTER, DETAIL, HEAT = 2, 4, 3
"""Levels below the zoom: cells of 64, 16 and 32 pixels."""
FINEST = DEEPEST + DETAIL
MOST_CELLS = 1024
_PLACES = (Report.district, *cell_columns(Report.lat, Report.lon, LEVELS[-1]), func.count())
"""District and cell of the finest counted level, with the number of reports."""


@dataclass(frozen=True, kw_only=True)
class MapPicture:
    """A map.

    :ivar total: all reports of the visible part, equal to the sum of clusters or points.
    :ivar rows: of the points: id, code, status, stage, category, whether published, latitude and longitude.
    """

    total: int
    clusters: Sequence[Cluster] = ()
    rows: Sequence[Any] = ()


@dataclass(frozen=True, kw_only=True)
class Heat:
    """A heat map.

    :ivar level: of the cells.
    """

    level: int
    cells: Sequence[tuple[Cell, int]]


class ReportMap(Service):
    """Counts of filtered reports by cells, within the actor's scope or of the public map."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.search = work.get(ReportSearch)
        self.access = work.get(AccessService)
        self._gathered: dict[object, list[tuple[str, Cell, int]]] = {}

    def picture(self, filters: Filters, view: MapView, *, public: bool = False) -> MapPicture:
        """Return points if they are few enough, otherwise clusters."""
        box = self._box(view, CLUSTER)
        level = box.level if box else view.zoom + CLUSTER
        fine, counted = self._counted(filters, box, level, level + DETAIL - CLUSTER, public)
        total = sum(n for _, n in counted)
        if total <= (MOST_POINTS if view.zoom >= STREET else FEW):
            return MapPicture(total=total, rows=self._rows(filters, box, public))
        return MapPicture(total=total, clusters=Cluster.of(counted, fine, level))

    def heat(self, filters: Filters, view: MapView, *, public: bool = False) -> Heat:
        """Return the cells of the visible part with their numbers."""
        box = self._box(view, HEAT)
        level = box.level if box else view.zoom + HEAT
        fine, counted = self._counted(filters, box, level, level, public)
        return Heat(level=fine, cells=counted)

    def districts(self, filters: Filters, *, public: bool = False) -> dict[str, int]:
        """Return the number of reports with a point by district."""
        found = Counter[str]()
        if self._is_counted(filters):
            query = self._counter_query(filters, public, PlaceCount.district, func.sum(PlaceCount.n))
            rows = self.session.execute(query.group_by(PlaceCount.district))
            found.update({name: int(n) for name, n in rows})
            gathered = self._in_other_units(filters, public)
        else:
            gathered = self._everywhere(filters, public)
        for name, _cell, n in gathered:
            found[name] += n
        return +found

    # -- inside ---------------------------------------------------------------------------------------------

    def _box(self, view: MapView, levels: int) -> GridBox | None:
        return GridBox.around(view.bounds, view.zoom + levels, MOST_CELLS) if view.bounds else None

    def _counted(
        self, filters: Filters, box: GridBox | None, level: int, wanted: int, public: bool
    ) -> tuple[int, list[tuple[Cell, int]]]:
        """Return level and counts of the cells, at most at the wanted level.

        The counters answer if they have ``level`` or a finer one; else the reports themselves are counted.
        """
        at = next((counted for counted in LEVELS if level <= counted), None)
        if box is None and wanted <= LEVELS[-1] and not self._is_counted(filters):
            fine, found = wanted, Counter[Cell]()
            for _name, cell, n in self._everywhere(filters, public):
                found[cell.above(LEVELS[-1] - fine)] += n
        elif at is None or not self._is_counted(filters):
            fine = min(wanted, FINEST)
            row, column = cell_columns(Report.lat, Report.lon, fine)
            query = self._live_query(filters, public, row, column, func.count()).where(*_in_degrees(box))
            found = _by_cell(self.session.execute(query.group_by(row, column)))
        else:
            fine = min(wanted, at)
            row, column = _above(PlaceCount.grid_row, at - fine), _above(PlaceCount.grid_column, at - fine)
            query = self._counter_query(filters, public, row, column, func.sum(PlaceCount.n), level=at)
            query = query.where(*_in_cells(box, at)).group_by(row, column)
            found = _by_cell(self.session.execute(query))
            for _name, cell, n in self._in_other_units(filters, public, box):
                found[cell.above(LEVELS[-1] - fine)] += n
        return fine, [(cell, n) for cell, n in found.items() if n and (box is None or box.holds(cell, fine))]

    def _in_other_units(
        self, filters: Filters, public: bool, box: GridBox | None = None
    ) -> list[tuple[str, Cell, int]]:
        """Return district, cell of the finest counted level, and number of the reports outside the actor's units."""
        query = None if public else self.search.in_other_units(filters, *_PLACES)
        return [] if query is None else self._gather((filters, box), query.where(*_in_degrees(box)))

    def _everywhere(self, filters: Filters, public: bool) -> list[tuple[str, Cell, int]]:
        """Return the same for all filtered reports, in one query for map and districts."""
        live = self._live_query(filters, public, *_PLACES)
        return self._gather((filters, public), live.where(Report.lat.is_not(None)))

    def _gather(self, key: Hashable, query: Rows) -> list[tuple[str, Cell, int]]:
        if key not in self._gathered:
            rows = self.session.execute(query.group_by(*_PLACES[:-1]))
            self._gathered[key] = [(name, Cell(row, column), n) for name, row, column, n in rows]
        return self._gathered[key]

    def _rows(self, filters: Filters, box: GridBox | None, public: bool) -> list[Any]:
        columns = (Case.id, Case.code, Case.status, Case.stage, Case.category_id, Case.public)
        query = self._joined(filters, public, *columns, Report.lat, Report.lon).where(*_in_degrees(box))
        rows = self.session.execute(query).all()
        kept = (
            row for row in rows if box is None or box.holds(Cell.of(Point(row.lat, row.lon), FINEST), FINEST)
        )
        return sorted(kept, key=lambda row: -row.id)

    @staticmethod
    def _is_counted(filters: Filters) -> bool:
        """Return whether the counters have the answer, except for reports outside the actor's own units."""
        return replace(filters.uncounted, district=None, located=False) == Filters()

    def _counter_query(
        self, filters: Filters, public: bool, *columns: Selected, level: int = LEVELS[0]
    ) -> Rows:
        own = not public and not self.access.sees_all(KIND)
        if not filters.category and not filters.unit and not own:
            level = summed(level)
        found: list[ColumnElement[bool]] = [PlaceCount.level == level, PlaceCount.n != 0]
        if own:
            found.append(self.search.own_counters(PlaceCount))
        if filters.stage:
            found.append(
                PlaceCount.stage.in_(Workflow.OPEN_STAGES if filters.stage == "open" else (filters.stage,))
            )
        if filters.status:
            found.append(PlaceCount.status == filters.status)
        of = {PlaceCount.category_id: self.search.categories(filters)}
        of[PlaceCount.unit_id] = self.search.units(filters)
        found += [column.in_(ids) for column, ids in of.items() if ids is not None]
        if filters.district:
            found.append(PlaceCount.district == filters.district_name)
        if public:
            found.append(PlaceCount.public | PlaceCount.stage.in_(Workflow.OPEN_STAGES))
        return select(*columns).where(*found)

    def _live_query(self, filters: Filters, public: bool, *columns: Selected) -> Rows:
        """Return a query for columns of reports, without a join if there is no filter."""
        if not public and filters == Filters() and self.access.sees_all(KIND):
            return select(*columns).select_from(Report)
        return self._joined(filters, public, *columns)

    def _joined(self, filters: Filters, public: bool, *columns: Selected) -> Rows:
        query = (self.search.public_query if public else self.search.query)(filters, *columns)
        if (filters.first_day or filters.last_day) and not filters.stage:
            # Redundant, but allows the index by kind, stage and day to be used.
            query = query.where(Case.stage.in_(tuple(Workflow.STAGES)))
        return query


def _in_cells(box: GridBox | None, level: int) -> list[ColumnElement[bool]]:
    """Return the conditions for the counted cells of a box."""
    if box is None:
        return []
    at = box.at(level)
    return [
        PlaceCount.grid_row.between(at.first.row, at.last.row),
        PlaceCount.grid_column.between(at.first.column, at.last.column),
    ]


def _in_degrees(box: GridBox | None) -> list[ColumnElement[bool]]:
    """Return the conditions for the points of a box."""
    if box is None:
        return [Report.lat.is_not(None)]
    south, west, north, east = box.padded_bounds
    return [Report.lat.between(south, north), Report.lon.between(west, east)]


def _by_cell(rows: Iterable[Any]) -> Counter[Cell]:
    return Counter({Cell(row, column): n for row, column, n in rows})


def _above(number: Any, levels: int) -> ColumnElement[int]:
    # Literals, so that PostgreSQL sees the same expression in SELECT and GROUP BY.
    above: ColumnElement[int] = number.bitwise_rshift(literal_column(str(levels), Integer))
    return above
