"""Asking for a meeting in the browser, without a script."""

import io
import threading
from dataclasses import replace

import pytest
from civicportal_meetings.models import MeetingRequest
from PIL import Image
from sqlalchemy import select
from webtest import TestApp, Upload

from civicportal.api.cases import Attachment, AttachmentService, Case
from civicportal.api.notifications import NotificationService
from civicportal.api.people import User
from civicportal.testing import SessionService, identity, kinds_of, make_staff, outbox, owner_of

REASON = "پیگیری پروندهٔ عقب‌نشینی ملک که هشت ماه بدون نتیجه مانده است."
NATIONAL_CODE, LEGAL_ID = "۰۴۹۹۳۷۰۸۹۹", "۱۰۳۸۰۲۸۴۷۹۰"


def picture():
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(data, "PNG")
    return [Upload("deed.png", data.getvalue(), "image/png")]


def the_form(page):
    return next(form for form in page.forms.values() if form.action.endswith("/meetings/new"))


def filled(app, **values):
    form = the_form(app.get("/meetings/new", status=200))
    usual = {
        "subject": "پروانهٔ ساختمانی",
        "reason": REASON,
        "party": "natural",
        "name": "مریم رضایی",
        "national_code": NATIONAL_CODE,
        "birth_date": "۱۳۶۴/۰۱/۰۱",
        "consent": True,
    }
    for name, value in {**usual, **values}.items():
        form[name] = value
    return form


def requests(office):
    with office.site.work(write=False) as work:
        query = select(Case, MeetingRequest).join(MeetingRequest, MeetingRequest.case_id == Case.id)
        return work.session.execute(query.order_by(Case.id)).all()


class TestSending:
    def test_a_request_of_a_person(self, office, app, sign_in):
        sign_in(office.citizen)
        form = filled(app, companions="علی کریمی\n\n نرگس رضایی ", part="morning")
        days = form.fields["days"]
        assert [box._value for box in days] == ["sat", "sun", "mon", "tue", "wed", "thu"]
        days[1].checked = days[3].checked = True
        form["photo_key_files"] = picture()
        answer = form.submit(status=303)
        [(case, detail)] = requests(office)
        assert answer.location.endswith(f"/meetings/sent/{case.code}")
        assert (case.subject, case.body, case.citizen_id) == (
            "پروانهٔ ساختمانی",
            REASON,
            office.citizen.user_id,
        )
        assert (detail.name, detail.party, detail.suitable_part) == ("مریم رضایی", "natural", "morning")
        assert detail.suitable_days == ["sun", "tue"]
        assert detail.companions == ["علی کریمی", "نرگس رضایی"]
        assert office.site.keys.decrypt(detail.national_code) == "0499370899"
        assert office.site.keys.decrypt(detail.birth_date) == "1985-03-21"
        with office.site.work(write=False) as work:
            assert work.session.scalar(select(Attachment.case_id)) == case.id
            assert [message.kind for message in outbox(work)] == ["meetings.registered"]
        page = answer.follow(status=200)
        assert case.code in page.text
        assert page.html.select_one("[data-draft-done=meetings]")

    def test_the_days_on_offer_follow_the_calendar_of_the_administrator(self, office, app, sign_in):
        with office.site.work() as work:
            rights = ("core:calendar:manage",)
            boss = identity(work, make_staff(work, "boss", permissions=rights, username="boss"))
        sign_in(boss)
        page = app.get("/admin/calendar/hours", status=200)
        hours = next(form for form in page.forms.values() if "weekend" in form.fields)
        for box in hours.fields["weekend"]:
            box.checked = box.checked or box._value == "3"
        hours.submit(status=303)
        sign_in(office.citizen)
        days = the_form(app.get("/meetings/new", status=200)).fields["days"]
        assert [box._value for box in days] == ["sat", "sun", "mon", "tue", "wed"]

    def test_a_request_of_a_company(self, office, app, sign_in):
        sign_in(office.citizen)
        filled(
            app, party="legal", organization="تعاونی نمونه", legal_id=LEGAL_ID, position="مدیرعامل"
        ).submit(status=303)
        [(_case, detail)] = requests(office)
        assert (detail.party, detail.organization, detail.legal_id, detail.position) == (
            "legal",
            "تعاونی نمونه",
            "10380284790",
            "مدیرعامل",
        )

    def test_the_name_of_the_account_stands_there(self, office, app, sign_in):
        sign_in(office.citizen)
        assert the_form(app.get("/meetings/new"))["name"].value == office.citizen.name

    def test_who_is_verified_need_not_write_the_numbers_again(self, office, app, sign_in):
        with office.site.work() as work:
            user = work.session.get(User, office.citizen.user_id)
            user.level = 2
            user.national_code = office.site.keys.encrypt("0499370899")
            user.birth_date = office.site.keys.encrypt("1985-03-21")
        sign_in(office.citizen)
        form = the_form(app.get("/meetings/new"))
        assert (form["national_code"].value, form["birth_date"].value) == (NATIONAL_CODE, "۱۳۶۴/۰۱/۰۱")

    def test_the_same_form_sent_again_is_one_request_and_counts_once(self, office, app, sign_in):
        sign_in(office.citizen)
        form = filled(app)
        assert len({form.submit(status=303).location for _click in range(12)}) == 1
        assert len(requests(office)) == 1

    def test_only_its_citizen_sees_the_last_page(self, office, app, sign_in):
        code = office.ask()
        sign_in(office.citizens[1])
        app.get(f"/meetings/sent/{code}", status=404)


