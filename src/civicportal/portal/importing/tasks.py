"""Imports that an administrator prepares on the page, and their steps, which the worker takes."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select

from civicportal.core.storage import new_key
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.portal.importing.contents import FileContents
from civicportal.portal.importing.models import UNFINISHED, ImportBatch, ImportFile, ImportTask
from civicportal.util.errors import NotFound, Refused
from civicportal.util.folders import delete_left_behind
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

MANAGE = "core:import:manage"
KEPT = timedelta(days=7)
"""How long the files, the report and the mapping are kept after the last step."""
MOST = 20
"""Imports that are kept at a time."""
MOST_FILES = 10
MOST_ARCHIVES = 60
"""Archives of one import, each of them an upload of its own."""
SHOWN = 50
"""Batches on one page."""


class ImportTaskService(Service):
    """Prepared imports, for those who may import."""

    def all(self) -> Sequence[ImportTask]:
        """Return the prepared imports, latest first."""
        query = select(ImportTask).where(ImportTask.step != "undo").order_by(ImportTask.id.desc())
        return self.session.scalars(query).all()

    def fetch(self, key: str, *, lock: bool = False) -> ImportTask:
        """Return a prepared import.

        :raises NotFound: when there is none with this key.
        """
        query = select(ImportTask).where(ImportTask.key == key)
        found = self.session.scalar(query.with_for_update() if lock else query)
        if found is None:
            raise NotFound("no such import")
        return found

    def files(self, tasks: Collection[ImportTask]) -> dict[int, list[ImportFile]]:
        """Return the uploaded files by the id of their import, in the order of their upload."""
        found: dict[int, list[ImportFile]] = {task.id: [] for task in tasks}
        query = select(ImportFile).where(ImportFile.task_id.in_(found)).order_by(ImportFile.id)
        for file in self.session.scalars(query):
            found[file.task_id].append(file)
        return found

    def refuse_full(self) -> None:
        """Refuse another import while there are as many as there may be.

        :raises Refused: when there are.
        """
        number = self.session.scalar(select(func.count()).select_from(ImportTask)) or 0
        if number >= MOST:
            raise Refused(_("There are too many prepared imports. Delete one that is not needed."))

    def add(self, files: Sequence[tuple[str, str, int]], kind: str, mapping: str) -> ImportTask:
        """Add an import, whose files the worker reads first.

        :param files: name, key in the storage and size in bytes.
        :param kind: of its cases.
        :param mapping: the mapping file.
        """
        task = self._new("read", kind=kind, mapping=mapping)
        self.session.add_all(
            ImportFile(task_id=task.id, name=name, key=key, size=size) for name, key, size in files
        )
        self._record("upload", task, files=[name for name, _key, _size in files])
        return task

    def add_server(
        self,
        address: str,
        jurisdiction: str,
        days: tuple[date | None, date | None],
        kind: str,
        mapping: str,
    ) -> ImportTask:
        """Add an import from an Open311 server, which the worker reads first.

        :param address: in its usual form.
        :param days: the first and the last day of its requests.
        :param kind: of its cases.
        :param mapping: the mapping file.
        """
        task = self._new("read", kind=kind, mapping=mapping)
        task.address, task.jurisdiction = address, jurisdiction
        task.first_day, task.last_day = days
        self._record("server", task, host=urlsplit(address).hostname)
        return task

    def add_pictures(self, task: ImportTask, files: Sequence[tuple[str, str, int]]) -> None:
        """Add archives with pictures; a former check is void.

        :param files: name, key in the storage and size in bytes.
        :raises Refused: while a step is taken, or when there are too many archives.
        """
        self._refuse_running(task)
        before = [file.name for file in self.files([task])[task.id]]
        if len(before) + len(files) > MOST_ARCHIVES:
            raise Refused(_("At most ${count} are allowed here.", mapping={"count": MOST_ARCHIVES}))
        task.checked, task.expires_at = "", self.work.clock.now() + KEPT
        self.session.add_all(
            ImportFile(task_id=task.id, name=name, key=key, size=size) for name, key, size in files
        )
        self._record("upload", task, files=[name for name, _key, _size in files])

    def contents(self, task: ImportTask) -> dict[str, FileContents]:
        """Return what is in the files by their names."""
        return {name: FileContents.of(found) for name, found in task.contents.items()}

    def change(self, task: ImportTask, mapping: str, contents: dict[str, FileContents] | None = None) -> None:
        """Save the mapping; a former check is void if it is another one.

        :raises Refused: while a step is taken.
        """
        self._refuse_running(task)
        if contents is not None:
            task.contents = {name: one.to_json() for name, one in contents.items()}
        if mapping != task.mapping:
            task.mapping = mapping
            task.expires_at = self.work.clock.now() + KEPT
            self._record("map", task)

    def is_checked(self, task: ImportTask) -> bool:
        """Return whether the present mapping was checked."""
        return bool(task.checked) and task.checked == digest_of(task.mapping)

    def order_read(self, task: ImportTask) -> None:
        """Order to read the server again: what it has answered before is not asked for again.

        :raises NotFound: when it is no import from a server.
        :raises Refused: while a step is taken.
        """
        if not task.address:
            raise NotFound("files are read once")
        self._order(task, "read")
        task.checked, task.counts, task.reasons = "", {}, []
        self._record("server", task, host=urlsplit(task.address).hostname)

    def order_check(self, task: ImportTask) -> None:
        """Order a check.

        :raises Refused: while a step is taken.
        """
        self._order(task, "check")
        self._record("check", task)

    def order_apply(self, task: ImportTask) -> None:
        """Order an import.

        :raises Refused: while a step is taken, or when the mapping was not checked.
        """
        if not self.is_checked(task):
            raise Refused(_("Check the files with this mapping first."))
        self._order(task, "apply")
        self._record("apply", task)

    def order_undo(self, batch_id: int) -> ImportTask:
        """Order to take a batch back.

        :raises NotFound: when there is no such batch.
        :raises Refused: when it was taken back, or runs.
        """
        batch = self.batch(batch_id, lock=True)
        if batch.state == "undone":
            raise Refused(_("This import was taken back already."))
        waits = select(ImportTask).where(ImportTask.batch_id == batch_id, ImportTask.state.in_(UNFINISHED))
        if self.session.scalar(waits.limit(1)) is not None:
            raise Refused(_("The worker is busy with this import. Wait until it has ended."))
        task = self._new("undo")
        task.batch_id = batch_id
        return task

    def batches(self, before: int | None = None) -> Sequence[ImportBatch]:
        """Return batches, latest first.

        :param before: only those with a lower id.
        """
        query = select(ImportBatch).order_by(ImportBatch.id.desc()).limit(SHOWN + 1)
        return self.session.scalars(query.where(ImportBatch.id < before) if before else query).all()

    def batch(self, batch_id: int, *, lock: bool = False) -> ImportBatch:
        """Return a batch.

        :raises NotFound: when there is no such batch.
        """
        found = self.session.get(ImportBatch, batch_id, with_for_update=lock or None)
        if found is None:
            raise NotFound("no such batch")
        return found

    def cancel(self, task: ImportTask) -> bool:
        """Stop a step after the present lines; return whether it was not ended already."""
        if not task.is_running:
            return False
        task.state, task.finished_at = "cancelled", self.work.clock.now()
        self._record("cancel", task)
        return True

    def delete(self, task: ImportTask) -> list[str]:
        """Delete a prepared import, and return the keys of its files in the storage: to be deleted after the commit.

        :raises Refused: while a step is taken.
        """
        self._refuse_running(task)
        keys = [*(file.key for file in self.files([task])[task.id]), *filter(None, [task.report])]
        self._record("delete", task)
        self.session.execute(delete(ImportTask).where(ImportTask.id == task.id))
        return keys

    def record_report(self, task: ImportTask) -> None:
        """Record that the report was downloaded."""
        self._record("report", task)

    def _new(self, step: str, *, kind: str = "", mapping: str = "") -> ImportTask:
        now = self.work.clock.now()
        task = ImportTask(
            key=new_key(),
            created_by_id=self.work.actor.user_id,
            locale=self.work.locale,
            step=step,
            state="waiting",
            kind=kind,
            mapping=mapping,
            created_at=now,
            expires_at=now + KEPT,
        )
        self.session.add(task)
        self.session.flush()
        return task

    def _order(self, task: ImportTask, step: str) -> None:
        self._refuse_running(task)
        now = self.work.clock.now()
        task.step, task.state, task.error, task.attempts, task.done = step, "waiting", "", 0, 0
        task.created_by_id, task.locale = self.work.actor.user_id, self.work.locale
        task.finished_at, task.expires_at = None, now + KEPT

    def _refuse_running(self, task: ImportTask) -> None:
        if task.is_running:
            raise Refused(_("The worker is busy with this import. Wait until it has ended."))

    def _record(self, what: str, task: ImportTask, **data: object) -> None:
        self.work.get(AuditService).record(
            f"import:{what}", subject_id=None, case_id=None, task=task.id, **data
        )


def digest_of(mapping: str) -> str:
    """Return a digest of a mapping."""
    return hashlib.sha256(mapping.encode()).hexdigest()


def clean_imports(site: "Site") -> None:
    """Delete expired imports, then their files, and what killed processes have left of others."""
    with site.work() as work:
        service = work.get(ImportTaskService)
        old = select(ImportTask).where(
            ImportTask.expires_at <= work.clock.now(), ImportTask.state.not_in(UNFINISHED)
        )
        keys = [key for task in work.session.scalars(old).all() for key in service.delete(task)]
    for key in keys:
        site.storage.delete(key)
    delete_left_behind("import")
