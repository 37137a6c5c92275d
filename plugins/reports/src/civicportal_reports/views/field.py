"""Pages of crews on a telephone."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from webob.multidict import MultiDict

from civicportal.api.cases import AccessService, Case, CaseService, kind_of
from civicportal.api.forms import BoundForm, FormInvalid, Values, whole_number
from civicportal.api.geo import Bounds
from civicportal.api.kartable import JobWorkService, ReadyTextService
from civicportal.api.localization import format_number
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Conflict, Forbidden, NotFound, Refused
from civicportal.api.publishing import PersonalDataCheck, PersonalDataFound
from civicportal.api.web import Request, ViewResult
from civicportal_reports.field import Device, FieldService, Stop, Tour, directions, last_moment
from civicportal_reports.i18n import _
from civicportal_reports.looks import look_of
from civicportal_reports.models import Report
from civicportal_reports.schemas import FieldFilters, FieldJob, FieldReport, point_of
from civicportal_reports.viewports import MapView
from civicportal_reports.workflow import KIND

STALE = _(
    "A colleague changed this report while you were on the way. Your pictures and your answer are kept: look at the report, "
    "and send again, or throw it away."
)
TAKEN = _("This report is with a colleague or another unit now, so you cannot finish it.")
CLOSED = _("This report is closed.")
SPLIT = _("This report is split into jobs. It is finished when they have ended.")
JOB_TAKEN = _("A colleague has this job now, so you cannot finish it.")
JOB_ENDED = _("This job has ended or was withdrawn.")
CLOSEST = 16
"""Largest zoom of the map of a list."""
TITLES = {"all": _("All"), "mine": _("In my hands"), "unit": _("Not taken")}


def listing(request: Request) -> dict[str, object]:
    """Show the reports of the actor's day in driving order, with their map.

    The position of the crew comes in the body of a form, so that it stands in no address and no log.
    """
    form = BoundForm(request, FieldFilters())
    sent = {"whose": request.GET.get("whose", ""), "near": request.POST.get("near", "")}
    values = form.read_filters(MultiDict((name, text) for name, text in sent.items() if text))
    whose = values["whose"] or "all"
    start = point_of(values["near"]) if values["near"] else None
    tour = request.work.get(FieldService).tour(whose, start)
    return {
        "tour": tour,
        "whose": whose,
        "titles": TITLES,
        "near": start,
        "problem": form.errors[0].message if form.errors else "",
        "pins": _pins(request, tour),
        "view": _view(tour),
        "kind": kind_of(request.site, KIND),
        "categories": request.work.get(OrganizationService).categories.by_id,
        "directions": directions,
        "page_of": page_of,
        "now": request.site.clock.now(),
    }


def page_of(request: Request, stop: Stop) -> str:
    """Return the path of the page on which the work of a stop is finished."""
    if stop.job:
        return request.route_path("reports.field_job", code=stop.case.code, job=stop.job.id)
    return request.route_path("reports.field_case", code=stop.case.code)


def _view(tour: Tour) -> MapView | None:
    """Return the part of the map with all stops; not closer than a few streets."""
    points = [point for stop in tour.stops if (point := stop.report.point)]
    if not points:
        return None
    view = MapView.around(Bounds.around(points))
    return replace(view, zoom=min(view.zoom - 1, CLOSEST))


def case(request: Request) -> ViewResult:
    """Show a report on the spot, and finish the work on it."""
    code = request.matchdict["code"]
    # A separate unit of work: the pictures are stored before the request's own one opens.
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        service = work.get(FieldService)
        found, _report = service.fetch(code)
        initial = {"public_text": service.answer(found)}
    form = BoundForm(
        request, FieldReport(), initial=initial, take_files=request.take_files, ignore=("version", "ready")
    )
    answer = form.handle(partial(_finish, request, form))
    if isinstance(answer, Response):
        return answer
    return {"form": form, **_shown(request)}


def _finish(request: Request, form: BoundForm, values: Values) -> ViewResult:
    service = request.work.get(FieldService)
    case, _report = service.fetch(request.matchdict["code"], lock=True)
    personal = PersonalDataCheck(request, form)
    try:
        service.finish(
            case,
            version=whole_number(request.POST.get("version", "")),
            text=values["public_text"],
            photos=values["photo_key"],
            owner=request.upload_owner(),
            device=_device(values),
            allowed=personal.allowed,
            once=form.once(values),
        )
    except PersonalDataFound as found:
        personal.show(found)
        raise FormInvalid from found
    except Refused as refusal:
        form.refuse("", refusal.reason)
    except Conflict:
        form.refuse("", STALE)
    except Forbidden:
        form.refuse("", TAKEN)
    form.leave_queue(repeated=request.work.get(CaseService).was_repeated)
    if form.by_script:
        return HTTPSeeOther(request.path)
    done = _("Done: ${subject}", mapping={"subject": case.subject})
    request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(request.route_path("reports.field"))


def job(request: Request) -> ViewResult:
    """Show a job of a split report on the spot, and finish it."""
    form = BoundForm(request, FieldJob(), take_files=request.take_files)
    try:
        answer = form.handle(partial(_finish_job, request, form))
    except NotFound:
        if request.method != "POST" or form.by_script:
            raise
        # With a withdrawn job the right to see the report has ended: only what was typed is shown.
        request.override_renderer = "civicportal:templates/kartable/job_gone.jinja2"
        request.response.status_int = 404
        return {"form": form}
    if isinstance(answer, Response):
        return answer
    return {"form": form, **_shown(request), **_shown_job(request)}


def _finish_job(request: Request, form: BoundForm, values: Values) -> ViewResult:
    jobs, service = request.work.get(JobWorkService), request.work.get(FieldService)
    code, once, case = request.matchdict["code"], form.once(values), None
    try:
        case, _report = service.fetch(code, lock=True)
    except NotFound:
        # The actor's sight of the report may have ended with the job.
        if not jobs.was_finished(code, once):
            if form.by_script:
                form.refuse("", JOB_ENDED)
            raise
    repeated = jobs.was_finished(code, once)
    if case and not repeated:
        try:
            service.finish_job(
                case,
                int(request.matchdict["job"]),
                text=values["result"],
                photos=values["photo_key"],
                owner=request.upload_owner(),
                device=_device(values),
                once=once,
            )
        except Refused as refusal:
            form.refuse("", refusal.reason)
        except Forbidden:
            form.refuse("", JOB_TAKEN)
    form.leave_queue(repeated=repeated)
    if not form.by_script:
        request.session.flash(request.translate(_("The result of the job was sent.")), "good")
    return HTTPSeeOther(request.route_path("reports.field"))


def _shown_job(request: Request) -> dict[str, object]:
    """Return what is shown of the job, beside :func:`_shown`.

    :raises NotFound: when the report has no such job.
    """
    case, _report = request.work.get(FieldService).fetch(request.matchdict["code"])
    access, number = request.work.get(AccessService), int(request.matchdict["job"])
    job = next((one for one in access.referrals(case) if one.id == number and one.type == "job"), None)
    if job is None:
        raise NotFound("no such job")
    is_open = job.closed_at is None
    return {
        "is_job": True,
        "job": job,
        "due": last_moment(job),
        "may_finish": is_open and access.may_do(case, job),
        "step": None,
        "reason": JOB_TAKEN if is_open else JOB_ENDED,
        "unit_name": request.work.get(OrganizationService).unit_name,
    }


def _shown(request: Request) -> dict[str, object]:
    service = request.work.get(FieldService)
    case, report = service.fetch(request.matchdict["code"])
    is_split = bool(request.work.get(AccessService).open_jobs(case))
    step = None if is_split else service.cases.finishing_step(case)
    return {
        "case": case,
        "report": report,
        "status": kind_of(request.site, KIND).workflow.state(case.status).title,
        "words": service.words(case),
        "answers": service.answers(case),
        "photos": service.photos(case),
        "step": step,
        "offers": request.work.get(ReadyTextService).offers(case, step, kept=True) if step else [],
        "reason": SPLIT if is_split else TAKEN if case.is_open else CLOSED,
        "is_job": False,
        "job": None,
        "due": None,
        "may_finish": False,
        "there": directions(request.site, report),
        "pins": [_pin(request, case, report)] if report.point else [],
        "now": request.site.clock.now(),
    }


def _device(values: Values) -> Device:
    """Return what the device said; what cannot be read counts as not said."""
    moment = point = None
    with suppress(ValueError):
        moment = datetime.fromisoformat(values["device_at"])
    with suppress(ValueError):
        point = point_of(values["device_place"])
    return Device(moment=moment if moment and moment.tzinfo else None, point=point)


def _pins(request: Request, tour: Tour) -> list[dict[str, object]]:
    """Return the stops as points of a map, numbered as in the list."""
    pins = []
    for number, stop in enumerate(tour.stops, 1):
        if stop.report.point:
            pin, label = _pin(request, stop.case, stop.report), format_number(number, request.locale_name)
            url = page_of(request, stop)
            pins.append(pin | {"label": label, "title": f"{label}. {pin['title']}", "url": url})
    return pins


def _pin(request: Request, case: Case, report: Report) -> dict[str, object]:
    category = request.work.get(OrganizationService).categories.by_id.get(case.category_id or 0)
    return {
        "lat": report.lat,
        "lon": report.lon,
        "tone": look_of(case.status, case.stage).tone,
        "icon": category.icon if category else "map-pin",
        "title": case.subject,
        "url": "",
    }
