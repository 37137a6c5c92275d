"""The test site with the meetings plugin, the mayor's office, a citizen and staff."""

from copy import copy
from dataclasses import dataclass
from datetime import date, time

import pytest
from civicportal_meetings.services import (
    Applicant,
    AppointmentService,
    MeetingService,
    NewMeeting,
    NewSession,
    PublicDayService,
)
from civicportal_meetings.steps import Seat, Time

from civicportal.api.cases import CaseService
from civicportal.api.people import Identity
from civicportal.api.plugins import Site
from civicportal.testing import identity, make_citizen, make_staff, make_unit
from civicportal.testing.tokens import token_for

#: Sunday and Monday after the day at which the clock stands.
SUNDAY, MONDAY = date(2026, 5, 31), date(2026, 6, 1)
RIGHTS = (
    *(f"meetings:case:{verb}" for verb in ("view", "work", "refer", "comment", "contact", "identity")),
    *(f"orders:case:{verb}" for verb in ("view", "work", "refer", "comment")),
    "meetings:session:manage",
    "meetings:minutes:write",
    "meetings:order:give",
)
HANDLER_RIGHTS = ("meetings:case:view", "orders:case:view", "orders:case:work", "orders:case:comment")
#: Has a correct check digit, but belongs to no person.
NATIONAL_CODE = "0499370899"
#: All scopes of a token that meetings need.
SCOPES = ("cases:read", "cases:write", "cases:personal", "meetings:read", "meetings:write")


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["meetings"], "fallback_unit": "mayor"}}


@dataclass
class Office:
    """What the tests of this plugin start from."""

    site: Site
    officer: Identity
    handler: Identity
    citizens: list[Identity]

    @property
    def citizen(self) -> Identity:
        return self.citizens[0]

    def moment(self, day=SUNDAY, clock="10:00"):
        return self.site.calendar.at(day, time.fromisoformat(clock))

    def time(self, day=SUNDAY, clock="10:00", **more):
        usual = {"minutes": 30, "place": "دفتر شهردار"}
        return Time(start=self.moment(day, clock), **{**usual, **more})

    def ask(self, by=None, **more):
        """Ask for a meeting and return its tracking code."""
        by = by or self.citizen
        usual = {
            "subject": "پروانهٔ ساختمانی",
            "reason": "پیگیری پروندهٔ پروانهٔ ساختمانی که هشت ماه بدون نتیجه مانده است.",
            "applicant": Applicant(
                name="مریم رضایی", national_code=NATIONAL_CODE, birth_date=date(1985, 3, 21)
            ),
        }
        with self.site.work(actor=by) as work:
            return work.get(MeetingService).submit(NewMeeting(**{**usual, **more})).code

    def do(self, code, method, *arguments, by=None, **more):
        """Call a method of the service with a case."""
        with self.site.work(actor=by or self.officer) as work:
            case = work.get(CaseService).fetch(code, "work", lock=True)
            getattr(work.get(MeetingService), method)(case, *arguments, **more)

    def schedule(self, code, *arguments, **more):
        self.do(code, "schedule", self.time(*arguments, **more))

    def reschedule(self, code, *arguments, reason="شهردار در سفر است.", **more):
        self.do(code, "reschedule", self.time(*arguments, **more), reason=reason)

    def step(self, code, name, *, by=None, **more):
        """Take a step of the workflow; citizens take it on their own case."""
        with self.site.work(actor=by or self.officer) as work:
            cases = work.get(CaseService)
            case = cases.fetch_own(code) if by else cases.fetch(code, "work", lock=True)
            cases.apply(case, name, **more)

    def plan(self, day=MONDAY, first="09:00", last="12:00", **seats):
        """Plan a session and return its id."""
        usual = {"title": "ملاقات عمومی", "public_seats": 1, "office_seats": 0, "reserve_seats": 2}
        with self.site.work(actor=self.officer) as work:
            new = NewSession(start=self.moment(day, first), end=self.moment(day, last), **{**usual, **seats})
            return work.get(PublicDayService).plan(new).id

    def invite(self, code, session_id, quota="public", **more):
        with self.site.work(actor=self.officer) as work:
            case = work.get(CaseService).fetch(code, "work", lock=True)
            session = work.get(PublicDayService).find(session_id)
            work.get(MeetingService).invite(case, Seat(session=session, quota=quota, **more))

    def case(self, code):
        """Return a case as it stands."""
        with self.site.work(write=False) as work:
            return work.get(CaseService).fetch(code)

    def appointments(self, code):
        """Return every appointment of a request, the latest first."""
        with self.site.work(write=False) as work:
            return list(work.get(AppointmentService).history(work.get(CaseService).fetch(code)))

    def current(self, code):
        with self.site.work(write=False) as work:
            return work.get(MeetingService).appointment(work.get(CaseService).fetch(code))


@pytest.fixture
def caller(site, app):
    """Return a function that calls with the token of a person: ``call = caller(person)``, ``call(path, body)``."""
    numbers = iter(range(10**8, 10**9))

    def caller(person, *scopes):
        token = token_for(site, person, *(scopes or SCOPES))

        def call(path, body=None, *, status=None, version=None, key=""):
            headers = {"Authorization": f"Bearer {token}"}
            if body is None:
                return app.get(f"/api/v1{path}", headers=headers, status=status)
            headers["Idempotency-Key"] = key or str(next(numbers))
            headers |= {"If-Match": version} if version else {}
            return app.post_json(f"/api/v1{path}", body, headers=headers, status=status)

        return call

    return caller


@pytest.fixture
def office(civic_environment):
    return copy(civic_environment.filled(opened))


def opened(site):
    with site.work() as work:
        mayor = make_unit(work, "mayor", name="دفتر شهردار", short_name="دفتر شهردار")
        civil = make_unit(work, "civil", name="معاونت فنی", short_name="معاونت فنی")
        officer = make_staff(
            work, "office_manager", unit=mayor, permissions=RIGHTS, name="محمد کریمی", username="office"
        )
        handler = make_staff(
            work, "handler", unit=civil, permissions=HANDLER_RIGHTS, name="حسین عمرانی", username="civil1"
        )
        citizens = [make_citizen(work, f"+9890000000{n:02}", name=f"شهروند {n}") for n in range(1, 4)]
        return Office(
            site=site,
            officer=identity(work, officer),
            handler=identity(work, handler),
            citizens=[identity(work, user, "citizen") for user in citizens],
        )


@pytest.fixture
def call(office, caller):
    """Call with the token of the officer."""
    return caller(office.officer)
