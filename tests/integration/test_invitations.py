"""Invitations and links for a forgotten password: what they open, once, and what they do not reveal."""

import re

import pyotp
import pytest
from sign_in_forms import MOBILE, PASSWORD, TYPED, code_of, form_with
from sqlalchemy import select

from civicportal.core.crypto import new_token
from civicportal.domain.accounts.devices import DeviceService
from civicportal.domain.accounts.invitations import InvitationService, LinkExpired, Scope
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.mobile import MobileService
from civicportal.domain.accounts.models import Invitation, Session, User
from civicportal.domain.accounts.passwords import verify_password
from civicportal.domain.accounts.recovery import RecoveryService, hash_recovery_codes, new_recovery_codes
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.totp import TotpService
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.notifications.services import NotificationService
from civicportal.testing import identity, make_citizen, make_staff, make_unit, outbox
from civicportal.testing.factories import APP_SECRET
from civicportal.util.errors import Forbidden, NotFound, Refused

LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
        unit = make_unit(work, "waste")
        make_staff(work, "handler", unit=unit)
    sign_in(user)
    return user


def form_of(page, ending):
    return next(form for form in page.forms.values() if form.action.endswith(ending))


def invite(app, **values):
    form = form_with(app.get("/admin/members/invite"), "role_2")
    form["name"], form["username"], form["mobile"] = "زهرا باغبان‌پور", "z.baghban", TYPED
    form["role"].select(text="handler")
    form["unit"].select(text="واحد waste")
    for name, value in values.items():
        form[name] = value
    return form.submit(status="*")


def link_of(page):
    return page.html.select_one("#link")["value"].removeprefix("http://localhost")


def enter(site, browser, link, **values):
    """Ask for the code behind a link and fill in what is asked for."""
    page = form_of(browser.get(link), "/code").submit(status=303).follow()
    form = form_with(page, "new")
    form["code"], form["new"], form["again"] = code_of(site), PASSWORD, PASSWORD
    for name, value in values.items():
        form[name] = value
    return form.submit()


