"""The desk of reports: search, filters, history, statistics."""

import re
from datetime import timedelta

import pytest
from browser import desk
from browser.conftest import Open
from browser.people import number, persian
from browser.samples import close_report, send_report, who
from playwright.sync_api import Page, expect
from portal import Portal
from sqlalchemy import select

from civicportal.domain.cases.models import Rating

pytestmark = pytest.mark.browser
LIST, FIGURES = "/desk/reports", "/desk/reports/statistics"
#: What a list says it has, read without showing it.
HEAD_OF_LIST = """address => fetch(address).then(answer => answer.text()).then(text =>
    new DOMParser().parseFromString(text, 'text/html').querySelector('.page-h p').textContent)"""
UNIT = "معاونت خدمات شهری"
NOTE = "جوی کنار چاله گرفته است؛ لطفاً لای‌روبی شود."


def listed(page: Page) -> int:
    """Return how many reports the list says it has."""
    return number(page.locator(".page-h p").inner_text())


def figure(page: Page, title: str) -> int:
    """Return a number of the page of figures by what it counts."""
    return number(page.locator(f"a.fig-link[aria-label^='{title}:']").first.inner_text())


def satisfaction(page: Page) -> float:
    """Return the mean of the ratings that the citizens' home shows."""
    page.goto("/")
    text = page.locator(".figs > div", has_text="رضایت").locator("b").inner_text()
    return float(text.replace("٫", "."))


def mean(portal: Portal) -> float:
    """Return the mean of all ratings of the last 30 days."""
    with portal.site.work(write=False) as work:
        since = work.clock.now() - timedelta(days=30)
        stars = work.session.scalars(select(Rating.stars).where(Rating.updated_at > since)).all()
    return round(sum(stars) / len(stars), 1)


def test_search_and_filters_leave_what_fits(open_page: Open, code: str) -> None:
    page = open_page("observer")
    page.goto(LIST)
    everything = listed(page)
    page.locator("details.filter-box summary").click()
    page.locator("[name=status]").first.select_option(label="ثبت‌شده")
    page.locator("[name=category]").first.select_option(value="pothole")
    page.locator(".filter-box button.btn-primary").click()
    page.wait_for_url("**status=registered**")
    expect(page.locator(f"tbody a[href='/kartable/cases/{code}']")).to_be_visible()
    assert set(page.locator("tbody .pill:first-child").all_inner_texts()) - {"فوری"} == {"ثبت‌شده"}
    assert 0 < listed(page) < everything
    page.goto("/kartable")
    page.locator("[data-hotkey=Slash]").fill(persian(code))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/kartable/cases/{code}")


def test_each_step_stands_in_the_history(open_page: Open, code: str) -> None:
    roads, services = open_page("handler"), open_page("services")
    desk.open_case(roads, code)
    desk.take_step(roads, "start_review")
    desk.comment(roads, "کارشناس بازدید کرد.", public=True)
    desk.refer(roads, UNIT, NOTE)
    desk.open_case(services, code)
    desk.take_step(services, "start_action")
    history = services.locator("main ol.tl")
    for words in ("ثبت‌شده", "بررسی اولیه", "کارشناس بازدید کرد.", UNIT, NOTE, "در دست اقدام"):
        expect(history).to_contain_text(words)
    expect(history.locator("> li")).to_have_count(5)


def test_figures_are_their_lists_and_their_map(open_page: Open, code: str) -> None:
    page = open_page("observer")
    with page.expect_response(re.compile(r"/desk/reports/map\.json")) as answer:
        page.goto(f"{FIGURES}?period=all")
    assert answer.value.json()["total"], "the map shows reports"
    districts = page.locator("[data-map-numbers] tbody a")
    expect(districts.first).to_be_visible()
    numbers = {
        str(link.get_attribute("href")): number(link.text_content() or "")
        for link in page.locator("main a.fig-link, [data-map-numbers] tbody a").all()
    }
    assert len(numbers) > 10
    on_the_map = sum(number(text) for text in districts.all_inner_texts())
    assert page.request.get("/desk/reports/map.json").json()["total"] == on_the_map <= numbers[LIST]
    for stage in ("open", "done", "rejected"):
        shown = page.request.get(f"/desk/reports/map.json?stage={stage}").json()["total"]
        assert shown <= numbers[f"{LIST}?stage={stage}"]
    for address, shown_number in numbers.items():
        assert number(page.evaluate(HEAD_OF_LIST, address)) == shown_number, address


def test_satisfaction_and_objections_show_in_the_figures(portal: Portal, open_page: Open) -> None:
    with portal.site.work() as work:
        citizen, officer = who(work, "citizen"), who(work, "handler")
    code = send_report(portal, citizen)
    close_report(portal, officer, code)
    observer, page = open_page("observer"), open_page("citizen")
    observer.goto(FIGURES)
    before = figure(observer, "بررسی‌شده"), figure(observer, "در حال بررسی")
    page.goto(f"/my/{code}")
    page.locator("#rating label", has=page.locator("[value='1']")).click()
    page.locator("#rating [name=words]").fill("هنوز گود است.")
    page.locator("#rating button.btn-primary").click()
    expect(page.locator("#rating .notice.good")).to_be_visible()
    desk.open_case(observer, code)
    expect(observer.locator("section[aria-labelledby=rating-title]")).to_contain_text("هنوز گود است.")
    assert satisfaction(open_page()) == mean(portal)
    page.locator("details:has([name=reason]) summary").click()
    page.locator("[name=reason]").fill("چاله دوباره باز شده است.")
    page.locator("details:has([name=reason]) button[type=submit]").click()
    expect(page.locator("#rating")).to_have_count(0)
    observer.goto(FIGURES)
    after = figure(observer, "بررسی‌شده"), figure(observer, "در حال بررسی")
    assert after == (before[0] - 1, before[1] + 1)
