"""A new citizen reports on a portal with PostgreSQL."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser import wizard
from browser.conftest import Browsers
from browser.people import DESKTOP, enter_mobile, wait_for_message
from playwright.sync_api import Browser, expect
from portal import Portal, running
from replication import or_skip

from civicportal.testing.postgres import TemporaryCluster

pytestmark = pytest.mark.browser
MOBILE = "09000000099"


@pytest.fixture
def portal_on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Return a served portal with the seeds of the example city alone."""
    cluster = or_skip(TemporaryCluster)
    with running(tmp_path_factory.mktemp("postgresql"), cluster.create_database()) as portal:
        portal.start(worker=True)
        yield portal
        portal.stop()
    cluster.stop()


def test_new_citizen_reports(
    portal_on_postgresql: Portal, chromium: Browser, sessions: Callable[[str], Any]
) -> None:
    browsers = Browsers(chromium, portal_on_postgresql.address, sessions)
    page = browsers.open()
    page.goto("/")
    expect(page.locator("h1")).to_be_visible()
    wizard.fill_in(page, DESKTOP)
    page.locator(wizard.NEXT).click()
    page.wait_for_url("**/login?**")
    enter_mobile(page, MOBILE)
    code = wizard.sent(page)
    page.locator("[name=name]").fill("شهلا تازه‌وارد")
    page.locator("form:has([name=name]) button.btn-primary").click()
    page.wait_for_url(f"**/reports/sent/{code}")
    expect(page.locator("[name=name]")).to_have_count(0)
    assert code in wait_for_message(page, MOBILE, code, seen=[])
    browsers.close()
