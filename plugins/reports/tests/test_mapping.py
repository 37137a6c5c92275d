"""Maps of many reports: whatever part of the map and whatever filters, the numbers add up to the list."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from civicportal_reports import mapping
from civicportal_reports.grid import Cell, GridBox
from civicportal_reports.mapping import FINEST, ReportMap
from civicportal_reports.models import Report
from civicportal_reports.search import Filters, ReportSearch
from civicportal_reports.viewports import InvalidView, MapView
from selection import LONG
from sqlalchemy import event

from civicportal.api.geo import Bounds, Point
from civicportal.api.people import Identity

pytestmark = pytest.mark.both_databases

WEST, SOUTH, EAST, NORTH = 52.001, 31.001, 52.039, 31.039


@pytest.fixture
def scattered(monkeypatch):
    """So few reports already are many; return the dice for views of them."""
    monkeypatch.setattr(mapping, "FEW", 3)
    monkeypatch.setattr(mapping, "MOST_POINTS", 12)
    return random.Random(7)


@pytest.fixture
def city(civic_environment, found_city):
    """The city with reports all over it, in several states."""

    def scatter(site):
        city = found_city(site)
        add_reports(city, site.clock)
        return city

    return civic_environment.filled(scatter)


def add_reports(city, clock):
    rng = random.Random(7)
    for number in range(40):
        point = Point(rng.uniform(SOUTH, NORTH), rng.uniform(WEST, EAST))
        code = city.send(rng.choice(["pothole", "pothole", "sidewalk"]), point=point, by=city.other)
        if number % 3 == 0:
            city.step(code, "start_review")
        if number % 5 == 0:
            city.step(code, "close", public_text="انجام شد.")
        if number % 4 == 0:
            city.publish(code)
        if number % 7 == 0:
            city.take_up(city.send("pothole", point=point), "waste")
        if number == 20:
            clock.advance(days=2)


def views(rng):
    for zoom in (9, 12, 13, 14, 15, 16, 17, 18):
        yield MapView(zoom=zoom)
        for _ in range(3):
            south, west = rng.uniform(30.99, 31.03), rng.uniform(51.99, 52.03)
            size = rng.choice([0.0004, 0.004, 0.04])
            yield MapView(bounds=Bounds(south, west, south + size, west + size), zoom=zoom)


def shown(service, filters, view, public=False):
    """Return how many reports a picture has, and what of the ground it is of."""
    picture = service.picture(filters, view, public=public)
    assert not (picture.rows and picture.clusters)
    drawn = len(picture.rows) or sum(cluster.n for cluster in picture.clusters)
    assert drawn == picture.total
    return picture


def cells(work, query):
    """Return where the reports of the list itself lie, one by one."""
    return [Cell.of(report.point, FINEST) for report in work.session.scalars(query) if report.point]


def within(listed, view, levels):
    """Count those of the list that a picture of this view is of."""
    box = GridBox.around(view.bounds, view.zoom + levels, mapping.MOST_CELLS) if view.bounds else None
    return sum(box is None or box.holds(cell, FINEST) for cell in listed)


def choices(city, clock):
    today = city.site.calendar.today(clock.now())
    yield from (
        Filters(),
        Filters(stage="open"),
        Filters(status="in_review"),
        Filters(category="roads"),
        Filters(category="sidewalk", stage="done"),
        Filters(unit="waste"),
        Filters(district="منطقهٔ دو", stage="open"),
        Filters(category="nothing"),
        Filters(last_day=today - timedelta(days=1)),
        Filters(words="چاله", stage="open"),
    )


class TestNumbers:
    def test_add_up_to_the_list_for_staff(self, city, clock, scattered):
        boss = Identity(user_id=None, name="", realm="system")
        people, asked = (boss, city.officer, city.stranger), list(choices(city, clock))
        for place, person in enumerate(people):
            with city.site.work(actor=person, write=False) as work:
                search, service = work.get(ReportSearch), work.get(ReportMap)
                # In the short form they share out the filters.
                for filters in asked if LONG else asked[place :: len(people)]:
                    listed = cells(work, search.query(filters, Report))
                    for view in views(scattered):
                        assert shown(service, filters, view).total == within(listed, view, mapping.CLUSTER)
                        heat = service.heat(filters, view)
                        assert sum(n for _, n in heat.cells) == within(listed, view, mapping.HEAT)
                    assert shown(service, filters, MapView()).total == search.count(filters)
                    assert sum(service.districts(filters).values()) == search.count(filters)

    def test_add_up_to_what_everybody_may_see(self, city, clock, scattered):
        with city.site.work(write=False) as work:
            search, service = work.get(ReportSearch), work.get(ReportMap)
            for filters in (Filters(), Filters(stage="done"), Filters(category="pothole", stage="open")):
                listed = cells(work, search.public_query(filters, Report))
                for view in views(scattered):
                    found = shown(service, filters, view, public=True).total
                    assert found == within(listed, view, mapping.CLUSTER)
                assert sum(service.districts(filters, public=True).values()) == len(
                    search.public_points(filters)
                )

    def test_districts_are_those_of_the_reports(self, city, clock, scattered):
        with city.site.work(actor=Identity.SYSTEM, write=False) as work:
            search, service = work.get(ReportSearch), work.get(ReportMap)
            for filters in choices(city, clock):
                for name, n in service.districts(filters).items():
                    if not filters.district:
                        assert n == search.count(replace(filters, district=name))


class TestPicture:
    def test_few_are_points_and_many_are_clusters(self, city, scattered):
        with city.site.work(actor=Identity.SYSTEM, write=False) as work:
            service = work.get(ReportMap)
            assert service.picture(Filters(), MapView(zoom=13)).clusters
            assert service.picture(Filters(), MapView(zoom=17)).clusters, "too many for points"
            here = MapView(bounds=Bounds(31.01, 52.01, 31.015, 52.015), zoom=17)
            rows = service.picture(Filters(), here).rows
            assert rows
            assert [row.id for row in rows] == sorted((row.id for row in rows), reverse=True)

    def test_an_answer_is_one_statement_however_many_there_are(self, city, scattered):
        said = []
        with city.site.work(actor=Identity.SYSTEM, write=False) as work:
            service, bind = work.get(ReportMap), work.session.get_bind()
            event.listen(bind, "before_cursor_execute", lambda *args: said.append(args[2]))
            for view in (MapView(zoom=12), MapView(zoom=17)):
                said.clear()
                service.picture(Filters(), view)
                assert len([one for one in said if one != "BEGIN"]) == 1, said


class TestView:
    @pytest.mark.parametrize(
        "params",
        [
            {"bbox": "1,2,3"},
            {"bbox": "a,b,c,d"},
            {"bbox": "1,2,3,4,5"},
            {"bbox": "50,30,51,nan"},
            {"bbox": "inf,1,2,3"},
            {"bbox": "52,31,51,32"},
            {"bbox": "51,32,52,31"},
            {"zoom": "near"},
            {"zoom": "inf"},
        ],
    )
    def test_nonsense_is_refused(self, params):
        with pytest.raises(InvalidView):
            MapView.of(params)

    def test_is_read_as_west_south_east_north(self):
        view = MapView.of({"bbox": "50.0,30.0,50.1,30.2", "zoom": "14.75"})
        assert view == MapView(bounds=Bounds(30.0, 50.0, 30.2, 50.1), zoom=14)

    def test_what_is_off_the_globe_is_cut_off(self):
        view = MapView.of({"bbox": "-900,-91,900,95", "zoom": "99"})
        assert view == MapView(bounds=Bounds(-90, -180, 90, 180), zoom=18)
        assert MapView.of({"zoom": "-4"}).zoom == 0

    @pytest.mark.parametrize(("bbox", "zoom"), [("52.0,31.0,52.1,31.1", 13), ("52.0,31.0,52.003,31.003", 18)])
    def test_a_box_alone_tells_its_zoom(self, bbox, zoom):
        assert MapView.of({"bbox": bbox}).zoom == zoom
