"""Administrators need a strong factor; a telephone alone takes over no account of the staff, whatever the way."""

import re
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner
from integration.authenticator import Authenticator
from integration.test_passkeys import add, csrf, options, send
from sign_in_forms import MOBILE, PASSWORD, TYPED, code_of
from sign_in_forms import send as fill
from sqlalchemy import select

from civicportal.cli import main
from civicportal.core.crypto import new_token
from civicportal.core.security import Identity
from civicportal.domain.accounts.factors import RoleFacts, is_demanded
from civicportal.domain.accounts.invitations import InvitationService
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import Passkey, Session, User
from civicportal.domain.accounts.passwords import verify_password
from civicportal.domain.accounts.proofs import require_own_realm
from civicportal.domain.accounts.recovery import RecoveryService, hash_recovery_codes
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.totp import TotpService
from civicportal.domain.audit.models import AuditEvent
from civicportal.testing import make_citizen, make_staff, outbox
from civicportal.testing.factories import APP_SECRET
from civicportal.util.errors import Forbidden, Refused

OTHER = "چنار کهن میان میدان"


@pytest.fixture
def boss(site: Any) -> User:
    """An administrator with a password and nothing else, as before the upgrade."""
    with site.work() as work:
        user = make_staff(work, "administrator", username="boss", mobile=MOBILE, totp_secret=None)
        work.get(AccountService).set_password(user, PASSWORD)
        return user


def enter_by_sms(site: Any, app: Any) -> Any:
    page = fill(app.get("/staff/login"), username="boss", password=PASSWORD).follow()
    return fill(page, code=code_of(site))


def told(site: Any) -> list[str]:
    with site.work(write=False) as work:
        return [message.kind for message in outbox(work, MOBILE) if not message.kind.startswith("otp.")]


# --- enrolment


def test_an_administrator_without_a_strong_factor_can_do_nothing_but_set_one_up(
    site: Any, app: Any, boss: User
) -> None:
    enter_by_sms(site, app)
    for path in ("/desk", "/kartable", "/admin/members", "/account", "/account/mobile", "/account/data"):
        answer = app.get(path, status=303)
        assert "/account/factor?next=" in answer.location, path
    page = app.get("/desk").follow()
    assert "کلید عبور" in page
    token = csrf(app, "/account/factor")
    answer = app.post(f"/admin/members/{boss.id}/disable", {"csrf_token": token}, status=303)
    assert "/account/factor" in answer.location
    app.post("/account/name", {"csrf_token": token, "name": "دیگر"}, xhr=True, status=403)
    with site.work(write=False) as work:
        assert work.session.get(User, boss.id).disabled_at is None


def test_the_app_is_set_up_and_opens_the_desk(site: Any, app: Any, boss: User, clock: Any) -> None:
    enter_by_sms(site, app)
    begin = next(f for f in app.get("/account/factor").forms.values() if f.action.endswith("/totp/begin"))
    page = begin.submit().follow()
    secret = re.search(r'strong">([A-Z2-7 ]{32,})</span>', page.text)
    assert secret
    page = fill(page, 200, code=pyotp.TOTP(secret[1].replace(" ", "")).at(clock.now()))
    assert len(page.html.select("[data-recovery-code]")) == 10
    app.get("/admin/members", status=200)
    assert told(site) == ["member.factor_added"]
    with site.work(write=False) as work:
        actions = set(work.session.scalars(select(AuditEvent.action)))
        assert {"totp:enable", "totp:recovery-codes", "login:staff"} <= actions


def test_a_passkey_is_set_up_and_opens_the_desk(site: Any, app: Any, boss: User) -> None:
    enter_by_sms(site, app)
    assert add(app, Authenticator()).status_int == 200
    app.get("/admin/members", status=200)


def test_a_role_granted_to_a_signed_in_person_requires_the_factor_at_once(
    site: Any, app: Any, sign_in: Any
) -> None:
    with site.work() as work:
        user = make_staff(work, "officer")
    sign_in(user)
    app.get("/kartable", status=200)
    with site.work() as work:
        person = work.session.get(User, user.id)
        work.get(MembershipService).give(person, work.get(RoleService).ensure_administrator())
    assert "/account/factor" in app.get("/kartable", status=303).location


