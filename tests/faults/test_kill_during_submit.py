"""Killing the server during submissions loses and duplicates nothing."""

import random
import time
from pathlib import Path

import pytest
from PIL import Image
from portal import READY, Portal, running
from selection import LONG
from senders import Senders, by_form, senders
from sqlalchemy import func, select, text

from civicportal.domain.cases.models import Attachment, Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.statistics.services import StatisticsService

KILLS = 40 if LONG else 3


def _wait_for_commit(portal: Portal) -> None:
    """Return when one more case is in the database: its citizen may not know of it yet."""
    before, latest = _last_case(portal), time.monotonic() + READY
    while _last_case(portal) == before:
        assert time.monotonic() < latest


def _last_case(portal: Portal) -> int | None:
    with portal.site.engines.read.connect() as connection:
        return connection.scalar(select(func.max(Case.id)))


def _kill_again_and_again(portal: Portal, kills: int) -> Senders:
    citizens = senders(portal)
    dice = random.Random(1405)
    portal.start()
    citizens.start()
    try:
        for number in range(kills):
            citizens.wait_for(1)
            if number % 2:
                time.sleep(dice.uniform(0.0, 0.5))
            else:
                _wait_for_commit(portal)
            portal.kill()
            portal.start()
        citizens.wait_for(1)
    finally:
        citizens.finish()
        portal.kill()
    return citizens


@pytest.mark.both_databases
@pytest.mark.fault
def test_acknowledged_cases_are_complete_and_not_duplicated(
    tmp_path: Path, empty_database: str, civic_session
) -> None:
    with running(tmp_path, empty_database, make_tables=civic_session.databases.migrate) as portal:
        citizens = _kill_again_and_again(portal, KILLS)
        acknowledged = citizens.acknowledged
        assert citizens.refused == []
        assert len(acknowledged) >= KILLS
        with portal.site.work(write=False) as work:
            session = work.session
            cases = session.scalars(select(Case)).all()
            codes = [case.code for case in cases]
            assert set(acknowledged.values()) <= set(codes)
            assert len(set(acknowledged.values())) == len(acknowledged)
            assert len(by_form(cases)) == len(cases)
            assert _count_by_case(session, CaseEvent.case_id, CaseEvent.type == "opened") == {
                c.id: 1 for c in cases
            }
            assert _count_by_case(session, Referral.case_id, Referral.type == "action") == {
                c.id: 1 for c in cases
            }
            assert _count_by_case(session, OutboxMessage.case_id) == {c.id: 1 for c in cases}
            assert _count_by_case(session, Attachment.case_id) == {c.id: 1 for c in cases}
            for attachment in session.scalars(select(Attachment).where(Attachment.case_id.is_not(None))):
                _assert_whole(portal, attachment)
            assert work.get(StatisticsService).verify() == {}
            if portal.site.engines.dialect == "sqlite":
                assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        print(f"kills={KILLS} acknowledged={len(acknowledged)} cases={len(cases)}")  # noqa: T201 - the ledger of the run


def _count_by_case(session, column, *conditions):
    query = select(column, func.count()).where(column.is_not(None), *conditions).group_by(column)
    return dict(session.execute(query).all())


def _assert_whole(portal: Portal, attachment: Attachment) -> None:
    for name in (attachment.key, f"{attachment.key}.small"):
        with portal.site.storage.open(name) as file, Image.open(file) as image:
            image.load()
