"""What still points to a unit: before it is closed, all this should go elsewhere."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select, update

from civicportal.accounts.models import Membership, User
from civicportal.audit.services import AuditService
from civicportal.cases.models import Case
from civicportal.kartable.models import Referral, RoutingRule
from civicportal.organization.models import Category, Unit
from civicportal.persian import alphabetical

if TYPE_CHECKING:
    from civicportal.work import Work


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody who works in a unit, and as what."""

    user: User
    role: str
    category_id: int | None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What points to a unit.

    :ivar lines: open lines of kartables, copies and inquiries too; ``cases``: those on which it has to act.
    :ivar categories: active categories it is responsible for; ``rules``: active rules that lead to it.
    :ivar units: active units below it.
    """

    lines: int
    cases: int
    categories: list[Category]
    rules: list[RoutingRule]
    units: list[Unit]


class UsageService:
    """Finds and hands over what points to a unit."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    def members(self, unit: Unit) -> list[Member]:
        """Return who works in a unit, by name."""
        query = (
            select(User, Membership)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.unit_id == unit.id, User.disabled_at.is_(None), User.deleted_at.is_(None))
            .order_by(User.id, Membership.id)
        )
        rows = sorted(self.session.execute(query), key=lambda row: alphabetical(row[0].name))
        return [
            Member(user=user, role=membership.role.title, category_id=membership.category_id)
            for user, membership in rows
        ]

    def of(self, unit: Unit) -> Usage:
        """Return what points to a unit now."""
        lines = select(func.count()).where(Referral.to_unit_id == unit.id, Referral.closed_at.is_(None))
        categories = select(Category).where(Category.unit_id == unit.id, Category.active)
        rules = select(RoutingRule).where(RoutingRule.unit_id == unit.id, RoutingRule.active)
        units = select(Unit).where(Unit.parent_id == unit.id, Unit.active)
        return Usage(
            lines=self.session.scalar(lines) or 0,
            cases=self.open_cases(unit),
            categories=list(self.session.scalars(categories.order_by(Category.weight.desc(), Category.id))),
            rules=list(self.session.scalars(rules.order_by(RoutingRule.position))),
            units=list(self.session.scalars(units.order_by(Unit.weight.desc(), Unit.id))),
        )

    def open_cases(self, unit: Unit) -> int:
        """Return in how many cases a unit has to act, by the lines themselves."""
        query = select(func.count()).where(*_to_act(unit))
        return self.session.scalar(query) or 0

    def open_codes(self, unit: Unit, limit: int) -> list[str]:
        """Return the codes of cases whose action line lies in a unit, the oldest first."""
        query = (
            select(Case.code)
            .join(Referral, Referral.case_id == Case.id)
            .where(*_to_act(unit))
            .order_by(Referral.id)
            .limit(limit)
        )
        return list(self.session.scalars(query))

    def hand_over(self, unit: Unit, target: Unit) -> None:
        """Let another unit be responsible for the categories of a unit, and let its rules lead there."""
        usage = self.of(unit)
        for model in (Category, RoutingRule):
            self.session.execute(
                update(model).where(model.unit_id == unit.id, model.active).values(unit_id=target.id)
            )
        # A rule's person works in the old unit.
        self.session.execute(
            update(RoutingRule)
            .where(RoutingRule.id.in_([rule.id for rule in usage.rules]))
            .values(user_id=None)
        )
        self.work.get(AuditService).record(
            "unit:hand_over",
            id=unit.id,
            to=target.id,
            categories=[category.key for category in usage.categories],
            rules=[rule.key for rule in usage.rules],
        )


def _to_act(unit: Unit) -> tuple[ColumnElement[bool], ...]:
    return Referral.to_unit_id == unit.id, Referral.closed_at.is_(None), Referral.type == "action"
