"""An officer registers a report for a caller."""

import io
import re

import pytest
from civicportal_reports.models import Report
from PIL import Image
from sqlalchemy import select
from webtest import Upload

from civicportal.api.cases import Attachment, Case
from civicportal.testing import identity, make_staff, outbox

MOBILE, STORED = "09000000007", "+989000000007"


@pytest.fixture
def registrar(site, city, sign_in):
    with site.work() as work:
        officer = make_staff(work, "registrar", permissions=["reports:case:register"])
        person = identity(work, officer)
    sign_in(person)
    return person


def picture():
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(data, "PNG")
    return [Upload("letter.png", data.getvalue(), "image/png")]


def filled(app, **values):
    page = app.get("/desk/reports/new", status=200)
    form = next(f for f in page.forms.values() if "category" in f.fields)
    usual = {"category": "pothole", "body": "چالهٔ عمیقی وسط خیابان است.", "address": "خیابان آزادی، پلاک ۸"}
    for name, value in {**usual, **values}.items():
        form[name] = value
    return form


def test_a_letter_with_its_picture_goes_to_the_unit_of_its_category(site, city, app, registrar):
    filled(app, source="letter", mobile=MOBILE, photo_key_files=picture(), urgent=True).submit(status=200)
    with site.work(write=False) as work:
        case, report = work.session.execute(select(Case, Report).join(Report)).one()
        assert (case.source, case.urgent, case.place) == ("letter", True, "خیابان آزادی، پلاک ۸")
        assert case.category_id == city.categories["pothole"]
        assert case.unit_id is not None
        photo = work.session.scalars(select(Attachment)).one()
        assert (photo.case_id, photo.user_id) == (case.id, case.citizen_id)
        assert [(row.kind, row.recipient) for row in outbox(work)] == [("reports.registered", STORED)]
        assert report.point is None


def test_a_point_of_the_map_is_named(site, city, app, registrar):
    point = city.street
    filled(app, address="", lat=str(point.lat), lon=str(point.lon)).submit(status=200)
    with site.work(write=False) as work:
        assert work.session.scalars(select(Report)).one().street == "خیابان آزادی"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"address": ""}, "place"),
        ({"body": "چاله"}, "body"),
        ({"mobile": "0912"}, "mobile"),
        ({"address": "", "lat": "33.6", "lon": "52.9"}, "place"),
    ],
)
def test_errors_are_shown_and_the_input_is_kept(city, app, registrar, values, field):
    page = filled(app, name="", **values).submit(status=422)
    (link,) = page.html.select(".err-summary a")
    assert re.match(rf"#{field}\b", link["href"])
    assert page.html.select_one("input[name=category]:checked, input[name=category][checked]")


def test_registration_needs_the_right(city, app, sign_in):
    sign_in(city.citizen)
    app.get("/desk/reports/new", status=403)
