"""Points, distances, the city map and the picture of it."""

import json
import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from civicportal.util.geo import Bounds, CityMap, InvalidMap, Point
from civicportal.util.geo.box_index import BoxIndex
from civicportal.util.geo.overview import render_overview, shade_of, shade_scale
from civicportal.util.geo.static_map import render_svg
from civicportal.util.geo.street_index import distance_to_segment

EXAMPLE = Path(__file__).parents[2] / "examples/shahreman_site/src/shahreman_site/static/city.geojson"
CITY = CityMap.load(EXAMPLE)

points = st.builds(Point, st.floats(-89, 89), st.floats(-179, 179))
city_points = st.builds(
    Point, st.floats(CITY.bounds.south, CITY.bounds.north), st.floats(CITY.bounds.west, CITY.bounds.east)
)


def feature(kind, shape, coordinates, **properties):
    return {
        "type": "Feature",
        "properties": {"kind": kind, **properties},
        "geometry": {"type": shape, "coordinates": coordinates},
    }


def square(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def test_point_keeps_six_decimals():
    assert Point(33.12345678, 52.00000049) == Point(33.123457, 52.0)


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (0, 181), (-90.1, 0), (math.nan, 0), (0, math.inf)])
def test_point_outside_the_globe_is_refused(lat, lon):
    with pytest.raises(ValueError, match="no place on the globe"):
        Point(lat, lon)


def test_known_distances():
    # one degree of a meridian, and half the equator
    assert Point(0, 0).distance_to(Point(1, 0)) == pytest.approx(111_195, abs=1)
    assert Point(0, 0).distance_to(Point(0, 180)) == pytest.approx(20_015_115, abs=1)
    assert Point(33, 52).distance_to(Point(33, 52.001)) == pytest.approx(93.26, abs=0.01)


@given(points, points, points)
def test_distance_is_a_metric(a, b, c):
    assert a.distance_to(a) == 0
    assert a.distance_to(b) == pytest.approx(b.distance_to(a))
    assert a.distance_to(c) <= a.distance_to(b) + b.distance_to(c) + 1e-3


@given(points, st.floats(1, 5000), st.floats(0, math.tau), st.floats(0, 1))
def test_box_holds_everything_within_reach(point, metres, bearing, share):
    reach = math.degrees(metres * share / 6_371_008.8)
    lat = point.lat + reach * math.cos(bearing)
    lon = point.lon + reach * math.sin(bearing) / math.cos(math.radians(point.lat))
    assume(abs(lat) <= 90 and abs(lon) <= 180)
    other = Point(lat, lon)
    assume(point.distance_to(other) <= metres)
    assert Bounds.within(point, metres).contains(other)


@given(points, st.floats(100, 5000))
def test_box_is_not_much_wider_than_asked(point, metres):
    box = Bounds.within(point, metres)
    corner = Point(box.north, max(-180.0, box.west))
    assert point.distance_to(corner) < metres * 1.7


@given(city_points)
def test_districts_cover_the_city_without_gap_or_overlap(point):
    holding = [d for d in CITY.of_kind("district") if d.contains(point)]
    assert len(holding) == (1 if CITY.contains(point) else 0)
    assert CITY.district(point) == (holding[0].name if holding else None)


def street_distances(point):
    """Metres from the point to every street, by looking at all pieces one by one."""
    scale = math.radians(6_371_008.8)
    narrow = math.cos(math.radians(point.lat))
    found = {}
    for road in CITY.of_kind("road"):
        places = [((p.lon - point.lon) * scale * narrow, (p.lat - point.lat) * scale) for p in road.lines[0]]
        for start, end in pairwise(places):
            distance = distance_to_segment((0, 0), start, end)
            found[road.name] = min(distance, found.get(road.name, math.inf))
    return found


@given(st.sampled_from(CITY.streets), st.floats(0, 1))
def test_a_point_on_a_street_lies_on_it(name, share):
    assert street_distances(CITY.point_on_street(name, share))[name] < 1


@given(city_points)
def test_the_index_finds_what_a_full_search_finds(point):
    distances = street_distances(point)
    found = CITY.nearest_street(point)
    if found is None:
        assert min(distances.values()) > 149
    else:
        assert distances[found] == pytest.approx(min(distances.values()), abs=0.5)


