"""Actions on one case.

Every form contains the version it was made from, so that no input is lost.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.core.work import Work
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.attachments import MOST
from civicportal.domain.cases.errors import Refused, StaleVersion
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.public_texts import PersonalDataFound, PublicTexts
from civicportal.domain.cases.schemas import step_values
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.views.personal_data import PersonalDataCheck, allowed_words
from civicportal.domain.cases.workflow import Transition
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.contractors import ContractorService
from civicportal.domain.kartable.inquiries import InquiryService
from civicportal.domain.kartable.neighbours import neighbours
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.kartable.services import QUESTION, RETURN_REASON, KartableService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.kartable.views import forms
from civicportal.domain.kartable.views.doubts import UnattendedUnits, Unread, doubt, unread
from civicportal.domain.kartable.views.messages import flash_done
from civicportal.domain.kartable.views.page import case_page
from civicportal.domain.kartable.views.ready_texts import insert
from civicportal.util.errors import Conflict, NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import StrictSchema, whole_number

STALE = _(
    "A colleague changed this case while you were writing. Your text is kept: check the changes and send again."
)
TOO_LATE = _("It is too late to undo this, or a colleague has acted since.")
WITH_FILES = "multipart/form-data"
Act = Callable[[Case, Values], object]


class _Inform(Protocol):
    """Sends a copy or an inquiry."""

    def __call__(
        self, service: KartableService, case: Case, /, unit_id: int, *, user_id: int | None, note: str
    ) -> CaseEvent:
        """Return the event of the case."""


class _Doubtful(Exception):
    """The form needs a confirmation first.

    :param doubt: the question to confirm.
    """

    def __init__(self, doubt: UnattendedUnits | Unread) -> None:
        super().__init__("to be confirmed")
        self.doubt = doubt


def step(request: Request) -> ViewResult:
    """Take a transition of the workflow."""
    transition, form, case = _transition(request)
    if request.POST.get(forms.INSERT) and request.POST.get(forms.READY):
        return _insert(request, transition, form)

    def apply(case: Case, values: Values) -> None:
        service = request.work.get(CaseService)
        if transition not in service.kind(case).workflow.from_state(case.status):
            raise StaleVersion(f"{transition.name} is not possible from {case.status}")
        sent = step_values(values)
        if "photos" in values:
            sent["attachments"] += _proof(request, form, case, room=MOST - len(sent["attachments"]))
        service.apply(
            case, transition.name, owner=request.upload_owner(), allowed=allowed_words(request), **sent
        )

    return act_on_case(
        request,
        "step",
        form,
        apply,
        done=_("Saved: ${title}", mapping={"title": _title(request, transition)}),
        case=case,
    )


def refer(request: Request) -> ViewResult:
    """Refer the case, after a confirmation if no member of the unit would attend to it."""
    form = forms.referral_form(request, request.work)

    def act(case: Case, values: Values) -> None:
        to = forms.addressee(values)
        if asked := doubt(request, request.work, [case], to):
            raise _Doubtful(asked)
        request.work.get(KartableService).refer(case, **to, unattended=True)

    return act_on_case(request, "refer", form, act, done=_("The case was referred."))


def copy(request: Request) -> ViewResult:
    """Send a copy."""
    return _inform(request, "copy", KartableService.copy, _("The copy was sent."))


def inquire(request: Request) -> ViewResult:
    """Send an inquiry to another unit."""
    return _inform(request, "inquiry", KartableService.inquire, _("The inquiry was sent."))


def give_back(request: Request) -> ViewResult:
    """Return the case to its sender."""
    form = forms.return_form(request)

    def act(case: Case, values: Values) -> None:
        request.work.get(KartableService).give_back(case, note=values["note"])

    return act_on_case(request, "refer", form, act, done=_("The case was returned."))


def withdraw(request: Request) -> ViewResult:
    """Withdraw an open inquiry."""
    inquiry_id = forms.sent_number(request, forms.INQUIRY)
    return press(
        request,
        lambda case: request.work.get(InquiryService).withdraw(case, inquiry_id),
        _("The inquiry was withdrawn."),
    )


def take(request: Request) -> ViewResult:
    """Take over the case."""
    return press(
        request, lambda case: request.work.get(KartableService).take(case), _("The case is in your hands.")
    )


def release(request: Request) -> ViewResult:
    """Release the case to the whole unit."""
    return press(
        request,
        lambda case: request.work.get(KartableService).release(case),
        _("The case lies before the whole unit again."),
    )


def hand_over(request: Request) -> ViewResult:
    """Assign the case to a colleague of its unit, or return it to the whole unit."""
    case = _locked(request)
    referral = request.work.get(AccessService).action_referral(case)
    unit_ids = [referral.to_unit_id] if referral else []
    form = forms.assignment_form(request, forms.colleagues(request.work, unit_ids, holder_id(referral)))

    def act(case: Case, values: Values) -> None:
        service = request.work.get(AssignmentService)
        service.assign(case, forms.recipient(values), note=values["note"])

    return act_on_case(request, "hand", form, act, done=_("The case was handed over."), case=case)


def take_over(request: Request) -> ViewResult:
    """Take over the case of a colleague."""
    return press(
        request,
        lambda case: request.work.get(AssignmentService).take_over(case),
        _("The case is in your hands."),
    )


def dismiss(request: Request) -> ViewResult:
    """Remove a copy from the kartable after reading."""
    return press(
        request,
        lambda case: request.work.get(KartableService).dismiss_copy(case),
        _("The copy is out of your kartable."),
    )


def publish(request: Request) -> ViewResult:
    """Publish the case, or hide it again."""
    service = request.work.get(CaseService)
    if request.POST.get("public") != "true":
        return press(
            request, lambda case: service.publish(case, False), _("The case is hidden from the public.")
        )
    worded = "words" in request.POST
    form = forms.publication_form(request) if worded else _button(request)

    def act(case: Case, values: Values) -> None:
        service.publish(case, True, body=values.get("words"), allowed=allowed_words(request))

    return act_on_case(
        request, "publish" if worded else "button", form, act, done=_("Everybody can see the case now.")
    )


def urgent(request: Request) -> ViewResult:
    """Set or remove the mark "urgent"."""
    mark = request.POST.get("urgent") == "true"
    done = _("Marked as urgent") if mark else _("The mark of urgency was taken away")
    return press(request, lambda case: request.work.get(CaseService).mark_urgent(case, mark), done)


def comment(request: Request) -> ViewResult:
    """Add a note or an expert opinion, which needs no version and does not change it."""
    form = forms.comment_form(request)

    def act(case: Case, values: Values) -> None:
        expert = values["sort"] == "expert"
        request.work.get(CaseService).comment(
            case, values["text"], expert=expert, public=values["public"], allowed=allowed_words(request)
        )

    return act_on_case(request, "comment", form, act, done=_("The note was added."), versioned=False)


def revoke_link(request: Request) -> ViewResult:
    """Revoke the link of a contractor."""
    link_id = forms.sent_number(request, forms.LINK)
    return press(
        request,
        lambda case: request.work.get(ContractorService).revoke(case, link_id),
        _("The link is revoked; it opens nothing any more."),
    )


def send_back(request: Request) -> ViewResult:
    """Send work back to its contractor."""
    form, link_id = forms.send_back_form(request), forms.sent_number(request, forms.LINK)

    def act(case: Case, values: Values) -> None:
        request.work.get(ContractorService).send_back(case, link_id, values["note"], mobile=values["mobile"])

    return act_on_case(request, "back", form, act, done=_("The work was sent back to the contractor."))


def reply(request: Request) -> ViewResult:
    """Answer an inquiry."""
    inquiry_id = forms.sent_number(request, forms.INQUIRY) or None
    form = forms.reply_form(request, inquiry_id)

    def act(case: Case, values: Values) -> None:
        request.work.get(KartableService).answer(case, values["text"], inquiry_id=inquiry_id)

    return act_on_case(request, "reply", form, act, done=_("The inquiry was answered."), versioned=False)


def undo(request: Request) -> ViewResult:
    """Undo the actor's last transition, while that is possible."""
    case = request.work.get(UndoService).fetch(request.matchdict["code"])
    try:
        request.work.get(UndoService).undo(case, whole_number(request.GET.get("event", "")))
    except Conflict:
        request.session.flash(request.translate(TOO_LATE), "bad")
    else:
        request.session.flash(request.translate(_("The step was taken back.")), "good")
    return HTTPSeeOther(forms.path(request, "kartable.case"))


