"""Cases are assigned inside a unit: by its officers, and by its head also those of colleagues."""

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.assignment import NO_ONE, AssignmentService
from civicportal.domain.kartable.errors import ReferralError, UnattendedReferral
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.organization.models import Category
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit, outbox
from civicportal.util.errors import Conflict, Forbidden, NotFound

pytestmark = pytest.mark.both_databases

#: Who may assign a case of the waste unit, by its holder. The head above leads the unit too; the head beside does not.
MATRIX = {
    "officer": {"nobody", "officer"},
    "colleague": {"nobody", "colleague"},
    "head": {"nobody", "officer", "colleague", "head"},
    "head_above": {"nobody", "officer", "colleague", "head"},
    "head_beside": set(),
    "far": set(),
    "observer": set(),
}
HOLDERS = ("nobody", "officer", "colleague", "head")


@pytest.fixture
def office(site):
    """Return the people of a service with two units by name."""
    with site.work() as work:
        service = make_unit(work, "service")
        waste = make_unit(work, "waste", parent_id=service.id)
        light = make_unit(work, "lighting", parent_id=service.id)
        make_category(work, unit=waste)
        places = {
            "officer": ("officer", waste, None),
            "colleague": ("officer", waste, None),
            "head": ("head", waste, [LEAD]),
            "head_above": ("head", service, [LEAD]),
            "head_beside": ("head", light, [LEAD]),
            "far": ("officer", light, None),
            "observer": ("observer", waste, ["petitions:case:view"]),
        }
        return {
            name: identity(work, make_staff(work, role, unit=unit, permissions=rights))
            for name, (role, unit, rights) in places.items()
        }


def case_of(site, holder=None):
    with site.work() as work:
        case = make_case(work, category=work.session.scalars(select(Category)).first())
        if holder is not None:
            work.get(AccessService).action_referral(case).taken_by_id = holder.user_id
        return case.code


def assign(site, actor, code, to, **more):
    with site.work(actor=actor) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        return work.get(AssignmentService).assign(case, to and to.user_id, **more).id


def held(site, code):
    """Return addressee and taker of the open referral."""
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        referral = work.get(AccessService).action_referral(case)
        return referral.to_user_id, referral.taken_by_id


@pytest.mark.parametrize("actor", MATRIX)
def test_only_the_holder_and_the_heads_of_the_unit_assign_a_case(site, office, actor):
    for holder in HOLDERS:
        code = case_of(site, office.get(holder))
        to = office["officer" if holder == "colleague" else "colleague"]
        if holder in MATRIX[actor]:
            assign(site, office[actor], code, to)
            assert held(site, code) == (to.user_id, None)
            continue
        before = held(site, code)
        with pytest.raises((Forbidden, NotFound)) as refused:
            assign(site, office[actor], code, to)
        # A case of another unit is not there, one of a colleague is not theirs to assign.
        assert refused.type is (NotFound if actor in ("far", "head_beside") else Forbidden)
        assert held(site, code) == before


def test_an_officer_hands_a_case_on_without_taking_it_over(site, office):
    code = case_of(site)
    with site.work(write=False) as work:
        messages = len(outbox(work))
    assign(site, office["officer"], code, office["colleague"], note="شما این محله را می‌شناسید")
    with site.work(actor=office["colleague"]) as work:
        case = work.get(CaseService).fetch(code)
        referral = work.get(AccessService).action_referral(case)
        assert (referral.read_at, referral.from_unit_id, case.hops) == (None, None, 0)
        [event, opened] = work.get(StaffHistory).of(case)
        assert (event.event.type, opened.event.type) == ("assigned", "opened")
        assert event.event.actor_id == office["officer"].user_id
        assert not event.event.public
        assert event.internal_text == "شما این محله را می‌شناسید"
        assert event.title.mapping["holder"] == "واحد waste"
        assert event.title.mapping["to"] == office["colleague"].name
        assert len(outbox(work)) == messages, "the citizen is told nothing: the unit is the same"


def test_the_head_hands_on_the_case_of_a_colleague_and_it_is_recorded(site, office):
    code = case_of(site, office["officer"])
    assign(site, office["head"], code, office["colleague"])
    with site.work(actor=office["head"], write=False) as work:
        [event, _opened] = work.get(StaffHistory).of(work.get(CaseService).fetch(code))
        assert event.title.mapping["holder"] == office["officer"].name
        trail = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "case:assign")).one()
        assert trail.actor_id == office["head"].user_id
        assert trail.data == {"from": office["officer"].user_id, "to": office["colleague"].user_id}
    # It has left the kartable of the one before.
    with pytest.raises(Forbidden):
        assign(site, office["officer"], code, office["head"])


