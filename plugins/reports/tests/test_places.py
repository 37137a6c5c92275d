"""Naming a place."""

import pytest
from civicportal_reports.places import Location, OutsideCity, locate, locate_point

from civicportal.api.geo import CityMap, Point

CITY = CityMap(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"kind": "boundary", "name": "City"},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[50.0, 30.0], [50.1, 30.0], [50.1, 30.1], [50.0, 30.1], [50.0, 30.0]]],
                },
            },
            {
                "type": "Feature",
                "properties": {"kind": "district", "name": "West", "number": 1},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[50.0, 30.0], [50.05, 30.0], [50.05, 30.1], [50.0, 30.1], [50.0, 30.0]]],
                },
            },
            {
                "type": "Feature",
                "properties": {"kind": "road", "cls": "street", "name": "Saadi"},
                "geometry": {"type": "LineString", "coordinates": [[50.01, 30.05], [50.04, 30.05]]},
            },
        ],
    }
)


def place(lat=None, lon=None, address=""):
    return {"lat": lat, "lon": lon, "address": address}


def test_a_point_gets_street_and_district():
    found = locate(CITY, place(30.0502, 50.02, "beside the bank"))
    assert found == Location(
        point=Point(30.0502, 50.02), street="Saadi", district="West", address="beside the bank"
    )
    assert found.parts == ["beside the bank", "Saadi", "West"]


def test_a_point_far_from_every_street_has_none():
    found = locate_point(CITY, Point(30.09, 50.09))
    assert (found.street, found.district, found.parts) == ("", "", [])


def test_an_address_alone_is_enough():
    assert locate(CITY, place(address="beside the bank")) == Location(point=None, address="beside the bank")


def test_a_point_outside_the_city_is_refused():
    with pytest.raises(OutsideCity):
        locate(CITY, place(31.0, 50.02))


def test_a_city_without_a_map_takes_every_point():
    assert locate(None, place(31.0, 50.02)).point == Point(31.0, 50.02)
