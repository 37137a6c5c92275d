"""Cells of the grid, boxes of them, and the clusters they are gathered into."""

import itertools

import pytest
from civicportal_reports.clusters import Cluster
from civicportal_reports.grid import FINEST, MOST_CELLS, Cell, GridBox
from civicportal_reports.grid_columns import cell_columns
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Float, MetaData, Table, create_engine, select

from civicportal.api.geo import Bounds, Point

levels = st.integers(0, FINEST)
points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
towns = st.lists(st.builds(Point, st.floats(33.0, 33.1), st.floats(52.1, 52.3)), min_size=1, max_size=60)


@given(points, levels, st.integers(0, FINEST))
def test_a_cell_lies_in_the_cell_above(point, level, up):
    up = min(up, level)
    assert Cell.of(point, level).above(up) == Cell.of(point, level - up)


@given(points, levels)
def test_a_point_lies_in_the_box_of_its_cell(point, level):
    south, west, north, east = Cell.of(point, level).bounds(level)
    assert south - 1e-9 <= point.lat <= north + 1e-9
    assert west - 1e-9 <= point.lon <= east + 1e-9


@given(points, points, points, levels)
def test_a_box_of_cells_covers_the_box(a, b, c, level):
    bounds = Bounds.around([a, b])
    box = GridBox.around(bounds, level)
    assert box.level <= level
    assert (box.last.row - box.first.row + 1) * (box.last.column - box.first.column + 1) <= MOST_CELLS
    if bounds.contains(c):
        assert box.holds(Cell.of(c, FINEST), FINEST)
    if box.holds(Cell.of(c, FINEST), FINEST):
        assert box.padded_bounds.contains(c)


def test_the_same_ground_in_finer_cells():
    box = GridBox.around(Bounds(33.0, 52.1, 33.01, 52.12), 14)
    finer = box.at(16)
    assert {cell.above(2) for cell in finer} == set(box)
    assert finer.bounds == pytest.approx(box.bounds)


@given(towns, st.integers(0, 6))
def test_clusters_add_up_and_stand_apart(places, up):
    fine = 18
    counted = [(Cell.of(place, fine), 1) for place in places]
    found = Cluster.of(counted, fine, fine - up)
    assert sum(cluster.n for cluster in found) == len(places)
    assert [cluster.n for cluster in found] == sorted((cluster.n for cluster in found), reverse=True)
    for cluster in found:
        inside = [place for place in places if cluster.bounds.contains(place)]
        assert len(inside) >= 1
    width = 360 / 2 ** (fine - up)
    for a, b in itertools.combinations(found, 2):
        apart = max(abs(a.point.lon - b.point.lon) / width, abs(a.point.lat - b.point.lat) / width / 0.8)
        assert apart > 0.6


def test_empty_cells_make_no_cluster():
    assert Cluster.of([(Cell(1, 1), 0)], 5, 3) == []


def test_the_database_reckons_the_same_cells():
    table = Table("places", MetaData(), Column("lat", Float), Column("lon", Float))
    engine = create_engine("sqlite://")
    table.create(engine)
    places = [Point(33.05, 52.2), Point(-33.05, -52.2), Point(-90, -180), Point(89.999999, 179.999999)]
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"lat": place.lat, "lon": place.lon} for place in places])
        for level in (0, 7, 16, FINEST):
            rows = connection.execute(select(*cell_columns(table.c.lat, table.c.lon, level)))
            assert [Cell(*row) for row in rows] == [Cell.of(place, level) for place in places]
    engine.dispose()
