"""Referrals that have arrived in a kartable since it was read."""

from sqlalchemy import func, or_, select

from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import in_kartable
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral

MOST = 99
"""Maximum that is counted."""


class NewsService(Service):
    """Count new referrals by their increasing ids."""

    def count(self, since: int) -> int:
        """Count new cases in the actor's kartable, without those that the actor has sent.

        :param since: id of the newest referral when the list was read.
        """
        others = or_(Referral.from_user_id.is_(None), Referral.from_user_id != self.work.actor.user_id)
        fresh = (
            select(Case.id)
            .join(Referral, Referral.case_id == Case.id)
            .where(Referral.id > since, others, in_kartable(self.work.actor))
            .distinct()
            .limit(MOST)
        )
        return self.session.scalar(select(func.count()).select_from(fresh.subquery())) or 0
