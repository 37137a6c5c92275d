"""Work finished on the spot: one step, once, with pictures and what the device says; pages kept without a network."""

from datetime import UTC, datetime

import pytest
from civicportal_reports.field import Device, FieldService
from sqlalchemy import func, select
from webtest import Upload

from civicportal.api.cases import Attachment, Case, CaseService
from civicportal.api.geo import Point
from civicportal.api.kartable import KartableService, ReadyTextService
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Conflict, Forbidden
from civicportal.testing import identity, make_staff

ANSWER = "چاله پر شد."
KEY, OTHER_KEY = "q" * 22, "r" * 22


def finish(city, code, *, by=None, version=None, **more):
    with city.site.work(actor=by or city.officer) as work:
        service = work.get(FieldService)
        case, _report = service.fetch(code, lock=True)
        event = service.finish(case, version=version or case.version, text=ANSWER, **more)
        return event.id, event.internal_text, work.get(CaseService).was_repeated


def colleague_of(city, code):
    with city.site.work() as work:
        unit = work.get(CaseService).fetch(code).unit_id
        staff = make_staff(work, unit=work.get(OrganizationService).units.by_id[unit], name="پویا رستمی")
        return identity(work, staff)


@pytest.mark.both_databases
class TestFinish:
    @pytest.mark.parametrize("begun", [None, "start_review", "start_action"])
    def test_the_step_that_finishes_the_work_is_taken(self, city, begun):
        code = city.send()
        if begun:
            city.step(code, begun)
        finish(city, code)
        assert city.case(code).status == "reviewed"

    def test_a_form_that_is_sent_twice_is_one_step(self, city):
        code = city.send()
        version = city.case(code).version
        first = finish(city, code, version=version, once="a" * 32)
        again = finish(city, code, version=version, once="a" * 32)
        assert first[0] == again[0]
        assert (first[2], again[2]) == (False, True)
        with pytest.raises(Conflict):
            finish(city, code, version=version, once="b" * 32)

    def test_a_case_that_a_colleague_has_changed_is_refused(self, city):
        code = city.send()
        version = city.case(code).version
        city.step(code, "start_review")
        with pytest.raises(Conflict):
            finish(city, code, version=version)

    def test_a_case_that_a_colleague_holds_is_not_finished(self, city):
        code = city.send()
        with city.site.work(actor=colleague_of(city, code)) as work:
            work.get(KartableService).take(work.get(CaseService).fetch(code, lock=True))
        with pytest.raises(Forbidden):
            finish(city, code)

    def test_what_the_device_says_is_noted_for_staff(self, city):
        code = city.send()
        device = Device(moment=datetime(2026, 1, 5, 8, 30, tzinfo=UTC), point=Point(31.0204, 52.015))
        _id, noted, _repeated = finish(city, code, device=device)
        assert "۱۱ متر" in noted
        assert "31.02040, 52.01500" in noted
        with city.site.work(write=False) as work:
            event = work.get(CaseService).last_event(work.get(CaseService).fetch(code))
            assert event.public_text == ANSWER

    def test_a_ready_text_is_the_answer_without_a_name(self, city):
        code = city.send()
        with city.site.work(actor=city.officer) as work:
            service = work.get(FieldService)
            case, _report = service.fetch(code)
            assert len(service.answer(case)) >= 5
            text = "با سلام {NAME}، تعمیر شد."
            work.get(ReadyTextService).add("reports", title="تعمیر", text=text, transition="close")
        with city.site.work(actor=city.officer, write=False) as work:
            service = work.get(FieldService)
            case, _report = service.fetch(code)
            assert service.answer(case) == "با سلام شهروند، تعمیر شد."


def address(code):
    return f"/desk/reports/field/{code}"


def the_form(page):
    return next(form for form in page.forms.values() if "public_text" in form.fields)


def pictures_after(city, code):
    with city.site.work(write=False) as work:
        query = select(func.count()).select_from(Attachment).join(Case, Case.id == Attachment.case_id)
        return work.session.scalar(query.where(Case.code == code, Attachment.purpose == "after"))


def queue(city, app, code, key=KEY, *, status=200, photos=1, **values):
    """Send the form as the queue does, and return the answer."""
    fields = {"version": str(city.case(code).version), "public_text": ANSWER, "queue_key": key, **values}
    return city.queue(app, address(code), fields, photos=photos, status=status)


