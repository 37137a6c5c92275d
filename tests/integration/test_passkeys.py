"""Passkeys through the whole application, answered by an authenticator in software."""

import json
import threading
from contextlib import suppress
from typing import Any

import pytest
from integration.authenticator import Authenticator
from sign_in_forms import MOBILE, PASSWORD, make_officer
from sqlalchemy import select

from civicportal.core.limits import ChallengeNeeded
from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.models import Membership, Passkey, PasskeyChallenge, Session, User
from civicportal.domain.accounts.passkeys import PasskeyService
from civicportal.domain.accounts.relying_party import relying_party
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.models import AuditEvent
from civicportal.testing import make_citizen, make_staff, outbox
from civicportal.util.errors import Refused


@pytest.fixture
def officer(site: Any) -> User:
    return make_officer(site)


@pytest.fixture
def citizen(site: Any) -> User:
    with site.work() as work:
        return make_citizen(work, "+989120000009")


def csrf(app: Any, path: str) -> str:
    return str(app.get(path).html.select_one("input[name=csrf_token]")["value"])


def options(app: Any, purpose: str, path: str, status: int = 200) -> Any:
    form = {"csrf_token": csrf(app, path), "for": purpose}
    return app.post("/passkeys/options", form, status=status, xhr=True).json


def send(app: Any, path: str, page: str, credential: str, **values: str) -> Any:
    form = {"csrf_token": csrf(app, page), "credential": credential, **values}
    return app.post(path, form, status="*")


def add(app: Any, device: Authenticator, name: str = "گوشی من") -> Any:
    made = device.create(options(app, "register", "/account/passkeys"))
    return send(app, "/account/passkeys/add", "/account/passkeys", made, name=name)


def enter(app: Any, device: Authenticator, realm: str = "staff", **options_: Any) -> Any:
    page = "/staff/login" if realm == "staff" else "/login"
    answer = device.get(options(app, realm, page), **options_)
    return send(app, f"{page}/passkey", page, answer)


def enter_password(app: Any) -> Any:
    page = app.get("/staff/login")
    form = next(form for form in page.forms.values() if "username" in form.fields)
    form["username"], form["password"] = "s.karimi", PASSWORD
    return form.submit(status=303)


def realms(site: Any) -> list[str]:
    with site.work(write=False) as work:
        return [row.realm for row in work.session.query(Session) if row.user_id]


