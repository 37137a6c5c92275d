"""Export of a list: small files at once, large ones with progress."""

from io import BytesIO
from pathlib import Path

import pytest
from browser.conftest import Open
from browser.exports import half_written, order
from browser.people import PHONE
from browser.samples import who
from openpyxl import load_workbook
from playwright.sync_api import expect
from portal import Portal
from sqlalchemy import update

from civicportal.domain.exports.models import ExportJob
from civicportal.domain.exports.running import make_next

pytestmark = pytest.mark.browser


def test_the_menu_of_a_list_gives_its_file(open_page: Open) -> None:
    page = open_page("public_relations")
    page.goto("/desk/reports?stage=open")
    shown = page.locator(".grid-t tbody tr").count()
    assert shown
    page.get_by_text("خروجی", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="اکسل").click()
    book = load_workbook(BytesIO(Path(download.value.path()).read_bytes()))
    assert download.value.suggested_filename.startswith("گزارش های شهری-14")
    assert book.worksheets[0].sheet_view.rightToLeft
    assert book.worksheets[0].max_row == shown + 1


def test_a_telephone_chooses_columns(open_page: Open) -> None:
    page = open_page("public_relations", PHONE)
    page.goto("/desk/reports")
    page.get_by_text("خروجی", exact=True).click()
    page.get_by_role("link", name="انتخاب ستون‌ها").click()
    page.wait_for_load_state()
    page.get_by_label("CSV").check()
    chosen = page.locator("input[name=columns]:checked")
    while chosen.count() > 1:
        chosen.last.uncheck()
    with page.expect_download() as download:
        page.get_by_role("button", name="دریافت فایل").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == "کد رهگیری"


def test_a_large_export_tells_how_far_it_is_and_is_fetched(portal: Portal, open_page: Open) -> None:
    with portal.site.work() as work:
        person = who(work, "administrator")
    key = order(portal, person, **half_written(1000, 250))
    page = open_page("administrator")
    page.goto(f"/exports/jobs/{key}")
    expect(page.get_by_role("status").filter(has_text="۲۵۰ سطر")).to_be_visible()
    _change(portal, key, done=700)
    expect(page.get_by_role("status").filter(has_text="۷۰۰ سطر")).to_be_visible()
    assert page.locator("progress").evaluate("bar => bar.value") == 70
    _change(portal, key, state="waiting", done=0, locked_until=None)
    make_next(portal.site)
    link = page.get_by_role("link", name="دریافت فایل")
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    assert Path(download.value.path()).stat().st_size > 1000


def _change(portal: Portal, key: str, **values: object) -> None:
    with portal.site.work() as work:
        work.session.execute(
            update(ExportJob).where(ExportJob.key == key).values(**values),
            execution_options={"synchronize_session": False},
        )