def test_what_was_being_written_waits_until_the_factor_is_there(
    site: Any, app: Any, boss: User, sign_in: Any
) -> None:
    sign_in(boss)
    token = csrf(app, "/account/factor")
    answer = app.post("/account/name", {"csrf_token": token, "name": "نام تازهٔ من"}, status=303)
    assert answer.location.endswith("/account/factor?next=/unsent")
    add(app, Authenticator())
    assert "نام تازهٔ من" in app.get("/unsent")


def test_a_citizen_session_of_an_administrator_asks_for_nothing(
    site: Any, app: Any, boss: User, sign_in: Any
) -> None:
    sign_in(boss, "citizen")
    app.get("/account", status=200)


def test_the_last_factor_of_an_administrator_is_not_removed(
    site: Any, app: Any, boss: User, clock: Any
) -> None:
    enter_by_sms(site, app)
    add(app, Authenticator())
    remove = next(f for f in app.get("/account/passkeys").forms.values() if f.action.endswith("/remove"))
    assert "ابتدا یکی دیگر" in remove.submit().follow()
    with site.work() as work:
        work.get(TotpService).enable(work.session.get(User, boss.id), APP_SECRET, 1)
    assert "حذف شد" in remove.submit().follow()
    off = next(f for f in app.get("/account/totp").forms.values() if f.action.endswith("/off"))
    assert "ابتدا یکی دیگر" in off.submit().follow()


HANDLER = RoleFacts(key="handler", permissions=frozenset({"core:member:manage"}), administrator=False)
ADMINISTRATOR = RoleFacts(key="administrator", permissions=frozenset(), administrator=True)


@pytest.mark.parametrize(
    ("mode", "roles", "permissions", "handler", "administrator"),
    [
        ("production", None, (), False, True),
        ("development", None, (), False, True),
        ("demo", None, (), False, False),
        ("demo", ("handler",), (), True, False),
        ("production", ("handler",), (), True, False),
        ("production", None, ("core:member:manage",), True, True),
        ("production", (), ("core:member:manage",), True, True),
        ("production", (), (), False, False),
    ],
)
def test_the_site_says_of_whom_a_factor_is_demanded(
    site: Any, monkeypatch: Any, mode: str, roles: Any, permissions: Any, handler: bool, administrator: bool
) -> None:
    monkeypatch.setattr(site, "mode", mode)
    table = {"strong_roles": roles, "strong_permissions": permissions}
    monkeypatch.setitem(site.settings, "accounts", table)
    assert is_demanded(site, [HANDLER]) is handler
    assert is_demanded(site, [ADMINISTRATOR]) is administrator
    assert not is_demanded(site, [])


# --- a telephone alone


def none(_work: Any, user: User) -> None:
    assert user.totp_secret is None


def app_set_up(work: Any, user: User) -> None:
    work.get(TotpService).enable(user, APP_SECRET, 1)
    work.get(RecoveryService).replace(user, hash_recovery_codes(["aaaaa-bbbbb"]))


def no_password(_work: Any, user: User) -> None:
    user.password_hash = None


def passkey_of_a_citizen(work: Any, user: User) -> None:
    now = work.clock.now()
    key = Passkey(
        user_id=user.id, credential_id="x", public_key=b"", user_handle="h", name="n", created_at=now
    )
    work.session.add(key)


def by_reset(site: Any, app: Any) -> None:
    page = fill(app.get("/staff/reset"), username="boss", mobile=TYPED).follow()
    fill(page, code=code_of(site))
    for path in ("/staff/reset/password", "/staff/reset/factor", "/staff/reset/factor/recovery"):
        page = app.get(path, status="*")
        if page.status_int == 200 and any("code" in form.fields for form in page.forms.values()):
            fill(page, "*", code="123456" if path.endswith("factor") else "ccccc-ddddd")
    token = csrf(app, "/staff/login")
    for path in ("/staff/reset/password", "/staff/reset/factor/passkey"):
        form = {"csrf_token": token, "new": OTHER, "again": OTHER, "credential": "{}"}
        app.post(path, form, status="*")