def test_the_head_puts_a_case_back_for_the_unit(site, office):
    code = case_of(site, office["officer"])
    assign(site, office["head"], code, None)
    assert held(site, code) == (None, None)
    with site.work(actor=office["colleague"]) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code, lock=True))


def test_the_head_takes_a_case_over_and_may_release_it(site, office):
    code = case_of(site, office["officer"])
    with site.work(actor=office["head"]) as work:
        work.get(AssignmentService).take_over(work.get(CaseService).fetch(code, lock=True))
    assert held(site, code) == (None, office["head"].user_id)
    with site.work(actor=office["officer"], write=False) as work:
        assert not work.get(AccessService).holds_referral(work.get(CaseService).fetch(code))
    with site.work(actor=office["head"]) as work:
        work.get(KartableService).release(work.get(CaseService).fetch(code, lock=True))
    assert held(site, code) == (None, None)


@pytest.mark.parametrize("action", ["take", "release"])
@pytest.mark.parametrize("taken", [True, False], ids=["taken", "addressed"])
def test_the_head_neither_takes_nor_releases_the_case_of_a_colleague_without_a_record(
    site, office, action, taken
):
    code = case_of(site, office["officer"] if taken else None)
    if not taken:
        assign(site, office["head"], code, office["officer"])
    before = held(site, code)
    with site.work(actor=office["head"]) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        with pytest.raises(ReferralError):
            getattr(work.get(KartableService), action)(case)
    assert held(site, code) == before


def test_a_colleague_cannot_take_over_and_a_case_without_a_holder_cannot_be_taken_over(site, office):
    code, free = case_of(site, office["officer"]), case_of(site)
    with site.work(actor=office["colleague"]) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        with pytest.raises(Forbidden):
            work.get(AssignmentService).take_over(case)
    with site.work(actor=office["head"]) as work, pytest.raises(ReferralError):
        work.get(AssignmentService).take_over(work.get(CaseService).fetch(free, lock=True))


@pytest.mark.parametrize(
    ("to", "error"),
    [("far", ReferralError), ("officer", ReferralError), ("observer", UnattendedReferral)],
)
def test_only_members_of_the_unit_who_may_work_on_it_are_assigned_a_case(site, office, to, error):
    code = case_of(site, office["officer"])
    with pytest.raises(error):
        assign(site, office["head"], code, office[to])
    assert held(site, code) == (None, office["officer"].user_id)


def test_a_case_that_has_another_holder_by_now_is_left(site, office):
    code = case_of(site, office["colleague"])
    with pytest.raises(Conflict):
        assign(site, office["head"], code, office["head"], held_by=office["officer"].user_id)


def test_an_untaken_case_that_someone_has_taken_meanwhile_is_left(site, office):
    taken, free = case_of(site, office["colleague"]), case_of(site)
    with pytest.raises(Conflict):
        assign(site, office["head"], taken, office["officer"], held_by=NO_ONE)
    assign(site, office["head"], free, office["officer"], held_by=NO_ONE)
    assert held(site, free)[0] == office["officer"].user_id


def test_a_referred_case_still_returns_to_its_sender(site, office):
    code = case_of(site, office["officer"])
    with site.work(actor=office["officer"]) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        light = office["far"].grants[0].unit_id
        work.get(KartableService).refer(case, light)
    assign(site, office["far"], code, office["head_beside"])
    with site.work(actor=office["head_beside"]) as work:
        work.get(KartableService).give_back(work.get(CaseService).fetch(code, lock=True), note="Not ours.")
    assert held(site, code)[0] == office["officer"].user_id


def test_an_assignment_is_undone(site, office):
    code = case_of(site, office["officer"])
    event = assign(site, office["head"], code, office["colleague"])
    with site.work(actor=office["head"]) as work:
        work.get(UndoService).undo(work.get(CaseService).fetch(code, lock=True), event)
    assert held(site, code) == (None, office["officer"].user_id)
    with site.work(write=False) as work:
        entries = select(AuditEvent).where(AuditEvent.action == "case:assign").order_by(AuditEvent.id)
        holders = [(entry.data["from"], entry.data["to"]) for entry in work.session.scalars(entries)]
    officer, colleague = office["officer"].user_id, office["colleague"].user_id
    assert holders == [(officer, colleague), (colleague, officer)]
