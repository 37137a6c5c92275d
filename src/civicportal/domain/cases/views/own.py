"""A signed-in citizen's cases: list, page, rating, objection, notifications and transitions."""

from collections.abc import Callable, Mapping
from functools import partial

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.conversion import ConversionService
from civicportal.domain.cases.errors import Refused, StaleVersion
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.questions import QuestionService, asking_state
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.references import earlier_code
from civicportal.domain.cases.schemas import FACES, PagePosition, step_values
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.views import forms
from civicportal.domain.cases.workflow import Transition
from civicportal.util.errors import Conflict, NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.display import render_areas
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.request import Request, ViewResult

PAGE_SIZE = 20
AUDIENCES = ("citizen", "public")
CHANGED = _(
    "The request has changed while you were writing. Your text is kept: please check it and send again."
)
GONE = _("The request has changed: this is no longer possible.")


def cases(request: Request) -> dict[str, object]:
    """List the citizen's cases, latest first, and those they follow."""
    before = BoundForm(request, PagePosition()).read_filters(request.GET)["before"]
    service = request.work.get(FollowUpService)
    found = service.own(before=before, limit=PAGE_SIZE + 1)
    rows = found[:PAGE_SIZE]
    return {
        "rows": rows,
        "next_url": f"/my?before={rows[-1].case.id}" if len(found) > PAGE_SIZE else None,
        "first_url": "/my" if before else None,
        "followed": [] if before else service.followed(),
    }


def case(request: Request) -> dict[str, object]:
    """Show one of the citizen's cases."""
    return _page(request, _own(request))


def rate(request: Request) -> ViewResult:
    """Save the citizen's rating."""
    form = forms.rating_form(request, _path(request, "my_rate"), None)

    def keep(found: Case, values: Values) -> None:
        request.work.get(RatingService).rate(found, int(values["stars"]), values["words"])

    return _act(request, form, keep, thanks=_("Thank you: your rating is kept."), rating=form)


def object_(request: Request) -> ViewResult:
    """Reopen a closed case on the citizen's objection."""
    form = forms.objection_form(request, _path(request, "my_object"))

    def reopen(found: Case, values: Values) -> None:
        version = forms.sent_version(request)
        request.work.get(RatingService).object(found, values["reason"], version=version)

    return _act(request, form, reopen, thanks=_("The request is open again."), objection=form)


def note(request: Request) -> ViewResult:
    """Add a citizen's note with pictures to an open case."""
    form = forms.note_form(request, _path(request, "my_note"))

    def add(found: Case, values: Values) -> None:
        forms.add_note(request, found, values)

    count = partial(forms.count_note, request, form)
    return _act(request, form, add, count=count, thanks=_("Your note is added."), note=form)


def notices(request: Request) -> ViewResult:
    """Mute or unmute the notifications of one case."""
    form = forms.notices_form(request, _path(request, "my_notices"), wanted=True)

    def save(found: Case, values: Values) -> None:
        request.work.get(FollowerService).mute(found, not values["wanted"])

    return _act(request, form, save, thanks=_("Saved"))


def confirm(request: Request) -> ViewResult:
    """Show the page on which the citizen confirms a transition.

    Other transitions have none.
    """
    found = _own(request)
    steps = forms.step_forms(request, found, request.work.get(CaseService).steps(found))
    item = steps.get(request.matchdict["step"])
    if item is None or item.step.reason or item.step.transition.confirm is None:
        return HTTPSeeOther(_path(request, "my_case"))
    return {"row": request.work.get(FollowUpService).summary(found), "item": item}


def step(request: Request) -> ViewResult:
    """Take a citizen's transition."""
    transition, form = _transition(request)

    def apply(found: Case, values: Values) -> None:
        service = request.work.get(CaseService)
        if found.status not in transition.sources:
            raise StaleVersion(f"case {found.code}: {transition.name} is not possible from {found.status}")
        service.apply(
            found,
            transition.name,
            version=forms.sent_version(request),
            owner=request.upload_owner(),
            **step_values(values),
        )

    return _act(request, form, apply, thanks=_("Saved"), step=form)


# -- inside -------------------------------------------------------------------------------------------------


def _own(request: Request, *, lock: bool = False) -> Case:
    found: Case = request.work.get(CaseService).fetch_own(request.matchdict["code"], lock=lock)
    return found


def _path(request: Request, route: str, **names: str) -> str:
    return str(request.route_path(route, code=request.matchdict["code"], **names))


