"""Moves inside the municipality: none of them sends the citizen a message."""

import pytest
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService

from civicportal.api.geo import Point
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.correction import CorrectionService
from civicportal.domain.kartable.inquiries import InquiryService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.organization.models import Category
from civicportal.testing import identity, make_category, make_citizen, make_staff, make_unit, outbox

pytestmark = pytest.mark.both_databases

RIGHTS = [LEAD, *(f"reports:case:{verb}" for verb in ("view", "work", "refer", "comment"))]


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["reports"]}, "contact": {"phone": "137"}}


class Office:
    """A report of the unit waste, its officers, and an officer of the unit lighting."""

    def __init__(self, site):
        self.site = site
        with site.work() as work:
            waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
            self.light = light.id
            bin_ = make_category(work, "bin", kind="reports", unit=waste)
            self.lamp = make_category(work, "lamp", kind="reports", unit=waste).id
            citizen = make_citizen(work)
            self.mobile = citizen.mobile
            people = {"officer": waste, "colleague": waste, "far": light}
            for name, unit in people.items():
                setattr(self, name, identity(work, make_staff(work, unit=unit)))
            self.head = identity(work, make_staff(work, "head", unit=waste, permissions=RIGHTS))
            sender = identity(work, citizen, "citizen")
        with site.work(actor=sender) as work:
            place = locate_point(site.map, Point(31.0203, 52.015))
            category = work.session.get(Category, bin_.id)
            new = NewReport(category=category, body="سطل زباله پر است.", location=place)
            self.code = work.get(ReportService).submit(new).code
        self.sender = sender

    def do(self, who, what, *, quiet=True):
        """Act on the report and verify that its citizen got no message for it."""
        before = self.messages()
        with self.site.work(actor=who) as work:
            result = what(work, work.get(CaseService).fetch(self.code, lock=True))
        assert not quiet or self.messages() == before
        return result

    def messages(self):
        with self.site.work(write=False) as work:
            return [message.kind for message in outbox(work, self.mobile)]


@pytest.fixture
def office(site):
    return Office(site)


def kartable(name, *args, **values):
    return lambda work, case: getattr(work.get(KartableService), name)(case, *args, **values)


def assign(to, **values):
    return lambda work, case: work.get(AssignmentService).assign(case, to and to.user_id, **values)


def step(name, **values):
    return lambda work, case: work.get(CaseService).apply(case, name, **values)


def test_no_internal_move_sends_the_citizen_a_message(office):
    do = office.do
    do(office.officer, kartable("take"))
    do(office.officer, kartable("release"))
    do(office.officer, assign(office.colleague, note="شما ببینید."))
    do(office.head, lambda work, case: work.get(AssignmentService).take_over(case))
    do(office.head, assign(office.officer))
    do(office.officer, lambda work, case: work.get(CaseService).comment(case, "یادداشت"))
    do(office.officer, lambda work, case: work.get(CaseService).comment(case, "نظر", expert=True))
    do(office.officer, lambda work, case: work.get(CaseService).mark_urgent(case, True))
    do(office.officer, lambda work, case: work.get(CaseService).publish(case, True, body="سطل پر است."))
    do(office.officer, kartable("copy", office.light))
    do(office.far, kartable("dismiss_copy"))
    do(office.officer, kartable("inquire", office.light, note="نظر شما؟"))
    do(office.far, kartable("answer", "بله"))
    do(office.officer, kartable("inquire", office.light, user_id=office.far.user_id, note="و شما؟"))
    do(
        office.officer,
        lambda work, case: work.get(InquiryService).withdraw(
            case, work.get(InquiryService).waiting(case)[0].id
        ),
    )
    correction = do(
        office.officer,
        lambda work, case: work.get(CorrectionService).correct(
            case, category=work.session.get(Category, office.lamp), deadline=True
        ),
    )
    do(office.officer, lambda work, case: work.get(UndoService).undo(case, correction.id))
    do(office.officer, kartable("refer", office.light), quiet=False)
    do(office.far, kartable("mark_read"))
    do(office.far, kartable("give_back", note="مربوط به ما نیست."))
    do(office.officer, step("reject", public_text="تکراری است."), quiet=False)
    do(office.head, step("reopen", public_text="اشتباه بسته شده بود."))
    do(office.officer, assign(None))


def test_what_concerns_the_citizen_is_still_sent(office):
    office.do(office.officer, kartable("refer", office.light), quiet=False)
    office.do(office.far, step("reject", public_text="در این نشانی چیزی نیست."), quiet=False)
    with office.site.work(actor=office.sender) as work:
        case = work.get(CaseService).fetch_own(office.code, lock=True)
        work.get(CaseService).apply(case, "reopen", public_text="هنوز پر است.")
    assert office.messages() == [
        "reports.registered",
        "reports.referred",
        "reports.rejected",
        "reports.reopened",
    ]


def test_the_form_of_a_silent_step_promises_no_message(office, app, sign_in):
    office.do(office.officer, step("reject", public_text="تکراری است."), quiet=False)
    with office.site.work(write=False) as work:
        officer = work.session.get(User, office.officer.user_id)
    sign_in(officer)
    page = app.get(f"/kartable/cases/{office.code}/reopen")
    assert page.html.select("#panel-reopen")
    assert not page.html.select("[data-preview]")
