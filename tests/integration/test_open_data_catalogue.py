"""The catalogue of open data as DCAT-AP 3, GeoParquet, and the frame for other sites."""

import json
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import geopandas
import pytest
from pyarrow import parquet
from pyshacl import validate
from rdflib import Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, RDF
from translationstring import TranslationString

from civicportal.api.geo import Bounds
from civicportal.api.opendata import OpenDataset
from civicportal.core.plugins import hookimpl
from civicportal.portal.opendata.building import build
from civicportal.portal.opendata.formats import PARQUET
from civicportal.portal.opendata.models import ReleasedFigure
from civicportal.web.headers import content_security_policy

# rdflib reads JSON-LD with a class that it deprecates itself.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")

SHAPES = Path(__file__).parent / "dcat_ap"
ODD = 'A "quoted"\nback\\slash\t\u200cب'
MOMENT = datetime(2026, 3, 21, 8, 30, tzinfo=UTC)


def register_datasets():
    """Return a data set with a column of every kind and places."""
    kinds = ("text", "integer", "number", "day", "moment", "flag")
    rows = [
        ("الف", 1, 0.5, date(2026, 3, 21), MOMENT, True, Bounds(31.0, 52.0, 31.0025, 52.0025)),
        (None, None, None, None, None, None, None),
    ]
    return [
        OpenDataset(
            name="gadget.things",
            title=TranslationString("Things"),
            description=TranslationString(ODD),
            columns=tuple(
                OpenDataset.Column(name=kind, kind=kind, description=TranslationString(kind))
                for kind in kinds
            ),
            rows=lambda site: iter(rows),
            located=True,
        )
    ]


@pytest.fixture
def open_site(install, assemble_migrated):
    install.plugin("gadget", hookimpl(register_datasets))
    table = {"enabled": True, "embed_hosts": ["www.example.org"]}
    return assemble_migrated("gadget", open_data=table, contact={"email": "info@example.org"})


@pytest.fixture
def open_app(open_site, browse):
    return browse(open_site)


def catalogue(app, name):
    answer = app.get(f"/open-data/catalogue.{name}", status=200)
    return answer, Graph().parse(data=answer.text, format={"ttl": "turtle", "jsonld": "json-ld"}[name])


@pytest.mark.parametrize("is_built", [False, True])
def test_the_catalogue_conforms_to_dcat_ap(open_site, open_app, is_built):
    if is_built:
        build(open_site)
    _answer, found = catalogue(open_app, "ttl")
    shapes = Graph()
    for name in ("shapes", "range"):
        shapes.parse(SHAPES / f"{name}.ttl")
    conforms, _report, text = validate(found, shacl_graph=shapes, advanced=True)
    assert conforms, text
    datasets = set(found.subjects(RDF.type, DCAT.Dataset))
    assert len(datasets) == 4
    assert len(set(found.subjects(RDF.type, DCAT.Distribution))) == (6 if is_built else 0)


def test_shapes_notice_what_is_missing(open_site, open_app):
    """Without a publisher the same validation fails, so it looks at what is there."""
    build(open_site)
    _answer, found = catalogue(open_app, "ttl")
    found.remove((None, DCTERMS.publisher, None))
    shapes = Graph().parse(SHAPES / "shapes.ttl")
    assert not validate(found, shacl_graph=shapes)[0]


def test_turtle_and_json_ld_say_the_same(open_site, open_app):
    build(open_site)
    turtle, one = catalogue(open_app, "ttl")
    linked, other = catalogue(open_app, "jsonld")
    assert isomorphic(one, other)
    assert (turtle.content_type, linked.content_type) == ("text/turtle", "application/ld+json")
    assert turtle.headers["Access-Control-Allow-Origin"] == "*"
    assert Literal(ODD, lang="fa") in set(one.objects(None, DCTERMS.description))
    etag = turtle.headers["ETag"]
    open_app.get("/open-data/catalogue.ttl", headers={"If-None-Match": etag}, status=304)