def actions(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


# --- joining


def test_who_is_invited_signs_in_with_what_was_given(site, app, boss, browse):
    page = invite(app)
    assert "no-store" in page.headers["Cache-Control"]
    link = link_of(page)
    with site.work(write=False) as work:
        [message] = outbox(work, MOBILE)
        assert (message.kind, link in message.text) == ("member.invited", False)
        assert link.rpartition("/")[2] not in str(work.session.scalars(select(Invitation)).one().__dict__)
    newcomer = browse(site)
    assert "z.baghban" in newcomer.get(link)
    assert TYPED not in newcomer.get(link).text.translate(LATIN)
    answer = enter(site, newcomer, link)
    assert answer.location == "http://localhost/desk"
    newcomer.get("/kartable", status=200)
    newcomer.get("/admin/members", status=403)
    with site.work(write=False) as work:
        user = work.get(AccountService).by_username("z.baghban")
        [row] = user.memberships
        assert (user.name, row.role.key, row.unit_id is None) == ("زهرا باغبان‌پور", "handler", False)
        assert verify_password(user.password_hash, PASSWORD)
    assert {"invitation:join", "invitation:accept", "role:give"} <= set(actions(site))


def test_the_trail_knows_an_invitation_by_its_number_not_by_a_persons_name(site, app, boss, browse):
    """Nothing of the trail's data goes when the person is forgotten."""
    enter(site, browse(site), link_of(invite(app)))
    with site.work(write=False) as work:
        events = work.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
        [invitation] = work.session.scalars(select(Invitation.id))
    told = [event.data for event in events if event.action.startswith("invitation:")]
    assert told == [{"invitation": invitation}] * 2
    assert "z.baghban" not in str([event.data for event in events])


def test_a_used_link_opens_nothing_and_an_unknown_one_is_not_there(site, app, boss, browse):
    link = link_of(invite(app))
    enter(site, browse(site), link)
    assert "لینک تازه بخواهید" in browse(site).get(link, status=410)
    browse(site).get(f"/staff/invite/{new_token()}", status=404)
    browse(site).get(f"/staff/reset/{link.rpartition('/')[2]}", status=404)


def test_a_link_lives_a_day(site, app, boss, browse, clock):
    link = link_of(invite(app))
    clock.advance(hours=23, minutes=59)
    browse(site).get(link, status=200)
    clock.advance(minutes=1)
    browse(site).get(link, status=410)


def test_a_new_link_makes_the_old_one_void_and_a_revoked_one_is_dead(site, app, boss, browse):
    old = link_of(invite(app))
    new = link_of(form_of(app.get("/admin/members/invitations"), "/again").submit(status=200))
    browse(site).get(old, status=404)
    browse(site).get(new, status=200)
    form_of(app.get("/admin/members/invitations"), "/revoke").submit(status=303)
    browse(site).get(new, status=410)
    assert "دعوت‌نامهٔ بازی نیست" in app.get("/admin/members/invitations")


def test_the_code_and_the_password_are_judged(site, app, boss, browse):
    link = link_of(invite(app))
    newcomer = browse(site)
    page = form_of(newcomer.get(link), "/code").submit().follow()
    form = form_with(page, "new")
    form["code"], form["new"], form["again"] = code_of(site), "z.baghban1234", "z.baghban1234"
    assert form.submit(status=422).html.select_one("#new-error"), "made of the person's own name"
    form["new"] = form["again"] = PASSWORD
    form["code"] = f"{(int(code_of(site)) + 1) % 10**6:06}"
    form.submit(status=422)
    form["code"] = code_of(site)
    form.submit(status=303)


def test_a_code_of_another_browser_does_not_help(site, app, boss, browse):
    link = link_of(invite(app))
    form_of(browse(site).get(link), "/code").submit()
    assert "new" not in {name for form in browse(site).get(link).forms.values() for name in form.fields}


def test_a_citizen_becomes_a_colleague_and_stays_one_person(site, app, boss, browse):
    with site.work() as work:
        citizen = make_citizen(work, MOBILE)
    enter(site, browse(site), link_of(invite(app)))
    with site.work(write=False) as work:
        assert work.session.scalars(select(User.id).where(User.mobile == MOBILE)).one() == citizen.id
        assert work.session.get(User, citizen.id).username == "z.baghban"


def test_user_name_and_mobile_are_one_persons(site, app, boss):
    invite(app)
    for taken, field in (
        ({}, "username"),
        ({"username": "other"}, "mobile"),
        ({"mobile": "09120000009"}, "username"),
    ):
        page = invite(app, **taken)
        assert page.status_int == 422
        assert page.html.select_one(f"[name={field}]")["aria-invalid"] == "true"
        assert page.html.select_one("[name=name]")["value"] == "زهرا باغبان‌پور"


def test_people_invite_only_to_rights_they_have(site, boss):
    with site.work() as work:
        keeper = identity(work, make_staff(work, "keeper", permissions=["core:member:manage"]))
    with site.work(actor=keeper) as work:
        administrator = work.get(RoleService).ensure_administrator()
        with pytest.raises(Forbidden):
            work.get(InvitationService).invite(
                username="new", name="ن", mobile=MOBILE, scopes=[Scope(role=administrator)]
            )


@pytest.mark.parametrize("fate", ["disabled", "demoted"])
def test_invitations_of_a_disabled_inviter_are_void(site, boss, fate):
    with site.work() as work:
        make_staff(work, "administrator")
        role = work.get(RoleService).all()[-1]
        giver = identity(work, work.session.get(User, boss.id))
    with site.work(actor=giver) as work:
        invitation, token = work.get(InvitationService).invite(
            username="new", name="ن", mobile=MOBILE, scopes=[Scope(role=role)]
        )
        assert invitation.expires_at
    with site.work() as work:
        user = work.session.get(User, boss.id)
        if fate == "disabled":
            work.get(MemberService).disable(user)
        else:
            user.memberships.clear()
    with site.work() as work, pytest.raises(LinkExpired):
        service = work.get(InvitationService)
        service.accept(service.open(token, "join"), name="ن", password=PASSWORD)
    with site.work(write=False) as work:
        assert work.get(AccountService).by_username("new") is None


def test_concurrent_uses_of_a_link_succeed_once(site, boss):
    with site.work() as work:
        _invitation, token = work.get(InvitationService).invite(
            username="new", name="ن", mobile=MOBILE, scopes=[]
        )
        read = work.get(InvitationService).open(token, "join")
        work.get(InvitationService).accept(read, name="ن", password=PASSWORD)
        with pytest.raises(LinkExpired):
            work.get(InvitationService).accept(read, name="ن", password=PASSWORD)
        with pytest.raises(LinkExpired):
            work.get(InvitationService).open(token, "join")
        with pytest.raises(NotFound):
            work.get(InvitationService).open(token, "reset")


# --- a new password by an administrator's link


@pytest.fixture
def officer(site):
    with site.work() as work:
        user = make_staff(work, "officer", username="s.karimi", name="سارا کریمی", mobile=MOBILE)
        work.get(AccountService).set_password(user, "گذرواژهٔ پیشین بسیار بلند")
        return user


def test_a_reset_link_sets_a_password_and_ends_the_sessions(site, app, boss, officer, browse):
    officers = browse(site, officer, "staff")
    link = link_of(form_of(app.get(f"/admin/members/{officer.id}"), "/reset").submit(status=200))
    assert enter(site, browse(site), link).location == "http://localhost/desk"
    officers.get("/kartable", status=303)
    with site.work(write=False) as work:
        assert verify_password(work.session.get(User, officer.id).password_hash, PASSWORD)
        assert outbox(work, MOBILE)[-1].kind == "member.password_changed"
    browse(site).get(link, status=410)


def test_the_authenticator_app_is_still_asked_for(site, app, boss, officer, browse):
    with site.work() as work:
        work.session.get(User, officer.id).totp_secret = "sealed"
    link = link_of(form_of(app.get(f"/admin/members/{officer.id}"), "/reset").submit(status=200))
    assert enter(site, browse(site), link).location == "http://localhost/staff/login"


def test_a_reset_link_is_void_when_its_person_has_another_mobile(site, app, boss, officer, browse):
    link = link_of(form_of(app.get(f"/admin/members/{officer.id}"), "/reset").submit(status=200))
    browse(site).get(link, status=200)
    with site.work() as work:
        work.get(MobileService).change(work.session.get(User, officer.id), "+989120000077")
    browse(site).get(link, status=410)


def test_citizens_and_closed_accounts_get_no_reset_link(site, boss, officer):
    with site.work() as work:
        service, citizen = work.get(InvitationService), make_citizen(work)
        for person in (citizen, work.session.get(User, officer.id)):
            person.disabled_at = work.clock.now()
            with pytest.raises(Refused):
                service.reset(person)


# --- a forgotten password


def ask(browser, username="s.karimi", mobile=TYPED):
    form = form_with(browser.get("/staff/reset"), "username")
    form["username"], form["mobile"] = username, mobile
    return form.submit()


def prove_number(site, browser):
    """Type the code of the SMS and return the page that follows."""
    form = form_with(ask(browser).follow(), "code")
    form["code"] = code_of(site)
    return form.submit(status=303).follow()


def prove_app(site, page):
    form = form_with(page, "code")
    form["code"] = pyotp.TOTP(APP_SECRET).at(site.clock.now())
    return form.submit(status=303).follow()


@pytest.fixture
def app_owner(site, officer):
    with site.work() as work:
        work.get(TotpService).enable(work.session.get(User, officer.id), APP_SECRET, 1)
    return officer


def test_the_mobile_alone_sets_no_password(site, officer, browse):
    browser = browse(site)
    page = prove_number(site, browser)
    assert "همکار" in page
    assert not [form for form in page.forms.values() if "new" in form.fields or "code" in form.fields]
    assert browser.get("/staff/reset/password", status=303).location.endswith("/staff/reset")
    browser.get("/kartable", status=303)
    assert "password:reset-asked" in actions(site)


def test_a_wrong_code_of_the_app_sets_no_password(site, app_owner, browse):
    browser = browse(site)
    form = form_with(prove_number(site, browser), "code")
    right = pyotp.TOTP(APP_SECRET).at(site.clock.now())
    form["code"] = f"{(int(right) + 1) % 10**6:06}"
    for status in (422, 422, 422, 422, 422, 429):
        form.submit(status=status)
    assert browser.get("/staff/reset/password", status=303).location.endswith("/staff/reset")


def test_a_recovery_code_stands_in_for_the_app(site, app_owner, browse):
    codes = new_recovery_codes()
    with site.work() as work:
        work.get(RecoveryService).replace(work.session.get(User, app_owner.id), hash_recovery_codes(codes))
    for expected in (303, 422):
        browser = browse(site)
        prove_number(site, browser)
        form = form_with(browser.get("/staff/reset/factor/recovery"), "code")
        form["code"] = codes[3]
        form.submit(status=expected)
        site.clock.advance(minutes=4)


def test_a_forgotten_password_is_reset(site, app_owner, browse):
    officer = app_owner
    officers, browser = browse(site, officer, "staff"), browse(site)
    with site.work() as work:
        work.get(DeviceService).remember(officer, "d" * 64)
    page = prove_app(site, prove_number(site, browser))
    form = form_with(page, "new")
    form["new"] = form["again"] = "s.karimi1234"
    form.submit(status=422)
    form["new"] = form["again"] = PASSWORD
    assert form.submit(status=303).location == "http://localhost/desk"
    officers.get("/kartable", status=303)
    assert "password:reset" in actions(site)
    with site.work(write=False) as work:
        assert verify_password(work.session.get(User, officer.id).password_hash, PASSWORD)
        assert len(work.session.scalars(select(Session).where(Session.user_id == officer.id)).all()) == 1
        assert not work.get(DeviceService).is_known("d" * 64, User.id == officer.id)
        assert outbox(work, MOBILE)[-1].kind == "member.password_changed"
    assert browser.get("/staff/reset/password", status=303).location.endswith("/staff/reset")


def test_answers_tell_nothing_about_an_account(site, officer, browse, clock):
    with site.work() as work:
        make_citizen(work, "+989120000001")
        make_staff(work, "officer", username="gone", mobile="+989120000002", disabled_at=clock.now())
    tried = [
        ("s.karimi", TYPED),
        ("nobody", "09120000009"),
        ("s.karimi", "09120000003"),
        ("nobody", "09120000001"),
        ("gone", "09120000002"),
    ]
    pages = set()
    for username, mobile in tried:
        browser = browse(site)
        answer = ask(browser, username, mobile)
        page = answer.follow().text.translate(LATIN)
        state = browser.get("/login/state?for=password_reset").json["state"]
        pages.add((answer.status, answer.location, state, re.sub(r"0912\*\*\*\d{4}|[0-9a-f]{64}", "", page)))
    assert len(pages) == 1
    with site.work(write=False) as work:
        assert [message.recipient for message in outbox(work)] == [MOBILE]


def test_no_code_is_right_for_a_hollow_question(site, officer, browse):
    browser = browse(site)
    form = form_with(ask(browser, mobile="09120000003").follow(), "code")
    for code in ("123456", "654321"):
        form["code"] = code
        form.submit(status=422)
    assert browser.get("/staff/reset/password", status=303).location.endswith("/staff/reset")


def test_wrong_codes_run_out_alike_for_everybody(site, officer, browse, clock):
    seen = []
    for username in ("s.karimi", "nobody"):
        browser = browse(site)
        answers = []
        for _challenge in range(2):
            clock.advance(minutes=1)
            form = form_with(ask(browser, username, f"0912000000{len(seen)}").follow(), "code")
            for _try in range(5):
                form["code"] = "000000" if code_of_any(site) != "000000" else "111111"
                answers.append(form.submit(status="*").status_int)
        seen.append(answers)
        clock.advance(minutes=30)
    assert seen[0] == seen[1]
    assert 429 in seen[0]


def code_of_any(site):
    with site.work(write=False) as work:
        messages = outbox(work, MOBILE)
        return work.get(NotificationService).fields_of(messages[-1])["CODE"] if messages else ""


def test_a_disabled_officer_who_proved_the_mobile_stays_outside(site, app_owner, browse):
    officer = app_owner
    page = prove_app(site, prove_number(site, browse(site)))
    with site.work() as work:
        make_staff(work, "administrator")
        work.get(MemberService).disable(work.session.get(User, officer.id))
    form = form_with(page, "new")
    form["new"] = form["again"] = PASSWORD
    assert form.submit(status=303).location.endswith("/staff/reset")
    with site.work(write=False) as work:
        assert not verify_password(work.session.get(User, officer.id).password_hash, PASSWORD)


def test_a_crash_behind_a_link_logs_nothing_that_opens_it(site, app, boss, browse, monkeypatch, caplog):
    link = link_of(invite(app))

    def crash(self, token, purpose):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(InvitationService, "open", crash)
    browse(site).get(link, status=500)
    assert "crash" in caplog.text
    assert link.rpartition("/")[2] not in caplog.text
