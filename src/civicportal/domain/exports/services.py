"""Ordering, monitoring and cancelling exports."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import func, select, update

from civicportal.core.db import changed_rows
from civicportal.core.logging import mask
from civicportal.core.storage import new_key
from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.services import AuditService
from civicportal.domain.exports.errors import TooManyRunning
from civicportal.domain.exports.models import RUNNING, ExportJob
from civicportal.domain.exports.scope import is_within
from civicportal.domain.exports.types import Export, ExportDefinition
from civicportal.util.errors import NotFound

MOST_RUNNING = 2
"""Maximum unfinished exports per person."""
KEPT = timedelta(days=3)
"""How long a finished file and its row are kept."""
SHOWN = 20
Words = Sequence[tuple[str, str]]


class ExportService(Service):
    """The exports of the actor."""

    def order(
        self,
        export: Export,
        format_: str,
        columns: Sequence[str],
        address: Mapping[str, str],
        filters: Words,
        locale: str,
    ) -> ExportJob:
        """Put an export into the worker's queue.

        :param columns: names.
        :param address: values of the filters by name.
        :param filters: the same for display.
        :raises TooManyRunning: while two others of this person are not finished.
        """
        user_id = self.work.actor.user_id
        # Concurrent orders of one person are serialised here, so that both count the other.
        self.session.execute(select(User.id).where(User.id == user_id).with_for_update())
        if self._running() >= MOST_RUNNING:
            raise TooManyRunning
        job = ExportJob(
            key=new_key(),
            user_id=user_id,
            name=export.name,
            format=format_,
            columns=list(columns),
            address=dict(address),
            filters=[list(pair) for pair in filters],
            locale=locale,
            created_at=self.work.clock.now(),
        )
        self.session.add(job)
        self.session.flush()
        self.record("order", export, format_, filters)
        return job

    def own(self, key: str) -> ExportJob:
        """Return an export of the actor.

        :raises NotFound: when there is none of this key, or it is another person's.
        """
        mine = (ExportJob.key == key, ExportJob.user_id == self.work.actor.user_id)
        job = self.session.scalar(select(ExportJob).where(*mine))
        if job is None:
            raise NotFound("no such export")
        return job

    def offers(self, job: ExportJob) -> bool:
        """Return whether the file of an actor's export can be downloaded.

        It is complete and not expired, and the actor could export all of it today too: not after losing the right or
        changing the unit.
        """
        export = self.work.site.exports.get(job.name)
        is_kept = (
            job.state == "done" and job.expires_at is not None and job.expires_at > self.work.clock.now()
        )
        may = export is not None and export.is_for(self.work.actor) and is_within(job.scope, self.work.actor)
        return is_kept and may

    def recent(self) -> Sequence[ExportJob]:
        """Return the actor's exports, latest first."""
        mine = select(ExportJob).where(ExportJob.user_id == self.work.actor.user_id)
        return self.session.scalars(mine.order_by(ExportJob.id.desc()).limit(SHOWN)).all()

    def cancel(self, job: ExportJob) -> bool:
        """Cancel an export; False when it is finished already."""
        values = {"state": "cancelled", "finished_at": self.work.clock.now(), "lease_id": None}
        changed = self.session.execute(
            update(ExportJob).where(ExportJob.id == job.id, ExportJob.state.in_(RUNNING)).values(**values),
            execution_options={"synchronize_session": False},
        )
        return bool(changed_rows(changed))

    def record(
        self,
        what: str,
        export: ExportDefinition,
        format_: str,
        filters: Sequence[Sequence[str]],
        rows: int | None = None,
    ) -> None:
        """Record an export in the audit trail: ``export:make``, ``order``, ``take`` or ``print``."""
        chosen = [mask(f"{label}: {words}") for label, words in filters]
        data: dict[str, object] = {"export": export.name, "format": format_, "filters": chosen}
        if rows is not None:
            data["rows"] = rows
        self.work.get(AuditService).record(f"export:{what}", subject_id=None, case_id=None, **data)

    def _running(self) -> int:
        query = select(func.count()).select_from(ExportJob)
        mine = query.where(ExportJob.user_id == self.work.actor.user_id, ExportJob.state.in_(RUNNING))
        return self.session.scalar(mine) or 0
