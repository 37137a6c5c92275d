"""Feeds of public lists as Atom (RFC 4287) and RSS 2.0, for ``request.feed``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, tostring

from pyramid.config import Configurator
from pyramid.response import Response

from civicportal.web.request import Request

FORMATS = {"atom": "application/atom+xml", "rss": "application/rss+xml"}
SECONDS = 300
"""Life in caches."""
TTL = 30
"""TTL of RSS in minutes."""
_NAMESPACE = "http://www.w3.org/2005/Atom"
_PICTURES = "image/jpeg"
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class FeedPicture:
    """A picture of an entry.

    :ivar address: absolute URL.
    :ivar size: bytes; 0 if unknown.
    """

    address: str
    title: str = ""
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class FeedEntry:
    """An entry of a feed.

    :ivar address: absolute URL of its page, and its permanent id.
    :ivar content: HTML with absolute links, empty if the summary is all.
    :ivar changed: time of the last change visible to readers.
    :ivar category: key and name.
    """

    title: str
    address: str
    summary: str
    content: str
    published: datetime
    changed: datetime
    category: tuple[str, str] | None
    pictures: Sequence[FeedPicture]


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A feed, whose entries are added latest first.

    :ivar about: one sentence, or the filters of the list.
    :ivar home: absolute URL of the list for people.
    :ivar address: absolute URL of the feed itself.
    """

    request: Request
    title: str
    about: str
    author: str
    language: str
    home: str
    address: str
    entries: list[FeedEntry] = field(default_factory=list)

    def add(
        self,
        *,
        title: str,
        path: str,
        summary: str = "",
        content: str = "",
        published: datetime,
        changed: datetime,
        category: tuple[str, str] | None = None,
        pictures: Sequence[tuple[str, str, int]] = (),
    ) -> None:
        """Add an entry.

        :param path: of its page.
        :param content: HTML with absolute links; empty if the summary is all.
        :param category: key and name.
        :param pictures: path, description and size in bytes (0 if unknown) of each JPEG.
        """
        entry = FeedEntry(
            title=title,
            address=absolute(self.request, path),
            summary=summary,
            content=content,
            published=published,
            changed=changed,
            category=category,
            pictures=[
                FeedPicture(address=absolute(self.request, path), title=alt, size=size)
                for path, alt, size in pictures
            ],
        )
        self.entries.append(entry)

    def response(self, written_as: Literal["atom", "rss"], *, vary: Sequence[str] = ()) -> Response:
        """Return the feed as the response of the request, cacheable by everyone.

        :param vary: request headers on which it depends.
        """
        root = self._atom() if written_as == "atom" else self._rss()
        response = self.request.response
        response.content_type, response.charset = FORMATS[written_as], "utf-8"
        response.cache_control = f"public, max-age={SECONDS}"
        if vary:
            response.vary = tuple(vary)
        response.body = tostring(root, encoding="utf-8", xml_declaration=True)
        response.md5_etag()
        response.conditional_response = True
        return response

    @property
    def _changed(self) -> datetime:
        return max((entry.changed for entry in self.entries), default=_BEFORE_ALL)

    def _atom(self) -> Element:
        root = Element("feed", {"xmlns": _NAMESPACE, "xml:lang": self.language})
        _add(root, "title", self.title)
        if self.about:
            _add(root, "subtitle", self.about)
        _add(root, "id", self.address)
        _link(root, self.home)
        _link(root, self.address, rel="self", type=FORMATS["atom"])
        _add(root, "updated", _iso(self._changed))
        _add(SubElement(root, "author"), "name", self.author)
        for entry in self.entries:
            _atom_entry(SubElement(root, "entry"), entry)
        return root

    def _rss(self) -> Element:
        root = Element("rss", {"version": "2.0", "xmlns:atom": _NAMESPACE})
        channel = SubElement(root, "channel")
        _add(channel, "title", self.title)
        _add(channel, "link", self.home)
        # RSS requires one.
        _add(channel, "description", self.about or self.title)
        _add(channel, "language", self.language)
        _add(channel, "lastBuildDate", self._local(self._changed))
        _add(channel, "ttl", str(TTL))
        SubElement(channel, "atom:link", {"rel": "self", "href": self.address, "type": FORMATS["rss"]})
        for entry in self.entries:
            self._rss_item(SubElement(channel, "item"), entry)
        return root

    def _rss_item(self, element: Element, entry: FeedEntry) -> None:
        _add(element, "title", entry.title)
        _add(element, "link", entry.address)
        _add(element, "guid", entry.address, isPermaLink="true")
        _add(element, "pubDate", self._local(entry.published))
        if entry.category:
            _add(element, "category", entry.category[1])
        _add(element, "description", entry.content or entry.summary)
        # More than one is not read.
        for picture in entry.pictures[:1]:
            length = str(picture.size)
            SubElement(element, "enclosure", {"url": picture.address, "length": length, "type": _PICTURES})

    def _local(self, moment: datetime) -> str:
        return format_datetime(moment.astimezone(self.request.site.timezone))


def absolute(request: Request, path: str) -> str:
    """Return a URL for other programs."""
    return f"{(request.site.public_url or request.host_url).rstrip('/')}{path}"


def feed(
    request: Request, *, title: str, about: str, author: str, language: str, home: str, address: str
) -> Feed:
    """Return an empty feed of a public list.

    :param about: one sentence, or the filters of the list; may be empty.
    :param home: path of the list for people.
    :param address: path of the feed itself.
    """
    return Feed(
        request=request,
        title=title,
        about=about,
        author=author,
        language=language,
        home=absolute(request, home),
        address=absolute(request, address),
    )


def _atom_entry(element: Element, entry: FeedEntry) -> None:
    _add(element, "title", entry.title)
    _add(element, "id", entry.address)
    _link(element, entry.address)
    _add(element, "published", _iso(entry.published))
    _add(element, "updated", _iso(entry.changed))
    if entry.category:
        key, name = entry.category
        SubElement(element, "category", {"term": key, "label": name})
    if entry.summary:
        _add(element, "summary", entry.summary)
    for picture in entry.pictures:
        described = {"title": picture.title} if picture.title else {}
        _link(element, picture.address, rel="enclosure", type=_PICTURES, **described)
    if entry.content:
        _add(element, "content", entry.content, type="html")


def _add(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, name, attributes).text = text


def _link(parent: Element, href: str, *, rel: str = "alternate", **attributes: str) -> None:
    SubElement(parent, "link", {"rel": rel, "href": href, **attributes})


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def includeme(config: Configurator) -> None:
    """Add the request method."""
    config.add_request_method(feed)
