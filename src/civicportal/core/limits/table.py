"""The table of limits.

``docs/security/limits.md`` lists the numbers; a site can override them in its ``[limits]`` table.
"""

from dataclasses import dataclass
from typing import Literal

Counts = Literal["own", "address", "network", "site"]


@dataclass(frozen=True)
class LimitWindow:
    """A number of hits in a number of seconds."""

    hits: int
    seconds: int


@dataclass(frozen=True)
class Limit:
    """The limit of one kind of use.

    :ivar windows: all of them apply at once.
    :ivar counts: "own": per account, number, case or person; "address": per client address (an IPv6 address by its
        /64); "network": per /24 or /48; "site": all clients together.
    :ivar known: name of the limit that counts recognised people instead, each separately. Without one they are not
        counted by address, network or site, and an "own" limit counts them like all others.
    :ivar passable: unknown clients over the limit may continue after a challenge; otherwise they are refused.
    :ivar scarce: a use costs money or much CPU time, so every class of clients has a share of the site-wide limit.
    """

    windows: tuple[LimitWindow, ...]
    counts: Counts = "own"
    known: str = ""
    passable: bool = False
    scarce: bool = False


#: Percent of a scarce site-wide limit that each class may use. Staff have no share: only their own limits apply.
SHARES = {"unknown": 50, "challenged": 20, "known": 20, "citizen": 10}

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_CODES_OF_STAFF = (LimitWindow(5, 5 * _MINUTE), LimitWindow(20, _HOUR), LimitWindow(50, _DAY))
_CODES_OF_A_NUMBER = (LimitWindow(1, _MINUTE), LimitWindow(3, 10 * _MINUTE), LimitWindow(10, _DAY))


def _own(*windows: LimitWindow, known: str = "", passable: bool = False) -> Limit:
    return Limit(windows, known=known, passable=passable)


def _source(
    *windows: LimitWindow, counts: Counts = "address", known: str = "", passable: bool = True
) -> Limit:
    return Limit(windows, counts, known=known, passable=passable)


def _site(*windows: LimitWindow, scarce: bool = False) -> Limit:
    return Limit(windows, "site", passable=True, scarce=scarce)


#: Sources: OWASP ASVS 5 chapters 2.4 and 6.3, NIST SP 800-63B §5.2.2; the numbers are ours.
LIMITS: dict[str, Limit] = {
    "otp_send_number": _own(*_CODES_OF_A_NUMBER, known="otp_send_known"),
    "otp_send_known": _own(*_CODES_OF_A_NUMBER),
    "otp_send_all_known": _own(LimitWindow(20, _DAY)),
    "otp_send_new": _own(*_CODES_OF_A_NUMBER),
    "otp_send_address": _source(LimitWindow(60, 10 * _MINUTE)),
    "otp_send_network": _source(LimitWindow(300, 10 * _MINUTE), counts="network"),
    "otp_send_site": _site(LimitWindow(1000, _HOUR), LimitWindow(5000, _DAY), scarce=True),
    "otp_verify_staff": _own(*_CODES_OF_STAFF, known="otp_verify_known"),
    "otp_verify_known": _own(*_CODES_OF_STAFF),
    "otp_verify_address": _source(LimitWindow(30, 5 * _MINUTE), LimitWindow(200, _HOUR)),
    "otp_verify_site": _site(LimitWindow(200, 5 * _MINUTE)),
    "track_code": _own(LimitWindow(5, _HOUR), LimitWindow(20, _DAY)),
    "track_own": _own(LimitWindow(5, _HOUR), LimitWindow(20, _DAY)),
    "track_known": _own(LimitWindow(20, 10 * _MINUTE)),
    "track_address": _source(LimitWindow(20, 10 * _MINUTE), known="track_known"),
    "track_site": _site(LimitWindow(300, _HOUR)),
    "contractor_address": _source(LimitWindow(20, 10 * _MINUTE), passable=False),
    "contractor_link": _own(LimitWindow(30, _HOUR)),
    "password_user": _own(LimitWindow(10, 5 * _MINUTE), known="password_device", passable=True),
    "password_device": _own(LimitWindow(10, 5 * _MINUTE)),
    "password_address": _source(LimitWindow(10, 5 * _MINUTE)),
    "password_site": _site(LimitWindow(1000, 5 * _MINUTE), scarce=True),
    "api_token": _own(LimitWindow(600, _MINUTE)),
    "api_address": _source(LimitWindow(600, _MINUTE), passable=False),
    "api_token_wrong": _source(LimitWindow(20, 10 * _MINUTE), passable=False),
    "passkey_known": _own(LimitWindow(60, 10 * _MINUTE)),
    "passkey_ask": _source(LimitWindow(60, 10 * _MINUTE), known="passkey_known", passable=False),
    "passkey_answer": _source(LimitWindow(30, 5 * _MINUTE), known="passkey_wrong", passable=False),
    "passkey_wrong": _own(LimitWindow(30, 5 * _MINUTE)),
    "mobile_change": _own(LimitWindow(3, _DAY)),
    "mobile_change_codes": _own(LimitWindow(5, _HOUR), LimitWindow(10, _DAY)),
    "identity_person": _own(LimitWindow(3, _HOUR), LimitWindow(5, _DAY)),
    "identity_code": _own(LimitWindow(5, _DAY)),
    "identity_site": Limit((LimitWindow(2000, _DAY),), "site"),
    "reveal_officer": _own(LimitWindow(30, _HOUR), LimitWindow(100, _DAY)),
    "caller_officer": _own(LimitWindow(120, _HOUR), LimitWindow(800, _DAY)),
    "export_person": _own(LimitWindow(5, _DAY)),
    "export_officer": _own(LimitWindow(30, _HOUR), LimitWindow(200, _DAY)),
    "export_print": _own(LimitWindow(60, _HOUR), LimitWindow(400, _DAY)),
    "export_numbers": _own(LimitWindow(3, _HOUR), LimitWindow(10, _DAY)),
    "submit_citizen": _own(LimitWindow(10, _HOUR), LimitWindow(30, _DAY)),
    "submit_same": _own(LimitWindow(20, _HOUR)),
    "submit_known": _own(LimitWindow(30, _HOUR)),
    "submit_address": _source(LimitWindow(60, _HOUR), known="submit_known"),
    "note_citizen": _own(LimitWindow(10, _HOUR), LimitWindow(30, _DAY)),
    "upload_owner": _own(LimitWindow(60, _HOUR)),
    "upload_known": _own(LimitWindow(120, _HOUR)),
    "upload_address": _source(LimitWindow(300, _HOUR), known="upload_known", passable=False),
    "csp_address": _source(LimitWindow(20, _HOUR), passable=False),
    "csp_site": Limit((LimitWindow(500, _HOUR),), "site"),
    "inbound_sender": _own(LimitWindow(10, _HOUR), LimitWindow(30, _DAY)),
    "challenge_waits": Limit((LimitWindow(10, _MINUTE),), "network"),
}

DEFAULTS: dict[str, tuple[LimitWindow, ...]] = {name: limit.windows for name, limit in LIMITS.items()}
