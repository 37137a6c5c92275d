"""Quiet hours and pauses between attempts: pure functions."""

from datetime import datetime, time, timedelta

from civicportal.util.calendar import CityCalendar

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
JITTER = 0.25
"""Jitter of retries as a share of the pause."""


ONE_DAY = timedelta(days=1)


def quiet_hours_around(
    moment: datetime, quiet: tuple[time, time], calendar: CityCalendar
) -> tuple[datetime, datetime] | None:
    """Return start and end of the current quiet hours, or None.

    :param quiet: first and last minute on the city's clock; over midnight when the second is earlier.
    """
    first, last = quiet
    local = calendar.local(moment)
    day, now = local.date(), local.time()
    if first <= last:
        return (calendar.at(day, first), calendar.at(day, last)) if first <= now < last else None
    if now >= first:
        return calendar.at(day, first), calendar.at(day + ONE_DAY, last)
    return (calendar.at(day - ONE_DAY, first), calendar.at(day, last)) if now < last else None


def after_quiet_hours(moment: datetime, quiet: tuple[time, time], calendar: CityCalendar) -> datetime:
    """Return the time, or the end of its quiet hours."""
    around = quiet_hours_around(moment, quiet, calendar)
    return around[1] if around else moment


def pause(attempts: int, chance: float, asked: float | None = None) -> timedelta:
    """Return the pause before the next attempt.

    It is 30 s, doubled each time, at most an hour, with jitter.

    :param attempts: made so far, one or more.
    :param chance: a random number from 0 to 1.
    :param asked: seconds requested by the provider, if any.
    """
    doubled = FIRST_PAUSE * 2 ** min(attempts - 1, 12)
    wanted = max(doubled, timedelta(seconds=min(asked or 0, LONGEST_PAUSE.total_seconds())))
    return min(wanted, LONGEST_PAUSE) * (1 + JITTER * chance)
