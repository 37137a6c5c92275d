"""Requests of GeoReport v2 are the published reports; updates are the public entries of their histories."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from civicportal.api.cases import (
    Attachment,
    AttachmentService,
    Case,
    CaseEvent,
    CaseKind,
    CaseService,
    PublicHistory,
    kind_of,
)
from civicportal.api.database import Service, Work
from civicportal.api.forms import Values
from civicportal.api.lists import Rows
from civicportal.api.plugins import Forbidden, NotFound, Refused
from civicportal.api.publishing import PublicTexts
from civicportal.api.submission import OnBehalfService
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.near_cards import first_photo
from civicportal_reports.search import ReportSearch
from civicportal_reports.services import NewReport, ReportService
from civicportal_reports.workflow import KIND

SOURCE = "open311"
UPDATE = "update_id"
"""Key in the data of an entry for the id that the sender of an update has given it."""
SAME = timedelta(minutes=10)
"""How long the same request of the same program is one that was sent twice."""
STATES = {
    "registered": "open",
    "in_review": "investigating",
    "in_action": "in_progress",
    "waiting_citizen": "investigating",
    "reviewed": "closed",
    "rejected": "no_further_action",
    "out_of_scope": "not_councils_responsibility",
    "duplicate": "duplicate",
    "withdrawn": "cancelled",
}
"""State of an update by the status of the workflow."""
NO_UPDATES = ("opened", "noted")
"""Types of entries that are no updates: the request itself, and what its sender added."""
Row = tuple[Case, Report, str | None]


class AlreadyThere(Refused):
    """An update with this id has arrived before."""

    def __init__(self) -> None:
        super().__init__(_("An update with this update_id already exists."))


@dataclass(frozen=True, kw_only=True)
class RequestFilters:
    """Which requests, latest first.

    :ivar ids: of cases; None for the other filters.
    :ivar categories: ids; None for all.
    :ivar is_open: None for both.
    """

    ids: Collection[int] | None = None
    categories: Collection[int] | None = None
    is_open: bool | None = None
    start: datetime
    end: datetime
    limit: int
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class Update:
    """A public entry of a history.

    :ivar state: one of the extended states.
    :ivar photos: keys of public pictures.
    """

    id: int
    case: Case
    state: str
    at: datetime
    text: str
    photos: Sequence[str]


class GeoReportService(Service):
    """Read and write requests and updates.

    :ivar reads_own: whether the actor sees the requests that they have sent, besides published ones.
    :ivar was_repeated: whether the request of :meth:`create` had arrived before.
    """

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases, self.texts = work.get(CaseService), work.get(PublicTexts)
        self.kind: CaseKind = kind_of(work.site, KIND)
        self.reads_own = self.was_repeated = False

    # -- reading --------------------------------------------------------------------------------------------

    def requests(self, filters: RequestFilters) -> Sequence[Row]:
        """Return a page of requests, one statement."""
        query = self._query()
        if filters.ids is not None:
            query = query.where(Case.id.in_(filters.ids))
        else:
            query = query.where(Case.created_at >= filters.start, Case.created_at < filters.end)
            if filters.categories is not None:
                query = query.where(Case.category_id.in_(filters.categories))
            if filters.is_open is not None:
                stages = Case.stage.in_(("registered", "in_progress"))
                query = query.where(stages if filters.is_open else ~stages)
        query = query.order_by(Case.created_at.desc(), Case.id.desc())
        rows = self.session.execute(query.limit(filters.limit).offset(filters.offset)).all()
        found = [(case, report, photo) for case, report, photo in rows]
        self.texts.people(
            case
            for case, report, _photo in found
            if not case.public_body or not (report.street or report.district)
        )
        return found

    def request(self, case_id: int) -> Row:
        """Return one request.

        :raises NotFound: when there is none that the actor may know of.
        """
        row = self.session.execute(self._query().where(Case.id == case_id)).one_or_none()
        if row is None:
            raise NotFound("no such request")
        return row[0], row[1], row[2]

    def load_histories(self, cases: Sequence[Case]) -> None:
        """Load histories and pictures of many cases, one statement each."""
        self.cases.load_events(cases)
        self.work.get(AttachmentService).load(cases)
        self.texts.people(cases)

    def updates(self, start: datetime, end: datetime, *, limit: int, offset: int = 0) -> list[Update]:
        """Return the updates of a time, earliest first."""
        query = self.entries(start, end).limit(limit).offset(offset)
        rows = self.session.execute(query).all()
        cases = {case.id: case for _id, case in rows}
        self.load_histories(list(cases.values()))
        wanted = {event_id for event_id, _case in rows}
        found = [update for case in cases.values() for update in self.updates_of(case) if update.id in wanted]
        return sorted(found, key=lambda update: (update.at, update.id))

    def entries(self, start: datetime, end: datetime) -> Rows:
        """Return the query for the ids of the updates of a time and their cases, earliest first."""
        return (
            select(CaseEvent.id, Case)
            .join(Case, Case.id == CaseEvent.case_id)
            .where(Case.kind == KIND, self._readable(), CaseEvent.public, CaseEvent.type.not_in(NO_UPDATES))
            .where(CaseEvent.at >= start, CaseEvent.at < end)
            .order_by(CaseEvent.at, CaseEvent.id)
        )

    def updates_of(self, case: Case) -> Iterator[Update]:
        """Yield the updates of a case, latest first: what the page of a published report shows."""
        states = dict(self._states(case))
        for event in self.work.get(PublicHistory).of(case, audiences=("public",)):
            if event.id in states:
                yield Update(
                    id=event.id,
                    case=case,
                    state=states[event.id],
                    at=event.moment,
                    text=event.text,
                    photos=[photo.key for photo in event.photos],
                )

    def photos(self, case: Case) -> Sequence[Attachment]:
        """Return the public pictures of a case, oldest first."""
        return self.work.get(PublicHistory).photos(case, ("public",))

    def _states(self, case: Case) -> Iterator[tuple[int, str]]:
        """Yield the state after each update in a history."""
        state = "open"
        for event in sorted(self.cases.events(case), key=lambda event: event.id):
            if event.after:
                known = self.kind.workflow.by_name.get(event.after)
                state = STATES.get(event.after) or ("open" if known is None or known.is_open else "closed")
            reopens = event.transition is not None and event.transition == self.kind.reopen
            if event.type not in NO_UPDATES:
                yield event.id, "reopen" if reopens else state

    def _query(self) -> Rows:
        columns = (Case, Report, first_photo())
        return self.work.get(ReportSearch).select(*columns).where(self._readable())

    def _readable(self) -> ColumnElement[bool]:
        me = self.work.actor.user_id
        if not self.reads_own or me is None:
            return Case.public.is_(True)
        sent = select(CaseEvent.case_id).where(CaseEvent.actor_id == me, CaseEvent.type == "opened")
        return Case.public | Case.id.in_(sent)

    # -- writing --------------------------------------------------------------------------------------------

    def create(self, new: NewReport, sender: Values, keys: Sequence[str]) -> Case:
        """Open a case: of the acting citizen, or of an officer or a program for the sender.

        :param sender: ``mobile``, None if unknown, and ``name``.
        :param keys: idempotency keys of this request, the one under which it is stored first; sent again, it is found by
            any of them.
        :raises Forbidden: without the right to register reports, or below the identity level.
        :raises Refused: when a picture no longer exists.
        """
        on_behalf, actor = self.work.get(OnBehalfService), self.work.actor
        reports = self.work.get(ReportService)
        for key in keys:
            stored = (
                f"{KIND}:{actor.user_id}:{key}" if actor.is_citizen else on_behalf.case_key(self.kind, key)
            )
            before = self.cases.by_idempotency_key(stored)
            if before is not None:
                self.was_repeated = True
                return before
        if actor.is_citizen:
            return reports.submit(replace(new, idempotency_key=keys[0]))
        case, _pin = on_behalf.register(
            self.kind,
            {**sender, "source": SOURCE},
            lambda citizen_id, key: reports.make_for(citizen_id, new, key),
            form_key=keys[0],
        )
        return case

    def add_pictures_elsewhere(self, case: Case, addresses: Sequence[str]) -> None:
        """Note the addresses of pictures on other servers, for staff."""
        self.cases.record(case, "commented", data={"expert": False}, internal_text=self._elsewhere(addresses))

    def _elsewhere(self, addresses: Sequence[str]) -> str:
        """Return what staff read of pictures on other servers."""
        return "\n".join([self.work.site.localizer().translate(_("Pictures on other servers:")), *addresses])

    def add_update(
        self, case_id: int, values: Values, sender: Values, pictures: Sequence[str] = ()
    ) -> CaseEvent:
        """Add what another system has to say about a request, which only staff read; the status stays.

        :param values: ``update_id``, ``status``, ``description``.
        :param sender: as of :meth:`create`; they follow the case from now on.
        :param pictures: addresses on other servers.
        :raises NotFound: when there is no such request that the actor may know of.
        :raises Forbidden: without the right to register reports.
        :raises AlreadyThere: when this update has arrived before.
        :raises Refused: when the case is closed.
        """
        if self.work.actor.is_citizen:
            raise Forbidden("updates are for programs and staff")
        query = select(Case).where(Case.id == case_id, Case.kind == KIND, self._readable())
        case = self.session.scalar(query.with_for_update(of=Case))
        if case is None:
            raise NotFound("no such request")
        mark = {UPDATE: values["update_id"]}
        for event in self.cases.events(case):
            if event.actor_id == self.work.actor.user_id and event.data.get(UPDATE) == mark[UPDATE]:
                raise AlreadyThere
        text, status = values["description"], values["status"].lower()
        if status not in ("open", "unchanged"):
            told = _("Status there: ${status}", mapping={"status": status})
            text = f"{text}\n{self.work.site.localizer().translate(told)}"
        if pictures:
            text = f"{text}\n{self._elsewhere(pictures)}"
        said = {**sender, "source": SOURCE, "body": text, "photo_key": ()}
        self.work.get(OnBehalfService).add_call(self.kind, case, said, data=mark)
        return next(event for event in self.cases.events(case) if event.data.get(UPDATE) == mark[UPDATE])
