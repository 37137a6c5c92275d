"""A link from another site: staff stay signed in, others notice nothing."""

from typing import Any

import pytest

from civicportal.domain.accounts.services import AccountService
from civicportal.domain.notifications.services import NotificationService
from civicportal.testing import make_staff, make_unit, outbox

PASSWORD = "سپیدار بلند کنار رود"
FROM_ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
PAGES = ("/desk", "/staff/login?next=/desk", "/track", "/", "/statistics", "/nowhere")


@pytest.fixture
def officer(site, app):
    """An officer who has signed in."""
    with site.work() as work:
        user = make_staff(work, "officer", unit=make_unit(work, "waste"), username="a", mobile="09120000001")
        work.get(AccountService).set_password(user, PASSWORD)
    form = app.get("/staff/login").forms[0]
    form["username"], form["password"] = "a", PASSWORD
    page = form.submit().follow()
    with site.work(write=False) as work:
        code = work.get(NotificationService).fields_of(outbox(work, user.mobile)[-1])["CODE"]
    form = next(form for form in page.forms.values() if "code" in form.fields)
    form["code"] = str(code)
    form.submit(status=303)
    return user


def cookies_set(answer: Any) -> list[str]:
    return answer.headers.getall("Set-Cookie")


def visit_from_elsewhere(site: Any, app: Any, page: str, **headers: str) -> Any:
    """Ask as a browser does when another site leads here: without the cookie that is Strict."""
    app.cookiejar.clear("localhost.local", "/", site.cookie_name)
    return app.get(page, headers={**FROM_ELSEWHERE, **headers}, expect_errors=True)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_asked_for_once_more_and_no_cookie_is_replaced(site, app, officer, page):
    answer = visit_from_elsewhere(site, app, page)
    assert answer.status_int == 200
    assert cookies_set(answer) == []
    assert answer.html.select_one("meta[http-equiv=refresh]")["content"] == "0"
    assert answer.html.select_one("a[href='']").text.strip() == "ادامه"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "script" not in answer


def test_a_link_with_a_secret_keeps_it(site, app, officer):
    answer = visit_from_elsewhere(site, app, "/staff/reset/abcdef")
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert "abcdef" not in answer


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Mode": "no-cors"}],
)
def test_requests_from_the_portal_are_answered_at_once(site, app, officer, headers):
    answer = visit_from_elsewhere(site, app, "/statistics", **headers)
    assert "refresh" not in answer


def test_with_the_cookie_of_the_session_a_page_is_answered_at_once(app, officer):
    assert "refresh" not in app.get("/desk", headers=FROM_ELSEWHERE, status=200)


@pytest.mark.parametrize("page", ["/statistics", "/"])
def test_a_strangers_page_is_the_one_that_caches_keep(app, page):
    answer = app.get(page, headers=FROM_ELSEWHERE, status=200)
    assert cookies_set(answer) == []
    assert answer.headers["Cache-Control"].startswith("public")
    assert "refresh" not in answer


def test_a_signed_out_browser_is_a_visitor(site, app, officer):
    form = next(form for form in app.get("/desk").forms.values() if form.action == "/logout")
    form.submit(status=303)
    assert "refresh" not in visit_from_elsewhere(site, app, "/track")


def test_a_form_of_another_site_replaces_no_session(app):
    answer = app.post("/track", {"code": "1"}, headers=FROM_ELSEWHERE, status=400)
    assert cookies_set(answer) == []
