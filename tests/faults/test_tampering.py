"""Tampering with the audit trail as the database's owner: each random change is detected."""

import random
from datetime import timedelta
from typing import Any

import pytest
from selection import LONG
from sqlalchemy import delete, select, update

from civicportal.domain.audit.append_only import without_guards
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.audit.seals import SealService
from civicportal.domain.audit.services import AuditService

pytestmark = pytest.mark.fault

ROWS = 200
CHANGES = 200 if LONG else 30


def flaws(site: Any) -> int:
    with site.work(write=False) as work:
        return len(work.get(SealService).verify().flaws)


@pytest.mark.both_databases
def test_every_change_at_random_is_found(site: Any, clock: Any) -> None:
    with site.work() as work:
        for number in range(ROWS):
            work.get(AuditService).record("role:change", subject_id=number, given=["handler"], note="به او")
    clock.advance(seconds=11)
    with site.work() as work:
        work.get(SealService).seal()
        rows = [dict(row) for row in work.session.execute(select(AuditEvent.__table__)).mappings()]
    assert flaws(site) == 0
    dice = random.Random(1405)
    for number in range(CHANGES):
        row = dice.choice(rows)
        with site.work() as work, without_guards(work.session.connection()):
            work.session.execute(tampering(row, dice))
        assert flaws(site) > 0, f"change {number} of row {row['id']}"
        with site.work() as work, without_guards(work.session.connection()):
            work.session.execute(delete(AuditEvent).where(AuditEvent.id == row["id"]))
            work.session.execute(AuditEvent.__table__.insert().values(**row))
    assert flaws(site) == 0


def tampering(row: dict[str, Any], dice: random.Random) -> Any:
    """Return a statement that deletes a row, or changes one of its columns."""
    this = AuditEvent.id == row["id"]
    change = dice.choice(
        (
            {"at": row["at"] + timedelta(seconds=dice.randint(1, 10**6))},
            {"action": "logout"},
            {"subject_id": row["subject_id"] + dice.randint(1, 1000)},
            {"realm": "citizen"},
            {"actor_id": None if row["actor_id"] else 1},
            None,
        )
    )
    found = (
        delete(AuditEvent).where(this) if change is None else update(AuditEvent).where(this).values(**change)
    )
    return found.execution_options(synchronize_session=False)
