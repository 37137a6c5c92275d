"""Periods of the diary."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import and_, or_

from civicportal.api.lists import Rows
from civicportal.api.localization import CityCalendar
from civicportal_meetings.models import Appointment, MeetingSession

Query = TypeVar("Query", bound=Rows)


@dataclass(frozen=True, kw_only=True)
class DiaryPeriod:
    """Appointments or sessions by their start.

    :ivar start: of the period, None for everything before its end.
    :ivar end: excluded, None for everything after its start.
    :ivar after: start and id of the last one that was read before.
    :ivar limit: how many are read at most.
    """

    start: datetime | None = None
    end: datetime | None = None
    after: tuple[datetime, int] | None = None
    limit: int | None = None

    @classmethod
    def of_days(cls, calendar: CityCalendar, first: date, last: date | None) -> "DiaryPeriod":
        """Return the period of some days.

        :param last: included, None for all days from the first.
        """
        end = None if last is None else calendar.day_bounds(last)[1]
        return cls(start=calendar.day_bounds(first)[0], end=end)

    def narrow(self, query: Query, model: type[Appointment] | type[MeetingSession]) -> Query:
        """Return the query with the rows of the period only, ordered by start."""
        if self.start is not None:
            query = query.where(model.start >= self.start)
        if self.end is not None:
            query = query.where(model.start < self.end)
        if self.after is not None:
            start, row_id = self.after
            query = query.where(or_(model.start > start, and_(model.start == start, model.id > row_id)))
        return query.order_by(model.start, model.id).limit(self.limit)
