"""Who calls: what an officer is shown of a number, what is recorded, and that no number stands in an address."""

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.models import Session
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.callers import CallerService
from civicportal.domain.kartable.services import KartableService
from civicportal.testing import identity, make_case, make_citizen, make_staff, make_unit
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import localized_digits

MOBILE, STORED = "۰۹۰۰ ۰۰۰ ۰۰۰۷", "+989000000007"
NAME, WORDS = "نرگس شریفی", "اتوبوس خط ۷ صبح‌ها دیر می‌رسد."
REGISTER, VIEW, CONTACT = (f"feedback:case:{verb}" for verb in ("register", "view", "contact"))


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["feedback"]}}


@pytest.fixture
def desk(site):
    """A citizen with one open case each of two units, and officers with different rights."""
    with site.work() as work:
        bus = make_unit(work, "bus")
        citizen = make_citizen(work, STORED, name=NAME)
        cases = [
            make_case(work, kind="feedback", citizen=citizen, subject=f"پیام {key}", body=WORDS)
            for key in ("pr", "bus")
        ]
        # They were never in the hands of the unit bus, but for the one that is referred to it.
        work.get(KartableService).refer(cases[1], bus.id, unattended=True)
        assert cases[0].unit_id != bus.id
        codes = {"pr": cases[0].code, "bus": cases[1].code}
        officers = {
            "clerk": make_staff(work, "clerk", permissions=[REGISTER]),
            "of_unit": make_staff(work, "of_unit", unit=bus, permissions=[REGISTER, VIEW, CONTACT]),
            "of_city": make_staff(work, "of_city", permissions=[REGISTER, VIEW, CONTACT]),
            "reader": make_staff(work, "reader", permissions=[VIEW, CONTACT]),
        }
        return {**officers, "codes": codes, "citizen": citizen.id}


def found(site, desk, who, mobile=STORED):
    with site.work(write=False) as work:
        actor = identity(work, desk[who])
    with site.work(actor=actor) as work:
        return work.get(CallerService).find(mobile)


def lookups(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(AuditEvent).where(AuditEvent.action == "caller:lookup")))


def the_form(page, field="number"):
    return next(
        form for form in page.forms.values() if field in form.fields and form.action != "/kartable/search"
    )


@pytest.mark.both_databases
class TestWhatIsKnown:
    def test_everything_with_the_rights_of_the_city(self, site, desk):
        caller = found(site, desk, "of_city")
        assert (caller.known, caller.name, caller.elsewhere) == (True, NAME, False)
        assert {row.code for row in caller.open_cases} == set(desk["codes"].values())
        assert {row.code for row in caller.contacts} == set(desk["codes"].values())

    def test_of_another_unit_only_that_there_is_one(self, site, desk):
        caller = found(site, desk, "of_unit")
        assert (caller.name, caller.elsewhere) == (NAME, True)
        assert [row.code for row in caller.open_cases] == [desk["codes"]["bus"]]
        assert [row.code for row in caller.contacts] == [desk["codes"]["bus"]]

    def test_with_the_right_to_register_alone_nothing_else(self, site, desk):
        caller = found(site, desk, "clerk")
        assert (caller.known, caller.name, caller.elsewhere) == (True, "", True)
        assert (caller.open_cases, caller.contacts) == ([], [])

    def test_nothing_of_a_stranger_or_of_who_has_left(self, site, desk):
        assert not found(site, desk, "of_city", "+989000000055").known
        with site.work() as work:
            work.session.get(type(desk["clerk"]), desk["citizen"]).deleted_at = work.clock.now()
        assert not found(site, desk, "of_city").known

    def test_without_the_right_it_is_refused(self, site, desk):
        with pytest.raises(Forbidden):
            found(site, desk, "reader")

    def test_the_look_up_is_recorded_without_the_number(self, site, desk):
        found(site, desk, "of_city")
        found(site, desk, "of_city", "+989000000055")
        known, unknown = lookups(site)
        assert (known.subject_id, known.actor_id, known.data) == (desk["citizen"], desk["of_city"].id, {})
        assert (unknown.subject_id, unknown.data) == (None, {})