def events(site: Any) -> list[str]:
    with site.work(write=False) as work:
        return list(work.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.fixture
def device(site: Any, app: Any, officer: User, sign_in: Any) -> Authenticator:
    """A passkey that the officer registered in a staff session; no session is open."""
    sign_in(officer)
    made = Authenticator()
    add(app, made)
    app.reset()
    with site.work() as work:
        work.session.query(Session).delete()
    return made


# --- adding, naming, removing


def test_a_passkey_is_added_named_and_removed(site: Any, app: Any, officer: User, sign_in: Any) -> None:
    sign_in(officer)
    page = add(app, Authenticator())
    assert page.status_int == 200
    assert len(page.html.select("[data-recovery-code]")) == 10
    assert "گوشی من" in app.get("/account/passkeys")
    with site.work(write=False) as work:
        [passkey] = work.session.scalars(select(Passkey))
        assert (passkey.user_id, passkey.for_staff, passkey.transports) == (officer.id, True, ["internal"])
        assert [message.kind for message in outbox(work, MOBILE)] == ["member.factor_added"]
    form = next(
        f for f in app.get(f"/account/passkeys/{passkey.id}/name").forms.values() if "name" in f.fields
    )
    form["name"] = "کلید اداره"
    assert "کلید اداره" in form.submit(status=303).follow()
    remove = next(f for f in app.get("/account/passkeys").forms.values() if f.action.endswith("/remove"))
    assert "هنوز کلید عبوری ندارید" in remove.submit(status=303).follow()
    assert {"passkey:add", "passkey:remove"} <= set(events(site))


def test_a_second_passkey_leaves_the_recovery_codes(site: Any, app: Any, officer: User, sign_in: Any) -> None:
    sign_in(officer)
    add(app, Authenticator())
    assert add(app, Authenticator()).status_int == 303
    assert "۱۰" in app.get("/account/recovery")


def test_one_credential_is_registered_once(
    site: Any, app: Any, officer: User, citizen: User, sign_in: Any
) -> None:
    device = Authenticator()
    sign_in(citizen, "citizen")
    add(app, device)
    sign_in(officer)
    add(app, device)
    with site.work(write=False) as work:
        assert [row.user_id for row in work.session.scalars(select(Passkey))] == [citizen.id]


def test_a_passkey_of_another_person_is_not_found(
    site: Any, app: Any, device: Any, citizen: User, sign_in: Any
) -> None:
    sign_in(citizen, "citizen")
    with site.work(write=False) as work:
        [passkey] = work.session.scalars(select(Passkey))
    app.get(f"/account/passkeys/{passkey.id}/name", status=404)
    token = csrf(app, "/account/passkeys")
    app.post(f"/account/passkeys/{passkey.id}/remove", {"csrf_token": token}, status=404)


def test_a_registration_is_bound_to_its_origin_person_and_moment(
    site: Any, app: Any, officer: User, sign_in: Any, clock: Any
) -> None:
    sign_in(officer)
    stranger = Authenticator(origin="http://portal.evil.test")
    assert add(app, stranger).location.endswith("/account/passkeys")
    late = Authenticator().create(options(app, "register", "/account/passkeys"))
    with site.work() as work:
        work.session.query(PasskeyChallenge).update({"expires_at": clock.now()})
    send(app, "/account/passkeys/add", "/account/passkeys", late, name="دیر")
    send(app, "/account/passkeys/add", "/account/passkeys", "{}", name="خالی")
    send(app, "/account/passkeys/add", "/account/passkeys", "[" * 9000, name="ژرف")
    with site.work(write=False) as work:
        assert work.session.scalars(select(Passkey)).all() == []


def test_passkeys_are_changed_only_after_a_proof(
    site: Any, app: Any, officer: User, sign_in: Any, clock: Any
) -> None:
    sign_in(officer)
    token = csrf(app, "/account/passkeys")
    clock.advance(minutes=6)
    assert "/account/confirm" in app.get("/account/passkeys", status=303).location
    app.post("/passkeys/options", {"csrf_token": token, "for": "register"}, status=403, xhr=True)
    answer = app.post("/account/passkeys/add", {"csrf_token": token, "credential": "{}", "name": "x"})
    assert "/account/confirm" in answer.location


def test_a_citizen_session_of_a_colleague_adds_no_passkey(
    site: Any, app: Any, officer: User, sign_in: Any
) -> None:
    sign_in(officer, "citizen")
    assert app.get("/account/passkeys", status=303).location.endswith("/account")
    options_ = {"csrf_token": csrf(app, "/account"), "for": "register"}
    app.post("/passkeys/options", options_, status=403, xhr=True)
    with site.work(write=False) as work:
        assert work.session.scalars(select(PasskeyChallenge)).all() == []


# --- signing in


def test_staff_sign_in_with_a_passkey_alone(site: Any, app: Any, device: Authenticator) -> None:
    assert enter(app, device).location == "http://localhost/desk"
    assert realms(site) == ["staff"]
    app.get("/kartable", status=200)
    with site.work(write=False) as work:
        event = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "login:staff")).one()
        assert event.data["by"] == "passkey"


def test_in_the_citizens_realm_the_same_passkey_opens_a_citizen_session(
    site: Any, app: Any, device: Authenticator
) -> None:
    assert enter(app, device, "login").location == "http://localhost/my"
    assert realms(site) == ["citizen"]
    app.get("/account/totp", status=403)


def test_a_citizen_signs_in_with_a_passkey(site: Any, app: Any, citizen: User, sign_in: Any) -> None:
    sign_in(citizen, "citizen")
    device = Authenticator(step=0)
    assert add(app, device).status_int == 303, "a citizen needs no recovery codes: an SMS still lets them in"
    for _time in range(2):
        app.reset()
        assert enter(app, device, "login").location == "http://localhost/my"
    app.reset()
    assert enter(app, device).location.endswith("/staff/login")


