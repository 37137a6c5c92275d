"""Registration of a case for a caller: its owner, the messages of the page, and what it does not reveal."""

import pytest
from civicportal_feedback.models import Feedback
from sqlalchemy import func, select

from civicportal.api.cases import Case
from civicportal.api.people import User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import CaseEvent
from civicportal.testing import make_citizen, make_staff, make_unit, outbox

MOBILE, STORED = "۰۹۰۰ ۰۰۰ ۰۰۰۷", "+989000000007"
BODY = "اتوبوس خط ۷ صبح‌ها دیر می‌رسد."
REGISTRAR = ["feedback:case:register"]


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["feedback"]}}


@pytest.fixture
def officers(site):
    with site.work() as work:
        pr = make_unit(work, "pr")
        every = [*REGISTRAR, "feedback:case:view", "feedback:case:contact"]
        return {
            "registrar": make_staff(work, "registrar", unit=pr, permissions=REGISTRAR, name="سارا احمدی"),
            "every": make_staff(work, "every", permissions=every, name="کیانا فرهادی"),
            "reader": make_staff(work, "reader", permissions=["feedback:case:view"]),
        }


@pytest.fixture
def registrar(officers, sign_in):
    sign_in(officers["registrar"])
    return officers["registrar"]


def the_form(app):
    return next(f for f in app.get("/desk/feedback/new", status=200).forms.values() if "mobile" in f.fields)


def filled(app, **values):
    form = the_form(app)
    for name, value in {"type": "complaint", "body": BODY, **values}.items():
        form[name] = value
    return form


def case_in(work):
    return work.session.scalars(select(Case)).one()


def pin_on(page):
    return page.html.select(".said-codes [data-copy]")[1]["data-copy"]


class TestOfACitizen:
    def test_an_unknown_citizen_is_created(self, site, app, registrar):
        page = filled(app, mobile=MOBILE, name="مریم رضایی").submit(status=200)
        with site.work(write=False) as work:
            case = case_in(work)
            citizen = work.session.get(User, case.citizen_id)
            assert (citizen.mobile, citizen.name, citizen.level) == (STORED, "مریم رضایی", 1)
            assert case.source == "phone"
            assert case.code in page.html.select_one(".said-codes [data-copy]")["data-copy"]
            assert len(page.html.select(".said-codes dd")) == 1
            assert [(row.kind, row.recipient) for row in outbox(work)] == [("feedback.registered", STORED)]

    def test_who_is_known_keeps_name_and_level_and_stays_unknown_to_the_officer(self, site, app, registrar):
        with site.work() as work:
            user = make_citizen(work, STORED, name="نرگس شریفی")
            user.level = 2
        page = filled(app, mobile=MOBILE, name="کس دیگر").submit(status=200)
        assert "نرگس" not in page.text
        with site.work(write=False) as work:
            citizen = work.session.get(User, case_in(work).citizen_id)
            assert (citizen.id, citizen.name, citizen.level) == (user.id, "نرگس شریفی", 2)

    def test_the_right_to_know_shows_the_name(self, site, app, officers, sign_in):
        with site.work() as work:
            make_citizen(work, STORED, name="نرگس شریفی")
        sign_in(officers["every"])
        page = filled(app, mobile=MOBILE).submit(status=200)
        assert "نرگس شریفی" in page.text
        assert STORED not in page.text

    def test_they_find_it_among_their_own(self, site, app, registrar, sign_in):
        filled(app, mobile=MOBILE).submit(status=200)
        with site.work(write=False) as work:
            case = case_in(work)
            citizen = work.session.get(User, case.citizen_id)
        sign_in(citizen, "citizen")
        page = app.get(f"/my/{case.code}", status=200)
        assert "سارا" not in page.text

    def test_history_and_trail_name_officer_and_way(self, site, app, officers, registrar, sign_in):
        filled(app, mobile=MOBILE, source="letter").submit(status=200)
        with site.work(write=False) as work:
            case = case_in(work)
            event = work.session.scalars(select(CaseEvent).where(CaseEvent.type == "opened")).one()
            assert (event.actor_id, event.realm) == (registrar.id, "staff")
            entry = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "case:register")).one()
            assert (entry.actor_id, entry.subject_id, entry.case_id) == (
                registrar.id,
                case.citizen_id,
                case.id,
            )
            assert entry.data == {"source": "letter"}
        sign_in(officers["every"])
        history = app.get(f"/kartable/cases/{case.code}").html.select_one(".tl").text
        assert "ثبت از روی نامه" in history
        assert "سارا احمدی" in history


class TestOfNobody:
    def test_code_and_pin_open_the_follow_up(self, site, app, registrar):
        page = filled(app, source="counter").submit(status=200)
        assert page.cache_control.no_store
        with site.work(write=False) as work:
            case = case_in(work)
            assert case.citizen_id is None
            assert work.session.get(Feedback, case.id).anonymous
            assert outbox(work) == []
        app.reset()
        form = next(f for f in app.get("/track").forms.values() if "proof" in f.fields)
        form["code"], form["proof"] = case.code, pin_on(page)
        form.submit(status=303).follow(status=200)

    def test_a_name_alone_is_not_lost_silently(self, site, app, registrar):
        page = filled(app, name="مریم رضایی").submit(status=422)
        assert [link["href"] for link in page.html.select(".err-summary a")] == ["#name"]
        with site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Case)) == 0

    def test_who_has_left_is_not_brought_back(self, site, app, registrar):
        with site.work() as work:
            make_citizen(work, STORED, name="نرگس شریفی").deleted_at = work.clock.now()
        page = filled(app, mobile=MOBILE).submit(status=200)
        assert pin_on(page)
        with site.work(write=False) as work:
            assert case_in(work).citizen_id is None
            assert work.session.scalars(select(User.deleted_at).where(User.mobile == STORED)).one()


class TestTwice:
    def test_the_same_form_opens_one_case_with_one_pin(self, site, app, registrar):
        form = filled(app)
        first, second = form.submit(status=200), form.submit(status=200)
        assert pin_on(first) == pin_on(second)
        with site.work(write=False) as work:
            assert case_in(work)
            events = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "case:register"))
            assert len(events.all()) == 1

    def test_the_key_of_one_officer_opens_nothing_of_another(self, site, app, officers, registrar, sign_in):
        form = filled(app)
        form.submit(status=200)
        sign_in(officers["every"])
        other = filled(app)
        other["key"].force_value(form["key"].value)
        other.submit(status=200)
        with site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Case)) == 2


class TestAccess:
    def test_without_the_right_there_is_no_page_and_no_button(self, app, officers, sign_in):
        sign_in(officers["reader"])
        app.get("/desk/feedback/new", status=403)
        assert not app.get("/kartable").html.select("[data-register]")

    def test_with_it_every_page_of_staff_leads_there(self, app, registrar):
        (button,) = app.get("/kartable").html.select("[data-register]")
        assert button["href"] == "/desk/feedback/new"

    def test_a_case_that_is_not_the_officers_to_see_is_not_linked(self, app, officers, registrar, sign_in):
        link = "a[href^='/kartable/cases/']"
        assert not filled(app).submit(status=200).html.select(link)
        sign_in(officers["every"])
        assert filled(app).submit(status=200).html.select(link)

    def test_the_desk_finds_what_came_in_one_way(self, app, officers, sign_in):
        sign_in(officers["every"])
        filled(app, source="letter").submit(status=200)
        row = "tr[data-row]"
        assert len(app.get("/desk/feedback?source=letter").html.select(row)) == 1
        assert not app.get("/desk/feedback?source=phone").html.select(row)
