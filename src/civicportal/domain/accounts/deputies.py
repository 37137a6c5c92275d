"""Deputies of absent colleagues."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from civicportal.core.work import Service
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import Deputy, User, at_work
from civicportal.domain.accounts.names import by_name
from civicportal.domain.accounts.rights import NO_MORE, RightsService
from civicportal.domain.audit.services import AuditService
from civicportal.util.errors import Forbidden, NotFound, Refused
from civicportal.util.i18n import _

LONGEST = 366
"""Maximum days of one absence."""


class DeputyService(Service):
    """Set, list and end deputyships."""

    @property
    def today(self) -> date:
        """Return the city's current date."""
        return self.work.site.calendar.today(self.work.clock.now())

    def of(self, user: User) -> Sequence[tuple[Deputy, User]]:
        """Return the current and future deputies of a person."""
        return self._running(Deputy.deputy_id, Deputy.absent_id == user.id)

    def for_whom(self, user: User) -> Sequence[tuple[Deputy, User]]:
        """Return the people whom a person represents, now or later."""
        return self._running(Deputy.absent_id, Deputy.deputy_id == user.id)

    def candidates(self, user: User) -> Sequence[User]:
        """Return the colleagues who can be a person's deputy, by name."""
        return by_name(self.session.scalars(select(User).where(*at_work(), User.id != user.id)))

    def add(self, absent: User, deputy_id: int, first: date, last: date) -> Deputy:
        """Set a deputy, and notify those concerned by SMS.

        :param first: the first day of the absence.
        :param last: the last day, inclusive.
        :raises Forbidden: when another user than the absent person, or a token of theirs, would delegate more than they
            have themselves.
        :raises Refused: for days in the past or the wrong order, and an inactive colleague.
        """
        self._require(absent)
        self._refuse_days(absent, first, last)
        deputy = next((user for user in self.candidates(absent) if user.id == deputy_id), None)
        if deputy is None or absent.username is None:
            raise Refused(_("This person cannot stand in."))
        row = Deputy(absent_id=absent.id, deputy_id=deputy.id, first_day=first, last_day=last)
        self.session.add(row)
        self.session.flush()
        self._record("deputy:set", row)
        day = self.work.site.calendar.format_date(first, "short", self.work.site.locale)
        self.work.get(AccountMessages).notify("member.deputy", deputy, {"DATE": day})
        if absent.id != self.work.actor.user_id:
            self.work.get(AccountMessages).notify("member.deputy_set", absent, {"DATE": day})
        return row

    def end(self, absent: User, deputy_row_id: int) -> None:
        """End or cancel a deputyship.

        :raises Forbidden: when it is another person's and the actor could not have set it.
        :raises NotFound: when there is none (any more).
        """
        self._require(absent)
        row = self.session.get(Deputy, deputy_row_id)
        if row is None or row.absent_id != absent.id:
            raise NotFound("no such deputyship")
        self._record("deputy:end", row)
        self.session.delete(row)
        self.session.flush()

    def _require(self, absent: User) -> None:
        # A token has less than its person, and would give away the rest.
        if absent.id == self.work.actor.user_id and self.work.actor.token_id is None:
            return
        rights = self.work.get(RightsService)
        if not rights.manages(absent) or not rights.may_delegate(absent):
            raise Forbidden("a deputy gets what the absent person holds", NO_MORE)

    def _refuse_days(self, absent: User, first: date, last: date) -> None:
        if last < first:
            raise Refused(_("The last day is before the first one."))
        if last < self.today:
            raise Refused(_("These days are over."))
        if (last - first).days >= LONGEST:
            raise Refused(_("An absence lasts a year at most."))
        clash = select(Deputy.id).where(
            Deputy.absent_id == absent.id, Deputy.first_day <= last, Deputy.last_day >= first
        )
        if self.session.scalar(clash.limit(1)) is not None:
            raise Refused(_("Another deputy is set for these days already."))

    def _running(
        self, other: InstrumentedAttribute[int], *conditions: ColumnElement[bool]
    ) -> Sequence[tuple[Deputy, User]]:
        query = (
            select(Deputy, User)
            .join(User, User.id == other)
            .where(Deputy.last_day >= self.today, *conditions)
            .order_by(Deputy.first_day, Deputy.id)
        )
        return [(row, user) for row, user in self.session.execute(query)]

    def _record(self, action: str, row: Deputy) -> None:
        self.work.get(AuditService).record(
            action,
            subject_id=row.absent_id,
            deputy=row.deputy_id,
            first=row.first_day.isoformat(),
            last=row.last_day.isoformat(),
        )
