"""Local dates and times of the city: time zone, calendar, days and months as UTC ranges."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from civicportal.util.calendar import dates, formats
from civicportal.util.calendar.dates import CalendarKind, YearMonthDay
from civicportal.util.calendar.formats import DateStyle
from civicportal.util.i18n import is_persian, localized_digits

_FAR_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class LocalDates:
    """Parse and format dates in one calendar and one time zone.

    All methods that take a time require an aware datetime and raise ``ValueError`` for a naive one.
    """

    kind: CalendarKind
    timezone: ZoneInfo

    def local(self, moment: datetime) -> datetime:
        """Return the time in the city's time zone."""
        if moment.tzinfo is None:
            raise ValueError(f"naive datetime: {moment}")
        return moment.astimezone(self.timezone)

    def today(self, now: datetime) -> date:
        """Return the city's date at a given time."""
        return self.local(now).date()

    def year_month_day(self, day: date) -> YearMonthDay:
        """Return year, month and day of the month in the city's calendar."""
        return dates.to_calendar(self.kind, day)

    def day(self, year: int, month: int, day: int) -> date:
        """Return a date of the city's calendar.

        :raises ValueError: when it does not exist.
        """
        return dates.from_calendar(self.kind, year, month, day)

    def parse_date(self, text: str) -> date:
        """Parse a typed date; raises ``InvalidDate`` with a translatable reason."""
        return dates.parse_date(self.kind, text)

    def day_bounds(self, day: date) -> tuple[datetime, datetime]:
        """Return start and end of the city's day, in UTC."""
        return self.at(day, time.min), self.at(day + timedelta(days=1), time.min)

    def begin(self, day: date | None) -> datetime | None:
        """Return the start of the city's day, in UTC; None for None."""
        return self.at(day, time.min) if day else None

    def at(self, day: date, clock: time) -> datetime:
        """Return the UTC time of a local time on a date."""
        return datetime.combine(day, clock, self.timezone).astimezone(UTC)

    def format_date(self, day: date, style: DateStyle = "long", locale: str = "fa") -> str:
        """Format a date, or the city's date of a time.

        :param style: long ``سه‌شنبه ۳ آذر ۱۴۰۵`` · medium ``۳ آذر ۱۴۰۵`` · short ``۱۴۰۵/۰۹/۰۳`` ·
        day_month ``۳ آذر`` · weekday ``سه‌شنبه ۳ آذر`` · month ``آذر ۱۴۰۵``.
        """
        if isinstance(day, datetime):
            day = self.today(day)
        return formats.format_date(self.kind, day, style, locale)

    def format_time(self, moment: datetime, locale: str = "fa") -> str:
        """Format the local time of day, in 24 hours: ``۱۵:۳۵``."""
        return localized_digits(f"{self.local(moment):%H:%M}", locale)

    def format_datetime(self, moment: datetime, now: datetime | None = None, locale: str = "fa") -> str:
        """Format date and time: ``سه‌شنبه ۳ آذر، ۰۹:۴۰``.

        :param now: the current time; its year is left out.
        """
        style: DateStyle = "weekday" if now is not None and self._same_year(moment, now) else "long"
        comma = "،" if is_persian(locale) else ","
        return f"{self.format_date(moment, style, locale)}{comma} {self.format_time(moment, locale)}"

    def format_end(self, moment: datetime, now: datetime | None = None, locale: str = "fa") -> str:
        """Format the end of a period: midnight as the day before, without a time.

        :param now: the current time; its year is left out.
        """
        local = self.local(moment)
        if (local.hour, local.minute) != (0, 0):
            return self.format_datetime(moment, now, locale)
        last = moment - timedelta(minutes=1)
        style: DateStyle = "weekday" if now is not None and self._same_year(last, now) else "long"
        return self.format_date(last, style, locale)

    def relative(self, moment: datetime, now: datetime, locale: str = "fa") -> str:
        """Format a relative time as a translatable text, beyond 30 days the date."""
        days = (self.today(now) - self.today(moment)).days
        if abs(days) > _FAR_DAYS:
            return self.format_date(moment, "medium", locale)
        return formats.format_distance((now - moment).total_seconds(), days, locale)

    def _same_year(self, moment: datetime, now: datetime) -> bool:
        return self.year_month_day(self.today(moment))[0] == self.year_month_day(self.today(now))[0]
