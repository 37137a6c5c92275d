"""Open data: what is released, what an attacker with all builds learns, files, catalogue, administration."""

import csv
import io
import json
import random
from collections import Counter
from datetime import timedelta
from itertools import combinations

import pytest
from click.testing import CliRunner
from selection import LONG
from sqlalchemy import delete, func, insert, select, update
from translationstring import TranslationString

from civicportal.api.geo import Point
from civicportal.api.opendata import OpenDataset
from civicportal.cli import main
from civicportal.core.jobs import JobRun
from civicportal.core.plugins import hookimpl
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.statistics.hiding import FEWEST, is_small
from civicportal.portal import cleanup
from civicportal.portal.health.metrics import open_data as open_data_metric
from civicportal.portal.opendata import cases
from civicportal.portal.opendata.building import build
from civicportal.portal.opendata.findings import findings
from civicportal.portal.opendata.jobs import NAME, run_now
from civicportal.portal.opendata.models import DataBuild, DataFile, ReleasedCase, ReleasedGroup
from civicportal.portal.opendata.services import BuildService
from civicportal.testing import make_category, make_staff, make_unit
from civicportal.util.errors import ConfigurationError
from civicportal.util.tracking import new_code

pytestmark = pytest.mark.both_databases

NAMES = ("petitions.cases", "figures", "units", "categories")
DETAILS = (
    "released", "category", "unit", "channel", "registered_from", "registered_to", "place_precision", "district",
    "south", "west", "north", "east",
)  # fmt: skip
"""Columns that could tell a row from others."""


def places_of(work, ids):
    """Return the places of cases.

    They depend on how many cases were made before, not on ids, which go on where an earlier test has ended.
    """
    first = work.session.scalar(select(func.min(Case.id)))
    return {one: place_of(one - first) for one in ids}


def place_of(number):
    """Return a place for a case: three quarters of them in two small blocks of the city."""
    rng = random.Random(number)
    if rng.random() < 0.1:
        return None, ""
    wide = 0.002 if rng.random() < 0.75 else 0.03
    point = Point(31.0 + rng.random() * wide, 52.0 + rng.random() * wide)
    return point, "north" if point.lat > 31.001 else "south"


def register_datasets():
    """Return the petitions as open data."""
    return [
        OpenDataset.of_cases(
            name="petitions.cases",
            kind="petitions",
            title=TranslationString("Petitions"),
            description=TranslationString("The petitions."),
            places=places_of,
        )
    ]


@pytest.fixture
def open_site(install, assemble_migrated):
    """A site that publishes petitions, with four categories of which one is private."""
    install.plugin("gadget", hookimpl(register_datasets))
    site = assemble_migrated("gadget", open_data={"enabled": True})
    with site.work() as work:
        unit = make_unit(work, "pr")
        roots = [make_category(work, key, unit=unit, public=True) for key in ("roads", "bins")]
        make_category(work, "pothole", unit=unit, parent_id=roots[0].id, public=True)
        make_category(work, "complaint", unit=unit, public=False)
    return site