edges = st.floats(-3, 3).map(lambda degrees: round(degrees, 4))
boxes = st.builds(
    lambda south, west, height, width: Bounds(south, west, south + height, west + width),
    edges,
    edges,
    st.sampled_from([0.0, 0.004, 0.03, 0.5, 4.0]),
    st.sampled_from([0.0, 0.004, 0.03, 0.5, 4.0]),
)


@given(st.lists(boxes, max_size=20), boxes)
def test_the_index_of_boxes_finds_what_a_full_search_finds(found, box):
    index = BoxIndex(enumerate(found))
    assert index.meeting(box) == [number for number, one in enumerate(found) if one.meets(box)]


@given(st.tuples(*[st.floats(-1000, 1000)] * 2), *[st.tuples(*[st.floats(-1000, 1000)] * 2)] * 2)
def test_distance_to_a_segment_is_between_its_ends_and_its_line(place, start, end):
    distance = distance_to_segment(place, start, end)
    assert distance <= min(math.dist(place, start), math.dist(place, end)) + 1e-9
    samples = [tuple(a + t / 50 * (b - a) for a, b in zip(start, end, strict=True)) for t in range(51)]
    assert distance <= min(math.dist(place, sample) for sample in samples) + 1e-6


def test_example_city_names_its_places():
    assert CITY.districts == ["منطقهٔ یک", "منطقهٔ دو", "منطقهٔ سه", "منطقهٔ چهار"]
    assert CITY.contains(CITY.center)
    assert CITY.nearest_street(CITY.point_on_street("خیابان سعدی", 0.47)) == "خیابان سعدی"
    assert CITY.streets == sorted(set(CITY.streets))
    assert EXAMPLE.stat().st_size < 120_000


def test_a_place_outside_has_neither_district_nor_street():
    far = Point(35.7, 51.4)
    assert not CITY.contains(far)
    assert CITY.district(far) is None
    assert CITY.nearest_street(far) is None


def test_without_a_boundary_the_districts_are_the_city():
    city = CityMap(
        collection(
            feature("district", "Polygon", [square(50, 30, 51, 31)], name="یک"),
            feature("district", "Polygon", [square(51, 30, 52, 31)], name="دو"),
        )
    )
    assert city.contains(Point(30.5, 50.5))
    assert city.district(Point(30.5, 51.0)) == "دو"  # the common border belongs to exactly one
    assert not city.contains(Point(30.5, 52.5))
    assert city.center == Point(30.5, 51)


def test_holes_and_parts_of_a_boundary_count():
    parts = [[square(50, 30, 51, 31), square(50.4, 30.4, 50.6, 30.6)], [square(53, 30, 54, 31)]]
    city = CityMap(collection(feature("boundary", "MultiPolygon", parts, name="شهر")))
    assert city.contains(Point(30.2, 50.2))
    assert city.contains(Point(30.2, 53.2))
    assert not city.contains(Point(30.5, 50.5))
    assert not city.contains(Point(30.5, 52))
    assert city.district(Point(30.2, 50.2)) is None


@pytest.mark.parametrize(
    "geojson",
    [
        {},
        {"features": [{"properties": {}, "geometry": None}]},
        collection(),
        collection(feature("road", "LineString", [[50, 30], [51, 31]], name="راه")),
        collection(feature("boundary", "Polygon", [[]])),
        collection(feature("boundary", "Circle", [50, 30])),
        collection(feature("boundary", "Polygon", [square(50, 30, 51, 300)])),
        [],
    ],
)
def test_invalid_maps_are_refused(geojson):
    with pytest.raises(InvalidMap):
        CityMap(geojson)


def test_an_unreadable_file_is_named(tmp_path):
    path = tmp_path / "city.geojson"
    with pytest.raises(InvalidMap, match=r"city\.geojson"):
        CityMap.load(path)
    path.write_text("{", "utf-8")
    with pytest.raises(InvalidMap, match=r"city\.geojson"):
        CityMap.load(path)


def test_unknown_street_has_no_point():
    with pytest.raises(KeyError):
        CITY.point_on_street("خیابان ناکجا", 0.5)


