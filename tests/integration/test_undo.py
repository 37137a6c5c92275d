"""Undoing a step: within its seconds, by its actor, and only while no one acted since."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.undo import CannotUndo, UndoService
from civicportal.domain.organization.models import Unit
from civicportal.domain.statistics.services import StatisticsService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit, outbox

pytestmark = pytest.mark.both_databases


@pytest.fixture
def desk(site):
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        code = make_case(work, category=make_category(work, unit=waste)).code
        people = [identity(work, make_staff(work, "officer", unit=unit)) for unit in (waste, waste, light)]
        return code, waste.id, light.id, *people


def do(site, who, code, what):
    with site.work(actor=who) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        return what(work, case).id


def undo(site, who, code, event_id):
    return do(site, who, code, lambda work, case: work.get(UndoService).undo(case, event_id))


def accept(work, case):
    return work.get(CaseService).apply(case, "accept")


def finish(work, case):
    return work.get(CaseService).apply(case, "finish", public_text="done")


def to_light(light):
    return lambda work, case: work.get(KartableService).refer(case, light)


def state(site, code):
    """Return everything of the case and its referrals that an undo must restore."""
    with site.work(write=False) as work:
        case = work.get(CaseService).fetch(code)
        referrals = work.session.scalars(
            select(Referral).where(Referral.closed_how.is_distinct_from("undone")).order_by(Referral.id)
        )
        return (
            (case.status, case.stage, case.unit_id, case.deadline, case.paused_at, case.closed_at),
            [
                (
                    referral.id,
                    referral.to_unit_id,
                    referral.taken_by_id,
                    referral.closed_at,
                    referral.closed_how,
                    referral.closed_by_id,
                )
                for referral in referrals
            ],
        )


@pytest.mark.parametrize("seed", ["accept", "finish", "refer", "pause"])
def test_an_undo_restores_status_deadline_and_referral(site, clock, desk, seed):
    code, _waste, light, mine, _colleague, _theirs = desk
    if seed in ("finish", "pause"):
        do(site, mine, code, accept)
        clock.advance(hours=1)
    deed = {
        "accept": accept,
        "finish": finish,
        "refer": to_light(light),
        "pause": lambda work, case: work.get(CaseService).apply(case, "pause"),
    }[seed]
    before = state(site, code)
    event = do(site, mine, code, deed)
    assert state(site, code) != before
    undo(site, mine, code, event)
    assert state(site, code) == before
    with site.work() as work:
        assert work.get(StatisticsService).verify() == {}


def test_an_undo_gives_a_released_referral_back_into_its_hands(site, monkeypatch, desk):
    code, _waste, _light, mine, *_others = desk
    kind = kinds_of(site)["petitions"]
    steps = tuple(replace(step, releases=step.name == "pause") for step in kind.workflow.transitions)
    changed = replace(kind, workflow=replace(kind.workflow, transitions=steps))
    monkeypatch.setitem(kinds_of(site), "petitions", changed)
    do(site, mine, code, accept)
    before = state(site, code)
    event = do(site, mine, code, lambda work, case: work.get(CaseService).apply(case, "pause"))
    assert state(site, code)[1] != before[1]
    undo(site, mine, code, event)
    assert state(site, code) == before


def test_what_was_taken_in_hand_before_stays_so(site, desk):
    code, _waste, _light, mine, *_others = desk
    do(site, mine, code, lambda work, case: work.get(KartableService).take(case))
    before = state(site, code)
    undo(site, mine, code, do(site, mine, code, accept))
    assert state(site, code) == before


def test_its_notices_are_taken_back(site, desk):
    code, _waste, _light, mine, *_others = desk
    event = do(site, mine, code, accept)
    undo(site, mine, code, event)
    with site.work(write=False) as work:
        assert [message.state for message in outbox(work) if message.event_id == event] == ["cancelled"]


def test_too_late(site, clock, desk):
    code, _waste, _light, mine, *_others = desk
    event = do(site, mine, code, accept)
    clock.advance(seconds=site.settings["notifications"]["undo_seconds"])
    with pytest.raises(CannotUndo):
        undo(site, mine, code, event)


def test_not_after_a_later_action(site, desk):
    code, _waste, light, mine, _colleague, theirs = desk
    event = do(site, mine, code, to_light(light))
    do(site, theirs, code, lambda work, case: work.get(CaseService).comment(case, "seen"))
    with pytest.raises(CannotUndo):
        undo(site, mine, code, event)


def test_transitions_of_others_cannot_be_undone(site, desk):
    code, _waste, _light, mine, colleague, _theirs = desk
    with site.work(actor=mine) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        event = work.get(CaseService).apply(case, "reject")
    with pytest.raises(CannotUndo):
        undo(site, colleague, code, event.id)


def test_an_undo_is_not_undone(site, desk):
    code, _waste, _light, mine, *_others = desk
    event = do(site, mine, code, accept)
    reversal = undo(site, mine, code, event)
    for event_id in (event, reversal):
        with pytest.raises(CannotUndo):
            undo(site, mine, code, event_id)


def test_the_case_goes_on_after_an_undo(site, desk):
    code, _waste, light, mine, *_others = desk
    undo(site, mine, code, do(site, mine, code, to_light(light)))
    do(site, mine, code, to_light(light))
    with site.work(write=False) as work:
        case = work.get(CaseService).fetch(code)
        assert work.get(AccessService).action_referral(case).to_unit_id == light
        assert work.session.get(Unit, case.unit_id).key == "lighting"
        assert work.session.get(User, mine.user_id) is not None


def test_a_transition_whose_notice_is_being_sent_cannot_be_undone(site, clock, desk):
    """The notice fell due between the officer's click and the undo's commit: the worker had taken it."""
    code, _waste, _light, mine, *_others = desk
    event = do(site, mine, code, accept)
    with site.work() as work:
        [notice] = [row for row in outbox(work) if row.event_id == event]
        notice.state = "leased"
    before = state(site, code)
    with site.work(actor=mine) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        with pytest.raises(CannotUndo):
            work.get(UndoService).undo(case, event)
    assert state(site, code) == before
    with site.work() as work:
        assert work.get(StatisticsService).verify() == {}


def test_a_step_whose_data_was_erased_cannot_be_undone(site, desk):
    code, _waste, _light, mine, *_others = desk
    event = do(site, mine, code, accept)
    with site.work() as work:
        work.session.execute(update(CaseEvent).where(CaseEvent.id == event).values(data={}))
    with site.work(actor=mine, write=False) as work:
        assert work.get(UndoService).last(work.get(CaseService).fetch(code)) is None
    with pytest.raises(CannotUndo):
        undo(site, mine, code, event)
