"""Public meeting days in the API."""

from datetime import datetime
from typing import TypedDict

from civicportal.api.rest import Call, Listed, Operation
from civicportal.api.web import PagePermission
from civicportal_meetings.i18n import _
from civicportal_meetings.models import MeetingSession
from civicportal_meetings.services import PublicDayService


class MeetingDayItem(TypedDict):
    """A public meeting day."""

    id: int
    start: datetime
    end: datetime
    place: str
    cancelled: bool


def days(call: Call) -> Listed:
    """Return a page of the public meeting days that the calendar file has, in the order of their ids."""
    announced = sorted(call.work.get(PublicDayService).announced(), key=lambda day: day.id)
    found, following = call.window(announced, lambda day: day.id)
    return Listed(items=[_item(day) for day in found], next=following)


def _item(day: MeetingSession) -> MeetingDayItem:
    return {
        "id": day.id,
        "start": day.start,
        "end": day.end,
        "place": day.place,
        "cancelled": day.cancelled_at is not None,
    }


OPERATIONS = (
    Operation(
        name="meetings.days",
        path="/meetings/days",
        title=_("List public meeting days"),
        call=days,
        returns=MeetingDayItem,
        permission=PagePermission.EVERYBODY,
        is_list=True,
    ),
)
