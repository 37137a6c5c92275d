"""Parts of the city and categories that citizens follow."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from civicportal.api.cases import CaseEvent
from civicportal.api.database import Service
from civicportal.api.geo import Point
from civicportal.api.people import User
from civicportal.api.plugins import Forbidden, NotFound, Refused
from civicportal_reports.i18n import _
from civicportal_reports.models import Subscription

MOST = 10
"""Maximum number of subscriptions of one person."""


@dataclass(frozen=True, kw_only=True)
class AreaChoice:
    """What to follow; every value that is set narrows it.

    :ivar category: its key.
    :ivar metres: distance from the point.
    """

    category: str = ""
    district: str = ""
    near: Point | None = None
    metres: int = 0

    @property
    def columns(self) -> dict[str, str | float | None]:
        """Return the values of the columns of a subscription."""
        return {
            "category": self.category,
            "district": self.district,
            "lat": self.near.lat if self.near else None,
            "lon": self.near.lon if self.near else None,
            "metres": self.metres if self.near else 0,
        }


class SubscriptionService(Service):
    """Follow a part of the city or a category, and stop."""

    def own(self) -> Sequence[Subscription]:
        """Return the actor's subscriptions, oldest first."""
        query = select(Subscription).where(Subscription.user_id == self._actor_id)
        return self.session.scalars(query.order_by(Subscription.id)).all()

    def fetch(self, subscription_id: int) -> Subscription:
        """Return one of the actor's subscriptions.

        :raises NotFound: when there is none.
        """
        found = next((one for one in self.own() if one.id == subscription_id), None)
        if found is None:
            raise NotFound("the actor has no such subscription")
        return found

    def add(self, area: AreaChoice) -> Subscription:
        """Follow reports of a category, a district or around a point, and return the subscription.

        What is followed already is not added.

        :raises Refused: without any of them, and when the actor follows too much.
        """
        before = self._same(area)
        if before is not None:
            return before
        if len(self.own()) >= MOST:
            raise Refused(
                _("You follow ${count} already. Please stop one of them first.", mapping={"count": MOST})
            )
        new = Subscription(
            user_id=self._actor_id,
            created_at=self.work.clock.now(),
            seen_id=self._last_seen(),
            **area.columns,
        )
        self.session.add(new)
        return new

    def change(self, subscription: Subscription, area: AreaChoice) -> None:
        """Change what one of the actor's subscriptions follows, from now on.

        :raises Refused: without a category, a district and a point, and when the actor follows it already.
        """
        before = self._same(area)
        if before is subscription:
            return
        if before is not None:
            raise Refused(_("You follow it already."))
        for name, value in area.columns.items():
            setattr(subscription, name, value)
        subscription.seen_id = self._last_seen()

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

    def _same(self, area: AreaChoice) -> Subscription | None:
        """Return the actor's subscription of the same area, if any.

        :raises Refused: for an area without limits.
        """
        if not (area.category or area.district or area.near):
            raise Refused(_("Please choose a category, a district or a place on the map."))
        columns = area.columns
        return next(
            (
                one
                for one in self.own()
                if all(getattr(one, name) == value for name, value in columns.items())
            ),
            None,
        )

    def _last_seen(self) -> int:
        return self.session.scalar(select(func.max(CaseEvent.id))) or 0

    @property
    def _actor_id(self) -> int:
        actor = self.work.actor
        if not actor.is_citizen or actor.user_id is None or actor.level < 1:
            raise Forbidden("only citizens with a proved mobile number follow a part of the city")
        return actor.user_id
