"""Statistics and members in the API, each within the rights of the caller."""

from datetime import date

import pytest

from civicportal.api.organization import OrganizationService
from civicportal.domain.accounts.models import User
from civicportal.testing import make_case, make_staff, make_unit

pytestmark = pytest.mark.both_databases


def registered(answer):
    return answer.json["figures"]["registered"]


def test_statistics_count_the_cases_that_the_caller_may_see(caller, city):
    officer = caller("officer", "statistics:read")
    found = officer.get("/statistics/petitions").json
    assert found["figures"]["registered"] == 1
    assert found["statuses"] == {"registered": 1}
    assert found["categories"] == [{"category": "waste", "registered": 1}]
    assert [one["unit"] for one in found["units"]] == ["waste"]
    assert sum(step["registered"] for step in found["trend"]) == 1
    assert found["first_day"] is None


def test_statistics_of_the_whole_city_equal_the_sum_of_its_units(caller, city, site):
    people, _codes = city
    with site.work() as work:
        people["chief"] = make_staff(work, "administrator", username="chief")
    chief = caller("chief", "statistics:read")
    assert registered(chief.get("/statistics/petitions")) == 2
    parts = [registered(chief.get(f"/statistics/petitions?unit={unit}")) for unit in ("waste", "light")]
    assert parts == [1, 1]
    assert registered(chief.get("/statistics/petitions?category=light")) == 1
    assert registered(chief.get("/statistics/petitions?last_day=2000-01-01")) == 0


def test_statistics_are_of_the_days_that_are_asked_for(caller, city, site, clock):
    people, _codes = city
    clock.advance(days=40)
    with site.work() as work:
        make_case(work, citizen=work.session.get(User, people["citizen"].id))
        people["chief"] = make_staff(work, "administrator", username="chief")
        today = site.calendar.today(clock.now())
    chief = caller("chief", "statistics:read")
    found = chief.get(f"/statistics/petitions?first_day={today}&step=day").json
    assert (found["figures"]["registered"], found["trend"]) == (
        1,
        [{"first_day": today.isoformat(), "registered": 1, "reviewed": 0}],
    )
    assert registered(chief.get("/statistics/petitions")) == 3


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ("unit=nowhere", "unit"),
        ("category=nothing", "category"),
        ("first_day=2026-03-02&last_day=2026-03-01", "last_day"),
        ("first_day=1405-01-01x", "first_day"),
        ("step=hour", "step"),
        ("words=x", "words"),
    ],
)
def test_wrong_parameters_of_statistics_are_named(caller, asked, parameter):
    found = caller("officer", "statistics:read").get(f"/statistics/petitions?{asked}", status=400).json
    assert [one["parameter"] for one in found["errors"]] == [parameter]


def test_statistics_need_their_scope_and_the_right_to_see_the_kind(caller, city, site):
    people, _codes = city
    with site.work() as work:
        people["nobody"] = make_staff(work, "clerk", permissions=["core:member:manage"], username="nobody")
    caller("officer", "cases:read").get("/statistics/petitions", status=403)
    caller("nobody", "statistics:read").get("/statistics/petitions", status=404)
    caller("officer", "statistics:read").get("/statistics/nonsense", status=404)


@pytest.fixture
def heads(city, site):
    """A manager of the members of one unit, and one of all."""
    people, _codes = city
    with site.work() as work:
        people["chief"] = make_staff(work, "administrator", username="chief", name="Zz")
        waste = work.get(OrganizationService).unit("waste")
        below = make_unit(work, "bins", parent_id=waste.id)
        make_staff(work, "officer", unit=below, username="below")
    return people


def test_an_administrator_lists_the_staff_by_name_in_pages(caller, heads):
    chief, names, path = caller("chief", "members:read"), [], "/members?limit=2"
    while path:
        page = chief.get(path).json
        names += [item["username"] for item in page["items"]]
        path = f"/members?limit=2&cursor={page['next']}" if page["next"] else ""
    assert sorted(names) == sorted(set(names))
    assert {"other", "below", "chief"} <= set(names)
    assert {item["username"] for item in chief.get("/members?unit=waste").json["items"]} >= {"below"}
    assert "other" not in {item["username"] for item in chief.get("/members?unit=waste").json["items"]}


def test_a_member_has_roles_and_no_numbers(caller, heads, site):
    chief = caller("chief", "members:read")
    found = chief.get(f"/members/{heads['officer'].id}")
    assert found.json["roles"][0]["unit"] == "waste"
    assert found.json["disabled"] is False
    with site.work(write=False) as work:
        mobile = work.session.get(User, heads["officer"].id).mobile
    assert mobile
    assert mobile[-7:] not in found.text


def test_members_are_for_those_who_manage_them(caller, heads):
    caller("officer", "members:read").get("/members", status=403)
    chief = caller("chief", "members:read")
    chief.get(f"/members/{heads['citizen'].id}", status=404)
    chief.get("/members/999999", status=404)
    assert chief.get("/members?cursor=x", status=400).json["errors"][0]["parameter"] == "cursor"
    assert chief.get("/members?unit=x", status=400).json["errors"][0]["parameter"] == "unit"
    caller("chief", "cases:read").get("/members", status=403)


def test_days_are_those_of_the_city(caller, city):
    found = (
        caller("officer", "statistics:read").get(f"/statistics/petitions?first_day={date(2020, 1, 1)}").json
    )
    assert found["first_day"] == "2020-01-01"
