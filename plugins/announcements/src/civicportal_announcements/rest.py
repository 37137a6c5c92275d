"""Published announcements in the API."""

from datetime import datetime
from typing import Annotated, TypedDict

from civicportal.api.forms import Choice, Node, Option, StrictSchema, whole_number
from civicportal.api.rest import Call, Listed, Operation
from civicportal.api.web import PagePermission
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.i18n import _
from civicportal_announcements.markup import render_markup
from civicportal_announcements.models import Post
from civicportal_announcements.pictures import Picture


class PictureOfAnnouncement(TypedDict):
    """A picture of an announcement."""

    url: str
    alt: str
    caption: str


class AnnouncementItem(TypedDict):
    """An announcement."""

    id: int
    title: str
    summary: str
    body: Annotated[str, _("HTML")]
    url: Annotated[str, _("Address of its page, below the host")]
    published_at: datetime
    updated_at: datetime
    ends_at: datetime | None
    pinned: bool
    pictures: list[PictureOfAnnouncement]


class AnnouncementQuery(StrictSchema):
    """The filter of announcements."""

    state = Node(
        Choice(
            [
                Option(value="live", label=_("On the board")),
                Option(value="ended", label=_("Archive")),
            ]
        ),
        title=_("Current ones, or past ones"),
        missing="live",
    )


def announcements(call: Call) -> Listed:
    """Return a page of announcements, latest first."""
    cursor, limit = call.query["cursor"], call.query["limit"]
    before = None if cursor is None else whole_number(cursor)
    if before == 0:
        raise call.wrong_cursor()
    reader = call.work.get(AnnouncementReader)
    posts = reader.before(call.query["state"], before, limit + 1)
    pictures = reader.pictures(posts[:limit])
    return Listed(
        items=[_item(call, post, pictures.get(post.id, [])) for post in posts[:limit]],
        next=str(posts[limit - 1].id) if len(posts) > limit else None,
    )


def announcement(call: Call) -> AnnouncementItem:
    """Return an announcement that is or was published.

    :raises NotFound: for any other.
    """
    reader = call.work.get(AnnouncementReader)
    post = reader.readable(int(call.matched["id"]))
    return _item(call, post, reader.pictures([post]).get(post.id, []))


def _item(call: Call, post: Post, pictures: list[Picture]) -> AnnouncementItem:
    request = call.request
    published = post.starts_at or post.created_at
    return {
        "id": post.id,
        "title": post.title,
        "summary": post.lead,
        "body": str(render_markup(post.body)),
        "url": request.route_path("announcements.page", id=post.id),
        "published_at": published,
        "updated_at": max(post.updated_at, published),
        "ends_at": post.ends_at,
        "pinned": post.pinned,
        "pictures": [
            {
                "url": picture.url(request, "large"),
                "alt": picture.alt,
                "caption": picture.caption,
            }
            for picture in pictures
        ],
    }


OPERATIONS = (
    Operation(
        name="announcements.list",
        path="/announcements",
        title=_("List announcements"),
        call=announcements,
        returns=AnnouncementItem,
        permission=PagePermission.EVERYBODY,
        query=AnnouncementQuery,
        is_list=True,
    ),
    Operation(
        name="announcements.show",
        path="/announcements/{id:[1-9][0-9]{0,17}}",
        title=_("Show an announcement"),
        call=announcement,
        returns=AnnouncementItem,
        permission=PagePermission.EVERYBODY,
    ),
)
