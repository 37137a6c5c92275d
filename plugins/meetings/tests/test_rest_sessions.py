"""Public meeting days and closed times by programs, with the rights and checks of their pages."""

from datetime import date

import pytest
from civicportal_meetings.services import PublicDayService

from civicportal.api.cases import CaseService
from civicportal.testing import make_staff, outbox, statements

pytestmark = pytest.mark.both_databases

SUNDAY, MONDAY = date(2026, 5, 31), date(2026, 6, 1)
DAY = {
    "title": "ملاقات عمومی خرداد",
    "day": "2026-06-01",
    "first": "09:00",
    "last": "12:00",
    "public_seats": 2,
    "office_seats": 1,
    "reserve_seats": 1,
}
#: A tracking code that no case has.
NOBODYS = "5509005637"
SESSIONS = "/meetings/sessions"


@pytest.fixture
def codes(office):
    return [office.ask(by=citizen) for citizen in office.citizens]


def pointers(answer):
    return [one["pointer"] for one in answer.json.get("errors", [])]


class TestList:
    def test_of_a_period_in_pages_with_free_seats(self, office, call, codes):
        first = office.plan(SUNDAY, "09:00", "10:00", public_seats=2)
        office.invite(codes[0], first)
        closed = office.plan(SUNDAY, "10:00", "11:00", public_seats=0, title="")
        later = office.plan(MONDAY)
        gone = office.plan(MONDAY, "13:00", "14:00")
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).cancel(gone, "شهردار در سفر است.")
        page = call(f"{SESSIONS}?limit=2").json
        assert [one["id"] for one in page["items"]] == [first, closed]
        assert (page["items"][0]["free_public_seats"], page["items"][0]["start"]) == (
            1,
            "2026-05-31T09:00:00+03:30",
        )
        assert (page["items"][1]["title"], page["items"][1]["closed"]) == ("وقت بسته", True)
        rest = call(f"{SESSIONS}?limit=2&cursor={page['next']}").json
        assert ([one["id"] for one in rest["items"]], rest["next"]) == ([later], None)
        monday = call(f"{SESSIONS}?first_day=2026-06-01&last_day=2026-06-01").json["items"]
        assert [one["id"] for one in monday] == [later]
        assert call(f"{SESSIONS}?first_day=2026-06-02").json["items"] == []

    def test_past_ones_are_asked_for_by_day(self, office, call, clock):
        session = office.plan(SUNDAY)
        clock.advance(days=7)
        assert call(SESSIONS).json["items"] == []
        assert [one["id"] for one in call(f"{SESSIONS}?first_day=2026-05-31").json["items"]] == [session]

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ("first_day=2026-06-02&last_day=2026-06-01", "last_day"),
            ("last_day=2020-01-01", "last_day"),
            ("first_day=1405-03-11", "first_day"),
            ("first_day=0001-01-01", "first_day"),
            ("last_day=9999-12-31", "last_day"),
            ("first_day=11%2F03%2F1405", "first_day"),
            ("cursor=x", "cursor"),
            ("cursor=1-0", "cursor"),
            ("limit=0", "limit"),
            ("unit=mayor", "unit"),
        ],
    )
    def test_what_is_wrong_is_named(self, call, query, parameter):
        answer = call(f"{SESSIONS}?{query}", status=400).json
        assert [one["parameter"] for one in answer["errors"]] == [parameter]


