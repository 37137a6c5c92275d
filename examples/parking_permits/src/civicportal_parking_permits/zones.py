"""Zones: seeded from a file, changed in the browser, and never with more permits than places."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import colander
from sqlalchemy import func, select

from civicportal.api.cases import Case
from civicportal.api.database import Service
from civicportal.api.plugins import ConfigurationError, NotFound, Refused
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.models import Permit, Zone
from civicportal_parking_permits.names import TAKEN
from civicportal_parking_permits.settings import ZoneFields

FILE = "parking_zones.toml"
"""In the folder of the site's seeds."""


class ZoneService(Service):
    """Reads and changes zones."""

    def all(self) -> Sequence[Zone]:
        """Return every zone by name."""
        return self.session.scalars(select(Zone).order_by(Zone.name)).all()

    def fetch(self, key: str) -> Zone:
        """Return a zone.

        :raises NotFound: when there is none of this key.
        """
        zone = self.session.scalar(select(Zone).where(Zone.key == key))
        if zone is None:
            raise NotFound("no such zone")
        return zone

    def change(self, zone: Zone, *, name: str, fee: int, quota: int, active: bool) -> None:
        """Change a zone; permits in force keep their fee."""
        zone.name, zone.fee, zone.quota, zone.active = name, fee, quota, active

    def taken(self) -> dict[int, int]:
        """Return how many places are taken, by id of the zone."""
        query = (
            select(Permit.zone_id, func.count())
            .join(Case, Case.id == Permit.case_id)
            .where(Case.status.in_(TAKEN))
            .group_by(Permit.zone_id)
        )
        return {row[0]: row[1] for row in self.session.execute(query)}

    def has_room(self, permit: Permit) -> bool:
        """Return whether its zone has a place for a permit; the permit that it renews does not count."""
        zone = self.session.get_one(Zone, permit.zone_id)
        own = [permit.case_id, permit.renews_id or permit.case_id]
        query = (
            select(func.count())
            .select_from(Permit)
            .join(Case, Case.id == Permit.case_id)
            .where(Permit.zone_id == zone.id, Case.status.in_(TAKEN), Permit.case_id.not_in(own))
        )
        return (self.session.scalar(query) or 0) < zone.quota

    def take_place(self, permit: Permit) -> None:
        """Lock the zone and check that it has a place, so that concurrent officers cannot take the last one twice.

        :raises Refused: when the zone is full.
        """
        self.session.execute(select(Zone.id).where(Zone.id == permit.zone_id).with_for_update())
        if not self.has_room(permit):
            raise Refused(_("No place is free in this zone."))

    def add_missing(self, file: Path) -> list[str]:
        """Add the missing zones of a file.

        :returns: their keys.
        :raises ConfigurationError: when a zone of the file is invalid.
        """
        known = {zone.key for zone in self.all()}
        added = [Zone(**values, active=True) for values in read_zones(file) if values["key"] not in known]
        self.session.add_all(added)
        self.session.flush()
        return [zone.key for zone in added]


def read_zones(file: Path) -> list[dict[str, object]]:
    """Return the zones of ``parking_zones.toml``, none without the file.

    :raises ConfigurationError: names the file and the error.
    """
    if not file.is_file():
        return []
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8"))["zones"]
        return [dict(ZoneFields().deserialize(row)) for row in rows]
    except (tomllib.TOMLDecodeError, KeyError, colander.Invalid) as error:
        raise ConfigurationError(f"{file}: {error}") from None
