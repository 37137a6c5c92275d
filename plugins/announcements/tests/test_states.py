"""States of announcements by the clock, in Python and SQL."""

from collections import Counter
from datetime import timedelta

import pytest
from civicportal_announcements.models import Post
from civicportal_announcements.states import MARKS, NUMBERS, READABLE, in_state, state_of
from sqlalchemy import select

from civicportal.testing import NOON

HOUR = timedelta(hours=1)
#: published, start and end and deletion from now on, state.
TABLE = [
    (False, None, None, None, "draft"),
    (False, -HOUR, -HOUR, None, "draft"),
    (True, None, None, None, "live"),
    (True, 0 * HOUR, None, None, "live"),
    (True, HOUR, None, None, "scheduled"),
    (True, HOUR, 2 * HOUR, None, "scheduled"),
    (True, -HOUR, HOUR, None, "live"),
    (True, -HOUR, 0 * HOUR, None, "ended"),
    (True, None, -HOUR, None, "ended"),
    (True, -HOUR, HOUR, -HOUR, "deleted"),
    (False, None, None, 0 * HOUR, "deleted"),
]


def made(published, start, end, deleted):
    def moment(distance):
        return None if distance is None else NOON + distance

    return Post(
        title="عنوان",
        body="متن",
        search_text="",
        weight=1,
        created_at=NOON,
        updated_at=NOON,
        published=published,
        starts_at=moment(start),
        ends_at=moment(end),
        deleted_at=moment(deleted),
    )


@pytest.mark.parametrize(("published", "start", "end", "deleted", "state"), TABLE)
def test_the_clock_decides(published, start, end, deleted, state):
    assert state_of(made(published, start, end, deleted), NOON) == state


def test_the_database_says_the_same(site):
    with site.work() as work:
        posts = [made(*row[:4]) for row in TABLE]
        work.session.add_all(posts)
        work.session.flush()
        for distance in (-2 * HOUR, -HOUR, 0 * HOUR, HOUR / 2, HOUR, 3 * HOUR):
            now = NOON + distance
            for state in MARKS:
                found = set(work.session.scalars(select(Post.id).where(in_state(now, state))))
                assert found == {post.id for post in posts if state_of(post, now) == state}
            readable = set(work.session.scalars(select(Post.id).where(in_state(now, *READABLE))))
            assert readable == {post.id for post in posts if state_of(post, now) in READABLE}
            numbers = dict(work.session.execute(NUMBERS, {"now": now}).all())
            assert numbers == Counter(state_of(post, now) for post in posts)
