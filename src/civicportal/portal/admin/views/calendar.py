"""The working calendar."""

from datetime import date

from pyramid.httpexceptions import HTTPSeeOther
from webob.multidict import MultiDict

from civicportal.domain.cases import recalculation
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.organization.workdays import WorkdayService
from civicportal.portal.admin import options
from civicportal.portal.admin.schemas import ClosureForm, HolidayForm, HoursForm, YearQuery
from civicportal.portal.admin.views.helpers import row_id
from civicportal.portal.admin.year import months
from civicportal.util.errors import NotFound, Refused
from civicportal.util.i18n import _, format_number
from civicportal.util.values import Values
from civicportal.web.editing import edit_form, handle_edit, press
from civicportal.web.forms import BoundForm
from civicportal.web.forms.translated import TranslatedFields
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import whole_number


def calendar(request: Request) -> dict[str, object]:
    """Show a year."""
    return _page(request)


def hours(request: Request) -> ViewResult:
    """Change the office hours."""
    service = request.work.get(WorkdayService)
    present = _present(service)

    def save(values: Values) -> HTTPSeeOther:
        service.change_hours(
            {
                **values,
                "weekend": sorted(map(int, values["weekend"])),
                "half_days": sorted(map(int, values["half_days"])),
            }
        )
        request.session.flash(request.translate(_("The office hours are kept.")), "good")
        return HTTPSeeOther(request.route_path("admin.calendar"))

    def make() -> BoundForm:
        days = options.day_options(request.site.calendar, request.locale_name)
        return edit_form(request, HoursForm(), present, bindings={"days": days})

    return handle_edit(request, make(), make(), save)


def add_holiday(request: Request) -> ViewResult:
    """Add a holiday."""
    form = _holiday_form(request)

    def save(values: Values) -> HTTPSeeOther:
        try:
            request.work.get(WorkdayService).add_holiday(
                values["day"], values["title"], _names(request, values)
            )
        except Refused as refusal:
            form.refuse("day", refusal.reason)
        request.session.flash(request.translate(_("The holiday was added.")), "good")
        return HTTPSeeOther(_address(request, _year_of(request, values["day"])))

    answer = form.handle(save)
    return _page(request, holiday=form) if isinstance(answer, dict) else answer


def take_over(request: Request) -> HTTPSeeOther:
    """Copy the country's annual holidays of a year to the city's own."""
    year = _year(request, request.POST)
    request.work.get(WorkdayService).take_over(year)
    request.session.flash(request.translate(_("The yearly holidays stand in the list.")), "good")
    return HTTPSeeOther(_address(request, year))


def delete_holiday(request: Request) -> HTTPSeeOther:
    """Delete a holiday."""
    try:
        day = date.fromisoformat(request.matchdict["day"])
        back = _address(request, _year_of(request, day))
    except ValueError:
        raise NotFound("no such day") from None
    service = request.work.get(WorkdayService)
    done = _("The holiday was deleted.")
    if day in service.fixed:
        done = _("The entry was deleted. The day stays a holiday, as it is one every year.")
    return press(request, lambda: service.delete_holiday(day), done, back)


def add_closure(request: Request) -> ViewResult:
    """Add a closure."""
    form = _closure_form(request)

    def save(values: Values) -> HTTPSeeOther:
        first, last = values["first_day"], values["last_day"] or values["first_day"]
        try:
            request.work.get(WorkdayService).add_closure(first, last, values["reason"])
        except Refused as refusal:
            form.refuse("last_day", refusal.reason)
        request.session.flash(request.translate(_("The closure was added.")), "good")
        return HTTPSeeOther(_address(request, _year_of(request, first)))

    answer = form.handle(save)
    return _page(request, closure=form) if isinstance(answer, dict) else answer


def delete_closure(request: Request) -> HTTPSeeOther:
    """Delete a closure."""
    service = request.work.get(WorkdayService)
    target = request.safe_next(request.route_path("admin.calendar"))
    return press(
        request,
        lambda: service.delete_closure(row_id(request)),
        _("The closure was deleted."),
        target,
    )


def move_deadlines(request: Request) -> HTTPSeeOther:
    """Recalculate the deadlines of open cases, in batches."""
    before = whole_number(request.GET.get("before", ""))
    moved = recalculation.move_deadlines(request.site, request.identity, before)
    count = format_number(moved.number, request.locale_name)
    told = [_("Open cases whose deadline has moved: ${count}.", mapping={"count": count})]
    if moved.before:
        told.append(_("Older ones are left; press once more to go on."))
    message = " ".join(request.translate(text) for text in told)
    request.session.flash(message, "warn" if moved.before else "good")
    query = {"before": moved.before} if moved.before else {}
    return HTTPSeeOther(request.route_path("admin.calendar", _query=query))


def _page(
    request: Request, *, holiday: BoundForm | None = None, closure: BoundForm | None = None
) -> dict[str, object]:
    service, locale = request.work.get(WorkdayService), request.locale_name
    year = _year(request, request.GET)
    present = request.work.get(OrganizationService).calendar
    holidays, closures = service.holidays(year), service.closures(year)
    weekdays = options.day_options(present, locale)
    return {
        "year": year,
        "today_year": _year_of(request, request.site.calendar.today(request.site.clock.now())),
        "calendar": present,
        "weekdays": weekdays,
        "named": lambda days: [one.label for one in weekdays if int(one.value) in days],
        "months": months(
            present,
            year,
            holidays={off.day: request.translate(off.title) for off in holidays},
            closures={day: one.reason for one in closures for day in one.days},
            today=present.today(request.site.clock.now()),
            week=present.week,
            locale=locale,
        ),
        "holidays": holidays,
        "untaken": sum(not off.kept for off in holidays),
        "closures": closures,
        "misplaced": recalculation.misplaced(request.work),
        "before": whole_number(request.GET.get("before", "")),
        "holiday": holiday or _holiday_form(request),
        "languages": _translated(request).groups,
        "closure": closure or _closure_form(request),
        "address": lambda year: _address(request, year),
    }


def _present(service: WorkdayService) -> dict[str, object]:
    hours = service.hours()
    return {
        "opens": hours.opens,
        "closes": hours.closes,
        "weekend": list(map(str, hours.weekend)),
        "half_days": list(map(str, hours.half_days)),
        "half_day_ends": hours.half_day_ends,
    }


def _holiday_form(request: Request) -> BoundForm:
    action = request.route_path("admin.holiday_new")
    return BoundForm(request, _translated(request).add_to(HolidayForm()), action=action, prefix="holiday")


def _translated(request: Request) -> TranslatedFields:
    return TranslatedFields(request.site, ("title",))


def _names(request: Request, values: Values) -> dict[str, Values]:
    return {
        code: {"name": texts["title"]} for code, texts in _translated(request).read(values).items() if texts
    }


def _closure_form(request: Request) -> BoundForm:
    action = request.route_path("admin.closure_new")
    return BoundForm(request, ClosureForm(), action=action, prefix="closure")


def _year(request: Request, params: MultiDict[str]) -> int:
    """Return the requested year, else the current one."""
    asked = BoundForm(request, YearQuery()).read_filters(params)["year"]
    return asked or _year_of(request, request.site.calendar.today(request.site.clock.now()))


def _year_of(request: Request, day: date) -> int:
    return int(request.site.calendar.year_month_day(day)[0])


def _address(request: Request, year: int) -> str:
    return str(request.route_path("admin.calendar", _query={"year": year}))
