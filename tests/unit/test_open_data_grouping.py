"""Grouping of cases for open data: no group is small, and no case is lost or in two groups."""

from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from civicportal.domain.statistics.hiding import FEWEST
from civicportal.portal.opendata.grouping import (
    AREAS_PER_DEGREE,
    CELLS_PER_DEGREE,
    DAYS,
    LAST,
    MONTHLY,
    YEARLY,
    Candidate,
    Shown,
    ShownPeriod,
    Square,
    band,
    band_name,
    group,
)
from civicportal.util.geo import Point

MONTH = ShownPeriod(date(2026, 3, 21), date(2026, 4, 20))
YEAR = ShownPeriod(date(2026, 3, 21), date(2027, 3, 20))
points = st.none() | st.builds(Point, st.floats(31.0, 31.02), st.floats(52.0, 52.02))


@st.composite
def candidates(draw):
    found = []
    for number in range(draw(st.integers(0, 60))):
        root = draw(st.integers(1, 3))
        found.append(
            Candidate(
                case_id=number,
                category_id=root * 10 + draw(st.integers(0, 2)),
                root_id=root,
                unit_id=draw(st.sampled_from([None, 1, 2])),
                source=draw(st.sampled_from(["web", "web", "phone"])),
                month=MONTH,
                year=YEAR,
                district=draw(st.sampled_from(["", "north", "south"])),
                point=draw(points),
                status="done",
                stage="done",
                days=draw(st.integers(0, 6)),
            )
        )
    return found


@given(candidates())
def test_groups_are_neither_small_nor_large_and_hold_each_case_once(cases):
    found, remaining = group(cases, (*MONTHLY, *YEARLY, *LAST))
    assert all(FEWEST <= len(one.cases) < 2 * FEWEST for one in found)
    assert len(remaining) < FEWEST
    seen = Counter(case.case_id for one in found for case in one.cases)
    seen.update(case.case_id for case in remaining)
    assert seen == Counter(case.case_id for case in cases)


@given(candidates())
def test_what_is_shown_is_true_of_every_case_of_a_group(cases):
    found, _remaining = group(cases, (*MONTHLY, *YEARLY, *LAST))
    for shown, members in found:
        for one in members:
            assert shown.category_id in (None, one.category_id, one.root_id)
            assert shown.unit_id in (None, one.unit_id)
            assert shown.source in ("", one.source)
            assert shown.district in ("", one.district)
            assert shown.period in (ShownPeriod(), one.month, one.year)
            if shown.square:
                south, west, north, east = shown.square.bounds
                assert south <= one.point.lat <= north
                assert west <= one.point.lon <= east


def test_the_finest_place_that_is_shared_is_published():
    def case(number, lat, **more):
        usual = {
            "case_id": number, "category_id": 11, "root_id": 1, "unit_id": 1, "source": "web", "month": MONTH,
            "year": YEAR, "district": "north", "point": Point(lat, 52.0011), "status": "done", "stage": "done",
            "days": 0,
        }  # fmt: skip
        return Candidate(**{**usual, **more})

    together = [case(number, 31.0011) for number in range(5)]
    near = [case(10 + number, 31.0031 if number % 2 else 31.0061) for number in range(5)]
    far = [case(20 + number, 31.1 + number / 10) for number in range(5)]
    found, remaining = group([*together, *near, *far, case(30, 31.0011, source="phone")], MONTHLY)
    cell, area = (
        Square.of(Point(31.0011, 52.0011), CELLS_PER_DEGREE),
        Square.of(Point(31.0011, 52.0011), AREAS_PER_DEGREE),
    )
    assert [(one.shown.precision, one.shown.square, len(one.cases)) for one in found] == [
        ("cell", cell, 5),
        ("area", area, 5),
        ("district", None, 5),
    ]
    # One call by telephone would be told from the others.
    assert [one.case_id for one in remaining] == [30]
    assert found[0].shown == Shown("cell", "north", cell, MONTH, 11, 1, "web")


def test_squares_cover_the_globe_without_gaps():
    square = Square.of(Point(-0.0001, 0.0), CELLS_PER_DEGREE)
    assert square.bounds == (-0.0025, 0.0, 0.0, 0.0025)
    assert Square.of(Point(-0.0001, 0.0), AREAS_PER_DEGREE).bounds == (-0.01, 0.0, 0.0, 0.01)


def test_bands_of_days_follow_each_other():
    names = [band_name(position) for position in range(len(DAYS) + 1)]
    assert names == ["0", "1-3", "4-7", "8-14", "15-30", "31-90", "91+"]
    assert [band_name(band(days)) for days in (0, 1, 3, 4, 14, 15, 90, 91, 9999)] == [
        "0", "1-3", "1-3", "4-7", "8-14", "15-30", "31-90", "91+", "91+",
    ]  # fmt: skip
