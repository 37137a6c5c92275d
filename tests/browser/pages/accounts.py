"""The sign-in pages and the profile."""

from browser.pages.shown import Shown
from browser.people import CAREFUL, RECOVERY_CODES, VISITOR, enter_code, messages
from browser.samples import Facts
from playwright.sync_api import Page, expect

from civicportal.portal.demo.runner import PASSWORD

#: Who asks for a code and lets it be, and who uses one: no code of the first is taken for that of the second.
FORGETFUL, STEADY = ("culture1", "09000000118"), ("health1", "09000000116")

#: The first one is another test's.
_CODES = iter(RECOVERY_CODES[1:])


def _ask_for_code(page: Page, found: Facts) -> None:
    page.goto("/login")
    page.locator("[name=mobile]").fill("09000000015")
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()


def _give_password(page: Page, found: Facts) -> None:
    page.goto("/staff/login")
    page.locator("[name=username]").fill(FORGETFUL[0])
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()


def _wrong_login(page: Page, found: Facts) -> None:
    page.goto("/login")
    page.locator("[name=mobile]").fill("12")
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator(".is-invalid")).to_be_visible()


def _recover(page: Page, found: Facts) -> None:
    _give_password(page, found)
    page.goto("/staff/login/recovery")


def _set_up_app(page: Page, found: Facts) -> None:
    _prove_again(page, "/account/totp")
    page.locator("form[action='/account/totp/begin'] button").click()
    page.wait_for_load_state()


def _prove(page: Page, path: str) -> None:
    """Open a page that requires re-authentication."""
    page.goto(path)
    if "/account/confirm" in page.url:
        _confirm(page, path)


def _prove_again(page: Page, path: str) -> None:
    """Re-authenticate for a page: an earlier confirmation could end between opening its form and sending it."""
    page.goto(f"/account/confirm?next={path}")
    _confirm(page, path)


def _confirm(page: Page, path: str) -> None:
    """Enter the password where it is asked for, and wait for the page that follows."""
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button.btn-primary").click()
    page.wait_for_url(f"**{path}")


def _another_number(page: Page, found: Facts) -> None:
    _prove(page, "/account/mobile")


def _own_data(page: Page, found: Facts) -> None:
    _prove(page, "/account/data")


def _ask_for_another_number(page: Page, found: Facts) -> None:
    _prove_again(page, "/account/mobile")
    page.goto("/account/mobile/code")
    if not page.locator("[name=code]").count():
        page.locator("[name=mobile]").fill("09000000778")
        page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()


def _ask_to_leave(page: Page, found: Facts) -> None:
    page.goto("/account/delete")
    if not page.locator("[name=code]").count():
        page.locator("form[action='/account/delete/code'] button").click()
    expect(page.locator("[name=code]")).to_be_visible()


