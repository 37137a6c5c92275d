"""Parts of the city and categories that citizens follow."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select

from civicportal.api.cases import CaseEvent
from civicportal.api.database import Service
from civicportal.api.geo import Point
from civicportal.api.people import User
from civicportal.api.plugins import Forbidden, Refused
from civicportal_reports.i18n import _
from civicportal_reports.models import Subscription

MOST = 10
"""Maximum number of subscriptions of one person."""


class SubscriptionService(Service):
    """Follow a part of the city or a category, and stop."""

    def own(self) -> Sequence[Subscription]:
        """Return the actor's subscriptions, oldest first."""
        query = select(Subscription).where(Subscription.user_id == self._actor_id)
        return self.session.scalars(query.order_by(Subscription.id)).all()

    def add(
        self, *, category: str = "", district: str = "", near: Point | None = None, metres: int = 0
    ) -> None:
        """Follow reports of a category, a district or around a point; what is followed already is not added.

        :raises Refused: without any of them, and when the actor follows too much.
        """
        if not (category or district or near):
            raise Refused(_("Please choose a category, a district or a place on the map."))
        wanted = {
            "category": category,
            "district": district,
            "lat": near.lat if near else None,
            "lon": near.lon if near else None,
            "metres": metres if near else 0,
        }
        own = self.own()
        if any(all(getattr(one, name) == value for name, value in wanted.items()) for one in own):
            return
        if len(own) >= MOST:
            raise Refused(
                _("You follow ${count} already. Please stop one of them first.", mapping={"count": MOST})
            )
        seen = self.session.scalar(select(func.max(CaseEvent.id))) or 0
        now = self.work.clock.now()
        self.session.add(Subscription(user_id=self._actor_id, created_at=now, seen_id=seen, **wanted))

    def stop(self, subscription_id: int) -> None:
        """End one of the actor's subscriptions."""
        self.session.execute(
            delete(Subscription).where(
                Subscription.id == subscription_id, Subscription.user_id == self._actor_id
            )
        )

    def stop_all(self, mobile: str) -> None:
        """End all subscriptions of a number.

        :param mobile: E.164.
        """
        people = select(User.id).where(User.mobile == mobile)
        self.session.execute(
            delete(Subscription)
            .where(Subscription.user_id.in_(people))
            .execution_options(synchronize_session=False)
        )

    @property
    def _actor_id(self) -> int:
        actor = self.work.actor
        if not actor.is_citizen or actor.user_id is None or actor.level < 1:
            raise Forbidden("only citizens with a proved mobile number follow a part of the city")
        return actor.user_id
