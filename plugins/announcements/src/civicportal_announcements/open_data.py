"""The published announcements in open data."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from civicportal.api.opendata import OpenDataset
from civicportal.api.plugins import Site
from civicportal_announcements.i18n import _
from civicportal_announcements.models import Post
from civicportal_announcements.states import READABLE, in_state

BATCH = 500
Row = tuple[int, str, str | None, datetime | None, datetime | None]


def rows(site: Site) -> Iterator[Row]:
    """Yield the announcements that are or were published, in batches."""
    last = 0
    while True:
        with site.work(write=False) as work:
            query = select(Post).where(in_state(work.clock.now(), *READABLE), Post.id > last)
            found = work.session.scalars(query.order_by(Post.id).limit(BATCH)).all()
        if not found:
            return
        last = found[-1].id
        for post in found:
            yield post.id, post.title, post.summary or None, post.starts_at, post.ends_at


POSTS_DATASET = OpenDataset(
    name="announcements.posts",
    title=_("Announcements"),
    description=_("The announcements that are or were on the board."),
    columns=(
        OpenDataset.Column(
            name="id", kind="integer", description=_("Number of the announcement, as in its address.")
        ),
        OpenDataset.Column(name="title", description=_("Its title.")),
        OpenDataset.Column(name="summary", description=_("A few sentences, if it has a summary.")),
        OpenDataset.Column(
            name="published_from", kind="moment", description=_("Since when it is on the board.")
        ),
        OpenDataset.Column(
            name="published_to", kind="moment", description=_("Until when it is on the board.")
        ),
    ),
    rows=rows,
)