class Simulation:
    """A city in which cases are sent, closed, published, withdrawn, reopened and deleted at random."""

    def __init__(self, site, clock, seed=1):
        self.site, self.clock, self.rng = site, clock, random.Random(seed)
        with site.work(write=False) as work:
            self.categories = {
                one.key: one.id for one in work.session.scalars(select(Category).order_by(Category.id))
            }
        self.units = [None]
        with site.work() as work:
            self.units += [make_unit(work, key).id for key in ("waste", "roads")]
        self.builds, self.groups = [], []

    def send(self, number, **values):
        """Add cases that were just sent; return their ids."""
        rng, now = self.rng, self.clock.now()
        rows = []
        for _one in range(number):
            category = rng.choice([*self.categories])
            rows.append(
                {
                    "code": new_code(), "kind": "petitions", "subject": f"secret subject {category}", "place": "secret place",
                    "body": "secret words", "category_id": self.categories[category], "status": "registered",
                    "unit_id": rng.choice(self.units), "stage": "registered",
                    "source": rng.choice(["web", "web", "web", "phone"]),
                    "created_at": now, "updated_at": now, "public": rng.random() < 0.6, "version": 1, "urgent": False,
                    **values,
                }
            )  # fmt: skip
        if not rows:
            return []
        with self.site.work() as work:
            return list(work.session.scalars(insert(Case).returning(Case.id), rows))

    def change(self, case_id, **values):
        """Change a case."""
        with self.site.work() as work:
            work.session.execute(update(Case).where(Case.id == case_id).values(**values))

    def close(self, case_id, status="done"):
        """Close a case now."""
        stage = "done" if status == "done" else "rejected"
        self.change(case_id, status=status, stage=stage, closed_at=self.clock.now(), handling_minutes=300)

    def day(self):
        """Let a day pass in which things happen, then build."""
        self.send(self.rng.randint(2, 14))
        with self.site.work(write=False) as work:
            rows = work.session.execute(select(Case.id, Case.stage, Case.public).order_by(Case.id)).all()
        for case_id, stage, public in rows:
            chance = self.rng.random()
            if stage == "registered" and chance < 0.2:
                self.close(case_id, self.rng.choice(["done", "done", "rejected"]))
            elif chance < 0.004:
                self.change(case_id, public=not public)
            elif chance < 0.006:
                self.change(case_id, stage="registered", status="registered", closed_at=None)
            elif chance < 0.007:
                self.change(case_id, category_id=self.rng.choice([*self.categories.values()]))
            elif chance < 0.0075:
                with self.site.work() as work:
                    work.session.execute(delete(Case).where(Case.id == case_id))
        self.clock.advance(days=1)
        self.build()

    def build(self):
        """Build, and keep what a reader keeps."""
        build(self.site)
        self.builds.append(table(self.site, "petitions.cases"))
        self.groups.append(self.whole_groups())

    def whole_groups(self):
        """Return size and details of the groups whose cases are all there and public, by id."""
        columns = {column.name: place for place, column in enumerate(cases.COLUMNS)}
        members = (
            select(ReleasedCase.group_id)
            .join(Case, Case.id == ReleasedCase.case_id)
            .join(Category, Category.id == Case.category_id)
            .where(Case.public, Category.public)
        )
        with self.site.work(write=False) as work:
            numbers = Counter(work.session.scalars(members))
            keys = [cases._Names({one.id: (one.key, one.name) for one in work.session.scalars(select(model))})
                    for model in (Category, Unit)]  # fmt: skip
            rows = {one.id: (one.size, cases._row(one, "", "", 0, *keys)) for one in work.session.scalars(select(ReleasedGroup))
                    if numbers[one.id] == one.size}  # fmt: skip
        shown = {
            one: (size, ["" if value is None else str(value) for value in row])
            for one, (size, row) in rows.items()
        }
        return {
            one: (size, tuple(row[columns[name]] for name in DETAILS)) for one, (size, row) in shown.items()
        }


def content(site, name, format_="csv"):
    """Return the content of a file as text."""
    with site.work(write=False) as work:
        found = work.get(BuildService).file(name, format_)
    with site.storage.open(found.key) as file:
        return file.read().decode("utf-8-sig")


def table(site, name):
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(content(site, name))))


def details(row):
    return tuple(row[name] for name in DETAILS)


def without(groups, others):
    """Return the number of cases by details in the groups that are not among others."""
    found = Counter()
    for one in groups.keys() - others.keys():
        size, shown = groups[one]
        found[shown] += size
    return found


def as_counter(rows):
    return Counter(tuple(row.values()) for row in rows)