class TestStep:
    """A script sends the fields of one step before the next one."""

    def refused(self, app, **values):
        form = the_form(app.get("/meetings/new", status=200))
        answer = app.post(
            "/meetings/new/check", {"csrf_token": form["csrf_token"].value, **values}, status=200
        )
        return {field["data-field"]: field for field in answer.html.select("[data-field]")}

    def test_right_values_are_answered_by_nothing(self, app):
        assert not self.refused(app, national_code=NATIONAL_CODE, birth_date="۱۳۶۴/۰۱/۰۱")

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("national_code", "1234567890", "کد ملی"),
            ("birth_date", "۱۳۶۵/۱۳/۴۰", "تقویم"),
            ("birth_date", "۱۴۹۹/۰۱/۰۱", "تاریخ تولد"),
            ("legal_id", "1", "شناسهٔ ملی"),
            ("companions", "الف\n" * 6, "نفر"),
        ],
    )
    def test_wrong_values_come_back_with_their_reason(self, app, name, value, reason):
        fields = self.refused(app, **{"name": "مریم رضایی", name: value})
        assert list(fields) == [name]
        assert reason in fields[name].select_one(".err").text
        assert fields[name].select_one(f"[name={name}]").get("aria-invalid") == "true"


@pytest.mark.both_databases
class TestOneAtATime:
    def test_an_open_request_stands_there_instead_of_the_form(self, office, app, sign_in):
        code = office.ask()
        sign_in(office.citizen)
        page = app.get("/meetings/new", status=200)
        assert page.html.select_one(f"a[href='/my/{code}']")
        assert not page.html.select_one("form[data-wizard]")

    def test_a_form_opened_before_is_refused_with_the_reason_and_stays(self, office, app, sign_in):
        sign_in(office.citizen)
        form = filled(app)
        code = office.ask()
        page = form.submit(status=422)
        assert page.html.select_one(f"a[href='/my/{code}']")
        assert len(page.html.select(".err-summary li")) == 1
        assert the_form(page)["reason"].value == REASON
        office.step(code, "withdraw", by=office.citizen)
        the_form(page).submit(status=303)
        assert len(requests(office)) == 2

    def test_two_forms_sent_at_one_moment_are_one_request(self, office, app, sign_in, civic_environment):
        sign_in(office.citizen)
        cookie = app.cookies[office.site.cookie_name].strip('"')
        forms = []
        for _number in range(2):
            browser = TestApp(civic_environment.app)
            browser.set_cookie(office.site.cookie_name, cookie)
            forms.append(filled(browser))
        answers = []

        def send(form):
            answers.append(form.submit(status=(303, 422)).status_int)

        threads = [threading.Thread(target=send, args=(form,)) for form in forms]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [303, 422]
        assert len(requests(office)) == 1

    def test_a_closed_request_leaves_the_way_free(self, office, app, sign_in):
        code = office.ask()
        office.step(code, "withdraw", by=office.citizen)
        sign_in(office.citizen)
        filled(app).submit(status=303)
        assert len(requests(office)) == 2


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("subject", ""),
            ("reason", "پیگیری کوچه"),
            ("name", ""),
            ("national_code", "1234567890"),
            ("birth_date", "۱۳۶۴/۱۳/۰۱"),
            ("birth_date", "۱۴۹۹/۰۱/۰۱"),
            ("birth_date", "۱۲۰۰/۰۱/۰۱"),
            ("consent", False),
            ("companions", "یک\nدو\nسه\nچهار\nپنج\nشش"),
        ],
    )
    def test_what_is_missing_or_wrong(self, office, app, sign_in, name, value):
        sign_in(office.citizen)
        page = filled(app, **{name: value}).submit(status=422)
        assert len(page.html.select(".err-summary li")) == 1
        again = the_form(page)
        assert again["subject"].value == ("" if name == "subject" else "پروانهٔ ساختمانی")
        assert requests(office) == []

    @pytest.mark.parametrize("legal_id", ["", "10380285692", "123"])
    def test_a_company_without_its_right_number(self, office, app, sign_in, legal_id):
        sign_in(office.citizen)
        page = filled(
            app, party="legal", organization="تعاونی نمونه", legal_id=legal_id, position="مدیرعامل"
        ).submit(status=422)
        assert [link["href"] for link in page.html.select(".err-summary a")] == ["#legal_id"]

    def test_every_error_leads_to_something_on_the_page(self, office, app, sign_in):
        sign_in(office.citizen)
        page = filled(app, party="legal", subject="", reason="", consent=False).submit(status=422)
        links = [link["href"] for link in page.html.select(".err-summary a")]
        assert len(links) == 6
        assert all(page.html.find(id=link.removeprefix("#")) is not None for link in links)

    def test_too_many_in_an_hour(self, office, app, sign_in):
        sign_in(office.citizen)
        form, statuses = filled(app), []
        for number in range(11):
            form["reason"] = f"{REASON} {number}"
            statuses.append(form.submit(status="*").status_int)
        # One request at a time: the others are refused, and count.
        assert statuses == [303, *[422] * 9, 429]


