"""Generate the pages of what templates can use besides macros: names, filters, blocks of layouts, icons."""

import inspect
import re
from html import escape
from importlib.resources import files
from xml.etree import ElementTree

from civicportal.util.icons import icon_names
from civicportal.web.templating import FILTERS, GLOBALS
from docs.tools.tables import code, table

LAYOUTS = ("citizen", "staff", "bare", "base")
#: Blocks that a plugin's page fills in; the others draw the frame of the page.
BLOCKS = {
    "title": "title of the page, in the window and in search results",
    "content": "content of the page",
    "page_styles": "link to a style sheet of the page",
    "head": "further elements of the page's head",
    "scripts": "scripts of the page",
    "page_scripts": "scripts of the page, after those of the kartable",
    "body_class": "classes of the body",
    "back_url": "address of the button that leads back, on phones",
}
_BLOCK = re.compile(r"\{%-?\s*block (\w+)")
SVG = "{http://www.w3.org/2000/svg}"
COLUMNS, WIDTH, HEIGHT = 6, 150, 64


def templates() -> str:
    """Return the page of names, filters and blocks."""
    names = table(("name", "what it is"), ((code(name), text) for name, text in GLOBALS.items()))
    filters = table(
        ("filter", "what it returns"),
        ((code(_call(name)), _sentence(function)) for name, function in sorted(FILTERS.items())),
    )
    blocks = table(
        ("block", "content", *LAYOUTS),
        (
            (code(name), text, *("yes" if name in _blocks(layout) else "" for layout in LAYOUTS))
            for name, text in BLOCKS.items()
        ),
    )
    return (
        "# Templates\n\n"
        "Names, filters and blocks for the Jinja2 templates of plugins and sites. Every text of a page that varies is escaped. "
        "Icons are listed on [a page of their own](icons.md).\n\n"
        f"## Names\n\n{names}\n## Filters\n\n{filters}\n"
        "## Blocks\n\nA page extends `civicportal:templates/layout/citizen.jinja2` or `staff.jinja2`. `bare.jinja2` has neither navigation nor "
        f"footer, `base.jinja2` is the frame of all of them.\n\n{blocks}"
    )


def icons() -> str:
    """Return the page of the icons."""
    listed = ", ".join(code(name) for name in sorted(icon_names()))
    return (
        "# Icons\n\n"
        "`CaseKind.icon`, `NavigationItem.icon`, `Option.icon` and `draw_icon` take one of these names. An unknown one stops the start or is "
        "logged as an error, and the testing kit fails.\n\n"
        "```jinja\n{{ draw_icon('parking') }}\n```\n\n"
        f"![All icons with their names](icons.svg)\n\n{listed}\n"
    )


def sheet() -> str:
    """Return all icons with their names as SVG."""
    text = files("civicportal").joinpath("static/vendor/icons.svg").read_text("utf-8")
    sprite = ElementTree.fromstring(text)  # noqa: S314 - the project's own file
    symbols = sorted(sprite.iter(f"{SVG}symbol"), key=lambda symbol: str(symbol.get("id")))
    rows = -(-len(symbols) // COLUMNS)
    width, height = COLUMNS * WIDTH, rows * HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="11" text-anchor="middle">',
        "<title>Icons</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#fff"/>',
    ]
    for place, symbol in enumerate(symbols):
        x, y = place % COLUMNS * WIDTH, place // COLUMNS * HEIGHT
        name = str(symbol.get("id"))
        marks = {key: value for key, value in symbol.attrib.items() if key not in ("id", "viewBox")}
        marks = {key: "#26302f" if value == "currentColor" else value for key, value in marks.items()}
        said = " ".join(f'{key}="{escape(value)}"' for key, value in marks.items())
        drawn = "".join(_element(one) for one in symbol)
        parts.append(f'<g transform="translate({x + WIDTH // 2 - 12} {y + 12})" {said}>{drawn}</g>')
        parts.append(f'<text x="{x + WIDTH // 2}" y="{y + 54}" fill="#26302f">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _element(element: ElementTree.Element) -> str:
    marks = " ".join(f'{key}="{escape(value)}"' for key, value in element.attrib.items())
    return f"<{element.tag.removeprefix(SVG)} {marks}/>".replace("currentColor", "#26302f")


def _blocks(layout: str) -> set[str]:
    folder = files("civicportal").joinpath("templates/layout")
    text = folder.joinpath(f"{layout}.jinja2").read_text("utf-8")
    return set(_BLOCK.findall(text)) | (set() if layout == "base" else _blocks("base"))


def _call(name: str) -> str:
    """Return a filter with its parameters."""
    given = list(inspect.signature(FILTERS[name]).parameters.values())
    names = [one for one in given if one.name not in ("context", "_context", "request")][1:]
    written = (one.name if one.default is one.empty else f"{one.name}={one.default!r}" for one in names)
    parameters = ", ".join(written)
    return f"{name}({parameters})" if parameters else name


def _sentence(function: object) -> str:
    return (inspect.getdoc(function) or "").partition("\n\n")[0]
