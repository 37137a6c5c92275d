"""Moments as the city sees them: its time zone, its calendar, its days and months as UTC ranges."""

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
    """Reads and writes dates in one calendar and one time zone.

    All methods that take a moment want an aware datetime and raise ``ValueError`` for a naive one.
    """

    kind: CalendarKind
    timezone: ZoneInfo

    def local(self, moment: datetime) -> datetime:
        """Return the moment on the city's clock."""
        if moment.tzinfo is None:
            raise ValueError(f"naive datetime: {moment}")
        return moment.astimezone(self.timezone)

    def today(self, now: datetime) -> date:
        """Return the city's day at a moment."""
        return self.local(now).date()

    def year_month_day(self, day: date) -> YearMonthDay:
        """Return year, month and day of the month in the city's calendar."""
        return dates.to_calendar(self.kind, day)

    def day(self, year: int, month: int, day: int) -> date:
        """Return a day of the city's calendar; ``ValueError`` when there is none such."""
        return dates.from_calendar(self.kind, year, month, day)

    def parse_date(self, text: str) -> date:
        """Read a typed date; raises ``InvalidDate`` with a translatable reason."""
        return dates.parse_date(self.kind, text)

    def day_bounds(self, day: date) -> tuple[datetime, datetime]:
        """Return the first moment of the city's day and of the next one, in UTC."""
        return self.at(day, time.min), self.at(day + timedelta(days=1), time.min)

    def begin(self, day: date | None) -> datetime | None:
        """Return the first moment of the city's day, in UTC; None where no day is named."""
        return self.at(day, time.min) if day else None

    def at(self, day: date, clock: time) -> datetime:
        """Return the moment, in UTC, when the city's clock shows a time on a day."""
        return datetime.combine(day, clock, self.timezone).astimezone(UTC)

    def format_date(self, day: date, style: DateStyle = "long", locale: str = "fa") -> str:
        """Write a day, or the city's day of a moment.

        :param style: long ``سه‌شنبه ۳ آذر ۱۴۰۵`` · medium ``۳ آذر ۱۴۰۵`` · short ``۱۴۰۵/۰۹/۰۳`` ·
            day_month ``۳ آذر`` · weekday ``سه‌شنبه ۳ آذر`` · month ``آذر ۱۴۰۵``.
        """
        if isinstance(day, datetime):
            day = self.today(day)
        return formats.format_date(self.kind, day, style, locale)

    def format_time(self, moment: datetime, locale: str = "fa") -> str:
        """Write the time of day on the city's clock, in 24 hours: ``۱۵:۳۵``."""
        return localized_digits(f"{self.local(moment):%H:%M}", locale)

    def format_datetime(self, moment: datetime, now: datetime | None = None, locale: str = "fa") -> str:
        """Write day and time: ``سه‌شنبه ۳ آذر، ۰۹:۴۰``.

        :param now: the present; within its year the year is left out.
        """
        style: DateStyle = "weekday" if now is not None and self._same_year(moment, now) else "long"
        comma = "،" if is_persian(locale) else ","
        return f"{self.format_date(moment, style, locale)}{comma} {self.format_time(moment, locale)}"

    def relative(self, moment: datetime, now: datetime, locale: str = "fa") -> str:
        """Say how long ago or ahead a moment is, as a text to translate; beyond 30 days it is the date."""
        days = (self.today(now) - self.today(moment)).days
        if abs(days) > _FAR_DAYS:
            return self.format_date(moment, "medium", locale)
        return formats.format_distance((now - moment).total_seconds(), days, locale)

    def _same_year(self, moment: datetime, now: datetime) -> bool:
        return self.year_month_day(self.today(moment))[0] == self.year_month_day(self.today(now))[0]
