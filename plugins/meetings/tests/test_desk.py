"""The desk in the browser: the week, the search, the form that gives a time, the list of a day."""

from datetime import date

import pytest
from civicportal_meetings.services import Applicant, MeetingService, NewMeeting, PublicDayService

from civicportal.api.cases import CaseService
from civicportal.testing import identity, make_citizen, make_staff, statements

SUNDAY, MONDAY = date(2026, 5, 31), date(2026, 6, 1)
NATIONAL_CODE = "0499370899"


@pytest.fixture
def desk(office, app, sign_in):
    sign_in(office.officer)
    return app


@pytest.fixture
def looker(site, office, app, sign_in):
    """The desk of an officer who sets times and may not see names or numbers."""
    with site.work() as work:
        rights = ("meetings:case:view", "meetings:case:work")
        person = identity(work, make_staff(work, "looker", permissions=rights))
    sign_in(person)
    return app


def fill(form, **values):
    for name, value in values.items():
        form[name] = value
    return form


class TestAccess:
    def test_a_citizen_and_a_visitor_have_no_desk(self, office, app, sign_in):
        assert app.get("/desk/meetings", status=303).location.startswith("http://localhost/staff/login")
        sign_in(office.citizen)
        app.get("/desk/meetings", status=(303, 403))

    def test_who_may_only_look_sets_no_time(self, office, app, sign_in):
        code = office.ask()
        sign_in(office.handler)
        app.get("/desk/meetings", status=200)
        app.get(f"/desk/meetings/requests/{code}", status=403)
        app.get("/desk/meetings/sessions/new", status=403)

    def test_a_request_outside_ones_scope_is_not_there(self, office, app, sign_in):
        office.ask()
        sign_in(office.handler)
        assert "پروانهٔ ساختمانی" not in app.get("/desk/meetings").text


class TestWeek:
    def test_begins_on_saturday_and_shows_what_stands(self, office, desk):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        office.plan(MONDAY, "09:00", "12:00", title="ملاقات عمومی شهردار")
        page = desk.get("/desk/meetings")
        heads = [th.text.strip() for th in page.html.select(".week-t thead th")][1:]
        assert heads[0].startswith("شنبه ۹ خرداد")
        assert heads[-1].startswith("جمعه ۱۵ خرداد")
        assert "تعطیل" in heads[-1]
        meets = page.html.select(".week-t .meet")
        assert meets[0]["href"].startswith("/desk/meetings/sessions/")
        assert "مریم رضایی" in meets[1].text

    def test_the_neighbours_are_a_link_away(self, desk):
        page = desk.get("/desk/meetings?day=1405/03/20")
        assert page.html.select(".week-t thead th")[1].text.strip().startswith("شنبه ۱۶ خرداد")
        link = page.html.select_one("a[href*='day=1405/03/09'], a[href*='day=1405%2F03%2F09']")
        assert link is not None

    def test_asks_no_more_often_for_more_meetings(self, office, desk):
        def counted(path):
            desk.get(path, status=200)
            with statements(office.site) as texts:
                desk.get(path, status=200)
            return len(texts)

        def meet(number):
            with office.site.work() as work:
                citizen = identity(work, make_citizen(work, f"+98900000010{number}"), "citizen")
            code = office.ask(by=citizen)
            office.schedule(code, SUNDAY, f"1{number}:00")
            office.plan(MONDAY, f"{number + 8:02}:00", f"{number + 9:02}:00")
            return code

        code, _other = meet(0), meet(1)
        paths = (
            "/desk/meetings",
            f"/desk/meetings/day/{SUNDAY}",
            f"/desk/meetings/requests/{code}",
            f"/kartable/cases/{code}",
        )
        few = [counted(path) for path in paths]
        for number in range(2, 4):
            meet(number)
        assert [counted(path) for path in paths] == few


