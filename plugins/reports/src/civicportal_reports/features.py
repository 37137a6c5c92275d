"""Published reports as features for geographic information systems: OGC API – Features, part 1 (OGC 17-069r4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, or_, tuple_

from civicportal.api.cases import Case
from civicportal.api.database import Service
from civicportal.api.geo import Bounds
from civicportal_reports.board import BoardCard, BoardService
from civicportal_reports.feature_query import USUAL, Interval, Position
from civicportal_reports.models import Report
from civicportal_reports.search import Filters, ReportSearch

COLLECTION = "reports"
CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "oas30", "geojson")
)
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
"""Longitude and latitude of WGS 84 in degrees."""


@dataclass(frozen=True, kw_only=True)
class FeatureQuery:
    """A page of features.

    :ivar limit: maximum number of features.
    :ivar after: of the page before.
    """

    limit: int = USUAL
    filters: Filters = field(default_factory=Filters)
    box: Bounds | None = None
    interval: Interval = field(default_factory=Interval)
    after: Position | None = None


@dataclass(frozen=True, kw_only=True)
class FeaturePage:
    """The features of a page, and the position after which the next begins, None for the last page."""

    features: Sequence[dict[str, object]]
    next: Position | None


class FeatureService(Service):
    """Read published reports that have a point, newest first, one statement a page."""

    def page(self, asked: FeatureQuery, describe: Callable[[BoardCard], dict[str, object]]) -> FeaturePage:
        """Return a page.

        :param describe: returns the properties of a feature.
        """
        search, board = self.work.get(ReportSearch), self.work.get(BoardService)
        query = search.filtered(asked.filters, *board.columns)
        query = query.where(Case.public, Report.lat.is_not(None), *_conditions(asked))
        query = query.order_by(Case.created_at.desc(), Case.id.desc()).limit(asked.limit + 1)
        cards = list(board.cards(self.session.execute(query).all()))
        shown = cards[: asked.limit]
        last = shown[-1] if len(cards) > asked.limit else None
        return FeaturePage(
            features=[feature(card, describe(card)) for card in shown],
            next=Position(moment=last.created_at, case_id=last.id) if last else None,
        )

    def fetch(self, case_id: int) -> BoardCard | None:
        """Return a published report with a point by the id of its case; None if there is none."""
        board = self.work.get(BoardService)
        query = self.work.get(ReportSearch).filtered(Filters(located=True), *board.columns)
        found = self.session.execute(query.where(Case.public, Case.id == case_id)).all()
        return next(iter(board.cards(found)), None)


def _conditions(asked: FeatureQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.box:
        found.append(and_(Report.lat >= asked.box.south, Report.lat <= asked.box.north))
        east, west = Report.lon <= asked.box.east, Report.lon >= asked.box.west
        found.append(or_(east, west) if asked.box.west > asked.box.east else and_(east, west))
    if asked.interval.start:
        found.append(Case.created_at >= asked.interval.start)
    if asked.interval.end:
        found.append(Case.created_at < asked.interval.end)
    if asked.after:
        found.append(tuple_(Case.created_at, Case.id) < tuple_(asked.after.moment, asked.after.case_id))
    return found


def feature(card: BoardCard, properties: dict[str, object]) -> dict[str, object]:
    """Return a GeoJSON feature (RFC 7946)."""
    assert card.point
    return {
        "type": "Feature",
        "id": card.id,
        "geometry": {"type": "Point", "coordinates": [card.point.lon, card.point.lat]},
        "properties": properties,
    }