@(pytest.mark.both_databases if LONG else pytest.mark.one_database("postgresql"))
def test_no_two_builds_tell_a_case_from_fewer_than_four_others(open_site, clock):
    """The attacker keeps every build, and subtracts every two of them.

    Every difference is one of whole groups: so many rows with the same details went as the groups had that are not
    published any more, and so many came as those have that are new. Where fewer rows than a group has went or came,
    groups with the same details have changed places, which a reader cannot tell from each other.
    """
    city = Simulation(open_site, clock)
    for _day in range(100):
        city.day()
    assert len(city.builds[-1]) > 50
    assert len({row["released"] for row in city.builds[-1]}) > 2
    assert len({row["place_precision"] for row in city.builds[-1]}) > 2
    assert any(len(before) > len(after) for before, after in combinations(city.builds, 2))
    assert all(size >= FEWEST for groups in city.groups for size, _details in groups.values())
    seen = [
        (Counter(map(details, rows)), groups) for rows, groups in zip(city.builds, city.groups, strict=True)
    ]
    for (before, old), (after, new) in combinations([(Counter(), {}), *seen], 2):
        gone, come = before - after, after - before
        went, came = without(old, new), without(new, old)
        for one in {*gone, *come, *went, *came}:
            assert gone[one] - come[one] == went[one] - came[one]
            if 0 < max(gone[one], come[one]) < FEWEST:
                assert went[one]
                assert came[one]


def test_nothing_private_is_in_any_file(open_site, clock):
    city = Simulation(open_site, clock, seed=2)
    ids = city.send(60, public=True)
    hidden = city.send(30, public=False)
    for case_id in ids + hidden:
        city.close(case_id)
    clock.advance(days=45)
    city.build()
    with open_site.work(write=False) as work:
        released = set(work.session.scalars(select(ReleasedCase.case_id)))
        codes = list(work.session.scalars(select(Case.code)))
        private = set(
            work.session.scalars(select(Case.id).where(Case.category_id == city.categories["complaint"]))
        )
    assert released
    assert not released & (set(hidden) | private)
    texts = [content(open_site, name) for name in NAMES] + [content(open_site, "petitions.cases", "geojson")]
    for text in texts:
        assert "secret" not in text
        assert not [code for code in codes if code in text]
    assert "complaint" not in content(open_site, "petitions.cases")


def test_a_withdrawn_case_leaves_with_its_group_and_comes_back_with_it(open_site, clock):
    city = Simulation(open_site, clock)
    for case_id in city.send(40, public=True, category_id=city.categories["bins"]):
        city.close(case_id)
    clock.advance(days=45)
    city.build()
    with open_site.work(write=False) as work:
        one = work.session.scalars(select(ReleasedCase).order_by(ReleasedCase.case_id)).first()
        members = len(
            work.session.scalars(select(ReleasedCase).where(ReleasedCase.group_id == one.group_id)).all()
        )
    city.change(one.case_id, public=False)
    city.build()
    full, less = city.builds
    assert len(full) - len(less) == members >= FEWEST
    city.change(one.case_id, public=True)
    city.build()
    assert as_counter(city.builds[-1]) == as_counter(full)
    with open_site.work() as work:
        work.session.execute(delete(Case).where(Case.id == one.case_id))
    city.build()
    assert as_counter(city.builds[-1]) == as_counter(less)


def test_a_case_that_is_deleted_while_a_file_is_written_takes_its_group_along(open_site, clock, monkeypatch):
    city = Simulation(open_site, clock)
    for case_id in city.send(40, public=True, category_id=city.categories["bins"]):
        city.close(case_id)
    clock.advance(days=45)
    city.build()
    with open_site.work() as work:
        one = work.session.scalars(select(ReleasedCase)).first()
        of_group = select(func.count()).where(ReleasedCase.group_id == one.group_id)
        members = work.session.scalar(of_group)
        work.session.execute(delete(Case).where(Case.id == one.case_id))
    # What was not public any more is read before the rows are.
    monkeypatch.setattr(cases, "_broken", lambda _work, _dataset: frozenset())
    city.build()
    full, less = city.builds
    assert len(full) - len(less) == members >= FEWEST


