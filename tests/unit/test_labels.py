"""Names in a drawn picture: none over another, on a pin or on a number."""

import math
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
from districts import LARGE, many_districts
from hypothesis import given
from hypothesis import strategies as st

from civicportal.util.geo import CityMap, Point
from civicportal.util.geo.labels import Box, Names, width_of
from civicportal.util.geo.overview import render_overview
from civicportal.util.geo.static_map import render_svg

EXAMPLE = Path(__file__).parents[2] / "examples/shahreman_site/src/shahreman_site/static/city.geojson"
CITY = CityMap.load(EXAMPLE)
MANY = CityMap(many_districts())
SIZE = (640, 440)

numbers = st.floats(-200, 200)
lengths = st.floats(1, 120)
boxes = st.builds(Box, numbers, numbers, lengths, lengths, st.floats(-90, 90))


def corners(box):
    """Return places just within its corners."""
    turn = math.radians(box.angle)
    for across, down in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        x, y = 0.9 * across * box.width / 2, 0.9 * down * box.height / 2
        yield box.x + x * math.cos(turn) - y * math.sin(turn), box.y + x * math.sin(turn) + y * math.cos(turn)


def names_in(svg, group="sm-names"):
    """Return the names of a group with the room that each takes."""
    root = ET.fromstring(svg)
    [found] = [element for element in root.iter() if element.get("class") == group]
    return [(text.text, box_of(text)) for text in found]


def box_of(text):
    size, angle = float(text.get("font-size")), text.get("transform", "rotate(0 ").split("(")[1].split()[0]
    x, y = float(text.get("x")), float(text.get("y"))
    return Box(x, y, width_of(text.text, size), size, float(angle))


@given(boxes, boxes)
def test_two_boxes_meet_or_a_line_parts_them(one, other):
    assert one.meets(other) == other.meets(one)
    if any(one.meets(Box(*corner, 1e-6, 1e-6)) for corner in corners(other)):
        assert one.meets(other)
    assert not one.meets(Box(one.x + one.radius + other.radius + 1, one.y, other.width, other.height))


def test_a_turned_box_lets_another_stand_beside_its_slope():
    slope = Box(100, 100, 100, 10, 45)
    assert not slope.meets(Box(130, 70, 20, 20))
    assert Box(100, 100, 100, 100).meets(Box(130, 70, 20, 20))
    assert slope.meets(Box(130, 130, 20, 20))


def test_a_name_that_joins_letters_is_no_wider():
    assert width_of("منطقهٔ", 10) == width_of("منطقه", 10)
    assert width_of("سازمان‌ها", 10) == width_of("سازمانها", 10)


def test_a_name_goes_where_it_covers_no_mark_and_never_on_a_number():
    here, there = ((100, 100), 0.0), ((100, 150), 0.0)
    assert Names((200, 200), marks=[((100, 100), 20)]).stand("آزادی", 12, [here, there]) == there
    rim = ((100, 120), 0.0)
    assert Names((200, 200), marks=[((100, 100), 20)]).stand("آزادی", 12, [here, rim]) == rim
    assert Names((200, 200), marks=[((100, 100), 20)]).stand("آزادی", 12, [here]) is None
    assert Names((200, 200)).stand("آزادی", 12, [((2, 100), 0.0)]) is None


@pytest.mark.parametrize("group", ["sm-names", "sm-names-large"])
@pytest.mark.parametrize("size", [SIZE, (320, 220)])
def test_no_district_is_named_over_another(group, size):
    names = names_in(render_overview(MANY, size), group)
    assert len(names) < len(MANY.districts) or group == "sm-names"
    assert LARGE in dict(names)
    for (_one, box), (_other, beside) in combinations(names, 2):
        assert not box.meets(beside)


def test_names_of_districts_leave_the_numbers_readable():
    marks = [
        (Point(33.007 + 0.014 * row, 52.16 + 0.02 * column), 30) for row in range(5) for column in range(6)
    ]
    svg = render_overview(MANY, SIZE, marks=marks)
    numbers = [box_of(one) for one in ET.fromstring(svg).iterfind(".//{*}g[@class='sm-cluster']/{*}text")]
    assert len(numbers) == len(marks)
    assert not any(box.meets(number) for _name, box in names_in(svg) for number in numbers)


def test_a_name_stands_in_its_own_district():
    for city in (CITY, MANY):
        for district in city.of_kind("district"):
            assert all(district.contains(point) for point in district.inner_points())
            assert next(district.inner_points(), None) is not None


def test_names_of_roads_lie_neither_over_another_nor_under_the_pin():
    place = CITY.point_on_street("خیابان لاله", 0.5)
    svg = render_svg(CITY, place, 900, [place], (640, 360))
    names = [box_of(one) for one in ET.fromstring(svg).iter() if one.get("class") == "sm-label"]
    assert len(names) > 5
    assert not any(one.meets(other) for one, other in combinations(names, 2))
    assert not any(one.meets(Box(320, 165, 20, 30)) for one in names)
