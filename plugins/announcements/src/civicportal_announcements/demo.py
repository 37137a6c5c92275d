"""Demo announcements of the last weeks, with pictures, and one broadcast."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import select

from civicportal.api.cases import AttachmentService
from civicportal.api.demo import set_time
from civicportal.api.forms import Values
from civicportal.api.notifications import PreferenceService
from civicportal.api.people import Identity, PeopleService, User
from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import Site
from civicportal_announcements.broadcasts import SEND, BroadcastService
from civicportal_announcements.pictures import Picture, store_sizes
from civicportal_announcements.services import PUBLISH, AnnouncementContent, PostService

OWNER = "demo"
A_DAY = timedelta(days=1)
PAUSE = 4 * A_DAY
"""Interval between two announcements."""


def load(site: Site, files: Path, progress: Callable[[int, int], None]) -> None:
    """Create the announcements in ``announcements.toml``, last one first; none without the file."""
    source = files / "announcements.toml"
    officer = _officer(site)
    if not source.is_file() or officer is None:
        return
    data = tomllib.loads(source.read_text(encoding="utf-8"))
    rows, now = data["announcements"], site.clock.now()
    try:
        # The newest is first in the file and created last, so that it is first in the list.
        for number, (age, row) in enumerate(reversed(list(enumerate(rows))), 1):
            _put_up(site, officer, files / "photos", row, now, now - age * PAUSE)
            progress(number, len(rows))
        if "broadcast" in data and officer.permits(SEND):
            _broadcast(site, officer, data["broadcast"], now)
    finally:
        set_time(site, None)


def _officer(site: Site) -> Identity | None:
    with site.work(write=False) as work:
        query = select(User).where(User.username.is_not(None)).order_by(User.id)
        staff = [work.get(PeopleService).identity(user) for user in work.session.scalars(query)]
    allowed = [person for person in staff if person.permits(PUBLISH)]
    plain = [person for person in allowed if not any(grant.administrator for grant in person.grants)]
    return next(iter(plain or allowed), None)


def _put_up(
    site: Site, officer: Identity, photos: Path, row: Values, now: datetime, written: datetime
) -> None:
    images = [_image(site, photos, image) for image in row.get("pictures", ())]
    keys = [key for key, _image_, _row in images]
    store_sizes(site, keys)
    set_time(site, written)
    with site.work(actor=officer) as work:
        for key, image, _row in images:
            work.get(AttachmentService).add(key, image, OWNER)
        post = work.get(PostService).create(
            _content(row, images, now), publish=not row.get("draft", False), owner=OWNER
        )
        number = post.id
    if row.get("deleted"):
        set_time(site, now - A_DAY)
        with site.work(actor=officer) as work:
            service = work.get(PostService)
            service.delete(service.fetch(number, lock=True))


def _broadcast(site: Site, officer: Identity, row: Values, now: datetime) -> None:
    """Subscribe some citizens, and send a past broadcast."""
    day = site.calendar.today(now - row["days_ago"] * A_DAY)
    set_time(site, site.calendar.at(day, time(12)))
    with site.work() as work:
        choices = work.get(PreferenceService)
        citizens = select(User.id).where(User.username.is_(None), User.mobile.is_not(None))
        for person in work.session.scalars(citizens.order_by(User.id).limit(row["asked"])).all():
            choices.save(person, replace(choices.of(person), broadcasts=True))
    text = row["text"].strip()
    with site.work(actor=officer) as work:
        service = work.get(BroadcastService)
        people = service.estimate(text).recipients
        if people:
            service.start(text, number=people, form_key=token_urlsafe(16))
    while _fill(site):
        pass


def _fill(site: Site) -> bool:
    with site.work() as work:
        return work.get(BroadcastService).fill()


def _content(row: Values, images: Sequence[tuple[str, Any, Values]], now: datetime) -> AnnouncementContent:
    return AnnouncementContent(
        title=row["title"],
        summary=row.get("summary", ""),
        body=row["body"].strip(),
        pinned=row.get("pinned", False),
        starts_at=_moment(row, "starts_in_days", now),
        ends_at=_moment(row, "ends_in_days", now),
        pictures=tuple(
            Picture(key=key, alt=image["alt"], caption=image.get("caption", ""))
            for key, _image_, image in images
        ),
    )


def _moment(row: Values, name: str, now: datetime) -> datetime | None:
    return now + timedelta(days=row[name]) if name in row else None


def _image(site: Site, photos: Path, row: Values) -> tuple[str, Any, Values]:
    image = PictureFiles.process((photos / row["file"]).read_bytes())
    return PictureFiles(site).put(image), image, row
