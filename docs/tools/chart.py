"""Diagram of a workflow: states are columns, each transition is a line from its sources to its target."""

from html import escape

from civicportal.domain.cases.workflow import CaseKind, State, Transition
from docs.tools.workflows_page import who

#: Pixels: the column of words, a column of a state, a line of a step, the heads of the columns, around it all.
WORDS, COLUMN, LINE, HEAD, MARGIN = 205, 86, 40, 78, 12
#: Ground and edge of a state, by its stage.
COLOURS = {
    "registered": ("#e3eefb", "#3b6ea8"),
    "in_progress": ("#fdf0d5", "#a86d13"),
    "done": ("#dff3e4", "#2d7a46"),
    "rejected": ("#f8e1e1", "#a13f3f"),
}
INK, FAINT = "#26302f", "#5d6b69"
LONGEST = 11
"""Letters in a line of a column's head."""


def draw(kind: CaseKind) -> str:
    """Return the chart as SVG, in English and in light colours."""
    states = [state for state in kind.workflow.states if not state.retired]
    at = {state.name: MARGIN + WORDS + COLUMN * index + COLUMN // 2 for index, state in enumerate(states)}
    width = 2 * MARGIN + WORDS + COLUMN * len(states)
    height = 2 * MARGIN + HEAD + LINE * len(kind.workflow.transitions) + LINE // 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{escape(str(kind.title))}</title>",
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{INK}"/></marker></defs>',
        f'<rect width="{width}" height="{height}" rx="8" fill="#fff"/>',
    ]
    for state in states:
        parts += _column(state, at[state.name], height, state.name == kind.workflow.initial)
    for index, step in enumerate(kind.workflow.transitions):
        y = MARGIN + HEAD + LINE * index + LINE // 2 + 6
        parts += _line(
            step, {name: at[name] for name in (*step.sources, step.target) if name in at}, y, who(kind, step)
        )
    return "\n".join([*parts, "</svg>\n"])


def _column(state: State, x: int, height: int, is_first: bool) -> list[str]:
    ground, edge = COLOURS[state.stage]
    thick = 3 if is_first else 1.5
    words = _broken(f"{state.title}{' (rests)' * state.pauses_deadline}")
    first = MARGIN + HEAD // 2 + 5 - 8 * (len(words) - 1)
    lines = "".join(
        f'<tspan x="{x}" y="{first + 16 * n}">{escape(word)}</tspan>' for n, word in enumerate(words)
    )
    return [
        f'<path d="M{x} {MARGIN + HEAD}V{height - MARGIN}" stroke="{edge}" stroke-dasharray="2 4"/>',
        f'<rect x="{x - COLUMN // 2 + 3}" y="{MARGIN}" width="{COLUMN - 6}" height="{HEAD}" rx="6" fill="{ground}" '
        f'stroke="{edge}" stroke-width="{thick}"/>',
        f'<text text-anchor="middle" font-size="12" fill="{INK}">{lines}</text>',
    ]


def _line(step: Transition, at: dict[str, int], y: int, who_may: str) -> list[str]:
    target = at[step.target]
    parts = [
        f'<text x="{MARGIN}" y="{y - 2}" fill="{INK}" font-weight="600">{escape(str(step.title))}</text>',
        f'<text x="{MARGIN}" y="{y + 13}" fill="{FAINT}" font-size="11">{escape(who_may)}</text>',
    ]
    sources = sorted(at[name] for name in step.sources if name in at)
    edges = [x for x in (sources[0], sources[-1]) if x != target]
    parts += [_arrow(f"M{x} {y}H{target - 4 if x < target else target + 4}") for x in dict.fromkeys(edges)]
    if target in sources:
        parts.append(_arrow(f"M{target} {y}c26 -14 26 14 6 4"))
    return parts + [f'<circle cx="{x}" cy="{y}" r="4.5" fill="{INK}"/>' for x in sources]


def _arrow(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.5" marker-end="url(#a)"/>'


def _broken(text: str) -> list[str]:
    """Return a text in lines that fit a column."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= LONGEST or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
