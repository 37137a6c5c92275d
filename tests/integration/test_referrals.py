"""Lines that go back, and questions that may not be asked."""

import pytest
from sqlalchemy import func, select

from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import AccessService, in_kartable
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.services import KartableService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit


@pytest.fixture
def desk(site):
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        code = make_case(work, category=make_category(work, unit=waste)).code
        mine, colleague, theirs = (
            identity(work, make_staff(work, "officer", unit=unit)) for unit in (waste, waste, light)
        )
        return code, light.id, mine, colleague, theirs


@pytest.mark.parametrize("left", [False, True])
def test_a_returned_case_has_a_holder(site, desk, left):
    code, light, mine, colleague, theirs = desk
    with site.work(actor=mine) as work:
        work.get(KartableService).refer(work.get(CaseService).fetch(code, lock=True), light)
    if left:
        with site.work() as work:
            work.get(MemberService).disable(work.session.get(User, mine.user_id))
    with site.work(actor=theirs) as work:
        work.get(KartableService).give_back(work.get(CaseService).fetch(code, lock=True), note="Not ours.")
    with site.work(actor=colleague) as work:
        case = work.get(CaseService).fetch(code)
        referral = work.get(AccessService).action_referral(case)
        assert referral.to_user_id == (None if left else mine.user_id)
        assert work.get(AccessService).holds_referral(case) is left


def test_a_closed_case_takes_no_inquiry(site, desk):
    code, light, mine, *_others = desk
    with site.work(actor=mine) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        work.get(CaseService).apply(case, "reject")
        with pytest.raises(ReferralError):
            work.get(KartableService).inquire(case, light, note="نظر شما؟")


def test_a_citizen_withdraws_though_a_question_is_open(site, desk):
    code, light, mine, _colleague, theirs = desk
    with site.work(actor=mine) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        work.get(KartableService).inquire(case, light, note="نظر شما؟")
        owner = identity(work, work.session.get(User, case.citizen_id), "citizen")
        with pytest.raises(Refused):
            work.get(CaseService).apply(case, "reject")
    with site.work(actor=owner) as work:
        work.get(CaseService).apply(work.get(CaseService).fetch_own(code, lock=True), "withdraw")
    with site.work(actor=theirs) as work:
        assert (
            work.session.scalar(select(func.count()).where(in_kartable(theirs), Referral.case_id == Case.id))
            == 0
        )
