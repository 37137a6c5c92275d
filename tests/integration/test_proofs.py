"""What was proved with a number or a password does not outlive their change."""

from typing import Any

import pyotp
import pytest
from sign_in_forms import MOBILE, PASSWORD, TYPED, code_of, make_officer, send

from civicportal.core.security import Identity
from civicportal.domain.accounts.mobile import MobileService
from civicportal.domain.accounts.models import Session, User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.totp import TotpService
from civicportal.domain.accounts.views import citizen as citizen_views
from civicportal.testing import make_citizen

pytestmark = pytest.mark.both_databases

NEW, OTHER = "+989120000077", "چنار کهن میان میدان"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def replace_number(work: Any, user: User) -> None:
    work.get(MobileService).replace(user, NEW)


def change_number(work: Any, user: User) -> None:
    work.get(MobileService).change(user, NEW)


def change_password(work: Any, user: User) -> None:
    work.get(AccountService).set_password(user, OTHER)


def sign_out(work: Any, user: User) -> None:
    work.get(SessionService).end_everything(user)


DEEDS = (replace_number, change_number, change_password, sign_out)


@pytest.fixture
def officer(site: Any) -> User:
    return make_officer(site)


def do(site: Any, user: User, deed: Any) -> None:
    with site.work(actor=Identity.SYSTEM) as work:
        deed(work, work.session.get(User, user.id))


def is_let_in(site: Any) -> bool:
    with site.work(write=False) as work:
        return work.session.query(Session).filter(Session.user_id.is_not(None)).count() > 0


def ask_for_reset(app: Any) -> Any:
    return send(app.get("/staff/reset"), username="s.karimi", mobile=TYPED).follow()


@pytest.mark.parametrize("deed", DEEDS)
def test_a_proved_number_is_worth_nothing_after_a_change(
    site: Any, app: Any, officer: User, deed: Any, clock: Any
) -> None:
    do(site, officer, lambda work, user: work.get(TotpService).enable(user, SECRET, 1))
    page = send(ask_for_reset(app), code=code_of(site)).follow()
    page = send(page, code=pyotp.TOTP(SECRET).at(clock.now())).follow()
    do(site, officer, deed)
    assert send(page, new=OTHER, again=OTHER).location.endswith("/staff/reset")
    assert app.get("/staff/reset/password", status=303).location.endswith("/staff/reset")
    assert not is_let_in(site)


def test_a_code_for_the_former_number_is_wrong(site: Any, app: Any, officer: User) -> None:
    page = ask_for_reset(app)
    do(site, officer, replace_number)
    assert "کد واردشده درست نیست" in send(page, 422, code=code_of(site))
    app.get("/staff/reset/password", status=303)


@pytest.mark.parametrize("deed", DEEDS)
def test_a_shown_password_is_worth_nothing_after_a_change(
    site: Any, app: Any, officer: User, deed: Any
) -> None:
    page = send(app.get("/staff/login"), username="s.karimi", password=PASSWORD).follow()
    code = code_of(site)
    do(site, officer, deed)
    assert send(page, code=code).location.endswith("/staff/login")
    for path in ("/staff/login/code", "/staff/login/recovery"):
        assert app.get(path, status=303).location.endswith("/staff/login")
    assert not is_let_in(site)


def test_nor_is_it_beside_a_code_of_the_app(site: Any, app: Any, officer: User, clock: Any) -> None:
    do(site, officer, lambda work, user: work.get(TotpService).enable(user, SECRET, 1))
    page = send(app.get("/staff/login"), username="s.karimi", password=PASSWORD).follow()
    do(site, officer, sign_out)
    assert send(page, code=pyotp.TOTP(SECRET).at(clock.now())).location.endswith("/staff/login")
    assert not is_let_in(site)


@pytest.fixture
def while_compared(site: Any, monkeypatch: Any) -> Any:
    """Change a person's password while the typed one is compared."""

    def while_compared(user: User) -> None:
        compare = citizen_views.verify_password

        def comparing(hashed: str | None, password: str) -> bool:
            is_right = compare(hashed, password)
            do(site, user, change_password)
            return is_right

        monkeypatch.setattr(citizen_views, "verify_password", comparing)

    return while_compared


def test_a_password_changed_while_it_is_compared_lets_no_citizen_in(
    site: Any, app: Any, while_compared: Any
) -> None:
    with site.work() as work:
        citizen = make_citizen(work, MOBILE)
        work.get(AccountService).set_password(citizen, PASSWORD)
    while_compared(citizen)
    send(app.get("/login/password"), 422, mobile=TYPED, password=PASSWORD)
    assert not is_let_in(site)


def test_a_password_changed_during_the_comparison_refuses_the_staff_sign_in(
    site: Any, app: Any, officer: User, while_compared: Any
) -> None:
    while_compared(officer)
    send(app.get("/staff/login"), username="s.karimi", password=PASSWORD)
    assert app.get("/staff/login/code", status=303).location.endswith("/staff/login")
    assert not is_let_in(site)


def test_the_passed_password_is_forgotten_after_the_sign_in(site: Any, app: Any, officer: User) -> None:
    page = send(app.get("/staff/login"), username="s.karimi", password=PASSWORD).follow()
    send(page, code=code_of(site))
    with site.work(write=False) as work:
        assert work.session.query(Session).one().data == {}
