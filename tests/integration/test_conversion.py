"""A message becomes a report: it closes, and words, pictures and citizen go along, once."""

import io
from functools import cache

import pytest
from civicportal_feedback.services import FeedbackService, NewFeedback
from civicportal_reports.models import Report
from PIL import Image
from sqlalchemy import select

from civicportal.api.cases import (
    Attachment,
    AttachmentService,
    Case,
    CaseLink,
    CaseService,
    ConversionService,
    PublicHistory,
    RatingService,
)
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import Refused
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.kartable.inbox import InboxQuery, InboxService
from civicportal.domain.kartable.undo import UndoService
from civicportal.testing import identity, make_category, make_citizen, make_staff, make_unit, outbox
from civicportal.testing.tokens import token_for
from civicportal.util.errors import NotFound

BODY = "سه شب است که چراغ کوچه خاموش است."
OFFICER = [
    *(f"{kind}:case:{verb}" for kind in ("feedback", "reports") for verb in ("view", "work", "refer")),
    "reports:case:register",
]


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["reports", "feedback"]}}


@pytest.fixture
def people(site):
    with site.work() as work:
        pr, lights = make_unit(work, "pr"), make_unit(work, "lights")
        root = make_category(work, "lighting", kind="reports")
        make_category(work, "lamp", kind="reports", unit=lights, parent_id=root.id)
        make_staff(work, "handler", unit=lights)
        return {
            "citizen": make_citizen(work, name="مریم"),
            "officer": make_staff(work, "pr", unit=pr, permissions=OFFICER),
            "reader": make_staff(work, "reader", permissions=["feedback:case:view", "reports:case:register"]),
        }


@cache
def picture():
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(data, "PNG")
    return PictureFiles.process(data.getvalue())


@pytest.fixture
def message(site, people):
    """Send a message with a picture, and return its code; anonymously if told."""

    def send(*, anonymous=False):
        image = picture()
        key = PictureFiles(site).put(image)
        with site.work() as work:
            citizen = identity(work, people["citizen"], "citizen")
        with site.work(actor=citizen) as work:
            work.get(AttachmentService).add(key, image, "tests")
            new = NewFeedback(type="complaint", body=BODY, photos=[key], owner="tests")
            service = work.get(FeedbackService)
            return service.submit_anonymously(new) if anonymous else (service.submit(new), "")

    return send


def the_form(page):
    return next(form for form in page.forms.values() if "category" in form.fields)


@pytest.fixture
def convert(site, app, sign_in, people):
    """Make a report of a case as an officer does, and return it."""

    def press(code):
        sign_in(people["officer"])
        page = app.get(f"/kartable/cases/{code}", status=200)
        form = the_form(page.click(href="/desk/reports/from/"))
        form["category"], form["address"] = "lamp", "کوچهٔ بهار"
        form.submit(status=303)
        with site.work(write=False) as work:
            return work.session.execute(select(Case, Report).join(Report, Report.case_id == Case.id)).one()

    return press


def test_everything_goes_along_and_the_citizen_hears_of_it_once(site, people, message, convert):
    old, _pin = message()
    made, report = convert(old.code)
    assert (made.body, made.citizen_id, made.place) == (BODY, people["citizen"].id, "کوچهٔ بهار")
    assert report.point is None
    with site.work(write=False) as work:
        closed = work.get(CaseService).fetch(old.code)
        assert (closed.status, closed.stage) == ("archived", "rejected")
        link = work.session.scalars(select(CaseLink)).one()
        assert (link.from_id, link.to_id, link.type) == (closed.id, made.id, "converted")
        photos = work.session.scalars(select(Attachment).order_by(Attachment.id)).all()
        assert [photo.case_id for photo in photos] == [closed.id, made.id]
        assert len({photo.key for photo in photos}) == 2
        for photo in photos:
            assert site.storage.exists(photo.key)
            assert site.storage.exists(f"{photo.key}.small")
        told = [(row.kind, row.case_id) for row in outbox(work)]
        assert told == [("feedback.registered", closed.id), ("reports.registered", made.id)]
        (last, *_earlier) = work.get(PublicHistory).of(closed, own=True)
        assert last.text == "پیگیری آن در قالب «گزارش شهری» ادامه دارد."


