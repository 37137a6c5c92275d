"""pytest fixtures of the testing kit."""

import inspect
import json
import logging
import warnings
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
    import pkg_resources

# pytest loads this plugin's package with its own loader. Pyramid finds templates and translations
# through pkg_resources, which must be told that they are beside the modules as usual.
pkg_resources.register_loader_type(AssertionRewritingHook, pkg_resources.DefaultProvider)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from typing import Literal

    from playwright.sync_api import Browser
    from sqlalchemy import Connection

    from civicportal.core.security import Identity
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.testing.apps import App
    from civicportal.testing.browser import BrowserApp
    from civicportal.testing.clock import FakeClock
    from civicportal.testing.databases import Kind
    from civicportal.testing.environment import Environment
    from civicportal.testing.installing import Installer
    from civicportal.testing.messages import Outbox
    from civicportal.testing.people import People, Person
    from civicportal.testing.sms_simulator import SmsSimulator
    from civicportal.util.values import Values

    Tables = Mapping[str, Values]

#: Warnings that users of the libraries cannot avoid.
FOREIGN_WARNINGS = (
    "ignore:pkg_resources is deprecated",
    "ignore:Deprecated call to .pkg_resources.declare_namespace",
    "ignore:'cgi' is deprecated",
    "ignore:datetime.datetime.utcnow:DeprecationWarning:webob",
)
CHOICES = {"sqlite": ["sqlite"], "postgresql": ["postgresql"], "both": ["sqlite", "postgresql"]}
MARKED = "marked"
"""The choice that a test makes itself: both databases if it is marked so, else PostgreSQL."""
MARK = "both_databases"
ONE = "one_database"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--civic-db`` and the options of the test site."""
    group = parser.getgroup("civicportal")
    group.addoption(
        "--civic-db",
        choices=sorted([*CHOICES, MARKED]),
        help="the databases that tests run on; marked: both for tests marked both_databases, PostgreSQL for others",
    )
    parser.addini("civicportal_databases", "default of --civic-db", default="sqlite")
    parser.addini("civicportal_plugins", "plugins of the test site, in their order", type="args", default=[])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Hide deprecation warnings of third-party code."""
    for line in FOREIGN_WARNINGS:
        early_config.addinivalue_line("filterwarnings", line)
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers that choose the databases of a test."""
    config.addinivalue_line("markers", f"{MARK}: with --civic-db marked, run on SQLite and on PostgreSQL")
    config.addinivalue_line("markers", f'{ONE}(name): run on "sqlite" or "postgresql" only')


def _chosen(config: pytest.Config) -> str:
    return str(config.getoption("--civic-db") or config.getini("civicportal_databases"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run database tests once on each chosen database."""
    if "civic_database" in metafunc.fixturenames:
        databases: list[object] = list(CHOICES.get(_chosen(metafunc.config)) or _own_databases(metafunc))
        if mark := metafunc.definition.get_closest_marker(ONE):
            [only] = mark.args
            left_out = pytest.mark.skipif(only not in databases, reason=f"--civic-db leaves out {only}")
            databases = [pytest.param(only, marks=left_out)]
        metafunc.parametrize("civic_database", databases, indirect=True, scope="session")


