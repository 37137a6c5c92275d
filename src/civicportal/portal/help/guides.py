"""Guides for citizens and staff, which core, plugins and site bring along.

A package has a guide in the folder of a language, ``guide/fa/citizen.md`` and ``guide/fa/staff.md``. Each heading of
the second level begins a section. The sections of the site come first; for citizens those of the plugins and then those
of the core follow, for staff those of the core and then those of the plugins. A section replaces later ones with its
title. Pictures are left out: they are for the documentation, and heavy on a telephone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from civicportal.core.site import Site
from civicportal.util.i18n import text_direction

GuideName = Literal["citizen", "staff"]
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_CORE = "civicportal.portal.help"


@dataclass(frozen=True, kw_only=True)
class GuideSection:
    """A section of a guide.

    :ivar anchor: of its heading.
    :ivar html: its content below the heading.
    :ivar text: its content without markup.
    """

    anchor: str
    title: str
    html: Markup
    text: str


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A guide in one language."""

    locale: str
    intro: str
    sections: Sequence[GuideSection]

    @property
    def direction(self) -> str:
        """Return "rtl" or "ltr"."""
        return text_direction(self.locale)


def guide(site: Site, name: GuideName, locale: str) -> Guide | None:
    """Return a guide in a language, else in that of the site, else None."""
    plugins = tuple(info.package for info in site.plugins)
    others = (*plugins, _CORE) if name == "citizen" else (_CORE, *plugins)
    packages = (site.package, *others) if site.package else others
    return next(
        (found for each in (locale, site.locale) if (found := _guide(packages, name, each)).sections), None
    )


@lru_cache(16)
def _guide(packages: Sequence[str], name: GuideName, locale: str) -> Guide:
    intro, found = "", dict[str, GuideSection]()
    for package in packages:
        file = resources.files(package) / "guide" / locale / f"{name}.md"
        if not file.is_file():
            continue
        before, sections = _read(file.read_text(encoding="utf-8"))
        intro = intro or before
        for section in sections:
            found.setdefault(section.title, section)
    return Guide(locale=locale, intro=intro, sections=tuple(found.values()))


def _read(text: str) -> tuple[str, list[GuideSection]]:
    """Return the text before the first section, and the sections."""
    head: list[Token] = []
    sections: list[tuple[str, list[Token]]] = []
    tokens = iter(_without_pictures(_PARSER.parse(text)))
    for token in tokens:
        if token.type == "heading_open" and token.tag == "h2":
            sections.append((next(tokens).content, []))
            next(tokens)
        else:
            (sections[-1][1] if sections else head).append(token)
    return _html(head), [
        GuideSection(
            anchor="-".join(title.split()), title=title, html=_html(body), text=" ".join(_texts(body))
        )
        for title, body in sections
    ]


def _without_pictures(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens without paragraphs that are a picture, and without links to files."""
    skipped = 0
    for place, token in enumerate(tokens):
        if skipped:
            skipped -= 1
            continue
        if token.type == "paragraph_open" and _is_picture(tokens[place + 1]):
            skipped = 2
            continue
        if token.children:
            token.children = list(_without_files(token.children))
        yield token


def _is_picture(inline: Token) -> bool:
    return [child.type for child in inline.children or ()] == ["image"]


def _without_files(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield the tokens of a paragraph, with links to other files as plain text."""
    is_file = False
    for token in tokens:
        if token.type == "link_open":
            address = str(token.attrGet("href"))
            is_file = not (address.startswith(("/", "#")) or urlsplit(address).scheme)
        if not (is_file and token.type in ("link_open", "link_close")):
            yield token


def _html(tokens: Sequence[Token]) -> Markup:
    found = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return Markup(found)  # noqa: S704 - the guide of an installed package, and the parser escapes HTML in it


def _texts(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(
                child.content or " " for child in token.children or () if child.type != "html_inline"
            )
