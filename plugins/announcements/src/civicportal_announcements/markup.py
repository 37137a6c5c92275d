"""Markdown for announcements."""

import html
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urljoin

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

#: Paragraphs, headings, emphasis, lists, quotes, links and rules; neither pictures nor code nor HTML.
_PARSER = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(
    ["image", "code", "fence", "backticks", "html_block", "html_inline", "reference", "lheading"]
)
_TAGS = {"p", "br", "strong", "em", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "a", "hr"}
_SCHEMES = {"http", "https", "mailto", "tel"}
_DEEPEST = 4
#: A pasted URL, without trailing punctuation or brackets.
_ADDRESS = re.compile(r"(https?://[^\s<>«»()\[\]\"]*[^\s<>«»()\[\]\".,،؛;:!?؟…])", re.IGNORECASE)


def render_markup(text: str, *, base: str = "") -> Markup:
    """Return the safe HTML of a text.

    Its headings begin below the page's own.

    :param base: base URL of its links, for readers outside the portal.
    """
    tokens = [_lowered(token) for token in _PARSER.parse(text)]
    for token in tokens:
        token.children = list(_linked(token.children)) if token.children else token.children
    found = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return Markup(  # nh3 leaves the listed tags only, and no attribute but href with one of the schemes
        nh3.clean(
            found,
            tags=_TAGS,
            attributes={"a": {"href"}, "*": set()},
            attribute_filter=lambda _tag, name, value: urljoin(base, value) if name == "href" else value,
            url_schemes=_SCHEMES,
            link_rel="noopener noreferrer",
        )
    )


@lru_cache(maxsize=64)
def plain_text(text: str, longest: int) -> str:
    """Return the beginning of a text without markup, whole words only.

    The texts of the home page are read again and again: making their HTML each time took 6 % of its CPU.

    :param longest: characters.
    """
    stripped = nh3.clean(render_markup(text).replace("><", "> <"), tags=set())
    words = " ".join(html.unescape(stripped).split())
    if len(words) <= longest:
        return words
    return words[:longest].rpartition(" ")[0].rstrip("،,;:؛.") + "…"


def _lowered(token: Token) -> Token:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1]) + 1, _DEEPEST)}"
    return token


def _linked(tokens: Iterable[Token]) -> Iterator[Token]:
    """Convert plain URLs to links, except within links."""
    depth = 0
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            depth += token.nesting
        if depth or token.type != "text":
            yield token
            continue
        for place, part in enumerate(_ADDRESS.split(token.content)):
            words = Token("text", "", 0, content=part)
            is_address = place % 2
            yield from _link(words) if is_address else (words,)


def _link(words: Token) -> tuple[Token, ...]:
    opening = Token("link_open", "a", 1, attrs={"href": _PARSER.normalizeLink(words.content)})
    return opening, words, Token("link_close", "a", -1)