def test_a_month_is_released_a_week_after_its_end_and_only_once(open_site, clock):
    city = Simulation(open_site, clock)
    begin = city.site.calendar.begin(city.site.calendar.day(1405, 7, 1))
    clock.set(begin + timedelta(days=27))
    for case_id in city.send(30, public=True, category_id=city.categories["bins"]):
        city.close(case_id)
    sizes = []
    for day in range(14):
        city.build()
        sizes.append(len(city.builds[-1]))
        if day == 11:
            # Published too late for this month.
            for case_id in city.send(20, public=True, created_at=begin, category_id=city.categories["bins"]):
                city.change(case_id, stage="done", status="done", closed_at=begin + timedelta(days=2))
        clock.advance(days=1)
    # The month has thirty days: the first build a week after its end is that of the eleventh day.
    assert sizes[:10] == [0] * 10
    # Up to four remain, with which no group can be formed.
    assert 30 - FEWEST < sizes[10] <= 30
    assert sizes[10:] == [sizes[10]] * 4
    clock.advance(days=30)
    city.build()
    assert len(city.builds[-1]) > 50 - FEWEST
    assert len({row["released"] for row in city.builds[-1]}) == 2


def test_a_row_stays_as_it_was_released(open_site, clock):
    city = Simulation(open_site, clock)
    ids = city.send(10, public=True, category_id=city.categories["bins"], source="web", unit_id=None)
    for case_id in ids:
        city.close(case_id)
    clock.advance(days=45)
    city.build()
    city.change(ids[0], status="working", stage="in_progress", closed_at=None)
    clock.advance(days=1)
    city.build()
    assert city.builds[0] == city.builds[1]
    assert {row["status"] for row in city.builds[0]} == {"done"}
    assert {row["days_to_close"] for row in city.builds[0]} == {"0"}


def test_figures_are_those_of_the_cases_but_for_small_ones(open_site, clock, monkeypatch):
    from dataclasses import replace

    from civicportal.domain.cases.kinds import kind_of, kinds_of

    monkeypatch.setitem(
        kinds_of(open_site), "petitions", replace(kind_of(open_site, "petitions"), register_route="figures")
    )
    city = Simulation(open_site, clock)
    clock.set(open_site.calendar.begin(open_site.calendar.day(1405, 7, 5)))
    for category, number in (("bins", 7), ("pothole", 6), ("roads", 6), ("complaint", 2)):
        for case_id in city.send(number, category_id=city.categories[category], unit_id=city.units[1]):
            if category != "roads":
                city.close(case_id)
    clock.advance(days=60)
    city.build()
    rows = table(open_site, "figures")
    first = [row for row in rows if row["month_from"] == min(one["month_from"] for one in rows)]
    told = {(row["by"], row["key"]): (row["opened"], row["closed"], row["hours_to_close"]) for row in first}
    assert told["total", ""] == ("21", "15", "5")
    # The two complaints are hidden, and with them the next smallest, from which they could be computed.
    assert told["category", "complaint"] == ("", "", "")
    assert told["category", "bins"] == ("", "7", "5")
    assert told["category", "roads"] == ("12", "", "")
    assert told["unit", "waste"] == ("21", "15", "5")
    for row in rows:
        assert not [name for name in ("opened", "closed") if row[name] and is_small(int(row[name]))]
    # Later changes do not change a month that was released.
    city.change(city.send(1)[0], created_at=clock.now() - timedelta(days=60))
    clock.advance(days=1)
    city.build()
    assert table(open_site, "figures") == rows


