"""Findings about site-wide limits that are reached."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from civicportal.core.checks import Finding
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

PLACE = "limits."
WHAT = {
    "otp_send_site": _("codes by SMS"),
    "otp_verify_site": _("wrong codes"),
    "password_site": _("wrong passwords"),
    "track_site": _("wrong tracking codes"),
    "identity_site": _("checks of identity"),
    "csp_site": _("reports of browsers"),
}
WHO = {
    "unknown": _("unknown devices"),
    "challenged": _("unknown devices that passed the challenge"),
    "known": _("known devices"),
    "citizen": _("signed-in citizens"),
    "everybody": _("everybody"),
}


def findings(work: "Work") -> Iterator[Finding]:
    """Yield a warning for every reached site-wide limit.

    It disappears when the window ends.
    """
    for alarm in work.site.limits.alarms():
        yield Finding(
            level="warning",
            place=f"{PLACE}{alarm.name}",
            text=_(
                "a limit is reached: ${what} (${who}), ${used} of ${hits}, until ${time}",
                mapping={
                    "what": WHAT[alarm.name],
                    "who": WHO[alarm.requesters],
                    "used": alarm.used,
                    "hits": alarm.hits,
                    "time": work.site.calendar.format_time(alarm.until, locale="en"),
                },
            ),
            remedy=_(
                "known devices, signed-in people and staff come in as usual, unknown devices get a challenge; if it lasts, block the networks in the reverse proxy: see docs/security/limits.md"
            ),
        )
