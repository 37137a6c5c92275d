"""Public meeting days: planning, participants and waiting list, seats, cancellation."""

from collections.abc import Callable

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.api.cases import CaseService, Reason, kind_of
from civicportal.api.forms import BoundForm, FormInvalid, Option, StrictSchema, Values, whole_number
from civicportal.api.localization import localized_digits
from civicportal.api.plugins import NotFound, Refused
from civicportal.api.web import Request, ViewResult
from civicportal_meetings import desk_schemas
from civicportal_meetings.desk_schemas import day_in
from civicportal_meetings.i18n import _
from civicportal_meetings.jobs import recall_all
from civicportal_meetings.models import MeetingSession
from civicportal_meetings.names import KIND, SESSIONS
from civicportal_meetings.prefill import usual_place
from civicportal_meetings.services import NewSession, PublicDayService
from civicportal_meetings.services.agenda import AgendaService
from civicportal_meetings.services.search import MeetingSearch
from civicportal_meetings.services.sessions import QUOTAS

SEATS = ("public_seats", "office_seats", "reserve_seats")
WAITING_LIST = "reserve-title"
"""Id of the heading of the waiting list on the page."""


def new(request: Request) -> ViewResult:
    """Plan a session, or block a time."""
    closing = request.GET.get("closed") == "1"
    form = BoundForm(
        request,
        desk_schemas.SessionSchema(),
        initial=_usual(request, closing),
        send=_("Close this time") if closing else _("Plan the session"),
    )

    def plan(values: Values) -> HTTPSeeOther:
        try:
            session = request.work.get(PublicDayService).plan(NewSession.of(values, request.site.calendar))
        except Refused as refusal:
            form.refuse("first", refusal.reason)
        request.session.flash(request.translate(_("It stands in the diary.")), "good")
        return HTTPSeeOther(request.route_path("meetings.session", id=session.id))

    return form.handle(plan, closing=closing)


def show(request: Request) -> dict[str, object]:
    """Show the participants and the waiting list."""
    return _page(request)


def seats(request: Request) -> ViewResult:
    """Change the number of seats."""
    form = _seats_form(request, None)
    service = request.work.get(PublicDayService)

    def change(values: Values) -> None:
        service.change_seats(
            _id(request),
            public=values["public_seats"],
            office=values["office_seats"],
            waiting_list=values["reserve_seats"],
        )

    return _act(request, form, change, _("The seats are changed."), seats=form)


def wait(request: Request) -> ViewResult:
    """Add a request to the waiting list."""
    form = _waiting_form(request)

    def put(values: Values) -> None:
        case = request.work.get(CaseService).fetch(values["case"], lock=True)
        request.work.get(PublicDayService).wait(_id(request), case)

    return _act(request, form, put, _("The request stands on the waiting list."), waiting=form)


def take_off(request: Request) -> HTTPSeeOther:
    """Take a request off the waiting list, and return to the list."""
    form = BoundForm(request, desk_schemas.OnWaitingList())
    try:
        code = form.validate(request.POST)["case"]
    except FormInvalid:
        raise NotFound("no such request") from None
    case = request.work.get(CaseService).fetch(code, lock=True)
    try:
        request.work.get(PublicDayService).take_off(_id(request), case)
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
    else:
        request.session.flash(request.translate(_("The request is taken off the waiting list.")), "good")
    return HTTPSeeOther(request.route_path("meetings.session", id=_id(request), _anchor=WAITING_LIST))


def cancel(request: Request) -> ViewResult:
    """Cancel the session and notify its participants, or open a closed time again.

    Each participant needs a new time and is handled in a separate transaction.
    """
    # Read in a transaction of its own: on SQLite one that may write would make the change below wait for it.
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        is_closed_time = work.get(PublicDayService).find(_id(request)).is_closed_time
    form = _cancel_form(request, is_closed_time)
    try:
        reason = form.validate(request.POST).get("public_text", "")
    except FormInvalid:
        return _page(request, status=422, cancelling=form)
    session = _id(request)
    try:
        with request.site.work(actor=request.identity, locale=request.locale_name) as work:
            work.get(PublicDayService).cancel(session, reason)
    except Refused as refusal:
        form.fail("", refusal.reason)
        return _page(request, status=422, cancelling=form)
    recall_all(request.site, request.identity, session)
    opened = _("It is open again, and can be given to meetings.")
    done = opened if is_closed_time else _("It is cancelled, and its time is free.")
    request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(request.route_path("meetings.desk"))