class TestPage:
    def test_a_report_is_finished_from_the_list(self, city, app, sign_in):
        sign_in(city.officer)
        code = city.send()
        page = app.get("/desk/reports/field").click(href=address(code))
        form = the_form(page)
        assert form["public_text"].value
        form["photo_key_files"] = [Upload("photo.png", city.picture())]
        page = form.submit(status=303).follow()
        assert page.request.path == "/desk/reports/field"
        assert city.case(code).status == "reviewed"
        assert pictures_after(city, code) == 1
        assert not [form for form in app.get(address(code)).forms.values() if "public_text" in form.fields]

    def test_another_unit_a_colleague_and_a_citizen_do_not_get_there(self, city, app, sign_in):
        code = city.send()
        colleague = colleague_of(city, code)
        sign_in(city.stranger)
        app.get(address(code), status=404)
        sign_in(city.citizen)
        app.get(address(code), status=403)
        sign_in(city.officer)
        with city.site.work(actor=colleague) as work:
            work.get(KartableService).take(work.get(CaseService).fetch(code, lock=True))
        assert "public_text" not in app.get(address(code)).text

    def test_a_mistake_is_said_at_its_field_and_nothing_is_lost(self, city, app, sign_in):
        sign_in(city.officer)
        code = city.send()
        form = the_form(app.get(address(code)))
        form["photo_key_files"] = [Upload("photo.png", city.picture())]
        form["public_text"] = "؟"
        page = form.submit(status=422)
        assert "is-invalid" in page.html.select_one("[name=public_text]")["class"]
        form = the_form(page)
        assert form["photo_key"].value
        form["public_text"] = ANSWER
        form.submit(status=303)
        assert pictures_after(city, code) == 1

    def test_a_case_changed_meanwhile_is_shown_anew_and_can_be_sent(self, city, app, sign_in):
        sign_in(city.officer)
        code = city.send()
        form = the_form(app.get(address(code)))
        city.step(code, "start_review")
        page = form.submit(status=422)
        assert "همکارتان" in page.html.select_one(".err-summary").text
        the_form(page).submit(status=303)
        assert city.case(code).status == "reviewed"


class TestQueue:
    def test_it_is_sent_once_with_its_picture(self, city, app, sign_in):
        sign_in(city.officer)
        code = city.send()
        version = str(city.case(code).version)
        answers = [queue(city, app, code, version=version) for _turn in range(2)]
        assert answers == [{"location": address(code), "repeated": repeated} for repeated in (False, True)]
        assert pictures_after(city, code) == 1

    def test_a_case_changed_meanwhile_answers_at_the_entry(self, city, app, sign_in):
        sign_in(city.officer)
        code = city.send()
        version = str(city.case(code).version)
        city.step(code, "close", public_text="بسته شد.")
        [error] = queue(city, app, code, OTHER_KEY, status=422, version=version)["errors"]
        assert "همکارتان" in error["message"]

    def test_its_page_is_kept_and_names_no_citizen(self, city, app, sign_in):
        sign_in(city.officer)
        code = city.send(body="من مریم رضایی هستم، شماره‌ام 09000000001 است؛ چاله خطرناک است.")
        for path in ("/desk/reports/field", address(code)):
            page = app.get(path)
            assert page.headers["Portal-Owner"]
            assert "مریم" not in page.text
            assert "09000000001" not in page.text
        assert "Portal-Owner" not in app.get("/desk/reports").headers


def form_of(page):
    return next(form for form in page.forms.values() if "public_text" in form.fields)


class TestPersonalData:
    """The answer of a public report is asked about on the form of the crew, which keeps everything."""

    def answered(self, app, city, text):
        code = city.send()
        city.publish(code)
        form = form_of(app.get(f"/desk/reports/field/{code}"))
        form["public_text"] = text
        return code, form.submit(status=422)

    def test_a_number_is_pointed_out(self, city, app, sign_in):
        sign_in(city.officer)
        _code, page = self.answered(app, city, "انجام شد. شمارهٔ ۰۹۱۲۳۴۵۶۷۸۹")
        field = page.html.select_one("[data-field=public_text]")
        assert "۰۹۱۲۳۴۵۶۷۸۹" in field.select_one("mark").text
        assert field.select_one("textarea").text.strip() == "انجام شد. شمارهٔ ۰۹۱۲۳۴۵۶۷۸۹"

    def test_a_word_that_is_no_name_is_allowed(self, city, app, sign_in):
        sign_in(city.officer)
        code, page = self.answered(app, city, "کوی رضایی آسفالت شد.")
        form = form_of(page)
        form["allowed"] = True
        form.submit(status=303)
        with city.site.work(write=False) as work:
            case = work.get(CaseService).fetch(code)
            assert work.get(CaseService).last_event(case).public_text == "کوی رضایی آسفالت شد."

    def test_only_texts_without_the_name_are_offered(self, city, app, sign_in):
        with city.site.work() as work:
            for title in ("پایان کار", "کار شبانه"):
                work.get(ReadyTextService).add("reports", title=title, text=f"{{NAME}} عزیز، {title}.")
        sign_in(city.officer)
        page = app.get(f"/desk/reports/field/{city.send()}")
        offers = [option["data-text"] for option in page.html.select("[data-ready] option[data-text]")]
        assert len(offers) >= 2
        assert "مریم رضایی" not in page.text
