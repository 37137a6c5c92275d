"""What tests of backups put into a portal, and how they compare two of them."""

from functools import cache
from io import BytesIO

from PIL import Image
from sqlalchemy import select
from webtest import TestApp

from civicportal.app import create_app
from civicportal.core.storage import process_image
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.attachments import AttachmentService, PictureFiles
from civicportal.portal import upgrade as migrate
from civicportal.testing import make_case, make_category, make_citizen, make_staff, make_unit

OWNER = "o" * 64
PICTURES = 3
MOBILE = "+989120000001"
SECRET = "a secret of tests, long enough for everything"


def quiet(_words):
    """Discard progress."""


@cache
def picture(number):
    out = BytesIO()
    Image.new("RGB", (640, 480), (number * 37 % 256, 91, 120)).save(out, "PNG")
    return process_image(out.getvalue())


def open_case(site, number, **opening):
    image = picture(number)
    key = PictureFiles(site).put(image)
    with site.work() as work:
        work.get(AttachmentService).add(key, image, OWNER)
        return make_case(work, subject=f"سطل زبالهٔ {number}", attachments=[key], owner=OWNER, **opening).id


def populate(site):
    with site.work() as work:
        unit = make_unit(work, "pr")
        make_staff(work, "officer", unit=unit, username="officer")
        category = make_category(work, "bin", unit=unit)
        citizen = make_citizen(work, MOBILE)
    for number in range(PICTURES):
        open_case(site, number, citizen=citizen, category=category)


def rows_of(site):
    """Every row of every table that is not about the present moment."""
    passing = {"sessions", "outbox", "reference_stamp", "portal_marks", "backup_runs"}
    found = {}
    with site.engines.read.connect() as connection:
        for package in migrate.packages(site):
            for table in package.metadata.sorted_tables:
                if table.name not in passing:
                    found[table.name] = sorted(map(repr, connection.execute(select(table))))
    return found


def signed_in(site, username="officer"):
    app = TestApp(create_app(site))
    with site.work() as work:
        user = work.session.scalars(select(User).where(User.username == username)).one()
        token = work.get(SessionService).open("staff", user)
    app.set_cookie(site.cookie_name, token)
    return app
