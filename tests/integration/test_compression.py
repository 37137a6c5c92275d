"""Styles, scripts and the map travel as gzip to browsers that read it; pages never do."""

import gzip

import pytest
from webob import Request

GZIP = "gzip, deflate, br"


@pytest.fixture
def ask(civic_environment):
    """Ask as a browser that says what it reads; WebTest would unpack the answers."""

    def ask(path, accepted=GZIP, **headers):
        request = Request.blank(path, headers={"Accept-Encoding": accepted, **headers})
        response = request.get_response(civic_environment.app)
        response.app_iter = [response.body]  # read whole: no file stays open
        return response

    return ask


@pytest.fixture
def style(site, app):
    return f"/static/core/{site.registry.static_files.digest('core')}/portal.css"


def test_text_travels_small_and_is_the_same(ask, style):
    plain, packed = ask(style, "identity"), ask(style)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2
    for answer in (plain, packed):
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", ""])
def test_clients_without_gzip_get_plain_files(ask, style, accepted):
    assert "Content-Encoding" not in ask(style, accepted).headers


def test_each_form_of_the_map_has_its_tag(ask):
    plain, packed = ask("/map.geojson", "identity"), ask("/map.geojson")
    assert gzip.decompress(packed.body) == plain.body
    assert plain.headers["ETag"] != packed.headers["ETag"]
    tag = packed.headers["ETag"]
    assert ask("/map.geojson", **{"If-None-Match": tag}).status_int == 304
    assert ask("/map.geojson", "identity", **{"If-None-Match": tag}).status_int == 200


def test_pages_and_fonts_are_sent_as_they_are(ask, style):
    for path in ("/", style.replace("portal.css", "vendor/fonts/vazirmatn-arabic.woff2")):
        answer = ask(path)
        assert answer.status_int == 200
        assert "Content-Encoding" not in answer.headers
