"""The sign-in of citizens and staff and the account's pages, through the whole application."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sign_in_forms import MOBILE, PASSWORD, code_of, form_with, make_officer, send

from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import RecoveryCode, Session, User
from civicportal.domain.accounts.recovery import RecoveryService, hash_recovery_codes, new_recovery_codes
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.totp import TotpService
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.notifications.account_messages import HOLLOW_SECONDS
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.testing import make_citizen, make_staff, outbox

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def officer(site: Any) -> User:
    return make_officer(site)


def enter_by_code(site: Any, app: Any, path: str = "/login") -> Any:
    page = send(app.get(path), mobile="09120000000").follow()
    return send(page, code=code_of(site))


def events(site: Any) -> list[str]:
    with site.work(write=False) as work:
        return [event.action for event in work.session.query(AuditEvent).order_by(AuditEvent.id)]


# --- sign-in of citizens


def test_new_citizen_signs_in_and_says_a_name(site: Any, app: Any) -> None:
    answer = enter_by_code(site, app)
    assert answer.location.endswith("/login/name?next=%2Fmy")
    answer = send(answer.follow(), name="علي احمدي")
    assert answer.location == "http://localhost/my"
    assert "علی احمدی" in app.get("/account")
    assert "login:citizen" in events(site)


def test_page_to_go_on_to_survives_every_step(site: Any, app: Any) -> None:
    with site.work() as work:
        make_citizen(work, MOBILE)
    assert enter_by_code(site, app, "/login?next=/account/name").location.endswith("/account/name")


@pytest.mark.parametrize(
    "target",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:x", "//[", "//℀x", "/℀x"],
)
def test_no_way_leads_out_of_the_portal(site: Any, app: Any, target: str) -> None:
    with site.work() as work:
        make_citizen(work, MOBILE)
    assert enter_by_code(site, app, f"/login?{urlencode({'next': target})}").location == "http://localhost/my"


def test_sign_in_goes_on_to_a_kept_form(site: Any, app: Any) -> None:
    with site.work() as work:
        make_citizen(work, MOBILE)
    app.get("/login")
    with site.work() as work:
        work.get(SessionService).keep_visitor_data(app.cookies["cp"], "form:/petitions/new", {"a": ["b"]})
    assert enter_by_code(site, app).location.endswith("/petitions/new")
    with site.work(write=False) as work:
        sessions = work.get(SessionService)
        assert sessions.visitor_data(app.cookies["cp"], "form:/petitions/new") == {"a": ["b"]}


def test_sign_in_rotates_the_cookie(site: Any, app: Any) -> None:
    app.get("/login")
    before = app.cookies["cp"]
    enter_by_code(site, app)
    assert app.cookies["cp"] != before
    app.set_cookie("cp", before)
    assert app.get("/account", status=303).location.startswith("http://localhost/login?")


def test_copied_cookie_dies_with_the_logout(site: Any, app: Any) -> None:
    enter_by_code(site, app)
    copied = app.cookies["cp"]
    answer = (
        form_with(app.get("/account"), "csrf_token").action
        and next(form for form in app.get("/account").forms.values() if form.action == "/logout").submit()
    )
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    app.set_cookie("cp", copied)
    app.get("/account", status=303)


def test_wrong_code_is_refused_and_counts(site: Any, app: Any) -> None:
    page = send(app.get("/login"), mobile="09120000000").follow()
    wrong = f"{(int(code_of(site)) + 1) % 10**6:06}"
    for _try in range(4):
        page = send(page, status=422, code=wrong)
        assert "کد واردشده درست نیست" in page
    assert "تعداد تلاش‌ها بیش از حد مجاز است" in send(page, status=422, code=wrong)
    assert events(site) == ["login:refused"] * 5


def test_expired_code_says_so(site: Any, app: Any, clock: Any) -> None:
    page = send(app.get("/login"), mobile="09120000000").follow()
    clock.advance(minutes=3)
    assert "اعتبار کد به پایان رسیده است" in send(page, status=422, code=code_of(site))


def test_code_is_asked_for_only_in_the_browser_that_wanted_it(site: Any, app: Any) -> None:
    send(app.get("/login"), mobile="09120000000")
    app.reset()
    assert app.get("/login/code", status=303).location == "http://localhost/login"


def test_answers_tell_nothing_about_a_number(site: Any, app: Any, clock: Any) -> None:
    with site.work() as work:
        make_citizen(work, "+989120000001")
        make_citizen(work, "+989120000002", disabled_at=clock.now())
    pages = []
    for last in range(3):
        app.reset()
        answer = send(app.get("/login"), mobile=f"0912000000{last}")
        page = answer.follow().text.translate(_PERSIAN)
        # The page repeats the number that was just typed, so that a mistake is seen.
        assert re.search(rf"0912\W*000\W*000{last}\b", page)
        page = re.sub(r"[0-9a-f]{64}|0912\W*000\W*000\d", "", page)
        pages.append((answer.status, answer.location, page))
        assert app.get("/login/state").json == {"state": "held"}
    assert pages[0] == pages[1] == pages[2]


TOKEN = re.compile("[0-9a-f]{128}")
_PERSIAN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


def test_second_code_within_a_minute_is_not_sent(site: Any, app: Any, clock: Any) -> None:
    page = send(app.get("/login"), mobile="09120000000").follow()
    resend = next(form for form in page.forms.values() if form.action.endswith("/resend"))
    for waited in (0, 59):
        clock.advance(seconds=waited)
        resend.submit().follow()
        with site.work(write=False) as work:
            assert len(outbox(work, MOBILE)) == 1
    clock.advance(seconds=1)
    resend.submit().follow()
    with site.work(write=False) as work:
        assert len(outbox(work, MOBILE)) == 2


def test_number_gets_three_codes_in_ten_minutes(site: Any, app: Any, clock: Any) -> None:
    for _code in range(3):
        app.reset()
        send(app.get("/login"), mobile="09120000000")
        clock.advance(seconds=60)
    app.reset()
    refused = send(app.get("/login"), status=429, mobile="09120000000")
    assert "Retry-After" in refused.headers
    assert refused.html.h1.text != "خطا"


def test_stranger_cannot_use_up_the_codes_of_a_known_browser(site: Any, app: Any, clock: Any) -> None:
    enter_by_code(site, app)
    clock.advance(minutes=10)
    device = app.cookies["cp-device"]
    for _code in range(3):
        app.reset()
        send(app.get("/login"), mobile="09120000000")
        clock.advance(seconds=60)
    app.reset()
    app.set_cookie("cp-device", device)
    assert send(app.get("/login"), mobile="09120000000").status_int == 303


@pytest.mark.both_databases
def test_page_says_when_no_code_can_be_sent(site: Any, app: Any) -> None:
    assert "اکنون ارسال کد ممکن نیست" in app.get("/login")


@pytest.mark.both_databases
def test_pages_name_the_other_ways_to_sign_in_while_no_worker_runs(site: Any, app: Any, clock: Any) -> None:
    with site.work() as work:
        work.get(SendingGateService).seen()
    for path in ("/login", "/staff/login"):
        assert "اکنون ارسال کد ممکن نیست" not in app.get(path)
    clock.advance(minutes=2)
    [link] = app.get("/login").html.select(".notice a")
    assert link["href"].startswith("/login/password")
    assert "برنامهٔ رمزساز" in app.get("/staff/login").html.select_one(".notice").text
    # An app does not help a person who has forgotten the password: it comes after the password.
    [link] = app.get("/staff/reset").html.select(".notice a")
    assert link["href"] == "/staff/login"
    assert "برنامهٔ رمزساز" not in app.get("/staff/reset").html.select_one(".notice").text


def test_page_of_the_staff_code_names_no_factor_that_the_account_has_not(
    site: Any, app: Any, clock: Any
) -> None:
    with site.work() as work:
        user = make_staff(work, "officer", username="s.karimi")
        work.get(AccountService).set_password(user, PASSWORD)
        work.get(SendingGateService).seen()
    clock.advance(minutes=2)
    page = send(app.get("/staff/login"), username="s.karimi", password=PASSWORD).follow()
    notice = page.html.select_one(".notice.warn").text
    assert "کدی نمی‌رسد" in notice
    assert "کد بازیابی" not in notice


@pytest.mark.both_databases
def test_page_of_the_code_says_at_once_when_nothing_gets_through(site: Any, app: Any, clock: Any) -> None:
    with site.work() as work:
        work.get(SendingGateService).seen()
    page = send(app.get("/login"), mobile="09120000000").follow()
    assert shown_fate(page) == "waiting"
    with site.work() as work:
        work.get(SendingGateService).judge("misconfigured", "no credit")
    assert app.get("/login/state").json == {"state": "held"}
    assert shown_fate(app.get("/login/code")) == "held"
    with site.work() as work:
        work.get(SendingGateService).judge("works", "")
    assert app.get("/login/state").json == {"state": "waiting"}


@pytest.mark.parametrize(
    ("asked_before", "state"), [(timedelta(), "held"), (timedelta(seconds=HOLLOW_SECONDS + 1), "sent")]
)
def test_a_code_for_a_disabled_account_waits_like_others(
    site: Any, app: Any, clock: Any, asked_before: timedelta, state: str
) -> None:
    with site.work() as work:
        make_citizen(work, MOBILE, disabled_at=clock.now())
        work.get(SendingGateService).seen()
    send(app.get("/login"), mobile=MOBILE)
    clock.advance(seconds=asked_before.total_seconds())
    with site.work() as work:
        work.get(SendingGateService).judge("misconfigured", "no credit")
    clock.advance(seconds=HOLLOW_SECONDS + 1)
    assert app.get("/login/state").json == {"state": state}


def shown_fate(page: Any) -> str:
    [shown] = [words for words in page.html.select("[data-state]") if not words.has_attr("hidden")]
    return str(shown["data-state"])


def test_password_of_a_citizen(site: Any, app: Any) -> None:
    with site.work() as work:
        work.get(AccountService).set_password(make_citizen(work, MOBILE), PASSWORD)
        make_citizen(work, "+989120000001")
    refused = [
        send(app.get("/login/password"), status=422, mobile=mobile, password="سپیدار")
        for mobile in ("09120000000", "09120000001", "09120000009")
    ]
    assert len({re.sub(r"۰۹۱۲۰{6}\d|[0-9a-f]{128}", "", page.text) for page in refused}) == 1
    assert send(app.get("/login/password"), mobile="09120000000", password=PASSWORD).location.endswith("/my")
    with site.work(write=False) as work:
        assert [message.kind for message in outbox(work, MOBILE)] == ["member.new_device"]


@pytest.mark.parametrize("mobile", ["09120000000", "09120000009"])
def test_tenth_wrong_password_is_the_last(site: Any, app: Any, mobile: str) -> None:
    with site.work() as work:
        work.get(AccountService).set_password(make_citizen(work, MOBILE), PASSWORD)
    for _try in range(10):
        send(app.get("/login/password"), status=422, mobile=mobile, password="x")
    send(app.get("/login/password"), status=429, mobile=mobile, password=PASSWORD)


# --- sign-in of staff


def enter_password(app: Any, password: str = PASSWORD, status: int | None = None, **values: str) -> Any:
    page = app.get("/staff/login?next=/account")
    return send(page, status=status, **{"username": "s.karimi", "password": password, **values})


def test_staff_need_password_and_code(site: Any, app: Any, officer: User) -> None:
    page = enter_password(app).follow()
    app.get("/account", status=303)
    answer = send(page, code=code_of(site))
    assert answer.location == "http://localhost/account"
    with site.work(write=False) as work:
        (session,) = work.session.query(Session)
        assert (session.realm, session.user_id) == ("staff", officer.id)


def test_staff_cookie_is_strict_and_ends_with_the_browser(site: Any, app: Any, officer: User) -> None:
    answer = send(enter_password(app).follow(), code=code_of(site))
    (cookie,) = [line for line in answer.headers.getall("Set-Cookie") if line.startswith("cp=")]
    assert "SameSite=Strict" in cookie
    assert "HttpOnly" in cookie
    assert "Max-Age" not in cookie


def test_code_page_is_closed_without_the_password(site: Any, app: Any, officer: User) -> None:
    send(app.get("/login"), mobile="09120000000")
    assert app.get("/staff/login/code", status=303).location == "http://localhost/staff/login"


def test_answers_tell_nothing_about_a_user_name(site: Any, app: Any, officer: User) -> None:
    known = enter_password(app, "غلط", 422).text.replace("s.karimi", "")
    unknown = enter_password(app, "غلط", 422, username="s.nobody").text.replace("s.nobody", "")
    assert TOKEN.sub("", known) == TOKEN.sub("", unknown)


def test_disabled_officer_stays_outside(site: Any, app: Any, officer: User) -> None:
    with site.work() as work:
        accounts, user = work.get(AccountService), work.session.get(User, officer.id)
        other = accounts.create_staff(username="o", name="o", mobile=None, password=None)
        work.get(MembershipService).give(other, work.get(RoleService).ensure_administrator())
        work.get(MemberService).disable(user)
    enter_password(app, status=422)


def test_sixth_wrong_code_of_an_officer_is_stopped(site: Any, app: Any, officer: User, clock: Any) -> None:
    page = enter_password(app).follow()
    wrong = f"{(int(code_of(site)) + 1) % 10**6:06}"
    for _try in range(5):
        page = send(page, status=422, code=wrong)
    send(page, status=429, code=wrong)


def test_app_code_replaces_the_sms(site: Any, app: Any, officer: User, clock: Any) -> None:
    import pyotp

    with site.work() as work:
        work.get(TotpService).enable(work.session.get(User, officer.id), SECRET, 1)
    page = enter_password(app).follow()
    code = pyotp.TOTP(SECRET).at(clock.now())
    assert send(page, code=code).location == "http://localhost/account"
    with site.work(write=False) as work:
        assert outbox(work) == []
    app.reset()
    send(enter_password(app).follow(), status=422, code=code)


def test_setting_up_the_app_and_coming_in_by_a_recovery_code(
    site: Any, app: Any, officer: User, sign_in: Any, clock: Any
) -> None:
    import pyotp

    sign_in(officer)
    begin = next(f for f in app.get("/account/totp").forms.values() if f.action.endswith("/begin"))
    page = begin.submit().follow()
    assert app.get("/account/totp/qr.svg").content_type == "image/svg+xml"
    secret = re.search(r'strong">([A-Z2-7 ]{32,})</span>', page.text)
    assert secret
    page = send(page, code=pyotp.TOTP(secret[1].replace(" ", "")).at(clock.now()))
    codes = re.findall(r"data-recovery-code>([a-z2-9-]+)<", page.text)
    assert len(codes) == 10
    assert codes[0] not in app.get("/account/recovery")
    for expected in (303, 422):
        app.reset()
        enter_password(app).follow()
        send(app.get("/staff/login/recovery"), status=expected, code=codes[0])


def test_a_recovery_code_without_an_app_is_wrong(site: Any, app: Any, officer: User) -> None:
    code = new_recovery_codes()[0]
    with site.work() as work:
        work.session.add(RecoveryCode(user_id=officer.id, code_hash=hash_recovery_codes([code])[0]))
    enter_password(app)
    assert "کد واردشده درست نیست" in send(app.get("/staff/login/recovery"), status=422, code=code)


def test_without_an_app_there_are_no_recovery_codes(site: Any, app: Any, officer: User, sign_in: Any) -> None:
    with site.work() as work:
        work.get(TotpService).enable(work.session.get(User, officer.id), SECRET, 1)
    sign_in(officer)
    page = app.get("/account/recovery")
    renew = next(f for f in page.forms.values() if f.method == "post" and not f.action)
    assert "data-recovery-code" in renew.submit(status=200)
    with site.work() as work:
        user = work.session.get(User, officer.id)
        work.get(TotpService).disable(user)
        work.get(FactorService).removed(user)
    assert "data-recovery-code" not in renew.submit(status=200)
    with site.work(write=False) as work:
        assert work.session.query(RecoveryCode).count() == 0


@pytest.mark.parametrize("page", ["/staff/login/code", "/staff/login/recovery"])
def test_a_late_second_factor_is_refused_until_the_password_is_entered_again(
    site: Any, app: Any, officer: User, clock: Any, page: str
) -> None:
    import pyotp

    recovery_code = new_recovery_codes()[0]
    with site.work() as work:
        person = work.session.get(User, officer.id)
        work.get(TotpService).enable(person, SECRET, 1)
        work.get(RecoveryService).replace(person, hash_recovery_codes([recovery_code]))
    enter_password(app)
    late = app.get(page)
    clock.advance(minutes=4)
    code = pyotp.TOTP(SECRET).at(clock.now()) if page.endswith("code") else recovery_code
    assert "اعتبار کد به پایان رسیده است" in send(late, status=422, code=code)
    enter_password(app)
    send(app.get(page), status=303, code=code)


def test_second_sign_in_replaces_the_first(site: Any, app: Any, officer: User, clock: Any) -> None:
    enter_by_code(site, app)
    clock.advance(minutes=1)
    send(enter_password(app).follow(), code=code_of(site))
    with site.work(write=False) as work:
        assert [session.realm for session in work.session.query(Session)] == ["staff"]


# --- the account


def test_citizens_session_opens_no_staff_page(app: Any, officer: User, sign_in: Any, site: Any) -> None:
    sign_in(officer, "citizen")
    app.get("/account/totp", status=403)
    assert events(site)[-1] == "access:denied"
    sign_in(officer, "staff")
    app.get("/account/totp", status=200)


def test_change_needs_a_proof_within_five_minutes(
    site: Any, app: Any, officer: User, sign_in: Any, clock: Any
) -> None:
    sign_in(officer)
    clock.advance(minutes=5)
    page = app.get("/account/totp", status=303).follow()
    send(page, status=422, password="غلط")
    assert send(page, password=PASSWORD).location.endswith("/account/totp")
    app.get("/account/totp", status=200)


def test_citizen_without_a_password_proves_by_code(site: Any, app: Any, sign_in: Any, clock: Any) -> None:
    with site.work() as work:
        citizen = make_citizen(work, MOBILE)
    sign_in(citizen, "citizen")
    clock.advance(minutes=5)
    page = app.get("/account/password", status=303).follow()
    form = next(form for form in page.forms.values() if "/confirm/code" in form.action)
    answer = send(form.submit().follow(), code=code_of(site))
    assert answer.location.endswith("/account/password")
    assert send(answer.follow(), new=PASSWORD, again=PASSWORD).location.endswith("/account")


def test_password_change_ends_the_other_sessions(site: Any, app: Any, officer: User, sign_in: Any) -> None:
    sign_in(officer)
    other = app.cookies["cp"]
    sign_in(officer)
    new = "چنار کهن میان میدان"
    page = app.get("/account/password")
    page = send(page, status=422, present="غلط", new=new, again=new)
    page = send(page, status=422, present=PASSWORD, new="short", again="short")
    send(page, present=PASSWORD, new=new, again=new)
    app.get("/account", status=200)
    app.set_cookie("cp", other)
    app.get("/account", status=303)
    assert "password:change" in events(site)


def test_ending_a_device_from_the_list(site: Any, app: Any, officer: User, sign_in: Any) -> None:
    sign_in(officer)
    other = app.cookies["cp"]
    sign_in(officer)
    page = app.get("/account/sessions")
    end = next(form for form in page.forms.values() if re.search(r"/\d+/end$", form.action))
    end.submit()
    app.set_cookie("cp", other)
    app.get("/account", status=303)


def test_only_who_has_a_password_is_told_to_change_it(
    site: Any, app: Any, officer: User, sign_in: Any
) -> None:
    with site.work() as work:
        citizen = make_citizen(work)
    sign_in(officer)
    assert "گذرواژهٔ خود را تغییر دهید" in app.get("/account/sessions").html.select_one("main").text
    sign_in(citizen, "citizen")
    told = app.get("/account/sessions").html.select_one("main").text
    assert "گذرواژه" not in told
    assert "اگر دستگاهی را نمی‌شناسید، از آن خارج شوید" in told


def test_strangers_session_cannot_be_ended(site: Any, app: Any, officer: User, sign_in: Any) -> None:
    with site.work() as work:
        citizen = make_citizen(work)
        work.get(SessionService).open("citizen", citizen)
        foreign = work.session.query(Session).one().id
    sign_in(officer)
    token = form_with(app.get("/account/name"), "name")["csrf_token"].value
    app.post(f"/account/sessions/{foreign}/end", {"csrf_token": token}, status=404)
    app.post(f"/account/sessions/{foreign}/end", status=400)
