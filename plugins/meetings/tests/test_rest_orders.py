"""Orders of the mayor by programs, with the rights and checks of their pages."""

from datetime import date

import pytest
from sqlalchemy import text

from civicportal.api.cases import CaseService
from civicportal.api.organization import OrganizationService
from civicportal.testing import make_staff, make_unit

pytestmark = pytest.mark.both_databases

SUNDAY = date(2026, 5, 31)
WORDS = "معاونت فنی ظرف ده روز جدول‌گذاری کوچهٔ نارون را انجام دهد."
RESULT = "جدول‌گذاری انجام شد."
ORDER = {"text": WORDS, "unit": "civil", "days": 10}


@pytest.fixture
def meeting(office, clock):
    code = office.ask()
    office.schedule(code, SUNDAY, "10:00")
    clock.advance(hours=24)
    office.step(code, "hold", public_text="دستور لازم داده شد.")
    return code


@pytest.fixture
def give(call, meeting):
    """Write down an order and return its code."""
    return lambda **more: call(f"/meetings/requests/{meeting}/orders", ORDER, status=201, **more).json["code"]


def finish(office, order, name="finish", words=RESULT):
    with office.site.work(actor=office.handler) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch(order, "work", lock=True), name, public_text=words)


def pointers(answer):
    return [one["pointer"] for one in answer.json.get("errors", [])]


def test_an_order_lies_with_its_unit_once_for_a_key(office, call, meeting):
    path = f"/meetings/requests/{meeting}/orders"
    assert call(path).json == {"items": [], "possible": True}
    made = call(path, ORDER, status=201, key="0123456789abcdef")
    again = call(path, ORDER, key="0123456789abcdef")
    assert again.json == made.json
    [listed] = call(path).json["items"]
    assert (listed["code"], listed["unit"], listed["told"]) == (made.json["code"], "civil", False)
    case = office.case(made.json["code"])
    assert (case.kind, case.citizen_id, case.body) == ("orders", None, WORDS)
    with office.site.work(write=False) as work:
        assert case.unit_id == work.get(OrganizationService).unit("civil").id


def test_it_is_shown_to_its_unit_without_the_meeting(office, call, caller, give, meeting):
    order = give()
    shown = call(f"/meetings/orders/{order}").json
    assert (shown["text"], shown["result"], shown["meeting"]) == (WORDS, "", meeting)
    assert shown["deadline"].endswith("+03:30")
    theirs = caller(office.handler, "cases:read")(f"/meetings/orders/{order}").json
    assert (theirs["text"], theirs["meeting"]) == (WORDS, None)


def test_a_visit_is_recorded_as_on_the_page(office, call, give):
    order = office.case(give())
    call(f"/meetings/orders/{order.code}")
    with office.site.work(write=False) as work:
        trail = text("select actor_id, case_id from audit_events where action = 'case:open'")
        assert [tuple(row) for row in work.session.execute(trail)] == [(office.officer.user_id, order.id)]


def test_the_citizen_is_told_a_result_once(office, call, give, meeting):
    order = give()
    path = f"/meetings/orders/{order}"
    assert "بسته نشده" in call(f"{path}/share", {}, version="*", status=422).json["detail"]
    read = call(path).headers["ETag"]
    finish(office, order)
    call(f"{path}/share", {}, status=428)
    call(f"{path}/share", {}, version=read, status=412)
    shown = call(path)
    assert shown.json["result"] == RESULT
    told = call(f"{path}/share", {}, version=shown.headers["ETag"], status=200)
    assert told.json["told"] is True
    assert told.headers["ETag"] == call(path).headers["ETag"] != shown.headers["ETag"]
    call(f"{path}/share", {}, version=shown.headers["ETag"], status=412)
    call(f"{path}/share", {}, version="*", status=422)
    with office.site.work(actor=office.citizen, write=False) as work:
        cases = work.get(CaseService)
        events = cases.events(cases.fetch_own(meeting), public=True)
        assert [one.public_text for one in events].count(RESULT) == 1


