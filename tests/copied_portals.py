"""Helpers for tests of copied databases."""

import os
import shutil
import signal
from datetime import UTC, datetime
from importlib import import_module

from backup_portals import populate
from sqlalchemy import Engine, event, insert, select

from civicportal.domain.ownership import establish
from civicportal.portal import upgrade as migrate
from civicportal.portal.models import Base
from civicportal.testing import make_site, make_site_file, make_unit

MOMENT = datetime(2026, 3, 21, 23, 59, 59, 123456, tzinfo=UTC)
BYTES = bytes(range(256))


def unseen(*_progress):
    """Discard progress."""


def on(site, address):
    """Return the same site with another database."""
    return make_site(site.path, clock=site.clock, database_url=address)


def filled_site(civic_session, folder, kind):
    """Return a portal with a few cases, and values that the two kinds of databases store in different ways."""
    site = make_site(make_site_file(folder, site={"database_url": civic_session.new_database(kind)}))
    civic_session.databases.migrate(site)
    populate(site)
    establish(site)
    with site.work() as work:
        # The parent of a unit is a younger one.
        older, younger = make_unit(work, "older"), make_unit(work, "younger")
        work.session.flush()
        assert older.id < younger.id
        older.parent_id = younger.id
    _write_unusual_values(site)
    site.engines.dispose()
    return site


def _write_unusual_values(site):
    tables = Base.metadata.tables
    code = {"purpose": "login", "mobile": "+989120000009", "cookie_hash": "0" * 64, "created_at": MOMENT}
    rows = {
        "settings": [
            {"key": "null", "value": None, "updated_at": MOMENT},
            {"key": "text", "value": 'a\tb\\N\n"ی‌ا"', "updated_at": MOMENT.replace(microsecond=0)},
            {"key": "nested", "value": {"ب": [1, 2.5, None, True, 10**15], "a": {"z": 1, "y": "\\"}}, "updated_at": MOMENT},
        ],
        "otp_challenges": [
            {**code, "nonce": BYTES[:16], "expires_at": MOMENT, "uptime": 0.1 + 0.2, "hollow": True},
            {**code, "nonce": BYTES[-16:], "expires_at": MOMENT, "uptime": None, "hollow": False},
        ],
        "gates": [
            {"transport": "one", "open": True, "since": MOMENT, "credit": 1e300},
            {"transport": "two", "open": False, "since": MOMENT, "credit": 2.0},
        ],
        "audit_events": [
            {"at": MOMENT, "action": "core:test", "actor_name": "", "door": "system", "data": {"n": number}} for number in range(450)
        ],
    }  # fmt: skip
    with site.engines.write.begin() as connection:
        for name, values in rows.items():
            connection.execute(insert(tables[name]), values)


def duplicate(civic_session, site, folder, kind):
    """Return a copy of a portal, as its administrator would never make one: database, store and mark."""
    old, new = site.path.parent, civic_session.new_database(kind)
    shutil.copytree(old, folder)
    text = site.path.read_text().replace(address_of(site), new).replace(str(old), str(folder))
    (folder / "site.toml").write_text(text)
    assert new in text
    civic_session.databases.copy(address_of(site), new)
    return make_site(folder / "site.toml")


def with_tables(civic_session, site, folder, kind):
    """Return the same site with a database of tables without rows, as ``civicportal db upgrade`` leaves it."""
    table = {"database_url": civic_session.new_database(kind), "files": site.settings["site"]["files"]}
    target = make_site(make_site_file(folder, site=table), clock=site.clock)
    civic_session.databases.migrate(target)
    return target


def address_of(site):
    """Return the address of the database as the site's file names it."""
    return site.settings["site"]["database_url"]


def all_rows(site):
    """Every row of every table as the models read it, but the marks of the portal."""
    found = {}
    with site.engines.read.connect() as connection:
        for package in migrate.packages(site):
            for table in package.metadata.sorted_tables:
                if table.name != "portal_marks":
                    found[table.name] = sorted(map(repr, connection.execute(select(table))))
    site.engines.dispose()
    return found


def run_and_kill(source, target, most):
    """Copy in another process, and kill it at its statement or commit number ``most``.

    :returns: whether it had ended before.
    """
    for site in (source, target):
        site.engines.dispose()
    child = os.fork()
    if not child:
        _copy_as_child(source, target, most)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.waitstatus_to_exitcode(status) == 0
    return True


def _copy_as_child(source, target, most):
    left = most

    def step(*_arguments):
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        event.listen(Engine, "before_cursor_execute", step)
        event.listen(Engine, "commit", step)
        import_module("civicportal.tools.copying").copy_database(source, target, unseen)
        code = 0
    finally:
        os._exit(code)
