"""Editing of the working calendar: office hours, holidays, closures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from translationstring import TranslationString

from civicportal.core.translated import text_in
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.organization import editing
from civicportal.domain.organization.models import Closure, Holiday, OfficeHours
from civicportal.util.errors import NotFound, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work

LONGEST_CLOSURE = 60
"""Maximum days."""


@dataclass(frozen=True, kw_only=True)
class DayOff:
    """A holiday of a year.

    :ivar kept: it is stored by the city and can be deleted.
    :ivar yearly: it recurs every year by the rules of the country.
    """

    day: date
    title: TranslationString | str
    kept: bool
    yearly: bool


class WorkdayService(Service):
    """Change the working calendar.

    Each change is recorded in the audit trail, and changes no deadline by itself.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.fixed = work.site.country.fixed_holidays
        self._dates = work.site.calendar

    # -- office hours ---------------------------------------------------------------------------------------

    def hours(self, *, lock: bool = False) -> OfficeHours:
        """Return the stored office hours, else the site file's."""
        found = self.session.get(OfficeHours, 1, with_for_update=lock or None)
        if found:
            return found
        opens, closes = self._dates.hours
        return OfficeHours(
            id=1,
            weekend=sorted(self._dates.weekend),
            half_days=sorted(self._dates.half_days),
            opens=opens,
            closes=closes,
            half_day_ends=self._dates.half_day_end,
        )

    def change_hours(self, values: Values) -> None:
        """Change the office hours.

        :param values: ``weekend``, ``half_days``, ``opens``, ``closes``, ``half_day_ends``.
        """
        hours = self.hours(lock=True)
        changed = editing.changes(hours, values)
        for name, value in values.items():
            setattr(hours, name, value)
        self.session.add(hours)
        if changed:
            self._record(
                "hours", changes={name: [str(old), str(new)] for name, (old, new) in changed.items()}
            )

    # -- holidays -------------------------------------------------------------------------------------------

    def holidays(self, year: int) -> list[DayOff]:
        """Return the holidays of a year by date."""
        first, end = self.bounds(year)
        kept = self.session.scalars(select(Holiday).where(Holiday.day >= first, Holiday.day < end))
        titles = {row.day: self._title(row) for row in kept}
        every_day = (first + timedelta(days=n) for n in range((end - first).days))
        return [
            DayOff(
                day=day,
                title=titles.get(day) or self.fixed.title(day),
                kept=day in titles,
                yearly=day in self.fixed,
            )
            for day in every_day
            if day in titles or day in self.fixed
        ]

    def add_holiday(self, day: date, title: str, translations: Mapping[str, Values] | None = None) -> None:
        """Add a holiday.

        :param translations: titles in other languages, as in the column.
        :raises Refused: when the day is one already.
        """
        try:
            with self.work.savepoint():
                self.session.add(Holiday(day=day, name=title, translations=translations or {}))
        except IntegrityError:
            raise Refused(_("This day is a holiday already.")) from None
        self._record("holiday_add", day=day.isoformat(), title=title)

    def delete_holiday(self, day: date) -> None:
        """Delete a holiday.

        :raises NotFound: when there is none on this day.
        """
        holiday = self.session.get(Holiday, day)
        if holiday is None:
            raise NotFound("no such holiday")
        self.session.delete(holiday)
        self._record("holiday_delete", day=day.isoformat(), title=holiday.name)

    def take_over(self, year: int) -> int:
        """Copy the country's holidays of a year.

        :returns: how many were new.
        """
        localizer = self.work.site.localizer()
        missing = [day for day in self.holidays(year) if day.yearly and not day.kept]
        self.session.add_all(
            Holiday(day=day.day, name=str(localizer.translate(day.title))) for day in missing
        )
        if missing:
            self._record("holidays_take_over", year=year, days=len(missing))
        return len(missing)

    # -- closures -------------------------------------------------------------------------------------------

    def closures(self, year: int) -> list[Closure]:
        """Return the closures in a year by date."""
        first, end = self.bounds(year)
        query = select(Closure).where(Closure.first_day < end, Closure.last_day >= first)
        return list(self.session.scalars(query.order_by(Closure.first_day, Closure.id)))

    def add_closure(self, first_day: date, last_day: date, reason: str) -> None:
        """Add a closure.

        :raises Refused: when the days are in the wrong order or too many.
        """
        if last_day < first_day:
            raise Refused(_("The last day lies before the first."))
        if (last_day - first_day).days >= LONGEST_CLOSURE:
            text = _("A closure takes at most ${count} days.", mapping={"count": LONGEST_CLOSURE})
            raise Refused(text)
        self.session.add(Closure(first_day=first_day, last_day=last_day, reason=reason))
        self._record("closure_add", first=first_day.isoformat(), last=last_day.isoformat(), reason=reason)

    def delete_closure(self, closure_id: int) -> None:
        """Delete a closure.

        :raises NotFound: when there is none.
        """
        closure = self.session.get(Closure, closure_id)
        if closure is None:
            raise NotFound("no such closure")
        self.session.delete(closure)
        self._record("closure_delete", first=closure.first_day.isoformat(), last=closure.last_day.isoformat())

    def bounds(self, year: int) -> tuple[date, date]:
        """Return the first days of a year and the next."""
        return self._dates.day(year, 1, 1), self._dates.day(year + 1, 1, 1)

    def _title(self, row: Holiday) -> "TranslationString | str":
        """Return the title in the reader's language, of an annual holiday by the rules of the country."""
        title = self.fixed.title(row.day)
        of_country = title and row.name == self.work.site.localizer().translate(title)
        return title if of_country and not row.translations else text_in(row, "name", self.work.locale)

    def _record(self, what: str, **data: object) -> None:
        self.work.get(AuditService).record(f"calendar:{what}", subject_id=None, case_id=None, **data)