def test_both_pages_of_staff_name_the_other(site, app, sign_in, people, message, convert):
    old, _pin = message()
    made, _report = convert(old.code)
    with site.work() as work:
        everywhere = make_staff(work, "everywhere", permissions=OFFICER)
    sign_in(everywhere)
    for this, other in ((old.code, made.code), (made.code, old.code)):
        links = app.get(f"/kartable/cases/{this}").html.find(id="links-title").parent
        assert links.select(f"a[href='/kartable/cases/{other}']")


def test_who_converts_it_reads_on_and_the_kartable_stays_theirs_alone(site, app, people, message, convert):
    old, _pin = message()
    made, _report = convert(old.code)
    page = app.get(f"/kartable/cases/{old.code}", status=200)
    page.click(href=f"/kartable/cases/{made.code}", index=0)
    with site.work() as work:
        officer = identity(work, people["officer"])
        colleague = identity(work, make_staff(work, "pr", unit=make_unit(work, "elsewhere")))
    with site.work(actor=officer, write=False) as work:
        # The right to read alone causes neither a step nor a referral.
        case = work.get(CaseService).fetch(made.code)
        assert not work.get(CaseService).steps(case)
        assert work.get(InboxService).counts(InboxQuery()).views["all"].number == 0
        assert not work.get(AccessService).can(case, "contact")
    with site.work(actor=colleague, write=False) as work, pytest.raises(NotFound):
        work.get(CaseService).fetch(made.code)


def test_the_citizen_is_led_on(app, sign_in, people, message, convert):
    old, _pin = message()
    made, _report = convert(old.code)
    sign_in(people["citizen"], "citizen")
    assert app.get(f"/my/{old.code}", status=200).html.select(f"a[href='/my/{made.code}']")


def test_after_the_objection_period_the_services_are_one_press_away(
    site, app, sign_in, people, message, convert, clock
):
    over = "می‌شد آن را بازگشایی کرد"
    answered, converted = message()[0].code, message()[0].code
    convert(converted)
    with site.work() as work, work.acting_as(identity(work, people["officer"])):
        service = work.get(CaseService)
        service.apply(service.fetch(answered, lock=True), "answer", public_text="درست شد.")
    clock.advance(days=8)
    sign_in(people["citizen"], "citizen")
    page = app.get(f"/my/{answered}", status=200)
    [line] = [one for one in page.html.select("p.muted") if over in one.text]
    assert {"/feedback/new", "/reports/new"} <= {link["href"] for link in line.select("a")}
    # This one goes on as another request, so nothing new is needed.
    assert over not in app.get(f"/my/{converted}", status=200)


def test_code_and_pin_of_an_anonymous_one_open_the_report_too(site, app, message, convert):
    old, pin = message(anonymous=True)
    made, _report = convert(old.code)
    assert made.citizen_id is None
    app.reset()
    form = next(f for f in app.get("/track").forms.values() if "proof" in f.fields)
    form["code"], form["proof"] = old.code, pin
    page = form.submit(status=303).follow(status=200)
    assert "چراغ" not in page.text
    page.click(href=f"/track/{made.code}")
    with site.work(write=False) as work:
        assert {row.user_id for row in work.session.scalars(select(Attachment))} == {None}
        assert outbox(work) == []


def test_a_converted_case_stays_closed(site, people, message, convert):
    old, _pin = message()
    convert(old.code)
    with site.work() as work:
        case = work.get(CaseService).fetch(old.code, lock=True)
        with work.acting_as(identity(work, people["citizen"], "citizen")):
            assert not work.get(RatingService).may_object(case)
        officer = identity(work, people["officer"])
        with work.acting_as(officer):
            assert work.get(UndoService).last(case) is None
            with pytest.raises(Refused):
                work.get(CaseService).apply(case, "reopen", public_text="دوباره")


