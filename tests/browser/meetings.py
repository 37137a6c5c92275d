"""The form for a meeting, as a person fills it in; and requests that get a time through the services."""

from datetime import date, datetime, timedelta

from browser.people import persian
from browser.wizard import proceed
from civicportal_meetings.services import Applicant, DiaryService, MeetingService, NewMeeting
from civicportal_meetings.steps import Time
from playwright.sync_api import Page
from portal import Portal

from civicportal.cases.services import CaseService
from civicportal.security import Identity

SUBJECT = "پروانهٔ ساختمانی"
REASON = "پیگیری پروندهٔ عقب‌نشینی ملک که هشت ماه بدون نتیجه مانده است."
NATIONAL_CODE = "1000000117"
BIRTH_DATE = "۱۳۸۴/۰۵/۲۵"
PLACE, NOTE = "دفتر شهردار، طبقهٔ دوم", "کارت ملی همراه باشد"
MINUTES = 30


def say_why(page: Page) -> None:
    """Fill in the first step."""
    page.goto("/meetings/new")
    page.locator("[name=subject]").fill(SUBJECT)
    page.locator("[name=reason]").fill(REASON)


def say_who(page: Page) -> None:
    """Fill in the second step."""
    page.locator("[name=name]").fill("آرمان فروغی")
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


def arranged(portal: Portal, citizen: Identity, officer: Identity) -> str:
    """Ask for a meeting, give it a time, and return its tracking code."""
    with portal.site.work(actor=citizen) as work:
        applicant = Applicant(name=citizen.name, national_code=NATIONAL_CODE, birth_date=date(1976, 1, 22))
        new = NewMeeting(subject=SUBJECT, reason=REASON, applicant=applicant, companions=["نگین فروغی"])
        code = work.get(MeetingService).submit(new).code
    set_time(portal, officer, code)
    return code
