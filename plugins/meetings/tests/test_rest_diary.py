"""Requests, appointments and free times of the mayor by programs."""

from datetime import date

import pytest
from civicportal_meetings.services import Applicant
from sqlalchemy import text

from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

SUNDAY, MONDAY = date(2026, 5, 31), date(2026, 6, 1)


@pytest.fixture
def codes(office):
    return [office.ask(by=citizen) for citizen in office.citizens]


class TestAppointments:
    def test_of_a_period_in_pages(self, office, call, codes):
        session = office.plan(MONDAY, "09:00", "12:00", public_seats=2)
        office.schedule(codes[0], SUNDAY, "10:00", expert_note="سابقهٔ پرونده")
        office.invite(codes[1], session)
        office.invite(codes[2], session)
        page = call("/meetings/appointments?limit=2").json
        rest = call(f"/meetings/appointments?limit=2&cursor={page['next']}").json
        items = [*page["items"], *rest["items"]]
        assert [(one["request"], one["session"]) for one in items] == [
            (codes[0], None),
            (codes[1], session),
            (codes[2], session),
        ]
        assert rest["next"] is None
        assert (items[0]["start"], items[0]["place"]) == ("2026-05-31T10:00:00+03:30", "دفتر شهردار")
        assert (items[0]["companions"], items[0]["companion_names"]) == (0, [])
        assert call("/meetings/appointments?last_day=2026-05-31").json["items"] == page["items"][:1]

    def test_held_ones_stay_and_moved_ones_go(self, office, call, codes, clock):
        office.schedule(codes[0], SUNDAY, "10:00")
        office.schedule(codes[1], SUNDAY, "11:00")
        office.reschedule(codes[1], MONDAY, "11:00")
        clock.advance(days=2)
        office.step(codes[0], "miss")
        found = call("/meetings/appointments?first_day=2026-05-31").json["items"]
        assert [(one["request"], one["ending"]) for one in found] == [(codes[0], "miss"), (codes[1], None)]

    def test_those_that_ask_for_another_time_are_found(self, office, call, codes):
        office.schedule(codes[0], SUNDAY, "10:00")
        office.schedule(codes[1], SUNDAY, "11:00")
        office.step(codes[0], "ask_another_time", by=office.citizen, public_text="عصرها بهتر است.")
        [one] = call("/meetings/appointments?response=other_time").json["items"]
        assert (one["request"], one["response_text"]) == (codes[0], "عصرها بهتر است.")
        assert call("/meetings/appointments?response=confirmed").json["items"] == []
        call("/meetings/appointments?response=maybe", status=400)

    def test_are_those_of_the_own_scope_and_nameless_without_the_right(self, office, caller, call, codes):
        office.schedule(codes[0], SUNDAY, "10:00")
        assert call("/meetings/appointments").json["items"][0]["name"] == "مریم رضایی"
        [one] = caller(office.officer, "cases:read")("/meetings/appointments").json["items"]
        assert (one["name"], one["companion_names"]) == (None, None)
        assert caller(office.handler, "cases:read")("/meetings/appointments").json["items"] == []


class TestTimes:
    def test_of_a_day(self, office, call, codes):
        office.schedule(codes[0], SUNDAY, "10:00")
        found = call("/meetings/times?day=2026-05-31").json
        free = {one["start"][11:16]: one["free"] for one in found["items"]}
        assert (found["minutes"], free["10:00"], free["11:00"]) == (30, False, True)
        assert call("/meetings/times?day=2026-06-05").json["items"] == []
        assert call("/meetings/times").json["day"] == "2026-05-30"

    def test_days_with_a_free_time(self, office, call):
        times = call("/meetings/times?day=2026-05-31").json["items"]
        first, last = times[0]["start"][11:16], times[-1]["start"][11:16]
        office.plan(SUNDAY, first, last, public_seats=0, reserve_seats=0, title="سفر شهردار")
        days = call("/meetings/free-days?first_day=2026-05-31&last_day=2026-06-05&minutes=60").json
        assert days == {"minutes": 60, "days": ["2026-06-01", "2026-06-02", "2026-06-03"]}
        assert len(call("/meetings/free-days").json["days"]) > len(days["days"])

    @pytest.mark.parametrize(
        "query",
        [
            "times?day=x",
            "times?day=0001-01-01",
            "times?day=2026-05-31&minutes=7",
            "times?day=2026-05-31&minutes=0",
            "free-days?first_day=2026-06-02&last_day=2026-06-01",
            "free-days?first_day=2026-06-01&last_day=2026-09-01",
            "free-days?first_day=2400-01-01",
            "free-days?minutes=x",
        ],
    )
    def test_what_is_wrong_is_named(self, call, query):
        assert call(f"/meetings/{query}", status=400).json["errors"]


class TestRequests:
    @pytest.fixture
    def moved(self, office):
        applicant = Applicant(
            name="مریم رضایی",
            national_code="0499370899",
            party="legal",
            organization="شرکت نمونه",
            position="مدیرعامل",
        )
        code = office.ask(applicant=applicant, suitable_days=["sat"], companions=["علی رضایی"])
        office.schedule(code, SUNDAY, "10:00", note="کارت ملی همراه باشد")
        office.reschedule(code, MONDAY, "11:00")
        return code

    def test_have_what_the_office_sees_beside_them(self, office, call, moved):
        answer = call(f"/meetings/requests/{moved}")
        shown = answer.json
        assert (shown["party"], shown["name"], shown["organization"], shown["position"]) == (
            "legal",
            "مریم رضایی",
            "شرکت نمونه",
            "مدیرعامل",
        )
        assert (shown["days"], shown["part"]) == (["sat"], "")
        assert (shown["companions"], shown["companion_names"]) == (1, ["علی رضایی"])
        assert [(one["start"][:16], one["ending"], one["reason"]) for one in shown["appointments"]] == [
            ("2026-06-01T11:00", None, ""),
            ("2026-05-31T10:00", "reschedule", "شهردار در سفر است."),
        ]
        assert answer.headers["ETag"] == call(f"/cases/{moved}").headers["ETag"]
        assert "0499370899" not in answer.text

    def test_are_nameless_without_the_right_and_not_there_for_others(self, site, office, caller, moved):
        path = f"/meetings/requests/{moved}"
        nameless = caller(office.officer, "cases:read")(path).json
        assert (nameless["name"], nameless["companion_names"], nameless["companions"]) == (None, None, 1)
        caller(office.handler, "cases:read")(path, status=404)
        caller(office.citizen, "cases:read")(path, status=403)
        caller(office.officer, "meetings:read")(path, status=403)

    def test_a_visit_is_recorded_once_for_a_version(self, site, office, caller, app, moved):
        headers = {"Authorization": f"Bearer {token_for(site, office.officer, 'cases:read')}"}
        path = f"/api/v1/meetings/requests/{moved}"
        tag = app.get(path, headers=headers).headers["ETag"]
        app.get(path, headers={**headers, "If-None-Match": tag}, status=304)
        with site.work(write=False) as work:
            trail = text("select actor_id, subject_id from audit_events where action = 'case:open'")
            visits = [tuple(row) for row in work.session.execute(trail)]
        assert visits == [(office.officer.user_id, office.citizen.user_id)]
