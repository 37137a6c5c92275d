"""Writing announcements: rights, versions, order, pictures, taking away and erasing."""

from datetime import timedelta

import pytest
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.jobs import erase_deleted
from civicportal_announcements.models import Post, PostImage
from civicportal_announcements.services import AnnouncementContent, PostService
from civicportal_announcements.states import state_of
from sqlalchemy import JSON, select, text

from civicportal.api.cases import Attachment
from civicportal.api.database import Work
from civicportal.api.plugins import Conflict, Forbidden, NotFound, Refused

pytestmark = pytest.mark.both_databases


def titles(site, most=20):
    with site.work(write=False) as work:
        return [post.title for post in work.get(AnnouncementReader).first(most)[0]]


def content(title="تازه", **more):
    return AnnouncementContent(**{"title": title, "body": "متن تازهٔ اطلاعیه", **more})


class TestRights:
    def test_a_writer_keeps_drafts_and_publishes_nothing(self, desk):
        draft = desk.put_up(publish=False, by=desk.writer)
        with pytest.raises(Forbidden):
            desk.put_up(by=desk.writer)
        with pytest.raises(Forbidden):
            desk.act("update", draft, content(), version=1, publish=True, by=desk.writer)

    def test_a_writer_leaves_what_is_published_alone(self, desk):
        post = desk.put_up()
        for step in (("delete",), ("move", "up"), ("pin", True)):
            with pytest.raises(Forbidden):
                desk.act(step[0], post, *step[1:], by=desk.writer)
        with pytest.raises(Forbidden):
            desk.act("update", post, content(), version=1, by=desk.writer)
        assert desk.post(post).title == "اطلاعیه"


class TestWriting:
    def test_publishing_without_a_start_begins_now(self, desk, clock):
        draft = desk.put_up(publish=False)
        assert desk.post(draft).starts_at is None
        clock.advance(hours=2)
        desk.act("update", draft, content(), version=1, publish=True)
        assert desk.post(draft).starts_at == clock.now()
        assert state_of(desk.post(draft), clock.now()) == "live"

    def test_a_slower_officer_loses_nothing_of_the_faster_one(self, desk):
        post = desk.put_up()
        desk.act("update", post, content("یکم"), version=1, publish=True)
        with pytest.raises(Conflict):
            desk.act("update", post, content("دوم"), version=1, publish=True)
        assert desk.post(post).title == "یکم"
        assert desk.post(post).version == 2

    def test_a_pin_set_on_the_list_is_not_lost_to_an_open_form(self, desk):
        post = desk.put_up()
        desk.act("pin", post, True)
        with pytest.raises(Conflict):
            desk.act("update", post, content(), version=1, publish=True)
        assert desk.post(post).pinned
        desk.act("pin", post, True)
        assert desk.post(post).version == 2

    def test_a_deleted_announcement_is_a_conflict(self, desk):
        post = desk.put_up()
        desk.act("delete", post)
        with pytest.raises(Conflict):
            desk.act("update", post, content(), version=1, publish=True)

    def test_search_folds_spellings(self, desk, site):
        desk.put_up("قطع آب در خيابان سعدي", summary="کوتاه‌مدت")
        desk.put_up("چیز دیگر")
        with site.work(write=False) as work:
            board = work.get(AnnouncementReader)
            for words in ("خیابان", "كوتاه مدت", "اب سعدی"):
                assert [post.title[:3] for post in board.desk("board", words, 1, 10).posts] == ["قطع"]
            assert board.desk("board", "٪ 100% _", 1, 10).posts == []


class TestOrder:
    def test_the_newest_stands_first_and_the_pinned_before_it(self, desk, site):
        for name in "الف", "ب", "پ":
            desk.put_up(f"عنوان {name}", pinned=name == "الف")
        assert titles(site) == ["عنوان الف", "عنوان پ", "عنوان ب"]

    def test_moving(self, desk, site):
        first, second, third = (desk.put_up(name * 3) for name in "abc")
        desk.act("move", third, "down")
        assert titles(site) == ["bbb", "ccc", "aaa"]
        desk.act("move", first, "up")
        assert titles(site) == ["bbb", "aaa", "ccc"]
        desk.act("move", second, "up")
        desk.act("move", third, "down")
        assert titles(site) == ["bbb", "aaa", "ccc"]

    def test_the_scheduled_have_their_place_too_and_the_others_none(self, desk, site, clock):
        tomorrow = clock.now() + timedelta(days=1)
        desk.put_up("aaa")
        later = desk.put_up("bbb", starts_at=tomorrow)
        desk.put_up("draft", publish=False)
        top = desk.put_up("ccc")
        desk.act("move", top, "down")
        assert titles(site) == ["ccc", "aaa"]
        desk.act("move", later, "down")
        clock.advance(days=2)
        assert titles(site) == ["ccc", "bbb", "aaa"]

    def test_equal_weights_are_told_apart(self, desk, site):
        ids = [desk.put_up(name * 3) for name in "abc"]
        with site.work() as work:
            for post in work.session.scalars(select(Post)):
                post.weight = 1
        desk.act("move", ids[0], "up")
        assert titles(site) == ["ccc", "aaa", "bbb"]

    def test_pinning_moves_between_the_groups(self, desk, site):
        first, second = desk.put_up("aaa"), desk.put_up("bbb")
        desk.act("pin", first, True)
        assert titles(site) == ["aaa", "bbb"]
        desk.act("move", second, "up")
        assert titles(site) == ["aaa", "bbb"]
        desk.act("pin", first, False)
        assert titles(site) == ["bbb", "aaa"]


