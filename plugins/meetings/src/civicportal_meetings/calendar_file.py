"""An appointment as an iCalendar file (RFC 5545)."""

from datetime import timedelta
from urllib.parse import urlsplit

from icalendar import Alarm, Calendar, Event

from civicportal.api.cases import Case, CaseService
from civicportal.api.database import Work
from civicportal.api.plugins import Site
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment
from civicportal_meetings.names import KIND

PRODUCT = "-//civicportal//meetings//EN"
BEFOREHAND = timedelta(days=1)
YEAR = timedelta(days=366)


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
