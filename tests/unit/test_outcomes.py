"""What an attempt to send leads to, and when messages may go out: pure functions."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from civicportal.core.db import NEVER
from civicportal.core.messages import (
    GatewayMisconfigured,
    LookupFailed,
    PermanentFailure,
    Receipt,
    TransientFailure,
    UncertainDelivery,
)
from civicportal.domain.notifications.outcomes import LOOK_UP_AFTER, MOST_ATTEMPTS, SendAttempt, settle
from civicportal.domain.notifications.timing import after_quiet_hours, pause
from civicportal.util.calendar import CityCalendar

NOW = datetime(2026, 5, 30, 8, 30, tzinfo=UTC)
TEHRAN = CityCalendar(
    kind="jalali",
    timezone=ZoneInfo("Asia/Tehran"),
    weekend=frozenset(),
    half_days=frozenset(),
    hours=(time(8), time(14)),
)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, 30, hour, minute, tzinfo=ZoneInfo("Asia/Tehran"))


@pytest.mark.parametrize(
    ("attempt", "outcome", "state", "wait", "used", "verdict"),
    [
        (SendAttempt(lane="notices", number=1), Receipt(), "sent", 0, 1, "works"),
        (SendAttempt(lane="notices", number=1), TransientFailure("500"), "new", 30, 1, "fails"),
        (SendAttempt(lane="notices", number=4), TransientFailure("500"), "new", 240, 4, "fails"),
        (SendAttempt(lane="notices", number=11), TransientFailure("500"), "new", 3600, 11, "fails"),
        (
            SendAttempt(lane="notices", number=2),
            TransientFailure("429", retry_after=90),
            "new",
            90,
            2,
            "fails",
        ),
        (
            SendAttempt(lane="notices", number=2),
            TransientFailure("429", retry_after=1e9),
            "new",
            3600,
            2,
            "fails",
        ),
        (SendAttempt(lane="notices", number=MOST_ATTEMPTS), TransientFailure("500"), "dead", 0, 12, "fails"),
        (SendAttempt(lane="notices", number=3, probe=True), TransientFailure("500"), "new", 120, 2, "fails"),
        (SendAttempt(lane="notices", number=3), GatewayMisconfigured("key"), "new", 0, 2, "misconfigured"),
        (SendAttempt(lane="notices", number=1), PermanentFailure("bad number"), "dead", 0, 1, "unknown"),
        (SendAttempt(lane="notices", number=1), UncertainDelivery("lost"), "unknown", 120, 1, "fails"),
        (SendAttempt(lane="notices", number=2, probe=True), TransientFailure("500"), "new", 60, 1, "fails"),
        (SendAttempt(lane="notices", number=13), TransientFailure("500"), "dead", 0, 13, "fails"),
        (SendAttempt(lane="broadcasts", number=1), UncertainDelivery("lost"), "unknown", 120, 1, "fails"),
        (SendAttempt(lane="codes", number=1), UncertainDelivery("lost"), "unknown", None, 1, "fails"),
        (SendAttempt(lane="codes", number=1), TransientFailure("500"), "new", 30, 1, "fails"),
        (
            SendAttempt(lane="notices", number=2, maybe_sent=True),
            TransientFailure("500"),
            "unknown",
            60,
            2,
            "fails",
        ),
        (
            SendAttempt(lane="notices", number=2, maybe_sent=True),
            LookupFailed("?"),
            "unknown",
            None,
            2,
            "unknown",
        ),
        (SendAttempt(lane="notices", number=2, maybe_sent=True), Receipt(), "sent", 0, 2, "works"),
        (
            SendAttempt(lane="notices", number=2, maybe_sent=True),
            GatewayMisconfigured("k"),
            "unknown",
            0,
            1,
            "misconfigured",
        ),
        (
            SendAttempt(lane="notices", number=12, maybe_sent=True),
            TransientFailure("5"),
            "unknown",
            None,
            12,
            "fails",
        ),
        (SendAttempt(lane="notices", number=12), UncertainDelivery("lost"), "unknown", None, 12, "fails"),
    ],
)
def test_settlements(attempt, outcome, state, wait, used, verdict):
    result = settle(attempt, outcome, NOW, chance=0.0)
    expected = NEVER if wait is None else NOW + timedelta(seconds=wait)
    assert (result.state, result.next_at, result.attempts, result.verdict) == (state, expected, used, verdict)


def test_the_error_is_kept_masked():
    result = settle(
        SendAttempt(lane="notices", number=1), PermanentFailure("no route to 09123456789"), NOW, 0.0
    )
    assert result.error == "no route to 0912***6789"


def test_the_look_up_comes_after_two_minutes():
    assert timedelta(minutes=2) == LOOK_UP_AFTER


def test_jitter_spreads_retries_by_a_quarter():
    assert pause(1, 0.0) == timedelta(seconds=30)
    assert pause(1, 1.0) == timedelta(seconds=37.5)
    assert pause(99, 1.0) == timedelta(hours=1.25)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (at(21, 59), at(21, 59)),
        (at(22), at(8) + timedelta(days=1)),
        (at(23, 30), at(8) + timedelta(days=1)),
        (at(0), at(8)),
        (at(7, 59), at(8)),
        (at(8), at(8)),
        (at(12), at(12)),
    ],
)
def test_quiet_hours_over_midnight(moment, expected):
    assert after_quiet_hours(moment, (time(22), time(8)), TEHRAN) == expected


def test_quiet_hours_within_a_day_and_none():
    assert after_quiet_hours(at(14), (time(13), time(15)), TEHRAN) == at(15)
    assert after_quiet_hours(at(15), (time(13), time(15)), TEHRAN) == at(15)
    assert after_quiet_hours(at(14), (time(0), time(0)), TEHRAN) == at(14)
