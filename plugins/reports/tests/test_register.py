"""An officer registers a report for a caller."""

import io
import re

import pytest
from civicportal_reports.models import Report
from PIL import Image
from sqlalchemy import func, select, text
from webtest import Upload

from civicportal.api.cases import Attachment, Case, CaseService, FollowerService
from civicportal.api.kartable import KartableService
from civicportal.api.people import User
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


def events_of(work, code):
    case = work.session.scalars(select(Case).where(Case.code == code)).one()
    return case, work.get(CaseService).events(case)


class TestOfAnOpenReport:
    @pytest.fixture
    def code(self, city):
        """An open report at the place of the call."""
        return city.send()

    @pytest.fixture
    def form(self, city, app, registrar, code):
        """The form, sent once: it shows the report and registers nothing."""
        point = city.street
        sent = filled(app, address="", mobile=MOBILE, lat=str(point.lat), lon=str(point.lon))
        page = sent.submit(status=422)
        assert page.html.select("[data-near-card]")
        assert code not in page.text
        return next(f for f in page.forms.values() if "category" in f.fields)

    def cases(self, site):
        with site.work(write=False) as work:
            return work.session.scalar(select(func.count()).select_from(Case))

    def test_sent_again_it_is_a_report_of_its_own(self, site, form):
        form.submit(status=200)
        assert self.cases(site) == 2

    def test_the_call_is_added_to_it(self, site, app, form, code, registrar):
        page = form.submit("add_to", status=303)
        assert page.location.endswith("/desk/reports/new")
        assert "به پروندهٔ موجود افزوده شد" in page.follow(status=200).text
        assert self.cases(site) == 1
        with site.work(write=False) as work:
            case, (event, *_others) = events_of(work, code)
            caller = work.session.scalars(select(User).where(User.mobile == STORED)).one()
            assert (event.type, event.public, event.internal_text) == (
                "called",
                False,
                "چالهٔ عمیقی وسط خیابان است.",
            )
            assert event.data == {"caller_id": caller.id, "source": "phone"}
            assert caller.id in work.get(FollowerService).recipients(case)
            trail = text("select subject_id, case_id from audit_events where action = 'caller:added'")
            assert work.session.execute(trail).one() == (caller.id, case.id)

    def test_the_unit_sees_it_as_new_with_the_words(self, site, city, app, form, code, sign_in):
        with site.work(actor=city.officer) as work:
            work.get(KartableService).mark_read(work.get(CaseService).fetch(code))
        form.submit("add_to", status=303)
        sign_in(city.officer)
        assert app.get("/kartable").html.select("tr.unread")
        page = app.get(f"/kartable/cases/{code}")
        assert "شخص دیگری دربارهٔ آن تماس گرفت" in page.html.select_one(".tl").text

    def test_sent_twice_it_is_added_once(self, site, form, code):
        form.submit("add_to", status=303)
        form.submit("add_to", status=303)
        with site.work(write=False) as work:
            _case, events = events_of(work, code)
            assert [event.type for event in events].count("called") == 1

    def test_an_unfinished_form_is_enough(self, site, form, code):
        form["body"], form["name"] = "", "مریم رضایی"
        form.submit("add_to", status=303)
        with site.work(write=False) as work:
            assert work.session.scalars(select(User.name).where(User.mobile == STORED)).one() == "مریم رضایی"

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"mobile": "0912"}, "mobile"),
            ({"mobile": "", "body": ""}, "mobile"),
            ({"mobile": "", "name": "مریم رضایی"}, "name"),
            ({"body": "چاله " * 401}, "body"),
        ],
    )
    def test_what_is_wrong_is_said_and_kept(self, site, form, values, field):
        for name, value in values.items():
            form[name] = value
        page = form.submit("add_to", status=422)
        (link,) = page.html.select(".err-summary a")
        assert link["href"] == f"#{field}"
        assert page.html.select_one("input[name=category][checked]")

    def test_a_report_that_was_closed_takes_no_call(self, site, city, form, code):
        city.step(code, "close", public_text="چاله پر شد.")
        with site.work() as work:
            work.get(CaseService).publish(events_of(work, code)[0], True)
        page = form.submit("add_to", status=422)
        assert "در این میان بسته شد" in page.text

    def test_a_case_that_does_not_exist_is_not_found(self, app, form):
        fields = [(name, value) for name, value in form.submit_fields() if name != "add_to"]
        app.post("/desk/reports/new", [*fields, ("add_to", "9" * 12)], status=404)

    def test_pictures_come_along_and_stay_with_staff(self, site, form, code):
        form["photo_key_files"] = picture()
        form.submit("add_to", status=303)
        with site.work(write=False) as work:
            photo = work.session.scalars(select(Attachment)).one()
            assert (photo.audience, photo.case_id) == ("staff", events_of(work, code)[0].id)


def test_the_place_is_named_while_it_is_chosen_with_the_open_reports(city, app, registrar):
    code = city.send()
    query = {"category": "pothole", "lat": city.street.lat, "lon": city.street.lon}
    page = app.get("/desk/reports/near", query, status=200)
    assert page.html.select_one("[data-place-name]").text.split()[:2] == ["خیابان", "آزادی"]
    assert page.html.select_one("[name=near_seen]")["value"] == "true"
    assert page.html.select("[name=add_to]")
    assert code not in page.text


def test_an_officer_who_may_see_it_gets_a_link(site, city, app, sign_in):
    code = city.send()
    with site.work() as work:
        rights = ["reports:case:register", "reports:case:view"]
        person = identity(work, make_staff(work, "front", permissions=rights))
    sign_in(person)
    query = {"category": "pothole", "lat": city.street.lat, "lon": city.street.lon}
    page = app.get("/desk/reports/near", query, status=200)
    assert page.html.select(f"a[href='/kartable/cases/{code}']")