class TestPapers:
    def test_are_seen_by_their_sender_and_the_office_not_by_code_and_digits(self, office, app, sign_in):
        sign_in(office.citizen)
        form = filled(app)
        form["photo_key_files"] = picture()
        form.submit(status=303)
        [(case, _detail)] = requests(office)
        own = app.get(f"/my/{case.code}", status=200)
        addresses = [link["href"] for link in own.html.select("a.thumb-link")]
        assert len(addresses) == 1
        addresses.append(f"{addresses[0]}/small")
        app.get(addresses[0], status=200)
        app.reset()
        token = app.get("/track").forms[0]["csrf_token"].value
        sent = {"csrf_token": token, "code": case.code, "proof": office.citizen.mobile[-4:]}
        page = app.post("/track", sent, status=303).follow(status=200)
        assert page.html.select("img[src^='/attachments']") == []
        assert page.html.select_one("#papers-title") is not None
        for address in addresses:
            app.get(address, status=404)
        sign_in(office.officer)
        for address in addresses:
            app.get(address, status=200)


class TestDeadline:
    def test_of_the_office_is_not_read_beside_a_time_of_ones_own(self, office, app, sign_in):
        code = office.ask()
        sign_in(office.citizen)

        def told():
            due = office.site.calendar.format_date(office.case(code).deadline, "medium", "fa")
            pages = (app.get(path, status=200).html.select_one("main") for path in ("/", f"/my/{code}"))
            return [due in page.text for page in pages]

        office.schedule(code)
        assert told() == [False, False]
        office.step(code, "recall", public_text="شهردار در سفر است.")
        assert told() == [True, True]


