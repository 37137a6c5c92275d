"""The kartable: who has to do what, who sent it, and by which rule."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from civicportal.errors import ConfigurationError
from civicportal.security import STAFF

if TYPE_CHECKING:
    from civicportal.cases.workflow import CaseKind

CASE = r"/kartable/cases/{code:\d{10}}"
#: What is done with one case: the end of its address, and the view.
ACTIONS = {
    "take": "take",
    "release": "release",
    "refer": "refer",
    "return": "give_back",
    "copy": "copy",
    "inquire": "inquire",
    "reply": "reply",
    "comment": "comment",
    "dismiss": "dismiss",
    "publish": "publish",
    "urgent": "urgent",
    "undo": "undo",
}
#: No transition of a workflow may have one of these names: its address would be theirs.
RESERVED = frozenset(ACTIONS) | {"reveal", "preview"}
#: Route, pattern, view, template, method.
PAGES = (
    ("kartable", "/kartable", "inbox.inbox", "inbox", "GET"),
    ("kartable.search", "/kartable/search", "inbox.search", None, "POST"),
    ("kartable.bulk", "/kartable/bulk", "bulk.bulk", "bulk_ask", "POST"),
    ("kartable.bulk_undo", "/kartable/bulk/undo", "bulk.undo", "bulk_result", "POST"),
    ("kartable.case", CASE, "case.show", "case", "GET"),
    ("kartable.preview", f"{CASE}/preview", "case.preview", "preview", "GET"),
    ("kartable.reveal", f"{CASE}/reveal", "case.reveal", "case", "POST"),
    *(
        (f"kartable.{name}", f"{CASE}/{name}", f"actions.{view}", "case", "POST")
        for name, view in ACTIONS.items()
    ),
    # The last: the first that fits is taken.
    ("kartable.step", CASE + "/{step}", "actions.step", "case", "POST"),
)


def includeme(config: Any) -> None:
    """Add the pages of staff.

    :raises ConfigurationError: when a transition has the name of something else that is done with a case.
    """
    refuse_reserved(config.registry.site.kinds.values())
    for name, pattern, view, template, method in PAGES:
        config.add_route(name, pattern)
        config.add_view(
            f"civicportal.kartable.views.{view}",
            route_name=name,
            renderer=f"civicportal:templates/kartable/{template}.jinja2" if template else None,
            permission=STAFF,
            request_method=method,
        )


def refuse_reserved(kinds: "Iterable[CaseKind]") -> None:
    """Refuse a workflow whose transition has the name of something else that is done with a case.

    :raises ConfigurationError: names kind and transition.
    """
    for kind in kinds:
        taken = sorted(RESERVED & {transition.name for transition in kind.workflow.transitions})
        if taken:
            raise ConfigurationError(
                f"case kind {kind.name!r}: no transition may be called {', '.join(taken)}: the kartable is"
            )
