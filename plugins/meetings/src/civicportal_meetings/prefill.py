"""Initial values and previews of a request's transitions."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from civicportal.api.cases import Case, Prefill
from civicportal.api.database import Work
from civicportal.api.forms import Option, Values
from civicportal.api.localization import format_number
from civicportal.api.organization import OrganizationService
from civicportal_meetings.days import WEEKDAYS, in_part
from civicportal_meetings.models import MeetingRequest
from civicportal_meetings.names import KIND
from civicportal_meetings.services.appointments import AppointmentService
from civicportal_meetings.services.diary import DiaryService
from civicportal_meetings.services.sessions import QUOTAS, PublicDayService
from civicportal_meetings.steps import notice

AHEAD = timedelta(days=30)
"""How far ahead a free time is searched."""


def first_time(case: Case, work: Work) -> Prefill:
    """Return the next free time that the citizen prefers."""
    settings = work.site.plugin_settings[KIND]
    minutes = settings["default_minutes"]
    found = suitable_time(case, work, minutes)
    initial = {"minutes": minutes, "place": usual_place(work)}
    return Prefill(initial={**initial, **(_moment(work, found) if found else {})})


def other_time(case: Case, work: Work) -> Prefill:
    """Return the current appointment, to be changed."""
    standing = work.get(AppointmentService).current(case)
    if standing is None:
        return first_time(case, work)
    alone = standing.session_id is None
    minutes = work.site.plugin_settings[KIND]["default_minutes"]
    length = int((standing.end - standing.start).total_seconds() // 60)
    return Prefill(
        initial={
            **_moment(work, standing.start),
            "minutes": length if alone else minutes,
            "place": standing.place or usual_place(work),
            "note": standing.note,
            "expert_note": standing.expert_note,
        }
    )


def seats(_case: Case, work: Work) -> Prefill:
    """Return the future sessions, each with its free seats."""
    service, calendar = work.get(PublicDayService), work.site.calendar
    locale, translate = work.locale, work.site.localizer(work.locale).translate
    coming = {str(session.id): session for session in service.coming()}
    free = service.free_seats(coming.values())
    options = [
        Option(
            value=key,
            label=f"{translate(session.heading)} – {calendar.format_datetime(session.start, None, locale)}"
            f" ({format_number(sum(free[session.id].values()), locale)})",
        )
        for key, session in coming.items()
    ]
    return Prefill(
        initial={"quota": "public"},
        bindings={"sessions": coming, "session_options": options, "quotas": list(QUOTAS.items())},
    )


def time_message_values(values: Values, work: Work) -> Mapping[str, str] | None:
    """Return the message's date and time from a form, once both are valid."""
    if "day" not in values or "at" not in values:
        return None
    return notice(work.site.calendar.at(values["day"], values["at"]), values.get("note", ""))


def seat_message_values(values: Values, work: Work) -> Mapping[str, str] | None:
    """Return the message's values of the session selected in a form."""
    coming = {str(session.id): session for session in work.get(PublicDayService).coming()}
    session = coming.get(values.get("session", ""))
    return notice(session.start, values.get("note", "")) if session else None


def usual_place(work: Work, locale: str | None = None) -> str:
    """Return the default place: from the settings, else the name of the mayor's unit.

    :param locale: that of the site by default, in which it is stored.
    """
    settings = work.site.plugin_texts.of(KIND, locale or work.site.locale)
    units = work.get(OrganizationService).units_in(locale or work.site.locale).by_id.values()
    office = next((unit.name for unit in units if unit.key == settings["unit"]), "")
    return (settings["place"] or office)[:100]


def suitable_time(case: Case, work: Work, minutes: int) -> datetime | None:
    """Return the next free time, preferably on a preferred day."""
    diary = work.get(DiaryService)
    tomorrow = work.site.calendar.today(work.clock.now()) + timedelta(days=1)
    days = sorted(diary.free_days(tomorrow, tomorrow + AHEAD, minutes))
    request = work.session.get(MeetingRequest, case.id)
    chosen = next((day for day in days if request and suits(request, day)), days[0] if days else None)
    if chosen is None:
        return None
    times, part = diary.free_times(chosen, minutes), request.suitable_part if request else ""
    return next((one for one in times if in_part(work.site.calendar.local(one).time(), part)), times[0])


def suits(request: MeetingRequest, day: date) -> bool:
    """Return whether a day is among the citizen's preferred ones."""
    return not request.suitable_days or list(WEEKDAYS)[day.weekday()] in request.suitable_days


def _moment(work: Work, moment: datetime) -> dict[str, object]:
    local = work.site.calendar.local(moment)
    return {"day": local.date(), "at": local.time().replace(tzinfo=None)}