class TestSearch:
    @pytest.fixture
    def several(self, office, clock):
        codes = [office.ask()]
        clock.advance(days=2)
        codes.append(office.ask(by=office.citizens[1], subject="زمین ورزشی محله"))
        return codes

    def found(self, page):
        return [link.text.strip() for link in page.html.select("#requests tbody .item-link")]

    def narrowed(self, desk, **values):
        page = desk.get("/desk/meetings")
        return fill(next(f for f in page.forms.values() if "first_day" in f.fields), **values).submit()

    def box(self, desk, words, address="/desk/meetings"):
        page = desk.get(address)
        form = next(f for f in page.forms.values() if f.action.startswith("/desk/meetings/search"))
        return fill(form, q=words).submit(status=303)

    def search(self, desk, *, words):
        return self.box(desk, words).follow()

    def test_by_the_date_of_registration_in_the_citys_calendar(self, several, desk):
        assert self.found(desk.get("/desk/meetings")) == ["پروانهٔ ساختمانی", "زمین ورزشی محله"]
        assert self.found(self.narrowed(desk, last_day="۱۴۰۵/۰۳/۰۹")) == ["پروانهٔ ساختمانی"]
        assert self.found(self.narrowed(desk, first_day="1405/03/10")) == ["زمین ورزشی محله"]

    def test_a_date_that_is_none_is_refused_in_its_field(self, several, desk):
        page = self.narrowed(desk, first_day="1405/13/40")
        field = page.html.select_one("#requests [name=first_day]")
        assert field["value"] == "۱۴۰۵/۱۳/۴۰"
        assert "چنین روزی" in page.html.select_one(f"#{field['id']}-error").text

    def test_by_words_of_the_request_and_names(self, several, desk):
        page = self.search(desk, words="ورزشي")
        assert self.found(page) == ["زمین ورزشی محله"]
        assert "ورزشی" in [mark.text.strip() for mark in page.html.select("#requests .item-link mark")]
        assert "ققنوس" in self.search(desk, words="ققنوس").html.select_one("#requests .empty").text
        assert len(self.found(self.search(desk, words="مریم"))) == 2

    @pytest.mark.parametrize("words", ["علی رضا", "علیرضا", "رضایی علی‌رضا", "اذری", "acme", "«علی‌رضا رضایی»"])
    def test_by_a_name_however_it_is_spelled(self, office, desk, words):
        who = Applicant(name="علی‌رضا رضایی", party="legal", organization="شرکت آذری ACME")
        office.ask(applicant=who, subject="زمین ورزشی محله")
        office.ask(by=office.citizens[1], subject="پروانهٔ ساختمانی")
        assert self.found(self.search(desk, words=words)) == ["زمین ورزشی محله"]

    @pytest.mark.parametrize("words", ["علی کریمی", "%", "ضایی"])
    def test_not_by_a_part_of_a_name(self, office, desk, words):
        office.ask(applicant=Applicant(name="علی‌رضا رضایی"))
        assert self.found(self.search(desk, words=words)) == []

    def test_by_status(self, office, several, desk):
        office.schedule(several[0], date(2026, 6, 7), "10:00")
        assert self.found(desk.get("/desk/meetings")) == ["زمین ورزشی محله"]
        assert self.found(self.narrowed(desk, status="scheduled")) == ["پروانهٔ ساختمانی"]
        assert len(self.found(self.narrowed(desk, status="all"))) == 2

    def test_a_tracking_code_leads_to_its_case_as_on_every_desk(self, several, desk):
        answer = self.box(desk, several[1])
        assert answer.location.endswith(f"/kartable/cases/{several[1]}")

    def test_a_search_keeps_what_a_figure_has_asked_for(self, several, desk):
        asked = "/desk/meetings?status=all&stage=open&source=web&day=1405/03/20"
        assert self.found(desk.get(asked)) == ["زمین ورزشی محله", "پروانهٔ ساختمانی"]
        answer = self.box(desk, "ورزشی", asked)
        assert {"status=all", "stage=open", "source=web"} <= set(answer.location.replace("?", "&").split("&"))
        assert answer.location.endswith("#requests")
        assert self.found(answer.follow()) == ["زمین ورزشی محله"]

    def test_what_narrows_the_list_stands_above_it_and_is_taken_away_alone(self, several, desk):
        page = desk.get("/desk/meetings?status=all&stage=open&timing=late")
        chips = {chip.span.text.strip(): chip["href"] for chip in page.html.select("#requests a.chipf.on")}
        assert [said.partition(":")[0] for said in chips] == ["وضعیت", "در مهلت", "مرحله"]
        assert chips["مرحله: باز"] == "/desk/meetings?status=all&timing=late#requests"

    def test_a_national_code_never_stands_in_the_address(self, several, desk):
        answer = self.box(desk, NATIONAL_CODE)
        assert NATIONAL_CODE not in answer.location
        assert len(self.found(answer.follow())) == 2

    @pytest.mark.parametrize(("words", "found"), [(NATIONAL_CODE, 0), ("۰۹۰۰۰۰۰۰۰۰۱", 0), ("ورزشی", 1)])
    def test_without_the_right_to_it_a_number_finds_no_one_and_is_not_kept(
        self, several, looker, words, found
    ):
        answer = self.search(looker, words=words)
        assert ("words=" in answer.request.url) == bool(found)
        assert len(self.found(answer)) == found

    def test_a_national_code_finds_who_has_no_mobile_and_who_came_by_two(self, office, site, desk):
        caller = Applicant(name="مریم رضایی", national_code=NATIONAL_CODE)
        visit = NewMeeting(subject="نوبت حضوری", reason="مراجعهٔ حضوری", applicant=caller, source="counter")
        with site.work(actor=office.officer) as work:
            code = work.get(MeetingService).make_for(None, visit, "").code
        office.schedule(code)
        office.ask(by=office.citizens[0], subject="پروانهٔ ساختمانی")
        office.ask(by=office.citizens[1], subject="زمین ورزشی محله")
        other = Applicant(name="علی کریمی", national_code="1234567891")
        office.ask(by=office.citizens[2], applicant=other, subject="کار دیگران")
        found = self.found(self.search(desk, words=NATIONAL_CODE))
        assert found == ["نوبت حضوری", "پروانهٔ ساختمانی", "زمین ورزشی محله"]

    def test_an_address_does_not_reveal_the_same_person(self, several, desk, app, sign_in, site):
        address = f"/desk/meetings?person={several[0]}"
        assert len(self.found(desk.get(address))) == 2
        with site.work() as work:
            rights = ("meetings:case:view", "meetings:case:work", "meetings:case:contact")
            person = identity(work, make_staff(work, "curious", permissions=rights))
        sign_in(person)
        assert self.found(app.get(address)) == []

    def test_a_mobile_leads_to_the_requests_of_its_citizen(self, several, desk, app, sign_in, site):
        answer = self.search(desk, words="۰۹۰۰۰۰۰۰۰۰۱")
        assert "words=" not in answer.request.url
        assert len(self.found(answer)) == 1
        # Without the right to see mobiles, trying numbers of citizens reveals nothing.
        with site.work() as work:
            curious = make_staff(work, "curious", permissions=("meetings:case:view", "meetings:case:work"))
        sign_in(curious)
        assert self.found(app.get(answer.request.path_qs)) == []


