"""References to a unit that should be moved before it is closed."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update

from civicportal.core.translated import text_in
from civicportal.core.work import Service
from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.organization.models import Category, Unit
from civicportal.util.persian import alphabetical


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person who works in a unit, and their role."""

    user: User
    role: str
    category_id: int | None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """References to a unit.

    :ivar referrals: open referrals, including copies and inquiries.
    :ivar cases: open referrals for action.
    :ivar categories: active categories it is responsible for.
    :ivar rules: active rules that route to it.
    :ivar units: active units below it.
    """

    referrals: int
    cases: int
    categories: list[Category]
    rules: list[RoutingRule]
    units: list[Unit]


class UsageService(Service):
    """Find and move references to a unit."""

    def members(self, unit: Unit) -> list[Member]:
        """Return the members of a unit, ordered by name."""
        query = (
            select(User, Membership)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.unit_id == unit.id, User.disabled_at.is_(None), User.deleted_at.is_(None))
            .order_by(User.id, Membership.id)
        )
        rows = sorted(self.session.execute(query), key=lambda row: alphabetical(row[0].name))
        return [
            Member(
                user=user,
                role=text_in(membership.role, "title", self.work.locale),
                category_id=membership.category_id,
            )
            for user, membership in rows
        ]

    def of(self, unit: Unit) -> Usage:
        """Return the current references to a unit."""
        referrals = select(func.count()).where(Referral.to_unit_id == unit.id, Referral.closed_at.is_(None))
        categories = select(Category).where(Category.unit_id == unit.id, Category.active)
        rules = select(RoutingRule).where(RoutingRule.unit_id == unit.id, RoutingRule.active)
        units = select(Unit).where(Unit.parent_id == unit.id, Unit.active)
        return Usage(
            referrals=self.session.scalar(referrals) or 0,
            cases=self.open_cases(unit),
            categories=list(self.session.scalars(categories.order_by(Category.weight.desc(), Category.id))),
            rules=list(self.session.scalars(rules.order_by(RoutingRule.position))),
            units=list(self.session.scalars(units.order_by(Unit.weight.desc(), Unit.id))),
        )

    def open_cases(self, unit: Unit) -> int:
        """Return the number of a unit's open cases."""
        query = select(func.count()).where(*_to_act(unit))
        return self.session.scalar(query) or 0

    def open_codes(self, unit: Unit, limit: int) -> list[str]:
        """Return the codes of a unit's open cases, oldest first."""
        query = (
            select(Case.code)
            .join(Referral, Referral.case_id == Case.id)
            .where(*_to_act(unit))
            .order_by(Referral.id)
            .limit(limit)
        )
        return list(self.session.scalars(query))

    def hand_over(self, unit: Unit, target: Unit) -> None:
        """Transfer categories and routing rules to another unit."""
        usage = self.of(unit)
        for model in (Category, RoutingRule):
            self.session.execute(
                update(model).where(model.unit_id == unit.id, model.active).values(unit_id=target.id)
            )
        # A person named in a rule works in the old unit.
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
