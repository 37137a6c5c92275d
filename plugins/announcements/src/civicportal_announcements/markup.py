"""The small Markdown of announcements: a text becomes HTML, and of the HTML only what is listed here stays."""

import html

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


def render_markup(text: str) -> Markup:
    """Return the HTML of a text, safe to stand in a page of ours; its headings begin below the page's own."""
    tokens = [_lowered(token) for token in _PARSER.parse(text)]
    found = _PARSER.renderer.render(tokens, _PARSER.options, {})
    cleaned = nh3.clean(
        found,
        tags=_TAGS,
        attributes={"a": {"href"}, "*": set()},
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    return Markup(cleaned)  # noqa: S704  nh3 has cleaned it


def plain_text(text: str, longest: int) -> str:
    """Return the beginning of a text without its marks, whole words only.

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