class TestWhoMayKnowNobody:
    def test_reads_no_name_beside_the_times(self, office, looker):
        numbers = {"national_code": NATIONAL_CODE, "birth_date": date(1985, 3, 21)}
        office_of = {"organization": "شرکت ناپیدا", "position": "مدیر رازدار"}
        who = Applicant(name="نام رازدار", party="legal", **office_of, **numbers)
        page = looker.get(f"/desk/meetings/requests/{office.ask(applicant=who, companions=['همراه رازدار'])}")
        assert "رازدار" not in page.text
        assert "ناپیدا" not in page.text
        assert "***" not in page.html.select_one("#assign").text

    def test_sees_of_a_waiting_list_only_what_is_theirs(self, office, site, app, sign_in):
        session, code = office.plan(), office.ask(subject="پروندهٔ دیگران")
        with site.work(actor=office.officer) as work:
            work.get(PublicDayService).wait(session, work.get(CaseService).fetch(code))
        sign_in(office.officer)
        assert "پروندهٔ دیگران" in app.get(f"/desk/meetings/sessions/{session}").text
        sign_in(office.handler)
        assert "پروندهٔ دیگران" not in app.get(f"/desk/meetings/sessions/{session}").text


class TestSetting:
    @pytest.fixture
    def code(self, office):
        return office.ask(suitable_days=["mon"])

    def form(self, page):
        return next(
            f for f in page.forms.values() if "/desk/meetings/requests/" in f.action and "day" in f.fields
        )

    def test_begins_with_the_next_free_time_that_suits(self, desk, code):
        form = self.form(desk.get(f"/desk/meetings/requests/{code}"))
        assert (form["day"].value, form["at"].value) == ("۱۴۰۵/۰۳/۱۱", "۰۸:۰۰")
        assert form["place"].value == "دفتر شهردار"

    @pytest.mark.parametrize(("part", "at"), [("morning", "۰۸:۰۰"), ("noon", "۱۱:۰۰")])
    def test_begins_at_the_time_of_day_that_suits(self, office, desk, part, at):
        code = office.ask(suitable_days=["mon"], suitable_part=part)
        assert self.form(desk.get(f"/desk/meetings/requests/{code}"))["at"].value == at

    def test_sets_it(self, office, desk, code):
        form = self.form(desk.get(f"/desk/meetings/requests/{code}"))
        fill(form, day="1405/03/10", at="۱۰:۳۰", note="کارت ملی همراه باشد", expert_note="پرونده آماده شود.")
        page = form.submit().follow()
        assert "مریم رضایی" in page.html.select_one(".week-t .meet").text
        current = office.current(code)
        assert current.start == office.moment(SUNDAY, "10:30")
        assert current.expert_note == "پرونده آماده شود."

    def test_a_picked_day_and_time_are_shown_with_all_that_was_typed(self, office, desk, code):
        form = self.form(desk.get(f"/desk/meetings/requests/{code}"))
        form["note"] = "کارت ملی همراه باشد"
        form = self.form(form.submit("pick", value="2026-05-31"))
        page = form.submit("pick", value="2026-05-31T11:00")
        form = self.form(page)
        assert (form["day"].value, form["at"].value) == ("۱۴۰۵/۰۳/۱۰", "۱۱:۰۰")
        assert form["note"].value == "کارت ملی همراه باشد"
        assert "۱۴۰۵/۰۳/۱۰ ساعت ۱۱:۰۰" in page.html.select_one(".sms").text or "11:00" in page.text
        assert office.case(code).status == "registered"

    def test_another_month_can_be_turned_to(self, desk, code):
        form = self.form(desk.get(f"/desk/meetings/requests/{code}"))
        page = form.submit("month", value="2026-06-22")
        assert "تیر ۱۴۰۵" in page.html.select_one("#month-title").text

    @pytest.mark.parametrize("day", ["1405/03/14", "1405/03/08", "1405/03/15"])
    def test_days_off_and_past_days_are_refused_with_what_was_typed(self, office, desk, code, day):
        form = self.form(desk.get(f"/desk/meetings/requests/{code}"))
        page = fill(form, day=day, at="10:00", note="کارت ملی").submit(status=422)
        assert page.html.select_one(".err-summary") is not None
        assert self.form(page)["note"].value == "کارت ملی"

    def test_a_clash_is_refused(self, office, desk, code):
        other = office.ask(by=office.citizens[1])
        office.schedule(other, SUNDAY, "10:00")
        form = self.form(desk.get(f"/desk/meetings/requests/{code}"))
        page = fill(form, day="1405/03/10", at="10:15").submit(status=422)
        [line] = page.html.select(".err-summary a")
        assert "شهردار در این زمان" in page.html.select_one(f"{line['href']}-error").text
        taken = page.html.select_one("button[value='2026-05-31T10:00']")
        assert taken.has_attr("disabled")

    def test_another_officer_was_faster(self, office, desk, code):
        form = self.form(desk.get(f"/desk/meetings/requests/{code}"))
        office.step(code, "start_review")
        page = fill(form, day="1405/03/10", at="10:30", note="کارت ملی").submit(status=409)
        assert self.form(page)["note"].value == "کارت ملی"
        self.form(page).submit(status=303)
        assert office.current(code).start == office.moment(SUNDAY, "10:30")

    def test_another_officer_has_set_a_time(self, office, desk, code):
        form = self.form(desk.get(f"/desk/meetings/requests/{code}"))
        office.schedule(code, MONDAY, "11:00")
        page = fill(form, day="1405/03/10", at="10:30", note="کارت ملی").submit(status=409)
        assert "کسی در این میان" in page.html.select_one(".err-summary").text
        assert page.html.select_one("[id$=reason-error]") is None
        assert self.form(page)["note"].value == "کارت ملی"
        assert office.current(code).start == office.moment(MONDAY, "11:00")

    def test_from_the_kartable_too(self, office, desk, code):
        page = desk.get(f"/kartable/cases/{code}/schedule")
        form = next(f for f in page.forms.values() if f.action.endswith("/schedule"))
        assert form["at"].value == "۰۸:۰۰"
        fill(form, day="1405/03/10", at="10:30").submit("then", value="stay", status=303)
        assert office.current(code).start == office.moment(SUNDAY, "10:30")
        page = desk.get(f"/kartable/cases/{code}/reschedule")
        form = next(f for f in page.forms.values() if f.action.endswith("/reschedule"))
        assert form["day"].value == "۱۴۰۵/۰۳/۱۰"
        page = fill(form, day="1405/03/14", reason="شهردار در سفر است.").submit(
            "then", value="stay", status=422
        )
        assert page.html.select_one(".err-summary") is not None

    def test_the_kartable_previews_what_stands_in_the_form(self, office, desk, code):
        address = f"/kartable/cases/{code}/preview?transition=schedule"
        assert "۱۴۰۵/۰۳/۱۱ ساعت ۰۸:۰۰" in desk.get(address).text
        page = desk.get(f"/kartable/cases/{code}/schedule")
        form = next(f for f in page.forms.values() if f.action.endswith("/schedule"))
        typed = {"day": "1405/03/12", "at": "10:30", "note": "مدارک مالکیت و شناسنامه را همراه داشته باشید."}
        fill(form, **typed)
        text = desk.post(address, form.submit_fields()).html.select_one(".sms").text
        assert "۱۴۰۵/۰۳/۱۲ ساعت ۱۰:۳۰" in text
        assert "مدارک مالکیت و شناسنامه" in text
        assert "همراه داشته" not in text
        form["at"] = "?"
        assert desk.post(address, form.submit_fields()).html.select_one(".sms") is None
        assert office.case(code).status == "registered"

    def test_the_history_names_steps_that_stay(self, office, desk, code):
        office.schedule(code, SUNDAY, "10:00")
        office.reschedule(code, MONDAY, "11:00")
        titles = [
            line.text.strip() for line in desk.get(f"/kartable/cases/{code}").html.select(".tl li .h b")
        ]
        assert titles == ["تغییر وقت", "وقت تعیین‌شده", "ثبت‌شده"]

    def test_a_closed_request_is_given_no_time(self, office, desk, code):
        office.step(code, "decline", public_text="در حیطهٔ شهرداری نیست.")
        desk.get(f"/desk/meetings/requests/{code}", status=404)


