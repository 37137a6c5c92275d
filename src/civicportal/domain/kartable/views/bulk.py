"""Bulk actions: ask for missing data, act, and redirect to the results."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import select
from translationstring import TranslationString

from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.schemas import step_values
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable import bulk as many
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.types import Addressee
from civicportal.domain.kartable.views import forms
from civicportal.domain.kartable.views.bulk_print import print_later
from civicportal.domain.kartable.views.bulk_result import SourceList, show_later
from civicportal.domain.kartable.views.doubts import UnattendedUnits, Unread, doubt, unread
from civicportal.util import tracking
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import whole_number

if TYPE_CHECKING:
    from civicportal.core.work import Work

MOST = 100
"""Maximum number of cases at once."""
UNASKED = 20
"""More cases than these need a confirmation page."""
NEEDED = {
    "refer": "refer",
    "assign": "refer",
    "copy": "refer",
    "step": "work",
    "take": "work",
    "note": "comment",
}
"""The verb of the right that an action needs."""
OWN = ("code", "action", "transition", "confirmed", "list", "query", forms.ANYWAY)


@dataclass(frozen=True, kw_only=True)
class BulkStepForm:
    """A transition of several cases with its form."""

    step: many.BulkStep
    form: BoundForm


def bulk_actions(work: "Work") -> frozenset[str]:
    """Return the names of the actions that the actor has a right to, for cases of any kind.

    It is empty for people who only read cases: they print one by one.
    """
    kinds = kinds_of(work.site).values()
    verbs = {verb for verb in NEEDED.values() if any(work.actor.permits(k.permission(verb)) for k in kinds)}
    found = frozenset(action for action, verb in NEEDED.items() if verb in verbs)
    return found | {"print"} if found else found


def bulk(request: Request) -> ViewResult:
    """Refer, assign, take over, change, copy, note or print every selected case.

    An action that needs data shows its form first. The button of a row takes its case alone.
    """
    if request.POST.get("take"):
        return _take_one(request, request.POST["take"])
    codes = _codes(request)
    actions = {
        "refer": _refer,
        "step": _step,
        "take": _take,
        "assign": _assign,
        "copy": _copy,
        "note": _note,
        "print": print_later,
    }
    action = request.POST.get("action", "")
    if action not in actions:
        raise NotFound("no such action")
    if not codes:
        request.session.flash(request.translate(_("Choose at least one case first.")), "warn")
        return HTTPSeeOther(SourceList.sent(request).link(request).url)
    return actions[action](request, codes)


def undo(request: Request) -> ViewResult:
    """Undo the bulk action of the previous page."""
    pairs = (text.partition(":") for text in request.POST.getall("step")[:MOST])
    steps = [(code, whole_number(event)) for code, _colon, event in pairs if tracking.is_valid(code)]
    outcomes = many.undo_each(request.site, request.identity, steps)
    return show_later(request, outcomes, _("Taken back"), undoable=False, source=SourceList.sent(request))


def _refer(request: Request, codes: Sequence[str]) -> ViewResult:
    def refer(work: "Work", case: Case, to: Addressee) -> object:
        return work.get(KartableService).refer(case, **to, unattended=True)

    return _send(request, codes, "refer", partial(doubt, request), refer, _("Referred"))


def _copy(request: Request, codes: Sequence[str]) -> ViewResult:
    def question(work: "Work", cases: Sequence[Case], to: Addressee) -> Unread | None:
        return next(filter(None, (unread(request, work, case, "copy", to) for case in cases)), None)

    def copy(work: "Work", case: Case, to: Addressee) -> object:
        return work.get(KartableService).copy(case, **to)

    return _send(request, codes, "copy", question, copy, _("Copy sent"))


def _send(
    request: Request,
    codes: Sequence[str],
    action: str,
    question: Callable[["Work", Sequence[Case], Addressee], UnattendedUnits | Unread | None],
    act: Callable[["Work", Case, Addressee], object],
    title: TranslationString,
) -> ViewResult:
    """Ask for the addressee, and send every case to it.

    :param question: returns what must be confirmed first.
    """
    with _reading(request) as work:
        form = forms.referral_form(request, work, ignore=OWN, outlives=True)
        cases = _cases(work, codes)
    values = _values(request, form, "unit")
    if values is None:
        return _ask(request, cases, action, refer=form)
    to = forms.addressee(values)
    with _reading(request) as work:
        asked = question(work, cases, to)
    if asked:
        request.response.status_int = 422
    if asked or _unasked(request, codes):
        return _ask(request, cases, action, refer=form, doubt=asked)
    return _act(request, codes, lambda work, case: act(work, case, to), title)


def _step(request: Request, codes: Sequence[str]) -> ViewResult:
    with _reading(request) as work:
        cases = _cases(work, codes)
        possible = _forms(request, many.possible_steps(work, cases))
    name = request.POST.get("transition")
    chosen = next((item for item in possible if item.step.key == name), None)
    if chosen is None:
        request.response.status_int = 422 if name else 200
        return _ask(request, cases, "step", steps=possible)
    values = _values(request, chosen.form, "transition")
    if values is None or _unasked(request, codes):
        return _ask(request, cases, "step", steps=possible)
    taken = step_values(values)
    step = chosen.step
    return _act(request, codes, lambda work, case: step.apply(work, case, taken), step.transition.title)


def _take(request: Request, codes: Sequence[str]) -> ViewResult:
    if _unasked(request, codes):
        with _reading(request) as work:
            cases = _cases(work, codes)
        return _ask(request, cases, "take")
    return _act(request, codes, _take_in_hand, _("Taken in hand"))


def _take_one(request: Request, code: str) -> ViewResult:
    """Take over the case of a row, and return to the list with its filters."""
    if not tracking.is_valid(code):
        raise NotFound("no such case")
    [outcome] = many.each(request.site, request.identity, [code], _take_in_hand)
    done = _("The case is in your hands.")
    request.session.flash(request.translate(outcome.reason or done), "bad" if outcome.reason else "good")
    return HTTPSeeOther(SourceList.sent(request).link(request).url)


def _take_in_hand(work: "Work", case: Case) -> object:
    return work.get(KartableService).take(case)


def _assign(request: Request, codes: Sequence[str]) -> ViewResult:
    with _reading(request) as work:
        cases = _cases(work, codes)
        offered = forms.colleagues_of_all(work, cases)
    form = forms.assignment_form(request, offered, ignore=OWN)
    values = _values(request, form, "to")
    if values is None:
        return _ask(request, cases, "assign", hand=form)
    to, note = forms.recipient(values), values["note"]

    def assign(work: "Work", case: Case) -> object:
        return work.get(AssignmentService).assign(case, to, note=note)

    return _act(request, codes, assign, _("Handed over"))


def _note(request: Request, codes: Sequence[str]) -> ViewResult:
    with _reading(request) as work:
        cases = _cases(work, codes)
    form = forms.note_form(request, OWN)
    values = _values(request, form, "text")
    if values is None:
        return _ask(request, cases, "note", hand=form)
    text = values["text"]
    return _act(request, codes, lambda work, case: work.get(CaseService).comment(case, text), _("Note added"))


def _reading(request: Request) -> AbstractContextManager["Work"]:
    return request.site.work(actor=request.identity, write=False, locale=request.locale_name)


def _values(request: Request, form: BoundForm, field: str) -> Values | None:
    """Return the values of the form; None before it was submitted, or if it is refused.

    :param field: the form was submitted if the body has it.
    """
    if field not in request.POST:
        return None
    try:
        return form.validate(request.POST)
    except FormInvalid:
        request.response.status_int = 422
        return None


def _act(
    request: Request, codes: Sequence[str], act: Callable[["Work", Case], object], title: TranslationString
) -> ViewResult:
    outcomes = many.each(request.site, request.identity, codes, act)
    return show_later(request, outcomes, title, undoable=True, source=SourceList.sent(request))


def _ask(
    request: Request,
    cases: Sequence[Case],
    action: str,
    *,
    refer: BoundForm | None = None,
    hand: BoundForm | None = None,
    steps: Sequence[BulkStepForm] = (),
    doubt: UnattendedUnits | Unread | None = None,
) -> ViewResult:
    attendance, source = {}, SourceList.sent(request)
    if refer and action == "refer":
        with _reading(request) as work:
            attendance = work.get(CustodyService).doubts_of_all(cases)
    return {
        "cases": cases,
        "action": action,
        "refer": refer,
        "hand": hand,
        "steps": steps,
        "doubt": doubt,
        "attendance": attendance,
        "back": source.link(request),
        "source": source,
    }


def _forms(request: Request, steps: Sequence[many.BulkStep]) -> list[BulkStepForm]:
    found = [(step, forms.words_form(request, step.transition, OWN, step.key)) for step in steps]
    return [BulkStepForm(step=step, form=form) for step, form in found if form is not None]


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
