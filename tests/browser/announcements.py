"""Announcements that the tests start from, and what an officer does in their form."""

from datetime import timedelta
from pathlib import Path

from civicportal_announcements.broadcasts import BroadcastService
from civicportal_announcements.models import Broadcast
from civicportal_announcements.services import AnnouncementContent, PostService
from playwright.sync_api import Locator, Page, expect
from portal import Portal
from sqlalchemy import select

from civicportal.api.people import Identity

BODY = "## برنامه\n\nجمعه از ساعت ۹ در **پارک ساحلی**:\n\n- کاشت نهال\n- ورود رایگان"
ALT = "درختان بوستان زیر آسمان"


def facts(portal: Portal, officer: Identity) -> dict[str, str]:
    """Return a current and an expired announcement, and a broadcast."""
    with portal.site.work(actor=officer) as work:
        service, now = work.get(PostService), work.clock.now()
        post = service.create(AnnouncementContent(title="کاشت نهال", body=BODY), publish=True)
        over = AnnouncementContent(
            title="جشنوارهٔ پاییز", body=BODY, starts_at=now - timedelta(days=9), ends_at=now
        )
        ended = service.create(over, publish=True)
        broadcast = work.session.scalars(select(Broadcast).order_by(Broadcast.id)).first()
        assert broadcast
        assert work.get(BroadcastService).progress(broadcast).phase == "finished"
        return {"post": str(post.id), "ended_post": str(ended.id), "broadcast": str(broadcast.id)}


def write(page: Page, title: str, photo: Path | None = None) -> None:
    """Fill in the form of a new announcement, with a picture if there is one."""
    page.goto("/desk/announcements/new")
    page.locator("[name=title]").fill(title)
    page.locator("[name=body]").fill(BODY)
    if photo:
        page.locator("[data-photo-input]").set_input_files(photo)
        page.locator("[data-picture] [name^=alt_]").fill(ALT)


def send(page: Page, action: str) -> None:
    """Press a button of the form and wait for the list."""
    page.locator(f"[name=action][value={action}]").click()
    expect(page.locator(".toast-x").first).to_be_visible()


def row(page: Page, title: str) -> Locator:
    """Return the row of an announcement in the officers' list."""
    return page.locator(".ann-rows > li", has_text=title)


def on_home(page: Page) -> list[str]:
    """Open the citizens' home and return the titles of the board, in their order."""
    page.goto("/")
    return [text.strip() for text in page.locator(".board-track h3").all_inner_texts()]