class TestOne:
    def test_has_those_invited_and_its_waiting_list(self, office, call, codes):
        session = office.plan(public_seats=1, reserve_seats=2)
        office.invite(codes[0], session, expert_note="سابقهٔ پرونده")
        call(f"{SESSIONS}/{session}/waiting-list", {"request": codes[1]}, status=201)
        shown = call(f"{SESSIONS}/{session}").json
        [invited], [waiting] = shown["invited"], shown["waiting_list"]
        assert (invited["request"], invited["name"], invited["seat"], invited["response"]) == (
            codes[0],
            "مریم رضایی",
            "public",
            None,
        )
        assert invited["expert_note"] == "سابقهٔ پرونده"
        assert (waiting["request"], waiting["name"]) == (codes[1], "مریم رضایی")

    def test_its_version_changes_with_everything_that_is_shown(self, office, call, codes):
        session = office.plan(public_seats=1, reserve_seats=2)
        path, seen = f"{SESSIONS}/{session}", set()

        def look():
            tag = call(path).headers["ETag"]
            assert tag not in seen
            seen.add(tag)

        look()
        office.invite(codes[0], session)
        look()
        office.step(codes[0], "confirm", by=office.citizen)
        look()
        call(f"{path}/waiting-list", {"request": codes[1]}, status=201)
        look()
        office.step(codes[0], "decline_invitation", by=office.citizen)
        look()
        assert call(path).headers["ETag"] in seen

    def test_names_are_for_those_who_may_see_them(self, office, caller, codes):
        session = office.plan(public_seats=1, reserve_seats=1)
        office.invite(codes[0], session)
        caller(office.officer)(f"{SESSIONS}/{session}/waiting-list", {"request": codes[1]}, status=201)
        impersonal = caller(office.officer, "cases:read")(f"{SESSIONS}/{session}")
        assert "مریم" not in impersonal.text
        assert impersonal.json["invited"][0]["name"] is None
        assert impersonal.json["waiting_list"][0]["name"] is None
        whole = caller(office.officer)(f"{SESSIONS}/{session}").text
        assert not any(number in whole for number in ("0499370899", "9890000000"))

    def test_requests_of_another_unit_are_not_shown(self, office, caller, codes):
        session = office.plan(public_seats=1, reserve_seats=1)
        office.invite(codes[0], session)
        caller(office.officer)(f"{SESSIONS}/{session}/waiting-list", {"request": codes[1]}, status=201)
        shown = caller(office.handler, "cases:read")(f"{SESSIONS}/{session}")
        assert (shown.json["invited"], shown.json["waiting_list"]) == ([], [])
        assert shown.json["free_public_seats"] == 0
        assert not any(code in shown.text for code in codes)

    def test_there_is_none(self, office, call):
        call(f"{SESSIONS}/999999", status=404)
        session = office.plan()
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).cancel(session, "شهردار در سفر است.")
        call(f"{SESSIONS}/{session}", status=404)


class TestPlanning:
    def test_a_day_is_planned_once_for_a_key(self, office, call):
        answer = call(SESSIONS, DAY, status=201, key="0123456789abcdef")
        assert answer.json["start"] == "2026-06-01T09:00:00+03:30"
        assert (answer.json["title"], answer.json["free_office_seats"]) == (DAY["title"], 1)
        again = call(SESSIONS, DAY, key="0123456789abcdef")
        assert again.json == answer.json
        assert again.headers["Idempotency-Replayed"] == "true"
        assert len(call(SESSIONS).json["items"]) == 1

    def test_without_seats_the_time_is_closed(self, office, call, codes):
        seats = dict.fromkeys(("public_seats", "office_seats", "reserve_seats"), 0)
        assert call(SESSIONS, {**DAY, **seats, "title": ""}, status=201).json["closed"] is True
        times = call("/meetings/times?day=2026-06-01&minutes=30").json["items"]
        assert {one["start"][11:16] for one in times if one["free"]}.isdisjoint({"09:00", "10:30", "11:30"})

    def test_a_time_that_is_taken_is_refused(self, office, call, codes):
        office.schedule(codes[0], MONDAY, "10:00")
        answer = call(SESSIONS, DAY, status=422)
        assert pointers(answer) == ["#/first"]
        assert "برنامهٔ دیگری" in answer.text

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"day": "2026-05-01"}, ["#/first"]),
            ({"day": "2026-06-05"}, ["#/first"]),
            ({"first": "06:00"}, ["#/first"]),
            ({"last": "09:00"}, ["#/last"]),
            ({"day": "1405/03/11"}, ["#/day"]),
            ({"day": "0001-01-01"}, ["#/day"]),
            ({"day": "9999-12-31"}, ["#/day"]),
            ({"day": None}, ["#/day"]),
            ({"first": 9}, ["#/first"]),
            ({"first": "25:00"}, ["#/first"]),
            ({"title": "x" * 101}, ["#/title"]),
            ({"place": ["x"]}, ["#/place"]),
            ({"public_seats": "2"}, ["#/public_seats"]),
            ({"public_seats": 201}, ["#/public_seats"]),
            ({"office_seats": -1}, ["#/office_seats"]),
            ({"reserve_seats": None}, ["#/reserve_seats"]),
            ({"start": "2026-06-01T09:00+03:30"}, ["#/start"]),
        ],
    )
    def test_what_is_wrong_is_named(self, call, changed, named):
        assert pointers(call(SESSIONS, {**DAY, **changed}, status=422)) == named
        assert call(SESSIONS).json["items"] == []


