"""Where a new case goes: the site's rules in their order, then the plugin, the category's unit, the fallback."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.cases.models import Case
from civicportal.kartable.models import RoutingRule
from civicportal.kartable.types import Route
from civicportal.organization.services import OrganizationService, Tree

if TYPE_CHECKING:
    from civicportal.organization.models import Category
    from civicportal.work import Work


def fits(rule: RoutingRule, case: Case, facts: Mapping[str, str], categories: "Tree[Category]") -> bool:
    """Tell whether every condition of a rule holds for a case."""
    if rule.kind and rule.kind != case.kind:
        return False
    if rule.category_id and case.category_id not in categories.subtree(rule.category_id):
        return False
    return all(facts.get(name) == value for name, value in rule.facts.items())


class RoutingService:
    """Find the route of a case and say by which rule."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.organization = work.get(OrganizationService)

    def route(self, case: Case) -> Route:
        """Return where a case goes; there is always an answer.

        ``Route.rule`` names what decided: ``rule:<key>``, ``plugin``, ``category`` or ``fallback``.
        """
        return self._by_rule(case) or self._by_plugin(case) or self._by_category(case) or self._fallback()

    def rules(self) -> list[RoutingRule]:
        """Return the active rules in their order."""
        query = select(RoutingRule).where(RoutingRule.active).order_by(RoutingRule.position, RoutingRule.id)
        return list(self.work.session.scalars(query))

    def _by_rule(self, case: Case) -> Route | None:
        kind = self.work.site.kind(case.kind)
        rules = self.rules()
        if not rules:
            return None
        facts = kind.facts(case, self.work) if kind.facts else {}
        for rule in rules:
            if fits(rule, case, facts, self.organization.categories):
                unit = self.organization.units.by_id[rule.unit_id]
                return Route(
                    unit=unit.key,
                    user_id=rule.user_id,
                    deadline_days=rule.deadline_days,
                    rule=f"rule:{rule.key}",
                )
        return None

    def _by_plugin(self, case: Case) -> Route | None:
        route: Route | None = self.work.site.hooks.hook.route_case(case=case, work=self.work)
        return route

    def _by_category(self, case: Case) -> Route | None:
        category = self.organization.categories.by_id.get(case.category_id or 0)
        if category is None or category.unit_id is None:
            return None
        return Route(unit=self.organization.units.by_id[category.unit_id].key, rule="category")

    def _fallback(self) -> Route:
        return Route(unit=self.work.site.fallback_unit, rule="fallback")
