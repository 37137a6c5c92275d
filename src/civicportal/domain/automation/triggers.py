"""When an automation runs: after an event of a case, or at an age."""

from collections.abc import Iterator

from translationstring import TranslationString

from civicportal.domain.cases.correction import CORRECTED
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.cases.workflow import CaseKind
from civicportal.util.i18n import _

EVENTS: dict[str, TranslationString] = {
    "opened": _("A case was registered"),
    "moved": _("The status of a case changed"),
    "closed": _("A case was closed"),
    "reopened": _("A closed case was opened again"),
    "referred": _("A case was referred or returned"),
    "corrected": _("The category or the place of a case was corrected"),
    "written": _("The citizen wrote in a case"),
    "noted": _("Staff added a note or an expert comment"),
    "rated": _("A citizen rated a case"),
}
AGES: dict[str, TranslationString] = {
    "age": _("Time since the case was registered"),
    "status_age": _("Time in the same status"),
    "overdue": _("Time past the deadline"),
}
TRIGGERS = EVENTS | AGES
"""Titles by name."""


def triggers_of(kind: CaseKind, event: CaseEvent) -> Iterator[str]:
    """Yield the triggers of an event.

    What the portal itself does, automations included, is none: so no automation can cause another one, and between two
    acts of people each acts once on a case.
    """
    if event.type == "opened":
        yield "opened"
    if event.realm == "system" or event.type == "opened":
        return
    if event.type == "transition" and event.before != event.after:
        yield "moved"
        before, after = (kind.workflow.by_name.get(name or "") for name in (event.before, event.after))
        if before and after and before.is_open != after.is_open:
            yield "reopened" if after.is_open else "closed"
    if event.realm == "citizen" and event.public and event.public_text:
        yield "written"
    if event.type in ("referred", "returned"):
        yield "referred"
    elif event.type == "commented":
        yield "noted"
    elif event.type == CORRECTED:
        yield "corrected"
    elif event.type == "rated":
        yield "rated"
