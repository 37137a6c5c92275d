"""Bulk actions: ask for missing data, act, and redirect to the results."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select
from translationstring import TranslationString

from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.schemas import step_values
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import Transition
from civicportal.domain.kartable import bulk as many
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.filters import ADDRESS
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.views import forms
from civicportal.domain.kartable.views.bulk_result import show_later
from civicportal.domain.kartable.views.doubts import UnattendedUnits, doubt
from civicportal.domain.kartable.views.forms import StaffStepForm
from civicportal.util import tracking
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.forms.filters import with_query
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import whole_number

if TYPE_CHECKING:
    from civicportal.core.work import Work

MOST = 100
"""Maximum number of cases at once."""
UNASKED = 20
"""More cases than these need a confirmation page."""
OWN = ("code", "action", "transition", "confirmed", forms.ANYWAY)


def bulk_actions(work: "Work") -> frozenset[str]:
    """Return the names of the actions that the actor has a right to, for cases of any kind."""
    kinds = kinds_of(work.site).values()
    verbs = {verb for verb in ("refer", "work") if any(work.actor.permits(k.permission(verb)) for k in kinds)}
    needed = {"refer": "refer", "assign": "refer", "step": "work", "take": "work"}
    return frozenset(action for action, verb in needed.items() if verb in verbs)


def bulk(request: Request) -> ViewResult:
    """Refer, assign, take over or change every selected case.

    An action that needs data shows its form first. The button of a row takes its case alone.
    """
    if request.POST.get("take"):
        return _take_one(request, request.POST["take"])
    codes = _codes(request)
    actions = {"refer": _refer, "step": _step, "take": _take, "assign": _assign}
    action = request.POST.get("action", "")
    if action not in actions:
        raise NotFound("no such action")
    if not codes:
        request.session.flash(request.translate(_("Choose at least one case first.")), "warn")
        return HTTPSeeOther(ADDRESS)
    return actions[action](request, codes)


def undo(request: Request) -> ViewResult:
    """Undo the bulk action of the previous page."""
    pairs = (text.partition(":") for text in request.POST.getall("step")[:MOST])
    steps = [(code, whole_number(event)) for code, _colon, event in pairs if tracking.is_valid(code)]
    outcomes = many.undo_each(request.site, request.identity, steps)
    return show_later(request, outcomes, _("Taken back"), undoable=False)


def _refer(request: Request, codes: Sequence[str]) -> ViewResult:
    with request.site.work(actor=request.identity, write=False) as work:
        form = forms.referral_form(request, work, ignore=OWN, outlives=True)
        cases = _cases(work, codes)
    if "unit" not in request.POST:
        return _ask(request, cases, "refer", refer=form)
    try:
        values = form.validate(request.POST)
    except FormInvalid:
        return _ask(request, cases, "refer", refer=form, status=422)
    to = forms.addressee(values)
    with request.site.work(actor=request.identity, write=False) as work:
        asked = doubt(request, work, cases, to)
    if asked:
        return _ask(request, cases, "refer", refer=form, status=422, doubt=asked)
    if _unasked(request, codes):
        return _ask(request, cases, "refer", refer=form)

    def refer(work: "Work", case: Case) -> object:
        return work.get(KartableService).refer(case, **to, unattended=True)

    return _act(request, codes, refer, _("Referred"))


def _step(request: Request, codes: Sequence[str]) -> ViewResult:
    with request.site.work(actor=request.identity, write=False) as work:
        cases = _cases(work, codes)
        possible = _forms(request, many.common_steps(work, cases))
    name = request.POST.get("transition")
    chosen = next((item for item in possible if item.transition.name == name), None)
    if chosen is None:
        return _ask(request, cases, "step", steps=possible, status=422 if name else 200)
    try:
        values = step_values(chosen.form.validate(request.POST))
    except FormInvalid:
        return _ask(request, cases, "step", steps=possible, status=422)
    if _unasked(request, codes):
        return _ask(request, cases, "step", steps=possible)

    def apply(work: "Work", case: Case) -> object:
        return work.get(CaseService).apply(case, chosen.transition.name, **values)

    return _act(request, codes, apply, chosen.transition.title)


def _take(request: Request, codes: Sequence[str]) -> ViewResult:
    if _unasked(request, codes):
        with request.site.work(actor=request.identity, write=False) as work:
            cases = _cases(work, codes)
        return _ask(request, cases, "take")
    return _act(request, codes, lambda work, case: work.get(KartableService).take(case), _("Taken in hand"))


def _take_one(request: Request, code: str) -> ViewResult:
    """Take over the case of a row, and return to the list with its filters."""
    if not tracking.is_valid(code):
        raise NotFound("no such case")

    def take(work: "Work", case: Case) -> object:
        return work.get(KartableService).take(case)

    [outcome] = many.each(request.site, request.identity, [code], take)
    done = _("The case is in your hands.")
    request.session.flash(request.translate(outcome.reason or done), "bad" if outcome.reason else "good")
    return HTTPSeeOther(with_query(ADDRESS, dict(request.GET)))


def _assign(request: Request, codes: Sequence[str]) -> ViewResult:
    with request.site.work(actor=request.identity, write=False) as work:
        cases = _cases(work, codes)
        offered = forms.colleagues(work, {case.unit_id for case in cases if case.unit_id}, forms.ANYBODY)
    form = forms.assignment_form(request, offered, ignore=OWN)
    if "to" not in request.POST:
        return _ask(request, cases, "assign", hand=form)
    try:
        values = form.validate(request.POST)
    except FormInvalid:
        return _ask(request, cases, "assign", hand=form, status=422)
    to = forms.recipient(values)

    def assign(work: "Work", case: Case) -> object:
        return work.get(AssignmentService).assign(case, to, note=values["note"])

    return _act(request, codes, assign, _("Handed over"))


def _act(
    request: Request, codes: Sequence[str], act: Callable[["Work", Case], object], title: TranslationString
) -> ViewResult:
    return show_later(request, many.each(request.site, request.identity, codes, act), title, undoable=True)


def _ask(
    request: Request,
    cases: Sequence[Case],
    action: str,
    *,
    status: int = 200,
    refer: BoundForm | None = None,
    hand: BoundForm | None = None,
    steps: Sequence[StaffStepForm] = (),
    doubt: UnattendedUnits | None = None,
) -> ViewResult:
    request.response.status_int = status
    attendance = {}
    if refer:
        with request.site.work(actor=request.identity, write=False) as work:
            attendance = work.get(CustodyService).doubts_of_all(cases)
    return {
        "cases": cases,
        "action": action,
        "refer": refer,
        "hand": hand,
        "steps": steps,
        "doubt": doubt,
        "attendance": attendance,
    }


def _forms(request: Request, transitions: Sequence[Transition]) -> list[StaffStepForm]:
    found = [(transition, forms.words_form(request, transition, OWN)) for transition in transitions]
    return [StaffStepForm(transition=transition, form=form) for transition, form in found if form is not None]


def _codes(request: Request) -> list[str]:
    codes = [
        code for code in request.POST.getall("code") if isinstance(code, str) and tracking.is_valid(code)
    ]
    return list(dict.fromkeys(codes))[:MOST]


def _unasked(request: Request, codes: Sequence[str]) -> bool:
    return len(codes) > UNASKED and "confirmed" not in request.POST


def _cases(work: "Work", codes: Sequence[str]) -> list[Case]:
    query = select(Case).where(Case.code.in_(codes), visible(work.actor))
    return sorted(work.session.scalars(query), key=lambda case: codes.index(case.code))
