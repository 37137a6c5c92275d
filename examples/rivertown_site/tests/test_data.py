"""The files of the site agree with each other, and hold no word of another language."""

import re
import tomllib
from pathlib import Path

from rivertown_site import SITE
from rivertown_site.country import Riverland

from civicportal.api.geo import CityMap

FOLDER = SITE.parent
CITY = CityMap.load(FOLDER / "static/city.geojson")


def data(name):
    return tomllib.loads((FOLDER / f"data/{name}.toml").read_text("utf-8"))


def test_units_subjects_and_rules_name_what_exists():
    units = [unit["key"] for unit in data("units")["units"]]
    roots = data("categories")["categories"]
    leaves = [leaf for root in roots for leaf in root.get("children", [root])]
    assert len(units) == len(set(units))
    assert {leaf["unit"] for leaf in leaves} <= set(units)
    assert {rule["unit"] for rule in data("routing")["routing"]} <= set(units)
    assert {report["category"] for report in data("demo/reports")["reports"]} == {
        leaf["key"] for leaf in leaves
    }


def test_people_of_the_demo_have_numbers_roles_and_units():
    people = data("demo/staff")["staff"] + data("demo/citizens")["citizens"]
    mobiles = [Riverland().normalize_mobile(person["mobile"]) for person in people]
    assert len(mobiles) == len(set(mobiles))
    roles = {"administrator", *data("roles")["roles"]}
    units = {unit["key"] for unit in data("units")["units"]}
    given = [one for person in data("demo/staff")["staff"] for one in person["memberships"]]
    assert {one["role"] for one in given} <= roles
    assert {one["unit"] for one in given if "unit" in one} <= units


def test_reports_lie_on_streets_and_permits_in_zones():
    for report in data("demo/reports")["reports"]:
        assert CITY.district(CITY.point_on_street(report["street"], 0.5)), report["street"]
    zones = {zone["key"] for zone in data("parking_zones")["zones"]}
    assert {permit["zone"] for permit in data("demo/parking_permits")["permits"]} == zones


def test_pictures_are_there():
    named = re.compile(r'(?:photo|file) = "([^"]+)"')
    for file in (FOLDER / "data/demo").glob("*.toml"):
        for name in named.findall(file.read_text("utf-8")):
            assert Path(FOLDER / "data/demo/photos" / name).is_file(), name


def test_no_file_holds_a_persian_letter():
    texts = [path for path in FOLDER.rglob("*") if path.suffix in (".toml", ".py", ".svg", ".geojson")]
    assert texts
    assert [path.name for path in texts if re.search("[\u0600-\u06ff]", path.read_text("utf-8"))] == []
