"""Members in the browser: create and grant a role, join, leave."""

import re

import pytest
from browser.conftest import Open
from browser.pages.admin import prove
from browser.people import CAREFUL, DESKTOP, RECOVERY_CODES, STAFF, VISITOR, Screen, enter_code, messages
from browser.samples import send_report, set_up_app, who
from playwright.sync_api import Page, expect
from portal import Portal
from sqlalchemy import select

from civicportal.domain.accounts.models import User

pytestmark = pytest.mark.browser
NAME, PASSWORD = "لیلا بازرسی", "چنار کهن کنار جوی"
MOBILES = iter(range(788, 799))


@pytest.fixture
def boss(open_page: Open, screen: Screen) -> Page:
    """Return the browser of an administrator who has just shown the password."""
    page = open_page("administrator", screen)
    prove("/admin/roles/new", page)
    return page


def make_role(page: Page, title: str) -> None:
    """Make a role that may look at reports and nothing else."""
    prove("/admin/roles/new", page)
    page.locator("[name=title]").fill(title)
    page.locator("form:has([name=title]) button.btn-primary").click()
    page.locator("[value='reports:case:view']").check()
    page.locator("form:has([name=permissions]) button.btn-primary").click()
    expect(page.locator("main .list-x")).to_contain_text(title)


def invite(page: Page, title: str, username: str, mobile: str) -> str:
    """Invite a person with a role in one unit and return the link."""
    prove("/admin/members/invite", page)
    page.locator("[name=name]").fill(NAME)
    page.locator("[name=username]").fill(username)
    page.locator("[name=mobile]").fill(mobile)
    page.locator("[name=role]").select_option(label=title)
    unit = page.locator("[name=unit] option", has_text="معاونت فنی و عمرانی").first
    page.locator("[name=unit]").select_option(value=unit.get_attribute("value"))
    page.locator("form:has([name=role]) button.btn-primary").click()
    return page.locator("#link").input_value()


def join(page: Page, link: str, mobile: str) -> None:
    """Prove the mobile behind a link, choose a password and come in."""
    seen = messages(page, mobile)
    page.goto(link)
    page.locator("main form button.btn-primary").click()
    page.locator("[name=new]").fill(PASSWORD)
    page.locator("[name=again]").fill(PASSWORD)
    enter_code(page, mobile, seen)
    page.wait_for_url("**/desk")


def test_a_role_made_in_the_browser_is_what_its_holder_sees(
    portal: Portal, open_page: Open, boss: Page, screen: Screen
) -> None:
    number = next(MOBILES)
    mobile, username, title = f"09000000{number}", f"inspector{number}", f"بازرس {number}"
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    code = send_report(portal, neighbour)
    make_role(boss, title)
    newcomer = open_page(VISITOR, screen)
    join(newcomer, invite(boss, title, username, mobile), mobile)
    newcomer.goto("/desk/reports")
    expect(newcomer.locator("h1")).to_be_visible()
    assert newcomer.locator(".side-link[href^='/admin']").count() == 0
    newcomer.goto(f"/kartable/cases/{code}")
    expect(newcomer.locator("h1")).to_be_visible()
    assert newcomer.locator("[data-step-choice]").count() == 0, "who may only look has no steps"
    for path in ("/admin/members", "/admin/roles"):
        answer = newcomer.goto(path)
        assert answer
        assert answer.status == 403
    member = member_path(portal, username)
    prove(f"{member}/disable", boss)
    boss.locator("form:has([name=way]) button.btn-primary").click()
    boss.wait_for_url(f"**{member}")
    newcomer.goto("/kartable")
    expect(newcomer).to_have_url(re.compile("/staff/login"))


def test_the_heads_of_the_matrix_stay_in_sight(open_page: Open, screen: Screen) -> None:
    page = open_page("administrator", screen)
    page.goto("/admin/roles")
    region = page.locator("[role=region]:has(.matrix)")
    page.locator(".matrix tbody tr").last.scroll_into_view_if_needed()
    assert region.evaluate("region => region.scrollTop") > 0
    top = region.bounding_box()
    head = page.locator(".matrix thead th").first.bounding_box()
    assert top
    assert head
    assert abs(head["y"] - top["y"]) <= 1


def member_path(portal: Portal, username: str) -> str:
    """Return the address of a member's page."""
    with portal.site.work(write=False) as work:
        number = work.session.scalars(select(User.id).where(User.username == username)).one()
    return f"/admin/members/{number}"


def test_open_cases_go_to_a_colleague(portal: Portal, open_page: Open) -> None:
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    code = send_report(portal, neighbour)
    officer = open_page("handler")
    officer.goto(f"/kartable/cases/{code}")
    officer.locator("form[action$='/take'] button").first.click()
    boss = open_page("administrator", DESKTOP)
    path = f"{member_path(portal, STAFF['handler'][0])}/transfer"
    prove(path, boss)
    boss.locator("[name=way][value=colleague]").check()
    boss.locator("[name=heir]").select_option(index=1)
    boss.locator("[name=note]").fill("مرخصی یک‌ماهه")
    boss.locator("form:has([name=way]) button.btn-primary").click()
    expect(boss.locator("[data-toasts]")).to_contain_text("به همکار")
    boss.goto(f"/kartable/cases/{code}")
    expect(boss.locator(".tl")).to_contain_text("مرخصی یک‌ماهه")


def test_a_forgotten_password_without_javascript(portal: Portal, open_page: Open) -> None:
    set_up_app(portal)
    username, mobile = CAREFUL
    page = open_page(VISITOR, DESKTOP, java_script_enabled=False)
    seen = messages(page, mobile)
    page.goto("/staff/login")
    page.get_by_role("link", name="گذرواژه را فراموش کرده‌اید؟").click()
    page.locator("[name=username]").fill(username)
    page.locator("[name=mobile]").fill(mobile)
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    enter_code(page, mobile, seen)
    page.get_by_role("link", name="کد بازیابی").click()
    page.locator("[name=code]").fill(RECOVERY_CODES[0])
    page.locator("form:has([name=code]) button.btn-primary").click()
    page.locator("[name=new]").fill(PASSWORD)
    page.locator("[name=again]").fill(PASSWORD)
    page.locator("form:has([name=new]) button.btn-primary").click()
    page.wait_for_url("**/desk")
