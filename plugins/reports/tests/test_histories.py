"""The plans of invented reports can all be walked through the workflow."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from civicportal_reports.histories import plan
from civicportal_reports.workflow import WORKFLOW
from hypothesis import given
from hypothesis import strategies as st

from civicportal.api.demo import DemoRandom
from civicportal.api.localization import CityCalendar

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CALENDAR = CityCalendar(
    kind="jalali",
    timezone=ZoneInfo("Asia/Tehran"),
    weekend=frozenset({4}),
    hours=(time(7, 30), time(14, 30)),
)
NO_STEPS = ("comment", "refer", "rate")


@given(seed=st.integers(0, 10**6), age=st.integers(0, 200), days=st.sampled_from([1.0, 5.0, 15.0]))
def test_a_plan_is_a_walk_in_time(seed, age, days):
    sent = NOW - timedelta(days=age, hours=1)
    status, at = WORKFLOW.initial, sent
    for step in plan(DemoRandom(seed), sent, NOW, CALENDAR, deadline_days=days):
        assert at <= step.at < NOW
        at = step.at
        if step.name not in NO_STEPS:
            status = WORKFLOW.step(status, step.name).target
        elif step.name == "rate":
            assert status == "reviewed"
        else:
            assert WORKFLOW.state(status).is_open


def test_moments_are_in_order_and_past():
    found = DemoRandom(1).moments(200, NOW, timedelta(days=180))
    assert found == sorted(found)
    assert NOW - timedelta(days=181) < found[0]
    assert found[-1] < NOW


def test_items_take_turns():
    found = DemoRandom(1).evenly_distributed("abc", 10)
    assert len(found) == 10
    assert {letter: found.count(letter) for letter in "abc"} in (
        {"a": 4, "b": 3, "c": 3},
        {"a": 3, "b": 4, "c": 3},
        {"a": 3, "b": 3, "c": 4},
    )