class TestSeats:
    def test_are_changed_by_who_has_read_the_session(self, office, call, codes):
        session = office.plan(public_seats=1)
        path = f"{SESSIONS}/{session}"
        seats = {"public_seats": 3, "office_seats": 1, "reserve_seats": 2}
        call(f"{path}/seats", seats, status=428)
        read = call(path).headers["ETag"]
        office.invite(codes[0], session)
        stale = call(f"{path}/seats", seats, version=read, status=412)
        assert stale.headers["ETag"] == call(path).headers["ETag"] != read
        changed = call(f"{path}/seats", seats, version=stale.headers["ETag"], status=200)
        assert (changed.json["public_seats"], changed.json["free_public_seats"]) == (3, 2)
        assert changed.headers["ETag"] == call(path).headers["ETag"]

    def test_no_more_than_are_taken_are_taken_away(self, office, call, codes):
        session = office.plan(public_seats=2)
        office.invite(codes[0], session)
        path = f"{SESSIONS}/{session}/seats"
        seats = {"public_seats": 0, "office_seats": 1, "reserve_seats": 0}
        assert "واگذار شده" in call(path, seats, version="*", status=422).json["detail"]
        call(path, {**seats, "office_seats": 0}, version="*", status=422)
        assert pointers(call(path, {"public_seats": 1}, version="*", status=422)) == [
            "#/office_seats",
            "#/reserve_seats",
        ]

    def test_of_a_session_that_has_begun_stay(self, office, call, clock):
        session = office.plan(SUNDAY)
        clock.advance(days=7)
        seats = {"public_seats": 3, "office_seats": 1, "reserve_seats": 2}
        path = f"{SESSIONS}/{session}"
        assert "گذشته" in call(f"{path}/seats", seats, version="*", status=422).json["detail"]
        call(f"{path}/cancel", {"public_text": "شهردار در سفر است."}, version="*", status=422)


class TestWaitingList:
    def test_takes_a_request_once(self, office, call, codes):
        session = office.plan(reserve_seats=2)
        path = f"{SESSIONS}/{session}/waiting-list"
        first = call(path, {"request": codes[0]}, status=201, key="0123456789abcdef")
        again = call(path, {"request": codes[0]}, key="0123456789abcdef")
        assert again.json == first.json
        call(path, {"request": codes[0]}, status=422)
        call(path, {"request": codes[1]}, status=201)
        full = call(path, {"request": codes[2]}, status=422)
        assert "پر است" in full.json["detail"]

    def test_takes_only_requests_without_a_time(self, office, call, codes):
        session = office.plan(reserve_seats=2)
        path = f"{SESSIONS}/{session}/waiting-list"
        office.schedule(codes[0], SUNDAY, "10:00")
        assert "وقت ندارد" in call(path, {"request": codes[0]}, status=422).json["detail"]
        office.step(codes[1], "decline", public_text="در حیطهٔ شهرداری نیست.")
        call(path, {"request": codes[1]}, status=422)
        call(f"{SESSIONS}/999999/waiting-list", {"request": codes[2]}, status=404)

    def test_a_request_is_taken_off_by_who_has_read_the_session(self, office, call, codes):
        session = office.plan(reserve_seats=2)
        path = f"{SESSIONS}/{session}"
        for code in codes[:2]:
            call(f"{path}/waiting-list", {"request": code}, status=201)
        remove = f"{path}/waiting-list/remove"
        call(remove, {"request": codes[0]}, status=428)
        left = call(remove, {"request": codes[0]}, version=call(path).headers["ETag"], status=200)
        assert [one["request"] for one in left.json["waiting_list"]] == [codes[1]]
        assert left.headers["ETag"] == call(path).headers["ETag"]
        assert "نیست" in call(remove, {"request": codes[0]}, version="*", status=422).json["detail"]
        assert pointers(call(remove, {"request": NOBODYS}, version="*", status=422)) == ["#/request"]

    def test_a_request_that_the_caller_may_not_see_is_one_that_is_not_there(
        self, office, site, caller, codes
    ):
        session = office.plan(reserve_seats=2)
        with site.work() as work:
            stranger = make_staff(
                work, "planner", permissions=["meetings:session:manage"], username="planner"
            )
        path = f"{SESSIONS}/{session}/waiting-list"
        hidden = caller(stranger)(path, {"request": codes[0]}, status=422)
        unknown = caller(stranger)(path, {"request": NOBODYS}, status=422)
        assert pointers(hidden) == ["#/request"]
        assert hidden.json == unknown.json

    @pytest.mark.parametrize("wrong", [{}, {"request": 5}, {"request": "x"}, {"case": "1"}, {"request": ""}])
    def test_what_is_wrong_is_named(self, office, call, wrong):
        session = office.plan()
        assert pointers(call(f"{SESSIONS}/{session}/waiting-list", wrong, status=422))


