"""What servers say of the cases that were delivered to them is fetched back.

Staff read it in the history of the case. It changes no status, unless an administrator has chosen a step for requests
that were closed there: a person stays responsible.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_, select
from translationstring import TranslationString

from civicportal.api.cases import AccessService, Case, CaseService, Workflow
from civicportal.api.database import Service
from civicportal.api.plugins import Conflict, Forbidden, NotFound, Refused, Site
from civicportal_reports.i18n import _
from civicportal_reports.open311_client.composing import ComposingService
from civicportal_reports.open311_client.delivery import RemoteQueue, bears
from civicportal_reports.open311_client.models import RemoteDelivery, RemoteHealth, RemoteRule, RemoteServer
from civicportal_reports.open311_client.remote import (
    GeoReportClient,
    LostKey,
    RemoteAddress,
    RemoteError,
    RemoteRequest,
    RemoteUpdate,
    in_groups,
)
from civicportal_reports.open311_client.services import RemoteService

log = logging.getLogger(__name__)

GROUP = 50
"""Requests that are asked for at once."""
MOST_CASES = 1000
"""Requests of one server in one run; the others are asked for in the next one."""
MOST_TOKENS = 50
MOST_PAGES = 20
"""Of updates in one run; the next one goes on."""
NO_SUCH_PAGE = (400, 404, 405, 501)
"""Statuses for updates that are not offered, and of some servers for a page behind the last one."""
FOLLOWED = timedelta(days=30)
"""A request that is closed on both sides, or unknown there, is asked for so long."""
OVERLAP = timedelta(hours=1)
"""Updates are asked for again so far back: clocks differ, and servers publish late."""
FIRST_SPAN = timedelta(days=7)
LONGEST_SPAN = timedelta(days=89)
DAILY = timedelta(hours=20)
SOON = timedelta(hours=1)
UPDATE = "remote_update"
"""Key in the data of an entry for the server and the id of an update."""


@dataclass(frozen=True, kw_only=True)
class UpdatesSpan:
    """A time whose updates are read, in as many runs as that takes.

    :ivar page: on which to begin.
    """

    start: datetime
    end: datetime
    page: int


@dataclass(frozen=True, kw_only=True)
class FollowingPlan:
    """What to ask a server for.

    :ivar tokens: by the id of the delivery.
    :ivar numbers: numbers there by the id of the delivery.
    :ivar updates: None if the server offers none.
    :ivar with_services: whether the list of services is to be fetched again.
    """

    server_id: int
    address: RemoteAddress
    tokens: Mapping[int, str]
    numbers: Mapping[int, str]
    updates: "UpdatesSpan | None"
    with_services: bool


def fetch(site: Site) -> None:
    """Fetch from all servers that are on; the failure of one does not stop the others."""
    with site.work(write=False) as work:
        server_ids = work.get(FollowingService).servers()
    for server_id in server_ids:
        try:
            fetch_from(site, server_id)
        except Exception:
            log.exception("what the Open311 server %s says could not be stored", server_id)


def fetch_from(site: Site, server_id: int) -> None:
    """Fetch statuses, updates, and once a day the services of a server."""
    with site.work(write=False) as work:
        plan = work.get(FollowingService).plan(server_id)
    if plan is None:
        return
    error, retry_after = "", None
    try:
        with GeoReportClient(site, plan.address) as client:
            _fetch_numbers(site, client, plan)
            _fetch_statuses(site, client, plan)
            _fetch_updates(site, client, plan)
            if plan.with_services:
                services = client.services()
                with site.work() as work:
                    service = work.get(RemoteService)
                    service.keep_services(service.fetch(server_id, lock=True), services)
    except RemoteError as problem:
        error, retry_after = site.localizer().translate(problem.reason), problem.retry_after
    except NotFound:
        # The server was deleted while it was asked.
        return
    with site.work() as work:
        health = RemoteQueue(work).note_health(server_id, error, retry_after)
        if health is not None and not error:
            health.fetched_at = work.clock.now()


def _fetch_numbers(site: Site, client: GeoReportClient, plan: FollowingPlan) -> None:
    for delivery_id, token in plan.tokens.items():
        number = client.request_of(token)
        if number:
            with site.work() as work:
                work.session.get_one(RemoteDelivery, delivery_id).remote_id = number


def _fetch_statuses(site: Site, client: GeoReportClient, plan: FollowingPlan) -> None:
    for group in in_groups(list(plan.numbers.items()), GROUP):
        found = {one.id: one for one in client.requests([number for _id, number in group])}
        for delivery_id, number in group:
            with site.work() as work:
                work.get(FollowingService).note_status(delivery_id, found.get(number))


def _fetch_updates(site: Site, client: GeoReportClient, plan: FollowingPlan) -> None:
    """Read the updates of a time, page by page, and note how far that came.

    A run that ends in the middle is continued on the last page that was read: if an update before it has been withdrawn
    since then, those behind it have moved forward.
    """
    span = plan.updates
    if span is None:
        return
    seen, page, is_done = set[str](), span.page, False
    try:
        while not is_done and page < span.page + MOST_PAGES:
            updates = [one for one in client.updates(span.start, span.end, page) if one.id not in seen]
            _store_updates(site, plan.server_id, updates)
            seen |= {one.id for one in updates}
            # Some have no pages, and answer each time the same.
            is_done = not updates
            page += not is_done
    except RemoteError as error:
        if error.status not in NO_SUCH_PAGE:
            if page > span.page:
                with site.work() as work:
                    work.get(FollowingService).note_updates(plan.server_id, span.end, page - 1)
            raise
        if page == 1:
            with site.work() as work:
                work.get(FollowingService).note_no_updates(plan.server_id)
            return
        is_done = True
    with site.work() as work:
        work.get(FollowingService).note_updates(plan.server_id, span.end, None if is_done else page - 1)


def _store_updates(site: Site, server_id: int, updates: Sequence[RemoteUpdate]) -> None:
    with site.work(write=False) as work:
        ours = work.get(FollowingService).known(server_id, {one.request_id for one in updates})
    for update in updates:
        if update.request_id in ours:
            with site.work() as work:
                work.get(FollowingService).note_update(server_id, update)


class FollowingService(Service):
    """Store what servers say."""

    def servers(self) -> Sequence[int]:
        """Return the ids of the servers that are on, have something of ours, and have not just failed."""
        now = self.work.clock.now()
        query = (
            select(RemoteServer.id)
            .outerjoin(RemoteHealth, RemoteHealth.server_id == RemoteServer.id)
            .where(
                RemoteServer.active,
                or_(RemoteHealth.retry_at.is_(None), RemoteHealth.retry_at <= now),
                exists().where(RemoteRule.server_id == RemoteServer.id),
            )
            .order_by(RemoteHealth.fetched_at.asc().nulls_first(), RemoteServer.id)
        )
        return self.session.scalars(query).all()

    def plan(self, server_id: int) -> FollowingPlan | None:
        """Return what to ask a server for; None if it was deleted or its key is lost."""
        server = self.session.get(RemoteServer, server_id)
        if server is None:
            return None
        try:
            address = self.work.get(RemoteService).address_of(server)
        except LostKey:
            log.error("the key of the Open311 server %s cannot be decrypted: is a key missing?", server_id)
            return None
        now = self.work.clock.now()
        mine = (RemoteDelivery.server_id == server_id, RemoteDelivery.state == "sent")
        tokens = select(RemoteDelivery.id, RemoteDelivery.token).where(
            *mine,
            RemoteDelivery.remote_id == "",
            RemoteDelivery.token != "",
            RemoteDelivery.sent_at > now - FOLLOWED,
        )
        numbers = (
            select(RemoteDelivery.id, RemoteDelivery.remote_id)
            .join(Case, Case.id == RemoteDelivery.case_id)
            .where(
                *mine,
                RemoteDelivery.remote_id != "",
                or_(RemoteDelivery.missing_at.is_(None), RemoteDelivery.missing_at > now - FOLLOWED),
                or_(
                    Case.stage.in_(Workflow.OPEN_STAGES),
                    RemoteDelivery.remote_status != "closed",
                    RemoteDelivery.remote_at > now - FOLLOWED,
                ),
            )
            .order_by(RemoteDelivery.checked_at.asc().nulls_first(), RemoteDelivery.id)
        )
        health = self.session.get(RemoteHealth, server_id)
        return FollowingPlan(
            server_id=server_id,
            address=address,
            tokens=dict(self.session.execute(tokens.order_by(RemoteDelivery.id).limit(MOST_TOKENS)).all()),
            numbers=dict(self.session.execute(numbers.limit(MOST_CASES)).all()),
            updates=self._updates_span(health),
            with_services=server.services_at is None or server.services_at < now - DAILY,
        )

    def _updates_span(self, health: RemoteHealth | None) -> UpdatesSpan | None:
        now = self.work.clock.now()
        since = health.updates_until if health else None
        if health is not None and health.has_updates is False and since is not None and since > now - DAILY:
            return None
        end = (health.updates_end if health else None) or now
        # It may have had updates before it was last asked, for instance while it could not be reached.
        again = FIRST_SPAN if health is not None and health.has_updates is False else OVERLAP
        return UpdatesSpan(
            start=max(since - again if since else end - FIRST_SPAN - OVERLAP, end - LONGEST_SPAN),
            end=end,
            page=health.updates_page if health and health.updates_end else 1,
        )

    def known(self, server_id: int, numbers: Collection[str]) -> set[str]:
        """Return those of the numbers there that are of our cases."""
        query = select(RemoteDelivery.remote_id).where(
            RemoteDelivery.server_id == server_id, RemoteDelivery.remote_id.in_(numbers)
        )
        return set(self.session.scalars(query)) if numbers else set()

    def note_updates(self, server_id: int, end: datetime, page: int | None) -> None:
        """Note how far the updates of a time were stored.

        :param page: the last one that was stored, on which the next run begins; None for all.
        """
        health = RemoteQueue(self.work).health(server_id)
        health.has_updates = True
        if page is None:
            health.updates_until, health.updates_end, health.updates_page = end, None, 1
        else:
            health.updates_end, health.updates_page = end, max(page, 1)

    def note_no_updates(self, server_id: int) -> None:
        """Note that a server offers no updates; it is asked again the next day."""
        health = RemoteQueue(self.work).health(server_id)
        health.has_updates, health.updates_until = False, self.work.clock.now()
        health.updates_end, health.updates_page = None, 1

    def note_status(self, delivery_id: int, request: RemoteRequest | None) -> None:
        """Store the status of a request there, and tell staff of what has changed.

        :param request: None if the server does not know it.
        """
        found = self._locked(RemoteDelivery.id == delivery_id)
        if found is None:
            return
        delivery, case, server = found
        now, is_first = self.work.clock.now(), delivery.checked_at is None
        delivery.checked_at = now
        if request is None:
            if delivery.missing_at is None:
                delivery.missing_at = now
                self._tell(case, server, _("the report ${number} is unknown there now"), delivery)
            return
        delivery.missing_at = None
        if is_first:
            self._learn(delivery, case, server, request)
        flips = bool(request.status) and request.status != delivery.remote_status
        is_news = request.notes != delivery.remote_notes and not is_first
        delivery.remote_notes = request.notes
        if flips:
            delivery.remote_status, delivery.remote_at = request.status, now
        if flips and request.status == "closed":
            if not self._close(case, server, request.notes):
                self._tell(case, server, _("the report ${number} was closed there"), delivery)
        elif flips and not is_first:
            self._tell(case, server, _("the report ${number} is open there again"), delivery)
        elif is_news and request.notes and not self._has_updates(server):
            self._tell(case, server, _("news of the report ${number}"), delivery)

    def note_update(self, server_id: int, update: RemoteUpdate) -> None:
        """Write an update into the history of its case, once."""
        found = self._locked(
            RemoteDelivery.server_id == server_id, RemoteDelivery.remote_id == update.request_id
        )
        if found is None:
            return
        delivery, case, server = found
        mark = f"{server_id}:{update.id}"
        events = self.work.get(CaseService).events(case)
        if any(event.data.get(UPDATE) == mark for event in events):
            return
        self._tell(
            case,
            server,
            _("news of the report ${number}"),
            delivery,
            text="\n".join(filter(None, (update.status.replace("_", " "), update.text))),
            mark=mark,
        )

    # -- parts ----------------------------------------------------------------------------------------------

    def _locked(self, *conditions: ColumnElement[bool]) -> tuple[RemoteDelivery, Case, RemoteServer] | None:
        query = (
            select(RemoteDelivery, Case, RemoteServer)
            .join(Case, Case.id == RemoteDelivery.case_id)
            .join(RemoteServer, RemoteServer.id == RemoteDelivery.server_id)
            .where(*conditions)
            .with_for_update(of=(Case, RemoteDelivery))
        )
        row = self.session.execute(query).first()
        return (row[0], row[1], row[2]) if row else None

    def _has_updates(self, server: RemoteServer) -> bool:
        health = self.session.get(RemoteHealth, server.id)
        return health is not None and bool(health.has_updates)

    def _learn(
        self, delivery: RemoteDelivery, case: Case, server: RemoteServer, request: RemoteRequest
    ) -> None:
        """Note that the server shows what we send with our reference, if it does so soon."""
        mark = self.work.get(ComposingService).mark(case)
        is_soon = delivery.sent_at is not None and self.work.clock.now() - delivery.sent_at < SOON
        if is_soon and bears(request.description, mark):
            RemoteQueue(self.work).health(server.id).lists_ours = True

    def _close(self, case: Case, server: RemoteServer, notes: str) -> bool:
        """Take the step that an administrator has chosen, if it is possible now."""
        if not server.closes_with or not case.is_open:
            return False
        told = _("“${name}” has finished its work on this report.", mapping={"name": server.name})
        text = self.work.site.localizer().translate(told)
        try:
            with self.work.savepoint():
                self.work.get(CaseService).apply(
                    case,
                    server.closes_with,
                    public_text=text,
                    internal_text=notes,
                    data={"remote_server": server.id},
                )
        except (Refused, Forbidden, Conflict, NotFound) as refusal:
            log.warning("case %s was not closed after the server %s: %s", case.id, server.id, refusal)
            return False
        return True

    def _tell(
        self,
        case: Case,
        server: RemoteServer,
        told: TranslationString,
        delivery: RemoteDelivery,
        *,
        text: str | None = None,
        mark: str = "",
    ) -> None:
        """Write a note for staff, and mark the case for the person who has it."""
        translate = self.work.site.localizer().translate
        head = translate(TranslationString(told, mapping={"number": delivery.remote_id}))
        said = delivery.remote_notes if text is None else text
        data: dict[str, object] = {"expert": False, "remote_server": server.id}
        if mark:
            data[UPDATE] = mark
        words = f"{server.name}: {head}" + (f"\n{said}" if said else "")
        self.work.get(CaseService).record(case, "commented", data=data, internal_text=words[:4000])
        referral = self.work.get(AccessService).action_referral(case)
        if referral is not None:
            referral.read_at = None