def as_citizen(site: Any, app: Any) -> None:
    page = fill(app.get("/login"), mobile=TYPED).follow()
    fill(page, code=code_of(site))


def by_password_of_the_citizen_session(site: Any, app: Any) -> None:
    as_citizen(site, app)
    form = {"csrf_token": csrf(app, "/account"), "present": "x", "new": OTHER, "again": OTHER}
    app.get("/account/password", status="*")
    app.post("/account/password", form, status="*")
    app.post("/account/password", {**form, "present": ""}, status="*")
    del form["present"]
    app.post("/account/password", form, status="*")


def by_mobile_of_the_citizen_session(site: Any, app: Any) -> None:
    as_citizen(site, app)
    form = {"csrf_token": csrf(app, "/account"), "mobile": "09120000077"}
    app.post("/account/mobile", form, status="*")
    app.post("/account/mobile/code", {"csrf_token": form["csrf_token"], "code": "123456"}, status="*")


def by_passkey_of_the_citizen_session(site: Any, app: Any) -> None:
    as_citizen(site, app)
    token = csrf(app, "/account")
    app.post("/passkeys/options", {"csrf_token": token, "for": "register"}, status=403, xhr=True)
    app.post("/account/passkeys/add", {"csrf_token": token, "credential": "{}", "name": "x"}, status="*")


def by_app_of_the_citizen_session(site: Any, app: Any) -> None:
    as_citizen(site, app)
    token = csrf(app, "/account")
    for path in ("totp/begin", "totp/setup", "totp/off", "recovery"):
        app.post(f"/account/{path}", {"csrf_token": token, "code": "123456"}, status=403)


def by_a_second_step_without_the_first(site: Any, app: Any) -> None:
    page = app.get("/staff/login")
    fill(page, 422, username="boss", password=OTHER)
    token = csrf(app, "/staff/login")
    for path in ("code", "code/resend", "recovery", "code/passkey", "passkey"):
        app.post(f"/staff/login/{path}", {"csrf_token": token, "code": "123456"}, status="*")


def by_a_link_that_nobody_made(site: Any, app: Any) -> None:
    token = csrf(app, "/staff/login")
    for purpose in ("invite", "reset", "rescue"):
        path = f"/staff/{purpose}/{new_token()}"
        app.get(path, status=404)
        app.post(path, {"csrf_token": token, "new": OTHER, "again": OTHER, "code": "1"}, status=404)


def by_a_code_of_another_purpose(site: Any, app: Any) -> None:
    """A code sent for the sign-in of citizens, typed on that of staff."""
    fill(app.get("/login"), mobile=TYPED)
    code = code_of(site)
    token = csrf(app, "/staff/login")
    for path in ("/staff/login/code", "/staff/reset/code", "/account/confirm"):
        app.post(path, {"csrf_token": token, "code": code}, status="*")


ATTACKS = (
    by_reset,
    by_password_of_the_citizen_session,
    by_mobile_of_the_citizen_session,
    by_passkey_of_the_citizen_session,
    by_app_of_the_citizen_session,
    by_a_second_step_without_the_first,
    by_a_link_that_nobody_made,
    by_a_code_of_another_purpose,
)


def standing(site: Any, user: User) -> Any:
    """What guards an account, and whether anybody is in as staff."""
    with site.work(write=False) as work:
        person = work.session.get(User, user.id)
        passkeys = work.session.scalars(select(Passkey.credential_id).where(Passkey.user_id == user.id)).all()
        inside = work.session.scalars(select(Session.id).where(Session.realm == "staff")).all()
        return person.password_hash, person.mobile, person.totp_secret, person.totp_step, passkeys, inside


@pytest.mark.parametrize("guard", [none, app_set_up, no_password, passkey_of_a_citizen])
@pytest.mark.parametrize("attack", ATTACKS)
def test_reading_the_messages_of_an_administrator_gives_no_access(
    site: Any, app: Any, boss: User, attack: Any, guard: Any
) -> None:
    with site.work() as work:
        guard(work, work.session.get(User, boss.id))
    before = standing(site, boss)
    attack(site, app)
    assert standing(site, boss) == before
    app.get("/admin/members", status="*")
    assert app.get("/admin/members", status="*").status_int in (303, 403)


