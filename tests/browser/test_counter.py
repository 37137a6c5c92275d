"""Registration of a report for a caller, and tracking it."""

import pytest
from browser import counter
from browser.conftest import Open
from browser.people import DESKTOP, PHONE, VISITOR, Screen, persian, sign_in_citizen, wait_for_message
from browser.wizard import WORDS
from playwright.sync_api import expect
from portal import Portal
from sqlalchemy import select

from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.models import OutboxMessage

pytestmark = pytest.mark.browser
MOBILE = "09000000791"


def test_a_caller_with_a_mobile(portal: Portal, open_page: Open) -> None:
    officer = open_page("public_relations", DESKTOP)
    officer.goto("/kartable")
    officer.keyboard.press("n")
    menu = officer.locator("[data-menu]")
    expect(menu.locator("a").first).to_be_visible()
    officer.keyboard.press("Escape")
    expect(menu.locator("a").first).to_be_hidden()

    counter.fill_in(officer)
    officer.locator("[name=mobile]").fill(persian(MOBILE))
    officer.locator("[name=name]").fill("رحیم آذر")
    [code] = counter.send(officer)
    assert MOBILE not in officer.content()

    with portal.site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        rows = work.session.scalars(select(OutboxMessage).where(OutboxMessage.case_id == case.id)).all()
        assert [row.kind for row in rows] == ["reports.registered"]
        assert case.source == "phone"
    citizen = open_page(VISITOR, PHONE)
    wait_for_message(citizen, MOBILE, code, seen=[])
    sign_in_citizen(citizen, MOBILE)
    citizen.goto(f"/my/{code}")
    expect(citizen.locator("main")).to_contain_text(WORDS)

    handler = open_page("administrator", DESKTOP)
    handler.goto(f"/kartable/cases/{code}")
    expect(handler.locator(".tl")).to_contain_text("ثبت تلفنی")


def test_a_caller_without_one(open_page: Open, screen: Screen) -> None:
    officer = open_page("public_relations", screen)
    counter.fill_in(officer)
    officer.locator("label", has=officer.locator("[name=source][value=counter]")).click()
    code, pin = counter.send(officer)

    visitor = open_page(VISITOR, screen)
    visitor.goto("/track")
    visitor.locator("main [name=code]").fill(persian(code))
    visitor.locator("main [name=proof]").fill(persian(pin))
    visitor.locator("main form button.btn-primary").click()
    visitor.wait_for_url(f"**/track/{code}")


def test_organisations_are_asked_for_more(open_page: Open) -> None:
    page = open_page("office_manager", DESKTOP)
    page.goto("/desk/meetings/new")
    expect(page.locator("[name=organization]")).to_be_hidden()
    page.locator("label", has=page.locator("[name=party][value=legal]")).click()
    expect(page.locator("[name=organization]")).to_be_visible()
