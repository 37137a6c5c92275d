"""Open311 GeoReport v2, writing: new requests and updates, what is refused, and what is sent twice."""

import io

import pytest
from civicportal_reports.models import Report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from open311_schemas import checked
from PIL import Image
from sqlalchemy import func, select
from webtest import Upload

from civicportal.api.cases import Attachment, Case, CaseEvent
from civicportal.api.organization import Category
from civicportal.api.people import User
from civicportal.testing import identity, make_staff, outbox
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

ROOT = "/open311/v2"
REQUESTS, UPDATES = f"{ROOT}/requests", f"{ROOT}/servicerequestupdates"
FORMATS = ("xml", "json")
FORM = {
    "service_code": "pothole",
    "lat": "31.0203",
    "long": "52.015",
    "description": "چالهٔ عمیق\nکنار <b>جدول</b> & جوی",
}


@pytest.fixture
def machine(site, city):
    """Return a program that may register reports."""
    with site.work() as work:
        return identity(work, make_staff(work, "registrar", permissions=["reports:case:register"]))


@pytest.fixture
def key(site, machine):
    return token_for(site, machine, "cases:read", "cases:write")


@pytest.fixture
def send(app, key):
    """Send a form, by default a new request in JSON; None takes a field out."""

    def send(path=f"{REQUESTS}.json", /, form=FORM, *, status=200, files=None, **changed):
        fields = {"api_key": key, **form, **changed}
        sent = [(name, value) for name, value in fields.items() if value is not None]
        answer = app.post(path, sent, upload_files=files, status=status)
        return answer if status != 200 else answer.json[0]

    return send


def picture(color="red"):
    data = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(data, "PNG")
    return data.getvalue()


def cases(site):
    with site.work(write=False) as work:
        return work.session.scalars(select(Case).order_by(Case.id)).all()


def events(site, type_):
    with site.work(write=False) as work:
        return work.session.scalars(select(CaseEvent).where(CaseEvent.type == type_)).all()


class TestCreate:
    @pytest.mark.parametrize("form", FORMATS)
    def test_answers_with_the_number_of_the_case(self, app, site, city, key, form):
        answer = app.post(f"{REQUESTS}.{form}", {"api_key": key, **FORM})
        found = checked(answer, "service_requests", "created")
        [case] = cases(site)
        number = found[0]["service_request_id"] if form == "json" else found.findtext(".//service_request_id")
        assert number == str(case.id)
        assert case.code not in answer.text

    def test_writes_what_was_sent(self, site, city, send):
        send()
        [case] = cases(site)
        assert (case.kind, case.source, case.citizen_id, case.public) == ("reports", "open311", None, False)
        assert case.body == FORM["description"]
        assert case.category_id == city.categories["pothole"]
        assert case.unit_id is not None
        with site.work(write=False) as work:
            report = work.session.get(Report, case.id)
        assert (report.lat, report.lon) == (31.0203, 52.015)

    def test_by_an_address_alone(self, site, send):
        send(lat=None, long=None, address_string="میدان نمونه، روبه‌روی بانک")
        [case] = cases(site)
        assert "میدان نمونه" in case.place

    def test_the_description_may_be_missing_and_has_four_thousand_characters(self, site, send):
        send(description=None)
        send(description="الف" * 1333)
        send(description="ب" * 4001, status=400)
        assert [len(case.body) for case in cases(site)] == [0, 3999]

    def test_a_phone_makes_it_the_report_of_its_person(self, site, send):
        send(phone="09000000007", first_name="زهرا", last_name="نمونه")
        [case] = cases(site)
        with site.work(write=False) as work:
            citizen = work.session.get(User, case.citizen_id)
            assert (citizen.mobile, citizen.name) == ("+989000000007", "زهرا نمونه")
            assert outbox(work, "+989000000007")

    def test_a_known_person_keeps_their_name(self, site, city, send):
        send(phone="0900-000-0001", first_name="دیگری", last_name="نمونه")
        with site.work(write=False) as work:
            assert work.session.get(User, city.citizen.user_id).name == city.citizen.name
        assert cases(site)[0].citizen_id == city.citizen.user_id

    def test_a_landline_gets_no_messages_and_no_name_is_stored(self, site, send):
        send(phone="021-88888888", first_name="زهرا", last_name="نمونه")
        [case] = cases(site)
        assert case.citizen_id is None
        with site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).where(User.name == "زهرا نمونه")) == 0

    def test_a_citizen_with_a_token_sends_their_own(self, app, site, city):
        token = token_for(site, city.citizen, "cases:write")
        app.post(f"{REQUESTS}.json", {"api_key": token, **FORM, "phone": "09000000002"})
        [case] = cases(site)
        assert (case.citizen_id, case.source) == (city.citizen.user_id, "open311")

    def test_is_routed_and_told_as_any_other(self, site, city, send):
        send(phone="09000000007")
        [event] = events(site, "opened")
        assert event.actor_name == "registrar" or event.actor_id
        assert cases(site)[0].unit_id is not None

    def test_other_parameters_are_ignored(self, send):
        send(email="a@example.org", device_id="1", account_id="2", address_id="3", unknown="4")

    def test_the_key_may_stand_in_the_header(self, app, city, key):
        headers = {"Authorization": f"Bearer {key}"}
        app.post(f"{REQUESTS}.json", FORM, headers=headers, status=200)

    def test_it_is_one_report_when_it_is_sent_twice(self, site, clock, send):
        first = send()
        clock.advance(minutes=9)
        assert send() == first
        assert len(cases(site)) == 1
        assert send(description="چیز دیگری اینجاست.") != first
        clock.advance(minutes=30)
        assert send() != first
        assert len(cases(site)) == 3