def test_services_refuse_to_change_a_staff_account_in_a_citizen_session(boss: User) -> None:
    citizen = Identity(user_id=boss.id, name="", realm="citizen")
    with pytest.raises(Forbidden):
        require_own_realm(citizen, boss)
    require_own_realm(Identity(user_id=boss.id, name="", realm="staff"), boss)
    require_own_realm(Identity(user_id=boss.id + 1, name="", realm="citizen"), boss)


# --- resets with more than the telephone


def test_a_passkey_besides_the_mobile_sets_a_new_password(
    site: Any, app: Any, boss: User, clock: Any
) -> None:
    enter_by_sms(site, app)
    device = Authenticator()
    add(app, device)
    app.reset()
    clock.advance(minutes=1)
    page = fill(app.get("/staff/reset"), username="boss", mobile=TYPED).follow()
    fill(page, code=code_of(site))
    answer = device.get(options(app, "reset", "/staff/reset/factor"))
    page = send(app, "/staff/reset/factor/passkey", "/staff/reset/factor", answer).follow()
    assert fill(page, new=OTHER, again=OTHER).location.endswith("/desk")
    app.get("/admin/members", status=200)
    assert told(site) == ["member.factor_added", "member.password_changed"]


# --- rescue on the server


@pytest.fixture
def rescue(site: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr("civicportal.cli.user.load_site", lambda _context: site)
    monkeypatch.setenv("SUDO_USER", "n.rad")

    def run(username: str) -> Any:
        return CliRunner().invoke(main, ["--site", str(site.path), "user", "rescue", username])

    return run


def link_in(output: str) -> str:
    found = re.search(r"/staff/rescue/[\w-]{43}", output)
    assert found
    return found[0]


def test_a_rescue_link_sets_a_password_and_asks_for_a_new_factor(
    site: Any, app: Any, boss: User, rescue: Any, browse: Any
) -> None:
    with site.work() as work:
        app_set_up(work, work.session.get(User, boss.id))
    older = browse(site, boss, "staff")
    done = rescue("boss")
    assert done.exit_code == 0, done.output
    link = link_in(done.output)
    assert PASSWORD not in done.output
    page = app.get(link)
    assert page.headers["Referrer-Policy"] == "strict-origin"
    fill(page, 422, new="boss123456789", again="boss123456789")
    assert fill(page, new=OTHER, again=OTHER).location.endswith("/account/factor")
    assert "/account/factor" in app.get("/admin/members", status=303).location
    older.get("/kartable", status=303)
    browse(site).get(link, status=410)
    add(app, Authenticator())
    app.get("/admin/members", status=200)
    assert told(site) == ["member.rescue", "member.password_changed", "member.factor_added"]
    with site.work(write=False) as work:
        user = work.session.get(User, boss.id)
        assert verify_password(user.password_hash, OTHER)
        event = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "invitation:rescue")).one()
        assert "n.rad" in event.data["operator"]
        assert link.rpartition("/")[2] not in str(event.data)


def test_a_rescue_link_lives_half_an_hour_and_the_next_voids_it(
    site: Any, app: Any, boss: User, rescue: Any, clock: Any
) -> None:
    first, second = (link_in(rescue("boss").output) for _time in range(2))
    app.get(first, status=410)
    app.get(second, status=200)
    app.get(second.replace("rescue", "reset"), status=404)
    clock.advance(minutes=30)
    app.get(second, status=410)


def test_an_account_that_cannot_sign_in_gets_no_rescue_link(
    site: Any, boss: User, rescue: Any, clock: Any
) -> None:
    assert rescue("nobody").exit_code == 2
    with site.work() as work:
        work.session.get(User, boss.id).disabled_at = clock.now()
    assert rescue("boss").exit_code == 1
    with site.work() as work, pytest.raises(Refused):
        work.get(InvitationService).rescue(make_citizen(work), operator="root")
