"""Sphinx configuration of ``make docs``; neither the build nor a page loads anything from another host."""

import re
from typing import Any

from bs4 import BeautifulSoup
from sphinx.application import Sphinx

from civicportal import __version__

project = "civicportal"
release = __version__
extensions = ["myst_parser"]
exclude_patterns = ["tools", "_*"]
#: Headings down to this level are anchors, named as forges name them.
myst_heading_anchors = 4

html_theme = "furo"
html_title = "civicportal"
html_favicon = "../src/civicportal/static/favicon.svg"
html_static_path = ["_static", "../src/civicportal/static/vendor/fonts"]
html_css_files = ["site.css"]
templates_path = ["_templates"]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6a6b", "color-brand-content": "#0b6a6b"},
    "dark_css_variables": {"color-brand-primary": "#5fc7c0", "color-brand-content": "#5fc7c0"},
}

#: A page that is a file outside of this folder.
ELSEWHERE = re.compile(r"This page stands in \[[^]]+\]\(([^)]+)\)\.")
PERSIAN = "fa/"
#: The words of the theme on Persian pages.
WORDS = {
    "Next": "بعدی",
    "Previous": "قبلی",
    "Home": "خانه",
    "On this page": "در این صفحه",
    "Back to top": "بازگشت به بالا",
    "Skip to content": "پرش به محتوا",
    "Search": "جستجو",
}


def localize_persian_guide(
    _app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: Any
) -> None:
    """Set language, texts of the theme and navigation of a page of the Persian guide."""
    if not page.startswith(PERSIAN):
        return
    context["language"] = "fa"
    context["is_persian"] = True
    context["_"] = context["gettext"] = lambda words: WORDS.get(words.strip(), words)
    tree = BeautifulSoup(context["furo_navigation_tree"], "html.parser")
    for caption in tree.find_all("p", class_="caption"):
        if caption.get_text() != "راهنمای فارسی":
            for element in filter(None, (caption, caption.find_next_sibling("ul"))):
                element.decompose()
    context["furo_navigation_tree"] = str(tree)


def improve_accessibility(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: Any
) -> None:
    """Correct the levels of captions, and let the keyboard scroll what is wider than the page."""
    captions = context["furo_navigation_tree"].replace('role="heading"', 'role="heading" aria-level="2"')
    context["furo_navigation_tree"] = captions
    body = context.get("body", "").replace(
        '<div class="highlight"><pre>', '<div class="highlight"><pre tabindex="0">'
    )
    context["body"] = re.sub(r'<div class="table-wrapper[^"]*"', r'\g<0> tabindex="0"', body)


def include_repository_file(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Include a file of the repository in the page that names it."""
    found = ELSEWHERE.fullmatch(source[0].strip())
    if found:
        source[0] = f"```{{include}} {found[1]}\n:relative-docs: docs/\n```\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the handlers, the navigation after the theme's own."""
    app.connect("source-read", include_repository_file)
    app.connect("html-page-context", improve_accessibility, priority=900)
    app.connect("html-page-context", localize_persian_guide, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
