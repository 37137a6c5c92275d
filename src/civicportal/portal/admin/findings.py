"""Findings about the organisation that keep cases from being handled in time."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.checks import Finding
from civicportal.domain.accounts.city_rights import limited_memberships
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.opening import OpeningService
from civicportal.domain.cases.workflow import CaseKind
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.routing import RoutingService
from civicportal.domain.kartable.rules import RuleService
from civicportal.domain.kartable.usage import UsageService
from civicportal.domain.organization.models import Holiday, OfficeHours, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.organization.workdays import WorkdayService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

AHEAD = timedelta(days=60)
"""How long before a year its holidays should be entered."""


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    yield from _unattended_cases(work)
    yield from _gaps(work)
    yield from _closed_units(work)
    yield from _units_without_people(work)
    yield from _categories_without_people(work)
    yield from _kinds_without_people(work)
    yield from _limited_rights(work)
    yield from _rules(work)
    yield from _office_hours(work)
    yield from _holidays(work)


def _unattended_cases(work: "Work") -> Iterator[Finding]:
    count = work.get(CustodyService).count()
    if count:
        yield Finding(
            level="error",
            place="kartable",
            text=_(
                "Open cases in no kartable of a person who may work on them: ${count}",
                mapping={"count": count},
            ),
            remedy=_("refer them under /kartable/unattended"),
        )


def _gaps(work: "Work") -> Iterator[Finding]:
    """Return a finding about uncovered units and categories."""
    custody = work.get(CustodyService)
    pairs = Counter[str]()
    for gap in custody.gaps():
        pairs[gap.unit.key] += gap.pairs
    if pairs:
        units = ", ".join(f"{key} ({number})" for key, number in pairs.most_common())
        yield Finding(
            level="warning",
            place="units",
            text=_(
                "${gaps} of ${pairs} combinations of unit and topic have no one who sees such cases and may work on them: ${units}",
                mapping={"gaps": pairs.total(), "pairs": custody.pairs(), "units": units},
            ),
            remedy=_(
                "give a member of each unit a role with core:unit:lead, or work without a limit to topics, under /admin/members"
            ),
        )


def _closed_units(work: "Work") -> Iterator[Finding]:
    organization = work.get(OrganizationService)
    usage = work.get(UsageService)
    for unit in organization.units.by_id.values():
        if unit.active:
            continue
        if unit.key == work.site.fallback_unit:
            yield Finding(
                level="error",
                place="site.fallback_unit",
                text=_("the unit ${key} is closed", mapping={"key": unit.key}),
                remedy=_("open it under /admin/units, or name another unit"),
            )
        cases = usage.open_cases(unit)
        if cases:
            yield Finding(
                level="warning",
                place=f"unit {unit.key}",
                text=_("it is closed and still has open cases: ${count}", mapping={"count": cases}),
                remedy=_("refer them under /admin/units"),
            )
    for category in organization.categories.by_id.values():
        responsible = organization.units.by_id.get(category.unit_id or 0)
        if category.active and responsible and not responsible.active:
            yield Finding(
                level="warning",
                place=f"category {category.key}",
                text=_(
                    "its unit ${key} is closed; its cases go to the fallback unit",
                    mapping={"key": responsible.key},
                ),
                remedy=_("give it another unit"),
            )


def _units_without_people(work: "Work") -> Iterator[Finding]:
    organization, staffed = work.get(OrganizationService), work.get(CustodyService).staffed()
    led_to = {c.unit_id for c in organization.categories.by_id.values() if c.active}
    led_to |= {rule.unit_id for rule in work.get(RuleService).all() if rule.active}
    for unit in organization.units.by_id.values():
        if unit.active and unit.id in led_to and unit.id not in staffed:
            yield Finding(
                level="warning",
                place=f"unit {unit.key}",
                text=_(
                    "cases go there, and no one who may work on them is a member of it or of a unit above"
                ),
                remedy=_("civicportal user add, or invite a person under /admin/members"),
            )


def _categories_without_people(work: "Work") -> Iterator[Finding]:
    """Yield categories that no member of their unit covers."""
    organization, custody = work.get(OrganizationService), work.get(CustodyService)
    staffed = custody.staffed(heads=False)
    for category in organization.categories.by_id.values():
        unit = organization.units.by_id.get(category.unit_id or 0)
        if not category.active or unit is None or not unit.active:
            continue
        attends = custody.before(category.kind, category.id, unit.id)
        if attends != "members" and unit.id in staffed:
            yield Finding(
                level="warning",
                place=f"category {category.key}",
                text=_(
                    "no one of its unit ${key} works on it: the members there have other categories, or other rights",
                    mapping={"key": unit.key},
                ),
                remedy=_("give a member this category under /admin/members, or the category another unit"),
            )


def _limited_rights(work: "Work") -> Iterator[Finding]:
    """Yield limited roles with city-wide rights."""
    found: dict[str, set[str]] = {}
    for row, names in limited_memberships(work):
        found.setdefault(row.role.title, set()).update(names)
    for title, rights in found.items():
        yield Finding(
            level="warning",
            place=f"role {title}",
            text=_(
                "the role is given for a unit or a category, which does not include: ${rights}",
                mapping={"rights": " ".join(sorted(rights))},
            ),
            remedy=_("take these rights out of the role, or give it without unit and category"),
        )


def _kinds_without_people(work: "Work") -> Iterator[Finding]:
    """Yield kinds that no one in their default unit works on."""
    custody = work.get(CustodyService)
    for kind, unit in _ends(work):
        if custody.before(kind.name, None, unit.id) == "none":
            yield Finding(
                level="warning",
                place=f"kind {kind.name}",
                text=_(
                    "its cases go to the unit ${key} where no rule says otherwise, and none but administrators may work on them there",
                    mapping={"key": unit.key},
                ),
                remedy=_(
                    "give a member there a role with this right under /admin/members, or write a rule under /admin/routing"
                ),
            )


def _ends(work: "Work") -> Iterator[tuple[CaseKind, Unit]]:
    """Yield each kind with its default unit."""
    organization, routing = work.get(OrganizationService), work.get(RoutingService)
    units = organization.units.by_id
    for kind in kinds_of(work.site).values():
        categories = [one for one in organization.categories_of(kind.name).by_id.values() if one.active]
        parents = {one.parent_id for one in categories}
        leaves = [units.get(one.unit_id or 0) for one in categories if one.id not in parents]
        if leaves and all(unit is not None and unit.active for unit in leaves):
            continue
        key = routing.route(work.get(OpeningService).unknown(kind)).unit
        yield from ((kind, unit) for unit in units.values() if unit.key == key and unit.active)


def _rules(work: "Work") -> Iterator[Finding]:
    service = work.get(RuleService)
    dead = service.dead()
    for rule in service.all():
        if rule.id in dead:
            yield Finding(
                level="warning",
                place=f"rule {rule.key}",
                text=_("the rule never applies: ${reason}", mapping={"reason": dead[rule.id]}),
                remedy=_("change, move or switch it off under /admin/routing"),
            )


def _office_hours(work: "Work") -> Iterator[Finding]:
    organization = work.get(OrganizationService)
    promised = any(c.active and c.deadline_days for c in organization.categories.by_id.values())
    if not promised:
        return
    if work.session.get(OfficeHours, 1) is None:
        yield Finding(
            level="warning",
            place="calendar",
            text=_("deadlines are counted, and no office hours are set"),
            remedy="civicportal site load",
        )
    today = work.site.calendar.today(work.clock.now())
    coming = (today + timedelta(days=number) for number in range(AHEAD.days))
    if not any(map(organization.calendar.is_working_day, coming)):
        yield Finding(
            level="error",
            place="calendar",
            text=_(
                "deadlines are counted, and no office is open for ${days} days", mapping={"days": AHEAD.days}
            ),
            remedy=_("check days off and closures under /admin/calendar"),
        )


def _holidays(work: "Work") -> Iterator[Finding]:
    calendar, service = work.site.calendar, work.get(WorkdayService)
    today = calendar.today(work.clock.now())
    for year in sorted({calendar.year_month_day(day)[0] for day in (today, today + AHEAD)}):
        first, end = service.bounds(year)
        query = select(Holiday.day).where(Holiday.day >= first, Holiday.day < end)
        if work.session.scalar(query.limit(1)) is None:
            yield Finding(
                level="warning",
                place=f"holidays of {year}",
                text=_("no holidays are entered; only the yearly ones of the country count"),
                remedy=_("enter them under /admin/calendar"),
            )