def test_a_passkey_of_a_citizen_opens_no_staff_session_once_they_work_here(
    site: Any, app: Any, citizen: User, sign_in: Any
) -> None:
    sign_in(citizen, "citizen")
    device = Authenticator()
    add(app, device)
    with site.work() as work:
        person = work.session.get(User, citizen.id)
        work.get(AccountService).create_staff(
            username="new", name="ن", mobile=person.mobile, password=PASSWORD
        )
        work.session.query(Session).delete()
    app.reset()
    assert enter(app, device).location.endswith("/staff/login")
    assert realms(site) == []
    assert enter(app, device, "login").location == "http://localhost/my"


@pytest.fixture
def newcomer(site: Any, app: Any, citizen: User, sign_in: Any) -> tuple[User, Authenticator]:
    """A person who has become an officer since they added a passkey as a citizen."""
    sign_in(citizen, "citizen")
    device = Authenticator()
    add(app, device)
    with site.work() as work:
        mobile = str(work.session.get_one(User, citizen.id).mobile)
        person = work.get(AccountService).create_staff(
            username="new", name="ن", mobile=mobile, password=PASSWORD
        )
    app.reset()
    return person, device


def test_a_passkey_of_a_citizen_proves_nothing_in_a_staff_session(
    app: Any, newcomer: tuple[User, Authenticator], sign_in: Any, clock: Any
) -> None:
    person, device = newcomer
    sign_in(person)
    clock.advance(minutes=6)
    page = app.get("/account/passkeys", status=303).location
    told = options(app, "confirm", page)
    assert told["allowCredentials"] == [], "none is asked for that would be refused"
    assert send(app, "/account/confirm/passkey", page, device.get(told)).location.endswith("/account/confirm")
    app.get("/account/passkeys", status=303)


def test_a_passkey_of_a_citizen_is_no_second_factor_of_staff(
    app: Any, newcomer: tuple[User, Authenticator], site: Any
) -> None:
    _person, device = newcomer
    page = app.get("/staff/login")
    form = next(form for form in page.forms.values() if "username" in form.fields)
    form["username"], form["password"] = "new", PASSWORD
    form.submit(status=303)
    told = options(app, "second", "/staff/login/code")
    sent = send(app, "/staff/login/code/passkey", "/staff/login/code", device.get(told))
    assert sent.location.endswith("/staff/login/code")
    assert "staff" not in realms(site)


@pytest.mark.parametrize("strange", ["\x00", "\ud800", "x" * 1365, "ك"])
def test_an_answer_with_a_broken_id_is_refused(app: Any, device: Authenticator, strange: str) -> None:
    answer = json.loads(device.get(options(app, "staff", "/staff/login")))
    forged = json.dumps({**answer, "id": strange})
    sent = send(app, "/staff/login/passkey", "/staff/login", forged)
    assert sent.location.endswith("/staff/login")


def test_a_credential_with_a_longer_id_than_the_standard_allows_is_refused(
    app: Any, officer: User, sign_in: Any
) -> None:
    sign_in(officer)
    assert add(app, Authenticator(credential_id=b"x" * 1024)).location.endswith("/account/passkeys")
    assert "هنوز کلید عبوری ندارید" in app.get("/account/passkeys")


def test_answers_that_prove_nothing_come_to_an_end(site: Any, app: Any) -> None:
    form = {"csrf_token": csrf(app, "/staff/login")}
    found = [app.post("/staff/login/passkey", form, status="*").status_int for _try in range(40)]
    assert (found[0], found[-1]) == (303, 429)
    assert events(site).count("login:refused") < 40


def test_a_passkey_signs_in_while_strangers_guess_codes(
    site: Any, device: Authenticator, browse: Any
) -> None:
    """A signature cannot be guessed: it costs no challenge, on a new computer either."""
    with suppress(ChallengeNeeded):
        for number in range(300):
            site.limits.count_uses(("otp_verify_address", f"198.51.100.{number % 250}"), ("otp_verify_site",))
    assert [alarm.name for alarm in site.limits.alarms()] == ["otp_verify_site"]
    assert enter(browse(site), device).location.endswith("/desk")


def test_a_passkey_is_the_second_factor_after_the_password(
    site: Any, app: Any, device: Authenticator
) -> None:
    device.verifies = False
    page = enter_password(app).follow()
    assert not [form for form in page.forms.values() if "code" in form.fields], "no SMS beside a passkey"
    with site.work(write=False) as work:
        assert [message.kind for message in outbox(work, MOBILE)] == ["member.factor_added"]
    answer = device.get(options(app, "second", "/staff/login/code"))
    sent = send(app, "/staff/login/code/passkey", "/staff/login/code", answer)
    assert sent.location == "http://localhost/desk"
    assert realms(site) == ["staff"]


