"""The sample requests are made through the services, and are the same each time."""

from collections import Counter
from datetime import timedelta

import pytest
from civicportal_meetings import demo
from civicportal_meetings.demo_stories import STORIES
from civicportal_meetings.models import Appointment, MeetingRequest, MeetingSession, WaitingListEntry
from civicportal_meetings.week import week_of
from selection import LONG
from sqlalchemy import func, select

from civicportal.api.cases import Case, CaseEvent, CaseLink
from civicportal.testing import NOON, FakeClock, make_citizen

PEOPLE = 20
MEETINGS = """
sms_notes = ["مدارک همراه باشد"]
expert_notes = ["پرونده خواسته شد."]
results = ["درخواست شما شنیده شد."]
minutes = ["سوابق مرور شد."]
decline_reasons = ["نیازی به ملاقات نیست."]
cancel_reasons = ["شهردار در سفر است."]
reschedule_reasons = ["جلسهٔ شورا به همان ساعت افتاد."]
withdraw_words = ["مشکل حل شد."]
other_times = ["سه‌شنبه‌ها بهتر است."]
order_results = ["بازدید شد."]
[[orders]]
text = "پروندهٔ پروانهٔ ساختمانی بررسی شود."
unit = "civil"
days = 5
[[meetings]]
subject = "پروانهٔ ساختمانی"
reason = "پیگیری پروندهٔ پروانهٔ ساختمانی که هشت ماه مانده است."
[[meetings]]
subject = "مناسب‌سازی معابر"
reason = "درخواست همکاری با انجمن معلولان برای مناسب‌سازی معابر."
party = "legal"
organization = "انجمن معلولان"
legal_id = "14000000120"
position = "دبیر"
companions = ["کوروش نادری"]
"""
CITIZEN = """
[[citizens]]
mobile = "09000000{number:03}"
national_code = "0499370899"
birth_date = 1985-03-21
"""


@pytest.fixture
def today():
    """Return the moment at which the demo is loaded."""
    return NOON


@pytest.fixture
def told(office, monkeypatch, tmp_path, today):
    """Return the site after the demo was told, and what was said of its progress."""
    monkeypatch.setattr(office.site, "clock", FakeClock(today))
    (tmp_path / "meetings.toml").write_text(MEETINGS, encoding="utf-8")
    people = "".join(CITIZEN.format(number=number) for number in range(1, PEOPLE + 1))
    (tmp_path / "citizens.toml").write_text(people, encoding="utf-8")
    with office.site.work() as work:
        for number in range(4, PEOPLE + 1):
            make_citizen(work, f"+9890000000{number:02}", name=f"شهروند {number}")
    done = []
    demo.load(office.site, tmp_path, lambda at, total: done.append((at, total)))
    return office.site, done


def test_requests_of_months_stand_in_every_state(told):
    site, done = told
    assert done[-1] == (len(STORIES), len(STORIES))
    with site.work(write=False) as work:
        cases = work.session.scalars(select(Case).where(Case.kind == "meetings")).all()
        statuses = Counter(case.status for case in cases)
        assert set(statuses) == {
            "registered",
            "in_review",
            "scheduled",
            "held",
            "absent",
            "cancelled",
            "declined",
        }
        assert len(cases) == len(STORIES)
        assert max(case.created_at for case in cases) < NOON
        appointments = work.session.scalars(select(Appointment)).all()
        assert any(one.start < NOON and one.ended_how == "hold" for one in appointments)
        assert len([one for one in appointments if one.start > NOON and one.ended_at is None]) >= 6
        assert {one.response for one in appointments} == {"", "confirmed", "other_time"}
        assert any(one.ended_how == "reschedule" for one in appointments)


@pytest.mark.parametrize(
    "today", [NOON + timedelta(days=day, hours=-4) for day in (range(7) if LONG else (0, 3, 6))], ids=str
)
def test_the_present_week_has_meetings_whatever_its_day(told, today):
    site, _done = told
    with site.work(write=False) as work:
        first = week_of(site.calendar.today(today), site.calendar)
        start, end = (site.calendar.day_bounds(first + timedelta(days=days))[0] for days in (0, 7))
        shown = work.session.scalars(
            select(Appointment).where(
                Appointment.start >= start,
                Appointment.start < end,
                Appointment.session_id.is_(None),
                Appointment.ended_how.in_(("", "hold", "miss")),
            )
        ).all()
        assert 4 <= len(shown) <= 6
        assert len({site.calendar.today(one.start) for one in shown}) >= 4
        # What has passed is over, and what is to come is not.
        for one in shown:
            assert (one.ended_at is not None) == (one.start + timedelta(minutes=40) <= today)


def test_nothing_happens_before_its_time(told):
    site, _done = told
    with site.work(write=False) as work:
        events = work.session.scalars(select(CaseEvent).order_by(CaseEvent.case_id, CaseEvent.id)).all()
        latest: dict[int, object] = {}
        for event in events:
            assert event.at <= NOON
            assert latest.get(event.case_id, event.at) <= event.at
            latest[event.case_id] = event.at


def test_sessions_have_members_and_a_waiting_list(told):
    site, _done = told
    with site.work(write=False) as work:
        past, coming = work.session.scalars(select(MeetingSession).order_by(MeetingSession.start)).all()
        assert past.start < NOON < coming.start
        seats = select(func.count()).select_from(Appointment)
        assert work.session.scalar(seats.where(Appointment.session_id == past.id)) == 3
        assert work.session.scalar(seats.where(Appointment.session_id == coming.id)) == 2
        assert work.session.scalar(select(WaitingListEntry.session_id)) == coming.id


def test_orders_follow_from_meetings(told):
    site, _done = told
    with site.work(write=False) as work:
        orders = work.session.scalars(select(Case).where(Case.kind == "orders")).all()
        assert {order.status for order in orders} == {"registered", "in_progress", "done"}
        assert len(work.session.scalars(select(CaseLink)).all()) == len(orders)


def test_the_first_citizens_may_ask_at_once(told, office):
    site, _done = told
    with site.work(write=False) as work:
        busy = set(work.session.scalars(select(MeetingRequest.open_of)))
        assert not busy & {citizen.user_id for citizen in office.citizens[:2]}
        assert len(busy - {None}) > 5


def test_without_a_file_there_is_nothing_to_tell(office, tmp_path):
    demo.load(office.site, tmp_path, lambda at, total: None)
    with office.site.work(write=False) as work:
        assert work.session.scalar(select(func.count(Case.id))) == 0
