"""Reports that the queue of a browser sends: the server answers in JSON, and opens one case for each key."""

import pytest
from sqlalchemy import func, select

from civicportal.api.cases import Attachment, Case
from civicportal.api.notifications import NotificationService
from civicportal.api.organization import OrganizationService
from civicportal.testing import outbox

BODY = "از دیروز چالهٔ عمیقی وسط خیابان باز شده است."
KEY, OTHER_KEY = "q" * 22, "r" * 22
SCRIPT = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}


def the_form(page):
    return next(form for form in page.forms.values() if form.action.endswith("/reports/new"))


def filled(city, app, **values):
    form = the_form(app.get("/reports/new"))
    point = {"lat": str(city.street.lat), "lon": str(city.street.lon)}
    for name, value in {"category": "pothole", "body": BODY, **point, **values}.items():
        form[name] = value
    return form


def cases(city):
    with city.site.work(write=False) as work:
        return work.session.scalars(select(Case).order_by(Case.id)).all()


def enter_by_code(city, page, mobile):
    """Sign in by the code that a number gets, and return the answer."""
    form = next(form for form in page.forms.values() if "mobile" in form.fields)
    form["mobile"] = mobile
    page = form.submit(status=303).follow()
    form = next(form for form in page.forms.values() if "code" in form.fields)
    with city.site.work(write=False) as work:
        [message] = [message for message in outbox(work) if message.kind.startswith("otp.")]
        form["code"] = work.get(NotificationService).fields_of(message)["CODE"]
    return form.submit(status=303)


def send(city, app, key=KEY, *, status=200, photos=0, **values):
    """Send a report as the queue does, and return the answer."""
    fields = dict(filled(city, app, **values).submit_fields())
    fields |= {"queue_key": key, "near_seen": "true"}
    fields = {name: value for name, value in fields.items() if name not in ("csrf_token", "photo_key_files")}
    return city.queue(app, "/reports/new", fields, photos=photos, status=status)


def pictures_of(city, case):
    with city.site.work(write=False) as work:
        return work.session.scalar(select(func.count()).where(Attachment.case_id == case.id))


class TestOnce:
    def test_an_entry_opens_one_case_with_its_pictures(self, city, app, sign_in):
        sign_in(city.citizen)
        answer = send(city, app, photos=2)
        (case,) = cases(city)
        assert answer == {"location": f"/reports/sent/{case.code}", "repeated": False}
        assert case.body == BODY
        assert pictures_of(city, case) == 2

    def test_asked_again_days_later_it_is_the_same_case(self, city, app, sign_in, clock):
        sign_in(city.citizen)
        first = send(city, app, photos=1)
        clock.advance(days=5)
        sign_in(city.citizen)
        again = send(city, app, photos=1)
        assert again == {**first, "repeated": True}
        (case,) = cases(city)
        assert pictures_of(city, case) == 1

    def test_an_edited_entry_is_the_same_one(self, city, app, sign_in):
        sign_in(city.citizen)
        send(city, app)
        assert send(city, app, body=f"{BODY} و عمیق‌تر شده است.")["repeated"]
        assert [case.body for case in cases(city)] == [BODY]

    def test_other_entries_and_other_people_have_cases_of_their_own(self, city, app, sign_in):
        sign_in(city.citizen)
        send(city, app)
        send(city, app, OTHER_KEY)
        sign_in(city.other)
        send(city, app)
        assert [case.citizen_id for case in cases(city)] == [
            city.citizen.user_id,
            city.citizen.user_id,
            city.other.user_id,
        ]

    def test_a_key_that_is_none_is_left_out(self, city, app, sign_in):
        sign_in(city.citizen)
        send(city, app, "short")
        send(city, app, "short", body=f"{BODY} دوباره.")
        assert len(cases(city)) == 2


