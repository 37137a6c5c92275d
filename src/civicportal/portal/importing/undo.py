"""Taking back an import."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, false, or_, select

from civicportal.core.security import Identity
from civicportal.domain.accounts.models import Session as UserSession
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.models import Case, CaseEvent, Follower
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.importing import CaseImportService, WrittenCase
from civicportal.domain.organization.editing import is_used
from civicportal.domain.organization.models import Category, Unit
from civicportal.portal.importing.errors import ImportRefused
from civicportal.portal.importing.models import ImportBatch, ImportedRow, counts_of
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

CHUNK = 200
"""Cases deleted in one transaction."""
PATIENCE = 120
"""Statement timeout in seconds."""


@dataclass(frozen=True, kw_only=True)
class UndoResult:
    """Result of an undo.

    :ivar cases: number of deleted cases.
    :ivar people: number of deleted people.
    :ivar others: number of deleted units and categories.
    :ivar kept: tracking codes of cases that something has happened to since.
    """

    cases: int
    people: int
    others: int
    kept: Sequence[str]


def undo_batch(
    site: "Site", number: int, progress: Callable[[int], None], *, actor: Identity = Identity.SYSTEM
) -> UndoResult:
    """Delete what a batch has imported and no one has touched since.

    An interrupted undo is continued by the next one.

    :param progress: called with the number of cases done.
    :raises ImportRefused: when there is no such batch, or it is undone.
    """
    with site.work(actor=actor) as work:
        batch = work.session.get(ImportBatch, number, with_for_update=True)
        if batch is None or batch.state == "undone":
            words = _("there is no batch ${n}") if batch is None else _("batch ${n} is undone already")
            raise ImportRefused(_(words, mapping={"n": number}))
        batch.state = "undoing"
        work.get(AuditService).record("import:undo", batch=number, source=batch.source)
    kept, cases, after = list[str](), 0, 0
    while True:
        with site.work(actor=actor, patience=PATIENCE) as work:
            rows = _rows(work, number, "cases", after)
            if rows:
                after = rows[-1].row_id
                removed, codes = _undo_cases(work, number, rows)
                cases += removed
                kept += codes
                done = len(rows)
        if not rows:
            break
        progress(done)
    people = others = 0
    for entity in ("people", "staff", "categories", "units"):
        before = None
        while True:
            with site.work(actor=actor, patience=PATIENCE) as work:
                ids = _latest(work, number, entity, before)
                if not ids:
                    break
                before = ids[-1]
                if entity in ("people", "staff"):
                    people += _undo_people(work, number, entity, ids)
                else:
                    others += _undo_nodes(work, number, entity, ids)
    with site.work(actor=actor) as work:
        batch = work.session.get_one(ImportBatch, number)
        # Lines whose cases stay are still known, so that they are not imported again.
        batch.state = "done" if kept else "undone"
        batch.counts = counts_of(work, number)
        work.get(AuditService).record(
            "import:undone", batch=number, cases=cases, people=people, kept=len(kept)
        )
    return UndoResult(cases=cases, people=people, others=others, kept=kept)


def _rows(work: "Work", number: int, entity: str, after: int) -> Sequence[ImportedRow]:
    query = select(ImportedRow).where(
        ImportedRow.batch_id == number, ImportedRow.entity == entity, ImportedRow.row_id > after
    )
    return work.session.scalars(query.order_by(ImportedRow.row_id).limit(CHUNK)).all()


def _undo_cases(work: "Work", number: int, rows: Sequence[ImportedRow]) -> tuple[int, list[str]]:
    service = work.get(CaseImportService)
    ids = [row.row_id for row in rows]
    # Locked first: what happens from now on waits, and finds no case.
    work.session.execute(select(Case.id).where(Case.id.in_(ids)).with_for_update())
    touched = service.touched([WrittenCase(row.row_id, row.last_event_id or 0) for row in rows])
    gone = [one for one in ids if one not in touched]
    removed = service.remove(gone)
    _forget(work, number, "cases", gone)
    codes = work.session.scalars(select(Case.code).where(Case.id.in_(touched)).order_by(Case.id)).all()
    return removed, list(codes)


def _latest(work: "Work", number: int, entity: str, before: int | None) -> Sequence[int]:
    """Return the ids of some rows, latest first: what is below a row comes before it."""
    query = select(ImportedRow.row_id).where(ImportedRow.batch_id == number, ImportedRow.entity == entity)
    if before is not None:
        query = query.where(ImportedRow.row_id < before)
    return work.session.scalars(query.order_by(ImportedRow.row_id.desc()).limit(CHUNK)).all()


def _undo_people(work: "Work", number: int, entity: str, ids: Sequence[int]) -> int:
    """Delete people who have done nothing; the others stay."""
    active = or_(
        User.username.is_not(None) if entity == "people" else false(),
        User.last_seen_at.is_not(None),
        User.password_hash.is_not(None),
        exists().where(Case.citizen_id == User.id),
        exists().where(Follower.user_id == User.id),
        exists().where(CaseEvent.actor_id == User.id),
        exists().where(or_(Referral.to_user_id == User.id, Referral.taken_by_id == User.id)),
        exists().where(UserSession.user_id == User.id),
    )
    was_created = select(ImportBatch.created_at).where(ImportBatch.id == number).scalar_subquery()
    query = select(User).where(User.id.in_(ids), ~active, User.created_at >= was_created)
    gone = work.session.scalars(query).all()
    for user in gone:
        # By the session, which notices that lists of colleagues change.
        work.session.delete(user)
    work.session.flush()
    _forget(work, number, entity, ids)
    return len(gone)


def _undo_nodes(work: "Work", number: int, entity: str, ids: Sequence[int]) -> int:
    """Delete units or categories that nothing refers to; the others stay."""
    gone = 0
    for row_id in ids:
        row = work.session.get(Unit, row_id) if entity == "units" else work.session.get(Category, row_id)
        if row is not None and not is_used(work, row):
            work.session.delete(row)
            work.session.flush()
            gone += 1
    _forget(work, number, entity, ids)
    return gone


def _forget(work: "Work", number: int, entity: str, ids: Sequence[int]) -> None:
    """Delete the notes of lines, so that they can be imported again."""
    of_batch = (ImportedRow.batch_id == number, ImportedRow.entity == entity)
    work.session.execute(delete(ImportedRow).where(*of_batch, ImportedRow.row_id.in_(ids)))