def test_every_distribution_can_be_downloaded_as_it_says(open_site, open_app):
    build(open_site)
    _answer, found = catalogue(open_app, "jsonld")
    for one in found.subjects(RDF.type, DCAT.Distribution):
        address = str(found.value(one, DCAT.downloadURL))
        answer = open_app.get("/" + address.split("/", 3)[3], status=200)
        assert answer.content_length == int(found.value(one, DCAT.byteSize))
        media = str(found.value(one, DCAT.mediaType)).removeprefix(
            "https://www.iana.org/assignments/media-types/"
        )
        assert answer.content_type == media
        assert (
            URIRef(address.split("/open-data")[0] + "/open-data#catalogue"),
            RDF.type,
            DCAT.Catalog,
        ) in found


def test_geoparquet_has_types_and_the_cell(open_site, open_app):
    build(open_site)
    body = open_app.get("/open-data/files/gadget.things.parquet", status=200).body
    table = parquet.read_table(BytesIO(body))
    geo = json.loads(table.schema.metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert geo["columns"]["geometry"]["geometry_types"] == ["Polygon"]
    first, second = table.to_pylist()
    shape = first.pop("geometry")
    assert first == {
        "text": "الف", "integer": 1, "number": 0.5, "day": date(2026, 3, 21), "moment": MOMENT, "flag": True,
    }  # fmt: skip
    assert set(second.values()) == {None}
    # Little-endian, a polygon of one ring of five points; the first is the south-western corner.
    assert shape[:13].hex() == "01" + "03000000" + "01000000" + "05000000"
    assert len(shape) == 13 + 5 * 16


def test_geoparquet_is_read_by_geopandas(open_site, open_app):
    build(open_site)
    body = open_app.get("/open-data/files/gadget.things.parquet", status=200).body
    found = geopandas.read_parquet(BytesIO(body))
    assert found.crs.to_epsg() in (4326, None)
    assert found.crs.is_geographic
    first, second = found.geometry
    # Longitude first, as in GeoJSON: the cell of the row.
    assert (first.geom_type, first.is_valid, first.bounds) == (
        "Polygon",
        True,
        (52.0, 31.0, 52.0025, 31.0025),
    )
    assert second is None
    assert found.text[0] == "الف"
    assert found.moment[0].to_pydatetime() == MOMENT
    assert found.day[0] == date(2026, 3, 21)
    in_cell = found.cx[52.001:52.002, 31.001:31.002]
    assert list(in_cell.integer) == [1]


def test_without_its_library_the_other_formats_are_built(open_site, open_app, monkeypatch):
    monkeypatch.setattr(type(PARQUET), "is_available", property(lambda one: not one.needs))
    build(open_site)
    open_app.get("/open-data/files/gadget.things.parquet", status=404)
    open_app.get("/open-data/files/gadget.things.geojson", status=200)
    assert "GeoParquet" in open_app.get("/open-data").text


def test_the_hosts_of_the_setting_may_embed_the_figures(open_site, open_app, assemble_migrated, browse):
    empty = open_app.get("/open-data/embed", status=200)
    assert empty.headers["Content-Security-Policy"] == content_security_policy(framed_by=["www.example.org"])
    assert "X-Frame-Options" not in empty.headers
    assert "Set-Cookie" not in empty.headers
    with open_site.work() as work:
        for month, closed in ((7, 12), (8, None)):
            work.session.add(
                ReleasedFigure(
                    kind="petitions", month=open_site.calendar.day(1405, month, 1), dimension="total", part_id=0,
                    released=date(2026, 12, 1), opened=20, closed=closed, hours=None,
                )
            )  # fmt: skip
    rows = open_app.get("/open-data/embed").html.select("tbody tr")
    assert [cell.get_text(" ", strip=True) for cell in rows[1].select("td")][:2] == ["۲۰", "۱۲"]
    assert "آبان" in rows[0].text
    page = open_app.get("/open-data").html
    assert "/open-data/embed" in page.select_one("#embed-code").text
    # Nothing may be embedded without the setting.
    plain = browse(assemble_migrated("gadget", open_data={"enabled": True}))
    plain.get("/open-data/embed", status=404)
    assert "iframe" not in plain.get("/open-data").text
