"""SMS texts about people's own accounts."""

from civicportal.core.messages import MessageText
from civicportal.util.i18n import _

ACCOUNT_TEXTS = (
    MessageText(
        key="otp.leave",
        title=_("Code for deleting the account, filled in by the browser itself"),
        text=_("{SITE}\nCode to delete your account: {CODE}\nKeep it secret.\n@{HOST} #{CODE}"),
        fields=("CODE", "HOST"),
    ),
    MessageText(
        key="otp.leave.short",
        title=_("Code for deleting the account"),
        text=_("{SITE}\nCode to delete your account: {CODE}\nDo not give this code to anyone."),
        fields=("CODE",),
    ),
    MessageText(
        key="member.mobile_changed",
        title=_("The mobile number was changed; to the former number"),
        text=_("{SITE}: the mobile number of your account was changed. If it was not you, call {PHONE}."),
        fields=("PHONE",),
    ),
    MessageText(
        key="member.app_off",
        title=_("An administrator removed the second factors"),
        text=_("{SITE}: your second sign-in factors were removed. Not asked for? Call {PHONE}."),
        fields=("PHONE",),
    ),
    MessageText(
        key="member.factor_added",
        title=_("A passkey or an authenticator app was added"),
        text=_("{SITE}: a way to sign in was added to your account. If it was not you, call {PHONE}."),
        fields=("PHONE",),
        parts=2,
    ),
    MessageText(
        key="member.factor_removed",
        title=_("A passkey or the authenticator app was removed"),
        text=_("{SITE}: a way to sign in was removed from your account. If it was not you, call {PHONE}."),
        fields=("PHONE",),
    ),
    MessageText(
        key="member.passkey_blocked",
        title=_("A passkey was blocked: there may be a copy of it"),
        text=_("{SITE}: a passkey of your account was blocked. Remove it and add another."),
        fields=(),
    ),
    MessageText(
        key="member.rescue",
        title=_("A rescue link was made on the server"),
        text=_("{SITE}: a rescue link for your account was made. If you did not ask for it, call {PHONE}."),
        fields=("PHONE",),
        parts=2,
    ),
    MessageText(
        key="member.deputy_set",
        title=_("Another person set a deputy; to the absent person"),
        text=_("{SITE}: you have a deputy from {DATE}. If you did not ask for it, call {PHONE}."),
        fields=("DATE", "PHONE"),
    ),
    MessageText(
        key="member.left",
        title=_("The account was deleted by its owner"),
        text=_("{SITE}: your account is deleted. Sign in within 30 days if you want it back."),
        fields=(),
    ),
    MessageText(
        key="identity.verified",
        title=_("The identity was verified later"),
        text=_("{SITE}: your identity is verified."),
        fields=(),
    ),
    MessageText(
        key="identity.mismatched",
        title=_("The identity could not be verified later"),
        text=_("{SITE}: your identity data do not fit this number. Please correct them."),
        fields=(),
    ),
    MessageText(
        key="identity.given_up",
        title=_("The provider of identities did not answer for days"),
        text=_("{SITE}: your identity could not be checked. Please try again."),
        fields=(),
    ),
)
