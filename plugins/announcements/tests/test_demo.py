"""Announcements of the demo, generated from a file."""

import shutil
from datetime import timedelta

import pytest
from civicportal_announcements import demo
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.broadcasts import BroadcastService
from civicportal_announcements.services import PostService

from civicportal.testing import NOON, make_citizen, outbox

FILE = """
[[announcements]]
title = "تازه‌ترین"
body = "متن تازه‌ترین اطلاعیه"
pictures = [{ file = "photo.png", alt = "تصویر نمونه", caption = "شرح" }]

[[announcements]]
title = "برنامه"
body = "متن برنامهٔ آینده"
starts_in_days = 3
ends_in_days = 5

[[announcements]]
title = "گذشته"
body = "متن اطلاعیهٔ گذشته"
ends_in_days = -1

[[announcements]]
title = "پیش‌نویس"
body = "متن پیش‌نویس اطلاعیه"
draft = true

[[announcements]]
title = "دور ریخته"
body = "متن اطلاعیهٔ حذف‌شده"
deleted = true

[broadcast]
text = "شهروندان گرامی، مراقب بارندگی باشید."
asked = 2
days_ago = 12
"""


@pytest.fixture
def files(desk, tmp_path):
    (tmp_path / "announcements.toml").write_text(FILE, encoding="utf-8")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/photo.png").write_bytes(desk.picture_bytes())
    return tmp_path


def load(desk, files):
    steps = []
    demo.load(desk.site, files, lambda done, total: steps.append((done, total)))
    return steps


def test_shows_every_state_and_the_newest_first(desk, files):
    assert load(desk, files) == [(number, 5) for number in range(1, 6)]
    with desk.site.work(write=False) as work:
        board = work.get(AnnouncementReader)
        shown = {
            view: [post.title for post in board.desk(view, "", 1, 9).posts]
            for view in ("board", "ended", "draft", "deleted")
        }
        (live,), _count = board.first(9)
        (picture,) = board.pictures([live])[live.id]
    assert shown == {
        "board": ["تازه‌ترین", "برنامه"],
        "ended": ["گذشته"],
        "draft": ["پیش‌نویس"],
        "deleted": ["دور ریخته"],
    }
    assert (picture.alt, picture.caption) == ("تصویر نمونه", "شرح")
    assert desk.site.storage.exists(f"{picture.key}.medium")


def test_the_deleted_one_is_not_erased_at_once(desk, files):
    load(desk, files)
    with desk.site.work() as work:
        assert work.get(PostService).erase() == ([], False)


def test_a_text_went_to_those_who_had_asked(desk, files):
    with desk.site.work() as work:
        mobiles = [make_citizen(work, f"+98900000000{number}").mobile for number in (1, 2, 3)]
    load(desk, files)
    assert desk.site.clock.now() == NOON
    with desk.site.work(write=False) as work:
        service = work.get(BroadcastService)
        (broadcast,) = service.latest()
        assert broadcast.filled_at
        assert NOON - broadcast.created_at > timedelta(days=11)
        assert {message.recipient for message in outbox(work)} == {"+989000009999", mobiles[0]}


def test_without_the_file_there_is_none(desk, files):
    shutil.rmtree(files)
    assert load(desk, files) == []