def _own_databases(metafunc: pytest.Metafunc) -> list[str]:
    """Return the databases of a test.

    They are both if it is marked so or asks which one it runs on, else one.
    """
    from civicportal.testing.postgres import is_installed

    if mark := metafunc.definition.get_closest_marker(ONE):
        return list(mark.args)
    asks = "civic_database" in inspect.signature(metafunc.function).parameters
    if asks or metafunc.definition.get_closest_marker(MARK):
        return CHOICES["both"]
    return CHOICES["postgresql" if is_installed() else "sqlite"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note the database of a test in its report."""
    parameters = (
        item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    )
    if "civic_database" in parameters:
        item.user_properties.append(("civic_database", parameters["civic_database"]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests have passed on each database."""
    reports = terminalreporter.getreports("passed")
    numbers = Counter(
        value for one in reports for name, value in one.user_properties if name == "civic_database"
    )
    if numbers:
        told = ", ".join(f"{number} on {database}" for database, number in sorted(numbers.items()))
        terminalreporter.write_line(f"Tests passed with a database: {told}")


@pytest.fixture(scope="session")
def civic_database(request: pytest.FixtureRequest) -> str:
    """Return the database of this test: "sqlite" or "postgresql"."""
    return str(request.param)


class _Session:
    """Objects for the whole test run."""

    def __init__(self, folder: Path) -> None:
        from civicportal.testing.databases import Databases

        self._folder = folder
        self.databases = Databases(folder)
        self._environments: dict[str, Environment] = {}

    def new_database(self, kind: "Kind", *, ctype: str = "C.UTF-8") -> str:
        from civicportal.testing.postgres import PostgresMissing

        try:
            return self.databases.create(kind, ctype=ctype)
        except PostgresMissing as error:
            pytest.skip(str(error))  # PostgreSQL is not installed: the message names the package

    def environment(self, kind: "Kind", settings: "Tables") -> "Environment":
        from civicportal.testing.environment import Environment

        key = json.dumps([kind, settings], sort_keys=True)
        if key not in self._environments:
            folder = self._folder / f"site{len(self._environments)}"
            database = self.new_database(kind)
            self._environments[key] = Environment(folder, database, settings, self.databases.migrate)
        return self._environments[key]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Keep no connection longer than a file of tests."""
        done = yield
        if nextitem is None or nextitem.path != item.path:
            self.databases.disconnect()
        return done

    def close(self) -> None:
        for environment in self._environments.values():
            environment.close()
        self.databases.close()


@pytest.fixture(scope="session")
def civic_session(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[_Session]:
    """Return the objects for the whole test run."""
    from civicportal.testing.mistakes import FailOnMistakes

    session, mistakes = _Session(tmp_path_factory.mktemp("civicportal")), FailOnMistakes()
    logging.getLogger("civicportal").addHandler(mistakes)
    pytestconfig.pluginmanager.register(session)
    yield session
    pytestconfig.pluginmanager.unregister(session)
    logging.getLogger("civicportal").removeHandler(mistakes)
    session.close()


@pytest.fixture
def civic_settings() -> "Tables":
    """Return overrides of the test site's ``site.toml``.

    Redefine it in a ``conftest.py`` or a module.
    """
    return {}


@pytest.fixture
def civic_environment(
    civic_session: _Session, civic_database: "Kind", civic_settings: "Tables", pytestconfig: pytest.Config
) -> "Environment":
    """Return the assembled site with an empty database."""
    site = {"plugins": pytestconfig.getini("civicportal_plugins"), **civic_settings.get("site", {})}
    environment = civic_session.environment(civic_database, {**civic_settings, "site": site})
    environment.reset()
    return environment


@pytest.fixture
def empty_database(civic_session: _Session, civic_database: "Kind") -> str:
    """Return the URL of a new database without tables."""
    return civic_session.new_database(civic_database)


@pytest.fixture
def site(civic_environment: "Environment") -> "Site":
    """Return a site with migrated, empty tables and a fixed clock."""
    return civic_environment.site


@pytest.fixture
def filled_tables(civic_session: _Session) -> "Callable[..., AbstractContextManager[Connection]]":
    """Return a function that opens a connection for plans of filled tables: ``filled_tables(site, sort=False)``."""
    from civicportal.testing.plans import walking

    def open_connection(site: "Site", *, sort: bool = False) -> "AbstractContextManager[Connection]":
        return walking(civic_session.databases.unused(site), sort=sort)

    return open_connection


@pytest.fixture
def clock(civic_environment: "Environment") -> "FakeClock":
    """Return the site's clock: ``clock.advance(hours=1)``."""
    return civic_environment.clock


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Installer"]:
    """Return an installer of temporary plugins: ``install.plugin("gadget", implementation)``."""
    from civicportal.testing.installing import Installer

    folder = tmp_path / "installed"
    folder.mkdir()
    installer = Installer(folder, monkeypatch)
    yield installer
    installer.forget()


@pytest.fixture(scope="session")
def sms_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SmsSimulator"]:
    """Return the server behind ``sms_simulator``.

    Its URL is constant, so sites can be assembled once.
    """
    from civicportal.testing.sms_simulator import SmsSimulator

    simulator = SmsSimulator(tmp_path_factory.mktemp("sms") / "ledger.jsonl")
    yield simulator
    simulator.close()


@pytest.fixture
def sms_simulator(sms_provider: "SmsSimulator") -> "SmsSimulator":
    """Return a reset SMS simulator on loopback."""
    sms_provider.reset()
    return sms_provider


@pytest.fixture
def work(site: "Site") -> Iterator["Work"]:
    """Return a writing unit of work of the system, committed when the test ends."""
    with site.work() as open_work:
        yield open_work


@pytest.fixture
def app(civic_environment: "Environment") -> "App":
    """Return a browser without script and with an empty cookie jar (WebTest)."""
    from civicportal.testing.apps import App

    return App(civic_environment.app)


def _open_work(request: pytest.FixtureRequest) -> "Work | None":
    """Return the open unit of work of ``work``, if any."""
    found: Work | None = request.getfixturevalue("work") if "work" in request.fixturenames else None
    return found


@pytest.fixture
def civic_people(site: "Site", request: pytest.FixtureRequest) -> "People":
    """Return the factory behind ``citizen``, ``staff`` and ``login``, see ``civicportal.testing.people``."""
    from civicportal.testing.people import People

    return People(site, _open_work(request))


@pytest.fixture
def citizen(civic_people: "People") -> "Identity":
    """Return the identity of a citizen with a verified mobile: ``site.work(actor=citizen)``."""
    return civic_people.citizen()


@pytest.fixture
def staff(civic_people: "People") -> "Callable[..., Identity]":
    """Return a function that creates staff identities: ``staff("handler", "waste", permissions=[...])``."""
    return civic_people.staff


@pytest.fixture
def login(civic_people: "People", site: "Site", app: "App") -> "Callable[..., str]":
    """Return a function that signs in ``app``: ``login(citizen)``.

    It returns the session's token.
    """

    def login(person: "Person", realm: 'Literal["citizen", "staff"] | None' = None) -> str:
        token = civic_people.sign_in(person, realm)
        app.set_cookie(site.cookie_name, token)
        return token

    return login


@pytest.fixture
def sign_in(login: "Callable[..., str]") -> "Callable[..., str]":
    """Return ``login``, by its older name."""
    return login


@pytest.fixture
def outbox(site: "Site", request: pytest.FixtureRequest) -> "Outbox":
    """Return the messages of the site.

    ``outbox(citizen)`` lists the queued ones, ``outbox.deliver()`` sends them.
    """
    from civicportal.testing.messages import Outbox

    return Outbox(site, _open_work(request))


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """Return the browser (Playwright), or skip."""
    pytest.importorskip("playwright", reason="Playwright is not installed (pip install playwright)")
    from civicportal.testing.browser import ChromiumMissing, launched

    try:
        with launched() as browser:
            yield browser
    except ChromiumMissing as error:
        pytest.skip(str(error))  # no browser is installed: the message names the package


@pytest.fixture
def browser_app(
    civic_environment: "Environment", chromium: "Browser", civic_people: "People"
) -> "Iterator[BrowserApp]":
    """Return the site in a browser: ``browser_app.open("/", citizen)``.

    Errors in the browser fail the test.
    """
    from civicportal.testing.browser import BrowserApp

    served = BrowserApp(chromium, civic_environment.app, civic_environment.site, civic_people)
    yield served
    served.close()
