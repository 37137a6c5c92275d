"""Meaning of the provider's status codes.

Source of the codes: the panel's own help "RESTFUL API", table of status codes, and the models of the official SDKs; the
classification is ours. Undocumented codes are retried later.
"""

from civicportal.api.notifications import (
    GatewayMisconfigured,
    PermanentFailure,
    SendError,
    TransientFailure,
    UncertainDelivery,
)
from civicportal_sms_ir.i18n import _

OK = 1
NO_SUCH_MESSAGE = 111


class TemplateOrLineRejected(GatewayMisconfigured):
    """A template or the line is wrong.

    Other ways of sending still work.
    """


class NoSuchAddress(GatewayMisconfigured):
    """The URL was not found.

    If it ends in a message id, that id may not exist.
    """


#: Status → error class, and message for administrators.
STATUSES: dict[int, tuple[type[SendError], str]] = {
    0: (UncertainDelivery, _("status 0: the provider reports an unknown error")),
    10: (GatewayMisconfigured, _("status 10: the key of the web service is not valid")),
    11: (GatewayMisconfigured, _("status 11: the key of the web service is switched off")),
    12: (GatewayMisconfigured, _("status 12: the key may not be used from this address")),
    13: (GatewayMisconfigured, _("status 13: the account is switched off")),
    14: (GatewayMisconfigured, _("status 14: the account is suspended")),
    15: (GatewayMisconfigured, _("status 15: the account's plan has no web service")),
    16: (PermanentFailure, _("status 16: a parameter has a wrong value")),
    20: (TransientFailure, _("status 20: too many requests")),
    101: (TemplateOrLineRejected, _("status 101: the number of the line is not valid")),
    102: (GatewayMisconfigured, _("status 102: the credit is used up")),
    103: (PermanentFailure, _("status 103: the text is empty")),
    104: (PermanentFailure, _("status 104: the mobile number is not valid")),
    105: (PermanentFailure, _("status 105: more than 100 mobile numbers")),
    106: (PermanentFailure, _("status 106: more than 100 texts")),
    107: (PermanentFailure, _("status 107: no mobile number")),
    108: (PermanentFailure, _("status 108: no text")),
    109: (PermanentFailure, _("status 109: the time of sending is not valid")),
    110: (PermanentFailure, _("status 110: not as many texts as mobile numbers")),
    NO_SUCH_MESSAGE: (PermanentFailure, _("status 111: there is no such message")),
    112: (PermanentFailure, _("status 112: there is nothing to delete")),
    113: (TemplateOrLineRejected, _("status 113: there is no such template")),
    114: (PermanentFailure, _("status 114: a parameter is longer than 25 characters")),
    115: (PermanentFailure, _("status 115: the mobile number is on the blacklist")),
    116: (TemplateOrLineRejected, _("status 116: the template has a parameter that was not given")),
    117: (PermanentFailure, _("status 117: the text was refused")),
    118: (PermanentFailure, _("status 118: too many messages")),
    119: (TemplateOrLineRejected, _("status 119: the account's plan has no templates of its own")),
    123: (TemplateOrLineRejected, _("status 123: the line must be activated first")),
    124: (TemplateOrLineRejected, _("status 124: only codes may be sent, and this template is none")),
}
#: HTTP status codes that do not concern the message itself.
_LOCKED = (401, 403, 405, 407)


def error_of_status(status: int, retry_after: float | None = None) -> SendError:
    """Return the error of a status other than OK.

    :param retry_after: seconds requested by the provider, if any.
    """
    unknown = _("status ${status}: not documented", mapping={"status": status})
    kind, text = STATUSES.get(status, (TransientFailure, unknown))
    return TransientFailure(text, retry_after) if kind is TransientFailure else kind(text)


def error_of_code(code: int, retry_after: float | None = None) -> SendError:
    """Return the error of a response in another format, as of a proxy, a filter or a broken server."""
    text = _("HTTP ${code} and no answer of sms.ir", mapping={"code": code})
    if code == 429:
        return TransientFailure(text, retry_after)
    if code == 404:
        return NoSuchAddress(text)
    if code in _LOCKED or 300 <= code < 400:
        return GatewayMisconfigured(text)
    return PermanentFailure(text) if 400 <= code < 500 else UncertainDelivery(text)
