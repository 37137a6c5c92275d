"""The form for a meeting, and requests with a time."""

from datetime import date, datetime, timedelta

from browser.people import persian
from browser.wizard import proceed
from civicportal_meetings.services import (
    Applicant,
    DiaryService,
    MeetingService,
    NewMeeting,
    NewSession,
    PublicDayService,
)
from civicportal_meetings.steps import Time
from playwright.sync_api import Page
from portal import Portal
from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.core.work import Work
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.testing import identity, make_citizen

APPLICANT = "آرمان فروغی"
SUBJECT = "پروانهٔ ساختمانی"
REASON = "پیگیری پروندهٔ عقب‌نشینی ملک که هشت ماه بدون نتیجه مانده است."
NATIONAL_CODE = "1000000117"
BIRTH_DATE = "۱۳۸۴/۰۵/۲۵"
PLACE, NOTE = "دفتر شهردار، طبقهٔ دوم", "کارت ملی همراه باشد"
MINUTES = 30


def set_free(portal: Portal, mobile: str) -> None:
    """Withdraw what a citizen of the demo may have asked for: only one request is open at a time.

    :param mobile: as people dial it.
    """
    with portal.site.work(write=False) as work:
        number = work.site.country.normalize_mobile(mobile)
        citizen = work.session.scalars(select(User).where(User.mobile == number)).one()
        actor = identity(work, citizen, "citizen")
    with portal.site.work(actor=actor) as work:
        case = work.get(MeetingService).open_request()
        if case is not None:
            work.get(CaseService).apply(case, "withdraw")


def say_why(page: Page) -> None:
    """Fill in the first step."""
    page.goto("/meetings/new")
    page.locator("[name=subject]").fill(SUBJECT)
    page.locator("[name=reason]").fill(REASON)


def say_who(page: Page) -> None:
    """Fill in the second step."""
    page.locator("[name=name]").fill(APPLICANT)
    page.locator("[name=national_code]").fill(persian(NATIONAL_CODE))
    page.locator("[name=birth_date]").fill(BIRTH_DATE)
    page.locator("[name=consent]").check()


def say_when(page: Page) -> None:
    """Fill in the third step."""
    page.locator("label.choice", has_text="یکشنبه").click()
    page.locator("label.choice", has_text="صبح").click()
    page.locator("[name=companions]").fill("نگین فروغی")


def fill_in(page: Page) -> None:
    """Fill in the form up to its last step."""
    say_why(page)
    proceed(page, 2)
    say_who(page)
    proceed(page, 3)
    say_when(page)
    proceed(page, 4)


def set_time(portal: Portal, officer: Identity, code: str) -> datetime:
    """Give a request the first free time of a day to come, as the office does, and return it."""
    with portal.site.work(actor=officer) as work:
        diary = work.get(DiaryService)
        first = portal.site.calendar.today(work.clock.now()) + timedelta(days=10)
        day = min(diary.free_days(first, first + timedelta(days=13), MINUTES))
        start = diary.free_times(day, MINUTES)[0]
        case = work.get(CaseService).fetch(code, "work", lock=True)
        work.get(MeetingService).schedule(case, Time(start=start, minutes=MINUTES, place=PLACE, note=NOTE))
        return start


def ask(portal: Portal, mobile: str) -> str:
    """Request a meeting as a new person with this number (as dialled), and return the tracking code."""
    with portal.site.work() as work:
        user = make_citizen(work, portal.site.country.normalize_mobile(mobile), name=APPLICANT)
        citizen = identity(work, user, "citizen")
    with portal.site.work(actor=citizen) as work:
        applicant = Applicant(name=APPLICANT, national_code=NATIONAL_CODE, birth_date=date(2005, 8, 16))
        new = NewMeeting(subject=SUBJECT, reason=REASON, applicant=applicant, suitable_days=["sun"])
        return work.get(MeetingService).submit(new).code


def desk_facts(portal: Portal, officer: Identity) -> dict[str, str]:
    """Return objects for the desk's pages: requests, a meeting, a session."""
    waiting = ask(portal, "09000000780")
    with portal.site.work(actor=officer) as work:
        start = work.get(DiaryService).free_times(_far(portal, work), 120)[0]
        new = NewSession(
            title="ملاقات عمومی", start=start, end=start + timedelta(hours=2), public_seats=3, reserve_seats=2
        )
        session = work.get(PublicDayService).plan(new)
        work.get(PublicDayService).wait(session.id, work.get(CaseService).fetch(waiting))
        return {
            "waiting": waiting,
            "held": held(work),
            "session": str(session.id),
            "day": portal.site.calendar.today(start).isoformat(),
        }


def held(work: Work) -> str:
    """Return the tracking code of a meeting of the demo that was held."""
    codes = select(Case.code).where(Case.kind == "meetings", Case.status == "held")
    return work.session.scalars(codes).first() or ""


def _far(portal: Portal, work: Work) -> date:
    first = portal.site.calendar.today(work.clock.now()) + timedelta(days=40)
    return min(work.get(DiaryService).free_days(first, first + timedelta(days=20), 240))


def arranged(portal: Portal, citizen: Identity, officer: Identity) -> str:
    """Ask for a meeting, give it a time, and return its tracking code."""
    with portal.site.work(actor=citizen) as work:
        applicant = Applicant(name=citizen.name, national_code=NATIONAL_CODE, birth_date=date(1976, 1, 22))
        new = NewMeeting(subject=SUBJECT, reason=REASON, applicant=applicant, companions=["نگین فروغی"])
        code = work.get(MeetingService).submit(new).code
    set_time(portal, officer, code)
    return code