class TestAskedForAnotherTime:
    WISH = "دوشنبه پیش از ظهر بهتر است."

    @pytest.fixture
    def code(self, office):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        office.step(code, "ask_another_time", by=office.citizen, public_text=self.WISH)
        return code

    def asking(self, page):
        return page.html.select("#asking li")

    def test_stands_on_the_desk_whatever_week_is_shown(self, desk, code):
        [line] = self.asking(desk.get("/desk/meetings?day=1405/06/01"))
        assert "مریم رضایی" in line.text
        assert self.WISH in line.text
        assert line.select_one(f"a[href$='/desk/meetings/requests/{code}']") is not None
        assert desk.get("/desk").html.select_one("a[href$='/desk/meetings#asking']") is not None

    def test_until_another_time_is_set(self, office, desk, code):
        office.reschedule(code, MONDAY, "11:00")
        assert self.asking(desk.get("/desk/meetings")) == []
        assert desk.get("/desk").html.select_one("a[href$='/desk/meetings#asking']") is None

    def test_until_the_meeting_has_begun(self, office, code, clock, app, sign_in):
        clock.advance(days=30)
        sign_in(office.officer)
        assert self.asking(app.get("/desk/meetings")) == []

    def test_is_not_shown_to_other_officers(self, office, code, app, sign_in):
        sign_in(office.handler)
        assert self.asking(app.get("/desk/meetings")) == []


