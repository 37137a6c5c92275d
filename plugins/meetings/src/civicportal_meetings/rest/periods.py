"""Parameters and positions of the diary's operations."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TypeVar

from civicportal.api.forms import CityDate, Node, StrictSchema
from civicportal.api.rest import Call
from civicportal_meetings.desk_schemas import of_our_time
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment, MeetingSession
from civicportal_meetings.services.period import DiaryPeriod

Entry = TypeVar("Entry")

_CURSOR = re.compile(r"(\d{1,11})-([1-9]\d{0,17})", re.ASCII)


class PeriodQuery(StrictSchema):
    """The days of a list."""

    first_day = Node(
        CityDate(), title=_("From this day on; by default today"), missing=None, validator=of_our_time
    )
    last_day = Node(CityDate(), title=_("Until this day"), missing=None, validator=of_our_time)


def period_of(call: Call) -> DiaryPeriod:
    """Return the period of a call, with one entry more than its page has.

    :raises Problem: 400 for days in the wrong order, and a cursor of another list.
    """
    query, calendar = call.query, call.request.site.calendar
    first, last = query["first_day"] or calendar.today(call.work.clock.now()), query["last_day"]
    check_order(call, first, last)
    after = None
    if query["cursor"] is not None:
        match = _CURSOR.fullmatch(query["cursor"])
        if match is None:
            raise call.wrong_cursor()
        after = datetime.fromtimestamp(int(match[1]), UTC), int(match[2])
    return replace(DiaryPeriod.of_days(calendar, first, last), after=after, limit=query["limit"] + 1)


def check_order(call: Call, first: date, last: date | None) -> None:
    """Refuse days in the wrong order.

    :raises Problem: 400.
    """
    if last is not None and last < first:
        raise call.wrong_parameter("last_day", _("This day is before the first one."))


def page_of(
    call: Call, found: Sequence[Entry], row_of: Callable[[Entry], Appointment | MeetingSession]
) -> tuple[Sequence[Entry], str | None]:
    """Return the entries of a page, and the cursor of the next one.

    :param found: of the period, see :func:`period_of`.
    """
    limit = call.query["limit"]
    if len(found) <= limit:
        return found, None
    last = row_of(found[limit - 1])
    return found[:limit], f"{last.start.timestamp():.0f}-{last.id}"
