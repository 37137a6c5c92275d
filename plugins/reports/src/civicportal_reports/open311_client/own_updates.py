"""What became of our updates for other servers."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import aliased
from translationstring import TranslationString

from civicportal.api.cases import Case, CaseEvent, CaseService
from civicportal.api.database import Service
from civicportal.api.lists import Rows
from civicportal.api.plugins import NotFound
from civicportal_reports.i18n import _
from civicportal_reports.open311_client.models import OwnUpdate, RemoteDelivery, RemoteServer
from civicportal_reports.open311_client.services import PAGE, PATIENCE, RemoteService

FAILED = ("dead", "unclear")
"""States of which a person decides what comes next."""
_later = aliased(OwnUpdate)
_IS_OVERTAKEN = exists().where(
    _later.delivery_id == OwnUpdate.delivery_id,
    _later.id > OwnUpdate.id,
    _later.state.in_(("sent", "leased", "unclear")),
)


@dataclass(frozen=True, kw_only=True)
class UpdateRow:
    """An update in the list.

    :ivar title: what it tells.
    :ivar is_overtaken: a later update of the same case was sent, so this one would set the status there back.
    """

    update: OwnUpdate
    case: Case
    title: TranslationString
    is_overtaken: bool

    @property
    def has_failed(self) -> bool:
        """Return whether a person decides if it is sent again; not if it was overtaken."""
        return self.update.state in FAILED


@dataclass(frozen=True, kw_only=True)
class UpdatePage:
    """A page of the list, the latest update first.

    :ivar older: the parameter ``before`` of the next page; None on the last one.
    """

    rows: Sequence[UpdateRow]
    older: int | None


class OwnUpdateService(Service):
    """List our updates for a server, and send failed ones again."""

    def counts(self, server: RemoteServer) -> dict[str, int]:
        """Return the number of updates by their state."""
        query = (
            select(OwnUpdate.state, func.count())
            .join(RemoteDelivery, RemoteDelivery.id == OwnUpdate.delivery_id)
            .where(RemoteDelivery.server_id == server.id)
            .group_by(OwnUpdate.state)
        )
        return dict(self.session.execute(query).all())

    def page(self, server: RemoteServer, wanted: str = "", before: int | None = None) -> UpdatePage:
        """Return a page of the updates for a server.

        :param wanted: a state; empty for all.
        :param before: id of the last one of the page before.
        """
        query = self._rows(server)
        if wanted:
            query = query.where(OwnUpdate.state == wanted)
        if before is not None:
            query = query.where(OwnUpdate.id < before)
        found = self.session.execute(query.order_by(OwnUpdate.id.desc()).limit(PAGE + 1)).all()
        rows = [
            UpdateRow(update=row, case=case, title=self._title(case, event), is_overtaken=is_overtaken)
            for row, case, event, is_overtaken in found[:PAGE]
        ]
        return UpdatePage(rows=rows, older=rows[-1].update.id if len(found) > PAGE else None)

    def send_again(self, server: RemoteServer, update_id: int | None = None) -> int:
        """Have failed updates sent again, and return how many.

        One that a later update of the same case has overtaken stays: it would set the status there back.

        :param update_id: only this one, which may also be one of which it is unclear whether it arrived: the person who
            calls has made sure that it did not.
        :raises NotFound: when the server gets no such update.
        """
        mine = select(RemoteDelivery.id).where(RemoteDelivery.server_id == server.id)
        which = [OwnUpdate.delivery_id.in_(mine), ~_IS_OVERTAKEN]
        if update_id is None:
            which.append(OwnUpdate.state == "dead")
        else:
            self._require(server, update_id)
            which += [OwnUpdate.id == update_id, OwnUpdate.state.in_(FAILED)]
        now = self.work.clock.now()
        changed = self.session.scalars(
            update(OwnUpdate)
            .where(*which)
            .values(state="new", attempts=0, next_at=now, expires_at=now + PATIENCE, last_error="")
            .returning(OwnUpdate.id)
            .execution_options(synchronize_session="fetch")
        ).all()
        if changed:
            service = self.work.get(RemoteService)
            service.forget_failures(server.id)
            service.record("again", server, len(changed))
        return len(changed)

    def _require(self, server: RemoteServer, update_id: int) -> None:
        query = (
            select(OwnUpdate.id)
            .join(RemoteDelivery, RemoteDelivery.id == OwnUpdate.delivery_id)
            .where(OwnUpdate.id == update_id, RemoteDelivery.server_id == server.id)
        )
        if self.session.scalars(query).first() is None:
            raise NotFound("no such update")

    def _rows(self, server: RemoteServer) -> Rows:
        return (
            select(OwnUpdate, Case, CaseEvent, _IS_OVERTAKEN)
            .join(RemoteDelivery, RemoteDelivery.id == OwnUpdate.delivery_id)
            .join(Case, Case.id == RemoteDelivery.case_id)
            .join(CaseEvent, CaseEvent.id == OwnUpdate.event_id)
            .where(RemoteDelivery.server_id == server.id)
        )

    def _title(self, case: Case, event: CaseEvent) -> TranslationString:
        if event.type == "published":
            return _("Published pictures")
        if not event.after:
            return _("A public note")
        return self.work.get(CaseService).kind(case).public_status(event.after)
