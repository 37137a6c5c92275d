"""Verification and repair of copied columns of referrals.

Triggers maintain the copies (:class:`~civicportal.domain.cases.referral.Referral`), so only a database that was
changed by hand or by another tool can be wrong: then a case may be missing from a list. The copies decide nothing else.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

BATCH = 500
"""Referrals repaired in one transaction."""
PATIENCE = 1800
"""Statement timeout in seconds: every referral is read."""

Copies = dict[InstrumentedAttribute[Any], SQLColumnExpression[Any]]

#: Columns copied to every referral, and those copied to open ones.
ALWAYS: Copies = {
    Referral.kind: Case.kind,
    Referral.category_id: Case.category_id,
    Referral.moved_kind: case((Case.unit_id.is_distinct_from(Referral.to_unit_id), Case.kind)),
}
OPEN: Copies = {
    Referral.status: Case.status,
    Referral.stage: Case.stage,
    Referral.deadline: Case.deadline,
    Referral.paused_at: Case.paused_at,
    Referral.sent_at: Case.created_at,
    Referral.changed_at: Case.updated_at,
}


def wrong_referrals(site: "Site") -> Sequence[int]:
    """Return the ids of referrals whose copies differ from their cases."""
    query = select(Referral.id).join(Case, Case.id == Referral.case_id)
    wrong = or_(_differ(ALWAYS), and_(Referral.closed_at.is_(None), _differ(OPEN)))
    with site.work(write=False, patience=PATIENCE) as work:
        return work.session.scalars(query.where(wrong).order_by(Referral.id)).all()


def repair_referrals(site: "Site", progress: Callable[[str], None]) -> None:
    """Repair copied columns of referrals in batches."""
    ids = wrong_referrals(site)
    for first in range(0, len(ids), BATCH):
        some = Referral.id.in_(ids[first : first + BATCH])
        with site.work() as work:
            _copy(work, ALWAYS, some)
            _copy(work, OPEN, some, Referral.closed_at.is_(None))
    progress(f"{len(ids)} referrals repaired")


def _differ(copies: Copies) -> ColumnElement[bool]:
    return or_(*(copy.is_distinct_from(value) for copy, value in copies.items()))


def _copy(work: "Work", copies: Copies, *conditions: ColumnElement[bool]) -> None:
    of_case = {
        copy: select(value).where(Case.id == Referral.case_id).correlate(Referral).scalar_subquery()
        for copy, value in copies.items()
    }
    work.session.execute(
        update(Referral).where(*conditions).values(of_case), execution_options={"synchronize_session": False}
    )
