"""Sending a report in the browser, without a script."""

import io

import pytest
from civicportal_reports.models import Report
from civicportal_reports.services import ReportService
from PIL import Image
from sqlalchemy import func, select
from webtest import Upload

from civicportal.api.cases import Attachment, AttachmentService, Case
from civicportal.api.geo import Point
from civicportal.api.notifications import NotificationService
from civicportal.api.organization import OrganizationService
from civicportal.api.people import User
from civicportal.testing import SessionService, outbox, owner_of

BODY = "از دیروز چالهٔ عمیقی وسط خیابان باز شده است."


def picture(color="red"):
    data = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(data, "PNG")
    return [Upload("photo.png", data.getvalue(), "image/png")]


def the_form(page):
    return next(form for form in page.forms.values() if form.action.endswith("/reports/new"))


def filled(city, app, **values):
    form = the_form(app.get("/reports/new"))
    usual = {
        "category": "pothole",
        "lat": str(city.street.lat),
        "lon": str(city.street.lon),
        "body": BODY,
    }
    for name, value in {**usual, **values}.items():
        if value is not None:
            form[name] = value
    return form


def cases(city):
    with city.site.work(write=False) as work:
        return work.session.scalars(select(Case).order_by(Case.id)).all()


class TestForm:
    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"name": "حرف دیگر"}, "انتخاب کنید؛ اگر مطمئن نیستید، «حرف دیگر» را بزنید."),
            ({"active": False}, "نزدیک‌ترین موضوع را انتخاب کنید."),
        ],
    )
    def test_the_category_for_other_problems_has_its_name_of_the_city(self, city, app, change, told):
        with city.site.work() as work:
            category = work.get(OrganizationService).category("reports", "other")
            for name, value in change.items():
                setattr(category, name, value)
        assert told in app.get("/reports/new").text

    def test_the_numbers_of_the_emergency_services_stand_in_it(self, app):
        assert "فوراً با اورژانس، آتش‌نشانی یا پلیس تماس بگیرید: ۱۱۵، ۱۲۵، ۱۱۰" in app.get("/reports/new").text

    def test_a_category_sent_twice_is_refused(self, city, app, sign_in):
        sign_in(city.citizen)
        form = the_form(app.get("/reports/new"))
        sent = [(name, value) for name, value in form.submit_fields() if name != "category"]
        page = app.post("/reports/new", [*sent, ("category", "pothole"), ("category", "pothole")], status=422)
        assert "تنها یک مقدار پذیرفته می‌شود." in page.text


