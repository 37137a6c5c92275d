"""Transfer of a leaving person's open referrals."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import ColumnElement, func, select, union_all

from civicportal.core.security import Identity
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.cases.access.sql import ADDRESSED, held_by
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.rows import holder_id
from civicportal.util.errors import Forbidden

if TYPE_CHECKING:
    from civicportal.core.site import Site

CHUNK = 10
"""Referrals per transaction: plugins are called for each, and other users must not wait."""
AT_ONCE = 200
"""Maximum number of referrals moved by one submission of the form."""

Way = Literal["unit", "colleague"]


@dataclass(frozen=True, kw_only=True)
class TransferResult:
    """The result of a transfer.

    :ivar left: open referrals that the person still has.
    """

    to_units: int
    to_colleague: int
    left: int

    @property
    def total(self) -> int:
        """Return the number of moved referrals."""
        return self.to_units + self.to_colleague


class TransferService(AssignmentService):
    """Transfer the referrals of a person who leaves."""

    def open_referrals(self, user_id: int) -> int:
        """Return the number of a person's open referrals."""
        query = select(func.count()).select_from(Referral).where(*_of(user_id))
        return self.session.scalar(query) or 0

    def open_actions(self, user_ids: list[int]) -> dict[int, int]:
        """Return the number of cases assigned to people, by user id."""
        to_act = (Referral.type == "action", Referral.closed_at.is_(None))
        taken = select(Referral.taken_by_id.label("holder")).where(
            *to_act, Referral.taken_by_id.in_(user_ids)
        )
        sent = select(Referral.to_user_id).where(
            *to_act, Referral.to_user_id.in_(user_ids), Referral.taken_by_id.is_(None)
        )
        referrals = union_all(taken, sent).subquery()
        return dict(
            self.session.execute(select(referrals.c.holder, func.count()).group_by(referrals.c.holder)).all()
        )

    def heirs(self, user_id: int) -> list[User]:
        """Return the colleagues who can take over."""
        units = set(self.session.scalars(select(Referral.to_unit_id).where(*_of(user_id)).distinct()))
        found = {user.id: user for user, unit_id in self.addressees() if unit_id in units}
        found.pop(user_id, None)
        return list(found.values())

    def pass_on(self, user_id: int, heir_id: int | None, note: str, limit: int) -> Counter[Way]:
        """Transfer some of a person's open referrals, oldest first.

        :param heir_id: the new holder, in units of which they are a member; None returns them to the units.
        :raises Forbidden: without the right to manage this person.
        """
        rights = self.work.get(RightsService)
        if not rights.manages(self.session.get_one(User, user_id)):
            raise Forbidden("only who manages members passes on their work")
        members = set(self.addressees_of(heir_id)) if heir_id else set()
        done: Counter[Way] = Counter()
        query = select(Referral.id, Referral.case_id).where(*_of(user_id)).order_by(Referral.id).limit(limit)
        for referral_id, case_id in self.session.execute(query).all():
            # Lock the case first, then its referral: every writer uses this order.
            case = self.session.scalars(select(Case).where(Case.id == case_id).with_for_update()).one()
            referral = self.session.get_one(Referral, referral_id, populate_existing=True)
            # Another user may have acted while this transaction waited for the lock.
            if holder_id(referral) == user_id:
                may = referral.type in ADDRESSED or self._is_attended(case, referral.to_unit_id, heir_id)
                to = heir_id if referral.to_unit_id in members and may else None
                self._transfer(case, referral, to, note)
                done["colleague" if to else "unit"] += 1
        return done

    def addressees_of(self, user_id: int) -> list[int]:
        """Return the units in which people can be referred to by name."""
        return [unit_id for user, unit_id in self.addressees() if user.id == user_id]

    def _transfer(self, case: Case, referral: Referral, heir_id: int | None, note: str) -> CaseEvent:
        new = self._hand_over(case, referral, heir_id, note)
        event = self._tell(case, "transferred", new, internal_text=note, notify=False)
        referral.closed_event_id = new.opened_event_id = event.id
        return event


def transfer(
    site: "Site",
    actor: Identity,
    user_id: int,
    *,
    heir_id: int | None = None,
    note: str = "",
    most: int = AT_ONCE,
) -> TransferResult:
    """Transfer a person's referrals, in a series of short transactions.

    Must not be called while the same thread has a writing unit of work open. What was moved stays moved if it is
    interrupted; the next call continues.

    :param most: maximum number of referrals.
    :raises Forbidden: without the right to manage members.
    """
    done: Counter[Way] = Counter()
    while (room := most - done.total()) > 0:
        with site.work(actor=actor) as work:
            moved = work.get(TransferService).pass_on(user_id, heir_id, note, min(CHUNK, room))
        done += moved
        if not moved:
            break
    with site.work(actor=actor, write=False) as work:
        left = work.get(TransferService).open_referrals(user_id)
    return TransferResult(to_units=done["unit"], to_colleague=done["colleague"], left=left)


def _of(user_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the open referrals that a person holds."""
    return Referral.closed_at.is_(None), held_by(user_id)
