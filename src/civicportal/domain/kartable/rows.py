"""Cases as rows of a list.

The number of statements does not depend on the number of rows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal, select, union_all
from translationstring import TranslationString

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.access.sql import JOB
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.history import status_title
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.marking import spans
from civicportal.domain.cases.models import Attachment, Case, CaseEvent
from civicportal.domain.cases.query_parser import read
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.deadlines import Due, due, due_at
from civicportal.domain.organization.services import OrganizationService

if TYPE_CHECKING:
    from civicportal.core.work import Work

Counts = Counter[int | None]
"""Counts by case id."""


@dataclass(frozen=True, kw_only=True)
class InboxItem:
    """One case of a list.

    :ivar referral: its open referral; None for a closed case of a search.
    :ivar person: name of the assignee, empty for a whole unit.
    :ivar mine: the actor is the assignee.
    :ivar referred: sent here by a person or unit.
    :ivar sender: name of the unit that sent it here, else empty.
    :ivar category: name of the category, empty without one.
    """

    case: Case
    referral: Referral | None
    kind_title: TranslationString
    icon: str
    tone: str
    status: TranslationString
    due: Due | None
    unit: str
    person: str
    mine: bool
    photos: int
    comments: int
    sender: str = ""
    category: str = ""

    @property
    def referred(self) -> bool:
        """Return whether the case was referred by staff, not routed."""
        return self.referral is not None and self.referral.from_unit_id is not None

    @property
    def is_returned(self) -> bool:
        """Return whether the last addressee has returned the case."""
        return self.referral is not None and self.referral.closed_at is None and self.referral.returned

    @property
    def waits(self) -> bool:
        """Return whether another unit has to answer an inquiry or to do a job first."""
        return self.referral is not None and self.referral.closed_at is None and self.referral.asked

    @property
    def is_back(self) -> bool:
        """Return whether the jobs of the case have ended without closing it."""
        return self.referral is not None and self.referral.closed_at is None and self.referral.jobs_ended

    @property
    def task(self) -> str:
        """Return what is to be done, in the row of a job."""
        referral = self.referral
        return referral.note if referral is not None and referral.type == JOB else ""

    @property
    def is_answered(self) -> bool:
        """Return whether the answer of a contractor waits for the unit."""
        return self.referral is not None and self.referral.closed_at is None and self.referral.contracted

    @property
    def is_free(self) -> bool:
        """Return whether the case lies with a whole unit, so that one of its officers may take it in hand."""
        referral = self.referral
        if referral is None or referral.type != "action" or referral.closed_at is not None:
            return False
        return holder_id(referral) is None

    @property
    def reason(self) -> str:
        """Return why the case was returned or reopened."""
        referral = self.referral
        if referral is None or referral.type != "action":
            return ""
        return referral.note if self.is_returned or self.case.is_reopened else ""

    @property
    def is_new(self) -> bool:
        """Return whether the referral is unread."""
        return self.referral is not None and self.referral.closed_at is None and self.referral.read_at is None


class RowService(Service):
    """Load the data of cases that a list shows."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.organization = work.get(OrganizationService)

    def rows(self, found: Collection[tuple[Case, Referral | None]]) -> list[InboxItem]:
        """Return the rows of (case, referral) pairs, in one statement."""
        photos, comments, names = self._details(
            [case.id for case, _referral in found], {holder_id(referral) for _case, referral in found}
        )
        return [self._row(case, referral, photos, comments, names) for case, referral in found]

    def names_found(self, cases: Iterable[Case], typed: str) -> dict[int, str]:
        """Return the names that match the search, by case id."""
        wanted = read(typed)
        if not wanted.terms:
            return {}
        ids = [case.id for case in cases]
        query = select(Case.id, User.name, Case.people).outerjoin(User, User.id == Case.citizen_id)
        known = query.where(Case.id.in_(ids), visible(self.work.actor, "contact"))
        names = {
            case_id: dict.fromkeys((name or "", *people.split("\n")))
            for case_id, name, people in self.work.session.execute(known)
        }
        found = {case_id: [name for name in some if spans(name, wanted)] for case_id, some in names.items()}
        return {case_id: " · ".join(some) for case_id, some in found.items() if some}

    def row(self, case: Case, referral: Referral | None, names: Mapping[int, str]) -> InboxItem:
        """Return the row of a case with loaded history and pictures.

        :param names: of people by id, including the assignee.
        """
        photos = Counts({case.id: len(self.work.get(AttachmentService).of_case(case))})
        events = self.work.get(CaseService).events(case)
        comments = Counts({case.id: sum(event.type == "commented" for event in events)})
        return self._row(case, referral, photos, comments, names)

    def holders(self, cases: Iterable[Case]) -> dict[int, str]:
        """Return the names of the people who hold open cases, by case id, in one statement."""
        query = (
            select(Referral.case_id, User.name)
            .join(User, User.id == func.coalesce(Referral.taken_by_id, Referral.to_user_id))
            .where(
                Referral.case_id.in_([case.id for case in cases]),
                Referral.type == "action",
                Referral.closed_at.is_(None),
            )
        )
        return dict(self.work.session.execute(query).all())

    def icon(self, case: Case) -> tuple[str, str]:
        """Return icon and colour of a case.

        They are those of its root category, else of its kind.
        """
        tree = self.organization.categories
        if case.category_id in tree.by_id:
            root = tree.root_of(case.category_id)
            return root.icon, root.tint
        return kind_of(self.work.site, case.kind).icon, "t"

    def _row(
        self,
        case: Case,
        referral: Referral | None,
        photos: Counts,
        comments: Counts,
        names: Mapping[int, str],
    ) -> InboxItem:
        icon, tone = self.icon(case)
        kind = kind_of(self.work.site, case.kind)
        person = holder_id(referral)
        return InboxItem(
            case=case,
            referral=referral,
            kind_title=kind.title,
            icon=icon,
            tone=tone,
            status=status_title(kind, case),
            due=self._due(case, referral),
            unit=self.organization.unit_name(case.unit_id),
            person=names.get(person or 0, ""),
            mine=person is not None and person == self.work.actor.user_id,
            photos=photos[case.id],
            comments=comments[case.id],
            sender=self.organization.unit_name(referral.from_unit_id) if referral else "",
            category=self.organization.category_name(case.category_id),
        )

    def _due(self, case: Case, referral: Referral | None) -> Due | None:
        """Return the remaining time of a case, in the row of a job that of the job."""
        now, calendar = self.work.clock.now(), self.organization.calendar
        if referral is None or referral.due_at is None or referral.closed_at is not None:
            return due(case, now, calendar)
        return due_at(referral.due_at, referral.created_at, now, calendar)

    def _details(
        self, ids: Collection[int], holders: Collection[int | None]
    ) -> tuple[Counts, Counts, dict[int, str]]:
        """Return the numbers of pictures and comments by case id, and the names of people by user id."""
        nothing, no_name = literal(0), literal("")
        details: Any = union_all(
            select(literal("photos").label("what"), Attachment.case_id, func.count(), no_name)
            .where(Attachment.case_id.in_(ids))
            .group_by(Attachment.case_id),
            select(literal("comments"), CaseEvent.case_id, func.count(), no_name)
            .where(CaseEvent.case_id.in_(ids), CaseEvent.type == "commented")
            .group_by(CaseEvent.case_id),
            select(literal("name"), User.id, nothing, User.name).where(User.id.in_(holders)),
        )
        counts: dict[str, Counts] = {"photos": Counter(), "comments": Counter()}
        names: dict[int, str] = {}
        for what, key, number, name in self.work.session.execute(details) if ids else ():
            if what == "name":
                names[key] = name
            else:
                counts[what][key] = number
        return counts["photos"], counts["comments"], names


def holder_id(referral: Referral | None) -> int | None:
    """Return the id of a referral's holder.

    The holder is the person who took it over, else the addressee.
    """
    if referral is None or referral.closed_at is not None:
        return None
    return referral.taken_by_id or referral.to_user_id
