"""Kinds of cases that the plugins of tests bring."""

from civicportal.api.cases import CaseKind, State, Transition, Workflow
from civicportal.util.i18n import _

PERMITS = CaseKind(
    name="permits",
    title=_("Permit"),
    permission_prefix="permits:case",
    workflow=Workflow(
        initial="asked",
        states=(
            State(name="asked", title=_("Asked"), stage="registered"),
            State(name="given", title=_("Given"), stage="done"),
        ),
        transitions=(Transition(name="give", title=_("Give"), sources=("asked",), target="given"),),
    ),
)
"""The smallest there can be: two states and the step between them."""
