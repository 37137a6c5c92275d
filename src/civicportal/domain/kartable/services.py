"""Referrals: the work on a case and its transfer."""

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select

from civicportal.core.work import Service
from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.cases.access.rights import AccessService, holds
from civicportal.domain.cases.access.sql import persons
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.conversion import ConversionService
from civicportal.domain.cases.deadlines import set_deadline
from civicportal.domain.cases.measures import recounting
from civicportal.domain.cases.models import (
    CALLED,
    CONTRACTED,
    CONVERTED,
    JOB_DONE,
    JOB_REFUSED,
    Case,
    CaseEvent,
)
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.snapshots import snapshot
from civicportal.domain.kartable.addressees import of_units, works_for
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.errors import ReferralError, UnattendedReferral
from civicportal.domain.kartable.recent import SENT, RecentAddresseeService
from civicportal.domain.kartable.reopening import closer
from civicportal.domain.kartable.routing import RoutingService
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.kartable.team import TeamService
from civicportal.domain.kartable.types import ASSIGNED, JOB_WITHDRAWN, SPLIT
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _
from civicportal.util.persian import alphabetical
from civicportal.util.values import Values
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.work import Work

HELD = _("A colleague holds this case.")


RETURN_REASON = _("Write why you return the case.")
QUESTION = _("Write what you ask.")
MARKING = frozenset(
    {"inquiry", "answered", "withdrawn", "undone", SPLIT, JOB_DONE, JOB_REFUSED, JOB_WITHDRAWN}
)
"""Events after which the marks of referrals are updated; a new referral has its marks from the start."""


