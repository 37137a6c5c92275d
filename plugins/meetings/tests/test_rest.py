"""Public meeting days for other software, the appointment of a request, and new requests."""

import pytest
from civicportal_meetings.models import MeetingRequest
from sqlalchemy import select

from civicportal.api.cases import Case
from civicportal.testing import make_staff
from civicportal.testing.tokens import token_for

NATIONAL_CODE = "0499370899"


def test_public_days_are_listed_as_in_the_calendar_file(office, app):
    assert app.get("/api/v1/meetings/days").json == {"items": [], "next": None}
    office.plan()
    page = app.get("/api/v1/meetings/days")
    [day] = page.json["items"]
    assert day["cancelled"] is False
    assert day["start"] < day["end"]
    assert app.get(f"/api/v1/meetings/days?cursor={day['id']}").json["items"] == []
    app.get("/api/v1/meetings/days?cursor=x", status=400)


def test_a_request_has_its_appointment(site, office, app):
    headers = {"Authorization": f"Bearer {token_for(site, office.citizen, 'cases:read')}"}
    code = office.ask()
    assert app.get(f"/api/v1/cases/{code}", headers=headers).json["detail"] is None
    office.schedule(code)
    detail = app.get(f"/api/v1/cases/{code}", headers=headers).json["detail"]
    assert set(detail) == {"start", "end", "place", "response"}
    assert detail["start"].endswith("+03:30")
    assert detail["place"] == "دفتر شهردار"


ASKED = {
    "subject": "پروانهٔ ساختمانی",
    "reason": "پیگیری پروندهٔ پروانهٔ ساختمانی که هشت ماه بدون نتیجه مانده است.",
    "party": "natural",
    "name": "مریم رضایی",
    "national_code": NATIONAL_CODE,
    "birth_date": "1985-03-21",
    "consent": True,
    "days": ["sat"],
    "part": "morning",
    "companions": ["علی رضایی"],
}
COMPANY = {"party": "legal", "organization": "شرکت نمونه", "legal_id": "10380284790", "position": "مدیرعامل"}


@pytest.fixture
def ask(site, office, app):
    """Ask for a meeting with the token of the citizen, or of another person."""

    def ask(body, *, person=office.citizen, status=201, key="0123456789abcdef"):
        token = token_for(site, person, "cases:write", "cases:read")
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        return app.post_json("/api/v1/meetings", body, headers=headers, status=status)

    return ask


def requests(site):
    with site.work(write=False) as work:
        query = select(Case, MeetingRequest).join(MeetingRequest, MeetingRequest.case_id == Case.id)
        return work.session.execute(query.order_by(Case.id)).all()


@pytest.mark.both_databases
class TestRequests:
    def test_a_citizen_has_one_open_request(self, site, office, app):
        token = token_for(site, office.citizen, "cases:write", "cases:read")

        def ask(key, status=201):
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
            return app.post_json("/api/v1/meetings", ASKED, headers=headers, status=status)

        first = ask("0123456789abcdef")
        assert first.json["pin"] is None
        assert ask("0123456789abcdef").json == first.json
        assert "درخواست" in ask("fedcba9876543210", status=422).json["detail"]
        [(case, request)] = requests(site)
        assert (case.code, case.source, case.citizen_id) == (
            first.json["code"],
            "api",
            office.citizen.user_id,
        )
        assert (request.name, request.suitable_days, request.companions) == (
            "مریم رضایی",
            ["sat"],
            ["علی رضایی"],
        )
        with site.work(actor=office.officer, write=False) as work:
            assert work.site.keys.decrypt(request.national_code) == NATIONAL_CODE
            assert work.site.keys.decrypt(request.birth_date) == "1985-03-21"

    def test_an_organisation_sends_its_representative(self, site, ask):
        ask({**ASKED, **COMPANY})
        [(_case, request)] = requests(site)
        assert (request.party, request.organization, request.position) == ("legal", "شرکت نمونه", "مدیرعامل")

    def test_an_officer_registers_one_for_a_caller(self, site, ask):
        with site.work() as work:
            officer = make_staff(work, "registrar", permissions=["meetings:case:register"])
        ask({**ASKED, "mobile": "+989000000007"}, person=officer)
        nameless = ask({**ASKED, "national_code": "0084575948"}, person=officer, key="fedcba9876543210").json
        (first, _request), (second, request) = requests(site)
        assert (first.citizen_id is not None, second.citizen_id) == (True, None)
        assert (second.code, request.name) == (nameless["code"], "مریم رضایی")
        assert nameless["pin"]

    def test_who_may_not_register_opens_nothing(self, site, office, ask):
        ask(ASKED, person=office.handler, status=403)
        assert (
            ask({**ASKED, "mobile": "+989000000007"}, status=422).json["errors"][0]["pointer"] == "#/mobile"
        )
        assert requests(site) == []


@pytest.mark.parametrize(
    ("changed", "pointers"),
    [
        ({"subject": "کم"}, ["#/subject"]),
        ({"national_code": "0499370898"}, ["#/national_code"]),
        ({"birth_date": "1364/01/01"}, ["#/birth_date"]),
        ({"birth_date": "2100-01-01"}, ["#/birth_date"]),
        ({"consent": False}, ["#/consent"]),
        ({"consent": None}, ["#/consent"]),
        ({"days": ["noday"]}, ["#/days"]),
        ({"companions": "علی"}, ["#/companions"]),
        ({"companions": ["علی", "رضا", "مریم", "سارا", "نگار", "حسن"]}, ["#/companions"]),
        ({"party": "legal"}, ["#/organization", "#/legal_id", "#/position"]),
        ({"photo_key": []}, ["#/photo_key"]),
        ({"photos": ["x" * 22]}, []),
    ],
)
def test_what_is_wrong_is_named(site, ask, changed, pointers):
    wrong = ask({**ASKED, **changed}, status=422).json
    assert [one["pointer"] for one in wrong.get("errors", [])] == pointers
    assert requests(site) == []


class TestWithoutNumbersOfACountry:
    @pytest.fixture
    def civic_settings(self, civic_settings):
        return {"site": {**civic_settings["site"], "country": "generic"}}

    def test_no_number_is_asked_for(self, site, ask):
        body = {name: value for name, value in ASKED.items() if name != "national_code"}
        ask({**body, "national_code": NATIONAL_CODE}, status=422)
        ask(body)
        [(_case, request)] = requests(site)
        assert request.national_code is None
