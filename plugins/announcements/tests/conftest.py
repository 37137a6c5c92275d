"""The test site with the announcements plugin, a citizen and staff."""

from copy import copy
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import pytest
from civicportal_announcements.pictures import Picture, store_sizes
from civicportal_announcements.services import AnnouncementContent, PostService
from PIL import Image

from civicportal.api.cases import AttachmentService
from civicportal.api.database import Work
from civicportal.api.notifications import PreferenceService
from civicportal.api.people import Identity
from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import Site
from civicportal.testing import identity, make_citizen, make_staff


@pytest.fixture
def civic_settings():
    return {
        "site": {"plugins": ["announcements"], "country": "ir"},
        "plugins": {
            "announcements": {"opt_out": "لغو11", "part_price": 100, "currency": "ریال", "per_minute": 12}
        },
    }


@dataclass
class Desk:
    """What the tests of this plugin start from."""

    #: Whose uploads the pictures are.
    owner = "somebody's uploads"

    site: Site
    officer: Identity
    writer: Identity
    handler: Identity
    citizen: Identity

    def put_up(self, title="اطلاعیه", *, publish=True, by=None, **content):
        """Write an announcement and return its id."""
        content = {"body": "متن اطلاعیه برای شهروندان", **content}
        with self.site.work(actor=by or self.officer) as work:
            post = work.get(PostService).create(
                AnnouncementContent(title=title, **content), publish=publish, owner=self.owner
            )
            return post.id

    @staticmethod
    def picture_bytes(width=960, height=540):
        """A picture as a browser sends it."""
        out = BytesIO()
        Image.new("RGB", (width, height), "teal").save(out, "PNG")
        return out.getvalue()

    @classmethod
    @cache
    def _processed(cls, **picture):
        return PictureFiles.process(cls.picture_bytes(**picture))

    def upload(self, **picture):
        """Keep a picture that waits to be claimed; return its key."""
        image = self._processed(**picture)
        key = PictureFiles(self.site).put(image)
        with self.site.work(actor=self.officer) as work:
            work.get(AttachmentService).add(key, image, self.owner)
        store_sizes(self.site, [key])
        return key

    def picture(self, alt="تصویر نمونه", **more):
        """A new picture for the content of an announcement."""
        return Picture(key=self.upload(), alt=alt, **more)

    def post(self, post_id):
        """Return an announcement as it stands."""
        with self.site.work(write=False) as work:
            return work.get(PostService).fetch(post_id)

    def act(self, name, post_id, *arguments, by=None, **more):
        """Let an officer do something with an announcement."""
        with self.site.work(actor=by or self.officer) as work:
            service = work.get(PostService)
            getattr(service, name)(service.fetch(post_id, lock=True), *arguments, **more)

    def opt_in(self, *numbers):
        """Make citizens who want announcements; return their mobiles."""
        mobiles = [f"+98900000{number:04}" for number in numbers]
        with self.site.work() as work:
            for mobile in mobiles:
                person = make_citizen(work, mobile)
                work.get(PreferenceService).change(person.id, broadcasts=True)
        return mobiles


def _staff(work: Work, name: str, *permissions: str) -> Identity:
    return identity(work, make_staff(work, name, permissions=permissions, name=name))


@pytest.fixture
def desk(civic_environment):
    return copy(civic_environment.filled(furnished))


def furnished(site):
    with site.work() as work:
        edit, publish = "announcements:post:edit", "announcements:post:publish"
        return Desk(
            site=site,
            officer=_staff(work, "officer", edit, publish, "announcements:broadcast:send"),
            writer=_staff(work, "writer", edit),
            handler=_staff(work, "handler"),
            citizen=identity(work, make_citizen(work, "+989000009999", name="مریم رضایی"), "citizen"),
        )
