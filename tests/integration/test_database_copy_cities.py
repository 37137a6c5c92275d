"""The example cities, moved from SQLite to PostgreSQL and back: pages, lists and searches answer the same."""

import html
import re
from collections import deque
from difflib import unified_diff
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner
from copied_portals import all_rows, unseen
from selection import LONG
from sqlalchemy import select
from webtest import TestApp

from civicportal.app import create_app
from civicportal.cli import main
from civicportal.core.site import Site
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.search_models import SearchWord
from civicportal.domain.ownership import establish
from civicportal.portal import upgrade as migrate
from civicportal.portal.demo import runner
from civicportal.portal.demo.clock import DemoClock
from civicportal.tools.copying import copy_database

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGES = 16 if LONG else 12
"""Pages compared for each person."""
WORDS = 4 if LONG else 2
"""Words searched by each person."""
_LINK = re.compile(r'href="(/[^"#]*)')
_OF_THE_MOMENT = re.compile(r"(?<=[\"'=])[A-Za-z0-9_-]{20,}(?=[\"'&])|nonce-[\w+/=]+")
"""Tokens that differ from request to request."""
_ASIDE = re.compile(
    r"/static/|/exports|/calendar|/logout|/demo|/manifest|/language|/theme|/metrics|/admin/(?:audit|plugins)|/attachments"
    r"|/announcements/images|/map|/account/(?:access|sessions)|\.(?:xml|json|svg|ics)\b"
)
"""What is no page, or shows the moment or the database itself."""


class City:
    """A demonstration whose clock stands still, on one database after the other.

    :param name: of the example.
    """

    def __init__(self, name, folder):
        self.path = EXAMPLES / f"{name}_site/src/{name}_site/site.toml"
        self.environ = {
            f"{name.upper()}_FILES": str(folder / "files"),
            f"{name.upper()}_SECRET": "0123456789abcdef" * 4,
            f"{name.upper()}_DATABASE_URL": f"sqlite:///{folder}/portal.db",
        }
        self.clock = DemoClock()
        self.variable = f"{name.upper()}_DATABASE_URL"

    def on(self, address=None):
        return Site(self.path, mode="demo", environ=self.environ, clock=self.clock, database_url=address)


@pytest.fixture(params=["shahreman", pytest.param("rivertown", marks=pytest.mark.long)])
def city(request, tmp_path):
    return City(request.param, tmp_path)


def people(site):
    """Return a visitor, staff and a citizen, each with an application of theirs."""
    app = create_app(site)
    with site.work() as work:
        staff = [name for name, _person, _roles in runner.logins(site)][:2]
        sessions = {}
        for name in staff:
            user = work.session.scalars(select(User).where(User.username == name)).one()
            sessions[name] = work.get(SessionService).open("staff", user)
        citizen = work.session.scalars(
            select(User).join(Case, Case.citizen_id == User.id).order_by(User.id).limit(1)
        ).one()
        sessions["citizen"] = work.get(SessionService).open("citizen", citizen)
    return {"visitor": "", **sessions}, app


def visit(site, app, token, path):
    client = TestApp(app)
    if token:
        client.set_cookie(site.cookie_name, token)
    answer = client.get(path, expect_errors=True)
    return f"{answer.status_int} {_OF_THE_MOMENT.sub('', answer.text) if answer.text else answer.location}"


def walk(site, app, token, words):
    """Return the pages that links lead to, and searches, by their addresses."""
    begin = ("/", "/desk", "/kartable", "/my", "/statistics")
    searches = [
        f"{path}?q={word}"
        for word in words
        for path in ("/kartable/search", "/reports", "/desk/reports/search")
    ]
    waiting, seen = deque([*begin, *searches]), {}
    while waiting and len(seen) < PAGES + len(searches):
        path = waiting.popleft()
        if path in seen:
            continue
        seen[path] = visit(site, app, token, path)
        for link in map(html.unescape, _LINK.findall(seen[path])):
            if not _ASIDE.search(link) and link not in seen:
                waiting.append(link)
    return seen


def compare(site, tokens, pages):
    """Ask for the same pages again; a difference is shown by its first lines."""
    app = create_app(site)
    differing = {}
    for name, found in pages.items():
        for path, page in found.items():
            now = visit(site, app, tokens[name], path)
            if now != page:
                lines = unified_diff(page.splitlines(), now.splitlines(), n=0, lineterm="")
                differing[f"{name} {path}"] = list(islice(lines, 3, 9))
    site.engines.dispose()
    assert differing == {}


def test_pages_and_searches_answer_the_same_there_and_back(city, tmp_path, civic_session, monkeypatch):
    source = city.on()
    migrate.upgrade(source)
    establish(source)
    runner.load(source, unseen)
    city.clock.set(city.clock.now().replace(microsecond=0))
    tokens, app = people(source)
    with source.work(write=False) as work:
        query = select(SearchWord.word).order_by(SearchWord.cases.desc(), SearchWord.word)
        common = work.session.scalars(query.limit(200)).all()
        words = [*common[: WORDS // 2], *common[-WORDS // 2 :]]
    # What is opened is marked as read: only the second look is the same as all later ones.
    walk_all = [
        {name: walk(source, app, token, words) for name, token in tokens.items()} for _look in range(2)
    ]
    pages = walk_all[1]
    number = sum(map(len, pages.values()))
    assert number > 4 * PAGES
    assert sum(page.startswith("200") for found in pages.values() for page in found.values()) > number / 2, (
        pages
    )
    source.engines.dispose()

    before = all_rows(source)
    there = city.on(civic_session.new_database("postgresql"))
    copy_database(source, there, unseen)
    assert all_rows(there) == before
    compare(there, tokens, pages)
    _check(city, there, monkeypatch)

    here = city.on(f"sqlite:///{tmp_path}/back.db")
    before = all_rows(there)
    copy_database(there, here, unseen)
    assert all_rows(here) == before
    compare(here, tokens, pages)
    _check(city, here, monkeypatch)


def _check(city, site, monkeypatch):
    for name, value in city.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(city.variable, site.engines.read.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CIVICPORTAL_MODE", "demo")
    site.engines.dispose()
    done = CliRunner().invoke(main, ["--site", str(city.path), "check"])
    assert [line for line in done.output.splitlines() if line.startswith(("error", "warning"))] == [
        "error    site.secret: it can be guessed"
    ], done.output
    verified = CliRunner().invoke(main, ["--site", str(city.path), "stats", "verify"])
    assert verified.exit_code == 0, verified.output
