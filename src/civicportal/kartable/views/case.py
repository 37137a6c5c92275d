"""The page of a case, the citizen's number and identity, the preview of a notice."""

from typing import Any

from civicportal.access import AccessService
from civicportal.audit.services import AuditService
from civicportal.cases.models import Case
from civicportal.cases.services import CaseService
from civicportal.errors import Forbidden, NotFound
from civicportal.kartable.services import KartableService
from civicportal.kartable.views.page import case_page
from civicportal.notifications.services import NotificationService


def show(request: Any) -> dict[str, Any]:
    """Show a case; that somebody has opened it is written first, in a unit of work of its own."""
    code = request.matchdict["code"]
    if request.method == "GET":
        with request.site.work(actor=request.identity) as work:
            case = work.get(CaseService).fetch(code)
            work.get(KartableService).mark_read(case)
            work.get(AuditService).record("case:open", subject_id=case.citizen_id, case_id=case.id)
    return case_page(request, _case(request))


def reveal(request: Any) -> dict[str, Any]:
    """Show the citizen's number or identity on this page, and write into the trail that it was asked for.

    :raises TooMany: when the officer has asked for too many.
    :raises Forbidden: without the right to it.
    """
    what = "identity" if request.POST.get("what") == "identity" else "contact"
    request.site.limits.hit("reveal_officer", request.identity.user_id)
    case = _case(request)
    has_it = what == "identity" or case.citizen_id is not None
    if not (has_it and request.work.get(AccessService).can(case, what)):
        raise Forbidden(f"may not see the {what}")
    request.work.get(AuditService).record(f"reveal:{what}", subject_id=case.citizen_id, case_id=case.id)
    return case_page(request, case, reveal=what)


def preview(request: Any) -> dict[str, Any]:
    """Show the notice that a step would send, as it would be sent."""
    case = _case(request)
    cases = request.work.get(CaseService)
    name = request.GET.get("transition", "")
    transition = next((step.transition for step in cases.steps(case) if step.transition.name == name), None)
    if transition is None:
        raise NotFound("no such step")
    notice = None
    if transition.notify:
        notice = request.work.get(NotificationService).preview_step(
            case, target=transition.target, own=transition.text
        )
    return {"notice": notice, "case": case, "transition": transition}


def _case(request: Any) -> Case:
    found: Case = request.work.get(CaseService).fetch(request.matchdict["code"])
    return found
