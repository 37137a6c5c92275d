"""The public list of reports as cards, with what is public of them only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from translationstring import TranslationString

from civicportal.api.cases import Case, CaseService, FollowerService, kind_of
from civicportal.api.database import Service, Work
from civicportal.api.geo import Point
from civicportal.api.organization import Category, OrganizationService
from civicportal.api.publishing import PublicTexts
from civicportal_reports.looks import Look, look_of
from civicportal_reports.models import Report
from civicportal_reports.near_cards import excerpt, first_photo
from civicportal_reports.search import Filters, ReportSearch
from civicportal_reports.workflow import KIND


@dataclass(frozen=True, kw_only=True)
class BoardCard:
    """A published report.

    :ivar photo: key of the first public picture, empty without one.
    :ivar people: number of people affected: its sender and the followers.
    """

    id: int
    subject: str
    excerpt: str
    district: str
    status: TranslationString
    look: Look
    stage: str
    category: Category | None
    point: Point | None
    photo: str
    people: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class BoardPage:
    """Cards, and the cursors of the pages around them."""

    cards: Sequence[BoardCard]
    previous: str | None
    next: str | None


class BoardService(Service):
    """Read published reports, one statement a page.

    :ivar columns: what a query for :meth:`cards` selects.
    """

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.search, self.cases = work.get(ReportSearch), work.get(CaseService)
        self.texts = work.get(PublicTexts)
        self.kind = kind_of(work.site, KIND)
        self.categories = work.get(OrganizationService).categories
        self.columns = (Case, Report, first_photo(), FollowerService.people_affected())

    def page(self, filters: Filters, cursor: str | None = None) -> BoardPage:
        """Return a page of the filtered reports, newest first."""
        query = self.search.filtered(filters, *self.columns).where(Case.public)
        page = self.search.page_of(query, cursor=cursor)
        return BoardPage(cards=list(self.cards(page.rows)), previous=page.previous, next=page.next)

    def cards(self, rows: Iterable[tuple[Case, Report, str | None, int]]) -> Iterable[BoardCard]:
        """Yield the cards of rows of :attr:`columns`."""
        for case, report, photo, people in rows:
            yield BoardCard(
                id=case.id,
                subject=self.cases.subject(case),
                # Of a report published before public texts were stored, the page composes one.
                excerpt=excerpt(self.texts.body(case)) if case.public_body else "",
                district=report.district,
                status=self.kind.public_status(case.status),
                look=look_of(case.status, case.stage),
                stage=case.stage,
                category=self.categories.by_id.get(case.category_id or 0),
                point=report.point,
                photo=photo or "",
                people=people,
                created_at=case.created_at,
                updated_at=case.updated_at,
            )
