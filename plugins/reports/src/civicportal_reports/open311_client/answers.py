"""Answers of other servers, in JSON or XML, as the same values.

XML of a stranger can be an attack: a document type is refused before anything in it is read, so there are no entities,
and nothing is fetched.
"""

import json
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from civicportal_reports.i18n import _
from civicportal_reports.open311.documents import ITEMS

FORMS = {"json": _("JSON"), "xml": _("XML")}
"""Forms of answers; a server must offer XML, and most offer JSON too."""
DEEPEST = 12
"""Levels of elements; GeoReport needs six."""
MOST_ELEMENTS = 200_000
"""Ten times those of a full page of requests."""
OBJECTS = ("service_definition", "discovery")
"""Root elements that hold no list."""


class NotReadable(ValueError):
    """An answer is not what it should be."""


def read(form: str, body: bytes) -> object:
    """Return the value of an answer: in XML a list has its elements, and everything else is text.

    :param form: a key of :data:`FORMS`.
    :raises NotReadable: when it is not well-formed, has a document type, or too many elements or levels.
    """
    try:
        if form == "json":
            return json.loads(body)
        parser = XMLParser(target=_Builder())  # noqa: S314 - _Builder refuses a document type, so there are no entities
        parser.feed(body)
        root: Element = parser.close()
    except (ValueError, RecursionError, ParseError, LookupError) as error:
        raise NotReadable(str(error)) from error
    if root.tag in OBJECTS:
        return _value(root)
    return [_value(item) for item in root]


class _Builder(TreeBuilder):
    """Builds the tree while it stays within the limits, so that a small text does not become a large one."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._elements = 0

    def start(self, tag: str, attributes: dict[str, str], /) -> Element:
        """Open an element."""
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST or self._elements > MOST_ELEMENTS:
            raise NotReadable("too many elements")
        return super().start(tag, attributes)

    def end(self, tag: str, /) -> Element:
        """Close an element."""
        self._depth -= 1
        return super().end(tag)

    def doctype(self, *_declared: object) -> NoReturn:
        """Refuse a document type."""
        raise NotReadable("a document type")


def _value(element: Element) -> object:
    if element.tag in ITEMS:
        return [_value(item) for item in element if item.tag == ITEMS[element.tag]]
    if len(element):
        return {child.tag: _value(child) for child in element}
    return (element.text or "").strip() or None
