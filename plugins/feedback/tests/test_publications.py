"""Publication of messages: consent, wording, withdrawal."""

import pytest
from civicportal_feedback.publications import PublicationService

from civicportal.api.cases import CaseService
from civicportal.api.plugins import Forbidden, Refused

pytestmark = pytest.mark.both_databases

HEARD, DONE = "ایستگاه‌ها نیمکت ندارد.", "در هشت ایستگاه نیمکت نصب شد."


@pytest.fixture
def answered(city):
    """An answered message whose sender agrees."""
    code = city.send(consent=True)
    city.step(code, "answer", public_text=city.answer)
    return code


def published(city):
    with city.site.work(write=False) as work:
        return [row.heard for row, _feedback in work.get(PublicationService).latest(10)]


def the_form(page, ending):
    return next(form for form in page.forms.values() if form.action.endswith(ending))


class TestRules:
    def test_without_consent_nothing_is_shown(self, city):
        code = city.send()
        city.step(code, "answer", public_text=city.answer)
        with pytest.raises(Refused):
            city.publish(code)

    def test_an_anonymous_sender_agrees_by_the_tick_alone(self, city):
        for consent in (False, True):
            code, _pin = city.send_anonymously(consent=consent)
            city.step(code, "answer", public_text=city.answer)
            if consent:
                city.publish(code)
                continue
            with pytest.raises(Refused):
                city.publish(code)
        assert published(city) == [HEARD]

    def test_what_is_not_answered_is_not_done(self, city):
        with pytest.raises(Refused):
            city.publish(city.send(consent=True))

    def test_it_takes_the_right(self, city, answered):
        with city.site.work() as work:
            case = work.get(CaseService).fetch(answered)
            with work.acting_as(city.expert), pytest.raises(Forbidden):
                work.get(PublicationService).publish(case, HEARD, DONE)

    def test_opened_again_it_is_hidden(self, city, answered):
        city.publish(answered)
        city.step(answered, "reopen", public_text="هنوز کامل نیست.")
        assert published(city) == []
        city.step(answered, "answer", public_text=city.answer)
        assert published(city) == []

    def test_the_latest_comes_first_and_pages_lead_on(self, city, clock):
        codes = []
        for number in range(3):
            code = city.send(consent=True)
            city.step(code, "answer", public_text=city.answer)
            city.publish(code, heard=f"پیام شمارهٔ {number}")
            codes.append(code)
            clock.advance(hours=number)
        with city.site.work(write=False) as work:
            service = work.get(PublicationService)
            first = service.latest(2)
            rest = service.latest(2, before=first[-1][0].case_id)
        assert [row.heard[-1] for row, _f in (*first, *rest)] == ["2", "1", "0"]


class TestPages:
    def test_an_officer_edits_the_words_and_shows_them(self, city, app, sign_in, answered):
        sign_in(city.officer)
        page = app.get(f"/kartable/cases/{answered}", status=200)
        form = the_form(page.click(href=f"/desk/feedback/{answered}/publish"), "/publish")
        assert (form["heard"].value, form["done"].value) == (city.body, city.answer)
        form["heard"], form["done"] = HEARD, DONE
        form.submit(status=303)
        shown = app.get("/feedback", status=200)
        assert HEARD in shown.text
        assert DONE in shown.text
        assert city.citizen.name not in shown.text
        assert answered not in shown.text
        assert HEARD in app.get("/").text
        assert HEARD in app.get("/feedback/new").text

    def test_it_can_be_taken_back(self, city, app, sign_in, answered):
        city.publish(answered)
        sign_in(city.officer)
        page = app.get(f"/kartable/cases/{answered}", status=200)
        the_form(page, "/take-back").submit(status=303)
        assert published(city) == []
        assert HEARD not in app.get("/feedback").text

    def test_words_that_are_too_short_are_refused_and_kept(self, city, app, sign_in, answered):
        sign_in(city.officer)
        form = the_form(app.get(f"/desk/feedback/{answered}/publish"), "/publish")
        form["heard"], form["done"] = "کم", DONE
        page = form.submit(status=422)
        assert the_form(page, "/publish")["done"].value == DONE
        assert published(city) == []

    def test_an_old_page_is_a_conflict_that_costs_no_words(self, city, app, sign_in, answered, clock):
        sign_in(city.officer)
        form = the_form(app.get(f"/desk/feedback/{answered}/publish"), "/publish")
        clock.advance(minutes=1)
        city.publish(answered, heard="متن همکار دیگر")
        form["heard"] = HEARD
        page = form.submit(status=409)
        assert the_form(page, "/publish")["heard"].value == HEARD
        assert published(city) == ["متن همکار دیگر"]

    def test_a_mistake_does_not_hide_that_a_colleague_was_faster(self, city, app, sign_in, answered, clock):
        sign_in(city.officer)
        form = the_form(app.get(f"/desk/feedback/{answered}/publish"), "/publish")
        clock.advance(minutes=1)
        city.publish(answered, heard="متن همکار دیگر")
        form["heard"] = "کوتاه"
        page = form.submit(status=409)
        assert the_form(page, "/publish")["heard"].value == "کوتاه"

    def test_without_consent_the_page_says_so(self, city, app, sign_in):
        code = city.send()
        city.step(code, "answer", public_text=city.answer)
        sign_in(city.officer)
        page = app.get(f"/desk/feedback/{code}/publish", status=200)
        assert "فرستنده با انتشار موافقت نکرده است" in page.text
        assert not any("heard" in form.fields for form in page.forms.values())
        assert "/publish" not in app.get(f"/kartable/cases/{code}").text

    def test_others_do_not_get_in(self, city, app, sign_in, answered):
        app.get(f"/desk/feedback/{answered}/publish", status=303)
        for person in (city.citizen, city.expert):
            sign_in(person)
            app.get(f"/desk/feedback/{answered}/publish", status=403)

    def test_what_does_not_exist_is_not_there(self, city, app, sign_in):
        sign_in(city.officer)
        app.get("/desk/feedback/4059031274/publish", status=404)

    def test_an_empty_list_invites(self, city, app):
        assert app.get("/feedback?before=nonsense", status=200).html.select(".empty a[href='/feedback/new']")
