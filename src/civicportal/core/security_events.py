"""Security events in the log."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from civicportal.core.crypto import Keys

log = logging.getLogger("civicportal.security")

#: Every event with its level.
EVENTS = {
    "auth.login": logging.INFO,
    "auth.login.refused": logging.WARNING,
    "auth.code.refused": logging.WARNING,
    "auth.logout": logging.INFO,
    "auth.password.changed": logging.INFO,
    "auth.factor.changed": logging.INFO,
    "auth.sessions.ended": logging.INFO,
    "auth.link": logging.INFO,
    "auth.token.changed": logging.INFO,
    "auth.token.refused": logging.WARNING,
    "authz.denied": logging.WARNING,
    "account.changed": logging.INFO,
    "rights.changed": logging.WARNING,
    "settings.changed": logging.INFO,
    "data.revealed": logging.INFO,
    "data.exported": logging.INFO,
    "audit.verified": logging.INFO,
    "limit.hit": logging.WARNING,
    "limit.site": logging.WARNING,
    "csrf.refused": logging.WARNING,
    "csp.report": logging.WARNING,
}
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def log_security_event(event: str, *, user: int | None = None, **fields: object) -> None:
    """Log an event; client address and request id are added.

    :param event: of `EVENTS`.
    :param user: id of the acting person, or of the account used in an attempt.
    :param fields: further fields; never user texts, codes, passwords or full numbers.
    :raises KeyError: for an unknown event.
    """
    log.log(EVENTS[event], event, extra={"event": event, "user": user, **fields})


def name_key(keys: "Keys", name: str) -> str:
    """Return a keyed hash of a user name or mobile."""
    return str(keys.mac("security event", name).hex()[:20].translate(_LETTERS))
