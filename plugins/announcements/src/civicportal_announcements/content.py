"""Conversion between announcement form and model."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from civicportal.api.forms import BoundForm, Values
from civicportal.api.localization import CityCalendar
from civicportal_announcements.i18n import _
from civicportal_announcements.models import Post
from civicportal_announcements.pictures import Picture
from civicportal_announcements.services import AnnouncementContent


def content_of(form: BoundForm, values: Values, calendar: CityCalendar) -> AnnouncementContent:
    """Return the content of a valid form.

    :raises FormInvalid: when a time has no date, or the end is not after the start.
    """
    for name in ("start", "end"):
        if values[f"{name}_time"] is not None and values[f"{name}_day"] is None:
            form.refuse(f"{name}_day", _("Please write the day too."))
    start, end = _start(values, calendar), _end(values, calendar)
    if start is not None and end is not None and end <= start:
        form.refuse("end_day", _("The end must be after the start."))
    return AnnouncementContent(
        title=values["title"],
        summary=values["summary"],
        body=values["body"],
        starts_at=start,
        ends_at=end,
        pinned=values["pinned"],
        pictures=tuple(_picture(values, key) for key in values["image_key"]),
    )


def initial_of(post: Post, pictures: Iterable[Picture], calendar: CityCalendar) -> dict[str, object]:
    """Return the form's initial values for an announcement."""
    values: dict[str, object] = {
        "version": post.version,
        "title": post.title,
        "summary": post.summary,
        "body": post.body,
        "pinned": post.pinned,
    }
    if post.starts_at is not None:
        local = calendar.local(post.starts_at)
        values |= {"start_day": local.date(), "start_time": local.time()}
    if post.ends_at is not None:
        local = calendar.local(post.ends_at)
        at_midnight = local.time() == time.min
        values["end_day"] = local.date() - timedelta(days=1) if at_midnight else local.date()
        values["end_time"] = None if at_midnight else local.time()
    for picture in pictures:
        key = picture.key
        values |= {f"alt_{key}": picture.alt, f"caption_{key}": picture.caption}
        values |= {f"x_{key}": picture.focus_x, f"y_{key}": picture.focus_y}
    return values


def _start(values: Values, calendar: CityCalendar) -> datetime | None:
    day = values["start_day"]
    return None if day is None else calendar.at(day, values["start_time"] or time.min)


def _end(values: Values, calendar: CityCalendar) -> datetime | None:
    """Return the end of an announcement; a date without a time includes the whole day."""
    day, clock = values["end_day"], values["end_time"]
    if day is None:
        return None
    return calendar.day_bounds(day)[1] if clock is None else calendar.at(day, clock)


def _picture(values: Values, key: str) -> Picture:
    return Picture(
        key=key,
        alt=values[f"alt_{key}"],
        caption=values[f"caption_{key}"],
        focus_x=values[f"x_{key}"],
        focus_y=values[f"y_{key}"],
    )
