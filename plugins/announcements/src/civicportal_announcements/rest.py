"""Announcements in the API: published ones for everybody, and all of them for those who write them."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, TypedDict

import colander

from civicportal.api.forms import (
    BoundedInt,
    Choice,
    CleanText,
    Flag,
    Node,
    Option,
    StrictSchema,
    Values,
    whole_number,
)
from civicportal.api.publishing import PersonalDataFound
from civicportal.api.rest import Call, Listed, Operation
from civicportal.api.web import PagePermission
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.i18n import _
from civicportal_announcements.markup import render_markup
from civicportal_announcements.models import Post
from civicportal_announcements.pictures import MOST, Picture, store_sizes
from civicportal_announcements.schemas import LONGEST_BODY, PostForm
from civicportal_announcements.services import EDIT, AnnouncementContent, PostService
from civicportal_announcements.states import MARKS, State, state_of

READ, WRITE = "announcements:read", "announcements:write"
ONE = "/announcements/{id:[1-9][0-9]{0,17}}"
FIRST_YEAR, LAST_YEAR = 1900, 2200
_KEY = re.compile(r"[\w-]{22}", re.ASCII)


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


class PictureSource(TypedDict):
    """A picture of an announcement as it was written."""

    key: str
    url: str
    alt: str
    caption: str
    focus_x: Annotated[int, _("Focus from the left, percent")]
    focus_y: Annotated[int, _("Focus from the top, percent")]


class SourceItem(TypedDict):
    """An announcement as it was written."""

    id: int
    version: Annotated[int, _("Rises with every change; the ETag of the announcement")]
    state: State
    title: str
    summary: str
    body: Annotated[str, _("With marks of Markdown, as in the form")]
    starts_at: datetime | None
    ends_at: datetime | None
    pinned: bool
    published: bool
    updated_at: datetime
    pictures: list[PictureSource]


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


class DeskQuery(StrictSchema):
    """The filter of announcements for those who write them."""

    state = Node(
        Choice([Option(value=state, label=mark[0]) for state, mark in MARKS.items()]),
        title=_("State"),
        missing="draft",
    )


def _moment_of(text: str | None) -> datetime | None:
    """Return the time of a text in ISO 8601 with an offset.

    :raises ValueError: for any other text.
    """
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("without an offset, or in another century")
    return moment.astimezone(UTC)


def _is_moment(node: colander.SchemaNode, text: str) -> None:
    try:
        _moment_of(text)
    except ValueError:
        raise colander.Invalid(node, _("A time like 2026-03-21T08:30+03:30 is expected here.")) from None


def _is_key(node: colander.SchemaNode, value: str) -> None:
    if not _KEY.fullmatch(value):
        raise colander.Invalid(node, _("This is no key of a picture."))


class PictureBody(StrictSchema):
    """A picture of an announcement, uploaded before or already there."""

    key = Node(CleanText(22, 22), title=_("Its key"), validator=_is_key)
    alt = Node(CleanText(3, 200), title=_("What it shows, for those who do not see it."))
    caption = Node(CleanText(0, 200), title=_("Caption"), missing="")
    focus_x = Node(BoundedInt(0, 100), title=_("Focus from the left, percent"), missing=50)
    focus_y = Node(BoundedInt(0, 100), title=_("Focus from the top, percent"), missing=50)


class AnnouncementBody(StrictSchema):
    """An announcement, with the fields of its form."""

    title = PostForm()["title"].clone()
    summary = PostForm()["summary"].clone()
    body = Node(
        CleanText(10, LONGEST_BODY, multiline=True),
        title=_("Text"),
        description=_("With marks of Markdown, as in the form"),
    )
    starts_at = Node(
        CleanText(1, 40),
        title=_("Shown from"),
        description=_("By default from the publication"),
        missing=None,
        validator=_is_moment,
    )
    ends_at = Node(CleanText(1, 40), title=_("Shown until"), missing=None, validator=_is_moment)
    pinned = PostForm()["pinned"].clone()
    pictures = colander.SchemaNode(
        colander.Sequence(),
        PictureBody(name="picture"),
        title=_("Pictures"),
        missing=(),
        validator=colander.Length(max=MOST),
    )
    published = Node(Flag(), title=_("Whether citizens see it, from its time on"), missing=False)

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse an end before the start."""
        start, end = _moment_of(values["starts_at"]), _moment_of(values["ends_at"])
        if start is not None and end is not None and end <= start:
            error = colander.Invalid(node)
            error["ends_at"] = _("The end must be after the start.")
            raise error


