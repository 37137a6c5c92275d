"""The kartable and the routing of new cases."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.domain.accounts.permissions import LEAD, UNATTENDED
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.kartable.rest import OPERATIONS
from civicportal.util.errors import ConfigurationError
from civicportal.web.pages import Page, add_pages

if TYPE_CHECKING:
    from civicportal.domain.cases.workflow import CaseKind

TEXTS = "core:text:manage"
CASE = r"/kartable/cases/{code:\d{10}}"
#: Actions on one case: the end of the address, and the view.
ACTIONS = {
    "take": "take",
    "release": "release",
    "hand-over": "hand_over",
    "take-over": "take_over",
    "refer": "refer",
    "return": "give_back",
    "copy": "copy",
    "inquire": "inquire",
    "reply": "reply",
    "comment": "comment",
    "withdraw-inquiry": "withdraw",
    "dismiss": "dismiss",
    "publish": "publish",
    "urgent": "urgent",
    "undo": "undo",
    "revoke-link": "revoke_link",
    "send-back": "send_back",
}
#: Actions on one job of a case, likewise.
JOB_ACTIONS = {
    "take-job": "take",
    "release-job": "release",
    "finish-job": "finish",
    "refuse-job": "refuse",
    "withdraw-job": "withdraw",
}
#: Reserved: a transition with one of these names would have the same address as an action.
RESERVED = frozenset((*ACTIONS, *JOB_ACTIONS)) | {"reveal", "preview", "correct", "split", "contractor"}
ROUTES = {
    "kartable": "/kartable",
    "kartable.search": "/kartable/search",
    "kartable.news": "/kartable/news",
    "kartable.unattended": "/kartable/unattended",
    "kartable.bulk": "/kartable/bulk",
    "kartable.bulk_undo": "/kartable/bulk/undo",
    "kartable.bulk_result": "/kartable/bulk/result",
    "kartable.print": "/kartable/print",
    "kartable.case": CASE,
    "kartable.preview": f"{CASE}/preview",
    "kartable.reveal": f"{CASE}/reveal",
    "kartable.correct": f"{CASE}/correct",
    "kartable.contractor": f"{CASE}/contractor",
    "kartable.split": f"{CASE}/split",
    **{f"kartable.{name}": f"{CASE}/{name}" for name in (*ACTIONS, *JOB_ACTIONS)},
    "contractor": "/job/{token}",
    "contractor.picture": r"/job/{token}/{key:[\w-]{22}}",
    "contractor.picture_small": r"/job/{token}/{key:[\w-]{22}}/small",
    "team": "/desk/team",
    "team.balance": "/desk/team/balance",
    "team.hand_on": r"/desk/team/{id:\d{1,18}}",
    "texts": "/desk/texts",
    "texts.new": "/desk/texts/new",
    "texts.edit": r"/desk/texts/{id:\d{1,18}}",
    "texts.move": r"/desk/texts/{id:\d{1,18}}/move",
    # Last, because the first matching route is taken.
    "kartable.step": CASE + "/{step}",
}
VIEWS: tuple[Page, ...] = (
    ("kartable", "inbox.inbox", "inbox", PagePermission.STAFF, "GET"),
    ("kartable.search", "inbox.search", None, PagePermission.STAFF, "POST"),
    ("kartable.news", "inbox.news", None, PagePermission.STAFF, "GET"),
    ("kartable.unattended", "unattended.unattended", "unattended", UNATTENDED, "GET"),
    ("kartable.bulk", "bulk.bulk", "bulk_ask", PagePermission.STAFF, "POST"),
    ("kartable.bulk_undo", "bulk.undo", None, PagePermission.STAFF, "POST"),
    ("kartable.bulk_result", "bulk_result.result", "bulk_result", PagePermission.STAFF, "GET"),
    ("kartable.print", "bulk_print.printed", "printed", PagePermission.STAFF, "GET"),
    ("kartable.case", "case.show", "case", PagePermission.STAFF, "GET"),
    ("kartable.preview", "case.preview", "preview", PagePermission.STAFF, ("GET", "POST")),
    ("kartable.reveal", "case.reveal", "case", PagePermission.STAFF, "POST"),
    ("kartable.correct", "correct.correct", "correct", PagePermission.STAFF, ("GET", "POST")),
    ("kartable.split", "jobs.split", "split", PagePermission.STAFF, ("GET", "POST")),
    ("kartable.contractor", "contractor.contractor", "contractor", PagePermission.STAFF, ("GET", "POST")),
    ("contractor", "contractor_page.page", "contractor_page", PagePermission.EVERYBODY, ("GET", "POST")),
    ("contractor.picture", "contractor_page.large", None, PagePermission.EVERYBODY, "GET"),
    ("contractor.picture_small", "contractor_page.small", None, PagePermission.EVERYBODY, "GET"),
    *(
        (f"kartable.{name}", f"actions.{view}", "case", PagePermission.STAFF, "POST")
        for name, view in ACTIONS.items()
    ),
    *(
        (f"kartable.{name}", f"jobs.{view}", "case", PagePermission.STAFF, "POST")
        for name, view in JOB_ACTIONS.items()
    ),
    ("team", "team.team", "team", LEAD, "GET"),
    ("team.balance", "team.balance", "balance", LEAD, ("GET", "POST")),
    ("team.hand_on", "team.hand_on", "hand_on", LEAD, ("GET", "POST")),
    ("texts", "ready_texts.texts", "texts", TEXTS, "GET"),
    ("texts.new", "ready_texts.new", "text", TEXTS, ("GET", "POST")),
    ("texts.edit", "ready_texts.edit", "text", TEXTS, ("GET", "POST")),
    ("texts.move", "ready_texts.move", None, TEXTS, "POST"),
    ("kartable.step", "case.step", "case", PagePermission.STAFF, "GET"),
    ("kartable.step", "actions.step", "case", PagePermission.STAFF, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the pages of staff.

    :raises ConfigurationError: when a transition has the name of an action on a case.
    """
    refuse_reserved(kinds_of(config.registry.site).values())
    # Tracking codes, not one-time codes.
    config.add_open_fields("kartable.bulk", "code")
    config.keep_offline("contractor")
    config.add_operations(OPERATIONS)
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.kartable.views",
        templates="civicportal:templates/kartable",
    )


def refuse_reserved(kinds: "Iterable[CaseKind]") -> None:
    """Refuse transitions with reserved names.

    :raises ConfigurationError: names kind and transition.
    """
    for kind in kinds:
        taken = sorted(RESERVED & {transition.name for transition in kind.workflow.transitions})
        if taken:
            raise ConfigurationError(
                f"case kind {kind.name!r}: no transition may be called {', '.join(taken)}: the kartable is"
            )