def test_an_old_page_is_a_conflict_and_nothing_is_made(site, app, sign_in, people, message):
    old, _pin = message()
    sign_in(people["officer"])
    form = the_form(app.get(f"/desk/reports/from/{old.code}"))
    with site.work() as work:
        work.get(CaseService).mark_urgent(work.get(CaseService).fetch(old.code, lock=True), True)
    form["category"], form["address"] = "lamp", "کوچهٔ بهار"
    page = form.submit(status=409)
    assert the_form(page)["address"].value == "کوچهٔ بهار"
    with site.work(write=False) as work:
        assert work.session.scalars(select(Report)).all() == []
    the_form(page).submit(status=303)


def test_sent_twice_one_report_is_made(app, sign_in, people, message, convert):
    old, _pin = message()
    sign_in(people["officer"])
    form = the_form(app.get(f"/desk/reports/from/{old.code}"))
    form["category"], form["address"] = "lamp", "کوچهٔ بهار"
    form.submit(status=303)
    form.submit(status=409)


def test_missing_data_is_shown_as_errors(app, sign_in, people, message):
    old, _pin = message()
    sign_in(people["officer"])
    page = the_form(app.get(f"/desk/reports/from/{old.code}")).submit(status=422)
    assert len(page.html.select(".err-summary a")) == 2


def test_an_open_inquiry_comes_first(site, app, sign_in, people, message):
    old, _pin = message()
    with site.work() as work:
        lights = work.get(OrganizationService).unit("lights")
        case = work.get(CaseService).fetch(old.code, lock=True)
        with work.acting_as(identity(work, people["officer"])):
            work.get(KartableService).inquire(case, lights.id, note="نظر شما؟")
    sign_in(people["officer"])
    assert "/desk/reports/from/" not in app.get(f"/kartable/cases/{old.code}").text
    app.get(f"/desk/reports/from/{old.code}", status=409)


class TestAccess:
    def test_who_may_not_close_the_case_makes_nothing_of_it(self, app, sign_in, people, message):
        old, _pin = message()
        sign_in(people["reader"])
        assert "/desk/reports/from/" not in app.get(f"/kartable/cases/{old.code}").text
        app.get(f"/desk/reports/from/{old.code}", status=403)

    def test_a_report_is_not_made_of_a_report(self, site, app, sign_in, people, message, convert):
        old, _pin = message()
        made, _report = convert(old.code)
        with site.work() as work:
            everywhere = make_staff(work, "everywhere", permissions=OFFICER)
        sign_in(everywhere)
        app.get(f"/desk/reports/from/{made.code}", status=404)

    def test_a_kind_says_whether_it_hands_over(self, site, people):
        with site.work() as work:
            case = work.get(CaseService).open(
                kind_of(site, "reports"), subject="چاله", body="چاله", citizen_id=people["citizen"].id
            )
            assert work.get(ConversionService).targets(case) == []


