"""Filters of cases by other software: those of the kartable and of the lists of services."""

from datetime import timedelta

import pytest

from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import CaseReference
from civicportal.domain.cases.services import CaseService
from civicportal.domain.organization.services import OrganizationService
from civicportal.testing import identity, make_case, make_category, make_staff

pytestmark = pytest.mark.both_databases

OPEN = {"plain", "urgent", "overdue", "reopened", "passed_on", "phone", "taken", "below"}
CLOSED = {"satisfied", "dissatisfied", "late"}
ALL = OPEN | CLOSED
FOUND = {
    "": ALL,
    "urgent=true": {"urgent"},
    "urgent=false": ALL,
    "overdue=true": {"overdue"},
    "reopened=true": {"reopened"},
    "passed_on=true": {"passed_on"},
    "source=phone": {"phone"},
    "source=sms": set(),
    "stage=open": OPEN,
    "stage=done": CLOSED,
    "stage=rejected": set(),
    "timing=on_time": {"satisfied", "dissatisfied"},
    "timing=late": {"late", "overdue"},
    "rating=rated": {"satisfied", "dissatisfied"},
    "rating=satisfied": {"satisfied"},
    "rating=dissatisfied": {"dissatisfied"},
    "category=bins": ALL,
    "category=bins&itself=true": ALL - {"below"},
    "category=lids&itself=true": {"below"},
    "category=-": set(),
    "unit=waste": ALL,
    "unit=light": set(),
    "unit=-": set(),
    "unit=waste&stage=open&urgent=true": {"urgent"},
    "view=all": OPEN,
    "view=mine": {"taken"},
    "view=all&urgent=true": {"urgent"},
    "view=all&category=bins&itself=true": OPEN - {"below"},
    "view=overdue&source=web": {"overdue"},
    "q=137-98-001": {"plain"},
    "q=137-98-002": set(),
}
"""Names of the cases that each filter leaves."""
WRONG = (
    "unit=nowhere",
    "category=nowhere",
    "source=pigeon",
    "stage=late",
    "timing=x",
    "rating=5",
    "weekday=7",
    "hour=24",
    "urgent=1",
    "itself=yes",
    "view=week",
    "sort=deadline",
    "citizen=1",
    "holder=",
)


@pytest.fixture
def cases(site, city):
    """Cases of the first unit that differ by one thing each; the codes by name."""
    people, _codes = city
    with site.work() as work:
        unit = work.get(OrganizationService).unit("waste")
        people["head"] = make_staff(work, "head", unit=unit, permissions=[LEAD], username="head")
        topic = make_category(work, "bins", unit=unit)
        below = make_category(work, "lids", parent_id=topic.id, unit=unit)
        found = {
            name: make_case(work, category=below if name == "below" else topic, citizen=people["citizen"])
            for name in sorted(ALL)
        }
        now = work.clock.now()
        found["urgent"].urgent = True
        found["overdue"].deadline = now - timedelta(days=1)
        found["reopened"].reopenings = found["passed_on"].hops = 1
        found["phone"].source = "phone"
        work.get(AccessService).action_referral(found["taken"]).taken_by_id = people["officer"].id
        for name in CLOSED:
            with work.acting_as(identity(work, people["officer"])):
                for step in ("accept", "finish"):
                    work.get(CaseService).apply(found[name], step)
            found[name].deadline = now
        found["late"].deadline = now - timedelta(days=1)
        found["satisfied"].rated = found["satisfied"].satisfied = found["dissatisfied"].rated = 3
        work.session.add(
            CaseReference(case_id=found["plain"].id, source="137", code="137-98-001", code_key="13798001")
        )
        return {name: case.code for name, case in found.items()}


@pytest.fixture
def listed(caller, cases):
    """List as a person and return the names of the cases."""
    names = {code: name for name, code in cases.items()}

    def listed(query, who="officer"):
        items = caller(who).get(f"/cases?limit=100&{query}").json["items"]
        return {names[one["code"]] for one in items if one["code"] in names}

    return listed


def test_a_filter_leaves_what_it_says(listed):
    assert {query: listed(query) for query in FOUND} == FOUND


def test_the_day_and_hour_of_registration(listed, clock, site):
    local = clock.now().astimezone(site.timezone)
    weekday, hour = local.weekday(), local.hour
    assert listed(f"weekday={weekday}&hour={hour}") == ALL
    assert listed(f"weekday={(weekday + 1) % 7}") == listed(f"hour={(hour + 1) % 24}") == set()


def test_a_code_is_a_word(listed, cases):
    assert listed(f"q={cases['urgent']}") == {"urgent"}


