"""Reading of one case together with its referrals and its detail row, which nearly every page of a case needs."""

from functools import cache

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import DeclarativeBase

from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import LoadedReferrals
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.opening import OpeningService
from civicportal.domain.cases.referral import Referral
from civicportal.util.queries import Rows


class ReadingService(Service):
    """Read one case."""

    def one(self, *conditions: ColumnElement[bool], lock: bool = False) -> Case | None:
        """Return the case that meets the conditions, with its referrals and its detail row, in one statement.

        :param lock: lock it for update first. What belongs to it is read afterwards: a statement that had to wait for
            the lock would return it as it was before.
        """
        if lock:
            locked = select(Case.id).where(*conditions).with_for_update(of=Case)
            case_id = self.session.scalar(locked)
            if case_id is None:
                return None
            conditions = (Case.id == case_id,)
        models = dict.fromkeys(kind.detail_model for kind in kinds_of(self.work.site).values())
        query = _query(tuple(filter(None, models)))
        rows = self.session.execute(query.where(*conditions)).all()
        if not rows:
            return None
        case: Case = rows[0][0]
        referrals = [row[1] for row in rows if row[1] is not None]
        self.work.get(LoadedReferrals).by_case[case.id] = referrals
        model = kind_of(self.work.site, case.kind).detail_model
        detail = next((one for one in rows[0][2:] if model is not None and isinstance(one, model)), None)
        self.work.get(OpeningService).keep(case, detail)
        return case


@cache
def _query(models: tuple[type[DeclarativeBase], ...]) -> Rows:
    """Return the query for a case, its referrals in order, and the detail rows of all kinds."""
    query = select(Case, Referral, *models).outerjoin(Referral, Referral.case_id == Case.id)
    for model in models:
        query = query.outerjoin(model, model.__table__.c.case_id == Case.id)
    return query.order_by(Referral.id)