def test_geojson_has_the_cell_and_not_the_place(open_site, clock):
    city = Simulation(open_site, clock)
    for case_id in city.send(80, public=True, category_id=city.categories["bins"]):
        city.close(case_id)
    clock.advance(days=45)
    city.build()
    found = json.loads(content(open_site, "petitions.cases", "geojson"))
    assert found["type"] == "FeatureCollection"
    assert len(found["features"]) == len(city.builds[0])
    located = [one for one in found["features"] if one["geometry"]]
    assert located
    for one in located:
        (ring,) = one["geometry"]["coordinates"]
        said = one["properties"]
        assert ring[0] == ring[-1] == [said["west"], said["south"]]
        width = round(ring[1][0] - ring[0][0], 4)
        assert width == {"cell": 0.0025, "area": 0.01}[said["place_precision"]]


def test_an_unchanged_file_keeps_its_key_and_time(open_site, clock):
    build(open_site)
    with open_site.work(write=False) as work:
        before = {
            (one.dataset, one.format): (one.key, one.changed_at)
            for one in work.session.scalars(select(DataFile))
        }
    clock.advance(days=1)
    with open_site.work() as work:
        work.session.scalars(select(Category)).first().name = "نام تازه"
    build(open_site)
    with open_site.work(write=False) as work:
        after = {
            (one.dataset, one.format): (one.key, one.changed_at)
            for one in work.session.scalars(select(DataFile))
        }
        last = work.get(BuildService).last()
    assert {name for name in after if after[name] != before[name]} == {("categories", "csv")}
    assert last.changed == 1
    # The old file is gone at once.
    assert not open_site.storage.exists(before["categories", "csv"][0])
    open_site.storage.delete(after["units", "csv"][0])
    build(open_site)
    assert "روابط" in content(open_site, "units") or content(open_site, "units")


class BrokenCity(Exception):
    pass


def test_a_build_that_fails_leaves_the_files_of_the_one_before(open_site, clock, monkeypatch):
    build(open_site)
    before = content(open_site, "units")
    with open_site.work() as work:
        make_unit(work, "later")

    def broken(*_arguments, **_named):
        raise BrokenCity("no place")

    clock.advance(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(open_site.storage.store, "put", broken)
        with pytest.raises(BrokenCity):
            build(open_site)
    assert content(open_site, "units") == before
    with open_site.work(write=False) as work:
        assert work.get(BuildService).last().error == "BrokenCity: no place"
        assert [(one.level, one.place) for one in findings(work)] == [("error", "open data")]
    build(open_site)
    assert "later" in content(open_site, "units")
    with open_site.work(write=False) as work:
        assert not list(findings(work))
    clock.advance(days=3)
    with open_site.work(write=False) as work:
        assert [one.level for one in findings(work)] == ["warning"]


def test_a_portal_that_never_completed_a_build_is_told(open_site):
    def told():
        with open_site.work(write=False) as work:
            return [(one.level, one.text) for one in findings(work)]

    assert told() == [("warning", "open data were not built yet")]
    with open_site.work() as work:
        # A process that was killed writes no end.
        work.session.add(DataBuild(started_at=work.clock.now()))
    assert told() == [("warning", "open data were not built yet")]
    build(open_site)
    assert told() == []


def test_the_sweeper_knows_the_files(open_site, clock):
    build(open_site)
    orphan = "A" * 22
    open_site.storage.put(orphan, b"of a build that was killed")
    clock.set(clock.now() + timedelta(days=4000))
    cleanup.clean_attachments(open_site)
    assert content(open_site, "units")
    assert not open_site.storage.store.exists(orphan)


def test_one_build_runs_at_a_time(open_site, clock):
    with open_site.work() as work:
        work.session.add(
            JobRun(
                name=NAME,
                next_at=clock.now(),
                locked_until=clock.now() + timedelta(minutes=1),
                lease_id="other",
            )
        )
    assert not run_now(open_site, lambda _name, _rows: None)
    clock.advance(minutes=2)
    seen = []
    assert run_now(open_site, lambda name, rows: seen.append((name, rows)))
    assert ("units.csv", 3) in seen or ("units.csv", 1) in seen
    with open_site.work(write=False) as work:
        assert work.session.get_one(JobRun, NAME).next_at > clock.now()
        assert len(work.session.scalars(select(DataBuild)).all()) == 1


def test_a_left_out_data_set_is_not_built_and_not_served(install, assemble_migrated, browse):
    install.plugin("gadget", hookimpl(register_datasets))
    site = assemble_migrated("gadget", open_data={"enabled": True})
    build(site)
    less = assemble_migrated("gadget", open_data={"enabled": True, "without": ["units"]})
    app = browse(less)
    app.get("/open-data/files/units.csv", status=404)
    assert "units.csv" not in app.get("/open-data").text
    app.get("/open-data/files/categories.csv", status=200)
    build(less)
    with less.work(write=False) as work:
        assert "units" not in {one.dataset for one in work.session.scalars(select(DataFile))}


def test_a_data_set_that_does_not_exist_cannot_be_left_out(assemble):
    with pytest.raises(ConfigurationError, match="no data set 'people'"):
        assemble(open_data={"without": ["people"]})


def test_hook_register_datasets_brings_files(open_site):
    build(open_site)
    assert content(open_site, "petitions.cases").startswith("released,category,category_name,unit")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Two words"},
        {"columns": (OpenDataset.Column(name="a", description=TranslationString("A")),) * 2},
        {"columns": (OpenDataset.Column(name="a", kind="picture", description=TranslationString("A")),)},
    ],
)
def test_a_flawed_definition_stops_the_start(install, assemble, wrong):
    usual = {
        "name": "gadget.things",
        "title": TranslationString("Things"),
        "description": TranslationString("The things."),
        "columns": (),
        "rows": lambda site: iter(()),
    }

    def register_datasets():
        return [OpenDataset(**{**usual, **wrong})]

    install.plugin("gadget", hookimpl(register_datasets))
    with pytest.raises(ConfigurationError, match="data set"):
        assemble("gadget")