class TestApi:
    BODY = {"category": "lamp", "place": {"address": "کوچهٔ بهار"}}

    @pytest.fixture
    def call(self, site, app, people):
        """Make a report of a case by the API: ``call(who, code)``; by default of the version that the case has."""
        tokens = {}

        def call(who, code, body=None, *, status=201, version=None, key="0123456789abcdef"):
            tokens[who] = tokens.get(who) or token_for(site, people[who], "cases:read", "cases:write")
            headers = {"Authorization": f"Bearer {tokens[who]}", "Idempotency-Key": key}
            if version is None:
                shown = app.get(f"/api/v1/cases/{code}", headers=headers, status="*")
                version = shown.headers.get("ETag", '"1"')
            path, headers["If-Match"] = f"/api/v1/reports/from/{code}", version
            return app.post_json(
                path, self.BODY if body is None else body, headers=headers, status=status
            ), version

        return call

    def test_everything_goes_along_once(self, site, people, message, call):
        old, _pin = message()
        first, version = call("officer", old.code)
        again, _same = call("officer", old.code, version=version)
        assert again.json == first.json
        assert again.headers["Idempotency-Replayed"] == "true"
        with site.work(write=False) as work:
            made, _report = work.session.execute(
                select(Case, Report).join(Report, Report.case_id == Case.id)
            ).one()
            closed = work.get(CaseService).fetch(old.code)
            assert first.json == {
                "code": made.code,
                "kind": "reports",
                "unit": "lights",
                "source": old.code,
            }
            assert first.headers["ETag"] == f'"{closed.version}"'
            assert (made.body, made.citizen_id, made.place, closed.status) == (
                BODY,
                people["citizen"].id,
                "کوچهٔ بهار",
                "archived",
            )
            assert work.session.scalars(select(CaseLink)).one().to_id == made.id
            photos = work.session.scalars(select(Attachment).order_by(Attachment.id)).all()
            assert [photo.case_id for photo in photos] == [closed.id, made.id]
            assert [(row.kind, row.case_id) for row in outbox(work)] == [
                ("feedback.registered", closed.id),
                ("reports.registered", made.id),
            ]

    def test_what_was_changed_or_converted_is_refused(self, site, message, call):
        old, _pin = message()
        _wrong, version = call("officer", old.code, {}, status=422)
        with site.work() as work:
            work.get(CaseService).mark_urgent(work.get(CaseService).fetch(old.code, lock=True), True)
        call("officer", old.code, status=412, version=version)
        with site.work(write=False) as work:
            assert work.session.scalars(select(Report)).all() == []
            assert len(work.session.scalars(select(Attachment)).all()) == 1
        call("officer", old.code)
        with site.work(write=False) as work:
            # Unlike the form, a body without the mark keeps it.
            assert (
                work.session.execute(select(Case).join(Report, Report.case_id == Case.id)).scalar_one().urgent
            )
        call("officer", old.code, status=409, key="fedcba9876543210")
        call("officer", "9999999999", status=404, key="fedcba9876543210")

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"category": "nothing"}, "#/category"),
            ({"category": "lighting"}, "#/category"),
            ({"place": None}, "#/place"),
            ({"place": {}}, "#/place"),
            ({"place": {"lat": "31", "lon": 52.0}}, "#/place/lat"),
            ({"urgent": "yes"}, "#/urgent"),
            ({"photos": []}, "#/photos"),
        ],
    )
    def test_a_mistake_is_pointed_at(self, site, message, call, change, pointer):
        old, _pin = message()
        wrong, _version = call("officer", old.code, {**self.BODY, **change}, status=422)
        assert [one["pointer"] for one in wrong.json["errors"]] == [pointer]
        with site.work(write=False) as work:
            assert work.session.scalars(select(Report)).all() == []

    def test_it_takes_the_rights_of_the_page(self, site, people, message, call):
        old, _pin = message()
        with site.work() as work:
            people["elsewhere"] = make_staff(
                work, "elsewhere", unit=make_unit(work, "elsewhere"), permissions=OFFICER
            )
        for who, status in (("reader", 403), ("citizen", 403), ("elsewhere", 404)):
            call(who, old.code, status=status)
        with site.work(write=False) as work:
            assert work.session.scalars(select(Report)).all() == []
            assert len(work.session.scalars(select(Attachment)).all()) == 1

    def test_an_open_inquiry_comes_first(self, site, people, message, call):
        old, _pin = message()
        with site.work() as work:
            lights = work.get(OrganizationService).unit("lights")
            case = work.get(CaseService).fetch(old.code, lock=True)
            with work.acting_as(identity(work, people["officer"])):
                work.get(KartableService).inquire(case, lights.id, note="نظر شما؟")
        call("officer", old.code, status=422)

    def test_no_report_is_made_of_a_report(self, site, people, message, call):
        old, _pin = message()
        made = call("officer", old.code)[0].json["code"]
        with site.work() as work:
            people["everywhere"] = make_staff(work, "everywhere", permissions=OFFICER)
        call("everywhere", made, status=404, key="fedcba9876543210")
