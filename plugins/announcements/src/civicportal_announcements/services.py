"""Write access to announcements: drafts, publication, order, deletion and restoring."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select

from civicportal.api.cases import Attachment, AttachmentService
from civicportal.api.database import Service
from civicportal.api.localization import search_key
from civicportal.api.people import AuditService
from civicportal.api.plugins import Conflict, Forbidden, NotFound
from civicportal.api.publishing import PublicTexts
from civicportal_announcements.board import ORDER
from civicportal_announcements.models import Post, PostImage
from civicportal_announcements.pictures import Picture
from civicportal_announcements.states import ON_BOARD, in_state

PUBLISHED = "announcements.published"
"""Name of an event for other software."""
EDIT, PUBLISH = "announcements:post:edit", "announcements:post:publish"
HIDDEN = timedelta(days=30)
"""Period in which a deleted announcement can be restored."""
BATCH = 50
"""Announcements erased per transaction."""

Way = Literal["up", "down"]


@dataclass(frozen=True, kw_only=True)
class AnnouncementContent:
    """The content of an announcement.

    :ivar starts_at: aware; None means on publication.
    :ivar ends_at: aware; None means never.
    :ivar pictures: in order; a new one has only its key.
    """

    title: str
    body: str
    summary: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    pinned: bool = False
    pictures: tuple[Picture, ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        """Return all texts that become public, by the name of their field."""
        beside = {
            f"{name}_{picture.key}": getattr(picture, name)
            for picture in self.pictures
            for name in ("alt", "caption")
        }
        return {"title": self.title, "summary": self.summary, "body": self.body, **beside}


class PostService(Service):
    """Manage announcements; each method checks its right."""

    def fetch(self, post_id: int, *, lock: bool = False) -> Post:
        """Return an announcement in any state.

        :param lock: lock it for update.
        :raises NotFound: when there is none.
        """
        query = select(Post).where(Post.id == post_id)
        post = self.session.scalar(query.with_for_update() if lock else query)
        if post is None:
            raise NotFound(f"announcement {post_id}")
        return post

    # -- writing --------------------------------------------------------------------------------------------

    def create(self, content: AnnouncementContent, *, publish: bool = False, owner: str = "") -> Post:
        """Create an announcement; when shown, it is the first on the board.

        :param owner: owner of the uploaded pictures.
        :raises AttachmentNotFound: when a picture no longer exists.
        :raises PersonalDataFound: when the text contains a mobile number or a national code.
        """
        now = self.work.clock.now()
        top = self.session.scalar(select(func.max(Post.weight))) or 0
        post = Post(
            weight=top + 1, author_id=self.work.actor.user_id, created_at=now, version=0, published=False
        )
        self._write(post, content, publish)
        self.session.add(post)
        self.session.flush()
        self._set_pictures(post, content.pictures, owner)
        if publish:
            self._note_published(post)
        return post

    def update(
        self,
        post: Post,
        content: AnnouncementContent,
        *,
        version: int,
        publish: bool = False,
        owner: str = "",
    ) -> None:
        """Change an announcement.

        :param version: the version that the officer edited.
        :raises Conflict: when it was changed or deleted since.
        :raises PersonalDataFound: as :meth:`create`.
        """
        if post.version != version or post.deleted_at is not None:
            raise Conflict(f"announcement {post.id} has changed")
        was_published = post.published
        self._write(post, content, publish)
        self._set_pictures(post, content.pictures, owner)
        if publish and not was_published:
            self._note_published(post)
        elif was_published and not publish:
            self._record("unpublish", post)

    def _note_published(self, post: Post) -> None:
        """Record that an announcement is shown, or will be, and tell other software."""
        self._record("publish", post)
        starts_at = post.starts_at.isoformat() if post.starts_at else None
        self.work.publish(
            PUBLISHED,
            subject=f"/announcements/{post.id}",
            data={"id": post.id, "title": post.title, "starts_at": starts_at},
        )

    def _write(self, post: Post, content: AnnouncementContent, publish: bool) -> None:
        self._require(PUBLISH if publish or post.published else EDIT)
        if publish:
            self.work.get(PublicTexts).check(None, content.texts)
        now = self.work.clock.now()
        post.title, post.summary, post.body = content.title, content.summary, content.body
        post.search_text = search_key(f"{content.title} {content.summary} {content.body}")
        post.starts_at = content.starts_at or (now if publish else None)
        post.ends_at, post.published = content.ends_at, publish
        post.pinned = content.pinned
        post.updated_at = now
        post.version += 1

    def _set_pictures(self, post: Post, pictures: tuple[Picture, ...], owner: str) -> None:
        rows = select(PostImage, Attachment.key).join(Attachment, Attachment.id == PostImage.attachment_id)
        kept = {name: row for row, name in self.session.execute(rows.where(PostImage.post_id == post.id))}
        wanted = {picture.key: picture for picture in pictures}
        attachments = self.work.get(AttachmentService)
        for attachment in attachments.adopt([name for name in wanted if name not in kept], owner):
            kept[attachment.key] = PostImage(post_id=post.id, attachment_id=attachment.id)
        gone = [row.attachment_id for name, row in kept.items() if name not in wanted]
        for position, (name, picture) in enumerate(wanted.items()):
            row = kept[name]
            row.position, row.alt, row.caption = position, picture.alt, picture.caption
            row.focus_x, row.focus_y = picture.focus_x, picture.focus_y
            self.session.add(row)
        self.session.flush()
        if gone:
            attachments.discard(gone)

    # -- order ----------------------------------------------------------------------------------------------

    def move(self, post: Post, way: Way) -> None:
        """Move an announcement up or down."""
        self._require(PUBLISH)
        now = self.work.clock.now()
        beside = (in_state(now, *ON_BOARD), Post.pinned.is_(post.pinned))
        group = list(self.session.scalars(select(Post).where(*beside).order_by(*ORDER).with_for_update()))
        if post not in group:
            return
        at = group.index(post)
        top = max(row.weight for row in group)
        group.insert(max(at - 1, 0) if way == "up" else at + 1, group.pop(at))
        for place, row in enumerate(group):
            row.weight = top - place

    def pin(self, post: Post, pinned: bool) -> None:
        """Pin or unpin an announcement."""
        self._require(PUBLISH)
        if post.pinned != pinned:
            post.pinned = pinned
            # The form contains the pinned state, so an open one becomes outdated.
            post.version += 1

    # -- taking away ----------------------------------------------------------------------------------------

    def delete(self, post: Post) -> None:
        """Mark an announcement as deleted; it is erased unless restored."""
        self._require(PUBLISH if post.published else EDIT)
        if post.deleted_at is None:
            post.deleted_at = self.work.clock.now()
            self._record("delete", post)

    def restore(self, post: Post) -> None:
        """Restore a deleted announcement unchanged."""
        self._require(PUBLISH if post.published else EDIT)
        if post.deleted_at is not None:
            post.deleted_at = None
            self._record("restore", post)

    def erase(self) -> tuple[list[str], bool]:
        """Erase a batch of announcements deleted a month ago.

        :returns: keys of the pictures, whose files can be deleted after the commit; and whether there were any.
        """
        old = Post.deleted_at <= self.work.clock.now() - HIDDEN
        query = select(Post.id).where(old).limit(BATCH).with_for_update(skip_locked=True)
        ids = self.session.scalars(query).all()
        if not ids:
            return [], False
        pictures = select(PostImage.attachment_id).where(PostImage.post_id.in_(ids))
        keys = self.work.get(AttachmentService).discard(self.session.scalars(pictures).all())
        gone = delete(Post).where(Post.id.in_(ids))
        self.session.execute(gone.execution_options(synchronize_session=False))
        return keys, True

    # -- inside ---------------------------------------------------------------------------------------------

    def _require(self, permission: str) -> None:
        if not self.work.actor.permits(permission):
            raise Forbidden(permission)

    def _record(self, action: str, post: Post) -> None:
        self.work.get(AuditService).record(f"announcement:{action}", post=post.id, title=post.title)
