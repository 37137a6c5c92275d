"""What the organisation lacks so that every case reaches somebody in time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.accounts.models import Membership, Role, RolePermission, User
from civicportal.checks import Finding
from civicportal.i18n import _
from civicportal.kartable.rules import RuleService
from civicportal.kartable.usage import UsageService
from civicportal.organization.models import Holiday, Unit
from civicportal.organization.services import OrganizationService
from civicportal.organization.workdays import WorkdayService

if TYPE_CHECKING:
    from civicportal.work import Work

AHEAD = timedelta(days=60)
"""So long before a year begins its holidays should be known."""


def findings(work: "Work") -> Iterator[Finding]:
    """Yield what is wrong, each with its remedy."""
    yield from _closed_units(work)
    yield from _units_without_people(work)
    yield from _rules(work)
    yield from _holidays(work)


def _closed_units(work: "Work") -> Iterator[Finding]:
    organization = work.get(OrganizationService)
    lines = work.get(UsageService).open_lines()
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
        if lines.get(unit.id):
            yield Finding(
                level="warning",
                place=f"unit {unit.key}",
                text=_("it is closed and has ${count} open cases", mapping={"count": lines[unit.id]}),
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
    organization = work.get(OrganizationService)
    staffed = _staffed(work)
    if None in staffed:
        return
    led_to = {c.unit_id for c in organization.categories.by_id.values() if c.active}
    led_to |= {rule.unit_id for rule in work.get(RuleService).all() if rule.active}
    for unit in organization.units.by_id.values():
        if unit.active and unit.id in led_to and not _line(organization, unit) & staffed:
            yield Finding(
                level="warning",
                place=f"unit {unit.key}",
                text=_(
                    "cases go there, and nobody who may work on them is a member of it or of a unit above"
                ),
                remedy=_("civicportal user add, or invite somebody under /admin/members"),
            )


def _staffed(work: "Work") -> set[int | None]:
    """Return the units in which somebody may work on cases; None for people of all units."""
    query = (
        select(Membership.unit_id)
        .join(User, User.id == Membership.user_id)
        .join(Role, Role.id == Membership.role_id)
        .join(RolePermission, RolePermission.role_id == Role.id)
        .where(
            User.disabled_at.is_(None),
            User.deleted_at.is_(None),
            RolePermission.permission.endswith(":case:work"),
        )
    )
    return set(work.session.scalars(query))


def _line(organization: OrganizationService, unit: Unit | None) -> set[int | None]:
    """Return a unit and all above it, by id."""
    line: set[int | None] = set()
    while unit is not None:
        line.add(unit.id)
        unit = organization.units.by_id.get(unit.parent_id or 0)
    return line


def _rules(work: "Work") -> Iterator[Finding]:
    service = work.get(RuleService)
    dead = service.dead()
    for rule in service.all():
        if rule.id in dead:
            yield Finding(
                level="warning",
                place=f"rule {rule.key}",
                text=_("it can never decide: ${reason}", mapping={"reason": dead[rule.id]}),
                remedy=_("change, move or switch it off under /admin/routing"),
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
                text=_("none are entered; only those that the country has every year count"),
                remedy=_("enter them under /admin/calendar"),
            )
