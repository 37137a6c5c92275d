"""The citizens' pages in a browser without a script."""

import io
import re

import pytest
from PIL import Image
from sqlalchemy import select
from webtest import Upload

from civicportal.api.cases import Attachment, AttachmentService, Case
from civicportal.api.people import User
from civicportal.testing import SessionService, owner_of

BODY = "پیشنهاد می‌کنم در ایستگاه‌ها نیمکت بگذارید."
PIN = re.compile(r'data-copy="(\d{4})"')


def the_form(page):
    return next(form for form in page.forms.values() if "body" in form.fields)


def filled(app, **values):
    form = the_form(app.get("/feedback/new", status=200))
    for name, value in {"type": "suggestion", "body": BODY, **values}.items():
        form[name] = value
    return form


def picture():
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(data, "PNG")
    return [Upload("photo.png", data.getvalue(), "image/png")]


def cases(city):
    with city.site.work(write=False) as work:
        return work.session.scalars(select(Case).order_by(Case.id)).all()


class TestNamed:
    def test_a_message_arrives_and_the_page_says_so(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(app, unit="bus", consent=True, photo_key_files=picture())
        answer = form.submit(status=303)
        (case,) = cases(city)
        assert answer.location.endswith(f"/feedback/sent/{case.code}")
        page = answer.follow(status=200)
        assert case.code in page.text
        assert 'data-draft-done="feedback"' in page.text
        assert not PIN.search(page.text)

    def test_the_form_sent_again_is_one_message_its_pictures_too_and_counts_once(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(app, photo_key_files=picture())
        assert len({form.submit(status=303).location for _click in range(12)}) == 1
        assert len(cases(city)) == 1

    def test_an_old_form_with_other_words_is_another_message(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(app)
        form.submit(status=303)
        form["body"] = f"{BODY} و سایه‌بان هم."
        form.submit(status=303)
        assert [case.body for case in cases(city)] == [BODY, f"{BODY} و سایه‌بان هم."]

    def test_only_its_citizen_sees_the_last_page(self, city, app, sign_in):
        code = city.send()
        sign_in(city.other)
        app.get(f"/feedback/sent/{code}", status=404)

    def test_a_visitor_signs_in_and_finds_the_form_filled(self, city, app, site):
        form = filled(app, photo_key_files=picture())
        answer = form.submit(status=303)
        assert "/login?next=/feedback/new" in answer.location
        assert cases(city) == []
        old = app.cookies[site.cookie_name].strip('"')
        with site.work() as work:
            user = work.session.get(User, city.citizen.user_id)
            token = work.get(SessionService).open("citizen", user, replaces=old)
            work.get(AttachmentService).hand_over(owner_of(old), owner_of(token))
        app.set_cookie(site.cookie_name, token)
        again = the_form(app.get("/feedback/new"))
        assert (again["type"].value, again["body"].value) == ("suggestion", BODY)
        again.submit(status=303)
        (case,) = cases(city)
        with site.work(write=False) as work:
            assert work.session.scalars(select(Attachment)).one().case_id == case.id
        assert the_form(app.get("/feedback/new"))["body"].value == ""

    def test_a_form_whose_key_is_lost_is_empty(self, city, app, site):
        filled(app).submit(status=303)
        token = app.cookies[site.cookie_name].strip('"')
        other = type(site.keys)(b"s" * 32, [b"k" * 32])
        with site.work() as work:
            work.get(SessionService).keep_visitor_data(token, "form:/feedback/new", other.encrypt("{}"))
        assert the_form(app.get("/feedback/new", status=200))["body"].value == ""

    def test_the_citizens_page_tells_what_it_is_about(self, city, app, sign_in):
        code = city.send()
        sign_in(city.citizen)
        page = app.get(f"/my/{code}", status=200)
        assert "سازمان اتوبوسرانی" in page.html.find(id="about-title").parent.text

    def test_too_many_in_an_hour(self, city, app, sign_in):
        sign_in(city.citizen)
        for _number in range(10):
            filled(app).submit(status=303)
        filled(app).submit(status=429)


class TestAnonymous:
    def test_code_and_pin_are_shown_at_once_and_open_the_answer(self, city, app):
        page = filled(app, sender="anonymous").submit(status=200)
        (case,) = cases(city)
        pin = PIN.search(page.text)[1]
        assert case.code in page.text
        assert page.headers["Cache-Control"] == "no-store"
        city.step(case.code, "answer", public_text=city.answer)
        form = next(f for f in app.get("/track").forms.values() if "proof" in f.fields)
        form["code"], form["proof"] = case.code, pin
        followed = form.submit(status=303).follow(status=200)
        assert city.answer in followed.text
        assert followed.html.find(id="rating") is None
        assert "/login?next=/my" not in followed.text

    def test_the_form_sent_again_shows_the_same_two_and_counts_once(self, city, app):
        for _number in range(50):
            city.site.limits.hit("submit_address", "127.0.0.1")
        form = filled(app, sender="anonymous")
        environment = {"REMOTE_ADDR": "127.0.0.1"}
        pages = [form.submit(extra_environ=environment, status=200) for _click in range(12)]
        assert len({PIN.search(page.text)[1] for page in pages}) == 1
        assert len(cases(city)) == 1

    def test_the_queue_of_a_browser_cannot_send_it_because_the_pin_would_be_lost(self, city, app):
        fields = dict(filled(app, sender="anonymous").submit_fields())
        del fields["photo_key_files"]
        script = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}
        answer = app.post("/feedback/new", fields, script, status=422).json
        assert [error["label"] for error in answer["errors"]] == ["فرستندهٔ پیام"]
        assert cases(city) == []

    def test_needs_no_session_and_hides_a_signed_in_sender(self, city, app, sign_in):
        sign_in(city.citizen)
        filled(app, sender="anonymous").submit(status=200)
        assert cases(city)[0].citizen_id is None
        assert "هنوز درخواستی ندارید" in app.get("/my").text

    def test_too_many_from_one_address(self, city, app):
        for _number in range(60):
            city.site.limits.hit("submit_address", "192.0.2.9")
        form = filled(app, sender="anonymous")
        form.submit(extra_environ={"REMOTE_ADDR": "192.0.2.9"}, status=429)


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "value"), [("type", None), ("body", ""), ("body", "کوتاه"), ("body", "م" * 2001)]
    )
    def test_what_is_missing_or_too_long_is_said_and_the_rest_kept(self, city, app, sign_in, name, value):
        sign_in(city.citizen)
        form = filled(app, unit="bus", consent=True)
        if value is None:
            fields = [pair for pair in form.submit_fields() if pair[0] != name]
            page = app.post("/feedback/new", fields, status=422)
        else:
            form[name] = value
            page = form.submit(status=422)
        again = the_form(page)
        assert again["unit"].value == "bus"
        assert again["consent"].checked
        links = [link["href"] for link in page.html.select(".err-summary a")]
        assert len(links) == 1
        assert page.html.find(id=links[0].removeprefix("#")) is not None
        assert cases(city) == []

    def test_a_closed_unit_is_not_offered(self, city, app, site):
        from civicportal.testing import make_unit

        with site.work() as work:
            make_unit(work, "closed", active=False)
        values = [option[0] for option in the_form(app.get("/feedback/new"))["unit"].options]
        assert values == ["", "pr", "bus"]

    def test_a_picture_of_another_person(self, city, app, sign_in):
        sign_in(city.citizen)
        refused = filled(app, body="کوتاه", photo_key_files=picture()).submit(status=422)
        key = the_form(refused)["photo_key"].value
        sign_in(city.other)
        fields = [*filled(app).submit_fields(), ("photo_key", key)]
        app.post("/feedback/new", fields, status=422)
        assert cases(city) == []


def test_nothing_is_inline_and_no_script_is_needed(city, app):
    page = app.get("/feedback/new", status=200)
    assert not page.html.select("[style]")
    assert all(script.get("src") for script in page.html.find_all("script"))


def test_the_home_page_links_to_the_form(city, app):
    assert app.get("/").html.select("a.svc[href='/feedback/new']")
