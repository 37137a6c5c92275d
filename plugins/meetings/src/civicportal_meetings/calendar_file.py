"""Appointments and public meeting days as iCalendar files (RFC 5545)."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from icalendar import Alarm, Calendar, Event

from civicportal.api.cases import Case, CaseService
from civicportal.api.database import Work
from civicportal.api.plugins import Site
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment, MeetingSession
from civicportal_meetings.names import KIND

PRODUCT = "-//civicportal//meetings//EN"
BEFOREHAND = timedelta(days=1)
YEAR = timedelta(days=366)
REFRESH = timedelta(hours=6)
"""Interval at which calendar programs should ask again (RFC 7986)."""


def calendar_file(case: Case, appointment: Appointment, work: Work) -> bytes:
    """Return the calendar file of one event.

    A UID and a sequence number let a later file replace it.

    :param appointment: the current one; for a case closed without a meeting, the last.
    """
    cancelled = case.stage == "rejected"
    event = _event(case, appointment, work)
    calendar = Calendar.new(prodid=PRODUCT, uid=event.uid)
    event.status = "CANCELLED" if cancelled else "CONFIRMED"
    if not cancelled:
        event.add_component(_alarm(event))
    calendar.add_component(event)
    calendar.add_missing_timezones(
        first_date=appointment.start.date() - YEAR, last_date=appointment.start.date() + YEAR
    )
    return calendar.to_ical()


def days_file(days: Sequence[MeetingSession], work: Work) -> bytes:
    """Return the calendar of public meeting days, to which calendar programs can subscribe.

    A cancelled day is struck out there (``STATUS:CANCELLED``). Titles are not in it: the office writes them for itself.
    """
    site = work.site
    name = site.localizer().translate(_("Public meeting with the mayor"))
    calendar = Calendar.new(
        prodid=PRODUCT, name=name, uid=f"meeting-days@{_host(site)}", refresh_interval=REFRESH
    )
    for day in days:
        event = Event.new(
            uid=f"meeting-day-{day.id}@{_host(site)}",
            sequence=int(day.cancelled_at is not None),
            stamp=work.clock.now(),
            start=day.start.astimezone(site.timezone),
            end=day.end.astimezone(site.timezone),
            summary=name,
            location=day.place or None,
            url=f"{site.public_url}/meetings/new" if site.public_url else None,
        )
        event.status = "CANCELLED" if day.cancelled_at else "CONFIRMED"
        calendar.add_component(event)
    if days:
        first, last = min(day.start for day in days), max(day.start for day in days)
        calendar.add_missing_timezones(first_date=first.date() - YEAR, last_date=last.date() + YEAR)
    return calendar.to_ical()


def _event(case: Case, appointment: Appointment, work: Work) -> Event:
    site = work.site
    return Event.new(
        uid=f"meeting-{case.id}@{_host(site)}",
        sequence=len(work.get(CaseService).events(case)),
        stamp=work.clock.now(),
        start=appointment.start.astimezone(site.timezone),
        end=appointment.end.astimezone(site.timezone),
        summary=site.localizer().translate(_("Meeting with the mayor")),
        location=appointment.place or None,
        description=_words(case, appointment, site),
        url=f"{site.public_url}/my/{case.code}" if site.public_url else None,
    )


def _words(case: Case, appointment: Appointment, site: Site) -> str:
    translate = site.localizer().translate
    code = translate(_("Tracking code: ${code}", mapping={"code": case.code}))
    return "\n".join([code, *filter(None, [appointment.note]), *site.plugin_settings[KIND]["bring"]])


def _alarm(event: Event) -> Alarm:
    alarm = Alarm.new(description=str(event["SUMMARY"]))
    alarm.add("ACTION", "DISPLAY")
    alarm.TRIGGER = -BEFOREHAND
    return alarm


def _host(site: Site) -> str:
    return urlsplit(site.public_url).hostname or KIND