class TestPictures:
    def shown(self, desk, post):
        with desk.site.work(write=False) as work:
            return work.get(AnnouncementReader).pictures([work.get(PostService).fetch(post)])[post]

    def test_are_kept_in_their_order_with_their_words(self, desk):
        pictures = tuple(desk.picture(f"تصویر {name}", focus_x=20) for name in "ab")
        post = desk.put_up(pictures=pictures)
        found = self.shown(desk, post)
        assert [(p.key, p.alt, p.focus_x) for p in found] == [(p.key, p.alt, 20) for p in pictures]
        assert (found[0].width, found[0].height) == (960, 540)

    def test_change_places_come_and_go(self, desk):
        first, second = desk.picture("یکم"), desk.picture("دوم")
        post = desk.put_up(pictures=(first, second))
        third = desk.picture("سوم")
        taken = content(pictures=(third, second))
        desk.act("update", post, taken, version=1, publish=True, owner=desk.owner)
        assert [p.alt for p in self.shown(desk, post)] == ["سوم", "دوم"]
        with desk.site.work(write=False) as work:
            assert work.session.scalar(select(Attachment.id).where(Attachment.key == first.key)) is None

    def test_of_another_person_are_not_taken(self, desk):
        picture = desk.picture()
        with pytest.raises(Refused), desk.site.work(actor=desk.officer) as work:
            work.get(PostService).create(content(pictures=(picture,)), owner="another browser")

    def test_belong_to_one_announcement(self, desk):
        picture = desk.picture()
        desk.put_up(pictures=(picture,))
        with pytest.raises(Refused):
            desk.put_up(pictures=(picture,))


class TestTakingAway:
    def test_a_deleted_one_is_hidden_and_comes_back_as_it_was(self, desk, site):
        post = desk.put_up("aaa")
        desk.act("delete", post)
        assert titles(site) == []
        with pytest.raises(NotFound), site.work(write=False) as work:
            work.get(AnnouncementReader).readable(post)
        desk.act("restore", post)
        assert titles(site) == ["aaa"]

    def test_after_a_month_rows_go_and_then_files(self, desk, site, clock):
        picture, kept = desk.picture(), desk.picture()
        gone, stays = desk.put_up(pictures=(picture,)), desk.put_up(pictures=(kept,))
        desk.act("delete", gone)
        clock.advance(days=29)
        erase_deleted(site)
        assert desk.post(gone).deleted_at
        clock.advance(days=2)
        erase_deleted(site)
        with pytest.raises(NotFound):
            desk.post(gone)
        assert sorted(site.storage.keys()) == sorted([kept.key, f"{kept.key}.small", f"{kept.key}.medium"])
        with site.work(write=False) as work:
            assert work.session.scalars(select(PostImage.post_id)).all() == [stays]
            assert work.session.scalars(select(Attachment.key)).all() == [kept.key]

    def test_a_kill_between_rows_and_files_leaves_files_that_the_sweep_finds(self, desk, site, clock):
        picture = desk.picture()
        post = desk.put_up(pictures=(picture,))
        desk.act("delete", post)
        clock.advance(days=31)
        with site.work() as work:
            work.get(PostService).erase()
        assert set(site.storage.keys()) == {picture.key, f"{picture.key}.small", f"{picture.key}.medium"}
        with site.work(write=False) as work:
            assert work.session.scalar(select(Attachment.id)) is None


class TestEvents:
    def test_a_publication_is_told_to_other_software_once(self, desk, monkeypatch):
        told = []
        monkeypatch.setattr(Work, "publish", lambda _work, event, **about: told.append((event, about)))
        draft = desk.put_up(publish=False)
        desk.act("update", draft, content("باز است"), version=1, publish=True)
        desk.act("update", draft, content("باز بود"), version=2, publish=True)
        [(event, about)] = told
        assert (event, about["subject"]) == ("announcements.published", f"/announcements/{draft}")
        assert about["data"]["title"] == "باز است"

    def test_the_trail_names_what_was_published_and_withdrawn(self, desk, site):
        at_once = desk.put_up("باز است")
        later = desk.put_up("پیش‌نویس", publish=False)
        desk.act("update", later, content("بسته است"), version=1, publish=True)
        desk.act("update", later, content("باز شد"), version=2)
        rows = text("select action, data from audit_events where action like 'announcement:%' order by id")
        with site.work(write=False) as work:
            found = work.session.execute(rows.columns(data=JSON)).all()
        assert [(action, data["post"], data["title"]) for action, data in found] == [
            ("announcement:publish", at_once, "باز است"),
            ("announcement:publish", later, "بسته است"),
            ("announcement:unpublish", later, "باز شد"),
        ]
