"""The public list: cards, filters in its address, and what an empty one says."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from civicportal_reports.areas import named, surroundings
from civicportal_reports.looks import legend, look_of
from civicportal_reports.workflow import REPORTS, WORKFLOW

import civicportal
from civicportal.api.cases import FollowerService
from civicportal.api.geo import Point


@pytest.fixture
def published(city):
    codes = [city.send(), city.send("sidewalk", city.other_district, by=city.other)]
    for code in codes:
        city.publish(code)
    return [city.case(code) for code in codes]


def cards(app, query=""):
    page = app.get(f"/reports{query}", status=200)
    return [link["href"] for link in page.html.select(".board-card h2 a")]


def address(case):
    return f"/reports/{case.id}"


class TestFilters:
    @pytest.mark.both_databases
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", [1, 0]),
            ("?category=roads", [1, 0]),
            ("?category=sidewalk", [1]),
            ("?stage=registered", [1, 0]),
            ("?stage=done", []),
            ("?since=week", [1, 0]),
            (f"?district={quote('منطقهٔ دو')}", [1]),
            (f"?place={quote('خیابان آزادي')}", [1, 0]),
            (f"?place={quote('منطقهٔ یک')}", [0]),
            (f"?place={quote('منطقه')}", [1, 0]),
            ("?near=31.0203,52.015&within=500", [0]),
            ("?near=31.0203,52.015&within=5000", [1, 0]),
            ("?near=here", [1, 0]),
            ("?within=500", [1, 0]),
        ],
    )
    def test_narrow_list_and_map_alike(self, app, published, query, expected):
        assert cards(app, query) == [address(published[n]) for n in expected]
        if "here" not in query:
            assert app.get(f"/reports/map.json{query}", status=200).json["total"] == len(expected)

    def test_by_time_leaves_out_what_is_older(self, app, clock, published):
        clock.advance(days=8)
        assert cards(app, "?since=week") == []
        assert len(cards(app, "?since=month")) == 2

    def test_stand_in_the_form_and_are_taken_off_one_by_one(self, app, published):
        page = app.get("/reports?category=roads&near=31.0203,52.015", status=200)
        form = page.forms["board-form"]
        assert (form["category"].value, form["near"].value) == ("roads", "31.0203,52.015")
        assert [link["href"] for link in page.html.select(".filters .chipf")] == [
            "/reports?category=roads",
            "/reports?near=31.0203%2C52.015",
            "/reports",
        ]

    def test_that_cannot_be_read_are_named_and_refused_by_the_map(self, app, published):
        assert "data-near-said" in app.get("/reports?near=900,900").text
        app.get("/reports/map.json?near=900,900", status=400)
        app.get("/reports/map.json?within=3", status=400)


class TestEmptyList:
    def test_says_that_the_filters_match_nothing(self, app, published):
        page = app.get("/reports?stage=done")
        assert "هیچ گزارشی با این فیلترها نیست" in page.text
        assert "هنوز چیزی" not in page.html.select_one(".empty").text
        assert page.html.select_one(".empty a")["href"] == "/reports"

    def test_says_that_a_name_or_a_place_is_unknown(self, app, published):
        assert "جایی به این نام ندارد" in app.get(f"/reports?place={quote('ناکجاآباد')}").text
        assert "بیرون از شهر" in app.get("/reports?near=35,51").text

    def test_says_that_nothing_was_published(self, app, city):
        assert "هیچ گزارشی با این فیلترها نیست" not in app.get("/reports").text


class TestCards:
    def test_show_what_is_public_and_who_is_affected(self, app, city, published):
        with city.site.work(actor=city.other) as work:
            work.get(FollowerService).follow(published[0])
        text = app.get("/reports").html.select(".board-card")[1].text
        for words in (published[0].subject, "چالهٔ عمیقی", "منطقهٔ یک", "۲ شهروند", "ثبت‌شده"):
            assert words in text
        for secret in (published[0].code, city.citizen.name, city.other.name):
            assert secret not in text

    def test_stand_in_the_navigation_and_on_the_home(self, app, city):
        home = app.get("/")
        assert len(home.html.select("nav a[href='/reports']")) >= 2
        assert home.html.select_one("main a[href='/reports']")
        new = app.get("/reports/new")
        assert not new.html.select(".bottomnav a[href='/reports'][aria-current]")


class TestPlaces:
    def test_an_address_names_its_street(self, site):
        area = named(site.map, "خیابان آزادی، پلاک ۱۲")
        assert [name for name, _box in area.streets] == ["خیابان آزادی"]
        assert named(site.map, "خ").is_empty
        assert named(None, "خیابان آزادی").is_empty

    def test_edges_of_surroundings_lie_between_rounded_points(self):
        for metres in (300, 1000, 2000):
            box = surroundings(Point(31.02034, 52.01567), metres)
            for edge in box:
                assert round(edge * 10**4 % 1, 3) == 0.5

    def test_surroundings_tell_no_more_of_an_unpublished_report_than_the_map(self, app, city):
        city.send(point=Point(31.02031, 52.01502))
        totals = {
            app.get(f"/reports/map.json?near={31.02031 + step / 10**5:.5f},52.01502&within=500").json["total"]
            for step in range(10)
        }
        assert totals == {1}


def test_each_status_has_a_look_of_its_own():
    looks = [look_of(state.name, state.stage) for state in WORKFLOW.states]
    assert len({(look.tone, look.icon) for look in looks}) == len(looks)
    tones = [look.tone for look, _titles in legend(REPORTS)]
    assert len(set(tones)) == len(tones) == len(looks)
    assert look_of("of_a_site", "done").tone == "done"


def test_each_look_has_a_shape_and_a_colour_of_its_own():
    static = Path(civicportal.__file__).parent / "static"
    shapes = re.findall(r'<symbol id="(\w+)".*?<path d="(.*?)"', (static / "pins.svg").read_text())
    colours = dict(
        re.findall(r"^\.pin\.(\w+) {\n  --pc: (.*?);", (static / "map.css").read_text(), re.MULTILINE)
    )
    tones = [look.tone for look, _titles in legend(REPORTS)]
    assert set(tones) < dict(shapes).keys()
    assert len({path for _tone, path in shapes}) == len(shapes)
    assert len({colours[tone] for tone in tones}) == len(tones)
