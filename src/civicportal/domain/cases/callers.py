"""The person who calls: name, open cases and last contacts, as far as an officer may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from translationstring import TranslationString

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import sees_all, visible
from civicportal.domain.cases.history import status_title
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.models import CALLED, Case, CaseEvent, Follower
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.cases.workflow import OPEN_STAGES, CaseKind
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import Forbidden

MOST_OPEN, MOST_CONTACTS = 6, 4


@dataclass(frozen=True, kw_only=True)
class CallerCase:
    """An open case of the caller that the officer may see."""

    code: str
    subject: str
    kind: TranslationString
    stage: str
    status: TranslationString
    unit: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Contact:
    """An earlier contact of the caller that the officer may see.

    :ivar source: title of the channel.
    :ivar added: the call was added to an existing case.
    """

    code: str
    subject: str
    at: datetime
    source: TranslationString | str
    added: bool


@dataclass(frozen=True, kw_only=True)
class CallerDetails:
    """What an officer is shown of the person with a number.

    :ivar known: there is an account with the number.
    :ivar name: empty without one, or without the right to it.
    :ivar elsewhere: another unit deals with an open case that the officer may not see.
    """

    known: bool = False
    name: str = ""
    open_cases: Sequence[CallerCase] = ()
    contacts: Sequence[Contact] = ()
    elsewhere: bool = False


class CallerService(Service):
    """Look up callers, for officers who register cases for them."""

    def kinds(self) -> list[CaseKind]:
        """Return the kinds that the actor may register for callers."""
        kinds = kinds_of(self.work.site).values()
        return [kind for kind in kinds if self.work.actor.permits(kind.permission("register"))]

    def find(self, mobile: str) -> CallerDetails:
        """Return what the actor may know of the person with a mobile (E.164); the look-up is recorded.

        :raises Forbidden: without the right to register cases of any kind.
        """
        kinds = self.kinds()
        if not kinds:
            raise Forbidden("registers no cases")
        user = self.work.get(AccountService).by_mobile(mobile)
        if user is not None and (user.disabled_at or user.deleted_at):
            user = None
        self.work.get(AuditService).record("caller:lookup", subject_id=user.id if user else None)
        if user is None:
            return CallerDetails()
        own = Case.citizen_id == user.id
        is_open = Case.stage.in_(OPEN_STAGES)
        seen, hidden = visible(self.work.actor), ~visible(self.work.actor)
        open_cases = self._cases(own, is_open, seen, limit=MOST_OPEN)
        return CallerDetails(
            known=True,
            name=user.name if self._may_know(user, kinds) else "",
            open_cases=[self._described(case) for case in open_cases],
            contacts=self._contacts(user),
            elsewhere=bool(self._cases(own, is_open, hidden, limit=1)),
        )

    def _cases(self, *conditions: ColumnElement[bool], limit: int) -> Sequence[Case]:
        query = select(Case).where(*conditions).order_by(Case.created_at.desc(), Case.id.desc())
        return self.session.scalars(query.limit(limit)).all()

    def _described(self, case: Case) -> CallerCase:
        kind = kind_of(self.work.site, case.kind)
        unit = self.work.get(OrganizationService).unit_name(case.unit_id)
        return CallerCase(
            code=case.code,
            subject=case.subject,
            kind=kind.title,
            stage=case.stage,
            status=status_title(kind, case),
            unit=unit,
            created_at=case.created_at,
        )

    def _may_know(self, user: User, kinds: Sequence[CaseKind]) -> bool:
        """Return whether the actor may see the name: of everyone in the city, or in a case of the person."""
        actor = self.work.actor
        if any(sees_all(actor, kind.name, "contact") for kind in kinds):
            return True
        known = select(Case.id).where(Case.citizen_id == user.id, visible(actor, "contact"))
        return self.session.scalar(known.limit(1)) is not None

    def _contacts(self, user: User) -> list[Contact]:
        """Return the latest registrations and calls, latest first."""
        own = Case.citizen_id == user.id
        cases = self._cases(own, visible(self.work.actor), limit=MOST_CONTACTS)
        found = [_contact(case, case.created_at, case.source) for case in cases]
        followed = Case.id.in_(select(Follower.case_id).where(Follower.user_id == user.id))
        calls = (
            select(Case, CaseEvent)
            .join(CaseEvent, CaseEvent.case_id == Case.id)
            .where(CaseEvent.type == CALLED, or_(own, followed), visible(self.work.actor))
            .order_by(CaseEvent.id.desc())
            .limit(MOST_CONTACTS * 5)
        )
        for case, event in self.session.execute(calls):
            if event.data.get("caller_id") == user.id:
                found.append(_contact(case, event.at, event.data.get("source", ""), added=True))
        return sorted(found, key=lambda contact: contact.at, reverse=True)[:MOST_CONTACTS]


def _contact(case: Case, at: datetime, source: str, *, added: bool = False) -> Contact:
    title = SOURCES.get(source, source)
    return Contact(code=case.code, subject=case.subject, at=at, source=title, added=added)
