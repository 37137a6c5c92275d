"""Rows of the pictures of reports. Their files do not exist: requests get 404."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from civicportal.domain.cases.models import Attachment

if TYPE_CHECKING:
    from benchmarks.seed.stories import Row, Story

BEFORE = (0, 0, 0, 0, 0, 1, 1, 1, 2, 3)
"""Of ten reports, how many pictures each was sent with."""
AFTER = 0.15
"""Of the closings that show what was done."""


def pictures(story: "Story") -> Iterator["Row"]:
    """Yield the pictures of a report: those it was sent with, and that of the work."""
    if story.kind.name != "reports":
        return
    for _ in range(story.rng.choice(BEFORE)):
        yield Attachment, _picture(story, story.events[0], "before")
    if story.closing and story.case["stage"] == "done" and story.rng.random() < AFTER:
        yield Attachment, _picture(story, story.closing, "after")


def _picture(story: "Story", event: dict[str, Any], purpose: str) -> dict[str, Any]:
    rng = story.rng
    return {
        "key": urlsafe_b64encode(rng.randbytes(16)).decode().rstrip("="),
        "case_id": story.id,
        "event_id": event["id"],
        "user_id": event["actor_id"],
        "audience": "public" if story.case["public"] else "citizen",
        "purpose": purpose,
        "content_type": "image/jpeg",
        "width": 1600,
        "height": 1200,
        "size": rng.randint(150_000, 600_000),
        "sha256": rng.randbytes(32).hex(),
        "created_at": event["at"],
    }
