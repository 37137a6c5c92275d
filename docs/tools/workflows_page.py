"""Generate the page of workflows: a chart and a table for each kind of case."""

from civicportal.core.site import Site
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import STAGES, CaseKind, Transition
from docs.tools.tables import code, table

INTRODUCTION = """\
# Workflows

The plugin of a kind of case defines its states and transitions as data; the charts are drawn from them. A column is a
state, with the colour of its stage; a line is a transition from the dots to the arrow. The table below a chart has the
same content. A city can change a kind (`adapt_case_kind`): `civicportal plugin list` shows which plugins do.

Stages: {stages}.
In a state that *rests* the deadline is paused. Every transition requires a right of its kind, `<kind>:case:work` unless the table
lists another; citizens act on their own cases only, the system in jobs and after answers by SMS.
"""


def page(site: Site) -> str:
    """Return the page."""
    stages = ", ".join(f"{title} ({code(name)})" for name, title in STAGES.items())
    return "\n".join([INTRODUCTION.format(stages=stages), *map(_section, kinds_of(site).values())])


def who(kind: CaseKind, step: Transition) -> str:
    """Return who may take a step, and the permission if it is not the default."""
    right = (
        f" with {step.permission}" if step.permission and step.permission != kind.permission("work") else ""
    )
    return " or ".join(
        f"{actor}{right if actor == 'staff' else ''}" for actor in sorted(step.actors, reverse=True)
    )


def _section(kind: CaseKind) -> str:
    names = {state.name: str(state.title) for state in kind.workflow.states}
    states = [
        (
            code(state.name),
            f"{state.title}{' (rests)' * state.pauses_deadline}",
            str(state.public_title or state.title),
            code(state.stage),
        )
        for state in kind.workflow.states
    ]
    steps = [
        (
            str(step.title),
            ", ".join(names[source] for source in step.sources),
            names[step.target],
            who(kind, step),
            "yes" if step.notify else "no",
        )
        for step in kind.workflow.transitions
    ]
    return (
        f"## {kind.title}\n\n![The states of {code(kind.name)} and the steps between them](workflows/{kind.name}.svg)\n\n"
        f"{table(('state', 'staff read', 'citizens read', 'stage'), states)}\n"
        f"{table(('step', 'from', 'to', 'who', 'citizen is told'), steps)}"
    )
