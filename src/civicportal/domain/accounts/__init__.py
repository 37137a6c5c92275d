"""People, sessions and rights: citizen and staff sign-in, one-time codes, roles and memberships."""

from pyramid.config import Configurator

from civicportal.core.security import CITIZEN, EVERYBODY, SIGNED_IN, STAFF
from civicportal.domain.accounts.guards import visitor
from civicportal.domain.accounts.policy import SecurityPolicy
from civicportal.domain.accounts.views import denied
from civicportal.util.errors import Forbidden
from civicportal.web.pages import add_pages

#: The token of a link: 256 bits.
LINK = r"{token:[A-Za-z0-9_-]{43}}"
ROUTES = {
    "login": "/login",
    "login_code": "/login/code",
    "login_resend": "/login/code/resend",
    "login_state": "/login/state",
    "login_passkey": "/login/passkey",
    "login_password": "/login/password",
    "login_name": "/login/name",
    "staff_login": "/staff/login",
    "staff_login_passkey": "/staff/login/passkey",
    "staff_login_code": "/staff/login/code",
    "staff_login_second": "/staff/login/code/passkey",
    "staff_login_resend": "/staff/login/code/resend",
    "staff_login_recovery": "/staff/login/recovery",
    "staff_invite": f"/staff/invite/{LINK}",
    "staff_invite_code": f"/staff/invite/{LINK}/code",
    "staff_reset": "/staff/reset",
    "staff_reset_code": "/staff/reset/code",
    "staff_reset_resend": "/staff/reset/code/resend",
    "staff_reset_factor": "/staff/reset/factor",
    "staff_reset_passkey": "/staff/reset/factor/passkey",
    "staff_reset_recovery": "/staff/reset/factor/recovery",
    "staff_reset_password": "/staff/reset/password",
    "staff_rescue": f"/staff/rescue/{LINK}",
    "staff_reset_link": f"/staff/reset/{LINK}",
    "staff_reset_link_code": f"/staff/reset/{LINK}/code",
    "logout": "/logout",
    "unsent": "/unsent",
    "unsent_send": "/unsent/send",
    "unsent_forget": "/unsent/forget",
    "account": "/account",
    "account_name": "/account/name",
    "account_mobile": "/account/mobile",
    "account_mobile_code": "/account/mobile/code",
    "account_mobile_resend": "/account/mobile/code/resend",
    "account_identity": "/account/identity",
    "account_password": "/account/password",
    "account_confirm": "/account/confirm",
    "account_confirm_app": "/account/confirm/app",
    "account_confirm_code": "/account/confirm/code",
    "account_confirm_passkey": "/account/confirm/passkey",
    "account_factor": "/account/factor",
    "account_passkeys": "/account/passkeys",
    "account_passkey_add": "/account/passkeys/add",
    "account_passkey_name": r"/account/passkeys/{id:\d{1,18}}/name",
    "account_passkey_remove": r"/account/passkeys/{id:\d{1,18}}/remove",
    "account_recovery": "/account/recovery",
    "passkey_options": "/passkeys/options",
    "account_sessions": "/account/sessions",
    "account_sessions_others": "/account/sessions/others/end",
    "account_session_end": r"/account/sessions/{id:\d{1,18}}/end",
    "account_totp": "/account/totp",
    "account_totp_begin": "/account/totp/begin",
    "account_totp_setup": "/account/totp/setup",
    "account_totp_qr": "/account/totp/qr.svg",
    "account_totp_off": "/account/totp/off",
}
SHOWS, ACTS, FORM = ("GET",), ("POST",), ("GET", "POST")
#: Route, view, template or renderer, permission, methods.
VIEWS = (
    ("login", "citizen.login", "login", EVERYBODY, FORM),
    ("login_code", "citizen.code", "code", EVERYBODY, FORM),
    ("login_resend", "citizen.resend", None, EVERYBODY, ACTS),
    ("login_passkey", "citizen.passkey", None, EVERYBODY, FORM),
    ("login_state", "codes.state", "json", EVERYBODY, SHOWS),
    ("login_password", "citizen.password", "password_login", EVERYBODY, FORM),
    ("login_name", "citizen.name", "first_name", CITIZEN, FORM),
    ("staff_login", "staff.login", "staff_login", EVERYBODY, FORM),
    ("staff_login_code", "staff.code", "staff_code", EVERYBODY, FORM),
    ("staff_login_passkey", "staff.passkey", None, EVERYBODY, FORM),
    ("staff_login_second", "staff.second", None, EVERYBODY, FORM),
    ("staff_login_resend", "staff.resend", None, EVERYBODY, ACTS),
    ("staff_login_recovery", "staff.recovery", "recovery", EVERYBODY, FORM),
    ("staff_invite", "links.invite", "link", EVERYBODY, FORM),
    ("staff_invite_code", "links.send_invite", None, EVERYBODY, ACTS),
    ("staff_reset", "reset.reset", "reset", EVERYBODY, FORM),
    ("staff_reset_code", "reset.code", "reset_code", EVERYBODY, FORM),
    ("staff_reset_resend", "reset.resend", None, EVERYBODY, ACTS),
    ("staff_reset_factor", "reset.factor", "reset_factor", EVERYBODY, FORM),
    ("staff_reset_passkey", "reset.passkey", None, EVERYBODY, FORM),
    ("staff_reset_recovery", "reset.recovery", "recovery", EVERYBODY, FORM),
    ("staff_rescue", "links.rescue", "rescue", EVERYBODY, FORM),
    ("staff_reset_password", "reset.password", "reset_password", EVERYBODY, FORM),
    ("staff_reset_link", "links.reset", "link", EVERYBODY, FORM),
    ("staff_reset_link_code", "links.send_reset", None, EVERYBODY, ACTS),
    ("logout", "citizen.logout", None, EVERYBODY, ACTS),
    ("unsent", "pending_submissions.show", "unsent", SIGNED_IN, SHOWS),
    ("unsent_send", "pending_submissions.send", None, SIGNED_IN, ACTS),
    ("unsent_forget", "pending_submissions.forget", None, SIGNED_IN, ACTS),
    ("account", "account.account", "account", SIGNED_IN, SHOWS),
    ("account_name", "account.name", "name", SIGNED_IN, FORM),
    ("account_mobile", "mobile.mobile", "mobile", SIGNED_IN, FORM),
    ("account_mobile_code", "mobile.code", "mobile_code", SIGNED_IN, FORM),
    ("account_mobile_resend", "mobile.resend", None, SIGNED_IN, ACTS),
    ("account_identity", "identity.identity", "identity", SIGNED_IN, FORM),
    ("account_password", "account.password", "password", SIGNED_IN, FORM),
    ("account_confirm", "confirm.confirm", "confirm", SIGNED_IN, FORM),
    ("account_confirm_app", "confirm.app", "confirm", SIGNED_IN, FORM),
    ("account_confirm_code", "confirm.send_code", None, SIGNED_IN, ACTS),
    ("account_confirm_passkey", "confirm.passkey", None, SIGNED_IN, FORM),
    ("account_factor", "passkeys.factor", "factor", STAFF, SHOWS),
    ("account_passkeys", "passkeys.passkeys", "passkeys", SIGNED_IN, SHOWS),
    ("account_passkey_add", "passkeys.add", "passkeys", SIGNED_IN, ACTS),
    ("account_passkey_name", "passkeys.rename", "passkey_name", SIGNED_IN, FORM),
    ("account_passkey_remove", "passkeys.remove", None, SIGNED_IN, ACTS),
    ("account_recovery", "totp.recovery", "recovery_page", STAFF, FORM),
    ("passkey_options", "passkeys.options", None, EVERYBODY, ACTS),
    ("account_sessions", "account.sessions", "sessions", SIGNED_IN, SHOWS),
    ("account_sessions_others", "account.end_other_sessions", None, SIGNED_IN, ACTS),
    ("account_session_end", "account.end_session", None, SIGNED_IN, ACTS),
    ("account_totp", "totp.totp", "totp", STAFF, SHOWS),
    ("account_totp_begin", "totp.begin", None, STAFF, ACTS),
    ("account_totp_setup", "totp.setup", "totp_setup", STAFF, FORM),
    ("account_totp_qr", "totp.qr", None, STAFF, SHOWS),
    ("account_totp_off", "totp.turn_off", None, STAFF, ACTS),
)


def includeme(config: Configurator) -> None:
    """Set the security policy and add the pages."""
    config.set_security_policy(SecurityPolicy())
    config.add_request_method(visitor, "requester", property=True)
    config.add_forbidden_view(denied.forbidden)
    config.add_exception_view(denied.wrong_realm, context=Forbidden)
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.accounts.views",
        templates="civicportal:templates/accounts",
    )
