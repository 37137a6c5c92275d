"""Pages are compressed where their length tells no secret."""

import gzip
import re

import pytest
from webob import Request

from civicportal.testing import make_citizen, make_staff

TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')


@pytest.fixture
def civic_settings():
    return {"texts": {"about": "Who we are."}}


@pytest.fixture
def citizen(site, sign_in):
    with site.work() as work:
        person = make_citizen(work)
    sign_in(person, "citizen")


def _get(app, path, **headers):
    """Return a response as it is sent: WebTest's is decompressed."""
    cookies = "; ".join(f"{name}={value}" for name, value in app.cookies.items())
    sent = {"Accept-Encoding": "gzip", **({"Cookie": cookies} if cookies else {}), **headers}
    return Request.blank(path, headers=sent).get_response(app.app)


def _text(page):
    assert page.headers["Content-Encoding"] == "gzip"
    return gzip.decompress(page.body).decode()


def _token(page):
    return TOKEN.search(page.text).group(1)


def test_a_public_page_is_compressed_under_an_etag_of_its_own(app):
    plain, small = app.get("/about"), _get(app, "/about")
    assert _text(small) == plain.text
    assert len(small.body) < len(plain.body) / 2
    for page in (plain, small):
        assert "Accept-Encoding" in page.headers["Vary"]
    assert small.headers["ETag"] != plain.headers["ETag"]
    again = _get(app, "/about", **{"If-None-Match": small.headers["ETag"]})
    assert (again.status_int, again.body) == (304, b"")


def test_a_form_of_a_visitor_is_compressed(app):
    assert "<form" in _text(_get(app, "/track"))


@pytest.mark.usefixtures("citizen")
def test_a_page_of_a_citizen_is_compressed(app):
    assert 'name="csrf_token"' in _text(_get(app, "/account"))


@pytest.mark.parametrize("path", ["/account?x=1", "/my?status=open"])
@pytest.mark.usefixtures("citizen")
def test_a_page_that_may_repeat_its_query_beside_a_secret_is_not_compressed(app, path):
    assert "Content-Encoding" not in _get(app, path).headers


def test_pages_of_staff_are_not_compressed(site, app, sign_in):
    with site.work() as work:
        officer = make_staff(work)
    sign_in(officer)
    assert "Content-Encoding" not in _get(app, "/kartable").headers


def test_who_does_not_ask_for_gzip_gets_plain_text(app):
    page = _get(app, "/track", **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in page.headers
    assert "<form" in page.text


@pytest.mark.usefixtures("citizen")
def test_each_response_masks_the_token_differently_and_all_are_accepted(app):
    pages = [app.get("/account") for _ in range(3)]
    tokens = [_token(page) for page in pages]
    assert len(set(tokens)) == len(tokens)
    for token in tokens:
        app.post("/account/name", {"csrf_token": token, "name": "سارا"}, status=303)


@pytest.mark.parametrize("change", ["", "x", "0" * 128, "ü"])
@pytest.mark.usefixtures("citizen")
def test_a_wrong_token_is_refused(app, change):
    app.post("/logout", {"csrf_token": change}, status=400)


def test_a_token_of_another_session_is_refused(app, site, sign_in):
    with site.work() as work:
        one, other = make_citizen(work), make_citizen(work, mobile="+989120000002")
    sign_in(one, "citizen")
    token = _token(app.get("/account"))
    sign_in(other, "citizen")
    app.post("/logout", {"csrf_token": token}, status=400)