class TestVisitor:
    def test_signs_in_and_finds_the_form_filled(self, office, app, site):
        form = filled(app)
        form["photo_key_files"] = picture()
        answer = form.submit(status=303)
        assert "/login?next=/meetings/new%234" in answer.location
        assert requests(office) == []
        self.open_session(office, app, site)
        again = the_form(app.get("/meetings/new"))
        assert (again["reason"].value, again["birth_date"].value) == (REASON, "۱۳۶۴/۰۱/۰۱")
        again.submit(status=303)
        [(case, _detail)] = requests(office)
        with office.site.work(write=False) as work:
            assert work.session.scalar(select(Attachment.case_id)) == case.id

    def test_with_an_open_request_finds_both_that_and_what_was_written(self, office, app, site):
        code = office.ask()
        filled(app).submit(status=303)
        self.open_session(office, app, site)
        page = app.get("/meetings/new", status=200)
        assert page.html.select_one(f"a[href='/my/{code}']")
        assert not page.html.select(".notice.good"), "one more touch does not send it"
        assert the_form(page)["reason"].value == REASON
        office.step(code, "withdraw", by=office.citizen)
        the_form(app.get("/meetings/new")).submit(status=303)
        assert len(requests(office)) == 2

    def test_is_led_to_the_verification_where_the_site_wants_it(self, office, app, sign_in, monkeypatch):
        kinds = kinds_of(office.site)
        monkeypatch.setitem(kinds, "meetings", replace(kinds["meetings"], level=2))
        sign_in(office.citizen)
        answer = filled(app).submit(status=303)
        assert "/account/identity?next=/meetings/new%234" in answer.location
        assert requests(office) == []
        assert the_form(app.get("/meetings/new"))["reason"].value == REASON

    def test_a_new_citizen_need_not_write_the_name_again(self, office, app):
        page = filled(app).submit(status=303).follow()
        form = next(form for form in page.forms.values() if "mobile" in form.fields)
        form["mobile"] = "09121110000"
        page = form.submit(status=303).follow()
        with office.site.work(write=False) as work:
            code = work.get(NotificationService).fields_of(outbox(work, "+989121110000")[-1])["CODE"]
        form = next(form for form in page.forms.values() if "code" in form.fields)
        form["code"] = code
        welcome = form.submit(status=303).follow(status=200)
        form = next(form for form in welcome.forms.values() if "name" in form.fields)
        assert form["name"].value == "مریم رضایی"

    def test_what_waits_for_the_sign_in_is_sealed(self, office, app):
        filled(app).submit(status=303)
        token = app.cookies[office.site.cookie_name].strip('"')
        with office.site.work(write=False) as work:
            kept = work.get(SessionService).visitor_data(token, "form:/meetings/new")
        assert len(kept) > len(REASON)
        for secret in (NATIONAL_CODE, "0499370899", "۱۳۶۴", REASON[:20]):
            assert secret not in kept

    @staticmethod
    def open_session(office, app, site):
        """Replace the visitor's session by the citizen's, as the sign-in does."""
        old = app.cookies[site.cookie_name].strip('"')
        with site.work() as work:
            user = work.session.get(User, office.citizen.user_id)
            new = work.get(SessionService).open("citizen", user, replaces=old)
            work.get(AttachmentService).hand_over(owner_of(old), owner_of(new))
        app.set_cookie(site.cookie_name, new)


