"""The kit for authors of plugins: people, messages, browsers, and the options of pytest."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from webtest import AppError

from civicportal.core.storage import new_key
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.suggestions import SuggestionService
from civicportal.domain.cases.vocabulary import make_vocabulary
from civicportal.portal.branding.services import BrandingService
from civicportal.testing import NOON, FakeClock, make_case, make_category, make_unit
from civicportal.testing.postgres import is_installed
from civicportal.util.errors import NotFound

pytestmark = pytest.mark.both_databases

VIEW = "petitions:case:view"


def case_of(site, person, **opening):
    """Open a case of a citizen and return its code."""
    with site.work() as work:
        return make_case(work, citizen=work.session.get_one(User, person.user_id), **opening).code


def may_read(site, person, code):
    with site.work(actor=person, write=False) as work:
        try:
            work.get(CaseService).fetch(code)
        except NotFound:
            return False
        return True


class TestPeople:
    def test_a_citizen_acts_for_themselves(self, site, citizen):
        code = case_of(site, citizen)
        with site.work(actor=citizen, write=False) as work:
            assert work.get(CaseService).fetch_own(code).citizen_id == citizen.user_id
        assert (citizen.realm, citizen.level) == ("citizen", 1)

    def test_staff_of_a_unit_reads_its_cases_alone(self, site, citizen, staff):
        with site.work() as work:
            waste = make_unit(work, "waste")
            category = make_category(work, unit=waste)
        code = case_of(site, citizen, category=category)
        assert may_read(site, staff("one", "waste"), code)
        assert may_read(site, staff("two", waste, permissions=[VIEW]), code)
        assert may_read(site, staff("three", category, permissions=[VIEW]), code)
        assert may_read(site, staff("administrator"), code)
        assert not may_read(site, staff("five", "lighting"), code)
        assert not may_read(site, staff("six", "waste", permissions=[]), code)

    def test_people_are_made_in_the_unit_of_work_of_the_test(self, work, citizen, staff):
        officer = staff("clerk", "waste", name="کیانا فرهادی")
        found = [work.session.get_one(User, person.user_id) for person in (citizen, officer)]
        assert [user.name for user in found] == ["شهروند نمونه", "کیانا فرهادی"]

    def test_each_comes_in_to_their_own_realm(self, app, login, citizen, staff):
        login(citizen)
        assert app.get("/my", status=200)
        app.get("/desk", status=403)
        login(staff("administrator"))
        assert app.get("/desk", status=200)

    def test_a_page_does_not_see_what_is_not_committed(self, work, login, citizen):
        with pytest.raises(RuntimeError, match=r"site\.work"):
            login(citizen)


class TestOutbox:
    def test_what_is_promised_is_brought_out(self, site, clock, citizen, outbox):
        case_of(site, citizen)
        assert [(row.kind, row.state) for row in outbox(citizen)] == [("petitions.registered", "new")]
        assert outbox("+989000000009") == []
        clock.advance(minutes=1)
        assert outbox.deliver() == 1
        assert [message.recipient for message in outbox.sent] == [citizen.mobile]
        assert [row.state for row in outbox()] == ["sent"]

    def test_it_promises_for_tests_of_gateways(self, citizen, outbox):
        outbox.queue(citizen)
        outbox.queue("+989000000009", "petitions.done", TRACK="1234567890")
        outbox.deliver()
        assert [row.text for row in outbox()] == [
            "Petition 4059031274 is registered.",
            "Petition 1234567890 is done.",
        ]
        with pytest.raises(KeyError, match="nothing"):
            outbox.queue(citizen, "nothing")

    def test_it_sees_what_the_test_has_not_committed_yet(self, work, citizen, outbox):
        make_case(work, citizen=work.session.get_one(User, citizen.user_id))
        assert len(outbox(citizen)) == 1


def test_a_clock_goes_back_to_where_it_began():
    clock = FakeClock()
    clock.set(NOON - timedelta(days=9))
    assert clock.now() < NOON
    clock.set(None)
    assert clock.now() == NOON


@pytest.mark.browser
class TestBrowser:
    def test_people_look_at_the_site_of_the_test(self, browser_app, site, clock, citizen):
        code = case_of(site, citizen)
        page = browser_app.open(f"/my/{code}", citizen, viewport={"width": 390, "height": 844})
        assert page.locator("h1").inner_text()
        assert page.evaluate("innerWidth") == 390
        visitor = browser_app.open(f"/my/{code}")
        assert "/login" in visitor.url

    def test_what_a_browser_complains_about_is_told(self, browser_app):
        page = browser_app.open()
        page.evaluate("console.error('a mistake')")
        assert [words for _address, words in browser_app.complaints] == ["a mistake"]
        with pytest.raises(AssertionError, match="a mistake"):
            browser_app.close()


OWN_TESTS = """
def test_the_plugins_of_the_ini_file_are_at_work(site, civic_database):
    assert site.settings["site"]["plugins"] == ["reports"]
    assert civic_database == "sqlite"


def test_without_a_browser(browser_app):
    raise AssertionError("there is none")
"""


def test_the_ini_file_names_plugins_and_what_is_missing_is_told(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\ncivicportal_plugins = reports\n")
    (tmp_path / "test_own.py").write_text(OWN_TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PATH": "", "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert "no browser is installed (Debian: apt-get install chromium-headless-shell" in done.stdout
    assert "Warning" not in done.stdout


MARKED_TESTS = """
import pytest

