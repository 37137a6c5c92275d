"""Generate the page of page components: every macro with its arguments, an example and a picture.

The pictures are made by ``python -m docs.tools.component_pictures``.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "src/civicportal/templates"
FILES = {"ui": TEMPLATES / "macros.jinja2", "widgets": TEMPLATES / "widgets.jinja2"}
PICTURES = "../pictures/components"
"""Where the pictures lie, as the page names it."""
COMMENT = r"(?:\{#-? (?P<said>(?:(?!#\}).)*?) ?-?#\}\n)?"
MACRO = re.compile(
    COMMENT + r"\{%-?\s+macro (?P<name>\w+)\((?P<arguments>(?:[^()]|\([^()]*\))*)\)\s*-?%\}", re.S
)
INTRODUCTION = """\
# Page components

Macros for pages. Those of `macros.jinja2` are available in every template as `ui`; import those of `widgets.jinja2`:
`{% import "civicportal:templates/widgets.jinja2" as widgets with context %}`. The pictures show each example in the light and the dark theme.
`ui.icon(name)` draws one of the [icons](icons.md).
"""
#: What a template writes; empty where nothing can be looked at by itself.
EXAMPLES = {
    "ui.mark": "{{ ui.mark() }}",
    "ui.pill": "{{ ui.pill('registered') }} {{ ui.pill('in_progress') }} {{ ui.pill('done') }} {{ ui.pill('late') }}",
    "ui.tag": "{{ ui.tag('Public', 'world') }} {{ ui.tag('Pinned') }}",
    "ui.tile": '<div class="row-x">{{ ui.tile("map-pin", "g") }} {{ ui.tile("calendar-event", "b", "sm") }}</div>',
    "ui.avatar": "{{ ui.avatar('M') }} {{ ui.avatar('', 'sm') }}",
    "ui.tracking": "{{ ui.tracking('4017223958', copy=true) }}",
    "ui.when": "{{ ui.when(moment) }} · {{ ui.when(moment, 'long') }}",
    "ui.due": "{{ ui.due('in 5 days') }} {{ ui.due('today', 'soon') }} {{ ui.due('3 days late', 'late') }}",
    "ui.notice": "{% call ui.notice('warn', 'Codes cannot be sent') %}Please try again in an hour.{% endcall %}",
    "ui.error_summary": "{{ ui.error_summary([('name', 'Please write your name.'), ('', 'The session has ended.')]) }}",
    "ui.refused_form": "",
    "ui.kept_words": "{{ ui.kept_words(['The lamp before number 12 is dark.']) }}",
    "ui.error": "{{ ui.error('name', 'Please write your name.') }}",
    "ui.empty_state": "{{ ui.empty_state('No request yet', 'What you send appears here.', '/', 'Home') }}",
    "ui.sms_bubble": "{{ ui.sms_bubble('Your report 4017223958 is done.', 31, 1) }}",
    "ui.step": '<ol class="tl">\n'
    "  {{ ui.step('Registered', moment, 'registered') }}\n"
    "  {% call ui.step('Under way', moment, 'in_progress') %}A crew comes on Monday.{% endcall %}\n"
    "</ol>",
    "ui.bubble": "{{ ui.bubble('A crew comes on Monday.', by='Roads') }}\n"
    "{{ ui.bubble('Ask the contractor first.', internal=true) }}",
    "ui.photo_thumb": "{{ ui.photo_thumb(static('icons/app-192.png'), 'A picture', '/', 'sm') }}",
    "ui.pagination": "{{ ui.pagination('?before=1', none, '240 cases') }}",
    "ui.view_tabs": "{{ ui.view_tabs([('Open', '/', 12, true, false), ('Overdue', '/', 3, false, true)], 'Views') }}",
    "ui.bar": "{{ ui.bar(60, 100, 'c1') }}",
    "ui.patterns": "",
    "ui.stack": "{{ ui.patterns(2) }}{{ ui.stack([(5, 'c1', 0), (3, 'c1', 1), (2, 'c5', 2)]) }}",
    "ui.piece": "",
    "ui.swatch": "{{ ui.swatch('c1') }} {{ ui.swatch('c5', 0) }}",
    "ui.kpi": "{{ ui.kpi('Reviewed', '1,204', 'circle-check', 'cases', '▲ 8%', 'up', 'in 30 days') }}",
    "ui.mini_steps": "{{ ui.mini_steps(2, 3, 'Stage 2 of 3') }}",
    "ui.csrf": "",
    "ui.order": "",
    "ui.choice": "{{ ui.choice('unit', 'roads', 'Roads', 'Potholes, signs, kerbs', symbol='map-pin', tone='a', checked=true) }}",
    "ui.counter": "{{ ui.counter('body', 500, 120) }}",
    "ui.theme_toggle": "{{ ui.theme_toggle() }}",
    "ui.current_page": "",
    "ui.within": "",
    "ui.current": "",
    "widgets.map_styles": "",
    "widgets.base": "",
    "widgets.map_scripts": "",
    "widgets.pin": "{{ widgets.pin() }}",
    "widgets.map_view": "",
    "widgets.map_picker": "",
    "widgets.photo_field": "{{ widgets.photo_field('/uploads') }}",
    "widgets.draft_status": "",
    "widgets.queue_status": "",
    "widgets.queue_line": "",
}


@dataclass(frozen=True)
class Component:
    """A macro of the pages.

    :ivar name: with the name that templates import it by, as ``ui.pill``.
    :ivar arguments: as its definition has them.
    :ivar said: the comment before it; empty where there is none.
    """

    name: str
    arguments: str
    said: str

    @property
    def example(self) -> str:
        """Return the example's markup; empty if it renders nothing visible by itself."""
        return EXAMPLES[self.name]


def components() -> list[Component]:
    """Return the macros in the order of their files.

    :raises KeyError: if one has no example, not even an empty one.
    """
    found = []
    for imported_as, path in FILES.items():
        for macro in MACRO.finditer(path.read_text(encoding="utf-8")):
            said = " ".join((macro["said"] or "").split())
            arguments = " ".join(macro["arguments"].split())
            found.append(
                Component(f"{imported_as}.{macro['name']}", arguments, "" if said.startswith("---") else said)
            )
            _known = found[-1].example
    return found


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *map(_section, components())])


def _section(component: Component) -> str:
    parts = [f"## `{component.name}({component.arguments})`\n"]
    if component.said:
        parts.append(f"{_as_markdown(component.said)}\n")
    if component.example:
        parts.append(f"```jinja\n{component.example}\n```\n")
        parts.append(f"![{component.name}]({PICTURES}/{component.name}.webp)\n")
    return "\n".join(parts)


def _as_markdown(said: str) -> str:
    return said[0].upper() + said[1:].replace("<", "`<").replace(">", ">`")
