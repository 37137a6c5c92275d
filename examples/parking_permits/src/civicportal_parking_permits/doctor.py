"""Findings about parking permits on a site."""

from collections.abc import Iterator

from civicportal.api.database import Work
from civicportal.api.kartable import KartableService
from civicportal.api.people import PeopleService
from civicportal.api.plugins import Finding
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.names import PAYMENT
from civicportal_parking_permits.zones import ZoneService


def findings(work: Work) -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    zones = work.get(ZoneService)
    known, taken = zones.all(), zones.taken()
    if not any(zone.active for zone in known):
        yield Finding(
            level="error",
            place="zones",
            text=_("there is no zone that takes applications, so none can be sent"),
            remedy=_("write data/parking_zones.toml and run civicportal parking-permits zones"),
        )
    for zone in known:
        if taken.get(zone.id, 0) > zone.quota:
            yield Finding(
                level="warning",
                place=zone.key,
                text=_("more permits are in force than the zone has places"),
                remedy=_("give the zone more places, or wait until permits have expired"),
            )
    if not _anyone_may(work, PAYMENT):
        yield Finding(
            level="error",
            place="roles",
            text=_("no one may record payments, so no permit is ever issued"),
            remedy=_(
                "give a person a role with ${permission} under /admin/members",
                mapping={"permission": PAYMENT},
            ),
        )


def _anyone_may(work: Work, permission: str) -> bool:
    staff = {user.id: user for user, _unit_id in work.get(KartableService).addressees()}
    return any(work.get(PeopleService).identity(user).permits(permission) for user in staff.values())