# -- inside -------------------------------------------------------------------------------------------------


def _inform(request: Request, type_: str, method: _Inform, done: TranslationString) -> ViewResult:
    """Send a copy or an inquiry, after a confirmation if no one in the unit could read it."""
    form = forms.referral_form(request, request.work)

    def act(case: Case, values: Values) -> None:
        to = forms.addressee(values)
        if type_ == "inquiry" and not to["note"]:
            form.refuse("note", QUESTION)
        if asked := unread(request, request.work, case, type_, to):
            raise _Doubtful(asked)
        method(request.work.get(KartableService), case, **to)

    return act_on_case(request, "refer", form, act, done=done)


def press(request: Request, act: Callable[[Case], object], done: TranslationString) -> ViewResult:
    """Process a button of the case page that does one thing."""
    return act_on_case(request, "button", _button(request), lambda case, _values: act(case), done=done)


def _button(request: Request) -> BoundForm:
    return BoundForm(
        request,
        StrictSchema(),
        ignore=(*forms.OWN, forms.INQUIRY, forms.JOB, forms.LINK, "public", "urgent"),
    )


def act_on_case(
    request: Request,
    place: str,
    form: BoundForm,
    act: Act,
    *,
    done: TranslationString,
    versioned: bool = True,
    case: Case | None = None,
) -> ViewResult:
    """Process a form, and redirect.

    Redisplay a refused form with its input.

    :param place: where the page shows the form.
    :param versioned: refuse a form made from an older version of the case.
    :param case: already locked for update, to build the form.
    """
    try:
        values = form.validate(request.POST)
        case = case or _locked(request)
        if versioned:
            request.work.get(CaseService).check_version(case, forms.sent_number(request, forms.VERSION))
        act(case, values)
    except FormInvalid:
        case, shown = case or _locked(request), _shown(request, place, form)
        # Report a colleague's change before errors of the form: the person who corrects them should know it.
        if versioned and _is_stale(request, case):
            return _stale(request, shown)
        return case_page(request, case, status=422, sent=shown)
    except Conflict:
        return _stale(request, _shown(request, place, form))
    except PersonalDataFound as found:
        case = _locked(request)
        return case_page(request, case, status=422, sent=_pointed_out(request, case, place, form, found))
    except _Doubtful as found:
        return case_page(
            request, _locked(request), status=422, sent=_shown(request, place, form), doubt=found.doubt
        )
    except Refused as refusal:
        shown = _shown(request, place, form)
        shown[place].fail("", refusal.reason)
        return case_page(request, _locked(request), status=422, sent=shown)
    flash_done(request, case, done)
    return HTTPSeeOther(_then(request, case))