def test_a_second_factor_is_not_asked_for_before_the_password(
    site: Any, app: Any, device: Authenticator
) -> None:
    options(app, "second", "/staff/login", status=401)
    answer = device.get(options(app, "staff", "/staff/login"))
    assert send(app, "/staff/login/code/passkey", "/staff/login", answer).location.endswith("/staff/login")
    assert realms(site) == []


def test_a_passkey_without_user_verification_is_no_sign_in(
    site: Any, app: Any, device: Authenticator
) -> None:
    device.verifies = False
    assert enter(app, device).location.endswith("/staff/login")
    assert realms(site) == []


def test_an_answer_counts_once_in_one_browser_and_realm(
    site: Any, app: Any, device: Authenticator, browse: Any
) -> None:
    told = options(app, "staff", "/staff/login")
    answer = device.get(told)
    other = browse(site)
    assert send(other, "/staff/login/passkey", "/staff/login", answer).location.endswith("/staff/login")
    assert send(app, "/login/passkey", "/login", answer).location.endswith("/login")
    assert send(app, "/staff/login/passkey", "/staff/login", answer).location.endswith("/desk")
    app.reset()
    assert send(app, "/staff/login/passkey", "/staff/login", answer).location.endswith("/staff/login")
    assert realms(site) == ["staff"]


@pytest.mark.parametrize(
    "forgery",
    [
        {"origin": "http://portal.evil.test"},
        {"origin": "http://localhost:8080"},
        {"handle": b"somebody else"},
    ],
)
def test_a_forged_answer_is_refused(site: Any, app: Any, device: Authenticator, forgery: Any) -> None:
    assert enter(app, device, **forgery).location.endswith("/staff/login")
    assert realms(site) == []
    assert "login:refused" in events(site)


def test_an_unknown_key_neither_signs_in_nor_blocks_a_passkey(
    site: Any, app: Any, device: Authenticator
) -> None:
    forger = Authenticator(credential_id=device.credential_id, handle=device.handle, counter=-1)
    assert enter(app, forger).location.endswith("/staff/login")
    with site.work(write=False) as work:
        assert work.session.scalars(select(Passkey)).one().blocked_at is None
    assert enter(app, device).location.endswith("/desk")


def test_a_copy_of_a_passkey_blocks_it(site: Any, app: Any, device: Authenticator) -> None:
    copy = Authenticator(key=device.key, credential_id=device.credential_id, handle=device.handle)
    device.counter = 7
    enter(app, device)
    app.reset()
    assert enter(app, copy).location.endswith("/staff/login")
    app.reset()
    assert enter(app, device).location.endswith("/staff/login")
    assert realms(site) == ["staff"]
    assert "passkey:block" in events(site)
    with site.work(write=False) as work:
        assert outbox(work, MOBILE)[-1].kind == "member.passkey_blocked"
    # Nor does a code by SMS come back by it.
    page = enter_password(app).follow()
    assert not [form for form in page.forms.values() if "code" in form.fields]


@pytest.mark.parametrize("fate", ["disabled_at", "deleted_at"])
def test_a_closed_account_stays_closed(
    site: Any, app: Any, device: Authenticator, officer: User, clock: Any, fate: str
) -> None:
    with site.work() as work:
        setattr(work.session.get(User, officer.id), fate, clock.now())
    for realm in ("staff", "login"):
        enter(app, device, realm)
    assert realms(site) == []