class TestCancelling:
    WHY = {"public_text": "شهردار در سفر است."}

    def test_everybody_is_told_once(self, office, call, codes):
        session = office.plan(public_seats=2)
        for code in codes[:2]:
            office.invite(code, session)
        path = f"{SESSIONS}/{session}"
        version = call(path).headers["ETag"]
        answer = call(f"{path}/cancel", self.WHY, version=version, status=200).json
        assert (answer["id"], answer["cancelled"]) == (session, True)
        assert [office.case(code).status for code in codes[:2]] == ["in_review", "in_review"]
        with office.site.work(write=False) as work:
            told = [one.kind for one in outbox(work, office.citizen.mobile)]
            actor = work.get(CaseService).last_event(office.case(codes[0]))
            assert told.count("meetings.recalled") == 1
            assert (actor.realm, actor.public_text) == ("staff", self.WHY["public_text"])
        call(f"{path}/cancel", self.WHY, version=version, status=404)

    def test_is_refused_for_who_has_read_another_state(self, office, call, codes):
        session = office.plan(public_seats=2)
        path = f"{SESSIONS}/{session}"
        version = call(path).headers["ETag"]
        office.invite(codes[0], session)
        call(f"{path}/cancel", self.WHY, version=version, status=412)
        call(f"{path}/cancel", self.WHY, status=428)
        assert pointers(call(f"{path}/cancel", {}, version="*", status=422)) == ["#/public_text"]
        assert office.case(codes[0]).status == "scheduled"

    def test_a_token_without_the_cases_tells_everybody_too(self, office, caller, codes):
        session = office.plan(public_seats=2)
        office.invite(codes[0], session)
        call = caller(office.officer, "meetings:write")
        call(f"{SESSIONS}/{session}/cancel", self.WHY, version="*", status=200)
        assert office.case(codes[0]).status == "in_review"


class TestRights:
    @pytest.fixture
    def people(self, office, site):
        with site.work() as work:
            return {
                "citizen": office.citizen,
                "nobody": make_staff(work, "clerk", permissions=["feedback:case:view"], username="clerk"),
                "looker": office.handler,
                "office": office.officer,
                "administrator": make_staff(work, "administrator", username="chief"),
            }

    @pytest.mark.parametrize(
        ("who", "sees", "plans"),
        [
            ("citizen", False, False),
            ("nobody", False, False),
            ("looker", True, False),
            ("office", True, True),
            ("administrator", True, True),
        ],
    )
    def test_are_those_of_the_pages(self, office, people, caller, who, sees, plans):
        session = office.plan(SUNDAY)
        scopes = ("cases:read", "cases:write") if who == "citizen" else ()
        call = caller(people[who], *scopes)
        for path in (SESSIONS, f"{SESSIONS}/{session}", "/meetings/appointments"):
            call(path, status=200 if sees else 403)
        call("/meetings/times?day=2026-06-01", status=200 if plans else 403)
        call(SESSIONS, DAY, status=201 if plans else 403)
        seats = {"public_seats": 3, "office_seats": 1, "reserve_seats": 2}
        call(f"{SESSIONS}/{session}/seats", seats, version="*", status=200 if plans else 403)
        call(f"{SESSIONS}/{session}/waiting-list", {"request": NOBODYS}, status=422 if plans else 403)
        remove = f"{SESSIONS}/{session}/waiting-list/remove"
        call(remove, {"request": NOBODYS}, version="*", status=422 if plans else 403)
        why = {"public_text": "شهردار در سفر است."}
        call(f"{SESSIONS}/{session}/cancel", why, version="*", status=200 if plans else 403)
        if not plans:
            assert office.site.engines is not None
            with office.site.work(write=False) as work:
                assert work.get(PublicDayService).find(session).public_seats == 1

    def test_need_the_scope(self, office, caller):
        caller(office.officer, "meetings:read")(SESSIONS, status=403)
        caller(office.officer, "cases:read", "meetings:read")(SESSIONS, DAY, status=403)


class TestStatements:
    @pytest.fixture
    def filled(self, office, codes):
        """Return the path of a session with people; there are appointments besides."""
        session = office.plan(MONDAY, "09:00", "12:00", public_seats=2, reserve_seats=2)
        office.plan(SUNDAY, "12:00", "13:00")
        office.invite(codes[0], session)
        office.schedule(codes[1], SUNDAY, "10:00")
        return session

    @pytest.mark.parametrize(
        ("path", "page"),
        [
            (SESSIONS, "/desk/meetings?day=1405/03/11"),
            ("/meetings/appointments", "/desk/meetings/day/2026-06-01"),
            ("/meetings/free-days", "/desk/meetings"),
            (f"{SESSIONS}/{{session}}", "/desk/meetings/sessions/{session}"),
        ],
    )
    def test_are_no_more_than_those_of_the_page(self, office, call, filled, app, sign_in, path, page):
        def count(ask):
            ask()
            with statements(office.site) as texts:
                ask()
            return len(texts)

        taken = count(lambda: call(path.format(session=filled), status=200))
        sign_in(office.officer)
        assert taken <= count(lambda: app.get(page.format(session=filled), status=200))
