"""Read access to announcements: the citizens' list and archive, the officers' lists."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from civicportal.api.cases import Attachment
from civicportal.api.database import Service, Work
from civicportal.api.localization import search_key
from civicportal.api.plugins import NotFound
from civicportal_announcements.models import Post, PostImage
from civicportal_announcements.pictures import Picture
from civicportal_announcements.states import MARKS, NUMBERS, ON_BOARD, READABLE, State, in_state

ORDER = (Post.pinned.desc(), Post.weight.desc(), Post.id.desc())
"""Maximum announcements of the citizens' list."""
MOST_WORDS = 8
#: Views of the officers: their states, and order.
Order = ColumnElement[bool] | ColumnElement[int] | ColumnElement[datetime] | ColumnElement[datetime | None]
VIEWS: dict[str, tuple[tuple[State, ...], tuple[Order, ...]]] = {
    "board": (ON_BOARD, ORDER),
    "draft": (("draft",), (Post.updated_at.desc(), Post.id.desc())),
    "ended": (("ended",), (Post.ends_at.desc(), Post.id.desc())),
    "deleted": (("deleted",), (Post.deleted_at.desc(), Post.id.desc())),
}


@dataclass(frozen=True, kw_only=True)
class AnnouncementPage:
    """A page of a list.

    :ivar number: of the page, from 1.
    :ivar more: whether another page follows.
    """

    posts: Sequence[Post]
    number: int
    more: bool


class AnnouncementReader(Service):
    """Read announcements."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.now = work.clock.now()

    # -- citizens -------------------------------------------------------------------------------------------

    def first(self, most: int) -> tuple[Sequence[Post], int]:
        """Return the first announcements of the citizens' list, and how many it has."""
        query = select(Post, func.count().over()).where(in_state(self.now, "live"))
        rows = self.session.execute(query.order_by(*ORDER).limit(most)).all()
        return [post for post, _count in rows], rows[0][1] if rows else 0

    def latest(self, most: int) -> Sequence[Post]:
        """Return the current announcements, latest first, whatever their position."""
        query = select(Post).where(in_state(self.now, "live"))
        return self.session.scalars(query.order_by(Post.starts_at.desc(), Post.id.desc()).limit(most)).all()

    def before(self, state: State, post_id: int | None, most: int) -> Sequence[Post]:
        """Return the latest announcements in a state, by descending ids.

        :param post_id: only those with a lower id.
        """
        query = select(Post).where(in_state(self.now, state))
        if post_id is not None:
            query = query.where(Post.id < post_id)
        return self.session.scalars(query.order_by(Post.id.desc()).limit(most)).all()

    def shelf(self, view: str, number: int, size: int) -> AnnouncementPage:
        """Return a page for citizens: "live" or "ended"."""
        if view == "ended":
            return self._shelf([in_state(self.now, "ended")], VIEWS["ended"][1], number, size)
        return self._shelf([in_state(self.now, "live")], ORDER, number, size)

    def readable(self, post_id: int) -> Post:
        """Return an announcement that is or was published.

        :raises NotFound: for any other.
        """
        post = self.session.scalar(select(Post).where(Post.id == post_id, in_state(self.now, *READABLE)))
        if post is None:
            raise NotFound(f"announcement {post_id} is not public")
        return post

    # -- officers -------------------------------------------------------------------------------------------

    def desk(self, view: str, words: str, number: int, size: int) -> AnnouncementPage:
        """Return a page of a view, filtered by words."""
        states, order = VIEWS[view]
        terms = search_key(words).split()[:MOST_WORDS]
        found = [Post.search_text.contains(term, autoescape=True) for term in terms]
        return self._shelf([in_state(self.now, *states), *found], order, number, size)

    def counts(self) -> dict[str, int]:
        """Return the number of announcements by state."""
        numbers: dict[str, int] = dict(self.session.execute(NUMBERS, {"now": self.now}).all())
        return {state: numbers.get(state, 0) for state in MARKS}

    # -- pictures -------------------------------------------------------------------------------------------

    def pictures(self, posts: Iterable[Post]) -> dict[int, list[Picture]]:
        """Return the pictures by id of the announcement."""
        ids = [post.id for post in posts]
        query = select(PostImage, Attachment).join(Attachment, Attachment.id == PostImage.attachment_id)
        rows = self.session.execute(
            query.where(PostImage.post_id.in_(ids)).order_by(PostImage.post_id, PostImage.position)
        )
        found: dict[int, list[Picture]] = defaultdict(list)
        for image, file in rows:
            found[image.post_id].append(_picture(image, file))
        return found

    def picture_post(self, name: str) -> tuple[Post, bool]:
        """Return the announcement of a picture, and whether citizens may see it.

        :raises NotFound: when it belongs to none.
        """
        query = (
            select(Post, in_state(self.now, *READABLE))
            .join(PostImage, PostImage.post_id == Post.id)
            .join(Attachment, Attachment.id == PostImage.attachment_id)
            .where(Attachment.key == name)
        )
        row = self.session.execute(query).one_or_none()
        if row is None:
            raise NotFound("no such picture")
        return row[0], bool(row[1])

    # -- inside ---------------------------------------------------------------------------------------------

    def _shelf(
        self,
        conditions: Sequence[ColumnElement[bool]],
        order: Sequence[Order],
        number: int,
        size: int,
    ) -> AnnouncementPage:
        query = select(Post).where(*conditions).order_by(*order)
        rows = self.session.scalars(query.offset((number - 1) * size).limit(size + 1)).all()
        return AnnouncementPage(posts=rows[:size], number=number, more=len(rows) > size)


def _picture(image: PostImage, file: Attachment) -> Picture:
    return Picture(
        key=file.key,
        alt=image.alt,
        caption=image.caption,
        focus_x=image.focus_x,
        focus_y=image.focus_y,
        width=file.width,
        height=file.height,
        size=file.size,
    )