class KartableService(Service):
    """Take over, refer, copy, inquire, answer and return cases."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)
        self.access = work.get(AccessService)
        self.custody = work.get(CustodyService)

    # -- following the case ---------------------------------------------------------------------------------

    def follow(self, change: CaseChange) -> None:
        """Update the referrals after a change of the case: open the first one, close the last one."""
        if change.type == "opened":
            self._begin(change.case, is_new=True)
        elif change.reopens:
            self._reopen(change.case, change.event)
        elif change.closes:
            self._close_referral(change.case, change.event)
            if CONVERTED in change.event.data and self.work.actor.is_staff:
                self._keep_in_sight(change.case)
        elif change.transition and self.work.actor.is_staff:
            self._take_silently(change.case, release=change.transition.releases)
            self._note_work(change.case)
        elif change.type in ("noted", CALLED, CONTRACTED) or (change.transition and change.case.is_open):
            self._mark_unread(change.case)
        if change.reopens or change.type in MARKING:
            self._mark(change.case)

    def _mark(self, case: Case) -> None:
        """Update the marks of the open referrals that depend on the case."""
        asked = self._waits(case)
        for referral in self.access.referrals(case):
            if referral.closed_at is None:
                referral.reopened = case.is_reopened
                referral.asked = asked and referral.type == "action"

    def _waits(self, case: Case) -> bool:
        """Return whether another unit has to answer or to do a job first."""
        return bool(self.access.open_inquiries(case) or self.access.open_jobs(case))

    def _note_work(self, case: Case) -> None:
        """Remove the mark of a case that came back from its jobs: its holder goes on with it."""
        referral = self.access.action_referral(case)
        if referral is not None:
            referral.jobs_ended = False

    def _mark_unread(self, case: Case) -> None:
        """Mark a case as unread that its citizen, a contractor or the portal itself has changed."""
        referral = self.access.action_referral(case)
        if referral is not None:
            referral.read_at = None

    def _begin(self, case: Case, *, is_new: bool = False) -> Referral:
        route = self.work.get(RoutingService).placed(case)
        unit = self.work.get(OrganizationService).unit(route.unit)
        return self._add(case, unit.id, is_new=is_new, to_user_id=route.user_id, rule=route.rule)

    def _reopen(self, case: Case, event: CaseEvent) -> None:
        routing, unit_id = self.work.get(RoutingService), case.unit_id
        if unit_id and self._takes_cases(unit_id) and self._is_attended(case, unit_id):
            referral = self._add(case, unit_id, to_user_id=closer(self.work, case, unit_id))
            calendar = self.work.get(OrganizationService).calendar
            set_deadline(case, event.at, routing.days_again(case), calendar)
        else:
            # Its unit was closed or would not attend to it: route it again like a new case.
            with recounting(self.work, case):
                routing.place(case, event.at)
            referral = self._begin(case)
        referral.note = event.public_text or event.internal_text
        referral.opened_event_id = event.id

    def _close_referral(self, case: Case, event: CaseEvent) -> None:
        referral = self.access.action_referral(case)
        if referral:
            self._close(referral, "acted")
            referral.closed_event_id = event.id
        for other in (*self.access.open_inquiries(case), *self.access.open_jobs(case)):
            self._close(other, "closed")
            other.closed_event_id = event.id

    def _keep_in_sight(self, closed: Case) -> None:
        """Keep a converted case visible to its converter, even in a unit outside their scope."""
        made = self.work.get(ConversionService).successor(closed)
        if made is not None and made.unit_id is not None:
            referral = self._add(made, made.unit_id, to_user_id=self.work.actor.user_id, type_="copy")
            referral.read_at = referral.closed_at = referral.created_at
            referral.closed_how = "closed"

    def _take_silently(self, case: Case, *, release: bool) -> None:
        referral = self.access.action_referral(case)
        actor = self.work.actor
        if referral and release:
            referral.taken_by_id = None
        elif referral and referral.taken_by_id is None and holds(actor, case, referral):
            referral.taken_by_id = actor.user_id
            referral.read_at = referral.read_at or self.work.clock.now()

    # -- what staff do --------------------------------------------------------------------------------------

    def mark_read(self, case: Case) -> None:
        """Record the first time that the addressee has opened the case."""
        for referral in self.access.referrals(case):
            if referral.read_at is None and holds(self.work.actor, case, referral):
                referral.read_at = self.work.clock.now()

    def take(self, case: Case, *, version: int | None = None) -> CaseEvent:
        """Take over a referral of the actor's unit, which colleagues then see as taken.

        :raises ReferralError: when a colleague holds it.
        """
        referral = self._own_referral(case, version, "work")
        if referral.taken_by_id not in (None, self.work.actor.user_id):
            raise ReferralError(HELD)
        self._refuse_held(referral)
        referral.taken_by_id = self.work.actor.user_id
        referral.read_at = referral.read_at or self.work.clock.now()
        return self._tell(case, "taken", referral, notify=False)

    def release(self, case: Case, *, version: int | None = None) -> CaseEvent:
        """Return a referral that was taken over to the unit's kartable.

        :raises ReferralError: when a colleague holds it.
        """
        referral = self._own_referral(case, version, "work")
        self._refuse_held(referral)
        referral.taken_by_id = None
        return self._tell(case, "released", referral, notify=False)

    def refer(
        self,
        case: Case,
        unit_id: int,
        *,
        user_id: int | None = None,
        note: str = "",
        version: int | None = None,
        unattended: bool = False,
    ) -> CaseEvent:
        """Refer the case to a unit or a person of it.

        The citizen is notified only of a unit that attends to it.

        :param unattended: allow a referral that leaves the case unattended; the portal itself always may.
        :raises Forbidden: without the right, or without the open referral in the actor's kartable.
        :raises ReferralError: when it is already assigned there, or the person is not a member of that unit.
        :raises UnattendedReferral: when the case would be unattended there.
        """
        referral = self._own_referral(case, version, "refer")
        if (referral.to_unit_id, referral.to_user_id) == (unit_id, user_id):
            raise ReferralError(_("The case lies there already."))
        self._check_addressee(unit_id, user_id)
        if not (unattended or self.work.actor.realm == "system"):
            self._require_attended(case, unit_id, user_id)
        return self._pass_on(case, referral, "referred", unit_id, user_id, note)

    def give_back(self, case: Case, *, note: str, version: int | None = None) -> CaseEvent:
        """Return the case to its previous holder.

        The citizen is not notified.

        :param note: the reason, which the holder reads first.
        :raises ReferralError: without a reason, when it was routed automatically, or came from a unit that no longer
            accepts cases.
        :raises UnattendedReferral: when the case would be unattended there.
        """
        referral = self._own_referral(case, version, "refer")
        if not note.strip():
            raise ReferralError(RETURN_REASON)
        unit_id = referral.from_unit_id
        if unit_id is None:
            raise ReferralError(_("No one referred this case: it was routed here."))
        if not self._takes_cases(unit_id):
            raise ReferralError(_("The unit that sent it takes no cases any more: refer it to another one."))
        # A sender who has left the unit does not get it back in person: the unit does.
        user_id = referral.from_user_id if works_for(self.work, referral.from_user_id, unit_id) else None
        if user_id and not self._is_attended(case, unit_id, user_id):
            user_id = None
        if self.work.actor.realm != "system":
            self._require_attended(case, unit_id, user_id)
        return self._pass_on(case, referral, "returned", unit_id, user_id, note)

    def copy(self, case: Case, unit_id: int, *, user_id: int | None = None, note: str = "") -> CaseEvent:
        """Send a copy, which can be read and commented only."""
        self._require(case, "refer")
        referral = self._send(case, "copy", unit_id, user_id, note)
        return self._tell(case, "copied", referral, internal_text=note, notify=False)

    def dismiss_copy(self, case: Case) -> None:
        """Remove a copy from the actor's kartable."""
        for referral in self.access.referrals(case):
            if referral.type == "copy" and holds(self.work.actor, case, referral):
                self._close(referral, "closed")

    def inquire(self, case: Case, unit_id: int, *, user_id: int | None = None, note: str) -> CaseEvent:
        """Send an inquiry to another unit.

        The case cannot be closed before the answer.

        :param note: the question.
        :raises ReferralError: without a question, or when the case is closed already.
        """
        self._own_referral(case, None, "refer")
        if not note.strip():
            raise ReferralError(QUESTION)
        referral = self._send(case, "inquiry", unit_id, user_id, note)
        return self._tell(case, "inquiry", referral, internal_text=note, notify=False)

    def answer(self, case: Case, text: str, *, inquiry_id: int | None = None) -> CaseEvent:
        """Answer an inquiry of the actor's kartable.

        :param inquiry_id: id of its referral; it may be left out if there is only one.
        :raises ReferralError: when there is none, this one is not open any more, or it is not said which of several.
        """
        asked = self._asked(case)
        if inquiry_id is not None:
            asked = [one for one in asked if one.id == inquiry_id]
        if not asked:
            raise ReferralError(_("There is no inquiry to answer."))
        if len(asked) > 1:
            raise ReferralError(_("Several inquiries wait for an answer: say which one you answer."))
        [referral] = asked
        referral.answer = text
        self._close(referral, "answered")
        return self._tell(case, "answered", referral, internal_text=text, notify=False)

    def _asked(self, case: Case) -> list[Referral]:
        """Return the open inquiries of a case in the actor's kartable, oldest first."""
        return [one for one in self.access.open_inquiries(case) if holds(self.work.actor, case, one)]

    def holders(self) -> list[Option]:
        """Return the options of a filter by holder, for the binding ``holders`` of lists of cases.

        The list is empty for people who head no unit.
        """
        return self.work.get(TeamService).options()

    def colleagues(self, unit_id: int) -> list[User]:
        """Return the possible addressees in a unit."""
        return [user for user, _unit in self._addressees(Membership.unit_id == unit_id)]

    def addressees(self) -> list[tuple[User, int]]:
        """Return all possible addressees with their units."""
        return self._addressees()

    def _addressees(self, *conditions: ColumnElement[bool]) -> list[tuple[User, int]]:
        query = select(User, Membership.unit_id).where(*of_units(), *conditions).distinct()
        found = [(user, unit_id) for user, unit_id in self.session.execute(query) if unit_id]
        return sorted(found, key=lambda pair: (alphabetical(pair[0].name), pair[0].id))

    # -- referrals -----------------------------------------------------------------------------------

    def _require(self, case: Case, verb: str) -> None:
        if not self.access.may_act(case, self.cases.kind(case).permission(verb)):
            raise Forbidden(f"{verb} is not for this actor")

    def _own_referral(self, case: Case, version: int | None, verb: str) -> Referral:
        self.cases.check_version(case, version)
        self._require(case, verb)
        referral = self.access.action_referral(case)
        if referral is None:
            raise ReferralError(_("A closed case lies in no kartable."))
        return referral

    def _refuse_held(self, referral: Referral) -> None:
        """Refuse a referral that a colleague holds whom the actor does not represent."""
        if holder_id(referral) not in {None, *persons(self.work.actor)}:
            raise ReferralError(HELD)

    def _check_addressee(self, unit_id: int, user_id: int | None) -> None:
        if not self._takes_cases(unit_id):
            raise ReferralError(_("This unit takes no cases."))
        if user_id is not None and not self._works_in(user_id, unit_id):
            raise ReferralError(_("This person is not of that unit."))

    def _is_attended(self, case: Case, unit_id: int, user_id: int | None = None) -> bool:
        return self.custody.before(case.kind, case.category_id, unit_id, user_id) != "none"

    def _require_attended(self, case: Case, unit_id: int, user_id: int | None) -> None:
        if not self._is_attended(case, unit_id, user_id):
            unit = self.work.get(OrganizationService).unit_name(unit_id)
            reason = (
                _("No one in “${unit}” sees this case and may work on it.", mapping={"unit": unit})
                if user_id is None
                else _("This person of “${unit}” may not work on this case.", mapping={"unit": unit})
            )
            raise UnattendedReferral(reason)

    def _takes_cases(self, unit_id: int) -> bool:
        unit = self.work.get(OrganizationService).units.by_id.get(unit_id)
        return unit is not None and unit.active

    def _works_in(self, user_id: int | None, unit_id: int) -> bool:
        return user_id in {user.id for user in self.colleagues(unit_id)}

    def _send(self, case: Case, type_: str, unit_id: int, user_id: int | None, note: str) -> Referral:
        self._check_addressee(unit_id, user_id)
        return self._add(case, unit_id, to_user_id=user_id, note=note, type_=type_, from_unit_id=case.unit_id)

    def _pass_on(
        self, case: Case, referral: Referral, type_: str, unit_id: int, user_id: int | None, note: str
    ) -> CaseEvent:
        before = snapshot(case)
        self.cases.assign(case, unit_id, passed_on=True)
        data = {"unit_id": unit_id, "user_id": user_id, "undo": before}
        event = self.cases.record(case, type_, internal_text=note, public=True, data=data)
        if type_ in SENT:
            self.work.get(RecentAddresseeService).remember(unit_id, user_id)
        # Flush the event before its referrals, which contain its id.
        self._close(referral, type_)
        referral.closed_event_id = event.id
        self.session.flush()
        new = self._add(
            case,
            unit_id,
            to_user_id=user_id,
            note=note,
            from_unit_id=referral.to_unit_id,
            previous=referral,
            opened_event_id=event.id,
            returned=type_ == "returned",
        )
        # Do not name a unit that would answer a citizen's call with "we have no such case".
        notify = type_ == "referred" and self._is_attended(case, unit_id, user_id)
        self.work.relay(
            CaseChange(case=case, event=event, kind=self.cases.kind(case), referral=new, notify=notify)
        )
        return event

    def _add(
        self,
        case: Case,
        unit_id: int,
        *,
        type_: str = "action",
        previous: Referral | None = None,
        is_new: bool = False,
        **values: object,
    ) -> Referral:
        """Add a referral.

        :param is_new: the case was opened just now: it has no inquiries.
        """
        sender = self.work.actor.user_id if self.work.actor.is_staff else None
        referral = Referral(
            case_id=case.id,
            type=type_,
            from_user_id=sender,
            to_unit_id=unit_id,
            created_at=self.work.clock.now(),
            previous_id=previous.id if previous else None,
            reopened=case.is_reopened,
            asked=type_ == "action" and not is_new and self._waits(case),
            **values,
        )
        self.session.add(referral)
        self.session.flush()
        self.access.forget(case)
        return referral

    def _close(self, referral: Referral, how: str) -> None:
        referral.closed_at = self.work.clock.now()
        referral.closed_how = how
        referral.closed_by_id = self.work.actor.user_id

    def _tell(
        self,
        case: Case,
        type_: str,
        referral: Referral,
        *,
        notify: bool = True,
        data: Values | None = None,
        **values: object,
    ) -> CaseEvent:
        case.updated_at = self.work.clock.now()
        sent = {"unit_id": referral.to_unit_id, "user_id": referral.to_user_id, **(data or {})}
        event = self.cases.record(case, type_, data=sent, **values)
        if type_ in SENT:
            to_unit = None if type_ == ASSIGNED else referral.to_unit_id
            self.work.get(RecentAddresseeService).remember(to_unit, sent["user_id"])
        self.work.relay(
            CaseChange(case=case, event=event, kind=self.cases.kind(case), referral=referral, notify=notify)
        )
        return event
