"""People, sessions and rights."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.domain.accounts.guards import visitor
from civicportal.domain.accounts.policy import SecurityPolicy
from civicportal.domain.accounts.rest import OPERATIONS
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
    "pending_submissions": "/unsent",
    "pending_submissions.send": "/unsent/send",
    "pending_submissions.forget": "/unsent/forget",
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
    ("login", "citizen.login", "login", PagePermission.EVERYBODY, FORM),
    ("login_code", "citizen.code", "code", PagePermission.EVERYBODY, FORM),
    ("login_resend", "citizen.resend", None, PagePermission.EVERYBODY, ACTS),
    ("login_passkey", "citizen.passkey", None, PagePermission.EVERYBODY, FORM),
    ("login_state", "codes.state", "json", PagePermission.EVERYBODY, SHOWS),
    ("login_password", "citizen.password", "password_login", PagePermission.EVERYBODY, FORM),
    ("login_name", "citizen.name", "first_name", PagePermission.CITIZEN, FORM),
    ("staff_login", "staff.login", "staff_login", PagePermission.EVERYBODY, FORM),
    ("staff_login_code", "staff.code", "staff_code", PagePermission.EVERYBODY, FORM),
    ("staff_login_passkey", "staff.passkey", None, PagePermission.EVERYBODY, FORM),
    ("staff_login_second", "staff.second", None, PagePermission.EVERYBODY, FORM),
    ("staff_login_resend", "staff.resend", None, PagePermission.EVERYBODY, ACTS),
    ("staff_login_recovery", "staff.recovery", "recovery", PagePermission.EVERYBODY, FORM),
    ("staff_invite", "links.invite", "link", PagePermission.EVERYBODY, FORM),
    ("staff_invite_code", "links.send_invite", None, PagePermission.EVERYBODY, ACTS),
    ("staff_reset", "reset.reset", "reset", PagePermission.EVERYBODY, FORM),
    ("staff_reset_code", "reset.code", "reset_code", PagePermission.EVERYBODY, FORM),
    ("staff_reset_resend", "reset.resend", None, PagePermission.EVERYBODY, ACTS),
    ("staff_reset_factor", "reset.factor", "reset_factor", PagePermission.EVERYBODY, FORM),
    ("staff_reset_passkey", "reset.passkey", None, PagePermission.EVERYBODY, FORM),
    ("staff_reset_recovery", "reset.recovery", "recovery", PagePermission.EVERYBODY, FORM),
    ("staff_rescue", "links.rescue", "rescue", PagePermission.EVERYBODY, FORM),
    ("staff_reset_password", "reset.password", "reset_password", PagePermission.EVERYBODY, FORM),
    ("staff_reset_link", "links.reset", "link", PagePermission.EVERYBODY, FORM),
    ("staff_reset_link_code", "links.send_reset", None, PagePermission.EVERYBODY, ACTS),
    ("logout", "citizen.logout", None, PagePermission.EVERYBODY, ACTS),
    (
        "pending_submissions",
        "pending_submissions.show",
        "pending_submissions",
        PagePermission.SIGNED_IN,
        SHOWS,
    ),
    ("pending_submissions.send", "pending_submissions.send", None, PagePermission.SIGNED_IN, ACTS),
    ("pending_submissions.forget", "pending_submissions.forget", None, PagePermission.SIGNED_IN, ACTS),
    ("account", "account.account", "account", PagePermission.SIGNED_IN, SHOWS),
    ("account_name", "account.name", "name", PagePermission.SIGNED_IN, FORM),
    ("account_mobile", "mobile.mobile", "mobile", PagePermission.SIGNED_IN, FORM),
    ("account_mobile_code", "mobile.code", "mobile_code", PagePermission.SIGNED_IN, FORM),
    ("account_mobile_resend", "mobile.resend", None, PagePermission.SIGNED_IN, ACTS),
    ("account_identity", "identity.identity", "identity", PagePermission.SIGNED_IN, FORM),
    ("account_password", "account.password", "password", PagePermission.SIGNED_IN, FORM),
    ("account_confirm", "confirm.confirm", "confirm", PagePermission.SIGNED_IN, FORM),
    ("account_confirm_app", "confirm.app", "confirm", PagePermission.SIGNED_IN, FORM),
    ("account_confirm_code", "confirm.send_code", None, PagePermission.SIGNED_IN, ACTS),
    ("account_confirm_passkey", "confirm.passkey", None, PagePermission.SIGNED_IN, FORM),
    ("account_factor", "passkeys.factor", "factor", PagePermission.STAFF, SHOWS),
    ("account_passkeys", "passkeys.passkeys", "passkeys", PagePermission.SIGNED_IN, SHOWS),
    ("account_passkey_add", "passkeys.add", "passkeys", PagePermission.SIGNED_IN, ACTS),
    ("account_passkey_name", "passkeys.rename", "passkey_name", PagePermission.SIGNED_IN, FORM),
    ("account_passkey_remove", "passkeys.remove", None, PagePermission.SIGNED_IN, ACTS),
    ("account_recovery", "totp.recovery", "recovery_page", PagePermission.STAFF, FORM),
    ("passkey_options", "passkeys.options", None, PagePermission.EVERYBODY, ACTS),
    ("account_sessions", "account.sessions", "sessions", PagePermission.SIGNED_IN, SHOWS),
    ("account_sessions_others", "account.end_other_sessions", None, PagePermission.SIGNED_IN, ACTS),
    ("account_session_end", "account.end_session", None, PagePermission.SIGNED_IN, ACTS),
    ("account_totp", "totp.totp", "totp", PagePermission.STAFF, SHOWS),
    ("account_totp_begin", "totp.begin", None, PagePermission.STAFF, ACTS),
    ("account_totp_setup", "totp.setup", "totp_setup", PagePermission.STAFF, FORM),
    ("account_totp_qr", "totp.qr", None, PagePermission.STAFF, SHOWS),
    ("account_totp_off", "totp.turn_off", None, PagePermission.STAFF, ACTS),
)


def includeme(config: Configurator) -> None:
    """Set the security policy and add the pages."""
    config.set_security_policy(SecurityPolicy())
    config.add_request_method(visitor, "requester", property=True)
    config.add_request_method("civicportal.domain.accounts.step_up.prove", "ask_proof")
    config.add_forbidden_view(denied.forbidden)
    config.add_exception_view(denied.wrong_realm, context=Forbidden)
    config.add_operations(OPERATIONS)
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.accounts.views",
        templates="civicportal:templates/accounts",
    )
