"""Pictures adopted by a plugin: taken once, kept by the cleanup, and released together."""

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from civicportal.core.storage import process_image, scaled, store_variant
from civicportal.domain.cases.attachments import AttachmentService, PictureFiles
from civicportal.domain.cases.errors import AttachmentNotFound
from civicportal.domain.cases.models import Attachment, CaseEvent
from civicportal.portal.cleanup import clean_attachments
from civicportal.testing import make_case
from civicportal.util.errors import NotFound

OWNER = "o" * 64


@pytest.fixture
def key(site):
    """A picture that waits."""
    out = BytesIO()
    Image.new("RGB", (1000, 500), "teal").save(out, "PNG")
    image = process_image(out.getvalue())
    key = PictureFiles(site).put(image)
    with site.work() as work:
        work.get(AttachmentService).add(key, image, OWNER)
    return key


def adopt(site, key, owner=OWNER):
    with site.work() as work:
        return [row.id for row in work.get(AttachmentService).adopt([key], owner)]


def test_are_taken_once_and_by_their_owner_only(site, key):
    with pytest.raises(AttachmentNotFound):
        adopt(site, key, "x" * 64)
    adopt(site, key)
    with pytest.raises(AttachmentNotFound):
        adopt(site, key)


def test_a_case_does_not_claim_adopted_pictures(site, key):
    adopt(site, key)
    with site.work() as work:
        case = make_case(work)
        event = work.session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id)).first()
        for owner in (OWNER, ""):
            with pytest.raises(AttachmentNotFound):
                work.get(AttachmentService).claim([key], owner, case, event)


def test_are_not_shown_to_other_owners(site, key):
    with site.work() as work:
        work.get(AttachmentService).fetch(key, OWNER)
    adopt(site, key)
    for owner in (OWNER, ""):
        with pytest.raises(NotFound), site.work(write=False) as work:
            work.get(AttachmentService).fetch(key, owner)


def test_outlive_the_sweep_until_they_are_given_up(site, clock, key):
    (number,) = adopt(site, key)
    store_variant(site.storage, key, "medium", 800)
    clock.set(clock.now() + timedelta(days=400))
    clean_attachments(site)
    assert set(site.storage.keys()) == {key, f"{key}.small", f"{key}.medium"}
    with site.work() as work:
        assert work.get(AttachmentService).discard([number]) == [key]
    PictureFiles(site).drop([key])
    assert list(site.storage.keys()) == []
    with site.work(write=False) as work:
        assert work.session.scalar(select(Attachment.id)) is None


def test_a_waiting_one_is_not_given_up_by_this(site, key):
    with site.work() as work:
        waiting = work.session.scalars(select(Attachment.id)).all()
        assert work.get(AttachmentService).discard(waiting) == []


def test_a_further_size_is_made_once(site, key):
    store_variant(site.storage, key, "medium", 800)
    with site.storage.open(f"{key}.medium") as file, Image.open(file) as image:
        assert image.size == scaled(1000, 500, 800) == (800, 400)
    site.storage.put(f"{key}.medium", b"kept")
    store_variant(site.storage, key, "medium", 800)
    with site.storage.open(f"{key}.medium") as file:
        assert file.read() == b"kept"
