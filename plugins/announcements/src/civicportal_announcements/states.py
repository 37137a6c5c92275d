"""The state of an announcement by the clock."""

from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select
from translationstring import TranslationString

from civicportal.api.database import UTCDateTime
from civicportal_announcements.i18n import _
from civicportal_announcements.models import Post

State = Literal["draft", "scheduled", "live", "ended", "deleted"]
Moment = datetime | ColumnElement[datetime]

#: State: title, colour and icon of its badge.
MARKS: dict[State, tuple[TranslationString, str, str]] = {
    "draft": (_("Draft"), "", "edit"),
    "scheduled": (_("Planned"), "review", "clock"),
    "live": (_("On the board"), "done", "circle-check"),
    "ended": (_("Ended"), "closed", "archive"),
    "deleted": (_("Deleted"), "late", "trash"),
}
READABLE: tuple[State, ...] = ("live", "ended")
"""States that citizens can open by URL."""
ON_BOARD: tuple[State, ...] = ("live", "scheduled")
"""States with a position in the list."""


def state_of(post: Post, now: datetime) -> State:
    """Return the state of an announcement.

    :param now: aware.
    """
    if post.deleted_at is not None:
        return "deleted"
    if not post.published:
        return "draft"
    if post.starts_at is not None and post.starts_at > now:
        return "scheduled"
    if post.ends_at is not None and post.ends_at <= now:
        return "ended"
    return "live"


def in_state(now: Moment, *states: State) -> ColumnElement[bool]:
    """Return the condition that the state is one of these.

    :param now: aware, or the parameter of a statement.
    """
    return or_(*(_condition(state, now) for state in states))


def _condition(state: State, now: Moment) -> ColumnElement[bool]:
    there = Post.deleted_at.is_(None)
    if state == "deleted":
        return Post.deleted_at.is_not(None)
    if state == "draft":
        return and_(there, Post.published.is_(False))
    if state == "scheduled":
        return and_(there, Post.published, Post.starts_at > now)
    begun = and_(there, Post.published, or_(Post.starts_at.is_(None), Post.starts_at <= now))
    if state == "ended":
        return and_(begun, Post.ends_at <= now)
    return and_(begun, or_(Post.ends_at.is_(None), Post.ends_at > now))


_NOW = bindparam("now", type_=UTCDateTime())
# Built once, since every desk asks for it.
NUMBERS = (
    select(case(*((in_state(_NOW, state), state) for state in MARKS)).label("state"), func.count())
    .select_from(Post)
    .group_by("state")
)
"""Statement for (state, number of announcements); its parameter ``now`` is aware."""