def test_locator_map_is_valid_xml_with_a_pin_in_the_middle_and_no_inline_style():
    place = CITY.point_on_street("خیابان لاله", 0.5)
    svg = render_svg(CITY, place, 900, [place], (640, 360))
    root = ET.fromstring(svg)
    assert root.get("viewBox") == "0 0 640 360"
    pins = [g for g in root.iter() if g.get("class") == "sm-pin"]
    assert [pin.get("transform") for pin in pins] == ["translate(320.0 180.0)"]
    texts = [t.text for t in root.iter() if t.get("class") == "sm-label"]
    assert "خیابان لاله" in texts
    assert len(texts) == len(set(texts))
    assert not re.search(r"\bstyle|\bon[a-z]+=|<script|<style", svg)


def test_names_in_the_picture_are_escaped():
    road = feature("road", "LineString", [[50.499, 30.5], [50.501, 30.5]], name="<script>&", cls='"x')
    city = CityMap(collection(feature("boundary", "Polygon", [square(50, 30, 51, 31)], name="شهر"), road))
    svg = render_svg(city, Point(30.5, 50.5), 400, [], (300, 200))
    ET.fromstring(svg)
    assert "<script>" not in svg
    assert json.dumps("&lt;script&gt;&amp;")[1:-1] in svg


def test_only_near_pictures_name_side_streets():
    place = CITY.point_on_street("خیابان لاله", 0.5)
    near, far = (render_svg(CITY, place, width, [], (640, 360)) for width in (900, 4000))
    assert "کوچهٔ" in near
    assert "کوچهٔ" not in far
    assert "بلوار سپیدار" in far


class TestDistrictsOfTheirOwn:
    @pytest.fixture
    def files(self, tmp_path):
        """A map with one district, and an office's file with two, which names no kinds."""
        town = collection(
            feature("boundary", "Polygon", [square(50, 30, 51, 31)], name="City"),
            feature("district", "Polygon", [square(50, 30, 51, 31)], name="Old"),
        )
        areas = [("West", square(50, 30, 50.5, 31)), ("East", square(50.5, 30, 51, 31))]
        office = collection(
            *(
                {
                    "type": "Feature",
                    "properties": {"name": name, "code": 7},
                    "geometry": {"type": "MultiPolygon", "coordinates": [[ring]]},
                }
                for name, ring in areas
            ),
            {"type": "Feature", "properties": None, "geometry": {"type": "Point", "coordinates": [50, 30]}},
        )
        paths = tmp_path / "city.geojson", tmp_path / "districts.geojson"
        for path, content in zip(paths, (town, office), strict=True):
            path.write_text(json.dumps(content), "utf-8")
        return paths

    def test_take_the_place_of_the_maps(self, files):
        found = CityMap.load(*files)
        assert found.districts == ["West", "East"]
        assert found.district(Point(30.5, 50.2)) == "West"
        assert found.district(Point(30.5, 50.7)) == "East"
        assert CityMap.load(files[0]).districts == ["Old"]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (collection(), "needs a name"),
            (collection(feature("x", "Polygon", [square(50, 30, 51, 31)])), "needs a name"),
            ({"type": "nothing"}, "no collection"),
            ([], "no collection"),
        ],
    )
    def test_a_file_without_named_areas_is_refused(self, files, content, words):
        files[1].write_text(json.dumps(content), "utf-8")
        with pytest.raises(InvalidMap, match=words):
            CityMap.load(*files)


class TestOverview:
    def test_draws_districts_in_shades_and_how_many_lie_where(self):
        marks = [(CITY.center, 1234), (Point(33.06, 52.21), 1)]
        shades = {name: index for index, name in enumerate(CITY.districts)}
        svg = ET.fromstring(
            render_overview(CITY, (640, 440), marks=marks, shades=shades, number="n={}".format)
        )
        kinds = [element.get("class", "") for element in svg.iter()]
        assert sum("sm-shade-" in kind for kind in kinds) == len(CITY.districts)
        assert (kinds.count("sm-cluster"), kinds.count("sm-dot")) == (1, 1)
        words = {element.text for element in svg.iter() if element.tag.endswith("text")}
        assert words == {"n=1234", *CITY.districts}

    def test_stays_small_however_fine_the_map_is(self):
        assert len(render_overview(CITY, (640, 440))) < 20_000

    @pytest.mark.parametrize("most", [0, 1, 2, 3, 7, 100, 999])
    def test_the_scale_says_which_numbers_have_which_shade(self, most):
        scale = shade_scale(most)
        assert [n for _, low, high in scale for n in range(low, high + 1)] == list(range(most + 1))
        assert all(shade_of(n, most) == shade for shade, low, high in scale for n in range(low, high + 1))