class PublicationOfAnnouncement(StrictSchema):
    """Whether citizens see an announcement."""

    published = Node(Flag(), title=_("Whether citizens see it, from its time on"))


def announcements(call: Call) -> Listed:
    """Return a page of announcements, latest first."""
    return _page(call, _item)


def desk(call: Call) -> Listed:
    """Return a page of announcements in one state for those who write them, latest first."""
    return _page(call, _source)


def announcement(call: Call) -> AnnouncementItem:
    """Return an announcement that is or was published.

    :raises NotFound: for any other.
    """
    reader = call.work.get(AnnouncementReader)
    post = reader.readable(int(call.matched["id"]))
    return _item(call, post, reader.pictures([post]).get(post.id, []))


def source(call: Call) -> SourceItem:
    """Return an announcement in any state as it was written."""
    post = call.work.get(PostService).fetch(int(call.matched["id"]))
    return _written(call, post)


def create(call: Call) -> SourceItem:
    """Write an announcement, and publish it if that is wanted."""
    service, content = call.work.get(PostService), _content(call.body)
    with _pointed_out(call):
        post = service.create(content, publish=call.body["published"], owner=call.request.upload_owner())
    call.made(str(post.id))
    return _written(call, post)


def created(call: Call, made: str) -> SourceItem:
    """Return an announcement that was written before."""
    return _written(call, call.work.get(PostService).fetch(int(made)))


def update(call: Call) -> SourceItem:
    """Replace an announcement by what the body contains."""
    with _pointed_out(call):
        return _change(call, _content(call.body), publish=call.body["published"])


def publish(call: Call) -> SourceItem:
    """Publish an announcement, or take it off the board, unchanged."""
    return _change(call, None, publish=call.body["published"])


def delete(call: Call) -> SourceItem:
    """Delete an announcement; it can be restored for a month."""
    post = _locked(call)
    call.work.get(PostService).delete(post)
    return _written(call, post)


def restore(call: Call) -> SourceItem:
    """Restore a deleted announcement."""
    post = _locked(call)
    call.work.get(PostService).restore(post)
    return _written(call, post)


def store_pictures(call: Call) -> None:
    """Store the further sizes of new pictures, before anything is written."""
    store_sizes(call.request.site, [picture["key"] for picture in call.body["pictures"]])


@contextmanager
def _pointed_out(call: Call) -> Iterator[None]:
    """Name the place of a text in which personal data were found.

    :raises Problem: 422.
    """
    try:
        yield
    except PersonalDataFound as found:
        name, _mark, key = next(iter(found.fields)).partition("_")
        keys = [picture["key"] for picture in call.body["pictures"]]
        pointer = f"#/pictures/{keys.index(key)}/{name}" if key else f"#/{name}"
        raise call.wrong_field(pointer, found.reason) from None


def _change(call: Call, content: AnnouncementContent | None, *, publish: bool) -> SourceItem:
    service, post = call.work.get(PostService), _locked(call)
    if content is None:
        pictures = tuple(call.work.get(AnnouncementReader).pictures([post])[post.id])
        content = AnnouncementContent(
            title=post.title,
            summary=post.summary,
            body=post.body,
            starts_at=post.starts_at,
            ends_at=post.ends_at,
            pinned=post.pinned,
            pictures=pictures,
        )
    owner = call.request.upload_owner()
    service.update(post, content, version=post.version, publish=publish, owner=owner)
    call.work.session.flush()
    return _written(call, post)


def _locked(call: Call) -> Post:
    """Return the announcement of the path, if it still has the version that the caller has read."""
    post = call.work.get(PostService).fetch(int(call.matched["id"]), lock=True)
    call.require_version(post.version)
    return post


