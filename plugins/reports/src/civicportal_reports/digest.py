"""The daily message to those who follow a part of the city or a category: how many reports were published there."""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update

from civicportal.api.cases import Case, CaseEvent
from civicportal.api.database import Service, Work
from civicportal.api.geo import Point
from civicportal.api.localization import format_number
from civicportal.api.notifications import InboundMessage, NotificationService, Reply
from civicportal.api.people import User
from civicportal.api.plugins import Job, Site
from civicportal_reports.areas import surroundings
from civicportal_reports.models import Report, Subscription
from civicportal_reports.search import ReportSearch
from civicportal_reports.subscriptions import SubscriptionService
from civicportal_reports.workflow import KIND

log = logging.getLogger(__name__)

TEXT = "reports.digest"
"""Key of the message."""
_UNDERWAY = timedelta(minutes=10)
"""Later entries wait for the next day: earlier ids may still be written."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A report that became public.

    :ivar event_id: the entry of its history.
    """

    event_id: int
    case_id: int
    citizen_id: int | None
    category_id: int | None
    district: str
    point: Point | None


def jobs(site: Site) -> Sequence[Job]:
    """Return the daily job."""
    return (Job(name="reports.digest", at=site.plugin_settings[KIND]["digest_at"], run=send_digests),)


def send_digests(site: Site) -> None:
    """Queue one message to each person for whom there is something new, each in a separate transaction."""
    with site.work(write=False) as work:
        until, counts = work.get(DigestService).due()
    waiting = []
    for user_id, n in counts.items():
        sent = False
        try:
            with site.work() as work:
                sent = work.get(DigestService).send(user_id, n, until)
        except Exception:
            log.exception("the digest of person %s failed; the next day tries again", user_id)
        if not sent:
            waiting.append(user_id)
    with site.work() as work:
        work.get(DigestService).note_seen(until, but=waiting)


def stop_by_message(message: InboundMessage, work: Work) -> Reply | None:
    """End the subscriptions of a sender who wants no more messages; the portal answers."""
    if message.word in work.site.country.stop_words:
        work.get(SubscriptionService).stop_all(message.sender)
    return None


class DigestService(Service):
    """Count what is new to each person, and tell them."""

    def due(self) -> tuple[int, Mapping[int, int]]:
        """Return the last considered entry of the histories, and the number of new reports by user id."""
        until = self._until()
        subscriptions = self.session.scalars(select(Subscription).where(Subscription.seen_id < until)).all()
        if not subscriptions:
            return until, {}
        published = self._published(min(one.seen_id for one in subscriptions), until)
        new: defaultdict[int, set[int]] = defaultdict(set)
        for one in subscriptions:
            new[one.user_id].update(report.case_id for report in self._matching(one, published))
        return until, {user_id: len(cases) for user_id, cases in new.items() if cases}

    def send(self, user_id: int, n: int, until: int) -> bool:
        """Queue the message, at most one a day, to a person who can be reached.

        :returns: False when the person had one today: the next day counts the same reports.
        """
        query = select(User).where(
            User.id == user_id,
            User.mobile.is_not(None),
            User.level >= 1,
            User.disabled_at.is_(None),
            User.deleted_at.is_(None),
        )
        user = self.session.scalar(query)
        if user is not None and user.mobile is not None:
            notifications = self.work.get(NotificationService)
            locale = notifications.locale_of(user)
            once = f"{TEXT}:{user.id}:{self.work.site.calendar.today(self.work.clock.now())}"
            if notifications.has_queued(once, user.mobile):
                return False
            notifications.send(
                TEXT,
                recipient=user.mobile,
                user_id=user.id,
                fields={"COUNT": format_number(n, locale), "WORD": self._stop_word()},
                locale=locale,
                once=once,
            )
        self.session.execute(
            update(Subscription)
            .where(Subscription.user_id == user_id)
            .values(seen_id=until)
            .execution_options(synchronize_session=False)
        )
        return True

    def note_seen(self, until: int, *, but: Collection[int] = ()) -> None:
        """Note that everything up to an entry was considered.

        :param but: ids of people for whom it was not.
        """
        self.session.execute(
            update(Subscription)
            .where(Subscription.seen_id < until, Subscription.user_id.not_in(but))
            .values(seen_id=until)
            .execution_options(synchronize_session=False)
        )

    def _until(self) -> int:
        before = self.work.clock.now() - _UNDERWAY
        # Only publications: imported entries have high ids and old dates.
        latest = select(CaseEvent.id).where(CaseEvent.type == "published", CaseEvent.at <= before)
        return self.session.scalar(latest.order_by(CaseEvent.id.desc()).limit(1)) or 0

    def _published(self, after: int, until: int) -> list[Published]:
        """Return what became public and still is, by ranges of the primary key."""
        columns = (Case.id, Case.citizen_id, Case.category_id, Report.district, Report.lat, Report.lon)
        query = (
            select(func.max(CaseEvent.id), *columns)
            .join(Case, Case.id == CaseEvent.case_id)
            .join(Report, Report.case_id == Case.id)
            .where(CaseEvent.id > after, CaseEvent.id <= until, CaseEvent.type == "published", Case.public)
            .group_by(*columns)
        )
        return [
            Published(
                event_id=event_id,
                case_id=case_id,
                citizen_id=citizen_id,
                category_id=category_id,
                district=district,
                point=None if lat is None or lon is None else Point(lat, lon),
            )
            for event_id, case_id, citizen_id, category_id, district, lat, lon in self.session.execute(query)
        ]

    def _matching(self, wanted: Subscription, published: Sequence[Published]) -> list[Published]:
        ids = self.work.get(ReportSearch).category_ids(wanted.category) if wanted.category else None
        box = surroundings(wanted.point, wanted.metres) if wanted.point else None
        return [
            report
            for report in published
            if report.event_id > wanted.seen_id
            and report.citizen_id != wanted.user_id
            and (ids is None or report.category_id in ids)
            and (not wanted.district or report.district == wanted.district)
            and (box is None or (report.point is not None and box.contains(report.point)))
        ]

    def _stop_word(self) -> str:
        return max(self.work.site.country.stop_words, key=lambda word: (word.isalpha(), len(word)))
