"""The site's own tiles: a PMTiles file by ranges of bytes, an MBTiles file by addresses, kept by browsers for ever."""

import sqlite3

import pytest
from tilesets import make_tiles
from webob import Request

from civicportal.core.settings import read_settings
from civicportal.testing import make_site_file
from civicportal.util.errors import ConfigurationError
from civicportal.util.geo.tiles import InvalidTiles, open_tiles


@pytest.fixture(scope="session")
def pmtiles(tmp_path_factory):
    return make_tiles(tmp_path_factory.mktemp("tiles") / "city.pmtiles")


@pytest.fixture(scope="session")
def mbtiles(tmp_path_factory):
    return make_tiles(tmp_path_factory.mktemp("tiles") / "city.mbtiles")


@pytest.fixture
def ask(civic_environment):
    """Ask as a browser does and return the answer, read whole."""

    def ask(path, method="GET", **headers):
        request = Request.blank(path, method=method, headers=headers)
        response = request.get_response(civic_environment.app)
        assert response.body is not None  # read whole: no file stays open
        return response

    return ask


class TestFile:
    @pytest.fixture
    def civic_settings(self, pmtiles):
        return {"map": {"kind": "tiles", "tiles": str(pmtiles)}}

    @pytest.fixture
    def path(self, site, app):
        return f"/map/tiles/{site.registry.tiles.digest}/city.pmtiles"

    def test_a_range_of_bytes(self, ask, path, pmtiles):
        whole = pmtiles.read_bytes()
        answer = ask(path, Range="bytes=0-126")
        assert (answer.status_int, answer.body) == (206, whole[:127])
        assert answer.headers["Content-Range"] == f"bytes 0-126/{len(whole)}"
        assert answer.headers["Content-Length"] == "127"
        assert "immutable" in answer.headers["Cache-Control"]
        assert ask(path, Range="bytes=1000-1999").body == whole[1000:2000]
        assert ask(path, Range="bytes=-10").body == whole[-10:]
        assert ask(path, Range=f"bytes={len(whole) - 5}-").body == whole[-5:]

    def test_more_than_there_is_ends_with_the_file(self, ask, path, pmtiles):
        whole = pmtiles.read_bytes()
        assert ask(path, Range=f"bytes=0-{10**9}").body == whole

    def test_a_range_beyond_the_file_is_refused_with_its_size(self, ask, path, pmtiles):
        answer = ask(path, Range="bytes=999999999-")
        assert answer.status_int == 416
        assert answer.headers["Content-Range"] == f"bytes */{pmtiles.stat().st_size}"

    @pytest.mark.parametrize("wanted", ["nonsense", "bytes=b-a", "lines=1-2"])
    def test_no_range_is_the_whole_file(self, ask, path, pmtiles, wanted):
        answer = ask(path, Range=wanted)
        assert (answer.status_int, answer.body) == (200, pmtiles.read_bytes())

    def test_a_range_of_an_older_file_is_the_whole_of_this_one(self, ask, path, pmtiles):
        tag = ask(path, method="HEAD").headers["ETag"]
        assert ask(path, Range="bytes=0-9", **{"If-Range": tag}).status_int == 206
        assert ask(path, Range="bytes=0-9", **{"If-Range": '"other"'}).status_int == 200

    def test_another_url_is_revalidated(self, ask):
        answer = ask("/map/tiles/000000000000/city.pmtiles", Range="bytes=0-9")
        assert answer.status_int == 206
        assert answer.headers["Cache-Control"] == "no-cache"

    def test_has_no_single_tiles(self, ask, path):
        assert ask(path.replace("city.pmtiles", "12/2641/1650")).status_int == 404

    def test_the_map_knows_its_tiles(self, app, path):
        page = app.get("/", status=200)
        assert "data-map" not in page.text or path in page.text


class TestTiles:
    @pytest.fixture
    def civic_settings(self, mbtiles):
        return {"map": {"kind": "tiles", "tiles": str(mbtiles)}}

    @pytest.fixture
    def folder(self, site, app):
        return f"/map/tiles/{site.registry.tiles.digest}"

    def test_each_has_its_address(self, ask, folder, mbtiles):
        database = sqlite3.connect(mbtiles)
        zoom, x, y, picture = database.execute("SELECT * FROM tiles ORDER BY zoom_level DESC").fetchone()
        database.close()
        answer = ask(f"{folder}/{zoom}/{x}/{2**zoom - 1 - y}")
        assert (answer.status_int, answer.content_type, answer.body) == (200, "image/png", picture)
        assert "immutable" in answer.headers["Cache-Control"]

    @pytest.mark.parametrize(
        ("tile", "status"),
        [("12/0/0", 204), ("11/9999999/9999999", 204), ("99/0/0", 404), ("12/x/0", 404), ("12/0", 404)],
    )
    def test_where_there_is_none(self, ask, folder, tile, status):
        assert ask(f"{folder}/{tile}").status_int == status

    def test_the_file_itself_is_not_given_away(self, ask, folder):
        assert ask(f"{folder}/city.pmtiles").status_int == 404


def test_a_site_without_tiles_serves_none(ask):
    assert ask("/map/tiles/0/city.pmtiles").status_int == 404
    assert ask("/map/tiles/0/1/1/1").status_int == 404


class TestWhatIsRefused:
    def test_a_file_that_is_not_there(self, tmp_path):
        for name in ("none.pmtiles", "none.mbtiles"):
            with pytest.raises(InvalidTiles, match=name):
                open_tiles(tmp_path / name)

    def test_a_file_of_something_else(self, tmp_path):
        for name in ("other.pmtiles", "other.mbtiles"):
            (tmp_path / name).write_bytes(b"something else" * 20)
            with pytest.raises(InvalidTiles, match=name):
                open_tiles(tmp_path / name)

    def test_vector_tiles(self, tmp_path, pmtiles):
        content = bytearray(pmtiles.read_bytes())
        content[99] = 1
        (tmp_path / "vector.pmtiles").write_bytes(content)
        with pytest.raises(InvalidTiles, match="vector"):
            open_tiles(tmp_path / "vector.pmtiles")

    @pytest.mark.parametrize("table", [{"kind": "tiles"}, {"tiles": "city.pmtiles"}, {"kind": "vector"}])
    def test_half_a_table(self, tmp_path, table):
        with pytest.raises(ConfigurationError, match="map"):
            read_settings(make_site_file(tmp_path, map=table))