class TestRefused:
    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize("sent", [None, "", "cpt_wrong", "x" * 5000])
    def test_without_a_valid_key_it_is_403(self, app, site, city, form, sent):
        fields = {**FORM, **({"api_key": sent} if sent is not None else {})}
        checked(app.post(f"{REQUESTS}.{form}", fields, status=403), "errors")
        checked(app.post(f"{UPDATES}.{form}", fields, status=403), "errors")
        assert cases(site) == []

    @pytest.mark.parametrize("form", FORMATS)
    def test_without_the_scope_or_the_right_it_is_403(self, app, site, city, machine, form):
        for person, scope in ((machine, "cases:read"), (city.officer, "cases:write")):
            fields = {**FORM, "api_key": token_for(site, person, scope)}
            checked(app.post(f"{REQUESTS}.{form}", fields, status=403), "errors")
        assert cases(site) == []

    def test_a_key_in_the_address_counts_for_nothing(self, app, city, key):
        app.post(f"{REQUESTS}.json?api_key={key}", FORM, status=403)

    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize("code", ["nothing", "roads", "موضوع pothole", "1"])
    def test_an_unknown_service_is_404(self, site, send, form, code):
        checked(send(f"{REQUESTS}.{form}", service_code=code, status=404), "errors")
        assert cases(site) == []

    def test_a_closed_category_is_404(self, site, city, send):
        with site.work() as work:
            work.session.get(Category, city.categories["pothole"]).active = False
        send(status=404)

    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"service_code": None}, "service_code"),
            ({"service_code": ""}, "service_code"),
            ({"lat": None}, "long"),
            ({"long": ""}, "lat"),
            ({"lat": None, "long": None}, "address_string"),
            ({"lat": None, "long": None, "address_id": "17"}, "address_string"),
            ({"lat": "91"}, "lat"),
            ({"long": "x"}, "long"),
            ({"lat": "NaN"}, "lat"),
            ({"lat": "40.0"}, "137"),
            ({"lat": None, "long": None, "address_string": "a"}, "address_string"),
            ({"first_name": "x" * 61}, "first_name"),
            ({"media_url": "javascript:alert(1)"}, "media_url"),
            ({"media_url": "/etc/passwd"}, "media_url"),
        ],
    )
    def test_a_mistake_is_400_and_named(self, site, send, changed, named, form):
        answer = send(f"{REQUESTS}.{form}", status=400, **changed)
        checked(answer, "errors")
        assert named in answer.text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789"))
        assert cases(site) == []

    def test_another_jurisdiction_is_404(self, site, send):
        send(jurisdiction_id="example.org", status=404)
        send(jurisdiction_id="localhost")

    def test_too_many_reports_of_a_citizen_are_429(self, app, site, city):
        token = token_for(site, city.citizen, "cases:write")
        for number in range(10):
            fields = {"api_key": token, **FORM, "description": f"چالهٔ شمارهٔ {number}"}
            app.post(f"{REQUESTS}.json", fields, status=200)
        answer = app.post(f"{REQUESTS}.json", {"api_key": token, **FORM}, status=429)
        checked(answer, "errors")

    def test_calls_are_limited_as_those_of_the_other_interface(self, app, site, city, key, monkeypatch):
        window = site.limits._windows["api_token"]
        monkeypatch.setitem(site.limits._windows, "api_token", [type(window[0])(2, 60)])
        for status in (200, 200, 429):
            answer = app.post(f"{REQUESTS}.xml", {"api_key": key, **FORM}, status=status)
        checked(answer, "errors")
        assert answer.headers["Retry-After"]

    def test_cookies_count_for_nothing(self, app, city, sign_in):
        sign_in(city.citizen)
        app.post(f"{REQUESTS}.json", FORM, status=403)


