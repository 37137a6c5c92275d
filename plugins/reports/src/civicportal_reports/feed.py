"""The feed of published reports as Atom (RFC 4287)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from civicportal_reports.board import BoardCard

ATOM = "application/atom+xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ReportFeed:
    """The newest reports of a list.

    :ivar about: the filters of the list in words.
    :ivar home: URL of the list for people.
    :ivar address: URL of the feed itself.
    :ivar page: returns the URL of a report's page by the id of its case.
    :ivar picture: returns the URL of a picture by its key.
    """

    title: str
    about: str
    author: str
    language: str
    home: str
    address: str
    page: Callable[[int], str]
    picture: Callable[[str], str]
    cards: Sequence[tuple[BoardCard, str]]
    """Each with its status in the feed's language."""

    def atom(self) -> bytes:
        """Serialise the feed."""
        root = Element("feed", {"xmlns": _NAMESPACE, "xml:lang": self.language})
        _add(root, "title", self.title)
        if self.about:
            _add(root, "subtitle", self.about)
        _add(root, "id", self.address)
        _link(root, self.home)
        _link(root, self.address, rel="self", type=ATOM)
        _add(root, "updated", _iso(max((card.updated_at for card, _ in self.cards), default=_BEFORE_ALL)))
        _add(SubElement(root, "author"), "name", self.author)
        for card, status in self.cards:
            self._entry(SubElement(root, "entry"), card, status)
        return bytes(tostring(root, encoding="utf-8", xml_declaration=True))

    def _entry(self, element: Element, card: BoardCard, status: str) -> None:
        address = self.page(card.id)
        _add(element, "title", f"{card.subject} ({status})")
        _add(element, "id", address)
        _link(element, address)
        _add(element, "published", _iso(card.created_at))
        _add(element, "updated", _iso(card.updated_at))
        if card.category:
            SubElement(element, "category", {"term": card.category.key, "label": card.category.name})
        if card.photo:
            _link(element, self.picture(card.photo), rel="enclosure", type="image/jpeg")
        _add(element, "summary", card.excerpt or card.subject)


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _link(parent: Element, href: str, *, rel: str = "alternate", **attributes: str) -> None:
    SubElement(parent, "link", {"rel": rel, "href": href, **attributes})


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
