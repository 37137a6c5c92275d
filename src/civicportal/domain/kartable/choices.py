"""Form options of rules about cases."""

from typing import TYPE_CHECKING

from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import RoutingFact
from civicportal.domain.kartable.addressees import offered
from civicportal.domain.organization.editing import in_order
from civicportal.domain.organization.services import OrganizationService
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work


def people_options(work: "Work") -> list[Option]:
    """Return the staff of all units: the value is ``<unit>-<user>``."""
    units = work.get(OrganizationService).units
    people = offered(work)
    return [
        Option(value=f"{unit.id}-{user_id}", label=name, group=unit.name)
        for _depth, unit in in_order(units)
        for user_id, name in people.get(unit.id, ())
    ]


def known_facts(site: "Site") -> dict[str, tuple[RoutingFact, set[str]]]:
    """Return the facts available in rules, by name, with the kinds that know them."""
    found: dict[str, tuple[RoutingFact, set[str]]] = {}
    for kind in kinds_of(site).values():
        for fact in kind.known_facts(site) if kind.known_facts else ():
            found.setdefault(fact.name, (fact, set()))[1].add(kind.name)
    return found
