"""What everybody sees: the board on the home, the list, an announcement, its pictures, the feeds."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import fromstring

import feedparser
import pytest
from bs4 import BeautifulSoup
from civicportal_announcements.board import AnnouncementReader

DAY = timedelta(days=1)
ATOM = "/announcements/feed.xml"
RSS = "/announcements/rss.xml"


@pytest.fixture
def shelf(desk, clock):
    """One announcement of each state, by its state."""
    now = clock.now()
    return {
        "live": desk.put_up(
            "روی تابلو", pictures=(desk.picture("مخروط ایمنی", caption="بلوار", focus_x=83),)
        ),
        "scheduled": desk.put_up("فردا", starts_at=now + DAY, pictures=(desk.picture(),)),
        "ended": desk.put_up("گذشته", starts_at=now - 2 * DAY, ends_at=now - DAY, pictures=(desk.picture(),)),
        "draft": desk.put_up("پیش‌نویس", publish=False, pictures=(desk.picture(),)),
    }


def titles(page):
    return [title.text.strip() for title in page.html.select(".ann .h-card")]


class TestHome:
    def test_the_board_shows_what_is_live_the_pinned_first(self, desk, app, shelf):
        desk.put_up("سنجاق", pinned=True)
        desk.put_up("تازه‌ترین")
        board = app.get("/").html.select_one(".board-track")
        assert [title.text.strip() for title in board.select(".h-card")] == ["سنجاق", "تازه‌ترین", "روی تابلو"]

    def test_the_home_names_the_feed_even_while_the_board_is_empty(self, desk, app):
        head = app.get("/", status=200).html.head
        assert {link["type"]: link["href"] for link in head.select("link[rel=alternate]")} == {
            "application/atom+xml": ATOM,
            "application/rss+xml": RSS,
        }

    def test_pictures_are_lazy_and_have_their_place(self, app, shelf):
        image = app.get("/").html.select_one(".board-track img")
        assert (image["loading"], image["width"], image["height"]) == ("lazy", "960", "540")
        assert image["alt"] == "مخروط ایمنی"
        assert {"focus-x-80", "focus-y-50"} <= set(image["class"])
        assert [part.split()[1] for part in image["srcset"].split(", ")] == ["400w", "800w", "960w"]

    def test_an_empty_board_is_not_there(self, desk, app):
        home = app.get("/").html
        assert home.select_one(".board") is None
        assert home.select_one("a.svc[href='/announcements']") is None


class TestList:
    def test_shows_the_board_and_the_archive(self, app, shelf):
        assert titles(app.get("/announcements")) == ["روی تابلو"]
        assert titles(app.get("/announcements?view=ended")) == ["گذشته"]

    def test_goes_on_over_pages(self, desk, app):
        for number in range(14):
            desk.put_up(f"شمارهٔ {number}")
        first = app.get("/announcements")
        second = first.click(href="page=2")
        assert (len(titles(first)), len(titles(second))) == (12, 2)
        assert set(titles(second)) == {"شمارهٔ 0", "شمارهٔ 1"}
        assert titles(second.click(href="page=1")) == titles(first)

    @pytest.mark.parametrize(
        "query", ["page=0", "page=x", "page=99999999999999", "page=%D9%A3", "view=draft"]
    )
    def test_takes_any_address(self, app, shelf, query):
        app.get(f"/announcements?{query}", status=200)


class TestPage:
    @pytest.mark.parametrize(
        ("state", "status"), [("live", 200), ("ended", 200), ("scheduled", 404), ("draft", 404)]
    )
    def test_is_there_while_it_stands_and_after(self, app, shelf, state, status):
        app.get(f"/announcements/{shelf[state]}", status=status)

    def test_a_deleted_one_is_gone_with_its_pictures(self, desk, app, shelf):
        picture = app.get(f"/announcements/{shelf['live']}").html.select_one("article img")["src"]
        desk.act("delete", shelf["live"])
        app.get(f"/announcements/{shelf['live']}", status=404)
        app.get(picture, status=404)

    def test_says_so_when_its_time_is_over(self, app, shelf):
        assert app.get(f"/announcements/{shelf['ended']}").html.select_one(".notice.warn")
        assert not app.get(f"/announcements/{shelf['live']}").html.select_one(".notice.warn")

    def test_tells_other_programs_what_it_is_about(self, desk, app):
        post = desk.put_up("عنوان «نمونه»", summary="خلاصهٔ آن", pictures=(desk.picture("مخروط"),))
        head = app.get(f"/announcements/{post}").html.head
        found = {
            meta.get("property") or meta.get("name"): meta["content"] for meta in head.select("meta[content]")
        }
        assert (found["og:title"], found["og:description"]) == ("عنوان «نمونه»", "خلاصهٔ آن")
        assert found["description"] == "خلاصهٔ آن"
        own = urlsplit(found["og:url"]).netloc
        assert (
            urlsplit(found["og:image"]).netloc
            == own
            == urlsplit(head.select_one("[rel=canonical]")["href"]).netloc
        )
        assert head.select_one("link[rel=alternate]")["type"] == "application/atom+xml"

    def test_words_are_cleaned(self, desk, app):
        post = desk.put_up(body="**مهم** <script>alert(1)</script> [x](javascript:alert(1))")
        page = app.get(f"/announcements/{post}")
        assert page.html.select_one(".prose strong").text.strip() == "مهم"
        assert "<script>alert" not in page.text
        assert page.html.select(".prose a") == []


class TestPictures:
    def address(self, desk, shelf, state, size="small"):
        with desk.site.work(write=False) as work:
            post = desk.post(shelf[state])
            return f"/announcements/images/{work.get(AnnouncementReader).pictures([post])[post.id][0].key}/{size}"

    @pytest.mark.parametrize(
        ("state", "public"), [("live", True), ("ended", True), ("scheduled", False), ("draft", False)]
    )
    def test_are_as_public_as_their_announcement(self, desk, app, sign_in, shelf, state, public):
        path = self.address(desk, shelf, state)
        app.get(path, status=200 if public else 404)
        sign_in(desk.citizen)
        app.get(path, status=200 if public else 404)
        sign_in(desk.handler)
        app.get(path, status=200 if public else 404)
        sign_in(desk.writer)
        answer = app.get(path, status=200)
        assert ("public" in answer.headers["Cache-Control"]) is public
        own = answer.headers["Cross-Origin-Resource-Policy"]
        assert own == ("cross-origin" if public else "same-origin")

    def test_have_three_sizes(self, desk, app, shelf):
        sizes = [
            len(app.get(self.address(desk, shelf, "live", size)).body)
            for size in ("small", "medium", "large")
        ]
        assert sizes == sorted(sizes)
        assert len(set(sizes)) == 3

    def test_are_not_sent_twice(self, desk, app, shelf):
        path = self.address(desk, shelf, "live")
        answer = app.get(path)
        assert answer.content_type == "image/jpeg"
        assert "max-age=604800" in answer.headers["Cache-Control"]
        app.get(path, headers={"If-None-Match": answer.headers["ETag"]}, status=304)

    def test_a_size_that_is_not_there_is_the_large_one(self, desk, app, shelf):
        path = self.address(desk, shelf, "live", "medium")
        desk.site.storage.delete(f"{path.split('/')[3]}.medium")
        assert app.get(path).body == app.get(path.replace("medium", "large")).body

    def test_nothing_is_shown_by_the_address_of_the_cases(self, desk, app, sign_in, shelf):
        key = self.address(desk, shelf, "live").split("/")[3]
        sign_in(desk.officer)
        app.get(f"/attachments/{key}", status=404)


class TestFeed:
    def test_is_read_by_a_reader_of_feeds(self, desk, app, clock):
        first = desk.put_up(
            "یکم & نخست", summary="خلاصه", body="متن **مهم** <b>", pictures=(desk.picture("مخروط"),)
        )
        clock.advance(hours=1)
        desk.put_up("دوم")
        desk.put_up("پیش‌نویس", publish=False)
        answer = app.get(ATOM)
        assert answer.content_type == "application/atom+xml"
        feed = feedparser.parse(answer.body)
        assert not feed.bozo
        assert feed.version == "atom10"
        assert [entry.title for entry in feed.entries] == ["دوم", "یکم & نخست"]
        entry = feed.entries[1]
        assert entry.link == entry.id
        assert urlsplit(entry.link).path == f"/announcements/{first}"
        assert urlsplit(entry.link).scheme in ("http", "https")
        assert entry.published == "2026-05-30T08:30:00Z"
        assert feed.feed.updated == "2026-05-30T09:30:00Z"
        assert "<strong>مهم</strong>" in entry.content[0].value
        assert [link.type for link in entry.enclosures] == ["image/jpeg"]
        app.get(urlsplit(entry.enclosures[0].href).path, status=200)

    def test_shows_when_a_planned_one_has_appeared(self, desk, app, clock):
        desk.put_up("فردا", starts_at=clock.now() + DAY)
        assert feedparser.parse(app.get(ATOM).body).entries == []
        clock.advance(days=2)
        (entry,) = feedparser.parse(app.get(ATOM).body).entries
        assert entry.updated == entry.published == "2026-05-31T08:30:00Z"

    @pytest.mark.parametrize("path", [ATOM, RSS])
    def test_is_not_sent_twice(self, desk, app, path):
        desk.put_up()
        answer = app.get(path)
        app.get(path, headers={"If-None-Match": answer.headers["ETag"]}, status=304)
        desk.put_up("تازه")
        app.get(path, headers={"If-None-Match": answer.headers["ETag"]}, status=200)


class TestRss:
    @pytest.fixture
    def items(self, desk, clock):
        """Two announcements on the board, the later first."""
        pictures = [desk.picture("مخروط"), desk.picture("نوار")]
        first = desk.put_up(
            "یکم & نخست", body="متن **مهم** [گزارش](/reports/new) [۱۳۷](tel:137) ]]>", pictures=pictures
        )
        clock.advance(hours=1)
        second = desk.put_up("دوم")
        desk.put_up("پیش‌نویس", publish=False)
        return [second, first]

    def test_has_what_rss_asks_of_a_channel(self, desk, app, items):
        answer = app.get(RSS)
        assert answer.content_type == "application/rss+xml"
        root = fromstring(answer.body)
        assert (root.tag, root.get("version")) == ("rss", "2.0")
        (channel,) = root
        assert channel.findtext("title") == desk.site.name
        assert channel.findtext("description") == "خبرها و آگاهی‌های شهرداری"
        assert channel.findtext("language") == desk.site.locale
        assert int(channel.findtext("ttl")) > 0
        assert urlsplit(channel.findtext("link")).path == "/announcements"
        own = channel.find("{http://www.w3.org/2005/Atom}link")
        assert (own.get("rel"), own.get("type")) == ("self", "application/rss+xml")
        assert urlsplit(own.get("href")).path == RSS
        built = parsedate_to_datetime(channel.findtext("lastBuildDate"))
        assert built == datetime(2026, 5, 30, 9, 30, tzinfo=UTC)
        assert built.utcoffset() == timedelta(hours=3, minutes=30)

    def test_has_what_rss_asks_of_an_item(self, desk, app, items):
        found = fromstring(app.get(RSS).body).findall("channel/item")
        assert [item.findtext("title") for item in found] == ["دوم", "یکم & نخست"]
        for item, post_id in zip(found, items, strict=True):
            address = item.findtext("link")
            assert urlsplit(address).scheme in ("http", "https")
            assert urlsplit(address).path == f"/announcements/{post_id}"
            guid = item.find("guid")
            assert (guid.text, guid.get("isPermaLink")) == (address, "true")
        assert found[0].find("enclosure") is None
        assert found[1].findtext("pubDate") == "Sat, 30 May 2026 12:00:00 +0330"

    def test_carries_the_first_picture_with_its_length(self, app, items):
        (enclosure,) = fromstring(app.get(RSS).body).iter("enclosure")
        picture = app.get(urlsplit(enclosure.get("url")).path)
        assert enclosure.get("type") == picture.content_type
        assert int(enclosure.get("length")) == len(picture.body)

    @pytest.mark.parametrize("path", [ATOM, RSS])
    def test_is_html_whose_links_are_full(self, app, items, path):
        answer = app.get(path)
        assert b"CDATA" not in answer.body
        feed = feedparser.parse(answer.body, sanitize_html=False, resolve_relative_uris=False)
        entry = feed.entries[1]
        words = BeautifulSoup(
            entry.content[0].value if "content" in entry else entry.description, "html.parser"
        )
        assert words.strong.text.strip() == "مهم"
        assert "]]>" in words.text
        links = [urlsplit(link["href"]) for link in words("a")]
        assert [(link.scheme, link.path) for link in links] == [("http", "/reports/new"), ("tel", "137")]

    def test_is_read_by_a_reader_of_feeds(self, app, items):
        feed = feedparser.parse(app.get(RSS).body)
        assert not feed.bozo
        assert feed.version == "rss20"
        atom = feedparser.parse(app.get(ATOM).body)
        assert [(entry.id, entry.title) for entry in feed.entries] == [
            (entry.id, entry.title) for entry in atom.entries
        ]

    def test_of_an_empty_board_is_a_channel_without_items(self, app):
        feed = feedparser.parse(app.get(RSS).body)
        assert (feed.bozo, feed.entries) == (False, [])
