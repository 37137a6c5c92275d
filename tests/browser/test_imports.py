"""An import on the page: files are chosen, and the page shows by itself that the worker has read them."""

import pytest
from browser.imports import TABLE, hold_job
from browser.pages.admin import prove
from browser.people import DESKTOP
from playwright.sync_api import expect

from civicportal.portal.importing import working
from civicportal.portal.importing.tasks import ImportTaskService

pytestmark = pytest.mark.browser


def test_the_page_of_an_upload_goes_on_when_the_worker_has_read_it(open_page, portal):
    hold_job(portal)
    page = open_page("administrator", DESKTOP)
    prove("/admin/imports/new", page)
    page.locator("[name=source]").fill("سامانهٔ ۱۳۷")
    page.locator("[name=kind]").select_option("reports")
    file = {"name": "requests.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    page.locator("[name=tables_files]").set_input_files([file])
    page.locator("main form button.btn-primary").click()
    expect(page.locator("[data-progress-bar]")).to_be_visible()
    with portal.site.work() as work:
        task = work.get(ImportTaskService).fetch(page.url.rpartition("/")[2])
        task.state, task.attempts = "running", 1
    working.take(portal.site, task)
    expect(page.locator("#mapping-h")).to_be_visible()
    expect(page.locator("[name=file_0]")).to_have_value("cases")
