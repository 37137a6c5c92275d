"""Own views, columns and bulk actions on a desk, with a script."""

import pytest
from browser.conftest import Open
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_filter_becomes_a_view_and_several_reports_are_noted(open_page: Open) -> None:
    page = open_page("administrator")
    page.goto("/desk/reports?stage=open")
    tools = page.locator(".own-tools")
    tools.locator("summary").first.click()
    tools.get_by_label("نام نما").fill("گزارش‌های باز")
    page.keyboard.press("Enter")
    tab = page.locator("a[data-own-view][aria-current=page]")
    expect(tab).to_contain_text("گزارش‌های باز")
    # A column is added, and the view stays open.
    tools.locator("summary").last.click()
    tools.get_by_label("سن پرونده").check()
    tools.get_by_role("button", name="نمایش این ستون‌ها").click()
    expect(page.locator("thead th", has_text="سن پرونده")).to_be_visible()
    expect(tab).to_be_visible()
    # The bar appears with the first selected row.
    bar = page.locator("[data-bulk-bar]")
    expect(bar).to_be_hidden()
    boxes = page.locator("tbody input[type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(bar.locator("[data-selected-count]")).to_have_text("۲")
    bar.locator("[value=note]").click()
    page.locator("textarea[name=text]").fill("در محل دیده شد.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/kartable/bulk/result")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator(".page-h a.btn-primary").click()
    page.wait_for_url("**/desk/reports?stage=open")
    expect(tab).to_be_visible()
