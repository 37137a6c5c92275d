"""Forms of sign-in and of the account."""

from datetime import date

import colander
from translationstring import TranslationString

from civicportal.domain.accounts.passwords import MAXIMUM
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web import schema
from civicportal.web.forms import (
    CodeWidget,
    HiddenWidget,
    MobileWidget,
    NumberWidget,
    PasswordWidget,
    TextWidget,
)
from civicportal.web.schema import (
    CityDate,
    CleanText,
    Code,
    Identifier,
    Mobile,
    NationalCode,
    Node,
    StrictSchema,
)
from civicportal.web.schema.base import bound


def _password(title: TranslationString, **options: object) -> Node:
    return Node(schema.Password(1, MAXIMUM), title=title, **options)


class MobileEntry(StrictSchema):
    """Citizen sign-in."""

    mobile = Node(
        Mobile(),
        title=_("Mobile number"),
        description=_("Spaces do not matter, and any digits are fine."),
        widget=MobileWidget(),
    )


class NewMobile(StrictSchema):
    """A new mobile number."""

    mobile = Node(
        Mobile(),
        title=_("New mobile number"),
        description=_("A code is sent to it, which shows that it is yours."),
        widget=MobileWidget(),
    )


def _is_past(node: colander.SchemaNode, value: date) -> None:
    if value > bound(node, "today"):
        raise colander.Invalid(node, _("This day is still to come."))


class IdentityEntry(StrictSchema):
    """The data that an identity provider verifies; bound to ``today``."""

    national_code = Node(
        NationalCode(),
        title=_("National code"),
        widget=NumberWidget(autocomplete="off"),
        description=_("Ten digits."),
    )
    birth_date = Node(
        CityDate(),
        title=_("Date of birth"),
        last=lambda bindings: bindings["today"],
        example=date(1985, 3, 21),
        autocomplete="bday",
        validator=_is_past,
    )


class CodeEntry(StrictSchema):
    """A code by SMS."""

    code = Node(
        Code(),
        title=_("One-time code"),
        description=_("Paste it from the SMS; on most phones it is filled in by itself."),
    )


class AppCodeEntry(StrictSchema):
    """A code of an authenticator app."""

    code = Node(
        Code(), title=_("Code of the app"), widget=CodeWidget(), description=_("The six digits shown now.")
    )


class RecoveryEntry(StrictSchema):
    """A recovery code."""

    code = Node(
        schema.RecoveryCodeString(),
        title=_("Recovery code"),
        widget=TextWidget(autocomplete="off", css_class="ltr d-block w-100"),
    )


class _Answer(schema.Secret):
    """The JSON of a ``PublicKeyCredential``."""

    longest = 16 * 1024

    def read(self, _node: colander.SchemaNode, text: str) -> str:
        """Return the text; the service verifies it."""
        return text


class PasskeyAnswer(StrictSchema):
    """The answer of a passkey, filled in by a script."""

    credential = Node(_Answer(), widget=HiddenWidget())


class PasskeyName(StrictSchema):
    """The name a person gives a passkey."""

    name = Node(
        CleanText(1, 60),
        title=_("Name of the passkey"),
        description=_("So that you know later where it is, for instance: my phone."),
        widget=TextWidget(),
    )


class NewPasskey(PasskeyAnswer, PasskeyName):
    """A new passkey and its name."""


class CitizenPassword(StrictSchema):
    """Mobile and password."""

    mobile = Node(Mobile(), title=_("Mobile number"), widget=MobileWidget())
    password = _password(_("Password"))


class StaffPassword(StrictSchema):
    """User name and password."""

    username = Node(
        Identifier(),
        title=_("User name"),
        widget=TextWidget(autocomplete="username", css_class="ltr d-block w-100"),
    )
    password = _password(_("Password"))


class PasswordEntry(StrictSchema):
    """The password for re-authentication."""

    password = _password(_("Password"))


class NameEntry(StrictSchema):
    """A person's name."""

    name = Node(CleanText(2, 120), title=_("First and last name"), widget=TextWidget(autocomplete="name"))


class NewPassword(StrictSchema):
    """A new password, typed twice."""

    new = _password(_("New password"), widget=PasswordWidget(autocomplete="new-password"))
    again = _password(_("New password once more"), widget=PasswordWidget(autocomplete="new-password"))

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse two different passwords."""
        if values["new"] != values["again"]:
            error = colander.Invalid(node)
            error["again"] = _("The two passwords are not the same.")
            raise error


class ResetEntry(StrictSchema):
    """The account of a forgotten password."""

    username = Node(
        Identifier(),
        title=_("User name"),
        widget=TextWidget(autocomplete="username", css_class="ltr d-block w-100"),
    )
    mobile = Node(Mobile(), title=_("Mobile number"), widget=MobileWidget())


class ResetByLink(NewPassword, CodeEntry):
    """The code that verifies the mobile, and a new password."""


class JoinEntry(ResetByLink, NameEntry):
    """Name, code and password of a new member of staff."""


class PasswordChange(NewPassword):
    """A new password instead of the current one."""

    present = _password(_("Present password"), insert_before="new")
