"""The file of an appointment, read back by the library that wrote it and by its lines."""

from datetime import UTC, timedelta

import pytest
from civicportal_meetings.services import PublicDayService
from icalendar import Calendar

from civicportal.api.cases import CaseService


@pytest.fixture
def signed_in(office, sign_in):
    sign_in(office.citizen)


def read(app, code):
    answer = app.get(f"/meetings/{code}/meeting.ics", status=200)
    assert answer.content_type == "text/calendar"
    assert "no-store" in answer.headers["Cache-Control"]
    calendar = Calendar.from_ical(answer.body)
    [event] = calendar.events
    return calendar, event


@pytest.mark.usefixtures("signed_in")
class TestFile:
    def test_says_when_and_where_in_the_citys_time(self, office, app):
        code = office.ask()
        office.schedule(code, note="مدارک همراه باشد")
        calendar, event = read(app, code)
        assert event["DTSTART"].params["TZID"] == "Asia/Tehran"
        assert event.start.astimezone(UTC) == office.moment()
        assert event.end - event.start == timedelta(minutes=30)
        assert (event["SUMMARY"], event["LOCATION"]) == ("ملاقات با شهردار", "دفتر شهردار")
        assert "مدارک همراه باشد" in event["DESCRIPTION"]
        assert code in event["DESCRIPTION"]
        assert event.status == "CONFIRMED"
        [zone] = calendar.timezones
        assert zone.tz_name == "Asia/Tehran"
        assert zone.standard[0]["TZOFFSETTO"].td == timedelta(hours=3, minutes=30)

    def test_rings_a_day_before(self, office, app):
        code = office.ask()
        office.schedule(code)
        _calendar, event = read(app, code)
        [alarm] = event.alarms.times
        assert event.start - alarm.trigger == timedelta(days=1)

    def test_another_time_replaces_the_first(self, office, app):
        code = office.ask()
        office.schedule(code)
        calendar, first = read(app, code)
        office.reschedule(code, clock="12:00")
        later_calendar, second = read(app, code)
        assert first["UID"] == second["UID"]
        assert calendar["UID"] == later_calendar["UID"]
        assert second["SEQUENCE"] > first["SEQUENCE"]
        assert second.start.astimezone(UTC) == office.moment(clock="12:00")

    def test_a_cancelled_meeting_is_struck_out(self, office, app):
        code = office.ask()
        office.schedule(code)
        _calendar, before = read(app, code)
        office.step(code, "cancel", public_text="شهردار بیمار است.")
        _calendar, event = read(app, code)
        assert event.status == "CANCELLED"
        assert event["SEQUENCE"] > before["SEQUENCE"]
        assert list(event.walk("VALARM")) == []

    def test_lines_are_short_and_end_as_they_must(self, office, app):
        code = office.ask()
        office.schedule(code, note="مدارک مالکیت و شناسنامه را همراه داشته باشید. " * 5)
        body = app.get(f"/meetings/{code}/meeting.ics").body
        lines = body.split(b"\r\n")
        assert b"\n" not in b"".join(lines)
        assert max(len(line) for line in lines) <= 75

    def test_without_a_time_there_is_none(self, office, app):
        app.get(f"/meetings/{office.ask()}/meeting.ics", status=404)


def follow(app, code, digits):
    """Prove a tracking code as a visitor does."""
    form = next(form for form in app.get("/track").forms.values() if "proof" in form.fields)
    form["code"], form["proof"] = code, digits
    return form.submit()


class TestWithoutSigningIn:
    def test_holders_of_the_code_see_the_time_and_get_the_file(self, office, app):
        code = office.ask()
        office.schedule(code)
        page = follow(app, code, "۰۰۰۱").follow(status=200)
        assert page.html.select_one("#appointment-title")
        assert f"/meetings/{code}/meeting.ics" in page.text
        assert office.citizen.name not in page.text
        _calendar, event = read(app, code)
        assert event.start.astimezone(UTC) == office.moment()

    def test_a_proof_opens_no_other_request(self, office, app):
        code, other = office.ask(), office.ask(by=office.citizens[1])
        office.schedule(other)
        follow(app, code, "0001").follow(status=200)
        app.get(f"/meetings/{other}/meeting.ics", status=303)

    def test_a_portal_without_an_address_writes_none(self, office, app):
        code = office.ask()
        office.schedule(code)
        follow(app, code, "0001")
        _calendar, event = read(app, code)
        assert ("URL" in event) is bool(office.site.public_url)


def test_the_calendar_file_is_for_its_citizen(office, app, sign_in):
    code = office.ask()
    office.schedule(code)
    assert "/login" in app.get(f"/meetings/{code}/meeting.ics", status=303).location
    sign_in(office.citizens[1])
    app.get(f"/meetings/{code}/meeting.ics", status=404)
    with office.site.work(write=False) as work:
        assert work.get(CaseService).fetch(code).citizen_id == office.citizen.user_id


class TestPublicDays:
    def days(self, app):
        answer = app.get("/meetings/days.ics", status=200)
        assert answer.content_type == "text/calendar"
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert "Set-Cookie" not in answer.headers
        return answer, Calendar.from_ical(answer.body).events

    def test_are_time_and_place_without_the_title(self, office, app):
        assert "/meetings/days.ics" not in app.get("/meetings/new")
        number = office.plan(title="ملاقات خانوادهٔ رضایی", place="سالن شهرداری")
        assert "/meetings/days.ics" in app.get("/meetings/new")
        answer, (event,) = self.days(app)
        with office.site.work(write=False) as work:
            day = work.get(PublicDayService).find(number)
            assert (event.start, event.end) == (day.start, day.end)
        assert (event["SUMMARY"], event["LOCATION"], event.status) == (
            "ملاقات عمومی با شهردار",
            "سالن شهرداری",
            "CONFIRMED",
        )
        assert "رضایی" not in answer.text

    def test_a_cancelled_day_is_struck_out_and_keeps_its_identity(self, office, app):
        number = office.plan()
        _answer, (before,) = self.days(app)
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).cancel(number, "سفر شهردار")
        _answer, (after,) = self.days(app)
        assert after.status == "CANCELLED"
        assert after["UID"] == before["UID"]
        assert after["SEQUENCE"] > before["SEQUENCE"]

    def test_are_not_those_without_public_seats_or_of_the_past(self, office, app, clock):
        office.plan(public_seats=0, office_seats=3)
        office.plan(first="13:00", last="14:00", public_seats=0)
        assert self.days(app)[1] == []
        office.plan(first="08:00", last="08:30")
        assert len(self.days(app)[1]) == 1
        clock.advance(days=60)
        assert self.days(app)[1] == []