class TestByThePage:
    """The page sends an entry itself, for instance after it was edited."""

    def test_the_next_page_says_which_entry_has_arrived(self, city, app, sign_in):
        sign_in(city.citizen)
        page = submit(filled(city, app), app, KEY)
        assert f'data-queue-done="{KEY}"' in page.text
        assert "قبلاً رسیده بود" not in page.text
        assert send(city, app) == {"location": page.request.path, "repeated": True}
        assert len(cases(city)) == 1

    def test_one_that_had_arrived_is_named(self, city, app, sign_in):
        sign_in(city.citizen)
        send(city, app)
        assert "قبلاً رسیده بود" in submit(filled(city, app, body=f"{BODY} و بزرگ."), app, KEY).text
        assert len(cases(city)) == 1

    def test_a_refused_form_keeps_its_key(self, city, app, sign_in):
        sign_in(city.citizen)
        fields = [*filled(city, app, body="").submit_fields(), ("queue_key", KEY)]
        assert the_form(app.post("/reports/new", fields, status=422))["queue_key"].value == KEY

    def test_a_visitor_signs_in_and_sends_it_with_its_key(self, city, app):
        fields = [*filled(city, app).submit_fields(), ("queue_key", KEY)]
        answer = app.post("/reports/new", fields, status=303)
        page = enter_by_code(city, answer.follow(), "09120000031").follow()
        page = the_form(page).submit(status=303).follow()
        assert f'data-queue-done="{KEY}"' in page.text
        assert len(cases(city)) == 1


def submit(form, app, key):
    """Send a form with the key of an entry, and return the page that follows."""
    return app.post("/reports/new", [*form.submit_fields(), ("queue_key", key)], status=303).follow()


class TestAsked:
    @pytest.mark.parametrize(
        ("name", "value", "anchor"),
        [("body", "کوتاه", "body"), ("lat", "30.0", "place-group"), ("category", "none", "category-group")],
    )
    def test_a_refused_field_is_named(self, city, app, sign_in, name, value, anchor):
        sign_in(city.citizen)
        form = dict(filled(city, app).submit_fields())
        token = app.get("/queue/session").json["token"]
        form |= {"queue_key": KEY, name: value}
        answer = app.post("/reports/new", form, {**SCRIPT, "X-CSRF-Token": token}, status=422).json
        (error,) = answer["errors"]
        assert error["id"] == anchor
        assert error["message"]
        assert cases(city) == []

    def test_a_category_that_has_gone(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(city, app)
        with city.site.work() as work:
            work.get(OrganizationService).category("reports", "pothole").active = False
        token = app.get("/queue/session").json["token"]
        fields = [*form.submit_fields(), ("queue_key", KEY)]
        answer = app.post("/reports/new", fields, {**SCRIPT, "X-CSRF-Token": token}, status=422).json
        assert answer["errors"][0]["id"] == "category-group"

    def test_a_visitor_has_to_sign_in_and_nothing_is_kept(self, city, app):
        send(city, app, status=401)
        assert cases(city) == []
        assert the_form(app.get("/reports/new"))["body"].value == ""

    def test_similar_reports_are_asked_about_in_the_form(self, city, app, sign_in):
        city.send(by=city.other)
        sign_in(city.citizen)
        fields = [*filled(city, app).submit_fields(), ("queue_key", KEY)]
        answer = app.post("/reports/new", fields, SCRIPT, status=409)
        assert answer.json["message"]
        send(city, app)
        assert len(cases(city)) == 2

    def test_a_form_of_another_session_is_refused(self, city, app, sign_in):
        sign_in(city.citizen)
        fields = {**dict(filled(city, app).submit_fields()), "queue_key": KEY, "csrf_token": "0" * 64}
        assert app.post("/reports/new", fields, SCRIPT, status=400).json["message"]
        assert cases(city) == []

    def test_a_limit_says_when_to_come_back(self, city, app, sign_in):
        sign_in(city.citizen)
        for number in range(10):
            send(city, app, f"{number:022}")
        assert send(city, app, status=429)["message"]
