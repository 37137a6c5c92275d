"""The access log of a person's data, with units and roles, never names of staff."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Row, select
from translationstring import TranslationString

from civicportal.core.translated import text_in
from civicportal.core.work import Service
from civicportal.domain.accounts.models import Membership
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _, listed

PAGE_SIZE = 30
ONE_VISIT = timedelta(minutes=30)
"""Repeated accesses of one kind by one person, each within this time of the next, are shown as one line."""
#: Titles of the audit actions that are accesses.
LOOKS: dict[str, TranslationString] = {
    "case:open": _("Opened your case"),
    "case:print": _("Printed your case"),
    "caller:lookup": _("Looked up your number during a call"),
    "reveal:contact": _("Looked at your mobile number"),
    "reveal:identity": _("Looked at your identity data"),
}


@dataclass(frozen=True, kw_only=True)
class DataAccess:
    """One access to a person's data, or several in one visit.

    :ivar at: time of the last one.
    :ivar times: how many they are.
    :ivar code: tracking code of the case, if any.
    :ivar unit: names of the actor's units; empty for a city-wide role.
    :ivar role: titles of the actor's current roles.
    """

    at: datetime
    times: int = 1
    title: TranslationString
    code: str | None
    unit: str
    role: str


@dataclass(frozen=True, kw_only=True)
class DataAccessPage:
    """A page of accesses, latest first.

    :ivar next: id of the last access, by which the next page is asked for; None at the end.
    """

    accesses: Sequence[DataAccess]
    next: int | None


class DataAccessService(Service):
    """Read the audit trail for the person concerned."""

    def of(self, user_id: int, *, before: int | None = None) -> DataAccessPage:
        """Return a page of the accesses to a person's data.

        :param before: :attr:`DataAccessPage.next` of the previous page.
        """
        query = (
            select(AuditEvent, Case.code)
            .outerjoin(Case, Case.id == AuditEvent.case_id)
            .where(
                AuditEvent.subject_id == user_id,
                AuditEvent.action.in_(LOOKS),
                AuditEvent.actor_id != user_id,
            )
        )
        if before is not None:
            query = query.where(AuditEvent.id < before)
        rows = self.session.execute(query.order_by(AuditEvent.id.desc()).limit(PAGE_SIZE + 1)).all()
        shown = rows[:PAGE_SIZE]
        people = self._people({event.actor_id for event, _code in shown if event.actor_id})
        return DataAccessPage(
            accesses=self._visits(shown, people),
            next=shown[-1][0].id if len(rows) > PAGE_SIZE else None,
        )

    def _visits(
        self, rows: Iterable[Row[AuditEvent, str | None]], people: dict[int, list[Membership]]
    ) -> list[DataAccess]:
        found: list[DataAccess] = []
        earliest: AuditEvent | None = None
        locale = self.work.locale
        for event, code in rows:
            if earliest is not None and _is_one_visit(event, earliest):
                found[-1] = replace(found[-1], times=found[-1].times + 1)
            else:
                memberships = people.get(event.actor_id or 0, [])
                access = DataAccess(
                    at=event.at,
                    title=LOOKS[event.action],
                    code=code,
                    unit=listed(self._units(memberships), locale),
                    role=listed(self._roles(memberships), locale),
                )
                found.append(access)
            earliest = event
        return found

    def _people(self, ids: set[int]) -> dict[int, list[Membership]]:
        found: dict[int, list[Membership]] = {}
        query = select(Membership).where(Membership.user_id.in_(ids)).order_by(Membership.id)
        for membership in self.session.scalars(query):
            found.setdefault(membership.user_id, []).append(membership)
        return found

    def _roles(self, memberships: Sequence[Membership]) -> list[str]:
        return list(dict.fromkeys(text_in(m.role, "title", self.work.locale) for m in memberships))

    def _units(self, memberships: Sequence[Membership]) -> list[str]:
        name = self.work.get(OrganizationService).unit_name
        return list(dict.fromkeys(name(m.unit_id) for m in memberships if m.unit_id))


def _is_one_visit(earlier: AuditEvent, later: AuditEvent) -> bool:
    same = all(getattr(earlier, name) == getattr(later, name) for name in ("actor_id", "action", "case_id"))
    return same and earlier.actor_id is not None and later.at - earlier.at < ONE_VISIT