# -- pages ---------------------------------------------------------------------------------------------------


def test_the_page_lists_what_there_is(open_site, browse):
    app = browse(open_site)
    empty = app.get("/open-data", status=200)
    assert "فایل‌ها امشب ساخته می‌شوند" in empty.text
    app.get("/open-data/files/units.csv", status=404)
    build(open_site)
    page = app.get("/open-data", status=200)
    assert "Set-Cookie" not in page.headers
    links = [link["href"] for link in page.html.select("a[download]")]
    assert "/open-data/files/petitions.cases.geojson" in links
    for link in links:
        assert app.get(link, status=200).body
    described = app.get("/open-data/fields.txt", status=200)
    assert described.content_type == "text/plain"
    for name in (*NAMES, *DETAILS):
        assert f"`{name}`" in described.text


def test_files_are_served_with_ranges_and_validators(open_site, browse):
    build(open_site)
    app = browse(open_site)
    full = app.get("/open-data/files/units.csv", status=200)
    assert full.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert full.headers["Access-Control-Allow-Origin"] == "*"
    assert full.headers["Cache-Control"] == "public, max-age=3600"
    assert full.body.startswith(b"\xef\xbb\xbfkey,name,parent,phone\r\n")
    etag, changed = full.headers["ETag"], full.headers["Last-Modified"]
    assert app.get("/open-data/files/units.csv", headers={"If-None-Match": etag}, status=304).body == b""
    app.get("/open-data/files/units.csv", headers={"If-Modified-Since": changed}, status=304)
    part = app.get("/open-data/files/units.csv", headers={"Range": "bytes=3-5"}, status=206)
    assert part.body == b"key"
    assert part.headers["Content-Range"] == f"bytes 3-5/{len(full.body)}"
    again = {"Range": "bytes=3-5", "If-Range": '"another"'}
    assert app.get("/open-data/files/units.csv", headers=again, status=200).body == full.body
    app.get("/open-data/files/units.csv", headers={"Range": "bytes=99999-"}, status=416)
    assert app.head("/open-data/files/units.csv", status=200).content_length == len(full.body)
    for wrong in ("units.xlsx", "units.geojson", "people.csv", "units", "..csv"):
        app.get(f"/open-data/files/{wrong}", status=404)


