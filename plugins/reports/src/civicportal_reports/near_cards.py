"""Cards of open reports that a new one may duplicate, with what the public may know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from translationstring import TranslationString

from civicportal.api.cases import Attachment, Case, CaseService, FollowerService
from civicportal.api.database import Service, Work
from civicportal.api.geo import Point
from civicportal.api.organization import Category, OrganizationService
from civicportal.api.publishing import PublicTexts
from civicportal_reports.looks import Look, look_of
from civicportal_reports.models import Report
from civicportal_reports.nearby import NearbyService
from civicportal_reports.places import Location
from civicportal_reports.search import PublicPoint

MOST_CARDS = 5
_EXCERPT = 160
"""Characters of a published text."""


@dataclass(frozen=True, kw_only=True)
class NearCard:
    """An open report near a place.

    :ivar metres: distance, None if the place is an address; of an unpublished report from its rounded point.
    :ivar excerpt: beginning of the public text, empty if unpublished.
    :ivar photo: key of the first public picture, empty if unpublished.
    :ivar people: number of people affected: its sender and the followers.
    """

    case: Case
    report: Report
    category: Category | None
    status: TranslationString
    metres: float | None
    excerpt: str
    photo: str
    people: int

    @property
    def look(self) -> Look:
        """Return the look of its status."""
        return look_of(self.case.status, self.case.stage)


def excerpt(text: str) -> str:
    """Return the beginning of a public text, in whole words."""
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT].rsplit(' ', 1)[0]} …"


def first_photo() -> ColumnElement[str]:
    """Return the key of the first public picture of each ``Case`` of a query, as a column."""
    photos = select(Attachment.key).where(
        Attachment.case_id == Case.id, Attachment.audience == "public", Attachment.purpose == "before"
    )
    return photos.order_by(Attachment.id).limit(1).correlate(Case).scalar_subquery()


class NearCardService(Service):
    """Find the open reports near a place, and show what is public of them."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)
        self.categories = work.get(OrganizationService).categories
        self.texts = work.get(PublicTexts)

    def cards(self, location: Location, category_id: int, *conditions: ColumnElement[bool]) -> list[NearCard]:
        """Return the reports around a point, nearest first, or on the streets that an address names, newest first.

        :param conditions: on ``Case``.
        """
        nearby = self.work.get(NearbyService)
        if location.point is not None:
            ids = [near.id for near in nearby.reports(location.point, category_id, *conditions)]
        elif self.work.site.map is not None:
            streets = self.work.site.map.streets_in(location.address)
            ids = nearby.on_streets(streets, category_id, *conditions)
        else:
            ids = []
        return list(self._described(ids[:MOST_CARDS], location.point))

    def _described(self, ids: Sequence[int], point: Point | None) -> Iterable[NearCard]:
        columns = (Case, Report, first_photo(), FollowerService.people_affected())
        query = select(*columns).join(Report, Report.case_id == Case.id).where(Case.id.in_(ids))
        rows = {row[0].id: row for row in self.session.execute(query)}
        for case, report, photo, people in (rows[case_id] for case_id in ids):
            there = PublicPoint.of(case, report).place
            yield NearCard(
                case=case,
                report=report,
                category=self.categories.by_id.get(case.category_id or 0),
                status=self.cases.kind(case).public_status(case.status),
                metres=point.distance_to(there) if point and there else None,
                excerpt=self._excerpt(case),
                photo=(photo or "") if case.public else "",
                people=people,
            )

    def _excerpt(self, case: Case) -> str:
        if not case.public:
            return ""
        return excerpt(self.texts.body(case))