class TestSending:
    def test_a_report_with_a_picture_arrives(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(city, app, urgent=True)
        form["photo_key_files"] = picture()
        answer = form.submit(status=303)
        (case,) = cases(city)
        assert answer.location.endswith(f"/reports/sent/{case.code}")
        assert (case.body, case.urgent, case.citizen_id) == (BODY, True, city.citizen.user_id)
        with city.site.work(write=False) as work:
            (attachment,) = work.session.scalars(select(Attachment))
            assert (attachment.case_id, attachment.purpose) == (case.id, "before")
            assert work.session.get(Report, case.id).point == city.street
        page = answer.follow(status=200)
        assert case.code in page.text
        assert 'data-draft-done="reports"' in page.text

    def test_the_address_takes_the_place_of_the_map(self, city, app, sign_in):
        sign_in(city.citizen)
        filled(city, app, lat="", lon="", address="کوچهٔ بهار، روبه‌روی نانوایی").submit(status=303)
        (case,) = cases(city)
        assert case.place == "کوچهٔ بهار، روبه‌روی نانوایی"
        with city.site.work(write=False) as work:
            assert work.session.get(Report, case.id).point is None

    def test_a_category_without_leaves_can_be_chosen(self, city, app, sign_in):
        sign_in(city.citizen)
        filled(city, app, category="other", root="other").submit(status=303)
        assert cases(city)[0].category_id == city.categories["other"]

    def test_the_same_form_sent_again_is_one_report_and_counts_once(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(city, app)
        assert len({form.submit(status=303).location for _click in range(12)}) == 1
        assert len(cases(city)) == 1

    def test_as_browsers_send_a_file_field_in_which_nothing_was_chosen(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(city, app)
        fields = [pair for pair in form.submit_fields() if isinstance(pair[1], str)]
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields
        ]
        parts.append(
            '--x\r\nContent-Disposition: form-data; name="photo_key_files"; filename=""\r\n'
            "Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
        )
        body = "".join(parts).encode()
        app.post("/reports/new", body, {"Content-Type": "multipart/form-data; boundary=x"}, status=303)
        assert len(cases(city)) == 1

    def test_only_its_citizen_sees_the_last_page(self, city, app, sign_in):
        code = city.send()
        sign_in(city.other)
        app.get(f"/reports/sent/{code}", status=404)


def form_with(page, name):
    return next(form for form in page.forms.values() if name in form.fields)


def enter_by_code(city, app, page, mobile):
    """Sign in by the code that a number gets, and return the answer."""
    form = form_with(page, "mobile")
    form["mobile"] = mobile
    form = form_with(form.submit(status=303).follow(), "code")
    with city.site.work(write=False) as work:
        [message] = [message for message in outbox(work) if message.kind.startswith("otp.")]
        form["code"] = work.get(NotificationService).fields_of(message)["CODE"]
    return form.submit(status=303)


class TestBySignIn:
    def test_the_code_sends_and_the_name_is_asked_afterwards(self, city, app):
        page = enter_by_code(city, app, filled(city, app).submit(status=303).follow(), "09120000077")
        assert page.location.endswith("/reports/new#5")
        page = page.follow()
        assert page.html.select("form[data-wizard] [data-sends-itself]")
        assert not app.get("/reports/new").html.select("[data-sends-itself]"), "only right after the sign-in"
        page = the_form(page).submit(status=303).follow()
        assert len(cases(city)) == 1
        code = cases(city)[0].code
        name = next(form for form in page.forms.values() if "/login/name" in form.action)
        name["name"] = "ش"
        refused = name.submit(status=422)
        assert refused.html.select_one("[name=name]")["value"] == "ش"
        name["name"] = "شهلا تازه‌وارد"
        page = name.submit(status=303).follow()
        assert code in page.text
        assert not page.html.select("[action*='/login/name']")

    def test_a_form_that_is_opened_long_after_the_sign_in_is_not_sent_by_itself(self, city, app, clock):
        enter_by_code(city, app, filled(city, app).submit(status=303).follow(), "09120000077")
        clock.advance(minutes=11)
        page = app.get("/reports/new")
        assert the_form(page)["body"].value == BODY
        assert not page.html.select("[data-sends-itself]")

    def test_a_sign_in_for_another_page_sends_nothing(self, city, app):
        filled(city, app).submit(status=303)
        page = enter_by_code(city, app, app.get("/login?next=/account"), "09120000077")
        assert "/login/name" in page.location
        assert not app.get("/reports/new").html.select("[data-sends-itself]")
        assert cases(city) == []


class TestRefused:
    def test_what_was_typed_and_the_picture_are_kept(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(city, app, body="کوتاه")
        form["photo_key_files"] = picture()
        page = form.submit(status=422)
        again = the_form(page)
        assert again["category"].value == "pothole"
        assert again["body"].value == "کوتاه"
        assert again["lat"].value == str(city.street.lat)
        assert len(again["photo_key"].value) == 22
        assert cases(city) == []
        again["body"] = BODY
        again.submit(status=303)
        with city.site.work(write=False) as work:
            (attachment,) = work.session.scalars(select(Attachment))
            assert attachment.case_id is not None

    def test_a_place_outside_the_city_with_the_citys_telephone(self, city, app, sign_in):
        sign_in(city.citizen)
        page = filled(city, app, lat="31.5").submit(status=422)
        assert page.html.find(id="place-error").text.strip().endswith("تماس بگیرید.")
        assert "۱۳۷" in page.html.find(id="place-error").text
        assert cases(city) == []

    @pytest.mark.parametrize(
        ("name", "value"), [("category", None), ("body", ""), ("lat", ""), ("lat", "nan"), ("lat", "95")]
    )
    def test_what_is_missing_or_unreadable(self, city, app, sign_in, name, value):
        sign_in(city.citizen)
        page = filled(city, app, **{name: value}).submit(status=422)
        assert page.html.select(".err-summary li")
        assert cases(city) == []

    def test_every_error_leads_to_something_on_the_page(self, city, app, sign_in):
        sign_in(city.citizen)
        page = filled(city, app, category=None, lat="", body="").submit(status=422)
        links = [link["href"] for link in page.html.select(".err-summary a")]
        assert len(links) == 3
        assert all(page.html.find(id=link.removeprefix("#")) is not None for link in links)

    def test_a_file_that_is_no_picture(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(city, app)
        form["photo_key_files"] = [Upload("photo.png", b"no picture", "image/png")]
        form.submit(status=422)
        assert cases(city) == []

    def test_a_picture_of_another_person(self, city, app, sign_in):
        sign_in(city.citizen)
        form = filled(city, app, body="کوتاه")
        form["photo_key_files"] = picture()
        key = the_form(form.submit(status=422))["photo_key"].value
        sign_in(city.other)
        form = filled(city, app)
        fields = [*form.submit_fields(), ("photo_key", key)]
        app.post("/reports/new", fields, status=422)
        assert cases(city) == []

    def test_too_many_in_an_hour(self, city, app, sign_in):
        sign_in(city.citizen)
        for _number in range(10):
            filled(city, app).submit(status=303)
        filled(city, app).submit(status=429)
        assert len(cases(city)) == 10


class TestVisitor:
    def test_signs_in_and_finds_the_form_filled(self, city, app, site):
        form = filled(city, app)
        form["photo_key_files"] = picture()
        answer = form.submit(status=303)
        assert "/login?next=/reports/new%235" in answer.location
        assert cases(city) == []
        self.open_session(city, app, site)
        again = the_form(app.get("/reports/new"))
        assert (again["category"].value, again["body"].value) == ("pothole", BODY)
        again.submit(status=303)
        (case,) = cases(city)
        with city.site.work(write=False) as work:
            (attachment,) = work.session.scalars(select(Attachment))
            assert attachment.case_id == case.id
        assert the_form(app.get("/reports/new"))["body"].value == ""

    def test_with_a_mistake_is_told_before_signing_in(self, city, app):
        filled(city, app, body="").submit(status=422)

    @staticmethod
    def open_session(city, app, site):
        """Replace the visitor's session by the citizen's, as the sign-in does."""
        old = app.cookies[site.cookie_name].strip('"')
        with site.work() as work:
            user = work.session.get(User, city.citizen.user_id)
            new = work.get(SessionService).open("citizen", user, replaces=old)
            work.get(AttachmentService).hand_over(owner_of(old), owner_of(new))
        app.set_cookie(site.cookie_name, new)


class TestNear:
    def near(self, app, point, category="pothole"):
        return app.get(
            "/reports/near", {"category": category, "lat": point.lat, "lon": point.lon}, status=200
        )

    def test_names_the_place(self, city, app):
        page = self.near(app, city.street)
        assert "خیابان آزادی" in page.text
        assert "منطقهٔ یک" in page.text
        assert "me-too" not in page.text

    def test_offers_to_follow_and_tells_no_words(self, city, app):
        code = city.send()
        page = self.near(app, city.street)
        case = city.case(code)
        button = page.html.find("button", attrs={"form": "me-too"})
        assert button["value"] == str(case.id)
        for secret in (code, case.body, city.citizen.name):
            assert secret not in page.text

    def test_shows_of_a_published_report_what_everybody_may_know(self, city, app):
        form = city.send(body="چاله عمیق است و شب‌ها دیده نمی‌شود.")
        city.publish(form)
        with city.site.work(actor=city.other) as work:
            service = work.get(ReportService)
            service.me_too(service.open_case(city.case(form).id))
        (card,) = self.near(app, city.street).html.select("[data-near]")
        assert "چاله عمیق است" in card.text
        assert city.citizen.name not in card.text
        assert "۲ شهروند پیگیر" in card.text
        assert "در همین نقطه" in card.text
        assert card.find("a")["href"].endswith(f"/reports/{city.case(form).id}")

    def test_measures_an_unpublished_report_from_its_rounded_place(self, city, app):
        place = Point(31.02034, 52.01503)
        city.send(point=place)
        (card,) = self.near(app, place).html.select("[data-near]")
        assert "در ۵ متری" in card.text

    def test_a_report_of_another_root_category_is_none_of_them(self, city, app):
        city.send("bin")
        assert not self.near(app, city.street).html.select("[data-near]")

    def test_says_that_a_place_lies_outside(self, city, app):
        assert "۱۳۷" in self.near(app, Point(31.5, 52.01)).text

    @pytest.mark.parametrize("query", ["", "lat=1", "lat=x&lon=y&category=z", "lat=95&lon=0"])
    def test_is_empty_for_what_cannot_be_read(self, city, app, query):
        assert app.get(f"/reports/near?{query}", status=200).text.strip() == ""


class TestStep:
    """A script sends the fields of one step before the next one."""

    def check(self, app, **values):
        token = the_form(app.get("/reports/new"))["csrf_token"].value
        return app.post("/reports/new/check", {"csrf_token": token, **values}, status=200)

    def test_a_good_text_is_answered_by_nothing(self, app):
        assert not self.check(app, body=BODY).text

    def test_personal_data_are_pointed_out_once(self, app):
        body = f"{BODY} شمارهٔ من ۰۹۱۲۳۴۵۶۷۸۹ است"
        field = self.check(app, body=body).html.select_one("[data-field=body]")
        assert "۰۹۱۲۳۴۵۶۷۸۹" in field.select_one("mark").text
        noticed = field.select_one("[name=noticed]")["value"]
        assert not self.check(app, body=body, noticed=noticed).text

    def test_a_text_that_is_too_long_is_not_searched(self, app):
        field = self.check(app, body="۰۹۱۲۳۴۵۶۷۸۹ " * 200).html.select_one("[data-field=body]")
        assert field.select_one(".err")
        assert not field.select_one("mark")


class TestSimilar:
    """Without a script the similar reports are shown after the form was sent once."""

    def asked(self, city, app, **values):
        page = filled(city, app, **values).submit(status=200)
        assert page.html.select("#near-cards [data-near]")
        assert page.html.select_one(".notice.warn a[href='#near-cards']")
        assert page.html.find("section", attrs={"data-step": "3"}).get("hidden") is None
        return the_form(page)

    def test_are_shown_before_the_form_is_accepted(self, city, app, sign_in):
        first = city.send()
        sign_in(city.other)
        form = self.asked(city, app)
        assert form["body"].value == BODY
        assert [case.code for case in cases(city)] == [first]
        form.submit(status=303)
        assert len(cases(city)) == 2

    def test_are_found_by_the_street_in_an_address(self, city, app, sign_in):
        city.send()
        sign_in(city.other)
        self.asked(city, app, lat="", lon="", address="خيابان آزادي، روبه‌روی نانوایی").submit(status=303)
        filled(city, app, lat="", lon="", address="خیابان آزادیان").submit(status=303)

    def test_are_shown_once_to_a_visitor(self, city, app, site):
        city.send(by=city.other)
        assert "/login" in self.asked(city, app).submit(status=303).location
        TestVisitor.open_session(city, app, site)
        the_form(app.get("/reports/new")).submit(status=303)
        assert len(cases(city)) == 2

    def test_leave_out_the_senders_own(self, city, app, sign_in):
        city.send()
        sign_in(city.citizen)
        filled(city, app).submit(status=303)


def test_no_script_is_needed_and_nothing_is_inline(city, app):
    page = app.get("/reports/new", status=200)
    form = page.html.find("form", attrs={"data-wizard": True})
    assert {field["name"] for field in form.select("[name]")} >= {
        "csrf_token",
        "key",
        "category",
        "lat",
        "lon",
        "address",
        "photo_key_files",
        "body",
        "urgent",
    }
    assert not page.html.select("[style]")
    assert all(script.get("src") for script in page.html.find_all("script"))


def test_counts_of_cases_follow(city, app, sign_in):
    sign_in(city.citizen)
    filled(city, app).submit(status=303)
    with city.site.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(Report)) == 1