def _content(body: Values) -> AnnouncementContent:
    return AnnouncementContent(
        title=body["title"],
        summary=body["summary"],
        body=body["body"],
        starts_at=_moment_of(body["starts_at"]),
        ends_at=_moment_of(body["ends_at"]),
        pinned=body["pinned"],
        pictures=tuple(Picture(**picture) for picture in body["pictures"]),
    )


def _page(call: Call, item: Callable[[Call, Post, list[Picture]], Mapping[str, object]]) -> Listed:
    cursor, limit = call.query["cursor"], call.query["limit"]
    before = None if cursor is None else whole_number(cursor)
    if before == 0:
        raise call.wrong_cursor()
    reader = call.work.get(AnnouncementReader)
    posts = reader.before(call.query["state"], before, limit + 1)
    pictures = reader.pictures(posts[:limit])
    return Listed(
        items=[item(call, post, pictures.get(post.id, [])) for post in posts[:limit]],
        next=str(posts[limit - 1].id) if len(posts) > limit else None,
    )


def _written(call: Call, post: Post) -> SourceItem:
    call.work.session.flush()
    call.tag(post.version)
    return _source(call, post, call.work.get(AnnouncementReader).pictures([post]).get(post.id, []))


def _source(call: Call, post: Post, pictures: list[Picture]) -> SourceItem:
    return {
        "id": post.id,
        "version": post.version,
        "state": state_of(post, call.work.clock.now()),
        "title": post.title,
        "summary": post.summary,
        "body": post.body,
        "starts_at": post.starts_at,
        "ends_at": post.ends_at,
        "pinned": post.pinned,
        "published": post.published,
        "updated_at": post.updated_at,
        "pictures": [
            {
                "key": picture.key,
                "url": picture.url(call.request, "large"),
                "alt": picture.alt,
                "caption": picture.caption,
                "focus_x": picture.focus_x,
                "focus_y": picture.focus_y,
            }
            for picture in pictures
        ],
    }


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
        path=ONE,
        title=_("Show an announcement"),
        call=announcement,
        returns=AnnouncementItem,
        permission=PagePermission.EVERYBODY,
    ),
    Operation(
        name="announcements.desk",
        path="/announcements/desk",
        title=_("List announcements in any state, for those who write them"),
        call=desk,
        returns=SourceItem,
        scope=READ,
        permission=EDIT,
        query=DeskQuery,
        is_list=True,
    ),
    Operation(
        name="announcements.source",
        path=f"{ONE}/source",
        title=_("Show an announcement as it was written"),
        call=source,
        returns=SourceItem,
        scope=READ,
        permission=EDIT,
        has_version=True,
    ),
    Operation(
        name="announcements.create",
        path="/announcements",
        title=_("Write an announcement"),
        call=create,
        again=created,
        count=store_pictures,
        returns=SourceItem,
        method="POST",
        scope=WRITE,
        permission=EDIT,
        body=AnnouncementBody,
        creates=True,
        status=201,
    ),
    Operation(
        name="announcements.update",
        path=ONE,
        title=_("Change an announcement"),
        call=update,
        count=store_pictures,
        returns=SourceItem,
        method="POST",
        scope=WRITE,
        permission=EDIT,
        body=AnnouncementBody,
        has_version=True,
    ),
    Operation(
        name="announcements.publish",
        path=f"{ONE}/publication",
        title=_("Publish an announcement, or take it off the board"),
        call=publish,
        returns=SourceItem,
        method="POST",
        scope=WRITE,
        permission=EDIT,
        body=PublicationOfAnnouncement,
        has_version=True,
    ),
    Operation(
        name="announcements.delete",
        path=f"{ONE}/delete",
        title=_("Delete an announcement, which can be restored for a month"),
        call=delete,
        returns=SourceItem,
        method="POST",
        scope=WRITE,
        permission=EDIT,
        has_version=True,
    ),
    Operation(
        name="announcements.restore",
        path=f"{ONE}/restore",
        title=_("Restore a deleted announcement"),
        call=restore,
        returns=SourceItem,
        method="POST",
        scope=WRITE,
        permission=EDIT,
        has_version=True,
    ),
)
