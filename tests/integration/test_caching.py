"""Public content may be cached; personal content may not."""

import pytest

from civicportal.testing import make_citizen

SETTINGS = {"site": {"languages": ["fa", "en"]}, "texts": {"about": "Who we are."}}
PAGE = "/about"
PUBLIC = (PAGE, "/", "/statistics")
"""Pages without a form that carries a token."""


@pytest.fixture
def civic_settings():
    return SETTINGS


@pytest.mark.parametrize("page", PUBLIC)
def test_a_public_page_sets_no_cookie_and_is_asked_for_once(app, page):
    first = app.get(page, status=200)
    assert "Set-Cookie" not in first.headers
    assert first.headers["Cache-Control"] == "public, max-age=0, s-maxage=30, must-revalidate"
    assert "Cookie" in first.headers["Vary"]
    again = app.get(page, headers={"If-None-Match": first.headers["ETag"]}, status=304)
    assert again.body == b""
    assert "Content-Security-Policy" in again.headers


def test_a_changed_page_is_sent_again(app, clock):
    tag = app.get(PAGE).headers["ETag"]
    clock.advance(hours=1)  # the page bears its time, for print
    assert app.get(PAGE, headers={"If-None-Match": tag}, status=200).headers["ETag"] != tag


def test_pages_with_forms_or_personal_data_are_not_cached(site, app, sign_in):
    assert app.get("/track").headers["Cache-Control"] == "no-store"
    app.reset()
    with site.work() as work:
        person = make_citizen(work)
    sign_in(person, "citizen")
    page = app.get(PAGE)
    assert page.headers["Cache-Control"] == "no-store"
    assert "ETag" not in page.headers


def test_who_has_chosen_a_language_is_asked_for_it_alone(app):
    app.set_cookie("lang", "en")
    first = app.get(PAGE, status=200)
    assert '<html lang="en"' in first
    assert first.headers["Cache-Control"].startswith("public,")
    assert "Cookie" in first.headers["Vary"]
    app.get(PAGE, headers={"If-None-Match": first.headers["ETag"]}, status=304)
    app.set_cookie("lang", "fa")
    assert '<html lang="fa"' in app.get(PAGE, headers={"If-None-Match": first.headers["ETag"]}, status=200)


def test_a_page_with_a_session_is_not_cached_despite_a_language_cookie(site, app, sign_in):
    app.set_cookie("lang", "en")
    tag = app.get(PAGE).headers["ETag"]
    with site.work() as work:
        person = make_citizen(work)
    sign_in(person, "citizen")
    app.set_cookie("lang", "en")
    page = app.get(PAGE, headers={"If-None-Match": tag}, status=200)
    assert "lang=" in page.request.headers["Cookie"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "ETag" not in page.headers


def test_requests_with_a_secret_are_not_cached(app):
    page = app.get(PAGE, headers={"Authorization": "Bearer x"}, status=200)
    assert "ETag" not in page.headers
    assert "public" not in page.headers.get("Cache-Control", "")


def test_pages_requested_with_other_cookies_are_not_cached(app):
    assert app.get(PAGE, headers={"Cookie": "lang=en; other=1"}).headers["Cache-Control"] == "no-store"
    assert (
        app.get("/nowhere", headers={"Cookie": "lang=en"}, status=404).headers["Cache-Control"] == "no-store"
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 400),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "http://["}, 400),
        ({"Origin": "null"}, 400),
        ({}, 400),
    ],
)
def test_the_language_is_changed_by_the_portals_own_pages_alone(app, headers, status):
    origin = {**headers, "Host": "localhost"}
    answer = app.post("/language", {"language": "en"}, headers=origin, status=status)
    assert ("lang=en" in answer.headers.get("Set-Cookie", "")) == (status == 303)
