"""Pages of the account: notifications, access log, archive, deletion."""

import io
import json
import logging
import re
import zipfile

import pytest
from integration.profile import MOBILE, events, fresh, kinds_of
from sign_in_forms import code_of, send

from civicportal.domain.accounts.models import User
from civicportal.domain.audit.services import AuditService
from civicportal.domain.notifications.choices import NotificationPreferences, PreferenceService
from civicportal.domain.privacy.erasure import erase_deleted
from civicportal.testing import identity, make_case, make_citizen, make_staff

LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


@pytest.fixture
def citizen(site, sign_in):
    with site.work() as work:
        user = make_citizen(work, MOBILE)
    sign_in(user, "citizen")
    return user


@pytest.fixture
def case(site, citizen):
    with site.work() as work:
        return make_case(work, citizen=citizen)


def choices(site, user):
    with site.work(write=False) as work:
        return work.get(PreferenceService).of(user.id)


def test_messages_are_chosen(site, app, citizen):
    page = app.get("/account/notifications")
    assert "digest" not in page.text
    form = next(form for form in page.forms.values() if "broadcasts" in form.fields)
    form["case_notices"], form["broadcasts"] = False, True
    assert form.submit().status_int == 303
    assert choices(site, citizen) == NotificationPreferences(case_notices=False, broadcasts=True)


def test_staff_may_have_a_digest(site, app, sign_in):
    with site.work() as work:
        user = make_staff(work)
    sign_in(user)
    form = next(f for f in app.get("/account/notifications").forms.values() if "digest" in f.fields)
    form["digest"] = True
    form.submit()
    assert choices(site, user).digest


def test_accesses_by_staff_are_listed(site, app, clock, citizen, case):
    assert "/account/access" in app.get("/account").text
    empty = app.get("/account/access")
    assert empty.status_int == 200
    with site.work() as work:
        actor = identity(work, make_staff(work, name="کارشناس نامدار"))
    for _number in range(40):
        # Those of one visit would be one line.
        clock.advance(minutes=31)
        with site.work(actor=actor) as work:
            work.get(AuditService).record("reveal:contact", subject_id=citizen.id, case_id=case.id)
    page = app.get("/account/access")
    assert "handler" in page.text
    assert "نامدار" not in page.text
    older = page.click(href="before=")
    assert older.text.count('<li class="row-x wr">') == 10


def test_the_archive_is_downloaded(site, app, clock, citizen, case):
    page = app.get("/account/data")
    form = next(form for form in page.forms.values() if form.action == "/account/data")
    answer = form.submit()
    assert answer.content_type == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    data = json.loads(archive.read("data.json"))
    assert data["cases"][0]["code"] == case.code
    assert data["users"][0]["mobile"] == MOBILE
    assert "data:export" in events(site)
    for _number in range(4):
        form.submit()
    assert form.submit(status=429).status_int == 429
    clock.advance(minutes=6)
    assert app.get("/account/data").status_int == 303


def leave(site, app, mobile=MOBILE):
    page = app.get("/account/delete")
    form = next(form for form in page.forms.values() if form.action == "/account/delete/code")
    return send(form.submit().follow(), code=code_of(site, mobile))


def test_leaving_is_confirmed_by_a_code_and_shows_the_pins_once(site, app, citizen, case):
    goodbye = leave(site, app)
    assert goodbye.status_int == 200
    assert case.subject in goodbye.text
    assert fresh(site, citizen).deleted_at is not None
    assert kinds_of(site)[-1] == "member.left"
    assert app.get("/account").status_int == 303
    assert "member:leave" in events(site)


def test_the_pin_opens_the_case_from_then_on(site, app, citizen, case):
    pin = leave(site, app).html.select_one("li .ltr.strong").text
    answer = send(app.get("/track"), code=case.code, proof=pin)
    assert answer.status_int == 303
    assert answer.follow().status_int == 200


def test_the_code_says_what_it_is_for(site, app, citizen):
    leave(site, app)
    assert kinds_of(site)[0] == "otp.leave.short"


def test_a_wrong_code_deletes_nothing(site, app, citizen):
    form = next(f for f in app.get("/account/delete").forms.values() if f.action == "/account/delete/code")
    page = form.submit().follow()
    wrong = f"{(int(code_of(site, MOBILE)) + 1) % 10**6:06}"
    assert send(page, status=422, code=wrong).status_int == 422
    assert fresh(site, citizen).deleted_at is None


def said_by(record):
    """Return what a record says, without its numbers and times, in which any six digits may stand."""
    own = vars(logging.makeLogRecord({})).keys() - {"msg", "args", "exc_text"}
    return {name: value for name, value in vars(record).items() if name not in own}


def test_no_code_and_no_number_is_logged(site, app, clock, citizen, case, caplog):
    with caplog.at_level(logging.DEBUG):
        page = send(app.get("/account/mobile"), mobile="09121234567").follow()
        change = code_of(site, "+989121234567")
        send(page, code=change)
        clock.advance(minutes=1)
        app.get("/account/data")
        goodbye = leave(site, app, "+989121234567")
    pin = goodbye.html.select_one("li .ltr.strong").text.translate(LATIN)
    secrets = (change, "9121234567", "9000000001", pin)
    logged = " ".join(str(said_by(record)) for record in caplog.records)
    assert not [secret for secret in secrets if re.search(rf"(?<!\d){secret}(?!\d)", logged)]


def enter(site, app, number="09000000001"):
    page = send(app.get("/login"), mobile=number).follow()
    return send(page, code=code_of(site, MOBILE))


def test_signing_in_within_thirty_days_brings_everything_back(site, app, clock, citizen, case):
    leave(site, app)
    clock.advance(days=29)
    enter(site, app)
    assert fresh(site, citizen).deleted_at is None
    assert case.subject in app.get("/my").text
    assert "member:return" in events(site)


def test_after_thirty_days_the_number_is_a_new_persons(site, app, clock, citizen, case):
    leave(site, app)
    clock.advance(days=31)
    erase_deleted(site)
    enter(site, app)
    with site.work(write=False) as work:
        new = work.session.query(User).where(User.mobile == MOBILE).one()
    assert new.id != citizen.id
    assert case.subject not in app.get("/my").text


def test_whom_an_administrator_deleted_does_not_come_back_alone(site, app, clock, citizen):
    with site.work() as work:
        user = work.session.get(User, citizen.id)
        user.deleted_at, user.deleted_by_id = clock.now(), 4711
    page = send(app.get("/login"), mobile="09000000001").follow()
    assert kinds_of(site) == []
    assert page.status_int == 200


def test_staff_are_sent_to_an_administrator(site, app, sign_in):
    with site.work() as work:
        user = make_staff(work)
    sign_in(user)
    page = app.get("/account/delete")
    assert "/account/delete/code" not in page.text
    assert "/account/delete" not in app.get("/account").text