class TestPictures:
    def test_come_in_a_form_with_files(self, site, send):
        files = [("media", "a.png", picture()), ("media", "b.png", picture("blue"))]
        send(files=files)
        with site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Attachment)) == 2
            assert {row.case_id for row in work.session.scalars(select(Attachment))} == {cases(site)[0].id}

    def test_the_list_of_the_draft_is_understood(self, app, site, city, key):
        fields = {"api_key": key, **FORM, "media[]": Upload("a.png", picture(), "image/png")}
        app.post(f"{REQUESTS}.xml", fields, status=200)
        with site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).where(Attachment.case_id.is_not(None))) == 1

    def test_published_they_have_an_address(self, app, site, city, send):
        made = send(files=[("media", "a.png", picture()), ("media", "b.png", picture("blue"))])
        city.publish(cases(site)[0].code)
        [found] = app.get(f"{REQUESTS}/{made['service_request_id']}.json?extensions=true").json
        photos = [one["media_url"] for one in found["extended_attributes"]["photos"]]
        assert len(photos) == 2
        assert found["media_url"] == photos[0]
        for address in photos:
            assert app.get(address.partition("localhost")[2].removeprefix(":80")).content_type == "image/jpeg"

    def test_sent_twice_they_are_still_one_report(self, site, send):
        made = [send(files=[("media", "a.png", picture())]) for _ in range(2)]
        assert made[0] == made[1]
        assert send(files=[("media", "a.png", picture("blue"))]) != made[0]

    @pytest.mark.parametrize("form", FORMATS)
    def test_what_is_no_picture_is_400(self, site, send, form):
        for files in ([("media", "a.png", b"no picture")], [("media", "a.png", picture())] * 5):
            checked(send(f"{REQUESTS}.{form}", files=files, status=400), "errors")
        assert cases(site) == []

    def test_a_file_in_another_field_is_400(self, send):
        checked(send(files=[("description2", "a.png", picture())], status=400), "errors")

    def test_addresses_are_noted_for_staff_and_never_fetched(self, app, site, city, key, monkeypatch):
        def connect(*_args, **_kwargs):
            raise AssertionError("an address was opened")

        monkeypatch.setattr("socket.create_connection", connect)
        fields = [
            ("api_key", key),
            *FORM.items(),
            ("media_url", "https://pictures.example/a.jpg"),
            ("media_url", "http://127.0.0.1/b.jpg"),
        ]
        made = app.post(f"{REQUESTS}.json", fields, status=200).json
        assert app.post(f"{REQUESTS}.json", fields, status=200).json == made
        [note] = events(site, "commented")
        assert note.internal_text.endswith("https://pictures.example/a.jpg\nhttp://127.0.0.1/b.jpg")
        assert (note.public, note.public_text) == (False, "")

    def test_files_win_over_addresses(self, site, send):
        send(files=[("media", "a.png", picture())], media_url="https://pictures.example/a.jpg")
        assert events(site, "commented") == []


UPDATE = {
    "update_id": "17",
    "updated_datetime": "2026-05-30T09:00:00+03:30",
    "status": "OPEN",
    "description": "هنوز درست نشده است.",
}