class TestPages:
    def test_a_number_is_looked_up_by_a_button(self, site, app, sign_in, desk):
        sign_in(desk["of_city"])
        form = the_form(app.get("/desk/call", status=200))
        form["number"] = MOBILE
        page = form.submit("look", status=200)
        assert NAME in page.text
        assert "پیام bus" in page.text
        assert page.cache_control.no_store
        assert len(lookups(site)) == 1

    def test_a_service_opens_its_form_with_the_number(self, site, app, sign_in, desk):
        sign_in(desk["of_city"])
        form = the_form(app.get("/desk/call"))
        form["number"] = MOBILE
        answer = form.submit("kind", value="feedback", status=303)
        assert answer.location.endswith("/desk/feedback/new?call=")
        page = answer.follow(status=200)
        assert the_form(page, "mobile")["mobile"].value == "۰۹۰۰۰۰۰۰۰۰۷"
        assert NAME in page.text
        for again in ("/desk/feedback/new", "/desk/feedback/new?call="):
            assert the_form(app.get(again), "mobile")["mobile"].value == ""

    def test_the_desk_has_a_field_for_the_number(self, app, sign_in, desk):
        sign_in(desk["of_city"])
        form = the_form(app.get("/desk"))
        form["number"] = MOBILE
        assert form.submit("kind", value="feedback", status=303).location.endswith("/desk/feedback/new?call=")
        sign_in(desk["reader"])
        assert not app.get("/desk").html.select("#call-number")

    def test_a_number_is_taken_out_of_the_address(self, site, app, sign_in, desk):
        sign_in(desk["of_unit"])
        answer = app.get("/desk/call?number=%2B989000000007", status=303)
        assert answer.location.endswith("/desk/call?call=")
        assert "Set-Cookie" not in answer.headers
        with site.work(write=False) as work:
            kept = work.session.scalars(select(Session.data)).all()
        assert "989000000007" not in str(kept), "it is encrypted"
        page = answer.follow(status=200)
        assert NAME in page.text
        assert "پروندهٔ این شخص در واحد دیگری" in page.text
        assert "پیام bus" in page.text
        assert "پیام pr" not in page.text

    @pytest.mark.parametrize("number", ["anonymous", "021-88776655", "<script>", "9" * 60, "0900"])
    def test_a_strange_number_is_said_at_the_field_and_kept(self, site, app, sign_in, desk, number):
        sign_in(desk["of_city"])
        page = app.get("/desk/call", {"number": number}, status=303).follow(status=200)
        assert localized_digits(number[:40], "fa") == the_form(page)["number"].value
        assert page.html.select(".err-summary a[href='#number']")
        assert lookups(site) == []
        form = the_form(page)
        form.submit("kind", value="feedback", status=422)

    def test_while_it_is_typed_only_a_whole_number_is_looked_up(self, site, app, sign_in, desk):
        sign_in(desk["of_city"])
        token = the_form(app.get("/desk/call"))["csrf_token"].value
        piece = {"csrf_token": token, "number": "0900000"}
        assert app.post("/desk/call/person", piece, status=200).text.strip() == ""
        assert lookups(site) == []
        piece["number"] = MOBILE
        assert NAME in app.post("/desk/call/person", piece, status=200).text
        assert len(lookups(site)) == 1

    def test_pages_and_pieces_are_for_those_who_register(self, app, sign_in, desk):
        app.get("/desk/call", status=303)
        sign_in(desk["reader"])
        app.get("/desk/call", status=403)
        token = next(iter(app.get("/desk").forms.values()))["csrf_token"].value
        app.post("/desk/call/person", {"csrf_token": token, "number": MOBILE}, status=403)

    def test_the_form_of_a_service_looks_up_too_and_loses_nothing(self, site, app, sign_in, desk):
        sign_in(desk["of_city"])
        form = the_form(app.get("/desk/feedback/new"), "mobile")
        form["mobile"], form["body"] = MOBILE, "نیمه‌کاره"
        page = form.submit("look", status=200)
        assert NAME in page.text
        assert the_form(page, "mobile")["body"].value == "نیمه‌کاره"

    def test_too_many_are_refused_and_the_form_still_works(self, site, app, sign_in, desk):
        sign_in(desk["of_city"])
        form = the_form(app.get("/desk/call"))
        form["number"] = MOBILE
        for _number in range(120):
            site.limits.hit("caller_officer", desk["of_city"].id)
        page = form.submit("look", status=200)
        assert NAME not in page.text
        assert page.html.select(".err-summary a[href='#number']")
        the_form(page).submit("kind", value="feedback", status=303)

    def test_the_citizen_reads_that_their_number_was_looked_up(self, site, app, sign_in, desk):
        found(site, desk, "of_city")
        with site.work(write=False) as work:
            citizen = work.session.get(type(desk["clerk"]), desk["citizen"])
        sign_in(citizen, "citizen")
        assert "هنگام تماس تلفنی" in app.get("/account/access").text
