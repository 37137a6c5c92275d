"""Recipients of a case's notifications: its citizen and its followers."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, union

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Case, Follower


def hearing(case_id: ColumnElement[int], citizen_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition on ``User`` for those whom :meth:`FollowerService.recipients` returns.

    :param citizen_id: of the case's citizen; NULL if there is none.
    """
    of_case = Follower.case_id == case_id
    everybody = union(select(citizen_id), select(Follower.user_id).where(of_case))
    muted = exists().where(of_case, Follower.user_id == User.id, Follower.muted)
    return and_(User.id.in_(everybody), ~muted)


class FollowerService(Service):
    """Follow cases of others and mute notifications.

    A row of the citizen means that they are muted.
    """

    def follow(self, case: Case, user_id: int | None = None) -> None:
        """Add the actor or another citizen to the followers.

        :param user_id: a person whom the portal adds.
        """
        self._set(case, user_id or self._actor_id, muted=False)

    def mute(self, case: Case, muted: bool = True) -> None:
        """Mute or unmute the actor's notifications of a case."""
        self._set(case, self._actor_id, muted=muted)

    def stop(self, case: Case) -> None:
        """Remove the actor from the followers."""
        self.remove(case, [self._actor_id])

    def find(self, case: Case) -> Follower | None:
        """Return the actor's row."""
        return self.session.get(Follower, (case.id, self._actor_id))

    def is_muted(self, case: Case) -> bool:
        """Return whether the actor has muted the case."""
        row = self.find(case)
        return row is not None and row.muted

    def bring(self, case: Case, *, to: Case) -> list[int]:
        """Add all recipients of a case as followers of another.

        Muted ones stay muted.

        :param to: for instance the earlier report of a duplicate.
        :returns: the ids of those who did not follow it before.
        """
        coming = [
            {"case_id": to.id, "user_id": user_id, "muted": muted, "created_at": self.work.clock.now()}
            for user_id, muted in self.audience(case).items()
            if user_id != to.citizen_id
        ]
        if not coming:
            return []
        statement = self.work.site.engines.insert(Follower).values(coming)
        new = statement.on_conflict_do_nothing().returning(Follower.user_id)
        return sorted(self.session.scalars(new))

    def remove(self, case: Case, user_ids: Collection[int]) -> None:
        """Remove followers."""
        self.session.execute(
            delete(Follower).where(Follower.case_id == case.id, Follower.user_id.in_(user_ids))
        )

    def audience(self, case: Case) -> dict[int, bool]:
        """Return the citizen, first, and the followers by id, each with whether they are muted."""
        query = select(Follower.user_id, Follower.muted).where(Follower.case_id == case.id)
        muted = dict(self.session.execute(query.order_by(Follower.user_id)).all())
        owner = {} if case.citizen_id is None else {case.citizen_id: False}
        return owner | muted

    @staticmethod
    def people_affected() -> ColumnElement[int]:
        """Return the number of people affected by each ``Case`` of a query as a column: its citizen and followers."""
        # A row of the citizen means that they are muted.
        others = select(func.count()).select_from(Follower)
        others = others.where(Follower.case_id == Case.id, Case.citizen_id.is_distinct_from(Follower.user_id))
        return others.correlate(Case).scalar_subquery() + 1

    def recipients(self, case: Case) -> list[int]:
        """Return the ids of all unmuted recipients, the citizen first."""
        return [user_id for user_id, muted in self.audience(case).items() if not muted]

    @property
    def _actor_id(self) -> int:
        if self.work.actor.user_id is None:
            raise ValueError("only a person follows a case")
        return self.work.actor.user_id

    def _set(self, case: Case, user_id: int, *, muted: bool) -> None:
        statement = self.work.site.engines.insert(Follower).values(
            case_id=case.id, user_id=user_id, muted=muted, created_at=self.work.clock.now()
        )
        self.session.execute(
            statement.on_conflict_do_update(index_elements=["case_id", "user_id"], set_={"muted": muted})
        )
        self.session.get(Follower, (case.id, user_id), populate_existing=True)
