"""Field work: which reports a crew sees, in which order, and by whom."""

import random
from itertools import pairwise

import pytest
from civicportal_reports.field import MOST_STOPS, FieldService
from civicportal_reports.tour import driving_order

from civicportal.api.cases import CaseService
from civicportal.api.geo import Point
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.testing import identity, make_staff

CAR_PARK = Point(31.01, 52.01)


class TestOrder:
    def test_it_is_within_ten_percent_of_the_shortest_way(self):
        """The shortest way is computed exactly (Held and Karp), for nine places.

        OR-Tools would need 270 MB of packages for the same answer.
        """
        chance = random.Random(22)
        for _turn in range(40):
            points = [Point(31 + chance.random() / 10, 52 + chance.random() / 10) for _place in range(9)]
            order = driving_order(points, CAR_PARK)
            assert sorted(order) == list(range(9))
            assert length(points, order) <= 1.1 * shortest(points)

    @pytest.mark.parametrize(
        ("number", "start"), [(0, None), (0, CAR_PARK), (1, None), (1, CAR_PARK), (2, None)]
    )
    def test_few_places(self, number, start):
        points = [Point(31.02, 52.02), Point(31.03, 52.03)][:number]
        assert driving_order(points, start) == list(range(number))

    def test_it_begins_at_the_first_place_where_the_crew_is_not_known(self):
        points = [Point(31.05, 52), Point(31.01, 52), Point(31.04, 52), Point(31.02, 52)]
        assert driving_order(points) == [0, 2, 3, 1]

    def test_places_that_are_the_same_come_one_after_the_other(self):
        points = [Point(31.01, 52), Point(31.09, 52), Point(31.01, 52), Point(31.09, 52)]
        assert driving_order(points, Point(31, 52)) in (
            [0, 2, 1, 3],
            [0, 2, 3, 1],
            [2, 0, 1, 3],
            [2, 0, 3, 1],
        )


def length(points, order):
    way = [CAR_PARK, *(points[index] for index in order)]
    return sum(one.distance_to(other) for one, other in pairwise(way))


def shortest(points):
    """Return the length of the shortest way from the car park, by dynamic programming."""
    ways = {(1 << at, at): CAR_PARK.distance_to(point) for at, point in enumerate(points)}
    for seen in range(1, 1 << len(points)):
        for last in [at for at in range(len(points)) if (seen, at) in ways]:
            for at, point in enumerate(points):
                if not seen >> at & 1:
                    key = seen | 1 << at, at
                    way = ways[seen, last] + points[last].distance_to(point)
                    ways[key] = min(way, ways.get(key, way))
    return min(ways[(1 << len(points)) - 1, at] for at in range(len(points)))


def stops(city, whose="all", start=None, *, by=None):
    with city.site.work(actor=by or city.officer, write=False) as work:
        return [stop.case.code for stop in work.get(FieldService).tour(whose, start).stops]


def take(city, code, *, by=None):
    with city.site.work(actor=by or city.officer) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code, lock=True))


@pytest.mark.both_databases
class TestReports:
    def test_a_crew_sees_what_it_holds_and_what_is_unassigned_in_its_unit(self, city):
        free, mine = city.send(), city.send("sidewalk", city.other_district)
        take(city, mine)
        assert set(stops(city)) == {free, mine}
        assert stops(city, "mine") == [mine]
        assert stops(city, "unit") == [free]
        assert stops(city, by=city.stranger) == []

    def test_what_a_colleague_holds_is_not_there(self, city):
        code = city.send()
        with city.site.work() as work:
            unit = work.get(CaseService).fetch(code).unit_id
            colleague = identity(
                work,
                make_staff(work, unit=work.get(OrganizationService).units.by_id[unit], name="پویا رستمی"),
            )
        take(city, code, by=colleague)
        assert stops(city) == []
        assert stops(city, "mine", by=colleague) == [code]

    def test_what_waits_for_its_citizen_or_is_closed_is_not_there(self, city):
        asked, closed, open_one = (
            city.send(),
            city.send("sidewalk"),
            city.send("sidewalk", city.other_district),
        )
        city.step(asked, "ask_citizen", public_text="کدام سمت خیابان؟")
        city.step(closed, "close", public_text="چاله پر شد.")
        assert stops(city) == [open_one]

    def test_the_order_is_that_from_where_the_crew_is(self, city):
        west, east = city.send(), city.send("sidewalk", city.other_district)
        assert stops(city, start=Point(31.0203, 52.01)) == [west, east]
        assert stops(city, start=Point(31.0203, 52.04)) == [east, west]

    def test_distances_are_those_between_the_stops(self, city):
        city.send(), city.send("sidewalk", city.other_district)
        with city.site.work(actor=city.officer, write=False) as work:
            first, second = work.get(FieldService).tour(start=city.street).stops
            assert first.metres == 0
            assert second.metres == pytest.approx(city.street.distance_to(city.other_district))
            assert work.get(FieldService).tour().stops[0].metres is None

    def test_the_most_urgent_ones_come_and_the_rest_is_named(self, city):
        codes = [city.send(urgent=number == MOST_STOPS) for number in range(MOST_STOPS + 1)]
        with city.site.work(actor=city.officer, write=False) as work:
            tour = work.get(FieldService).tour()
        assert tour.more
        assert codes[-1] in [stop.case.code for stop in tour.stops]


class TestPage:
    def test_rows_are_in_driving_order_with_directions(self, city, app, sign_in):
        sign_in(city.officer)
        west, east = city.send(), city.send("sidewalk", city.other_district)
        form = app.get("/desk/reports/field").forms["field"]
        form["near"] = "31.0203,52.04"
        page = form.submit()
        assert "52.04" not in page.request.url
        rows = page.html.select(".field-stop")
        assert [row.select_one("h2 a")["href"].rsplit("/", 1)[1] for row in rows] == [east, west]
        link = rows[1].select_one("a[href^='geo:']")
        assert link["href"] == "geo:31.0203,52.015?q=31.0203,52.015"
        assert "از شما" in rows[0].text

    def test_a_chosen_site_gives_the_directions(self, city, app, sign_in, monkeypatch):
        template = "https://maps.example.org/?to={lat},{lon}"
        monkeypatch.setitem(city.site.plugin_settings["reports"], "directions_url", template)
        sign_in(city.officer)
        city.send()
        page = app.get("/desk/reports/field")
        assert (
            page.html.select_one(".field-actions a")["href"] == "https://maps.example.org/?to=31.0203,52.015"
        )

    def test_a_broken_address_shows_the_list_and_says_so(self, city, app, sign_in):
        sign_in(city.officer)
        city.send()
        form = app.get("/desk/reports/field?whose=zzz").forms["field"]
        form["near"] = "nowhere"
        page = form.submit()
        assert len(page.html.select(".field-stop")) == 1
        assert page.html.select_one("[data-field-said]").text.strip()

    def test_it_is_one_tap_from_the_kartable_for_those_who_work_on_reports(self, city, app, sign_in):
        sign_in(city.officer)
        assert app.get("/kartable").html.select_one("main a[href='/desk/reports/field']")

    def test_others_do_not_see_it(self, city, app, sign_in):
        app.get("/desk/reports/field", status=303)
        sign_in(city.citizen)
        app.get("/desk/reports/field", status=403)

    def test_nothing_to_drive_to(self, city, app, sign_in):
        sign_in(city.stranger)
        page = app.get("/desk/reports/field?whose=mine")
        assert page.html.select_one(".empty a")["href"] == "/desk/reports/field"