def _transition(request: Request) -> tuple[Transition, BoundForm]:
    """Return the named transition and its form.

    The form is parsed first because it may contain pictures.

    One that is not possible from the current status is returned as well: the case was changed concurrently.

    :raises NotFound: when citizens have no such transition.
    """
    name = request.matchdict["step"]
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        service = work.get(CaseService)
        found = service.fetch_own(request.matchdict["code"])
        kind = service.kind(found)
        named = [t for t in kind.workflow.transitions if t.name == name and "citizen" in t.actors]
        if not named or name == kind.reopen:
            raise NotFound("no such step")
        transition = next((t for t in named if found.status in t.sources), named[0])
        return transition, forms.step_form(request, transition, found, work)


def _act(
    request: Request,
    form: BoundForm,
    what: Callable[[Case, Values], None],
    *,
    count: Callable[[Values], None] | None = None,
    thanks: TranslationString,
    **shown: BoundForm,
) -> ViewResult:
    """Process a form, and redirect to the case.

    A refused form is redisplayed with its input.

    :param shown: the form, by its place on the page.
    """
    try:
        values = form.validate(request.POST)
        if count is not None:
            count(values)
        what(_own(request, lock=True), values)
    except FormInvalid:
        found = _own(request)
        if not forms.is_stale(request, found):
            return _page(request, found, status=422, sent=shown)
        # Report changes before errors: the reader may want to write something different.
        return _page(request, found, status=409, sent=shown, why=CHANGED)
    except Conflict:
        return _page(request, _own(request), status=409, sent=shown, why=CHANGED)
    except Refused as refusal:
        return _page(request, _own(request), status=422, sent=shown, why=refusal.reason)
    request.session.flash(request.translate(thanks), "good")
    return HTTPSeeOther(_path(request, "my_case"))


def _page(
    request: Request,
    found: Case,
    *,
    status: int = 200,
    sent: Mapping[str, BoundForm] | None = None,
    why: TranslationString | None = None,
) -> dict[str, object]:
    """Return the variables of the template.

    :param sent: a refused form, by its place on the page: rating, objection or step.
    :param why: the reason if it was refused as a whole.
    """
    work = request.work
    request.response.status_int = status
    places = ("rating", "objection", "step", "note")
    rating, objection, step, note = ((sent or {}).get(place) for place in places)
    service, history = work.get(CaseService), work.get(PublicHistory)
    standing = work.get(RatingService).standing(found)
    reopen = service.kind(found).reopen
    steps = forms.step_forms(request, found, [s for s in service.steps(found) if s.transition.name != reopen])
    if step is not None:
        steps = {name: _with(row, step) for name, row in steps.items()}
    state = asking_state(request.site, found)
    objection_end = work.get(RatingService).objection_end(found)
    may_object = objection_end is not None and work.clock.now() < objection_end
    may_note = found.is_open and found.kind in kinds_of(request.site)
    shown = (
        (rating and standing)
        or (objection and may_object)
        or (note and may_note)
        or any(row.shows(step) for row in steps.values())
    )
    form = rating or objection or step or note
    refused_form = None if shown else form
    if form and why:
        form.fail("", GONE if refused_form and status == 409 else why)
    return {
        "refused_form": refused_form,
        "row": work.get(FollowUpService).summary(found),
        "earlier": earlier_code(work.get(CaseService).events(found)),
        "continued": _continued(request, found),
        "events": history.of(found, own=True, audiences=AUDIENCES),
        "photos": [p for p in work.get(AttachmentService).of_case(found) if _before(p)],
        "standing": standing,
        "faces": FACES,
        "rating": rating or forms.rating_form(request, _path(request, "my_rate"), standing),
        "may_object": may_object,
        "objection_end": objection_end,
        "objection": objection or forms.objection_form(request, _path(request, "my_object")),
        "steps": {name: row for name, row in steps.items() if state is None or name != state.answer},
        "question": work.get(QuestionService).of(found) if state else None,
        "answer": steps.get(state.answer) if state and state.answer else None,
        "note": (note or forms.note_form(request, _path(request, "my_note"))) if may_note else None,
        "notices": forms.notices_form(
            request, _path(request, "my_notices"), wanted=not work.get(FollowerService).is_muted(found)
        ),
        "panels": render_areas(
            request, "case_panels", ("citizen_top", "citizen"), {"case": found}, case=found
        ),
    }


def _continued(request: Request, found: Case) -> str | None:
    successor = request.work.get(ConversionService).successor(found)
    return request.route_path("my_case", code=successor.code) if successor else None


def _with(row: forms.CitizenStepForm, sent: BoundForm) -> forms.CitizenStepForm:
    return forms.CitizenStepForm(step=row.step, form=sent) if sent.action == row.form.action else row


def _before(photo: Attachment) -> bool:
    return photo.purpose == "before" and photo.audience in AUDIENCES
