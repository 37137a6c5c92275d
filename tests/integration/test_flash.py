"""Messages for the next page: what is too long keeps the newest, what was shown does not come back."""

from typing import Any

import pytest
from pyramid.request import Request

from civicportal.web.flash import COOKIE, LONGEST, FlashSession


class Browser:
    """Carries the cookie of messages from request to request, as a browser does."""

    def __init__(self, registry: Any) -> None:
        self.registry, self.cookies = registry, {}

    def visit(self, act: Any) -> Any:
        request = Request.blank(
            "/", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        )
        request.registry = self.registry
        found = act(FlashSession(request))
        response = request.response
        request._process_response_callbacks(response)
        for header in response.headers.getall("Set-Cookie"):
            assert len(header) < 4096
            self.header = header
            name, _sign, value = header.partition(";")[0].partition("=")
            self.cookies = {name: value} if value and "Max-Age=0" not in header else {}
        return found


@pytest.fixture
def browser(app: Any, site: Any) -> Browser:
    return Browser(site.registry)


def test_the_newest_messages_are_kept_if_the_cookie_is_full(browser: Browser) -> None:
    def write(session: FlashSession) -> None:
        for number in range(100):
            session.flash(f"{number} " + "پ" * 50)

    browser.visit(write)
    kept = browser.visit(lambda session: session.peek_flash())
    assert kept
    assert kept[-1].startswith("99 ")
    numbers = [int(text.split()[0]) for text in kept]
    assert numbers == list(range(100 - len(kept), 100))


def test_a_message_that_fits_nowhere_leaves_no_old_ones(browser: Browser) -> None:
    browser.visit(lambda session: session.flash("old"))

    def write(session: FlashSession) -> None:
        session.pop_flash()
        session.flash("x" * LONGEST)

    browser.visit(write)
    assert browser.visit(lambda session: session.peek_flash()) == []


def test_another_queue_is_kept_where_one_is_too_long(browser: Browser) -> None:
    def write(session: FlashSession) -> None:
        session.flash("short", "proof")
        session.flash("x" * LONGEST, "good")

    browser.visit(write)
    assert browser.visit(lambda session: session.peek_flash("proof")) == ["short"]


def test_shown_messages_are_removed(browser: Browser) -> None:
    browser.visit(lambda session: session.flash("once"))
    assert browser.visit(lambda session: session.pop_flash()) == ["once"]
    assert browser.visit(lambda session: session.pop_flash()) == []


def test_in_production_the_cookie_is_bound_to_the_host(
    browser: Browser, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(site), "is_production", property(lambda self: True))
    browser.visit(lambda session: session.flash("once"))
    assert list(browser.cookies) == [f"__Host-{COOKIE}"]
    assert "secure" in browser.header.lower()
    assert "Path=/" in browser.header
    assert "Domain" not in browser.header
    assert browser.visit(lambda session: session.pop_flash()) == ["once"]
    # Deleted by the same name and with what its prefix asks for.
    assert browser.cookies == {}
    assert browser.header.startswith(f"__Host-{COOKIE}=;")
    assert "secure" in browser.header.lower()