class TestDayList:
    def test_names_who_comes_when_and_why(self, office, desk):
        code = office.ask(companions=["علی رضایی", "زهرا رضایی"])
        office.schedule(code, SUNDAY, "10:00", expert_note="پرونده آماده شود.")
        page = desk.get("/desk/meetings/day/2026-05-31")
        row = page.html.select_one(".day-list tbody tr").text
        for words in ("۱۰:۰۰", "مریم رضایی", "پروانهٔ ساختمانی", "علی رضایی", "پرونده آماده شود."):
            assert words in row
        assert NATIONAL_CODE not in page.text

    def test_without_the_right_no_one_is_named(self, office, app, sign_in):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        with office.site.work() as work:
            looker = identity(work, make_staff(work, "looker", permissions=["meetings:case:view"]))
        sign_in(looker)
        page = app.get("/desk/meetings/day/2026-05-31")
        assert "پروانهٔ ساختمانی" in page.text
        assert "مریم رضایی" not in page.text
        assert "مریم رضایی" not in app.get("/desk/meetings").text

    def test_an_empty_day_says_so(self, desk):
        assert desk.get("/desk/meetings/day/2026-05-31").html.select_one(".empty") is not None
        desk.get("/desk/meetings/day/2026-13-31", status=404)


class TestDaysThatNoCalendarGoesOnFrom:
    @pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "0622-03-21"])
    def test_of_an_address_are_none(self, office, desk, day):
        code = office.ask()
        desk.get(f"/desk/meetings/day/{day}", status=404)
        desk.get(f"/desk/meetings/sessions/new?day={day}", status=200)
        page = desk.get(f"/desk/meetings/requests/{code}")
        form = next(form for form in page.forms.values() if "minutes" in form.fields)
        for picked in ({"pick": f"{day}T08:00"}, {"month": day}):
            desk.post(page.request.path, [*form.submit_fields(), *picked.items()], status=200)

    def test_that_are_typed_are_none(self, office, desk):
        code = office.ask()
        desk.get("/desk/meetings?day=0001/01/01", status=200)
        form = next(
            f for f in desk.get(f"/desk/meetings/requests/{code}").forms.values() if "minutes" in f.fields
        )
        fill(form, day="0001/01/01", at="08:00").submit(status=422)
