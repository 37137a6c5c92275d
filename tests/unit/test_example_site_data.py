"""The example site's files agree with each other: keys, names of streets, numbers, lengths of messages."""

import tomllib
from collections import Counter
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from portal import Portal
from shahreman_site.identity import verify

from civicportal.domain.cases.kinds import kinds_of
from civicportal.util.calendar.local import LocalDates
from civicportal.util.countries import get_country
from civicportal.util.geo import CityMap

SITE = Path(__file__).parents[2] / "examples/shahreman_site/src/shahreman_site"
CITY = CityMap.load(SITE / "static/city.geojson")
SAMPLE = {
    "CODE": "482913",
    "HOST": "portal.example.ir",
    "TRACK": "1234567890",
    "DATE": "1405/09/12",
    "TIME": "10:30",
    "STATUS": "در دست اقدام",
    "NOTE": "ن" * 25,
    "COUNT": "12",
    "LATE": "12",
}


def data(name):
    return tomllib.loads((SITE / f"data/{name}.toml").read_text("utf-8"))


UNITS = data("units")["units"]
ROOTS = data("categories")["categories"]
LEAVES = [child for root in ROOTS for child in root.get("children", [])] + [ROOTS[-1]]
CATEGORY_KEYS = [root["key"] for root in ROOTS] + [leaf["key"] for leaf in LEAVES[:-1]]


def test_units_stand_after_the_unit_above_and_fit_into_an_sms():
    seen = []
    for unit in UNITS:
        assert unit.get("parent") in {None, *seen}
        assert len(unit.get("short", unit["name"])) <= 24
        seen.append(unit["key"])
    assert len(seen) == len(set(seen))


def test_categories_are_unique_complete_and_end_with_other():
    assert len(ROOTS) == 11
    assert ROOTS[-1]["key"] == "other"
    assert [key for key, n in Counter(CATEGORY_KEYS).items() if n > 1] == []
    units = {unit["key"] for unit in UNITS}
    for leaf in LEAVES:
        assert leaf["unit"] in units
        assert 1 <= leaf["days"] <= 30
        assert len(leaf["name"]) <= 25
        assert len(set(leaf["synonyms"])) == len(leaf["synonyms"]) >= 3
    assert {root["tint"] for root in ROOTS} <= set("gtabvr")


def test_every_icon_is_in_the_sprite():
    icons = (SITE.parents[3] / "assets/icons.txt").read_text("utf-8").split()
    assert {root["icon"] for root in ROOTS} <= set(icons)


def test_rules_name_what_exists():
    units = {unit["key"] for unit in UNITS}
    rules = data("routing")["routing"]
    assert len({rule["key"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["unit"] in units
        assert rule.get("category", "other") in CATEGORY_KEYS
        assert rule.get("district", CITY.districts[0]) in CITY.districts
    assert any("district" in rule and "category" in rule for rule in rules)


@pytest.mark.parametrize("unit", [unit.get("short", unit["name"]) for unit in UNITS])
def test_notices_take_one_part_but_the_one_with_a_note(unit):
    for key, text in data("messages")["messages"].items():
        length = len(text.format(**SAMPLE, UNIT=unit))
        assert length <= 70 or key == "meetings.scheduled_note", (key, length)


def test_holidays_are_days_of_the_two_years():
    calendar = LocalDates(kind="jalali", timezone=ZoneInfo("Asia/Tehran"))
    days = [calendar.parse_date(holiday["date"]) for holiday in data("calendar")["holidays"]]
    assert days == sorted(set(days))
    assert days[0] == date(2026, 3, 21)
    assert days[-1] == date(2028, 3, 19)


def test_invented_people_have_valid_and_distinct_numbers():
    country = get_country("ir")
    people = data("demo/staff")["staff"] + data("demo/citizens")["citizens"]
    mobiles = [country.normalize_mobile(person["mobile"]) for person in people]
    assert len(set(mobiles)) == len(mobiles) == 40
    codes = [citizen["national_code"] for citizen in data("demo/citizens")["citizens"]]
    assert len(set(codes)) == 20
    assert all(country.is_national_code(code) for code in codes)


def test_staff_have_roles_units_and_subjects_that_exist():
    roles = {"administrator", *data("roles")["roles"]}
    staff = data("demo/staff")["staff"]
    logins = {person["login"] for person in staff}
    for person in staff:
        assert person.get("deputy_of", "admin") in logins
        for membership in person["memberships"]:
            assert membership["role"] in roles
            assert membership.get("unit", "pr") in {unit["key"] for unit in UNITS}
            assert membership.get("category", "other") in CATEGORY_KEYS
    held = {
        membership["unit"] for person in staff for membership in person["memberships"] if "unit" in membership
    }
    assert {leaf["unit"] for leaf in LEAVES} <= held


def test_reports_are_distinct_and_lie_in_the_city():
    reports = data("demo/reports")["reports"]
    assert len({report["text"] for report in reports}) == len(reports) >= 40
    for report in reports:
        assert report["category"] in {leaf["key"] for leaf in LEAVES}
        assert CITY.contains(CITY.point_on_street(report["street"], 0.5))
        assert 10 <= len(report["text"]) <= 2000


def test_pictures_exist_and_are_small():
    named = {
        report[key]
        for report in data("demo/reports")["reports"]
        for key in ("photo", "photo_after")
        if key in report
    }
    posts = data("demo/announcements")["announcements"]
    named |= {picture["file"] for post in posts for picture in post.get("pictures", ())}
    for name in named:
        assert (SITE / "data/demo/photos" / name).stat().st_size <= 90_000


REZA = ("+989000000002", "1000000011", date(1976, 1, 22))


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        (REZA, "matched"),
        (("09000000002", *REZA[1:]), "matched"),
        (("+989000000003", *REZA[1:]), "mismatched"),
        ((*REZA[:2], date(1976, 1, 23)), "mismatched"),
        ((REZA[0], "0499370899", REZA[2]), "mismatched"),
        (("+989000000009", "1000000087", date(2002, 4, 23)), "unavailable"),
    ],
)
def test_the_register_of_the_demo(claim, outcome):
    assert verify(*claim) == outcome


def test_a_report_is_called_as_the_menu_and_the_exports_call_reports(tmp_path, civic_session):
    site = Portal(
        tmp_path, f"sqlite:///{tmp_path / 'portal.db'}", make_tables=civic_session.databases.migrate
    ).site
    say = site.localizer("fa").translate
    titles = {say(kinds_of(site)["reports"].title), say(site.exports["reports.list"].title)}
    site.engines.dispose()
    assert titles == {"گزارش شهری", "گزارش‌های شهری"}
