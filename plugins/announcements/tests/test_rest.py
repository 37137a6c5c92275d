"""Announcements for other software: what citizens read, and nothing else."""

from datetime import timedelta

import pytest

DAY = timedelta(days=1)
LIST = "/api/v1/announcements"


def titles(answer):
    return [item["title"] for item in answer.json["items"]]


@pytest.fixture
def shelf(desk, clock):
    """One announcement of each state, by its state."""
    now = clock.now()
    return {
        "live": desk.put_up("روی تابلو", pictures=(desk.picture("مخروط ایمنی", caption="بلوار"),)),
        "scheduled": desk.put_up("فردا", starts_at=now + DAY),
        "ended": desk.put_up("گذشته", starts_at=now - 2 * DAY, ends_at=now - DAY),
        "draft": desk.put_up("پیش‌نویس", publish=False),
    }


def test_the_lists_have_what_citizens_may_read(app, shelf):
    live = app.get(LIST)
    assert titles(live) == ["روی تابلو"]
    assert titles(app.get(f"{LIST}?state=ended")) == ["گذشته"]
    [item] = live.json["items"]
    [picture] = item["pictures"]
    assert (picture["alt"], picture["caption"]) == ("مخروط ایمنی", "بلوار")
    app.get(picture["url"], status=200)
    assert "روی تابلو" in app.get(item["url"], status=200)
    assert item["body"].startswith("<p>")


def test_one_is_shown_while_it_is_or_was_public(app, shelf):
    assert app.get(f"{LIST}/{shelf['live']}").json["title"] == "روی تابلو"
    assert app.get(f"{LIST}/{shelf['ended']}").json["ends_at"]
    for state in ("scheduled", "draft"):
        assert app.get(f"{LIST}/{shelf[state]}", status=404).content_type == "application/problem+json"


def test_pages_follow_one_another(desk, app):
    for number in range(5):
        desk.put_up(f"خبر {number}")
    found, path = [], f"{LIST}?limit=2"
    while path:
        page = app.get(path)
        found += titles(page)
        path = f"{LIST}?limit=2&cursor={page.json['next']}" if page.json["next"] else ""
    assert found == [f"خبر {number}" for number in (4, 3, 2, 1, 0)]
    app.get(f"{LIST}?cursor=x", status=400)