def _pointed_out(
    request: Request, case: Case, place: str, form: BoundForm, found: PersonalDataFound
) -> dict[str, BoundForm]:
    """Return the form that shows the personal data found.

    For a case that was to be published unchanged, it contains an anonymised draft, with the findings shown below it.
    """
    if place != "button":
        shown = _shown(request, place, form)
        PersonalDataCheck(request, shown[place]).show(found)
        return shown
    words = case.public_body or case.body
    form = forms.publication_form(request, words)
    PersonalDataCheck(request, form).show(found)
    proposed = forms.publication_form(request, request.work.get(PublicTexts).composed(case, words))
    # The findings are in the original, not in the draft.
    proposed["words"].excerpts = [replace(one, start=0, end=0) for one in form["words"].excerpts]
    for error in form.errors:
        proposed.messages.append(error.message)
    return {"publish": proposed}


def _proof(request: Request, form: BoundForm, case: Case, *, room: int) -> tuple[str, ...]:
    """Return copies of the chosen pictures of contractors for a step."""
    keys = request.POST.getall(forms.PROOF)
    if len(keys) > room:
        form.refuse("photos", _("At most ${count} are allowed here.", mapping={"count": MOST}))
    return tuple(request.work.get(ContractorService).copy_after(case, keys, request.upload_owner()))


def _insert(request: Request, transition: Transition, form: BoundForm) -> ViewResult:
    """Redisplay a transition's form with a ready text inserted below the input."""
    form.keep(request.POST)
    case = _locked(request)
    insert(request, case, transition, form)
    if _is_stale(request, case):
        return _stale(request, {"step": form})
    return case_page(request, case, sent={"step": form})


def _is_stale(request: Request, case: Case) -> bool:
    return forms.sent_number(request, forms.VERSION) != case.version


def _stale(request: Request, shown: dict[str, BoundForm]) -> ViewResult:
    for form in shown.values():
        form.fail("", STALE)
    return case_page(request, _locked(request), status=409, sent=shown, merge=True)


def _shown(request: Request, place: str, form: BoundForm) -> dict[str, BoundForm]:
    if place != "refer" or "unit" in [field.name for field in form]:
        return {place: form}
    # The note of a return is in the form of the referral.
    full = forms.referral_form(request, request.work)
    full.fill(form.draft())
    if form["note"].error_messages:
        full["note"].fail(RETURN_REASON)
    return {place: full}


def _locked(request: Request) -> Case:
    found: Case = request.work.get(CaseService).fetch(request.matchdict["code"], lock=True)
    return found


def _then(request: Request, case: Case) -> str:
    if request.POST.get(forms.THEN) != "next":
        return forms.path(request, "kartable.case")
    following = neighbours(request.work, case)[1]
    return str(
        request.route_path("kartable.case", code=following) if following else request.route_path("kartable")
    )


def _transition(request: Request) -> tuple[Transition, BoundForm, Case | None]:
    """Return the named transition and its form.

    A form with pictures is parsed separately, because they are stored before anything is locked; otherwise the case is
    returned too, locked for update. A transition that is not possible from the current status is returned as well: the
    case was changed concurrently.

    :raises NotFound: when staff have no such transition.
    """
    if request.content_type != WITH_FILES:
        case = _locked(request)
        return *_step_of(request, case, request.work), case
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        case = work.get(CaseService).fetch(request.matchdict["code"])
        return *_step_of(request, case, work), None


def _step_of(request: Request, case: Case, work: Work) -> tuple[Transition, BoundForm]:
    name, kind = request.matchdict["step"], work.get(CaseService).kind(case)
    named = [step for step in kind.workflow.transitions if step.name == name and "staff" in step.actors]
    if not named:
        raise NotFound("no such step")
    transition = next((step for step in named if case.status in step.sources), named[0])
    return transition, forms.step_form(request, transition, case, work)


def _title(request: Request, transition: Transition) -> str:
    return str(request.translate(transition.title))