def test_another_result_can_be_told_after_it_was_opened_again(office, call, clock, give):
    order = give()
    finish(office, order)
    call(f"/meetings/orders/{order}/share", {}, version="*", status=200)
    clock.advance(minutes=1)
    finish(office, order, "reopen", "کار ناقص است.")
    assert call(f"/meetings/orders/{order}").json["told"] is False
    finish(office, order, words="اکنون کامل شد.")
    assert call(f"/meetings/orders/{order}/share", {}, version="*", status=200).json["told"] is True


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"text": "کم"}, ["#/text"]),
        ({"text": "x" * 2001}, ["#/text"]),
        ({"text": 5}, ["#/text"]),
        ({"unit": "nowhere"}, ["#/unit"]),
        ({"unit": None}, ["#/unit"]),
        ({"unit": "old"}, ["#/unit"]),
        ({"days": "10"}, ["#/days"]),
        ({"days": 0}, ["#/days"]),
        ({"days": 366}, ["#/days"]),
        ({"key": "x" * 22}, ["#/key"]),
    ],
)
def test_what_is_wrong_is_named(office, call, meeting, changed, named):
    with office.site.work() as work:
        make_unit(work, "old", active=False)
    path = f"/meetings/requests/{meeting}/orders"
    assert pointers(call(path, {**ORDER, **changed}, status=422)) == named
    assert call(path).json["items"] == []


def test_there_are_none_of_a_meeting_that_was_not_held(office, call):
    path = f"/meetings/requests/{office.ask()}/orders"
    assert call(path).json == {"items": [], "possible": False}
    assert "انجام" in call(path, ORDER, status=422).json["detail"]


def test_cases_of_another_kind_are_not_found(office, call, give, meeting):
    order = give()
    call(f"/meetings/requests/{order}/orders", status=404)
    call(f"/meetings/requests/{order}/orders", ORDER, status=404)
    call(f"/meetings/orders/{meeting}", status=404)
    call(f"/meetings/orders/{meeting}/share", {}, version="*", status=404)
    call("/meetings/orders/1000000008", status=404)


class TestRights:
    @pytest.fixture
    def people(self, office, site):
        with site.work() as work:
            other = make_unit(work, "parks")
            rights = ("orders:case:view", "meetings:case:view")
            return {
                "citizen": office.citizen,
                "nobody": make_staff(work, "clerk", permissions=["feedback:case:view"], username="clerk"),
                "stranger": make_staff(work, "parks", unit=other, permissions=rights, username="parks1"),
                "handler": office.handler,
                "office": office.officer,
                "administrator": make_staff(work, "administrator", username="chief"),
            }

    @pytest.mark.parametrize(
        ("who", "orders", "shown", "given", "shared"),
        [
            ("citizen", 403, 403, 403, 403),
            ("nobody", 404, 404, 403, 403),
            ("stranger", 404, 404, 403, 404),
            ("handler", 404, 200, 403, 403),
            ("office", 200, 200, 201, 200),
            ("administrator", 200, 200, 201, 200),
        ],
    )
    def test_are_those_of_the_pages(
        self, office, people, caller, give, meeting, who, orders, shown, given, shared
    ):
        order = give()
        finish(office, order)
        scopes = ("cases:read", "cases:write") if who == "citizen" else ()
        call = caller(people[who], *scopes)
        call(f"/meetings/requests/{meeting}/orders", status=orders)
        call(f"/meetings/orders/{order}", status=shown)
        call(f"/meetings/requests/{meeting}/orders", ORDER, status=given)
        call(f"/meetings/orders/{order}/share", {}, version="*", status=shared)

    def test_need_the_scopes_of_what_is_done(self, office, caller, give, meeting):
        order = give()
        finish(office, order)
        path = f"/meetings/requests/{meeting}/orders"
        caller(office.officer, "meetings:read")(path, status=403)
        caller(office.officer, "cases:read", "cases:write")(path, ORDER, status=403)
        caller(office.officer, "cases:read", "meetings:write")(path, ORDER, status=403)
        caller(office.officer, "cases:read")(f"/meetings/orders/{order}/share", {}, version="*", status=403)
