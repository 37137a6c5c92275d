"""Form options for administration."""

from typing import TYPE_CHECKING

from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import RoutingFact
from civicportal.domain.kartable.addressees import offered
from civicportal.domain.organization.editing import in_order
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.calendar import CityCalendar
from civicportal.util.calendar.formats import WEEKDAYS
from civicportal.util.i18n import is_persian
from civicportal.web.request import Request
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.domain.organization.models import Category


def kind_options(request: Request) -> list[Option]:
    """Return the kinds of cases."""
    return [Option(value=kind.name, label=kind.title) for kind in kinds_of(request.site).values()]


def root_options(roots: "list[Category]") -> list[Option]:
    """Return root categories as options."""
    return [Option(value=str(root.id), label=root.name) for root in roots]


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
    """Return the facts available in rules, by name."""
    found: dict[str, tuple[RoutingFact, set[str]]] = {}
    for kind in kinds_of(site).values():
        for fact in kind.known_facts(site) if kind.known_facts else ():
            found.setdefault(fact.name, (fact, set()))[1].add(kind.name)
    return found


def day_options(calendar: CityCalendar, locale: str) -> list[Option]:
    """Return the days of the city's week, from its first."""
    names = WEEKDAYS["fa" if is_persian(locale) else "en"]
    return [Option(value=str(day), label=names[day]) for day in calendar.week]
