"""Seals over the trail and the histories: whatever is changed afterwards shows, but not what is forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from civicportal.domain.audit.append_only import without_guards
from civicportal.domain.audit.jobs import seal as seal_all
from civicportal.domain.audit.models import AuditEvent, AuditSeal
from civicportal.domain.audit.seals import SealService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.testing import make_case, make_citizen
from civicportal.web.counting import statements

pytestmark = pytest.mark.both_databases

EVENTS = 20


@pytest.fixture
def trail(site, clock):
    """Write and seal a trail of twenty events and the history of a case."""
    with site.work() as work:
        case = make_case(work, citizen=make_citizen(work))
        work.get(CaseService).comment(case, "بازدید شد.")
        for number in range(EVENTS):
            work.get(AuditService).record("role:change", subject_id=number, given=["handler"], note="به او")
    clock.advance(seconds=11)
    seal(site)
    return case


def seal(site):
    with site.work() as work:
        return work.get(SealService).seal()


def verify(site, **how):
    with site.work(write=False) as work:
        return work.get(SealService).verify(**how)


def test_an_untouched_trail_holds(site, trail):
    found = verify(site)
    assert (found.seals, found.rows, found.flaws) == (2, EVENTS + 2, ())


def test_recent_rows_are_not_sealed_yet(site, clock, trail):
    with site.work() as work:
        work.get(AuditService).record("logout")
    assert seal(site) == 0
    with site.work(write=False) as work:
        assert work.get(SealService).waiting() == 1
    clock.advance(seconds=11)
    assert seal(site) == 1
    assert verify(site).flaws == ()


def test_a_row_that_is_committed_late_comes_in_a_later_seal(site, clock, trail):
    with site.work(write=False) as work:
        last = work.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id.desc())).first()
    for id_ in (last + 2, last + 1):
        with site.work() as work:
            row = {
                "id": id_,
                "at": clock.now(),
                "action": "logout",
                "actor_name": "",
                "realm": "staff",
                "data": {},
            }
            work.session.execute(insert(AuditEvent).values(**row, digests=""))
        clock.advance(seconds=11)
        assert seal(site) == 1
    assert verify(site).flaws == ()
    clock.advance(hours=2)
    assert seal(site) == 0


def test_rows_that_came_by_the_thousand_with_gaps_are_sealed_one_seal_after_the_other(site, clock):
    def row(number, at):
        return {
            "id": number,
            "at": at,
            "action": "logout",
            "actor_name": "",
            "realm": "staff",
            "data": {},
            "digests": "",
        }

    long_ago = clock.now() - timedelta(days=300)
    with site.work() as work:
        work.session.execute(insert(AuditEvent), [row(8 * number, long_ago) for number in range(1, 2501)])
    with statements(site.engines.read) as texts:
        seal_all(site)
    assert max(map(len, texts)) < 5000
    # One of them is committed now, behind the seals; an old one will stay unknown.
    with site.work() as work:
        work.session.execute(insert(AuditEvent), [row(9, clock.now()), row(17, long_ago)])
    clock.advance(seconds=11)
    assert seal(site) == 1
    found = verify(site)
    assert (found.seals, found.rows, found.flaws) == (4, 2501, ())


TAMPERINGS = {
    "another actor": update(AuditEvent).where(AuditEvent.subject_id == 3).values(actor_id=7),
    "another action": update(AuditEvent).where(AuditEvent.subject_id == 4).values(action="logout"),
    "other data": update(AuditEvent).where(AuditEvent.subject_id == 5).values(data={"given": []}),
    "a row deleted": delete(AuditEvent).where(AuditEvent.subject_id == 6),
    "all rows deleted": delete(AuditEvent),
    "a comment rewritten": update(CaseEvent)
    .where(CaseEvent.type == "commented")
    .values(internal_text="ندیدم."),
    "a status rewritten": update(CaseEvent).where(CaseEvent.type == "opened").values(after="done"),
    "a digest rewritten": update(AuditEvent).where(AuditEvent.subject_id == 8).values(digests="0" * 64),
    "a seal rewritten": update(AuditSeal).where(AuditSeal.previous == "").values(hash="0" * 64),
    "a seal deleted": delete(AuditSeal).where(AuditSeal.previous == ""),
}


UNGUARDED = ("other data", "a comment rewritten")
"""Words may be blanked, so the database lets them be written; that they are others shows."""


@pytest.mark.parametrize("name", [name for name in TAMPERINGS if name not in UNGUARDED])
def test_the_database_refuses_to_change_the_trail(site, trail, name):
    with pytest.raises(IntegrityError, match="never changed"), site.work() as work:
        work.session.execute(TAMPERINGS[name].execution_options(synchronize_session=False))
    assert verify(site).flaws == ()


@pytest.mark.one_database("postgresql")
def test_the_trail_is_not_emptied_at_once(site, trail):
    for orders in ("TRUNCATE audit_events", "TRUNCATE audit_seals", "TRUNCATE case_events"):
        with pytest.raises(IntegrityError, match="never changed"), site.work() as work:
            work.session.execute(text(orders))


def test_a_history_goes_with_its_case(site, trail):
    with site.work() as work:
        work.session.execute(delete(Case))
    with site.work(write=False) as work:
        assert work.session.scalar(select(func.count(CaseEvent.id))) == 0


@pytest.mark.parametrize("change", TAMPERINGS.values(), ids=list(TAMPERINGS))
def test_a_later_change_shows(site, trail, change):
    with site.work() as work, without_guards(work.session.connection()):
        work.session.execute(change.execution_options(synchronize_session=False))
    assert verify(site).flaws


def test_every_single_change_shows(site, trail):
    for number in range(EVENTS):
        with site.work() as work, without_guards(work.session.connection()):
            row = AuditEvent.subject_id == number
            work.session.execute(update(AuditEvent).where(row).values(realm="citizen"))
        assert verify(site).flaws, number
        with site.work() as work, without_guards(work.session.connection()):
            work.session.execute(update(AuditEvent).where(row).values(realm="system"))
    assert verify(site).flaws == ()


def test_words_may_be_forgotten(site, trail):
    with site.work() as work:
        work.session.execute(
            update(CaseEvent).values(actor_name="", internal_text="", public_text="", data={})
        )
        work.session.execute(update(AuditEvent).values(actor_name=""))
    assert verify(site).flaws == ()


def test_a_cut_off_tail_shows_by_what_was_noted(site, clock, trail):
    with site.work(write=False) as work:
        last = work.get(SealService).last()
        anchor = (last.id, last.hash)
        source = last.source
    assert verify(site, anchor=anchor).flaws == ()
    with site.work() as work, without_guards(work.session.connection()):
        work.session.execute(delete(AuditSeal).where(AuditSeal.id == anchor[0]))
        work.session.execute(delete(AuditEvent if source == "audit_events" else CaseEvent))
    assert verify(site).flaws == ()
    assert verify(site, anchor=anchor).flaws


def test_the_newest_seals_alone(site, clock, trail):
    for _round in range(3):
        with site.work() as work:
            work.get(AuditService).record("logout")
        clock.advance(seconds=11)
        seal(site)
    found = verify(site, newest=2)
    assert (found.seals, found.flaws) == (2, ())
