"""Feeds of announcements as Atom (RFC 4287) and RSS 2.0."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.utils import format_datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from civicportal.api.plugins import Site
from civicportal_announcements.i18n import _
from civicportal_announcements.markup import render_markup
from civicportal_announcements.models import Post
from civicportal_announcements.pictures import Picture

ATOM = "application/atom+xml"
RSS = "application/rss+xml"
TTL = 30
"""TTL of the RSS feed in minutes."""
_NAMESPACE = "http://www.w3.org/2005/Atom"
_PICTURES = "image/jpeg"
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Enclosure:
    """A picture of an entry.

    :ivar address: absolute URL.
    :ivar title: description.
    :ivar size: bytes.
    """

    address: str
    title: str
    size: int


@dataclass(frozen=True, kw_only=True)
class FeedEntry:
    """An announcement.

    :ivar address: absolute URL of its page.
    :ivar content: HTML with absolute links.
    :ivar changed: time of the last change visible to readers.
    """

    title: str
    address: str
    summary: str
    content: str
    published: datetime
    changed: datetime
    pictures: Sequence[Enclosure]


@dataclass(frozen=True, kw_only=True)
class Feed:
    """Data of both formats.

    :ivar about: one sentence.
    :ivar home: URL of the same list for people.
    :ivar address: URL of the feed itself.
    :ivar timezone: of the city.
    """

    title: str
    about: str
    language: str
    home: str
    address: str
    timezone: tzinfo
    entries: Sequence[FeedEntry]

    @property
    def changed(self) -> datetime:
        """Return the time of its latest change."""
        return max((entry.changed for entry in self.entries), default=_BEFORE_ALL)


def feed_of(
    site: Site,
    posts: Sequence[Post],
    pictures: Mapping[int, Sequence[Picture]],
    *,
    route: str,
    address: Callable[..., str],
) -> Feed:
    """Return the feed of some announcements.

    :param posts: latest first.
    :param route: of the feed.
    :param address: returns the absolute URL of a route.
    """
    return Feed(
        title=site.name,
        about=site.localizer().translate(_("What the municipality announces")),
        language=site.locale,
        home=address("announcements.list"),
        address=address(route),
        timezone=site.timezone,
        entries=[_entry(post, pictures.get(post.id, ()), address) for post in posts],
    )


def atom(feed: Feed) -> bytes:
    """Serialise the feed as Atom."""
    root = Element("feed", {"xmlns": _NAMESPACE, "xml:lang": feed.language})
    _add(root, "title", feed.title)
    _add(root, "id", feed.home)
    _link(root, feed.home)
    _link(root, feed.address, rel="self", type=ATOM)
    _add(root, "updated", _iso(feed.changed))
    _add(SubElement(root, "author"), "name", feed.title)
    for entry in feed.entries:
        _atom_entry(SubElement(root, "entry"), entry)
    return _written(root)


def rss(feed: Feed) -> bytes:
    """Serialise the feed as RSS 2.0."""
    root = Element("rss", {"version": "2.0", "xmlns:atom": _NAMESPACE})
    channel = SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.home)
    _add(channel, "description", feed.about)
    _add(channel, "language", feed.language)
    _add(channel, "lastBuildDate", format_datetime(feed.changed.astimezone(feed.timezone)))
    _add(channel, "ttl", str(TTL))
    SubElement(channel, "atom:link", {"rel": "self", "href": feed.address, "type": RSS})
    for entry in feed.entries:
        _rss_item(SubElement(channel, "item"), entry, feed.timezone)
    return _written(root)


def _entry(post: Post, pictures: Sequence[Picture], address: Callable[..., str]) -> FeedEntry:
    page = address("announcements.page", id=post.id)
    return FeedEntry(
        title=post.title,
        address=page,
        summary=post.summary,
        content=str(render_markup(post.body, base=page)),
        published=post.starts_at or post.created_at,
        # A post written before its publication counts as changed at the publication.
        changed=max(post.updated_at, post.starts_at or post.updated_at),
        pictures=[
            Enclosure(
                address=address("announcements.image", key=picture.key, size="large"),
                title=picture.alt,
                size=picture.size,
            )
            for picture in pictures
        ],
    )


def _atom_entry(element: Element, entry: FeedEntry) -> None:
    _add(element, "title", entry.title)
    _add(element, "id", entry.address)
    _link(element, entry.address)
    _add(element, "published", _iso(entry.published))
    _add(element, "updated", _iso(entry.changed))
    if entry.summary:
        _add(element, "summary", entry.summary)
    for picture in entry.pictures:
        _link(element, picture.address, rel="enclosure", type=_PICTURES, title=picture.title)
    _add(element, "content", entry.content, type="html")


def _rss_item(element: Element, entry: FeedEntry, zone: tzinfo) -> None:
    _add(element, "title", entry.title)
    _add(element, "link", entry.address)
    _add(element, "guid", entry.address, isPermaLink="true")
    _add(element, "pubDate", format_datetime(entry.published.astimezone(zone)))
    _add(element, "description", entry.content)
    for picture in entry.pictures[:1]:
        SubElement(
            element, "enclosure", {"url": picture.address, "length": str(picture.size), "type": _PICTURES}
        )


def _add(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, name, attributes).text = text


def _link(parent: Element, href: str, *, rel: str = "alternate", **attributes: str) -> None:
    SubElement(parent, "link", {"rel": rel, "href": href, **attributes})


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _written(root: Element) -> bytes:
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
