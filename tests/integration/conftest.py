"""Sites assembled in the middle of a test, with plugins that the test has just installed."""

from functools import cache

import pytest
from argon2 import PasswordHasher
from webtest import TestApp

from civicportal.app import create_app
from civicportal.core.limits import challenges
from civicportal.domain.accounts import passwords
from civicportal.domain.accounts.sessions import SessionService
from civicportal.testing import make_site, make_site_file


@pytest.fixture(scope="module", autouse=True)
def _cheap_passwords():
    """Hash passwords with the least work: what a hash costs is looked at in unit/test_passwords.py."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", hasher)
        patch.setattr(passwords, "_NO_ACCOUNT", hasher.hash("nobody"))
        yield


@pytest.fixture
def easy_challenges(monkeypatch):
    """Ask strangers for little work: that a browser does the whole of it is shown in browser/test_challenge.py."""
    monkeypatch.setattr(challenges, "BITS", 8)


@pytest.fixture
def assemble(tmp_path):
    """Assemble a site on a database without tables: ``assemble("gadget", package="city", limits={…})``."""
    made = []

    def assemble(*plugins, package="", clock=None, site=None, **tables):
        table = {"plugins": list(plugins), "package": package, **(site or {})}
        folder = tmp_path / f"assembled{len(made)}"
        made.append(make_site(make_site_file(folder, site=table, **tables), clock=clock))
        return made[-1]

    yield assemble
    for site in made:
        site.engines.dispose()


@pytest.fixture
def assemble_migrated(assemble, civic_environment):
    """Assemble a site on the empty tables of the core."""
    table = civic_environment.site.settings["site"]

    def assemble_migrated(*plugins, site=None, **more):
        # The database bears the mark of its own store and is refused with any other.
        own = {name: table[name] for name in ("database_url", "files")}
        site = site or {}
        chosen = site if "database_url" in site else {**own, **site}
        return assemble(*plugins, clock=civic_environment.clock, site=chosen, **more)

    return assemble_migrated


@pytest.fixture
def other_process(civic_environment):
    """The same site, assembled a second time as another process does."""
    second = make_site(civic_environment.path)
    yield second
    second.engines.dispose()


@pytest.fixture
def browse(request):
    """Return a browser of a site: ``browse(site)``, or ``browse(site, user, "staff")`` with a person signed in."""
    names = request.fixturenames
    environment = request.getfixturevalue("civic_environment") if "civic_environment" in names else None

    @cache
    def application(site):
        is_usual = environment is not None and environment.site is site
        return environment.app if is_usual else create_app(site)

    def browse(site, user=None, realm="citizen"):
        browser = TestApp(application(site))
        if user is not None:
            with site.work() as work:
                token = work.get(SessionService).open(realm, user)
            browser.set_cookie(site.cookie_name, token)
        return browser

    return browse
