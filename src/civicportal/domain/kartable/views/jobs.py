"""Jobs of a case: the page that splits it, and the actions on one job."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select

from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.public_texts import PersonalDataFound
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.views.personal_data import PersonalDataCheck, allowed_words
from civicportal.domain.kartable import schemas
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.jobs import MOST, JobService, NewJob, RefusedJob
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.kartable.types import Addressee
from civicportal.domain.kartable.views import forms
from civicportal.domain.kartable.views.actions import STALE, act_on_case, press
from civicportal.domain.kartable.views.doubts import UnattendedUnits, doubt
from civicportal.domain.kartable.views.messages import flash_done
from civicportal.domain.kartable.views.page import last_event
from civicportal.util.errors import Conflict, NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.request import Request, ViewResult

SHOWN = 2
"""Jobs of the form that are shown at first."""


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """The jobs of a submitted form.

    :ivar rows: their rows in the form, from 1.
    """

    jobs: Sequence[NewJob]
    rows: Sequence[int]


class _End(Protocol):
    """Ends a job."""

    def __call__(
        self, case: Case, job_id: int, *, text: str, attachments: Sequence[str], owner: str
    ) -> CaseEvent:
        """Return the event of the case."""


def split(request: Request) -> ViewResult:
    """Show the form that splits a case into jobs, or split it."""
    post = request.method == "POST"
    case = request.work.get(CaseService).fetch(request.matchdict["code"], lock=post)
    service = request.work.get(JobService)
    form = _form(request, case)
    if not post:
        if not service.may_split(case):
            return HTTPSeeOther(forms.path(request, "kartable.case"))
        return _page(request, case, form)
    try:
        values = form.validate(request.POST)
        request.work.get(CaseService).check_version(case, forms.sent_number(request, forms.VERSION))
        sent = _read(values)
        if doubts := _doubts(request, case, sent):
            return _page(request, case, form, status=422, doubts=doubts)
        service.split(case, sent.jobs, answer=values["public_text"], allowed=allowed_words(request))
    except Conflict:
        return _stale(request, case, form)
    except FormInvalid:
        # Report a colleague's change before errors of the form: the person who corrects them should know it.
        if forms.sent_number(request, forms.VERSION) != case.version:
            return _stale(request, case, form)
        return _page(request, case, form, status=422)
    except PersonalDataFound as found:
        PersonalDataCheck(request, form).show(found)
        return _page(request, case, form, status=422)
    except RefusedJob as refusal:
        form.fail(f"{refusal.field}_{sent.rows[refusal.number]}", refusal.reason)
        return _page(request, case, form, status=422)
    except ReferralError as refusal:
        form.fail("", refusal.reason)
        return _page(request, case, form, status=422)
    flash_done(request, case, _("The case was split into jobs."))
    return HTTPSeeOther(forms.path(request, "kartable.case"))


def take(request: Request) -> ViewResult:
    """Take a job in hand."""
    return press(
        request,
        lambda case: request.work.get(JobService).take_job(case, _job_id(request)),
        _("The job is in your hands."),
    )


def release(request: Request) -> ViewResult:
    """Put a job back for the whole unit."""
    return press(
        request,
        lambda case: request.work.get(JobService).release_job(case, _job_id(request)),
        _("The job lies before the whole unit again."),
    )


def withdraw(request: Request) -> ViewResult:
    """Withdraw an open job."""
    return press(
        request,
        lambda case: request.work.get(JobService).withdraw(case, _job_id(request)),
        _("The job was withdrawn."),
    )


def finish(request: Request) -> ViewResult:
    """Report a job as done."""
    return _end(request, request.work.get(JobService).finish)


def refuse(request: Request) -> ViewResult:
    """Return a job that cannot be done."""
    return _end(request, request.work.get(JobService).refuse)


# -- inside -------------------------------------------------------------------------------------------------


def _end(request: Request, end: _End) -> ViewResult:
    form = forms.job_form(request, _job_id(request))

    def act(case: Case, values: Values) -> None:
        pictures, owner = values["photos"], request.upload_owner()
        end(case, _job_id(request), text=values["result"], attachments=pictures, owner=owner)

    done = _("The result of the job was sent.")
    try:
        # The jobs of other units, which end at any moment, do not make it stale.
        answer = act_on_case(request, "job", form, act, done=done, versioned=False)
    except NotFound:
        # With a withdrawn job the right to see the case has ended: only what was typed is shown.
        request.override_renderer = "civicportal:templates/kartable/job_gone.jinja2"
        request.response.status_int = 404
        return {"form": form}
    sees = select(Case.id).where(Case.code == request.matchdict["code"], visible(request.identity))
    if isinstance(answer, HTTPSeeOther) and request.work.session.scalar(sees) is None:
        # It has ended with the job.
        return HTTPSeeOther(request.route_path("kartable"))
    return answer


def _job_id(request: Request) -> int:
    return forms.sent_number(request, forms.JOB)


def _form(request: Request, case: Case) -> BoundForm:
    found = request.work.get(JobService).of(case)
    required = 1 if found.is_open else SHOWN
    return BoundForm(
        request,
        schemas.split_schema(MOST, required),
        initial={"public_text": found.answer if found.is_open else ""},
        bindings={"units": forms.unit_choices(request.work)},
        send=_("Split into jobs"),
        send_class="btn-primary",
        ignore=forms.OWN,
    )


def _read(values: Values) -> _Sent:
    rows = [row for row in range(1, MOST + 1) if values[f"unit_{row}"]]
    jobs = [
        NewJob(unit_id=int(values[f"unit_{row}"]), task=values[f"task_{row}"], due_on=values[f"due_{row}"])
        for row in rows
    ]
    return _Sent(jobs=jobs, rows=rows)


def _doubts(request: Request, case: Case, sent: _Sent) -> list[UnattendedUnits]:
    """Return the jobs that only the head of a unit would get, to be confirmed.

    :raises RefusedJob: for those that no one would get.
    """
    request.work.get(JobService).check(case, sent.jobs)
    to = (Addressee(unit_id=job.unit_id, user_id=None, note="") for job in sent.jobs)
    return [found for one in to if (found := doubt(request, request.work, [case], one))]


def _stale(request: Request, case: Case, form: BoundForm) -> dict[str, object]:
    form.fail("", STALE)
    return _page(request, case, form, status=409, merge=True)


def _page(
    request: Request,
    case: Case,
    form: BoundForm,
    *,
    status: int = 200,
    merge: bool = False,
    doubts: Sequence[UnattendedUnits] = (),
) -> dict[str, object]:
    request.response.status_int = status
    changes = request.work.get(StaffHistory).since(case, forms.sent_number(request, forms.SEEN))
    rows = [tuple(form[f"{name}_{row}"] for name in ("unit", "task", "due")) for row in range(1, MOST + 1)]
    used = [
        number for number, fields in enumerate(rows, 1) if any(one.cstruct or one.error for one in fields)
    ]
    return {
        "case": case,
        "form": form,
        "rows": rows,
        "shown": max([SHOWN, *used]),
        "split": request.work.get(JobService).of(case),
        "doubts": doubts,
        "seen": last_event(request.work.get(CaseService), case),
        "merge": merge,
        "refused_form": None,
        "changes_since": changes if merge else [],
    }
