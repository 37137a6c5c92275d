"""Scheduling of a request beside the desk's week."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import AccessService, Case, CaseService, Transition, kind_of
from civicportal.api.forms import BoundForm, FormInvalid, Values, whole_number
from civicportal.api.notifications import NotificationService
from civicportal.api.organization import OrganizationService
from civicportal.api.people import IdentityFact
from civicportal.api.plugins import Conflict, NotFound, Refused
from civicportal.api.web import Request, ViewResult
from civicportal_meetings.days import titles
from civicportal_meetings.desk_schemas import day_in
from civicportal_meetings.i18n import _
from civicportal_meetings.month import month_of
from civicportal_meetings.names import KIND
from civicportal_meetings.services import AppointmentService, DiaryService, MeetingService
from civicportal_meetings.services.agenda import AgendaService
from civicportal_meetings.services.search import WAITING
from civicportal_meetings.views.desk import desk
from civicportal_meetings.week import DiaryEntry

OWN = ("version", "pick", "month")
"""Submitted besides the fields: the version of the case, a picked day or time, another month."""
STALE = _(
    "A colleague changed this request while you were writing. Your text is kept: please check it and send again."
)


def show(request: Request) -> dict[str, object]:
    """Show the request beside the week of its time, or of the next free one."""
    case = _case(request)
    return _page(request, case, _form(request, case, _step(request, case)))


def send(request: Request) -> ViewResult:
    """Set the time, or redisplay the form.

    A picked day, time or month only redisplays it with its input.
    """
    case = _case(request, lock=True)
    transition = _step(request, case)
    form = _form(request, case, transition)
    if any(request.POST.get(name) for name in ("pick", "month")):
        form.fill(_picked(request))
        return _page(request, case, form, month=request.POST.get("month", ""))
    return _apply(request, case, transition, form, "at")


def invite(request: Request) -> ViewResult:
    """Give the request a seat of a session."""
    case = _case(request, lock=True)
    transition = kind_of(request.site, KIND).workflow.step(case.status, "invite")
    return _apply(request, case, transition, _form(request, case, transition), "session")


# -- inside -------------------------------------------------------------------------------------------------


def _case(request: Request, *, lock: bool = False) -> Case:
    case: Case = request.work.get(CaseService).fetch(request.matchdict["code"], lock=lock)
    if case.kind != KIND or not case.is_open:
        raise NotFound("no request that can be given a time")
    return case


def _step(request: Request, case: Case) -> Transition:
    name = "schedule" if case.status in WAITING else "reschedule"
    found: Transition = kind_of(request.site, KIND).workflow.step(case.status, name)
    return found


def _form(request: Request, case: Case, transition: Transition) -> BoundForm:
    schema = transition.schema
    assert schema is not None
    assert transition.prefill is not None
    prefill = transition.prefill(case, request.work)
    route = "meetings.invite" if transition.name == "invite" else "meetings.assign"
    return BoundForm(
        request,
        schema(),
        initial=prefill.initial,
        bindings=prefill.bindings,
        action=request.route_path(route, code=case.code),
        send=_("Save and send the SMS"),
        send_class="btn-primary grow",
        prefix=transition.name,
        ignore=OWN,
    )


def _apply(request: Request, case: Case, transition: Transition, form: BoundForm, place: str) -> ViewResult:
    service = request.work.get(CaseService)
    try:
        # First: a colleague's change may require fields that this form never had.
        service.check_version(case, whole_number(request.POST.get("version", "")))
        values = form.validate(request.POST)
        service.apply_form(case, transition.name, values)
    except FormInvalid:
        return _refused(request, case, form, place, 422)
    except Refused as refusal:
        form.fail(place, refusal.reason)
        return _refused(request, case, form, place, 422)
    except Conflict:
        form.keep(request.POST)
        form.fail("", STALE)
        return _refused(request, case, form, place, 409)
    request.session.flash(request.translate(_("The time is set; the citizen is told by SMS.")), "good")
    day = request.site.calendar.format_date(_moment(request, case).date(), "short", "en")
    return HTTPSeeOther(request.route_path("meetings.desk", _query={"day": day}))


def _moment(request: Request, case: Case) -> datetime:
    appointment = request.work.get(MeetingService).appointment(case)
    assert appointment is not None, "the step has just set it"
    local: datetime = request.site.calendar.local(appointment.start)
    return local


def _refused(request: Request, case: Case, form: BoundForm, place: str, status: int) -> dict[str, object]:
    request.response.status_int = status
    if place == "session":
        return _page(request, case, _form(request, case, _step(request, case)), seat=form)
    return _page(request, case, form)


def _page(
    request: Request, case: Case, form: BoundForm, *, seat: BoundForm | None = None, month: str = ""
) -> dict[str, object]:
    work = request.work
    steps = {step.transition.name: step for step in work.get(CaseService).steps(case)}
    workflow = kind_of(request.site, KIND).workflow
    values = form.readable()
    chosen, at = values.get("day") or _tomorrow(request), values.get("at")
    shown = day_in(month) or chosen
    minutes = values.get("minutes") or request.site.plugin_settings[KIND]["default_minutes"]
    detail = work.get(MeetingService).request(case)
    assert detail is not None
    name = work.get(AgendaService).name(case, detail)
    return desk(
        request,
        chosen,
        *_entry(request, values, name or case.subject, minutes),
        case=case,
        detail=detail,
        name=name,
        identity=_identity(request, case),
        suits=titles(detail.suitable_days, detail.suitable_part),
        current=work.get(AppointmentService).current(case),
        past=[one for one in work.get(AppointmentService).history(case) if one.ended_at],
        may="schedule" in steps or "reschedule" in steps,
        form=form,
        seat=seat or _form(request, case, workflow.step(case.status, "invite")),
        seat_sent=seat is not None,
        month=month_of(shown, work, minutes),
        chosen=chosen,
        at=at,
        times=[
            (moment, request.site.calendar.local(moment).time().replace(tzinfo=None), free)
            for moment, free in work.get(DiaryService).times(chosen, minutes)
        ],
        sms=_sms(request, case, _step(request, case), form),
    )


def _entry(request: Request, values: Values, title: str, minutes: int) -> Iterator[DiaryEntry]:
    """Yield the time in the form for the week, once date and time are valid."""
    if "day" in values and "at" in values:
        start = request.site.calendar.at(values["day"], values["at"])
        yield DiaryEntry(
            start=start, end=start + timedelta(minutes=minutes), title=title, url="#assign", tone="new"
        )


def _identity(request: Request, case: Case) -> Sequence[IdentityFact]:
    """Return masked identity data, for users who may see the person."""
    can = request.work.get(AccessService).can
    may_know = can(case, "contact") or can(case, "identity")
    facts = kind_of(request.site, KIND).identity
    return facts(case, request.work) if facts and may_know else ()


def _picked(request: Request) -> Mapping[str, list[str]]:
    """Return the input, with the picked day and time in their fields."""
    typed = {name: request.POST.getall(name) for name in request.POST if name not in OWN}
    day, _t, clock = request.POST.get("pick", "").partition("T")
    picked = day_in(day)
    if picked is not None:
        typed["day"] = [request.site.calendar.format_date(picked, "short", request.locale_name)]
    if clock:
        typed["at"] = [clock]
    return typed


def _tomorrow(request: Request) -> date:
    work = request.work
    today: date = work.get(OrganizationService).calendar.today(work.clock.now())
    return today + timedelta(days=1)


def _sms(request: Request, case: Case, transition: Transition, form: BoundForm) -> object:
    """Return the SMS for the current input, None while it is incomplete."""
    work = request.work
    said = transition.notice(form.readable(), work) if transition.notice else None
    if said is None:
        return None
    return work.get(NotificationService).preview_step(
        case,
        target=transition.target,
        own=transition.text,
        moment=datetime.fromisoformat(said["moment"]),
        note=said["note"],
    )
