"""Every cookie of a portal in production is bound to https and its host, and none can be read by a script."""

from typing import Any

import pytest
from integration.test_accounts_pages import enter_by_code, enter_password
from sign_in_forms import PASSWORD, code_of, send
from webtest import TestApp

from civicportal.domain.accounts.services import AccountService
from civicportal.testing import make_staff

#: The purpose of each: which of them another site's link may send along.
SAME_SITE = {
    "__Host-cp": {"Lax", "Strict"},  # a citizen's session, and that of staff
    "__Host-cp-staff": {"Lax"},
    "__Host-cp-device": {"Lax"},
    "__Host-cp_flash": {"Lax"},
    "__Host-lang": {"Lax"},
}


@pytest.fixture
def civic_settings() -> dict[str, Any]:
    return {"site": {"languages": ["fa", "en"]}}


@pytest.fixture
def browser(site: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> TestApp:
    monkeypatch.setattr(type(site), "is_production", property(lambda self: True))
    return TestApp(app.app, extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": "localhost"})


def test_every_cookie_is_bound_to_the_host_and_hidden_from_scripts(
    site: Any, browser: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.work() as work:
        officer = make_staff(work, "officer", username="s.karimi", mobile="+989120000000")
        work.get(AccountService).set_password(officer, PASSWORD)
    sent: list[str] = []
    ask = browser.do_request

    def note(*args: Any, **options: Any) -> Any:
        answer = ask(*args, **options)
        sent.extend(answer.headers.getall("Set-Cookie"))
        return answer

    monkeypatch.setattr(browser, "do_request", note)
    token = browser.get("/login").forms[0]["csrf_token"].value
    browser.post("/language", {"language": "en", "csrf_token": token}, status=303)
    assert 'lang="en"' in browser.get("/login")
    enter_by_code(site, browser)
    page = browser.get("/account/name", status=200)
    send(page, name="سارا")
    site.clock.advance(minutes=2)
    send(enter_password(browser).follow(), code=code_of(site))
    browser.get("/account", status=200)

    seen = {}
    for line in sent:
        name, *attributes = [part.strip() for part in line.split(";")]
        said = {attribute.partition("=")[0].lower(): attribute.partition("=")[2] for attribute in attributes}
        seen.setdefault(name.partition("=")[0], set()).add(said.get("samesite"))
        assert {"secure", "httponly"} <= said.keys(), line
        assert (said.get("path"), "domain" in said) == ("/", False), line
    assert seen == SAME_SITE


@pytest.mark.parametrize(
    ("headers", "cookies"),
    [
        ({}, 1),
        ({"X-Without-Cookie": "true"}, 0),
        # A browser's own prefetch: the person may be shown this very page.
        ({"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender"}, 1),
    ],
)
def test_what_the_service_worker_fetches_sets_no_cookie(
    app: Any, site: Any, headers: dict[str, str], cookies: int
) -> None:
    page = app.get("/login", headers=headers, status=200)
    assert page.html.select("[name=csrf_token]")
    assert len([line for line in page.headers.getall("Set-Cookie") if site.cookie_name in line]) == cookies
    app.reset()
    session = app.get("/queue/session", headers=headers, status=200)
    assert len([line for line in session.headers.getall("Set-Cookie") if site.cookie_name in line]) == cookies
