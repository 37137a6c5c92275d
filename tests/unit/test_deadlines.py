"""Deadlines in words and colours."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from civicportal.core.db import NEVER
from civicportal.domain.cases.deadlines import expected, set_deadline
from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.deadlines import due
from civicportal.util.calendar import CityCalendar
from civicportal.util.i18n import say

CALENDAR = CityCalendar(
    kind="jalali",
    timezone=ZoneInfo("Asia/Tehran"),
    weekend=frozenset({4}),
    hours=(time(7, 30), time(14, 30)),
)
OPENED = datetime(2026, 5, 30, 4, 0, tzinfo=UTC)
DEADLINE = OPENED + timedelta(hours=7)


def case(**values):
    usual = {"stage": "registered", "created_at": OPENED, "deadline": DEADLINE}
    return Case(**{**usual, **values})


@pytest.mark.parametrize(
    ("hours", "state", "words"),
    [
        (0, "", "7 hours left"),
        (3, "", "4 hours left"),
        (3.5, "half", "3 hours left"),
        (5.5, "half", "1 hour left"),
        (5.6, "soon", "1 hour left"),
        (6.5, "soon", "30 minutes left"),
        (7, "late", "0 minutes overdue"),
        (8, "late", "1 hour overdue"),
        (7 + 24 * 2.9, "late", "2 days overdue"),
    ],
)
def test_the_colour_follows_the_share_of_working_time(hours, state, words):
    found = due(case(), OPENED + timedelta(hours=hours), CALENDAR)
    assert (found.state, say(found.text)) == (state, words)
    assert found.is_late == (state == "late")


def test_what_does_not_age():
    now = DEADLINE + timedelta(days=3)
    assert due(case(stage="done"), now, CALENDAR) is None
    assert due(case(deadline=NEVER), now, CALENDAR) is None
    resting = due(case(paused_at=OPENED), now, CALENDAR)
    assert (resting.state, resting.text.interpolate()) == ("", "The deadline rests")


def test_time_that_began_before_the_registration_ends_no_earlier():
    letter = case()
    set_deadline(letter, OPENED - timedelta(days=30), 2, CALENDAR)
    assert (letter.deadline, expected(letter, CALENDAR)) == (OPENED, OPENED)
    set_deadline(letter, OPENED - timedelta(days=30), 60, CALENDAR)
    assert OPENED < letter.deadline < OPENED + timedelta(days=60)