class TestUpdates:
    @pytest.mark.parametrize("form", FORMATS)
    def test_are_for_staff_and_change_no_status(self, app, site, city, send, key, form):
        number = send()["service_request_id"]
        fields = {"api_key": key, **UPDATE, "service_request_id": number, "status": "FIXED"}
        answer = app.post(f"{UPDATES}.{form}", fields)
        checked(answer, "service_request_updates", "updated")
        [event] = events(site, "called")
        assert event.internal_text.startswith(UPDATE["description"])
        assert "fixed" in event.internal_text
        assert (event.public, event.after) == (False, None)
        assert cases(site)[0].status == "registered"
        assert app.get(f"{UPDATES}.json").json == []

    def test_their_pictures_are_noted_as_addresses(self, site, send):
        number = send()["service_request_id"]
        address = "https://other.example/pictures/1.jpg"
        send(f"{UPDATES}.json", UPDATE, service_request_id=number, media_url=address)
        [event] = events(site, "called")
        assert address in event.internal_text

    def test_sent_again_one_is_400_already_exists(self, site, send):
        number = send()["service_request_id"]
        send(f"{UPDATES}.json", UPDATE, service_request_id=number)
        for description in (UPDATE["description"], "متن دیگری است."):
            answer = send(
                f"{UPDATES}.json", UPDATE, service_request_id=number, description=description, status=400
            )
            assert checked(answer, "errors")
        send(f"{UPDATES}.json", UPDATE, service_request_id=number, update_id="18")
        assert len(events(site, "called")) == 2

    def test_the_person_behind_one_follows_the_report(self, app, site, city, send):
        number = send()["service_request_id"]
        send(f"{UPDATES}.json", UPDATE, service_request_id=number, phone="09000000002")
        city.step(cases(site)[0].code, "reject", public_text="این مورد رد شد.")
        with site.work(write=False) as work:
            assert outbox(work, "+989000000002")

    def test_of_published_reports_of_others_too(self, site, city, send):
        code = city.send()
        number = str(city.case(code).id)
        send(f"{UPDATES}.json", UPDATE, service_request_id=number, status=404)
        city.publish(code)
        send(f"{UPDATES}.json", UPDATE, service_request_id=number)

    @pytest.mark.parametrize("form", FORMATS)
    def test_of_a_closed_report_are_refused_with_the_reason(self, site, city, send, form):
        number = send()["service_request_id"]
        city.step(cases(site)[0].code, "reject", public_text="این مورد رد شد.")
        checked(send(f"{UPDATES}.{form}", UPDATE, service_request_id=number, status=400), "errors")

    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize(
        "changed",
        [
            *({name: None} for name in UPDATE),
            {"updated_datetime": "yesterday"},
            {"update_id": "x" * 101},
            {"description": "x" * 4001},
            {"service_request_id": ""},
            {"media_url": "file:///etc/passwd"},
        ],
    )
    def test_a_mistake_is_400(self, site, send, changed, form):
        number = send()["service_request_id"]
        fields = {**UPDATE, "service_request_id": number, **changed}
        path = f"{UPDATES}.{form}"
        checked(send(path, {name: value for name, value in fields.items() if value}, status=400), "errors")
        assert events(site, "called") == []

    def test_an_unknown_status_is_400(self, app, city, send, key):
        number = send()["service_request_id"]
        fields = {"api_key": key, **UPDATE, "service_request_id": number, "status": "DONE"}
        checked(app.post(f"{UPDATES}.json", fields, status=400), "errors")

    @pytest.mark.parametrize("number", ["999999", "x", "1" * 30])
    def test_of_an_unknown_report_is_404(self, send, number):
        checked(send(f"{UPDATES}.json", UPDATE, service_request_id=number, status=404), "errors")

    def test_citizens_send_none(self, app, site, city):
        number = str(city.case(city.send()).id)
        fields = {"api_key": token_for(site, city.citizen, "cases:write"), **UPDATE}
        app.post(f"{UPDATES}.json", {**fields, "service_request_id": number}, status=403)


NAMES = [
    *FORM,
    *UPDATE,
    "service_request_id",
    "jurisdiction_id",
    "phone",
    "media_url",
    "attribute[x]",
    "attribute[x][]",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
@given(
    st.sampled_from([f"{path}.{form}" for path in (REQUESTS, UPDATES) for form in FORMATS]),
    st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=40)), max_size=6),
    st.sets(st.sampled_from(NAMES)),
)
def test_whatever_is_sent_is_answered_in_the_format(app, city, key, path, more, left_out):
    usual = {name: value for name, value in {**FORM, **UPDATE}.items() if name not in left_out}
    fields = [("api_key", key), *usual.items(), *more]
    sent = [(name, value.encode("utf-8", "replace").decode()) for name, value in fields]
    answer = app.post(path, sent, status="*")
    assert answer.status_int in (200, 400, 404, 429)
    if answer.status_int != 200:
        checked(answer, "errors")
