"""Correction of the kind of applicant."""

import pytest
from civicportal_meetings.correction import CORRECTION
from civicportal_meetings.models import MeetingRequest
from civicportal_meetings.services import Applicant

from civicportal.api.cases import CaseService
from civicportal.api.plugins import Refused
from civicportal.testing import CorrectionService, UndoService, outbox

pytestmark = pytest.mark.both_databases


def correct(office, code, **values):
    with office.site.work(actor=office.officer) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        return work.get(CorrectionService).correct(case, own={"organization": "", **values}).id


def state(office, code):
    with office.site.work(write=False) as work:
        case = work.get(CaseService).fetch(code)
        request = work.session.get(MeetingRequest, case.id)
        return request.party, request.organization, case.people, case.search_person


def test_the_kind_of_applicant_and_the_names_by_which_it_is_found(office):
    code = office.ask()
    before = state(office, code)
    with pytest.raises(Refused):
        correct(office, code, party="legal")
    event = correct(office, code, party="legal", organization="شرکت نمونه")
    party, organization, people, words = state(office, code)
    assert (party, organization) == ("legal", "شرکت نمونه")
    assert "شرکت نمونه" in people
    assert "نمونه" in words
    with office.site.work(actor=office.officer) as work:
        work.get(UndoService).undo(work.get(UndoService).fetch(code), event)
    assert state(office, code) == before


def test_a_natural_person_has_no_position_in_an_organisation(office):
    code = office.ask(
        applicant=Applicant(
            name="مریم رضایی",
            party="legal",
            organization="شرکت نمونه",
            legal_id="10100000006",
            position="مدیرعامل",
        )
    )

    def organisation():
        with office.site.work(write=False) as work:
            request = work.session.get(MeetingRequest, work.get(CaseService).fetch(code).id)
            return request.party, request.organization, request.legal_id, request.position

    before = organisation()
    event = correct(office, code, party="natural")
    assert organisation() == ("natural", "", "", "")
    with office.site.work(actor=office.officer) as work:
        work.get(UndoService).undo(work.get(UndoService).fetch(code), event)
    assert organisation() == before == ("legal", "شرکت نمونه", "10100000006", "مدیرعامل")


def test_the_history_has_the_language_of_its_reader(office):
    with office.site.work(write=False) as work:
        [line] = CORRECTION.lines({"party": "legal"}, {"party": "natural"}, work)
    english, persian = (office.site.localizer(language).translate(line) for language in ("en", "fa"))
    assert english == "Applicant corrected from “Legal person” to “Natural person”"
    assert persian == "متقاضی از «شخص حقوقی» به «شخص حقیقی» اصلاح شد"


@pytest.mark.one_database("postgresql")
def test_the_page_shows_the_applicant(office, app, sign_in):
    code = office.ask()
    sign_in(office.officer)
    page = app.get(f"/kartable/cases/{code}/correct", status=200)
    form = next(form for form in page.forms.values() if "party" in form.fields)
    form["party"] = "legal"
    form = next(f for f in form.submit(status=422).forms.values() if "party" in f.fields)
    form["organization"] = "شرکت نمونه"
    done = form.submit(status=303).follow(status=200)
    assert "متقاضی از «شخص حقیقی» به «شخص حقوقی» اصلاح شد" in done.html.select_one(".tl > li").text


def test_the_citizen_is_told_only_if_the_officer_ticks_it(office):
    code = office.ask()
    for notify in (False, True):
        subject = f"موضوع تازه {notify}"
        with office.site.work(actor=office.officer) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            work.get(CorrectionService).correct(case, subject=subject, notify=notify)
        with office.site.work(write=False) as work:
            assert ("meetings.corrected" in [message.kind for message in outbox(work)]) == notify