def test_a_page(site): pass

@pytest.mark.both_databases
def test_a_lock(site): pass

def test_that_asks(civic_database): pass

@pytest.mark.one_database("sqlite")
def test_of_one(site): pass

def test_without(): pass
"""


def test_marked_tests_and_those_that_ask_run_on_both_databases(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\ncivicportal_databases = marked\n")
    (tmp_path / "test_own.py").write_text(MARKED_TESTS)
    words = (sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider")
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    one = "postgresql" if is_installed() else "sqlite"
    marked = [f"test_{name}[{kind}]" for name in ("a_lock", "that_asks") for kind in ("sqlite", "postgresql")]
    marked.append("test_of_one[sqlite]")
    names = [line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    assert sorted(names) == sorted([f"test_a_page[{one}]", *marked, "test_without"])


FIRST_FILE = """
POOLS = []

def test_connects(site):
    with site.engines.read.connect(): pass
    POOLS.append(site.engines.read.pool)

def test_the_file_keeps_its_connections(site):
    assert POOLS[0].checkedin() == 1
"""
SECOND_FILE = """
from test_first import POOLS

def test_they_are_closed():
    assert POOLS[0].checkedin() == 0
"""


@pytest.mark.skipif(not is_installed(), reason="PostgreSQL is not installed")
def test_no_connection_is_kept_longer_than_a_file_of_tests(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\ncivicportal_databases = postgresql\n")
    (tmp_path / "test_first.py").write_text(FIRST_FILE)
    (tmp_path / "test_second.py").write_text(SECOND_FILE)
    words = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_a_driver_that_cannot_start_tells_that_the_browser_is_missing(monkeypatch, tmp_path):
    """On an empty machine Playwright's own program lacks a library that Chromium brings along."""
    pytest.importorskip("playwright")
    from civicportal.testing import browser

    broken = tmp_path / "node"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(broken))
    monkeypatch.setattr(browser, "PROGRAMS", ())
    with pytest.raises(browser.ChromiumMissing, match="apt-get install chromium"), browser.launched():
        pass


def test_caches_are_reset_between_tests(civic_environment, site):
    with site.work() as work:
        make_case(work, subject="آسفالت")
        face = work.get(BrandingService)
        face.save({"name": "شهر دیگر"}, face.current().digest)
    make_vocabulary(site)
    assert (site.branding.name, knows(site, "اسفالت")) == ("شهر دیگر", True)
    civic_environment.reset()
    assert (site.branding.name, knows(site, "اسفالت")) == (site.branding_cache.file.name, False)


def knows(site, word):
    """Return whether a word is one that cases use, as a search without a hit knows them."""
    with site.work(write=False) as work:
        return work.get(SuggestionService).vocabulary().knows(word)


def with_a_case(site):
    with site.work() as work:
        return make_case(work).code


def later_with_a_case(site):
    site.clock.advance(days=2)
    return with_a_case(site), site.clock.now()


def with_a_file(site):
    site.storage.put(new_key(), b"picture")


def codes(site):
    with site.work(write=False) as work:
        return work.session.scalars(select(Case.code).order_by(Case.id)).all()


class TestFilled:
    def test_rows_and_the_time_are_put_back_for_every_test(self, civic_environment, site):
        code, later = civic_environment.filled(later_with_a_case)
        with site.work() as work:
            [case] = work.session.scalars(select(Case))
            events = work.session.scalars(select(CaseEvent.type).order_by(CaseEvent.id)).all()
            case.status = "changed"
        second = with_a_case(site)
        civic_environment.reset()
        assert (codes(site), site.clock.now()) == ([], NOON)

        assert civic_environment.filled(later_with_a_case) == (code, later)
        assert (codes(site), site.clock.now()) == ([code], later)
        with site.work(write=False) as work:
            [case] = work.session.scalars(select(Case))
            assert case.status != "changed"
            # What triggers have written is there once.
            assert work.session.scalars(select(CaseEvent.type).order_by(CaseEvent.id)).all() == events
            assert work.session.scalar(select(func.count()).select_from(Referral)) == 1
        assert not any(SearchIndex(site.engines).verify())
        assert with_a_case(site) not in (code, second)

    def test_each_function_has_its_own_rows(self, civic_environment, site):
        first = civic_environment.filled(with_a_case)
        civic_environment.reset()
        second, _now = civic_environment.filled(later_with_a_case)
        civic_environment.reset()
        assert civic_environment.filled(with_a_case) == first != second
        assert codes(site) == [first]

    def test_what_is_there_already_stays(self, civic_environment, site):
        civic_environment.filled(with_a_case)
        civic_environment.reset()
        own = with_a_case(site)
        other = civic_environment.filled(with_a_case)
        assert codes(site) == [own, other]

    def test_files_are_refused(self, civic_environment):
        with pytest.raises(RuntimeError, match="with_a_file wrote files"):
            civic_environment.filled(with_a_file)


def test_an_unexpected_status_names_the_page_and_not_its_markup(app):
    with pytest.raises(AppError) as failure:
        app.get("/nowhere?a=b")
    said = str(failure.value)
    assert said.startswith("GET /nowhere?a=b answered 404 Not Found, not 200 or 3xx: ")
    assert "<" not in said
    assert len(said) < 800
