"""Routing of new cases: by the site's rules in order, the plugin, the category's unit, the fallback unit."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.cases.deadlines import set_deadline
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.opening import PlacementService
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.types import RoutingTarget
from civicportal.domain.organization.services import OrganizationService, Tree, UnknownUnit
from civicportal.domain.questionnaires.services import QuestionnaireService

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.organization.models import Category

log = logging.getLogger(__name__)

BY_RULE = "rule:"
"""Prefix of a rule's name in ``RoutingTarget.rule``."""
ESCALATED = "escalation:"
"""Prefix of ``Referral.rule`` for a case that was escalated, not routed."""
UNATTENDED = "unattended"
"""Value of ``RoutingTarget.rule`` for a case that went to the fallback unit because it would be unattended in its own.
"""


def applies(rule: RoutingRule, case: Case, categories: "Tree[Category]") -> bool:
    """Return whether kind and category of a rule match a case."""
    if rule.kind and rule.kind != case.kind:
        return False
    return not rule.category_id or case.category_id in categories.subtree(rule.category_id)


def fits(rule: RoutingRule, case: Case, facts: Mapping[str, str], categories: "Tree[Category]") -> bool:
    """Return whether kind, category and facts of a rule match a case."""
    return applies(rule, case, categories) and all(
        facts.get(name) == value for name, value in rule.facts.items()
    )


class RoutingService(PlacementService):
    """Find the route of a case and the rule that decides."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.organization = work.get(OrganizationService)
        self._placed: dict[Case, RoutingTarget] = work.memo()

    def place(self, case: Case, start: datetime) -> None:
        """Assign a new case its unit and its deadline.

        :param start: start of the working time.
        """
        route = self._placed[case] = self.route(case)
        case.unit_id = self.organization.unit(route.unit).id
        set_deadline(case, start, self.days(case, route.deadline_days), self.organization.calendar)

    def placed(self, case: Case) -> RoutingTarget:
        """Return the route of a case of this unit of work."""
        return self._placed[case]

    def route(self, case: Case) -> RoutingTarget:
        """Return the unit a case is routed to, skipping units that are missing or no longer accept cases.

        A unit in which the case would be unattended is skipped too, if it would be attended in the fallback unit.
        ``RoutingTarget.rule`` says what decided: ``rule:<key>``, ``plugin``, ``category``, ``fallback`` or
        ``unattended``.
        """
        route = self._by_rule(case) or self._by_plugin(case) or self.by_category(case) or self.fallback()
        return self._to_person_or_unit(case, route)

    def rules(self) -> list[RoutingRule]:
        """Return the active rules in their order; cached reference data, read-only."""
        return self.work.reference("routing", _read_rules)

    def days(self, case: Case, of_rule: float | None) -> float | None:
        """Return the office days for a case.

        They are those of the rule that routed it, else of its category.
        """
        category = self.organization.categories.by_id.get(case.category_id or 0)
        return of_rule or (category.deadline_days if category else None)

    def days_again(self, case: Case) -> float | None:
        """Return the office days of a reopened case, as the rule that routed it last defines them today."""
        routed = (
            select(RoutingRule.deadline_days)
            .select_from(Referral)
            .outerjoin(RoutingRule, Referral.rule == BY_RULE + RoutingRule.key)
            .where(Referral.case_id == case.id, Referral.rule != "", Referral.rule.not_like(f"{ESCALATED}%"))
            .order_by(Referral.id.desc())
        )
        return self.days(case, self.work.session.scalar(routed.limit(1)))

    def first_fit(self, case: Case, rules: "list[RoutingRule]") -> RoutingRule | None:
        """Return the first matching rule with an accepting unit."""
        facts: Mapping[str, str] | None = None
        for rule in rules:
            unit = self.organization.units.by_id.get(rule.unit_id)
            if unit is None or not unit.active or not applies(rule, case, self.organization.categories):
                continue
            if rule.facts and facts is None:
                kind = kind_of(self.work.site, case.kind)
                facts = kind.facts(case, self.work) if kind.facts else {}
            if rule.choice_id and rule.choice_id not in self.work.get(QuestionnaireService).chosen(case):
                continue
            if fits(rule, case, facts or {}, self.organization.categories):
                return rule
        return None

    def by_category(self, case: Case) -> RoutingTarget | None:
        """Return the route to the unit of the case's category."""
        category = self.organization.categories.by_id.get(case.category_id or 0)
        unit = self.organization.units.by_id.get(category.unit_id or 0) if category else None
        return RoutingTarget(unit=unit.key, rule="category") if unit and unit.active else None

    def fallback(self) -> RoutingTarget:
        """Return the route of a case that nothing else decides."""
        return RoutingTarget(unit=self.work.site.fallback_unit, rule="fallback")

    def _to_person_or_unit(self, case: Case, route: RoutingTarget) -> RoutingTarget:
        """Return the route, or the fallback for a case that would be attended only there."""
        unit = replace(route, user_id=None)
        fallback = replace(unit, unit=self.work.site.fallback_unit, rule=UNATTENDED)
        for one in (route, unit, fallback):
            there = next((u for u in self.organization.units.by_id.values() if u.key == one.unit), None)
            custody = self.work.get(CustodyService)
            if there and custody.before(case.kind, case.category_id, there.id, one.user_id) != "none":
                return one
        return unit

    def _by_rule(self, case: Case) -> RoutingTarget | None:
        rule = self.first_fit(case, self.rules())
        if rule is None:
            return None
        return RoutingTarget(
            unit=self.organization.units.by_id[rule.unit_id].key,
            user_id=rule.user_id if rule.user_id and self._works_in(rule.user_id, rule.unit_id) else None,
            deadline_days=rule.deadline_days,
            rule=BY_RULE + rule.key,
        )

    def _by_plugin(self, case: Case) -> RoutingTarget | None:
        route: RoutingTarget | None = self.work.site.hooks.hook.route_case(case=case, work=self.work)
        if route is None:
            return None
        try:
            unit = self.organization.unit(route.unit)
        except UnknownUnit as error:
            # A unit may be missing or deleted: no report of a citizen may fail for it.
            log.error("route_case: %s", error)
            return None
        return route if unit.active else None

    def _works_in(self, user_id: int, unit_id: int) -> bool:
        query = select(User.id).join(Membership, Membership.user_id == User.id)
        query = query.where(User.id == user_id, Membership.unit_id == unit_id)
        return bool(
            self.work.session.scalar(query.where(User.disabled_at.is_(None), User.deleted_at.is_(None)))
        )


def _read_rules(session: Session) -> list[RoutingRule]:
    query = select(RoutingRule).where(RoutingRule.active).order_by(RoutingRule.position, RoutingRule.id)
    return list(session.scalars(query))
