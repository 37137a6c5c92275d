"""Text messages, with fields in braces; administrators change the wording under ``/admin/messages``."""

from translationstring import TranslationString

from civicportal.api.notifications import MessageText
from civicportal_parking_permits.i18n import _


def _text(event: str, title: TranslationString, text: TranslationString, *fields: str) -> MessageText:
    return MessageText(
        key=f"parking_permits.{event}", title=title, text=text, fields=("TRACK", "SITE", *fields)
    )


#: A text for each state that is told of, and for what happens to a case besides.
MESSAGES = (
    _text("applied", _("Application received"), _("Your parking application is in.\nCode: {TRACK}\n{SITE}")),
    _text("checked", _("Documents checked"), _("The documents of {TRACK} are in order.\n{SITE}")),
    _text("payment_due", _("Payment asked"), _("Permit {TRACK}: please pay {FEE}.\n{SITE}"), "FEE"),
    _text("paid", _("Payment received"), _("Your payment for {TRACK} has arrived.\n{SITE}")),
    _text("issued", _("Permit issued"), _("Permit {TRACK} holds until {DATE}.\n{SITE}"), "DATE"),
    _text("expired", _("Permit expired"), _("Permit {TRACK} has expired.\n{SITE}")),
    _text("renewal", _("Permit ends soon"), _("Permit {TRACK} ends {DATE}; renew it.\n{SITE}"), "DATE"),
    _text("refused", _("Application refused"), _("{TRACK} was refused. Reason: portal.\n{SITE}")),
    _text("withdrawn", _("Application withdrawn"), _("Application {TRACK} is withdrawn.\n{SITE}")),
    _text("reopened", _("Application looked at again"), _("{TRACK} is looked at again.\n{SITE}")),
    _text("referred", _("Application referred"), _("{TRACK} went to {UNIT}.\n{SITE}"), "UNIT"),
    _text("answered", _("Application answered"), _("{TRACK} was answered, see the portal.\n{SITE}")),
    _text(
        "status",
        _("Application: answer to an inbound message"),
        _("{TRACK}: {STATUS}, {DATE}\n{SITE}"),
        "STATUS",
        "DATE",
    ),
)
