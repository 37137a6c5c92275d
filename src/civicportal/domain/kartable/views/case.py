"""The page of a case."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.work import Work
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import AccessService, holds
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.steps import StepService
from civicportal.domain.cases.workflow import Transition
from civicportal.domain.kartable.contractors import ContractorService
from civicportal.domain.kartable.ready_texts import ReadyTextService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.views import forms
from civicportal.domain.kartable.views.page import case_page, last_event
from civicportal.domain.notifications.notices import MessageFieldsMissing
from civicportal.domain.notifications.services import NotificationService
from civicportal.util.errors import Forbidden, NotFound
from civicportal.web.request import Request, ViewResult


def show(request: Request) -> dict[str, object]:
    """Show a case.

    The visit is recorded first, in a separate unit of work.
    """
    case = _case(request)
    if request.method == "GET":
        referrals = request.work.get(AccessService).referrals(case)
        is_new = any(
            referral.read_at is None and holds(request.identity, case, referral) for referral in referrals
        )
        with request.site.work(actor=request.identity, locale=request.locale_name) as work:
            if is_new:
                work.get(KartableService).mark_read(work.get(CaseService).fetch(case.code))
            work.get(AuditService).record("case:open", subject_id=case.citizen_id, case_id=case.id)
    return case_page(request, case)


def step(request: Request) -> ViewResult:
    """Show a case with one open transition form, which a script requests alone."""
    case, cases = _case(request), request.work.get(CaseService)
    steps = cases.steps(case)
    if request.matchdict["step"] not in [step.transition.name for step in steps if not step.reason]:
        return HTTPSeeOther(forms.path(request, "kartable.case"))
    if not request.is_xhr:
        return show(request)
    request.override_renderer = "civicportal:templates/kartable/step.jinja2"
    opened = forms.open_step(request, case, steps)
    proof = forms.proofs(
        request.work.get(AttachmentService).of_case(case), request.work.get(ContractorService).mentioned(case)
    )
    offers = request.work.get(ReadyTextService).offers(case, opened.transition) if opened else []
    return {"case": case, "step": opened, "offers": offers, "proof": proof, "seen": last_event(cases, case)}


def reveal(request: Request) -> dict[str, object]:
    """Show the citizen's number or identity, and record it.

    :raises LimitExceeded: when the officer has asked too often.
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


def preview(request: Request) -> dict[str, object]:
    """Show the notification for the current form input."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        cases = work.get(CaseService)
        case = cases.fetch(request.matchdict["code"])
        name = request.GET.get("transition", "")
        steps = cases.steps(case)
        transition = next((step.transition for step in steps if step.transition.name == name), None)
        if transition is None:
            raise NotFound("no such step")
        said = _said(request, transition, case, work)
        notice, refusal = None, None
        if work.get(StepService).notifies(case, transition) and said is not None:
            try:
                notice = work.get(NotificationService).preview_step(
                    case, target=transition.target, own=transition.text, **said
                )
            except Refused as refused:
                refusal = refused.reason
            except MessageFieldsMissing:
                said = None
    return {
        "notice": notice,
        "refusal": refusal,
        "case": case,
        "transition": transition,
        "incomplete": said is None,
    }


class _Said(TypedDict):
    """The message of a transition form."""

    moment: datetime | None
    note: str
    own_fields: Mapping[str, str]


def _said(request: Request, transition: Transition, case: Case, work: Work) -> _Said | None:
    """Return the message's values of the form; None while they are incomplete."""
    form = forms.step_form(request, transition, case, work)
    if request.method == "POST":
        form.fill({name: request.POST.getall(name) for name in request.POST})
    if transition.notice is None:
        # A form that is complete, for instance a prefilled one, says what it would say when it is sent.
        found = (form.valid() or {}).get(CaseEvent.NOTICE, {})
    else:
        found = transition.notice(form.readable(), work)
    if found is None:
        return None
    own = dict(found)
    moment, note = own.pop("moment", None), own.pop("note", "")
    return {
        "moment": datetime.fromisoformat(moment) if moment else None,
        "note": note,
        "own_fields": own,
    }


def _case(request: Request) -> Case:
    found: Case = request.work.get(CaseService).fetch(request.matchdict["code"])
    return found
