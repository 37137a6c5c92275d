"""The board as an Atom feed (RFC 4287)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from civicportal.api import Site
from civicportal_announcements.markup import render_markup
from civicportal_announcements.models import Post
from civicportal_announcements.pictures import Picture

CONTENT_TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


def feed_of(
    site: Site,
    posts: Sequence[Post],
    pictures: Mapping[int, Sequence[Picture]],
    *,
    address: Callable[..., str],
) -> bytes:
    """Return the feed.

    :param posts: the latest first.
    :param address: returns the full address of a route.
    """
    home = address("announcements.list")
    feed = Element("feed", {"xmlns": _ATOM, "xml:lang": site.locale})
    _add(feed, "title", site.name)
    _add(feed, "id", home)
    _link(feed, home)
    _link(feed, address("announcements.feed"), rel="self", type=CONTENT_TYPE)
    _add(feed, "updated", _moment(max((_changed(post) for post in posts), default=_BEFORE_ALL)))
    _add(SubElement(feed, "author"), "name", site.name)
    for post in posts:
        _entry(feed, post, pictures.get(post.id, ()), address)
    return bytes(tostring(feed, encoding="utf-8", xml_declaration=True))


def _entry(feed: Element, post: Post, pictures: Sequence[Picture], address: Callable[..., str]) -> None:
    entry = SubElement(feed, "entry")
    page = address("announcements.page", id=post.id)
    _add(entry, "title", post.title)
    _add(entry, "id", page)
    _link(entry, page)
    _add(entry, "published", _moment(post.starts_at or post.created_at))
    _add(entry, "updated", _moment(_changed(post)))
    if post.summary:
        _add(entry, "summary", post.summary)
    for picture in pictures:
        large = address("announcements.image", key=picture.key, size="large")
        _link(entry, large, rel="enclosure", type="image/jpeg", title=picture.alt)
    _add(entry, "content", str(render_markup(post.body)), type="html")


def _changed(post: Post) -> datetime:
    """Return when readers may find something new: what was written before it was shown is new when it is shown."""
    return max(post.updated_at, post.starts_at or post.updated_at)


def _add(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, name, attributes).text = text


def _link(parent: Element, href: str, *, rel: str = "alternate", **attributes: str) -> None:
    SubElement(parent, "link", {"rel": rel, "href": href, **attributes})


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
