"""Generate the page of workflows: a chart and a table for each kind of case."""

from civicportal.core.site import Site
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import STAGES, CaseKind, Transition
from docs.tools.tables import code, table

INTRODUCTION = """\
# Workflows

Each kind of case has its states and the steps between them, as data in its plugin; the chart is drawn from them. A column is a
state, its colour the stage by which statistics count it; a line is a step that leads from the dots to the arrow. Below stands the
same as a table. An adapted kind of a city (`adapt_case_kind`) may differ: `civicportal plugin list` names who adapts.

Stages: {stages}.
In a state that *rests* the deadline stands still. Every step has a right of its kind, `<kind>:case:work` unless the table
names another; citizens act on their own cases only, the system in jobs and answers by SMS.
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
