"""OGC API – Features: what is published, page by page, read by a client of its own."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from civicportal_reports.feature_query import Interval, Position, parse_box
from civicportal_reports.models import Report
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from owslib.ogcapi.features import Features

from civicportal.testing import statements
from civicportal.testing.serving import Server

ROOT = "/reports/features"
ITEMS = f"{ROOT}/collections/reports/items"
SECRET = "متن پنهان این گزارش"


@pytest.fixture
def published(city, clock):
    """Five published reports an hour apart, newest first; beside them one that is not, and one without a point."""
    codes = []
    for number in range(5):
        clock.advance(hours=1)
        category = "sidewalk" if number == 4 else "pothole"
        place = city.other_district if number == 4 else city.street
        codes.append(city.send(category, place, by=city.other if number % 2 else city.citizen))
        city.publish(codes[-1])
    city.send("bin", city.other_district, body=SECRET, by=city.other)
    nowhere = city.send()
    city.publish(nowhere)
    with city.site.work() as work:
        report = work.session.get(Report, city.case(nowhere).id)
        report.lat = report.lon = None
    return [city.case(code) for code in reversed(codes)]


def ids(answer):
    return [feature["id"] for feature in answer.json["features"]]


class TestDescription:
    @pytest.mark.parametrize(("path", "status"), [(ROOT, 200), (ITEMS, 200), (f"{ITEMS}?wrong=1", 400)])
    def test_maps_of_other_sites_may_read_it_without_cookies(self, app, published, path, status):
        headers = app.get(path, status=status).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Access-Control-Allow-Credentials" not in headers

    def test_every_link_of_the_landing_page_answers_with_its_type(self, app, published):
        links = app.get(ROOT).json["links"]
        assert {link["rel"] for link in links} == {"self", "service-desc", "conformance", "data"}
        for link in links:
            answer = app.get(
                link["href"].removeprefix("http://localhost:80").removeprefix("http://localhost")
            )
            assert answer.headers["Content-Type"] == link["type"]

    def test_the_collection_is_the_city(self, app, city):
        (listed,) = app.get(f"{ROOT}/collections").json["collections"]
        assert listed == app.get(f"{ROOT}/collections/reports").json
        west, south, east, north = listed["extent"]["spatial"]["bbox"][0]
        assert west < city.street.lon < east
        assert south < city.street.lat < north

    def test_the_document_is_openapi_and_names_every_parameter_and_property(self, app, published):
        document = app.get(f"{ROOT}/api").json
        validate(document)
        told = document["paths"]["/collections/reports/items"]["get"]["parameters"]
        for parameter in told:
            value = {"limit": 1, "bbox": "52,31,53,32", "datetime": "2020-01-01/..", "category": "roads"}.get(
                parameter["name"]
            )
            if value:
                app.get(ITEMS, {parameter["name"]: value}, status=200)
        properties = document["components"]["schemas"]["Feature"]["properties"]["properties"]["properties"]
        assert set(properties) == set(app.get(ITEMS).json["features"][0]["properties"])


@pytest.mark.both_databases
class TestItems:
    def test_are_what_is_published_and_nothing_else(self, app, city, published):
        answer = app.get(ITEMS, status=200)
        assert answer.headers["Content-Type"] == "application/geo+json"
        assert ids(answer) == [case.id for case in published]
        newest = answer.json["features"][0]
        assert newest["geometry"]["coordinates"] == [city.other_district.lon, city.other_district.lat]
        assert newest["properties"]["category"] == "sidewalk"
        assert datetime.fromisoformat(newest["properties"]["registered"]) == published[0].created_at.replace(
            microsecond=0
        )
        for secret in (*(case.code for case in published), city.citizen.name, city.other.name, SECRET):
            assert secret not in answer.text

    def test_come_page_by_page_each_once(self, app, published):
        found, address = [], f"{ITEMS}?limit=2&stage=open"
        while address:
            answer = app.get(address)
            assert answer.json["numberReturned"] == len(answer.json["features"]) <= 2
            found += ids(answer)
            links = {link["rel"]: link["href"] for link in answer.json["links"]}
            address = links.get("next", "").replace("http://localhost:80", "").replace("http://localhost", "")
            assert "stage=open" in links["self"]
        assert found == [case.id for case in published]

    def test_of_a_box(self, app, city, published):
        lon, lat = city.other_district.lon, city.other_district.lat
        box = (lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001)
        assert ids(app.get(ITEMS, {"bbox": ",".join(map(str, box))})) == [published[0].id]
        with_heights = (*box[:2], 0, *box[2:], 5000)
        assert ids(app.get(ITEMS, {"bbox": ",".join(map(str, with_heights))})) == [published[0].id]
        around_the_world = (box[2], box[1], box[0], box[3])
        assert ids(app.get(ITEMS, {"bbox": ",".join(map(str, around_the_world))})) == [
            case.id for case in published[1:]
        ]

    def test_of_a_time(self, app, city, published):
        moments = [case.created_at.replace(microsecond=0) for case in published]

        def asked(text):
            return ids(app.get(ITEMS, {"datetime": text}))

        assert asked(f"{moments[1].isoformat()}/{moments[0].isoformat()}") == [
            case.id for case in published[:2]
        ]
        assert asked(f"../{moments[3].isoformat()}") == [case.id for case in published[3:]]
        assert asked(f"{moments[2].isoformat()}/") == [case.id for case in published[:3]]
        assert asked(moments[2].isoformat()) == [published[2].id]
        assert asked(moments[0].astimezone(city.site.timezone).date().isoformat())[0] == published[0].id
        assert asked("2001-01-01") == []

    def test_of_a_category_and_those_below_it(self, app, published):
        assert ids(app.get(f"{ITEMS}?category=roads")) == [case.id for case in published]
        assert ids(app.get(f"{ITEMS}?category=sidewalk&stage=open")) == [published[0].id]
        assert ids(app.get(f"{ITEMS}?category=bin")) == []

    def test_one_by_its_id(self, app, published, city):
        answer = app.get(f"{ITEMS}/{published[0].id}")
        listed = app.get(ITEMS).json["features"][0]
        assert {**answer.json, "links": None} == {**listed, "links": None}
        hidden = city.case(city.send())
        for unknown in (hidden.id, 10**17):
            refused = app.get(f"{ITEMS}/{unknown}", status=404)
            assert refused.headers["Content-Type"] == "application/problem+json"

    def test_cost_as_many_statements_however_many_there_are(self, app, city, published):
        numbers = []
        for limit in (1, 100):
            app.get(f"{ITEMS}?limit={limit}")
            with statements(city.site) as executed:
                app.get(f"{ITEMS}?limit={limit}")
            numbers.append(len(executed))
        assert numbers[0] == numbers[1] <= 2


class TestRefused:
    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=-1",
            "limit=many",
            "bbox=1,2,3",
            "bbox=1,2,3,nan",
            "bbox=1,5,3,4",
            "datetime=yesterday",
            "datetime=2026-03-21T00:00:00",
            "datetime=2026-03-22/2026-03-20",
            "datetime=9999-12-31",
            "category=nonsense",
            "district=nonsense",
            "stage=nonsense",
            "after=2026",
            "after=2026-03-21T00:00:00Z~",
            "color=red",
        ],
    )
    def test_a_wrong_parameter_is_named(self, app, query):
        answer = app.get(f"{ITEMS}?{query}", status=400)
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = json.loads(answer.body)
        assert (problem["status"], query.partition("=")[0] in problem["detail"]) == (400, True)

    @pytest.mark.parametrize("path", ["", "/api", "/conformance", "/collections", "/collections/reports"])
    def test_a_parameter_where_there_are_none(self, app, path):
        app.get(f"{ROOT}{path}?a=1", status=400)

    def test_more_than_the_maximum_is_the_maximum(self, app, published):
        assert len(ids(app.get(f"{ITEMS}?limit=9999"))) == 5

    def test_there_is_no_other_collection(self, app):
        app.get(f"{ROOT}/collections/people", status=404)


def test_caches_keep_it_and_it_sets_no_cookie(app, published):
    answer = app.get(f"{ROOT}/collections")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in answer.headers
    app.get(f"{ROOT}/collections", headers={"If-None-Match": answer.headers["ETag"]}, status=304)


def test_a_client_of_the_standard_reads_it(civic_environment, published):
    server = Server(civic_environment.app)
    try:
        client = Features(f"{server.address}{ROOT}")
        assert client.feature_collections() == ["reports"]
        assert client.conformance()["conformsTo"][0].endswith("/conf/core")
        assert client.api()["openapi"].startswith("3.0")
        found = client.collection_items("reports", limit=2)
        assert [feature["id"] for feature in found["features"]] == [case.id for case in published[:2]]
        assert client.collection_item("reports", published[3].id)["id"] == published[3].id
    finally:
        server.close()


class TestParsing:
    @given(st.text(max_size=60))
    def test_any_text_is_read_or_refused(self, text):
        for parse in (Position.parse, parse_box, lambda text: Interval.parse(text, UTC)):
            try:
                parse(text)
            except ValueError:
                continue

    @given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2))
    def test_an_interval_holds_its_ends(self, moments):
        first, last = sorted(moments)
        if last > datetime.max.replace(tzinfo=UTC) - timedelta(days=2):
            return
        found = Interval.parse(f"{first.isoformat()}/{last.isoformat()}", UTC)
        assert found.start == first <= last < found.end

    @given(st.datetimes(timezones=st.timezones()), st.integers(1, 2**62))
    def test_a_position_is_read_as_it_was_written(self, moment, number):
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            return
        position = Position(moment=moment, case_id=number)
        assert Position.parse(str(position)) == position


def test_positions_are_those_of_the_order(published):
    assert all((one.created_at, one.id) > (other.created_at, other.id) for one, other in pairwise(published))
