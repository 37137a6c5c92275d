"""Formats of dates and relative times."""

from datetime import date
from functools import lru_cache
from typing import Literal

from pyramid.i18n import TranslationString

from civicportal.util.calendar.dates import CalendarKind, to_calendar
from civicportal.util.i18n import _, is_persian, localized_digits

DateStyle = Literal["long", "medium", "short", "day_month", "weekday", "month"]
"""Format of a date."""


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


#: Weekdays from Monday, in Python's numbering.
WEEKDAYS: dict[str, tuple[str, ...]] = {
    "fa": _names("دوشنبه سه‌شنبه چهارشنبه پنجشنبه جمعه شنبه یکشنبه"),
    "en": _names("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
}
MONTHS: dict[tuple[CalendarKind, str], tuple[str, ...]] = {
    ("jalali", "fa"): _names("فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند"),
    ("jalali", "en"): _names(
        "Farvardin Ordibehesht Khordad Tir Mordad Shahrivar Mehr Aban Azar Dey Bahman Esfand"
    ),
    ("gregorian", "fa"): _names("ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر"),
    ("gregorian", "en"): _names(
        "January February March April May June July August September October November December"
    ),
}

# A slash, not a dash: in a right-to-left line Persian digits with dashes are shown in reverse order.
_PATTERNS: dict[DateStyle, str] = {
    "long": "{weekday} {day} {month} {year}",
    "medium": "{day} {month} {year}",
    "short": "{year:04}/{number:02}/{day:02}",
    "day_month": "{day} {month}",
    "weekday": "{weekday} {day} {month}",
    "month": "{month} {year}",
}

_PAST = {
    "moments": _("moments ago"),
    "minutes": _("${n} min ago"),
    "hours": _("${n} h ago"),
    "day": _("yesterday"),
    "days": _("${n} days ago"),
}
_FUTURE = {
    "moments": _("in a moment"),
    "minutes": _("in ${n} min"),
    "hours": _("in ${n} h"),
    "day": _("tomorrow"),
    "days": _("in ${n} days"),
}


@lru_cache(5000)
def format_date(kind: CalendarKind, day: date, style: DateStyle, locale: str) -> str:
    """Format a date.

    A locale other than Persian gets English words and ASCII digits.
    """
    language = "fa" if is_persian(locale) else "en"
    year, month, day_of_month = to_calendar(kind, day)
    text = _PATTERNS[style].format(
        weekday=WEEKDAYS[language][day.weekday()],
        day=day_of_month,
        month=MONTHS[kind, language][month - 1],
        number=month,
        year=year,
    )
    return localized_digits(text, locale)


def format_distance(seconds: float, days: int, locale: str) -> TranslationString:
    """Format a relative time.

    :param seconds: from the time to now, negative for the future.
    :param days: from its local date to today; decides between hours, yesterday and days.
    """
    words = _PAST if seconds >= 0 else _FUTURE
    minutes, days = int(abs(seconds) // 60), abs(days)
    if minutes == 0:
        return words["moments"]
    if minutes < 60:
        unit, number = "minutes", minutes
    elif days == 0:
        unit, number = "hours", minutes // 60
    elif days == 1:
        return words["day"]
    else:
        unit, number = "days", days
    return words[unit] % {"n": localized_digits(str(number), locale)}
