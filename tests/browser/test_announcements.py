"""Announcements: editing by officers, display to citizens, SMS to subscribers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import announcements
from browser.conftest import Open
from browser.people import CITIZENS, VISITOR, Screen, messages, persian, wait_for_message
from browser.samples import who
from civicportal_announcements.models import Post
from playwright.sync_api import expect
from portal import Portal
from sqlalchemy import delete

from civicportal.api.notifications import PreferenceService

pytestmark = pytest.mark.browser
OWN = "آزمایش"


@pytest.fixture(autouse=True)
def own_board(portal: Portal) -> Iterator[None]:
    """Leave the board as it was to the next test."""
    yield
    with portal.site.work() as work:
        work.session.execute(delete(Post).where(Post.title.startswith(OWN)))


@pytest.fixture
def photo(portal: Portal) -> Path:
    """Return a picture of 960 × 540."""
    return Path(portal.site.data) / "demo/photos/ann_tree.jpg"


def test_an_officer_puts_up_a_picture_and_citizens_see_it(
    open_page: Open, screen: Screen, photo: Path
) -> None:
    officer, visitor = open_page("public_relations", screen), open_page(VISITOR, screen)
    title = f"{OWN} درختکاری"
    announcements.write(officer, title, photo)
    if not screen.touch:
        expect(officer.locator("[data-preview-words] strong")).to_have_text("پارک ساحلی")
    area = officer.locator("[data-picture] [data-focus-area]")
    area.click(position={"x": 4, "y": 4})
    expect(area).to_have_class(re.compile("focus-x-0 focus-y-0"))
    announcements.send(officer, "publish")
    assert title in announcements.on_home(visitor)
    card = visitor.locator(".board-track a", has_text=title)
    card.scroll_into_view_if_needed()
    image = card.locator("img")
    expect(image).to_have_attribute("alt", announcements.ALT)
    assert (
        image.evaluate("image => image.decode().then(() => getComputedStyle(image).objectPosition)")
        == "0% 0%"
    )
    card.click()
    expect(visitor.locator("article .prose li")).to_have_count(2)


def test_without_a_script_the_form_comes_back_to_describe_the_picture(
    open_page: Open, screen: Screen, photo: Path
) -> None:
    officer = open_page("public_relations", screen, java_script_enabled=False)
    officer.goto("/desk/announcements/new")
    officer.locator("[name=title]").fill(f"{OWN} بی‌اسکریپت")
    officer.locator("[name=body]").fill(announcements.BODY)
    officer.locator("[name=image_key_files]").set_input_files(photo)
    officer.locator("[name=action][value=pictures]").click()
    officer.locator("[name^=alt_]").fill(announcements.ALT)
    officer.locator("[name=action][value=preview]").click()
    expect(officer.locator("#shown strong")).to_have_text("پارک ساحلی")
    expect(officer.locator("[name^=alt_]")).to_have_value(announcements.ALT)
    announcements.send(officer, "publish")
    visitor = open_page(VISITOR, screen, java_script_enabled=False)
    assert f"{OWN} بی‌اسکریپت" in announcements.on_home(visitor)


def test_a_refused_file_is_told_beside_those_that_are_taken(
    open_page: Open, photo: Path, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_bytes(b"no picture at all")
    officer = open_page("public_relations")
    officer.goto("/desk/announcements/new")
    with officer.expect_response(lambda answer: answer.url.endswith("/uploads") and not answer.ok):
        officer.locator("[data-photo-input]").set_input_files([letter, photo])
    expect(officer.locator("[data-picture]")).to_have_count(1)
    status = officer.locator("[data-photo-status]")
    expect(status).to_have_class(re.compile(r"\berr\b"))
    expect(status).to_contain_text("JPEG")
    officer.locator("[data-photo-input]").set_input_files(photo)
    expect(officer.locator("[data-picture]")).to_have_count(2)
    expect(status).to_be_empty()


def test_an_officer_plans_orders_changes_and_deletes(open_page: Open) -> None:
    officer, visitor = open_page("public_relations"), open_page(VISITOR)
    first, second, later = f"{OWN} یکم", f"{OWN} دوم", f"{OWN} بعدی"
    for title in (first, second):
        announcements.write(officer, title)
        announcements.send(officer, "publish")
    announcements.write(officer, later)
    officer.locator("[name=start_day]").fill(persian("1499/01/01"))
    announcements.send(officer, "publish")
    expect(announcements.row(officer, later).locator(".pill.review")).to_be_visible()

    def own() -> list[str]:
        return [title for title in announcements.on_home(visitor) if title.startswith(OWN)]

    assert own() == [second, first]
    announcements.row(officer, second).locator("[name=way][value=down]").click()
    officer.wait_for_url("**#post-*")
    assert own() == [first, second]
    announcements.row(officer, second).locator("[name=pinned]").click()
    officer.wait_for_load_state()
    assert own() == [second, first]
    announcements.row(officer, first).locator("a.item-link").click()
    officer.locator("[name=title]").fill(f"{OWN} سوم")
    announcements.send(officer, "publish")
    assert own() == [second, f"{OWN} سوم"]
    announcements.row(officer, second).locator("form[action$=delete] button").click()
    undo = officer.locator(".toast-x form button")
    expect(undo).to_be_visible()
    assert own() == [f"{OWN} سوم"]
    undo.click()
    expect(announcements.row(officer, second)).to_be_visible()
    assert own() == [second, f"{OWN} سوم"]


def test_two_officers_at_one_form_lose_nothing(open_page: Open) -> None:
    faster, slower = open_page("public_relations"), open_page("administrator")
    announcements.write(faster, f"{OWN} همزمان")
    announcements.send(faster, "publish")
    address = announcements.row(faster, f"{OWN} همزمان").locator("a.item-link").get_attribute("href")
    assert address
    for page in (faster, slower):
        page.goto(address)
    faster.locator("[name=summary]").fill("از یکی")
    announcements.send(faster, "publish")
    slower.locator("[name=summary]").fill("از دیگری")
    slower.locator("[name=action][value=publish]").click()
    expect(slower.locator("#merge-title")).to_be_visible()
    expect(slower.locator("[name=summary]")).to_have_value("از دیگری")
    slower.locator(".notice details summary").click()
    expect(slower.locator(".notice details")).to_contain_text("از یکی")


def test_the_board_goes_on_by_button_and_by_key(open_page: Open, screen: Screen) -> None:
    page = open_page(VISITOR, screen)
    page.goto("/")
    track = page.locator(".board-track")
    track.scroll_into_view_if_needed()
    first, fourth = track.locator(".ann").first, track.locator(".ann").nth(3)
    expect(first).to_be_in_viewport()
    expect(fourth).not_to_be_in_viewport(ratio=0.1)
    for _screenful in range(1 if not screen.touch else 4):
        page.locator("[data-board=next]").click()
    expect(fourth).to_be_in_viewport()
    expect(first).not_to_be_in_viewport(ratio=0.1)
    for _screenful in range(4):
        page.locator("[data-board=previous]").click()
    expect(first).to_be_in_viewport()
    track.focus()
    for _press in range(4):
        page.keyboard.press("ArrowLeft")
    expect(first).not_to_be_in_viewport(ratio=0.1)


def test_who_asked_for_announcements_gets_one_by_sms(portal: Portal, open_page: Open) -> None:
    mobile = CITIZENS["neighbour"]
    with portal.site.work() as work:
        person = who(work, "neighbour").user_id
        assert person
        work.get(PreferenceService).change(person, broadcasts=True)
    officer = open_page("public_relations")
    seen = messages(officer, mobile)
    officer.goto("/desk/announcements/broadcasts/new")
    officer.locator("[name=text]").fill("فردا از ساعت ۸ تا ۱۴ آب خیابان سعدی قطع است.")
    officer.locator("main form button.btn-primary").click()
    number = officer.locator(".sum-up b").first.inner_text()
    officer.locator("[name=number]").fill(number)
    officer.locator("[name=action][value=send]").click()
    expect(officer.locator("[data-watched]")).to_be_visible()
    text = wait_for_message(officer, mobile, "خیابان سعدی", seen=seen)
    assert text.count("لغو11") == 1
    expect(officer.locator("[data-watched] .pill.done")).to_be_visible(timeout=60_000)
    expect(officer.locator("[data-watched] .sum-up b").first).to_have_text(number)
