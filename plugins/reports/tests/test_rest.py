"""Reports by other software: of a citizen, and of a machine or an officer for a caller."""

import io

import pytest
from civicportal_reports.models import Report
from PIL import Image
from sqlalchemy import func, select

from civicportal.api.cases import Case
from civicportal.testing import identity, make_staff
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

KEY = "0123456789abcdef"
BODY = {
    "category": "pothole",
    "place": {"lat": 31.0203, "lon": 52.015},
    "body": "چالهٔ عمیقی وسط خیابان است.",
}


@pytest.fixture
def call(site, app, city):
    """Send a report with the token of a person."""

    def call(person, body=None, *, status=201, key=KEY, scopes=("cases:read", "cases:write")):
        tokens[person.user_id] = tokens.get(person.user_id) or token_for(site, person, *scopes)
        headers = {"Authorization": f"Bearer {tokens[person.user_id]}", "Idempotency-Key": key}
        return app.post_json(
            "/api/v1/reports", BODY if body is None else body, headers=headers, status=status
        )

    tokens = {}
    return call


@pytest.fixture
def registrar(site, city):
    with site.work() as work:
        officer = make_staff(work, "registrar", permissions=["reports:case:register"])
        return identity(work, officer)


def cases(site):
    with site.work(write=False) as work:
        return work.session.execute(select(Case, Report).join(Report).order_by(Case.id)).all()


def test_a_citizen_sends_a_report_once(site, city, call):
    first = call(city.citizen)
    assert call(city.citizen).json == first.json
    assert first.json["pin"] is None
    [(case, report)] = cases(site)
    assert (case.code, case.source, case.citizen_id) == (first.json["code"], "api", city.citizen.user_id)
    assert (report.lat, report.lon) == (31.0203, 52.015)
    assert case.unit_id is not None
    assert call(city.citizen, key="fedcba9876543210").json["code"] != first.json["code"]


def test_the_key_of_a_report_is_not_for_another_one(site, city, call):
    call(city.citizen)
    call(city.citizen, {**BODY, "body": "چراغ کوچهٔ ما خاموش است."}, status=422)
    assert len(cases(site)) == 1


def test_a_report_of_a_caller_belongs_to_the_number(site, city, call, registrar):
    made = call(registrar, {**BODY, "mobile": "09000000007", "name": "مریم نمونه"})
    [(case, _report)] = cases(site)
    assert made.json == {"code": case.code, "kind": "reports", "pin": None}
    assert case.citizen_id not in (None, registrar.user_id)


def test_a_report_without_a_number_has_a_pin_that_comes_again(site, call, registrar):
    made = call(registrar)
    assert len(made.json["pin"]) == 4
    assert call(registrar).json == made.json
    [(case, _report)] = cases(site)
    assert case.citizen_id is None


def test_officers_without_the_right_register_nothing(site, city, call):
    call(city.officer, status=403)
    assert cases(site) == []


def test_a_citizen_reports_for_nobody_else(site, city, call):
    wrong = call(city.citizen, {**BODY, "mobile": "09000000007"}, status=422)
    assert wrong.json["errors"][0]["pointer"] == "#/mobile"
    assert cases(site) == []


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"category": "nothing"}, ["#/category"]),
        ({"place": None}, ["#/place"]),
        ({"place": {"lat": "31", "lon": 52.0}}, ["#/place/lat"]),
        ({"place": {"lat": 91, "lon": 52.0}}, ["#/place/lat"]),
        ({"place": {"lat": 31.02, "lon": 52.0, "height": 3}}, ["#/place/height"]),
        ({"body": "کوتاه"}, ["#/body"]),
        ({"photos": ["x"]}, ["#/photos"]),
        ({"mobile": "12"}, ["#/mobile"]),
        ({"key": "x" * 22}, ["#/key"]),
    ],
)
def test_a_mistake_is_pointed_at(site, city, call, change, pointers):
    wrong = call(city.citizen, {**BODY, **change}, status=422)
    assert [one["pointer"] for one in wrong.json["errors"]] == pointers
    assert cases(site) == []


def test_a_place_outside_the_city_is_refused(site, city, call):
    wrong = call(city.citizen, {**BODY, "place": {"lat": 40.0, "lon": 52.0}}, status=422)
    assert "137" in wrong.json["detail"] or "۱۳۷" in wrong.json["detail"]
    assert cases(site) == []


def test_an_uploaded_picture_goes_with_the_report(site, app, city, call):
    call(city.citizen, {}, status=422)
    token = token_for(site, city.citizen, "cases:read", "cases:write")
    headers = {"Authorization": f"Bearer {token}"}
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "PNG")
    key = app.post(
        "/api/v1/attachments", upload_files=[("file", "a.png", file.getvalue())], headers=headers, status=201
    ).json["key"]
    made = app.post_json(
        "/api/v1/reports", {**BODY, "photos": [key]}, headers={**headers, "Idempotency-Key": KEY}, status=201
    )
    case = app.get(f"/api/v1/cases/{made.json['code']}", headers=headers).json
    assert [picture["key"] for picture in case["pictures"]] == [key]


def test_reports_are_limited_as_those_of_the_form(site, city, call):
    for number in range(10):
        call(
            city.citizen,
            {**BODY, "body": f"چالهٔ عمیق شمارهٔ {number} وسط خیابان."},
            key=f"key-number-{number}",
        )
    call(city.citizen, status=429)
    with site.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(Case)) == 10


def test_a_report_has_its_place(site, city, call, app):
    code = call(city.citizen).json["code"]
    token = token_for(site, city.citizen, "cases:read")
    case = app.get(f"/api/v1/cases/{code}", headers={"Authorization": f"Bearer {token}"}).json
    assert (case["detail"]["lat"], case["detail"]["lon"]) == (31.0203, 52.015)
    assert case["detail"]["district"]


def test_the_report_of_another_person_is_followed_and_left(site, app, city):
    code = city.send()
    with site.work(write=False) as work:
        report = work.session.scalars(select(Case.id)).one()

    def headers(person):
        token = token_for(site, person, "cases:read", "cases:write")
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": KEY}

    other, owner = headers(city.other), headers(city.citizen)
    follow = f"/api/v1/reports/{report}/follow"
    assert app.post_json(follow, {}, headers=other).json == {"id": report, "following": True}
    assert app.post_json(follow, {}, headers=owner).json["following"] is False
    app.post_json("/api/v1/reports/999999999/follow", {}, headers=other, status=404)
    [followed] = app.get("/api/v1/followed", headers=other).json["items"]
    assert (followed["id"], followed["category"]["key"]) == (report, "pothole")
    shown = app.get(f"/api/v1/followed/{report}", headers=other)
    assert (shown.json["words"], shown.json["place"], shown.json["pictures"]) == (None, None, [])
    for secret in (code, "چالهٔ عمیقی", "مریم"):
        assert secret not in shown.text
    app.post_json(f"/api/v1/followed/{report}/stop", {}, headers=other)
    app.get(f"/api/v1/followed/{report}", headers=other, status=404)
    assert app.get("/api/v1/followed", headers=owner).json["items"] == []
