"""What the provider's answers mean.

Source of the codes: the panel's own help "RESTFUL API", table of status codes, and the models of the official SDKs; what
each leads to is ours. Codes that nobody documents are tried again later.
"""

from civicportal.api import Configuration, Permanent, SendError, Transient, Uncertain

OK = 1
NO_SUCH_MESSAGE = 111


class Misfit(Configuration):
    """One template or the line is wrong; what goes another way still goes."""


#: Status → what it leads to, and what an administrator reads.
STATUSES: dict[int, tuple[type[SendError], str]] = {
    0: (Uncertain, "the provider reports an unknown error"),
    10: (Configuration, "the key of the web service is not valid"),
    11: (Configuration, "the key of the web service is switched off"),
    12: (Configuration, "the key may not be used from this address"),
    13: (Configuration, "the account is switched off"),
    14: (Configuration, "the account is suspended"),
    15: (Configuration, "the account's plan has no web service"),
    16: (Permanent, "a parameter has a wrong value"),
    20: (Transient, "too many requests"),
    101: (Misfit, "the number of the line is not valid"),
    102: (Configuration, "the credit is used up"),
    103: (Permanent, "the text is empty"),
    104: (Permanent, "the mobile number is not valid"),
    105: (Permanent, "more than 100 mobile numbers"),
    106: (Permanent, "more than 100 texts"),
    107: (Permanent, "no mobile number"),
    108: (Permanent, "no text"),
    109: (Permanent, "the time of sending is not valid"),
    110: (Permanent, "not as many texts as mobile numbers"),
    NO_SUCH_MESSAGE: (Permanent, "there is no such message"),
    112: (Permanent, "there is nothing to delete"),
    113: (Misfit, "there is no such template"),
    114: (Permanent, "a parameter is longer than 25 characters"),
    115: (Permanent, "the mobile number is on the blacklist"),
    116: (Misfit, "the template has a parameter that was not given"),
    117: (Permanent, "the text was refused"),
    118: (Permanent, "too many messages"),
    119: (Misfit, "the account's plan has no templates of its own"),
    123: (Misfit, "the line must be activated first"),
    124: (Misfit, "only codes may be sent, and this template is none"),
}
#: HTTP codes under which nobody has looked at the message itself.
_LOCKED = (401, 403, 404, 405, 407)


def error_of_status(status: int, retry_after: float | None = None) -> SendError:
    """Return what a status other than OK leads to.

    :param retry_after: seconds the provider asked for, if it did.
    """
    kind, words = STATUSES.get(status, (Transient, "a status that is not documented"))
    text = f"status {status}: {words}"
    return Transient(text, retry_after) if kind is Transient else kind(text)


def error_of_code(code: int, retry_after: float | None = None) -> SendError:
    """Return what an answer leads to that is not in the provider's form: of a proxy, a filter, a broken server."""
    text = f"HTTP {code} and no answer of sms.ir"
    if code == 429:
        return Transient(text, retry_after)
    if code in _LOCKED or 300 <= code < 400:
        return Configuration(text)
    return Permanent(text) if 400 <= code < 500 else Uncertain(text)