@pytest.mark.both_databases
def test_of_many_copies_of_an_answer_one_counts(site: Any, officer: User, device: Authenticator) -> None:
    party = relying_party(site, "http://localhost")
    with site.work() as work:
        told = json.loads(work.get(PasskeyService).assertion_options("staff", party, "c" * 64))
    answer, outcomes = device.get(told), []

    def use() -> None:
        with site.work() as work:
            outcomes.append(work.get(PasskeyService).check("staff", answer, party, "c" * 64))

    threads = [threading.Thread(target=use) for _copy in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [isinstance(outcome, User) for outcome in outcomes].count(True) == 1


# --- where there are none


@pytest.mark.parametrize(
    ("host_url", "public_url", "rp_id"),
    [
        ("http://localhost:6543", "", "localhost"),
        ("http://127.0.0.1:6543", "", None),
        ("http://[::1]:6543", "", None),
        ("http://portal.test", "", None),
        ("https://city.test", "https://city.test", "city.test"),
        ("https://desk.city.test", "https://city.test", "city.test"),
        ("https://notcity.test", "https://city.test", "notcity.test"),
        ("https://city.test", "https://203.0.113.7", "city.test"),
    ],
)
def test_passkeys_are_bound_to_the_domain_of_the_portal(
    site: Any, monkeypatch: Any, host_url: str, public_url: str, rp_id: str | None
) -> None:
    monkeypatch.setitem(site.settings["site"], "public_url", public_url)
    found = relying_party(site, host_url)
    assert (found.id if found else None) == rp_id
    assert found is None or found.origin == host_url


def test_production_offers_none_at_another_domain(site: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(site.settings["site"], "public_url", "https://city.test")
    monkeypatch.setattr(site, "mode", "production")
    assert relying_party(site, "https://other.test") is None
    assert relying_party(site, "https://city.test").id == "city.test"


def test_an_address_without_passkeys_says_so_and_refuses_answers(
    site: Any, app: Any, device: Authenticator
) -> None:
    app.extra_environ["HTTP_HOST"] = "127.0.0.1:80"
    page = app.get("/staff/login")
    assert not page.html.select("[data-passkey]")
    assert "http://localhost" in page
    form = {"csrf_token": page.html.select_one("input[name=csrf_token]")["value"], "for": "staff"}
    app.post("/passkeys/options", form, status=400)


def test_a_proof_by_passkey_lets_sensitive_pages_open(
    site: Any, app: Any, device: Authenticator, clock: Any
) -> None:
    enter(app, device)
    clock.advance(minutes=6)
    page = app.get("/account/passkeys", status=303).location
    answer = device.get(options(app, "confirm", page))
    sent = send(app, "/account/confirm/passkey?next=/account/passkeys", page, answer)
    assert sent.location.endswith("/account/passkeys")
    app.get("/account/passkeys", status=200)


def test_sessions_from_before_a_factor_end(
    site: Any, app: Any, officer: User, sign_in: Any, browse: Any
) -> None:
    older = browse(site, officer, "staff")
    sign_in(officer)
    add(app, Authenticator())
    older.get("/kartable", status=303)
    app.get("/kartable", status=200)
    with site.work(write=False) as work:
        assert len(work.get(SessionService).list_of(officer)) == 1


@pytest.mark.usefixtures("device")
def test_a_blocked_passkey_does_not_count_as_the_factor_that_is_left(
    site: Any, monkeypatch: Any, officer: User
) -> None:
    """It opens nothing: who removes the app or the other passkey beside it would be locked out."""

    def other(work: Any) -> Passkey:
        return Passkey(
            user_id=officer.id,
            credential_id="other",
            public_key=b"",
            user_handle="",
            name="x",
            for_staff=True,
            created_at=work.clock.now(),
        )

    monkeypatch.setitem(site.settings["accounts"], "strong_roles", ["administrator"])
    with site.work() as work:
        work.session.add(Membership(user_id=officer.id, role=work.get(RoleService).ensure_administrator()))
        blocked = work.session.scalars(select(Passkey)).one()
        blocked.blocked_at = work.clock.now()
        usable = other(work)
        work.session.add(usable)
        work.session.flush()
        user, factors = work.session.get_one(User, officer.id), work.get(FactorService)
        with pytest.raises(Refused):
            factors.require_removable(user, usable)
        factors.require_removable(user, blocked)
        work.session.delete(usable)
        user.totp_secret = "sealed"
        work.session.flush()
        with pytest.raises(Refused):
            factors.require_removable(user)
        factors.require_removable(user, blocked)


@pytest.mark.parametrize("realm", ["citizen", "staff"])
def test_the_page_says_what_a_code_by_sms_does_not_protect_from(
    site: Any, app: Any, sign_in: Any, realm: str
) -> None:
    with site.work() as work:
        person = make_staff(work, "officer") if realm == "staff" else make_citizen(work)
    sign_in(person, realm)
    assert "سیم‌کارت" in app.get("/account/passkeys", status=200)
