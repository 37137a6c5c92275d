"""An import: every line is read, checked and, if asked, written.

Lines are written in chunks, each in one transaction with the note of what it became. So an import that was interrupted
at any point is continued by the same command, and the same file imports nothing twice.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from civicportal.core.security import Identity
from civicportal.domain.audit.services import AuditService
from civicportal.portal.importing.cases import CaseEntity
from civicportal.portal.importing.chunks import Chunk, Entity
from civicportal.portal.importing.errors import ImportRefused, LineProblem, LineRefused, MappingError
from civicportal.portal.importing.mapping import ImportMapping, ImportSection
from civicportal.portal.importing.models import ImportBatch, ImportedRow, counts_of
from civicportal.portal.importing.organization import CategoryEntity, UnitEntity
from civicportal.portal.importing.people import PeopleEntity
from civicportal.portal.importing.pictures import PictureReader, RowPictures
from civicportal.portal.importing.report import ImportReport
from civicportal.portal.importing.sources import SourceFile, SourceRow
from civicportal.portal.importing.staff import StaffEntity
from civicportal.portal.importing.staging import Staging, staging
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

CHUNK = 500
"""Lines in one transaction."""
PATIENCE = 120
"""Statement timeout in seconds."""
_BLOCK = 1 << 20
ENTITY_TYPES: dict[str, type[Entity]] = {
    one.name: one for one in (UnitEntity, CategoryEntity, StaffEntity, PeopleEntity, CaseEntity)
}

Progress = Callable[[str, int], None]
"""Called with the name of the file and the number of lines done."""

CHANGED = _("This line was imported before and has changed since: what it became stays as it is.")
TWICE = _("An earlier line of this import has the same key and other content.")


@dataclass(kw_only=True)
class ImportSummary:
    """Result of an import.

    :ivar batch: number of the batch; None for a dry run.
    :ivar counts: by entity, the number of lines: "new", "present", "changed", "rejected", and of "warning".
    :ivar reasons: number of lines by reason.
    """

    batch: int | None = None
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """Return the number of lines that were not imported."""
        return sum(found["rejected"] for found in self.counts.values())


def import_files(
    site: "Site",
    mapping: ImportMapping,
    files: Sequence[Path],
    report: ImportReport,
    *,
    apply: bool,
    progress: Progress,
    attachments: Path | None = None,
    actor: Identity = Identity.SYSTEM,
) -> ImportSummary:
    """Read files, report every problem, and import the rest.

    :param apply: write; without it nothing is changed.
    :param attachments: the folder of the pictures that the files name.
    :raises ImportRefused: when a file cannot be read or does not fit the mapping; then nothing was written of it.
    """
    pictures = PictureReader(site, attachments, store=apply)
    run = _Run(site, mapping, files, report, pictures, apply=apply, progress=progress, actor=actor)
    return run.run()


class _Run:
    def __init__(
        self,
        site: "Site",
        mapping: ImportMapping,
        files: Sequence[Path],
        report: ImportReport,
        pictures: PictureReader,
        *,
        apply: bool,
        progress: Progress,
        actor: Identity,
    ) -> None:
        self._site, self._mapping, self._report, self._pictures = site, mapping, report, pictures
        self._apply, self._progress, self._actor = apply, progress, actor
        self._files = [
            (mapping.section_of(path.name), SourceFile(path, mapping.encoding, mapping.delimiter))
            for path in files
        ]
        self._summary = ImportSummary()

    def run(self) -> ImportSummary:
        """Import the files in the order of their entities."""
        for section, file in self._files:
            section.refuse_missing(file.headers(), file.name)
        if self._apply:
            self._summary.batch = self._begin()
        with staging() as staged:
            self._stage_history(staged)
            for section in self._mapping.sections:
                for of, file in self._files:
                    if of is section and section.entity in ENTITY_TYPES:
                        self._import(section, file, staged)
        if self._apply:
            self._end()
        self._summary.reasons = self._report.reasons
        return self._summary

    # -- batches --------------------------------------------------------------------------------------------

    def _begin(self) -> int:
        """Return the batch of these files: the one begun before, if any."""
        digest = self._digest()
        with self._work() as work:
            same = select(ImportBatch).where(ImportBatch.digest == digest, ImportBatch.state != "undone")
            batch = work.session.scalar(same.order_by(ImportBatch.id.desc()).limit(1))
            if batch is not None and batch.state == "undoing":
                raise ImportRefused(_("batch ${n} is being undone: end that first", mapping={"n": batch.id}))
            if batch is None:
                batch = ImportBatch(
                    source=self._mapping.source,
                    files=[file.name for _section, file in self._files],
                    digest=digest,
                    created_at=work.clock.now(),
                    actor_id=self._actor.user_id,
                )
                work.session.add(batch)
            batch.state = "running"
            work.session.flush()
            work.get(AuditService).record(
                "import:begin", batch=batch.id, source=batch.source, files=batch.files
            )
            return batch.id

    def _end(self) -> None:
        with self._work() as work:
            batch = work.session.get_one(ImportBatch, self._summary.batch)
            batch.state, batch.finished_at = "done", work.clock.now()
            batch.counts = counts_of(work, batch.id)
            counts = {entity: dict(found) for entity, found in self._summary.counts.items()}
            work.get(AuditService).record("import:end", batch=batch.id, lines=counts)

    def _digest(self) -> str:
        found = hashlib.sha256(self._mapping.text.encode())
        for _section, file in self._files:
            found.update(b"\0" + file.name.encode() + b"\0")
            with file.path.open("rb") as content:
                while block := content.read(_BLOCK):
                    found.update(block)
        return found.hexdigest()

    # -- lines ----------------------------------------------------------------------------------------------

    def _stage_history(self, staged: Staging) -> None:
        for section, file in self._files:
            if section.entity != "history":
                continue
            if self._mapping.section("cases") is None:
                raise MappingError(_("[history] needs a table [cases]"))
            for number, rows in enumerate(_chunks(file)):
                self._progress(file.name, number * CHUNK)
                staged.add_history((section.text(row.values, "case"), row) for row in rows if not row.flaw)
        staged.finish()

    def _import(self, section: ImportSection, file: SourceFile, staged: Staging) -> None:
        counts = self._summary.counts.setdefault(section.entity, Counter())
        done = 0
        for rows in _chunks(file):
            pictures = self._read_pictures(section, rows, staged)
            with self._work() as work:
                if self._apply:
                    self._hold(work)
                entity = ENTITY_TYPES[section.entity](work, self._mapping, section, staged)
                entity.pictures = pictures
                chunk = self._read(work, entity, rows)
                if self._apply:
                    self._write(work, entity, chunk)
            # Reported after the commit: a chunk that is repeated reports again.
            counts.update(chunk.counts)
            self._report.learn(chunk.keys)
            for row, key, problem in chunk.problems:
                self._report.add(file.name, row.line, key, problem)
            done += len(rows)
            self._progress(file.name, done)

    def _read_pictures(
        self, section: ImportSection, rows: Sequence[SourceRow], staged: Staging
    ) -> dict[str, RowPictures]:
        """Return the pictures of new lines; they are decoded outside any transaction."""
        if "attachments" not in section.columns:
            return {}
        with self._site.work(actor=self._actor, write=False) as work:
            entity = ENTITY_TYPES[section.entity](work, self._mapping, section, staged)
            texts = {
                entity.key_of(row): section.text(row.values, "attachments") for row in rows if not row.flaw
            }
            known = self._known(work, entity, list(texts))
        return self._pictures.read({key: text for key, text in texts.items() if key and key not in known})

    def _read(self, work: "Work", entity: Entity, rows: Sequence[SourceRow]) -> Chunk:
        """Return what is new in some rows, and their problems."""
        chunk = Chunk()
        prepared = [(row, entity.key_of(row) if not row.flaw else "") for row in rows]
        chunk.keys = [key for _row, key in prepared]
        entity.prepare([key for _row, key in prepared if key])
        known = self._known(work, entity, [key for _row, key in prepared])
        for row, key in prepared:
            if row.flaw or not key:
                reason = _("The line cannot be read.") if row.flaw else _("The key is missing.")
                chunk.refuse(row, key, LineProblem(reason=reason, value=row.flaw))
                continue
            digest = entity.digest_of(row)
            before, earlier = known.get(key), entity.staged.seen(entity.name, key)
            # A person who came with a case has no line of their own yet.
            if digest in (before, earlier) or before == "":
                chunk.counts["present"] += 1
            elif before is not None or earlier is not None:
                chunk.change(row, key, LineProblem(reason=CHANGED if before else TWICE, level="changed"))
            else:
                try:
                    warnings = entity.read(row)
                except LineRefused as refused:
                    chunk.refuse(row, key, *refused.problems)
                else:
                    entity.staged.see(entity.name, key, digest)
                    if warnings is None:
                        chunk.counts["present"] += 1
                    else:
                        chunk.take(row, key, digest, warnings)
        return chunk

    def _known(self, work: "Work", entity: Entity, keys: Sequence[str]) -> dict[str, str]:
        """Return the digests of lines that were imported before."""
        query = select(ImportedRow.key, ImportedRow.digest).where(
            ImportedRow.source == self._mapping.source,
            ImportedRow.entity == entity.name,
            ImportedRow.key.in_(keys),
        )
        return dict(work.session.execute(query).all())

    def _write(self, work: "Work", entity: Entity, chunk: Chunk) -> None:
        """Write what is new with the note of what it became."""
        if not chunk.new:
            return
        rows = [
            self._note(entity.name, key, digest, row_id, last)
            for (key, digest), (row_id, last) in zip(chunk.new, entity.write(), strict=True)
        ]
        if entity.new_people:
            # Of a person whose number is free since they were erased.
            former = (ImportedRow.source == self._mapping.source, ImportedRow.entity == "people")
            keys = [key for key, _user_id in entity.new_people]
            work.session.execute(delete(ImportedRow).where(*former, ImportedRow.key.in_(keys)))
        rows += [self._note("people", key, "", user_id, None) for key, user_id in entity.new_people]
        work.session.execute(insert(ImportedRow), rows)

    def _note(self, entity: str, key: str, digest: str, row_id: int, last: int | None) -> dict[str, object]:
        return {
            "source": self._mapping.source,
            "entity": entity,
            "key": key,
            "batch_id": self._summary.batch,
            "digest": digest,
            "row_id": row_id,
            "last_event_id": last,
        }

    def _hold(self, work: "Work") -> None:
        """Let no other import write at the same time; it would not see the lines of this one."""
        if work.site.engines.dialect == "postgresql":
            work.session.execute(select(func.pg_advisory_xact_lock(func.hashtext("civicportal import"))))
        batch = work.session.get(ImportBatch, self._summary.batch, with_for_update=True)
        if batch is None or batch.state != "running":
            raise ImportRefused(_("batch ${n} is no longer running", mapping={"n": self._summary.batch}))

    def _work(self) -> "AbstractContextManager[Work]":
        return self._site.work(actor=self._actor, write=self._apply, patience=PATIENCE)


def _chunks(file: SourceFile) -> Iterator[list[SourceRow]]:
    rows = file.rows()
    while some := list(islice(rows, CHUNK)):
        yield some