def test_the_cases_of_a_head_by_holder(listed, caller, city, cases):
    officer = city[0]["officer"].id
    assert listed("holder=team", "head") == listed("holder=team&view=all", "head") == OPEN
    assert listed("holder=-", "head") == OPEN - {"taken"}
    for query in (f"holder={officer}", f"holder={officer}&view=all", f"holder={officer}&stage=open"):
        assert listed(query, "head") == {"taken"}
    assert listed(f"holder={officer}&urgent=true", "head") == set()
    head = caller("head")
    assert [one["holder"]["id"] for one in head.get(f"/cases?holder={officer}").json["items"]] == [officer]
    for query in ("holder=me", "holder=0", "holder=999999", f"holder={city[0]['other'].id}"):
        wrong = head.get(f"/cases?{query}", status=400).json
        assert [one["parameter"] for one in wrong["errors"]] == ["holder"]


def test_only_heads_filter_by_holder(caller, city, cases):
    for holder in ("team", "-", str(city[0]["officer"].id)):
        wrong = caller("officer").get(f"/cases?holder={holder}", status=400).json
        assert [one["parameter"] for one in wrong["errors"]] == ["holder"]


@pytest.mark.parametrize("holder", ["team", "-", "officer", "other"])
def test_an_administrator_has_the_filter_by_holder_as_on_the_page(
    app, caller, site, city, cases, sign_in, holder
):
    people = city[0]
    with site.work() as work:
        people["boss"] = boss = make_staff(work, "administrator", username="boss")
        boss = identity(work, boss)
        unit = work.get(OrganizationService).unit("light")
        work.get(AccessService).action_referral(work.get(CaseService).fetch(city[1][1])).taken_by_id = people[
            "other"
        ].id
    value = str(people[holder].id) if holder in people else holder
    found = {one["code"] for one in caller("boss").get(f"/cases?limit=100&holder={value}").json["items"]}
    sign_in(boss)
    page = app.get("/kartable", {"holder": value})
    assert found == {code for code in (*cases.values(), *city[1]) if code in page}
    assert found
    # A token of one unit has its cases and officers only.
    limited = caller("boss", unit=unit)
    if holder == "officer":
        limited.get(f"/cases?holder={value}", status=400)
    else:
        left = {one["code"] for one in limited.get(f"/cases?limit=100&holder={value}").json["items"]}
        assert left == found & {city[1][1]}


def test_the_cases_of_one_kind_have_more_orders(caller, cases):
    officer = caller("officer")
    codes = [
        one["code"] for one in officer.get("/cases?kind=petitions&stage=open&sort=deadline").json["items"]
    ]
    assert codes[0] == cases["overdue"]
    officer.get("/cases?kind=petitions&sort=updated")
    page = officer.get("/cases?kind=petitions&sort=deadline&limit=4").json
    found = [*page["items"]]
    while page["next"]:
        page = officer.get(f"/cases?kind=petitions&sort=deadline&limit=4&cursor={page['next']}").json
        found += page["items"]
    assert len({one["code"] for one in found}) == len(found) == len(ALL) + 1


def test_a_value_that_is_not_offered_is_named(caller, cases):
    officer = caller("officer")
    for query in WRONG:
        wrong = officer.get(f"/cases?{query}", status=400).json
        assert [one["parameter"] for one in wrong["errors"]] == [query.partition("=")[0]], query


def test_a_view_of_the_kartable_alone_has_no_holder(caller, cases):
    wrong = caller("head").get("/cases?view=mine&holder=team", status=400).json
    assert [one["parameter"] for one in wrong["errors"]] == ["view"]
    caller("head").get("/cases?view=week&holder=team")


def test_nothing_of_another_unit_is_found(listed, caller, cases):
    for query in ("", "unit=waste", "urgent=true", "q=137-98-001", f"q={cases['plain']}"):
        assert listed(query, "other") == set()


def test_citizens_filter_their_own_cases(listed, caller, cases):
    assert listed("stage=open&kind=petitions", "citizen") == OPEN
    assert listed("category=bins&itself=true", "citizen") == ALL - {"below"}
    assert listed("sort=deadline", "citizen") == ALL
    citizen = caller("citizen")
    for query in (
        "q=x",
        "view=all",
        "holder=team",
        "unit=waste",
        "source=phone",
        "urgent=true",
        "overdue=true",
        "reopened=true",
        "passed_on=true",
        "timing=late",
        "rating=rated",
        "weekday=1",
        "hour=1",
    ):
        wrong = citizen.get(f"/cases?{query}", status=400).json
        assert [one["parameter"] for one in wrong["errors"]] == [query.partition("=")[0]]