def _forgot(page: Page, found: Facts, person: tuple[str, str] = FORGETFUL) -> None:
    username, mobile = person
    page.goto("/staff/reset")
    page.locator("[name=username]").fill(username)
    page.locator("[name=mobile]").fill(mobile)
    page.locator("form:has([name=mobile]) button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()


def _need_help(page: Page, found: Facts, person: tuple[str, str] = STEADY) -> None:
    seen = messages(page, person[1])
    _forgot(page, found, person)
    enter_code(page, person[1], seen)
    page.wait_for_url("**/staff/reset/factor")


def _show_more(page: Page, found: Facts) -> None:
    page.goto("/staff/reset/factor")
    if not page.locator("[name=code]").count():
        _need_help(page, found, CAREFUL)
    expect(page.locator("[name=code]")).to_be_visible()


def _show_recovery_code(page: Page, found: Facts) -> None:
    _show_more(page, found)
    page.goto("/staff/reset/factor/recovery")


def _choose_anew(page: Page, found: Facts) -> None:
    _show_recovery_code(page, found)
    page.locator("[name=code]").fill(next(_CODES))
    page.locator("form:has([name=code]) button.btn-primary").click()
    page.wait_for_url("**/staff/reset/password")


def _own_passkeys(page: Page, found: Facts) -> None:
    _prove(page, "/account/passkeys")


def _new_token(page: Page, found: Facts) -> None:
    _prove(page, "/account/tokens/new")


def _consent(page: Page, found: Facts) -> None:
    _prove_again(page, "/account/tokens/new")
    page.goto("/oauth/authorize?{consent}".format(**found))


def _made_token(page: Page, found: Facts) -> None:
    _prove_again(page, "/account/tokens/new")
    page.locator("[name=name]").fill("نقشهٔ شهر")
    page.locator("[name=scopes]").first.check()
    page.locator("form:has([name=scopes]) button.btn-primary").click()
    expect(page.locator("#token")).to_be_visible()


def _own_recovery_codes(page: Page, found: Facts) -> None:
    _prove(page, "/account/recovery")


def _open_link(page: Page, found: Facts) -> None:
    page.goto("/staff/invite/{invite}".format(**found))
    if not page.locator("[name=code]").count():
        page.locator("main form button.btn-primary").click()
    expect(page.locator("[name=code]")).to_be_visible()


PAGES = (
    Shown("login", VISITOR, "/login"),
    Shown("login", VISITOR, "/login", reach=_wrong_login, name="refused"),
    Shown("login_code", VISITOR, "/login/code", reach=_ask_for_code),
    Shown("login_password", VISITOR, "/login/password"),
    Shown("login_name", "citizen", "/login/name"),
    Shown("staff_login", VISITOR, "/staff/login"),
    Shown("staff_login_code", VISITOR, "/staff/login/code", reach=_give_password),
    Shown("staff_login_recovery", VISITOR, "/staff/login/recovery", reach=_recover),
    Shown("staff_invite", VISITOR, "/staff/invite/{invite}"),
    Shown("staff_invite", VISITOR, "/staff/invite/{invite}", reach=_open_link, name="code"),
    Shown("staff_reset_link", VISITOR, "/staff/reset/{reset}"),
    Shown("staff_reset", VISITOR, "/staff/reset"),
    Shown("staff_reset_code", VISITOR, "/staff/reset/code", reach=_forgot),
    Shown("staff_reset_factor", VISITOR, "/staff/reset/factor", reach=_need_help),
    Shown("staff_reset_factor", VISITOR, "/staff/reset/factor", reach=_show_more, name="app"),
    Shown("staff_reset_recovery", VISITOR, "/staff/reset/factor/recovery", reach=_show_recovery_code),
    Shown("staff_rescue", VISITOR, "/staff/rescue/{rescue}"),
    Shown("staff_reset_password", VISITOR, "/staff/reset/password", reach=_choose_anew),
    Shown("account", "citizen", "/account"),
    Shown("account", "handler", "/account"),
    Shown("account_name", "citizen", "/account/name"),
    Shown("account_mobile", "citizen", "/account/mobile"),
    Shown("account_mobile", "handler", "/account/mobile", reach=_another_number),
    Shown("account_mobile_code", "handler", "/account/mobile/code", reach=_ask_for_another_number),
    Shown("account_identity", "citizen", "/account/identity"),
    Shown("account_identity", "handler", "/account/identity"),
    Shown("account_notifications", "citizen", "/account/notifications"),
    Shown("account_notifications", "handler", "/account/notifications"),
    Shown("account_access", "citizen", "/account/access"),
    Shown("account_access", "handler", "/account/access"),
    Shown("account_data", "citizen", "/account/data"),
    Shown("account_data", "handler", "/account/data", reach=_own_data),
    Shown("account_delete", "citizen", "/account/delete"),
    Shown("account_delete", "handler", "/account/delete"),
    Shown("account_delete", "neighbour", "/account/delete", reach=_ask_to_leave, name="code"),
    Shown("account_deputy", "handler", "/account/deputy"),
    Shown("account_password", "citizen", "/account/password"),
    Shown("account_password", "handler", "/account/password"),
    Shown("account_confirm", "handler", "/account/confirm"),
    Shown("account_sessions", "citizen", "/account/sessions"),
    Shown("account_factor", "handler", "/account/factor"),
    Shown("account_passkeys", "citizen", "/account/passkeys"),
    Shown("account_passkeys", "handler", "/account/passkeys", reach=_own_passkeys),
    Shown("account_tokens", "citizen", "/account/tokens"),
    Shown("account_tokens", "handler", "/account/tokens"),
    Shown("account_token_new", "handler", "/account/tokens/new", reach=_new_token),
    Shown("account_token_new", "handler", "/account/tokens/new", reach=_made_token, name="made"),
    Shown("oauth.authorize", "citizen", "/oauth/authorize?{consent}"),
    Shown("oauth.authorize", "handler", "/oauth/authorize?{consent}", reach=_consent),
    Shown("account_recovery", "handler", "/account/recovery", reach=_own_recovery_codes),
    Shown("account_totp", "handler", "/account/totp"),
    Shown("account_totp_setup", "administrator", "/account/totp/setup", reach=_set_up_app),
)
