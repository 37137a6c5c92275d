"""The access log of a person's data, with units and roles, never names of staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from translationstring import TranslationString

from civicportal.core.translated import text_in
from civicportal.core.work import Service
from civicportal.domain.accounts.models import Membership
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _, listed

PAGE_SIZE = 30
#: Titles of the audit actions that are accesses. Repeated accesses are all listed.
LOOKS: dict[str, TranslationString] = {
    "case:open": _("Opened your case"),
    "case:print": _("Printed your case"),
    "caller:lookup": _("Looked up your number during a call"),
    "reveal:contact": _("Looked at your mobile number"),
    "reveal:identity": _("Looked at your identity data"),
}


@dataclass(frozen=True, kw_only=True)
class DataAccess:
    """One access to a person's data.

    :ivar code: tracking code of the case, if any.
    :ivar unit: names of the actor's units; empty for a city-wide role.
    :ivar role: titles of the actor's current roles.
    """

    id: int
    at: datetime
    title: TranslationString
    code: str | None
    unit: str
    role: str


class DataAccessService(Service):
    """Read the audit trail for the person concerned."""

    def of(self, user_id: int, *, before: int | None = None) -> list[DataAccess]:
        """Return the accesses to a person's data, latest first.

        :param before: id of the last one of the previous page.
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
        people = self._people({event.actor_id for event, _code in rows if event.actor_id})
        locale = self.work.locale
        return [
            DataAccess(
                id=event.id,
                at=event.at,
                title=LOOKS[event.action],
                code=code,
                unit=listed(self._units(people.get(event.actor_id or 0, [])), locale),
                role=listed(self._roles(people.get(event.actor_id or 0, [])), locale),
            )
            for event, code in rows
        ]

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
