"""The page of a case, first shown or after a refused form."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.conversion import ConversionService
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.contractors import AFTER, BEFORE, ContractorService
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.facts import FactsService, Rights
from civicportal.domain.kartable.inquiries import InquiryService
from civicportal.domain.kartable.jobs import JobService
from civicportal.domain.kartable.ready_texts import ReadyTextService
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.kartable.views import forms
from civicportal.domain.kartable.views.doubts import UnattendedUnits, Unread
from civicportal.web.display import render_areas
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request

if TYPE_CHECKING:
    pass

AUDIENCES = ("citizen", "public")
PLACES = ("step", "refer", "hand", "comment", "reply", "job", "publish", "back", "button")
"""Places of forms on the page."""


def case_page(
    request: Request,
    case: Case,
    *,
    status: int = 200,
    sent: Mapping[str, BoundForm] | None = None,
    merge: bool = False,
    doubt: UnattendedUnits | Unread | None = None,
    reveal: str = "",
) -> dict[str, object]:
    """Return the variables for the template of the case page.

    :param sent: a refused form by its place, one of ``PLACES``.
    :param merge: the case was changed since the form was shown: list the changes.
    :param doubt: what must be confirmed before the case is referred, or a copy or an inquiry sent.
    :param reveal: the citizen's data shown in full: "contact", "identity" or nothing.
    """
    work = request.work
    shown: dict[str, BoundForm | None] = {**dict.fromkeys(PLACES), **(sent or {})}
    request.response.status_int = status
    cases, facts, custody = work.get(CaseService), work.get(FactsService), work.get(CustodyService)
    history, ready = work.get(StaffHistory), work.get(ReadyTextService)
    rights = facts.rights(case)
    steps = cases.steps(case)
    contractors = work.get(ContractorService).mentioned(case)
    opened = forms.open_step(
        request, case, steps, shown["step"], finishes=any(link.is_done for link in contractors)
    )
    public = request.GET.get("history") == "public"
    details = facts.of(case, () if public else history.people(case))
    events = [] if public else history.of(case, details.names)
    # Read with the events.
    photos = work.get(AttachmentService).of_case(case)
    # The last event is one of those that were just read.
    undo = work.get(UndoService).last(case)
    jobs = work.get(JobService)
    split = jobs.of(case)
    replies = {one.id: forms.reply_form(request, one.id) for one in rights.asked}
    if shown["reply"] and (inquiry_id := forms.sent_number(request, forms.INQUIRY)) in replies:
        replies[inquiry_id] = shown["reply"]
    results = {job.id: forms.job_form(request, job.id) for job in split.jobs if job.may_do}
    if shown["job"] and (job_id := forms.sent_number(request, forms.JOB)) in results:
        results[job_id] = shown["job"]
    return {
        "case": case,
        "facts": details,
        "rights": rights,
        "publishable": cases.kind(case).publishable,
        "photos": [photo for photo in photos if photo.purpose == "before"],
        "after": [photo for photo in photos if photo.purpose == "after"],
        "steps": [step.transition for step in steps if not step.reason],
        "step": opened,
        "contractors": contractors,
        "contractor_photos": [photo for photo in photos if photo.purpose in (BEFORE, AFTER)],
        "sent_link": forms.sent_number(request, forms.LINK) if shown["back"] else 0,
        "may_link": work.get(ContractorService).may_make(case),
        "proof": forms.proofs(photos, contractors),
        "back": shown["back"] or forms.send_back_form(request),
        "offers": ready.offers(case, opened.transition) if opened else [],
        "inquiries": work.get(InquiryService).waiting(case) if rights.refer else [],
        "split": split,
        "results": results,
        "may_split": jobs.may_split(case),
        "targets": work.get(ConversionService).targets(case),
        "closed_steps": [step for step in steps if step.reason],
        "refer": shown["refer"] or (forms.referral_form(request, work) if rights.refer else None),
        "hand": shown["hand"] or _hand_form(request, rights),
        "comment": shown["comment"] or forms.comment_form(request),
        "replies": replies,
        "events": events,
        "said_since": history.said_since(events),
        "public_events": work.get(PublicHistory).of(case, own=True, audiences=AUDIENCES) if public else None,
        "seen": last_event(cases, case),
        "undo": undo,
        "undo_seconds": work.get(UndoService).seconds_left(undo) if undo else 0,
        "neighbours": details.neighbours,
        "rating": work.get(RatingService).summary(case),
        "panels": render_areas(request, "case_panels", ("facts", "aside"), {"case": case}, case=case),
        "sent": shown,
        "merge": merge,
        "doubt": doubt,
        "attendance": custody.doubts(case.kind, case.category_id) if rights.refer else {},
        "changes_since": history.since(case, forms.sent_number(request, forms.SEEN)) if merge else [],
        "refused_form": _refused_form(shown, opened, [*replies.values(), *results.values()]),
        "reveal": reveal,
    }


def _hand_form(request: Request, rights: Rights) -> BoundForm | None:
    """Return the form that hands the case to a colleague, if there is one."""
    referral = rights.referral
    if referral is None or not rights.hand_over:
        return None
    offered = forms.colleagues(request.work, [referral.to_unit_id], holder_id(referral))
    return forms.assignment_form(request, offered) if offered else None


def last_event(cases: CaseService, case: Case) -> int:
    """Return the id of the last event, else 0."""
    event = cases.last_event(case)
    return event.id if event else 0


def _refused_form(
    shown: Mapping[str, BoundForm | None],
    opened: forms.StaffStepForm | None,
    offered: Sequence[BoundForm],
) -> BoundForm | None:
    """Return a submitted form that is no longer offered."""
    for form in (shown["reply"], shown["job"]):
        if form and form not in offered:
            return form
    return None if opened and opened.form is shown["step"] else shown["step"]
