"""Request of a meeting: one open request, encrypted identity, routing."""

from datetime import date

import pytest
from civicportal_meetings.models import MeetingRequest
from civicportal_meetings.services import Applicant, MeetingService

from civicportal.api.cases import kind_of
from civicportal.api.organization import OrganizationService
from civicportal.api.people import Identity
from civicportal.api.plugins import Forbidden, Refused
from civicportal.testing import outbox

pytestmark = pytest.mark.both_databases

NATIONAL_CODE = "0499370899"
KEY = "k" * 22


def detail(office, code):
    with office.site.work(write=False) as work:
        return work.session.get(MeetingRequest, office.case(code).id)


class TestAsking:
    def test_opens_a_case_at_the_office_and_tells_the_citizen(self, office):
        code = office.ask()
        case = office.case(code)
        assert (case.kind, case.status, case.subject) == ("meetings", "registered", "پروانهٔ ساختمانی")
        with office.site.work(write=False) as work:
            assert work.get(OrganizationService).units.by_id[case.unit_id].key == "mayor"
            (message,) = outbox(work, office.citizen.mobile)
            assert message.kind == "meetings.registered"
            assert code in message.text

    def test_the_same_form_sent_twice_is_one_request(self, office):
        assert office.ask(idempotency_key=KEY) == office.ask(idempotency_key=KEY)

    def test_a_second_open_request_is_refused(self, office):
        office.ask()
        with pytest.raises(Refused):
            office.ask(idempotency_key=KEY)

    def test_a_new_one_is_possible_when_the_first_is_closed(self, office):
        first = office.ask()
        office.step(first, "decline", public_text="در حیطهٔ شهرداری نیست.")
        assert office.ask() != first

    def test_opening_the_first_again_beside_a_second_is_refused(self, office):
        first = office.ask()
        office.step(first, "decline", public_text="در حیطهٔ شهرداری نیست.")
        office.ask()
        with pytest.raises(Refused):
            office.step(first, "reopen", public_text="بررسی دوباره.")
        assert office.case(first).status == "declined"

    def test_a_visitor_opens_none(self, office):
        with pytest.raises(Forbidden):
            office.ask(by=Identity(user_id=None, name="", realm="visitor"))

    def test_the_open_request_is_known(self, office):
        with office.site.work(actor=office.citizen, write=False) as work:
            assert work.get(MeetingService).open_request() is None
        code = office.ask()
        with office.site.work(actor=office.citizen, write=False) as work:
            assert work.get(MeetingService).open_request().code == code


class TestIdentity:
    def test_is_sealed_and_found_again_by_its_index(self, office):
        row = detail(office, office.ask())
        keys = office.site.keys
        assert NATIONAL_CODE not in row.national_code
        assert keys.decrypt(row.national_code) == NATIONAL_CODE
        assert row.national_code_index == keys.blind_index(NATIONAL_CODE)
        assert keys.decrypt(row.birth_date) == "1985-03-21"

    def test_is_shown_masked(self, office):
        code = office.ask()
        with office.site.work(write=False) as work:
            facts = kind_of(office.site, "meetings").identity(office.case(code), work)
        assert [fact.masked for fact in facts] == ["049*****99", "۱۳۶۴/**/**"]
        assert facts[0].value == NATIONAL_CODE

    def test_may_be_left_out(self, office):
        code = office.ask(applicant=Applicant(name="مریم رضایی"))
        with office.site.work(write=False) as work:
            assert kind_of(office.site, "meetings").identity(office.case(code), work) == ()

    def test_legal_persons_are_named(self, office):
        who = Applicant(
            name="مریم رضایی",
            party="legal",
            organization="انجمن دوچرخه‌سواری",
            legal_id="10100000000",
            position="مدیرعامل",
            birth_date=date(1985, 3, 21),
        )
        row = detail(office, office.ask(applicant=who))
        assert (row.party, row.organization, row.position) == ("legal", "انجمن دوچرخه‌سواری", "مدیرعامل")

    def test_the_page_of_the_case_hides_it(self, office, app, sign_in):
        code = office.ask()
        sign_in(office.officer)
        page = app.get(f"/kartable/cases/{code}")
        assert NATIONAL_CODE not in page.text
        assert "مریم رضایی" in page.text
