"""Diagram of the architecture: the packages of the core and their imports, drawn from the code."""

import ast
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

CORE = Path(__file__).parents[2] / "src/civicportal"
#: The rooms, lowest first, with what they hold. A module imports its own room and lower ones only, for type hints too.
ROOMS = {
    "util": "pure functions and values",
    "core": "site, plugins, units of work, database, jobs, files",
    "migrations": "revisions of the core's tables",
    "web": "requests, checks, forms, templates, errors",
    "domain.audit": "the append-only trail",
    "domain.organization": "units, categories, working calendar",
    "domain.accounts": "people, sessions, rights, both sign-ins",
    "domain.tokens": "tokens and scopes of programs",
    "domain.cases": "cases, workflow, access, search",
    "domain.questionnaires": "questions of categories, answers of cases",
    "domain.exports": "lists and figures as files",
    "domain.notifications": "texts, outbox, inbound messages",
    "domain.statistics": "counters and figures",
    "domain.kartable": "inbox, routing, referrals of staff",
    "domain.privacy": "archive, erasure, keys",
    "domain.ownership": "marks of database, store, secrets",
    "domain.own_views": "saved views and columns of lists",
    "domain.webhooks": "events for other software",
    "domain.automation": "what the portal does with cases by itself",
    "portal": "pages and tasks over several domains",
    "hookspecs": "every hook",
    "app": "a site becomes an application",
    "testing": "test kit for plugins",
    "tools": "server, backup, scaffold",
    "cli": "commands",
    "api": "all that plugins import",
}
#: Pixels: a row, a column of the matrix, the names, the words beside them, the margin.
ROW, COLUMN, NAMES, WORDS, MARGIN = 26, 26, 174, 330, 14
#: Ground of a row, by the first part of its name.
GROUNDS = {"util": "#eef3f2", "core": "#e3eefb", "web": "#fdf0d5", "domain": "#dff3e4", "portal": "#f3e6f7"}
INK, FAINT, DOT = "#26302f", "#d5dcdb", "#0b6a6b"


def room(module: str) -> str | None:
    """Return the package of a module, named without ``civicportal.``; None for the root."""
    return next((name for name in ROOMS if module == name or module.startswith(f"{name}.")), None)


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, including imports inside functions and for type hints."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def core_imports(path: Path) -> set[str]:
    """Return the modules of the core that a file imports, named without ``civicportal.``."""
    return {name.removeprefix("civicportal.") for name in imports(path) if name.startswith("civicportal.")}


@cache
def used_rooms() -> dict[str, frozenset[str]]:
    """Return the packages that each package imports."""
    found: dict[str, set[str]] = {name: set() for name in ROOMS}
    for path in sorted(CORE.rglob("*.py")):
        own = room(".".join(path.relative_to(CORE).with_suffix("").parts))
        if own is not None and "scaffold" not in path.parts[:-1]:
            found[own] |= {other for target in core_imports(path) if (other := room(target))}
    return {name: frozenset(others - {name}) for name, others in found.items()}


def draw() -> str:
    """Return the diagram as SVG, in English and in light colours."""
    names = list(reversed(ROOMS))
    left = MARGIN + NAMES + WORDS
    width, height = left + COLUMN * len(names) + MARGIN, 2 * MARGIN + ROW * len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>The rooms of civicportal, and which room imports which</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#fff"/>',
    ]
    for row, name in enumerate(names):
        y = MARGIN + ROW * row
        ground = GROUNDS.get(name.partition(".")[0], "#f5f5f5")
        parts += [
            f'<rect x="{MARGIN}" y="{y + 1}" width="{width - 2 * MARGIN}" height="{ROW - 2}" rx="4" fill="{ground}"/>',
            f'<text x="{MARGIN + 8}" y="{y + 18}" font-weight="600" fill="{INK}">{escape(name)}</text>',
            f'<text x="{MARGIN + NAMES + 8}" y="{y + 18}" fill="{INK}">{escape(ROOMS[name])}</text>',
        ]
        for column, other in enumerate(names):
            x, middle = left + COLUMN * column + COLUMN // 2, y + ROW // 2
            if column == row:
                parts.append(
                    f'<rect x="{x - 5}" y="{middle - 5}" width="10" height="10" rx="2" fill="{INK}"/>'
                )
            elif other in used_rooms()[name]:
                parts.append(f'<circle cx="{x}" cy="{middle}" r="5" fill="{DOT}"/>')
            elif column > row:
                parts.append(f'<circle cx="{x}" cy="{middle}" r="1.5" fill="{FAINT}"/>')
    return "\n".join([*parts, "</svg>\n"])
