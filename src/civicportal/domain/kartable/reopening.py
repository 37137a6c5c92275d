"""The person to whom a reopened case goes back."""

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from civicportal.domain.accounts.models import Deputy, User, at_work
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.addressees import works_for
from civicportal.domain.kartable.custody import CustodyService

if TYPE_CHECKING:
    from civicportal.core.work import Work


def closer(work: "Work", case: Case, unit_id: int) -> int | None:
    """Return the person who closed a case and may still act on it, else None for the whole unit.

    If the citizen or the portal closed it, it is the person who held the case. While the person is away, the case is in
    the kartable of their deputy; without a deputy at work it goes to the unit.
    """
    acted = [one for one in work.get(AccessService).referrals(case) if one.closed_how == "acted"]
    if not acted:
        return None
    last = acted[-1]
    candidates = dict.fromkeys(one for one in (last.closed_by_id, last.taken_by_id, last.to_user_id) if one)
    return next((one for one in candidates if _may_act(work, case, unit_id, one)), None)


def _may_act(work: "Work", case: Case, unit_id: int, user_id: int) -> bool:
    attended = work.get(CustodyService).before(case.kind, case.category_id, unit_id, user_id) != "none"
    return attended and works_for(work, user_id, unit_id) and _is_represented(work, user_id)


def _is_represented(work: "Work", user_id: int) -> bool:
    """Return whether a person is present today, or one of their deputies is at work."""
    today = work.site.calendar.today(work.clock.now())
    deputies = (
        select(User.id)
        .select_from(Deputy)
        .outerjoin(User, and_(User.id == Deputy.deputy_id, *at_work()))
        .where(Deputy.absent_id == user_id, Deputy.first_day <= today, Deputy.last_day >= today)
    )
    found = work.session.scalars(deputies).all()
    return not found or any(found)