def test_a_file_that_is_missing_in_the_store_is_not_found(open_site, browse):
    build(open_site)
    with open_site.work(write=False) as work:
        key = work.get(BuildService).file("units", "csv").key
    open_site.storage.delete(key)
    browse(open_site).get("/open-data/files/units.csv", status=404)


def test_there_is_nothing_unless_the_city_switches_it_on(site, app, clock):
    for path in ("/open-data", "/open-data/fields.txt", "/open-data/files/units.csv"):
        app.get(path, status=404)
    with site.work(write=False) as work:
        assert not list(findings(work))


def test_administrators_see_the_builds_and_order_one(open_site, browse, clock):
    with open_site.work() as work:
        boss = make_staff(work, "administrator")
        officer = make_staff(work, "handler")
    browse(open_site, officer, "staff").get("/admin/open-data", status=403)
    app = browse(open_site, boss, "staff")
    page = app.get("/admin/open-data", status=200)
    assert "هنوز چیزی ساخته نشده است" in page.text
    form = page.forms[next(key for key, one in page.forms.items() if one.action == "/admin/open-data/build")]
    after = form.submit(status=303).follow()
    assert "ساختن فایل‌ها" in after.text
    with open_site.work(write=False) as work:
        assert work.session.get_one(JobRun, NAME).next_at <= clock.now()
    run_now(open_site, lambda _name, _rows: None)
    assert "units" in app.get("/admin/open-data").text
    # A build that was interrupted, and one that failed.
    with open_site.work() as work:
        work.session.add(DataBuild(started_at=clock.now()))
        work.session.add(
            DataBuild(started_at=clock.now(), finished_at=clock.now(), error="OSError: disk full")
        )
    page = app.get("/admin/open-data")
    assert page.text.count("OSError: disk full") == 2


def test_administrators_read_how_to_switch_it_on(site, browse):
    with site.work() as work:
        boss = make_staff(work, "administrator")
    app = browse(site, boss, "staff")
    assert "[open_data] enabled = true" in app.get("/admin/open-data", status=200).text


def test_the_command_builds_and_says_how_much(install, assemble_migrated):
    install.plugin("gadget", hookimpl(register_datasets))
    site = assemble_migrated("gadget", open_data={"enabled": True})
    run = CliRunner().invoke(main, ["--site", str(site.path), "open-data", "build"])
    assert run.exit_code == 0, run.output
    assert "petitions.cases.csv: 0 rows" in run.output
    assert run.output.splitlines()[-1].endswith("changed files")
    with site.work() as work:
        held = {"locked_until": site.clock.now() + timedelta(days=4000), "next_at": site.clock.now()}
        work.session.execute(update(JobRun).where(JobRun.name == NAME).values(**held, lease_id="other"))
    run = CliRunner().invoke(main, ["--site", str(site.path), "open-data", "build"])
    assert run.exit_code == 1
    assert "a worker is building" in run.output
    off = assemble_migrated()
    run = CliRunner().invoke(main, ["--site", str(off.path), "open-data", "build"])
    assert run.exit_code == 1
    assert "switched off" in run.output


def test_monitoring_reads_when_it_was_built(open_site, site, clock):
    def told(of):
        with of.work(write=False) as work:
            return [sample.value for metric in open_data_metric(work) for sample in metric.samples]

    assert told(site) == []
    assert told(open_site) == [0]
    build(open_site)
    assert told(open_site) == [clock.now().timestamp()]