# -- inside -------------------------------------------------------------------------------------------------


def _id(request: Request) -> int:
    return whole_number(request.matchdict["id"])


def _act(
    request: Request,
    form: BoundForm,
    act: Callable[[Values], object],
    done: TranslationString,
    **shown: BoundForm,
) -> ViewResult:
    try:
        act(form.validate(request.POST))
    except FormInvalid:
        return _page(request, status=422, **shown)
    except Refused as refusal:
        form.fail("", refusal.reason)
        return _page(request, status=422, **shown)
    request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(request.route_path("meetings.session", id=_id(request)))


def _page(request: Request, *, status: int = 200, **shown: BoundForm) -> dict[str, object]:
    work = request.work
    request.response.status_int = status
    service, agenda = work.get(PublicDayService), work.get(AgendaService)
    session = service.find(_id(request))
    free = service.free(session)
    return {
        "session": session,
        "members": agenda.members(session),
        "waiting_list": [(one.case, one.name) for one in agenda.waiting(session)],
        "free": free,
        "offered": next((quota for quota, number in free.items() if number > 0), None),
        "quotas": QUOTAS,
        # A form that was sent too late is shown once more, with its refusal.
        "past": not shown and session.start <= work.clock.now(),
        "seats": shown.get("seats") or _seats_form(request, session),
        "waiting": shown.get("waiting") or _waiting_form(request),
        "cancelling": shown.get("cancelling") or _cancel_form(request, session.is_closed_time),
        "kind": kind_of(request.site, KIND),
        "may_plan": request.identity.permits(SESSIONS),
        "local_day": request.site.calendar.today(session.start),
    }


def _usual(request: Request, closing: bool) -> dict[str, object]:
    day = day_in(request.GET.get("day", ""))
    usual = {"public_seats": 0, "office_seats": 0, "reserve_seats": 0}
    if not closing:
        usual = {"public_seats": 10, "office_seats": 2, "reserve_seats": 5}
    initial: dict[str, object] = {**usual}
    if not closing:
        initial["place"] = usual_place(request.work)
    return {**initial, **({"day": day} if day else {})}


def _seats_form(request: Request, session: MeetingSession | None) -> BoundForm:
    initial = {name: getattr(session, name) for name in SEATS} if session else None
    return BoundForm(
        request,
        desk_schemas.Seats(),
        initial=initial,
        action=request.route_path("meetings.seats", id=_id(request)),
        send=_("Change the seats"),
        send_class="btn-quiet",
        prefix="seats",
    )


def _waiting_form(request: Request) -> BoundForm:
    agenda, comma = request.work.get(AgendaService), request.translate(_(", "))
    options = [
        # Requests of one person about the same subject differ by their codes only.
        Option(
            value=case.code, label=comma.join(filter(None, (agenda.name(case, detail), case.subject, code)))
        )
        for case, detail in request.work.get(MeetingSearch).waiting()
        for code in [localized_digits(case.code, request.locale_name)]
    ]
    return BoundForm(
        request,
        desk_schemas.Waiting(),
        bindings={"waiting": options},
        action=request.route_path("meetings.reserve", id=_id(request)),
        send=_("Put on the waiting list"),
        send_class="btn-quiet",
        prefix="reserve",
    )


def _cancel_form(request: Request, is_closed_time: bool) -> BoundForm:
    # A closed time has no one invited who could read a reason.
    return BoundForm(
        request,
        StrictSchema() if is_closed_time else Reason(),
        action=request.route_path("meetings.cancel_session", id=_id(request)),
        send=_("Open this time again") if is_closed_time else _("Cancel it and tell everybody invited"),
        send_class="btn-quiet" if is_closed_time else "btn-danger-q",
        prefix="cancel",
    )
