"""Whole requests with generated input, by every role, to every route that takes a form: none is a server error."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fuzz.generated import Source
from fuzz.trying import number_of, try_all
from integration.routes import Page, pages_of
from portal import Portal
from sign_in_forms import browsers_of

from civicportal.portal.seeds.services import SeedService
from civicportal.testing import FakeClock, make_citizen, make_staff
from civicportal.web.forms import BoundForm
from civicportal.web.forms.flat import leaves

pytestmark = pytest.mark.both_databases

#: Forms that would sign the browser out, or wait for another process.
LEFT_OUT = {"logout", "account_session_end", "admin.member_sessions_end"}
NAMES = (
    "body", "note", "category", "unit", "user", "photo_key", "lat", "lon", "address", "mobile", "name", "code", "proof", "password",
    "new", "again", "credential", "national_code", "birth_date", "q", "words", "kind", "status", "first", "last", "page", "before",
    "after", "sort", "next", "language", "codes", "transition", "action", "key", "title", "text", "permissions", "role", "seen",
    "challenge_ticket", "challenge_answer", "photo_key_files", "period", "bbox", "zoom", "version",
)  # fmt: skip
VALUES = (
    "1", "چاله‌ای عمیق روبه‌روی مدرسه", "09123456789", "1405/09/03", "08:30", "true", "A" * 22, "35.7", "123456", "pr", "4059031274",
    "after-1764410000000000-12", "reports", "newest", "/my", "{}", '{"id": "x", "response": {"clientDataJSON": "e30"}}',
)  # fmt: skip
HEADERS = {
    "Accept": ("text/html,*/*;q=0.8",),
    "Accept-Encoding": ("gzip, br;q=0.5",),
    "Accept-Language": ("fa,en;q=0.5",),
    "Cookie": ("lang=fa; cp_flash=a.b",),
    "If-Modified-Since": ("Sat, 28 Nov 2026 10:00:00 GMT",),
    "If-None-Match": ('"abc", W/"d"',),
    "Origin": ("http://localhost", "null"),
    "Range": ("bytes=0-10,20-",),
    "Referer": ("http://localhost/my?page=2",),
    "Sec-Fetch-Site": ("same-origin", "cross-site"),
    "User-Agent": ("Mozilla/5.0 (X11)",),
    "X-Requested-With": ("XMLHttpRequest",),
}


@pytest.fixture(scope="module")
def portal(
    civic_session: Any, civic_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """The example site with its plugins, and a browser for a visitor, a citizen and an administrator."""
    site = Portal(
        tmp_path_factory.mktemp("requests"),
        civic_session.new_database(civic_database),
        make_tables=civic_session.databases.migrate,
    ).site
    site.clock = FakeClock()
    with site.work() as work:
        work.get(SeedService).load()
        people = {"citizen": make_citizen(work), "staff": make_staff(work, "administrator", username="boss")}
    browsers, tokens = browsers_of(site, people)
    yield {"site": site, "browsers": browsers, "tokens": tokens}
    site.engines.dispose()


@pytest.fixture
def fields(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Return the names of the fields of the forms that each route has made, as they become known."""
    known: dict[str, set[str]] = {}
    make = BoundForm.__init__

    def noting(form: BoundForm, request: Any, *arguments: Any, **options: Any) -> None:
        make(form, request, *arguments, **options)
        route = getattr(request, "matched_route", None)
        if route:
            known.setdefault(route.name, set()).update(node.name for node in leaves(form.schema))

    monkeypatch.setattr(BoundForm, "__init__", noting)
    return known


def header(text: str) -> str:
    return "".join(sign for sign in text.encode("utf-8", "ignore").decode("latin-1") if sign.isprintable())


def sent(source: Source, names: tuple[str, ...], token: str) -> list[tuple[str, str]]:
    """Return the fields of a form: mostly those that the route knows."""
    form = [("csrf_token", token)] if source.chance(0.95) else []
    for name in names:
        for _ in range(source.pick((0, 1, 1, 1, 1, 1, 1, 2))):
            form.append((name, source.text(VALUES) if source.chance(0.5) else source.pick(VALUES)))
    if source.chance(0.1):
        form.append((source.text(NAMES), source.text(VALUES)))
    return [
        (name.encode("utf-8", "ignore").decode(), value.encode("utf-8", "ignore").decode())
        for name, value in form
    ]


def asked(
    portal: dict[str, Any], fields: dict[str, set[str]], page: Page, method: str
) -> Callable[[Source], bool]:
    """Return what sends one request to a page."""
    site, refused = portal["site"], (400, 413, 415)

    def once(source: Source) -> bool:
        realm = source.pick(("visitor", "citizen", "staff", "staff"))
        token = site.keys.mac("csrf", portal["tokens"][realm]).hex()
        names = tuple(sorted(fields.get(page.route, set()))) or tuple(source.pick(NAMES) for _ in range(4))
        path = page.path(**({"id": "1", "kind": "reports"} if source.chance(0.3) else {}))
        headers = {name: header(source.text(texts)) for name, texts in HEADERS.items() if source.chance(0.1)}
        headers.pop("Cookie", None)
        form = sent(source, names, token)
        if method == "GET":
            answer = portal["browsers"][realm].get(path, form, headers=headers, status="*")
        else:
            answer = portal["browsers"][realm].post(path, form, headers=headers, status="*")
        # No worker runs here, and nothing is measured: pages that report this have a separate status.
        assert answer.status_int < 500 or (page.route, answer.status_int) == ("readyz_worker", 503), (
            answer.status
        )
        return answer.status_int not in refused

    return once


def test_no_request_ends_in_an_error(portal: dict[str, Any], fields: dict[str, set[str]]) -> None:
    for page in sorted(pages_of(portal["site"].registry), key=lambda page: page.route):
        for method in sorted(page.methods & {"GET", "POST"}):
            if page.route in LEFT_OUT or "path" in page.pattern:
                continue
            try_all(
                f"{method} {page.route}", number_of(1, 1000), asked(portal, fields, page, method), some=False
            )
