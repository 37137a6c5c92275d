"""Transfer of a leaving person's work to a colleague: nothing is lost."""

import threading

import pytest
from sqlalchemy import func, select

from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.kartable.transfer import CHUNK, TransferService, transfer
from civicportal.domain.organization.models import Category
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit, outbox
from civicportal.util.errors import Forbidden

pytestmark = pytest.mark.both_databases


@pytest.fixture
def office(site):
    """A unit with three colleagues, another unit, and an administrator."""
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        make_category(work, unit=waste)
        people = [make_staff(work, "officer", unit=waste) for _number in range(2)]
        far, boss = make_staff(work, "officer", unit=light), make_staff(work, "administrator")
        return [identity(work, person) for person in (*people, far, boss)]


def case_of(work):
    return make_case(work, category=work.session.scalars(select(Category)).first())


def referral_of(site, code, actor):
    with site.work(actor=actor, write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        return work.get(AccessService).action_referral(case)


def taken(site, person, count):
    codes = []
    for _number in range(count):
        with site.work() as work:
            codes.append(case_of(work).code)
        with site.work(actor=person) as work:
            work.get(KartableService).take(work.get(CaseService).fetch(codes[-1], lock=True))
    return codes


def test_referrals_go_to_a_colleague_with_an_event_each(site, office):
    leaving, heir, _far, boss = office
    codes = taken(site, leaving, CHUNK + 2)
    with site.work(write=False) as work:
        messages = len(outbox(work))
    moved = transfer(site, boss, leaving.user_id, heir_id=heir.user_id, note="مرخصی")
    assert (moved.to_colleague, moved.to_units, moved.left) == (len(codes), 0, 0)
    for code in codes:
        assert referral_of(site, code, boss).to_user_id == heir.user_id
    with site.work(actor=heir, write=False) as work:
        case = work.get(CaseService).fetch(codes[0])
        event = work.get(StaffHistory).of(case)[0]
        assert (event.event.type, event.internal_text) == ("transferred", "مرخصی")
        assert event.title.mapping["to"] == heir.name
        assert len(outbox(work)) == messages, "the citizen is told nothing: the unit is the same"


def test_referrals_go_back_to_the_unit(site, office):
    leaving, colleague, _far, boss = office
    [code] = taken(site, leaving, 1)
    assert transfer(site, boss, leaving.user_id).to_units == 1
    referral = referral_of(site, code, boss)
    assert (referral.to_user_id, referral.taken_by_id, referral.read_at) == (None, None, None)
    with site.work(actor=colleague) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code, lock=True))


def test_what_the_heir_is_not_a_member_of_goes_to_the_unit(site, office):
    leaving, _colleague, far, boss = office
    [code] = taken(site, leaving, 1)
    moved = transfer(site, boss, leaving.user_id, heir_id=far.user_id)
    assert (moved.to_colleague, moved.to_units) == (0, 1)
    assert referral_of(site, code, boss).to_user_id is None


def test_a_copy_and_a_question_go_along(site, office):
    leaving, heir, _far, boss = office
    [code] = taken(site, heir, 1)
    with site.work(actor=heir) as work:
        kartable, case = work.get(KartableService), work.get(CaseService).fetch(code, lock=True)
        unit = work.get(AccessService).action_referral(case).to_unit_id
        kartable.copy(case, unit, user_id=leaving.user_id, note="رونوشت")
        kartable.inquire(case, unit, user_id=leaving.user_id, note="نظر شما؟")
    assert transfer(site, boss, leaving.user_id, heir_id=heir.user_id).to_colleague == 2
    with site.work(actor=heir) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        notes = {
            referral.type: referral.note
            for referral in work.get(AccessService).referrals(case)
            if not referral.closed_at
        }
        assert (notes["copy"], notes["inquiry"]) == ("رونوشت", "نظر شما؟")
        work.get(KartableService).answer(case, "موافقم")


def test_a_referred_case_still_goes_back_to_its_sender(site, office):
    leaving, sender, _far, boss = office
    [code] = taken(site, sender, 1)
    with site.work(actor=sender) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        work.get(KartableService).refer(case, case.unit_id, user_id=leaving.user_id)
    transfer(site, boss, leaving.user_id)
    with site.work(actor=sender) as work:
        work.get(KartableService).give_back(work.get(CaseService).fetch(code, lock=True), note="Not ours.")
    assert referral_of(site, code, boss).to_user_id == sender.user_id


def test_who_has_left_holds_nothing_and_every_case_has_one_line(site, office):
    leaving, _heir, _far, boss = office
    codes = taken(site, leaving, 3)
    with site.work(actor=boss) as work:
        work.get(MemberService).disable(work.session.get(User, leaving.user_id))
    transfer(site, boss, leaving.user_id)
    with site.work(write=False) as work:
        assert work.get(TransferService).open_referrals(leaving.user_id) == 0
        open_referrals = select(func.count()).where(Referral.type == "action", Referral.closed_at.is_(None))
        assert work.session.scalar(open_referrals) == len(codes)


def test_an_interrupted_transfer_goes_on(site, office):
    leaving, _heir, _far, boss = office
    taken(site, leaving, 3)
    assert transfer(site, boss, leaving.user_id, most=2).left == 1
    assert transfer(site, boss, leaving.user_id, most=2).left == 0
    with site.work(write=False) as work:
        events = select(func.count()).where(CaseEvent.type == "transferred")
        assert work.session.scalar(events) == 3


def test_cases_taken_by_a_deputy_are_not_transferred(site, office):
    leaving, deputy, _far, boss = office
    with site.work() as work:
        case = case_of(work)
        referral = work.get(AccessService).action_referral(case)
        referral.to_user_id, referral.taken_by_id = leaving.user_id, deputy.user_id
    assert transfer(site, boss, leaving.user_id).total == 0


def test_two_who_pass_on_at_once_move_each_referral_once(site, office):
    leaving, heir, _far, boss = office
    codes = taken(site, leaving, CHUNK + 2)
    moved = []
    threads = [
        threading.Thread(
            target=lambda to: moved.append(transfer(site, boss, leaving.user_id, heir_id=to)), args=(to,)
        )
        for to in (heir.user_id, None)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.total for one in moved) + min(one.left for one in moved) == len(codes)
    transfer(site, boss, leaving.user_id)
    with site.work(write=False) as work:
        per_case = select(func.count()).where(CaseEvent.type == "transferred").group_by(CaseEvent.case_id)
        assert list(work.session.scalars(per_case)) == [1] * len(codes)


def test_only_who_manages_members_passes_work_on(site, office):
    leaving, heir, _far, _boss = office
    with pytest.raises(Forbidden):
        transfer(site, heir, leaving.user_id, heir_id=heir.user_id)