class TestOwnPage:
    def open(self, app, code):
        return app.get(f"/my/{code}", status=200)

    def test_shows_who_comes_and_hides_the_numbers(self, office, app, sign_in):
        code = office.ask(suitable_days=["sun"], companions=["علی کریمی"])
        sign_in(office.citizen)
        page = self.open(app, code)
        for shown in ("علی کریمی", "یکشنبه", "مریم رضایی"):
            assert shown in page.text
        assert "0499370899" not in page.text
        assert NATIONAL_CODE not in page.text
        assert "meeting.ics" not in page.text

    def test_shows_time_and_place_and_the_note(self, office, app, sign_in):
        code = office.ask()
        office.schedule(code, note="مدارک همراه باشد")
        sign_in(office.citizen)
        section = self.open(app, code).html.find(attrs={"aria-labelledby": "appointment-title"})
        for shown in ("یکشنبه ۱۰ خرداد ۱۴۰۵", "۱۰:۰۰", "۱۰:۳۰", "دفتر شهردار", "مدارک همراه باشد"):
            assert shown in section.text

    def test_a_seat_of_a_public_day_says_so(self, office, app, sign_in):
        code = office.ask()
        office.invite(code, office.plan())
        sign_in(office.citizen)
        section = self.open(app, code).html.find(attrs={"aria-labelledby": "appointment-title"})
        assert "به نوبت" in section.text

    def test_the_expert_note_is_not_shown(self, office, app, sign_in):
        code = office.ask()
        office.schedule(code, expert_note="پرونده در کمیسیون است.")
        sign_in(office.citizen)
        assert "کمیسیون" not in self.open(app, code).text

    def test_confirms_by_one_button(self, office, app, sign_in):
        code = office.ask()
        office.schedule(code)
        sign_in(office.citizen)
        page = self.open(app, code)
        form = next(form for form in page.forms.values() if form.action.endswith("/confirm"))
        page = form.submit(status=303).follow(status=200)
        assert page.html.select(".notice.good")
        assert office.current(code).response == "confirmed"
        assert not [form for form in page.forms.values() if form.action.endswith("/confirm")]

    def test_asks_for_another_time_with_words(self, office, app, sign_in):
        code = office.ask()
        office.schedule(code)
        sign_in(office.citizen)
        form = next(f for f in self.open(app, code).forms.values() if f.action.endswith("ask_another_time"))
        form.submit(status=422)
        form["public_text"] = "تنها سه‌شنبه‌ها می‌توانم."
        form.submit(status=303)
        assert office.current(code).response_text == "تنها سه‌شنبه‌ها می‌توانم."
        assert office.case(code).status == "scheduled"

    def test_a_moved_meeting_says_why_and_what_it_was(self, office, app, sign_in):
        code = office.ask()
        office.schedule(code)
        office.reschedule(code, clock="12:00")
        sign_in(office.citizen)
        page = self.open(app, code)
        section = page.html.find(attrs={"aria-labelledby": "appointment-title"})
        assert "۱۲:۰۰" in section.select_one(".appointment").text
        assert "۱۰:۰۰" in section.find("details").text
        assert "شهردار در سفر است" in section.find("details").text
        assert len({line.text.strip() for line in page.html.select(".tl .h b")}) == 3

    def test_a_cancelled_meeting_says_so(self, office, app, sign_in):
        code = office.ask()
        office.schedule(code)
        office.step(code, "cancel", public_text="شهردار بیمار است.")
        sign_in(office.citizen)
        page = self.open(app, code)
        assert page.html.select_one(".appointment.off")
        assert "شهردار بیمار است." in page.text

    def test_withdraws(self, office, app, sign_in):
        code = office.ask()
        sign_in(office.citizen)
        form = next(f for f in self.open(app, code).forms.values() if f.action.endswith("/withdraw"))
        form.submit(status=303)
        assert office.case(code).status == "cancelled"


def test_nothing_is_inline_and_the_home_leads_here(office, app):
    page = app.get("/meetings/new", status=200)
    assert not page.html.select("[style]")
    assert all(script.get("src") for script in page.html.find_all("script"))
    assert app.get("/", status=200).html.select_one(".svc[href='/meetings/new']")
