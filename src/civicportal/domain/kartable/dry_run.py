"""Dry run of the current routing rules on past cases, without changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.opening import OpeningService
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.routing import BY_RULE, RoutingService
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService

if TYPE_CHECKING:
    from civicportal.core.work import Work

MOST = 1000
"""Maximum number of cases in one dry run."""
SHOWN = 100
"""Maximum number of differences that are listed."""


@dataclass(frozen=True, kw_only=True)
class RoutingDifference:
    """A case that would be routed differently now.

    :ivar unit_then: id of its unit.
    :ivar rule_then: what routed it there, as in ``RoutingTarget.rule``.
    :ivar unit_now: id of the unit that it would get.
    :ivar rule_now: what would route it there.
    :ivar seen: whether the actor may see the case.
    """

    case: Case
    unit_then: int
    rule_then: str
    unit_now: int
    rule_now: str
    seen: bool


@dataclass(kw_only=True)
class DryRun:
    """The result of a dry run.

    :ivar cases: number of cases examined.
    :ivar caught: number of cases by key of the rule; also by ``plugin``, ``category`` and ``fallback``.
    :ivar gained: number of these that would be routed differently, by the same keys.
    :ivar differences: the first differences.
    :ivar rerouted: number of all differences.
    """

    cases: int = 0
    rerouted: int = 0
    caught: Counter[str] = field(default_factory=Counter)
    gained: Counter[str] = field(default_factory=Counter)
    differences: list[RoutingDifference] = field(default_factory=list)


class DryRunService(Service):
    """Apply routing rules to past cases without changing them."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.routing = work.get(RoutingService)
        self.organization = work.get(OrganizationService)

    def run(
        self,
        rules: Sequence[RoutingRule],
        *,
        newest: int = MOST,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> DryRun:
        """Route the newest cases of a period by some rules.

        :param newest: how many cases, ``MOST`` at most.
        """
        outcome = DryRun()
        found = self._cases(min(newest, MOST), since, until)
        seen = self._seen(found)
        if any(rule.facts for rule in rules):
            self.work.get(OpeningService).read_details(case for case, _referral in found)
        if any(rule.choice_id for rule in rules):
            self.work.get(QuestionnaireService).read_choices([case for case, _referral in found])
        for case, referral in found:
            unit_id, rule = self._route(case, referral, list(rules))
            outcome.cases += 1
            outcome.caught[rule] += 1
            if unit_id == referral.to_unit_id:
                continue
            outcome.rerouted += 1
            outcome.gained[rule] += 1
            if len(outcome.differences) < SHOWN:
                outcome.differences.append(
                    RoutingDifference(
                        case=case,
                        unit_then=referral.to_unit_id,
                        rule_then=referral.rule,
                        unit_now=unit_id,
                        rule_now=rule,
                        seen=case.id in seen,
                    )
                )
        return outcome

    def _route(self, case: Case, referral: Referral, rules: list[RoutingRule]) -> tuple[int, str]:
        if rule := self.routing.first_fit(case, rules):
            return rule.unit_id, BY_RULE + rule.key
        if referral.rule == "plugin":
            # A plugin routes by the open cases of that moment, which cannot be reconstructed: keep its result.
            return referral.to_unit_id, referral.rule
        route = self.routing.by_category(case) or self.routing.fallback()
        return self.organization.unit(route.unit).id, route.rule

    def _cases(
        self, limit: int, since: datetime | None, until: datetime | None
    ) -> list[tuple[Case, Referral]]:
        first = (
            select(func.min(Referral.id).label("id"))
            .where(Referral.case_id == Case.id, Referral.rule != "")
            .correlate(Case)
            .scalar_subquery()
        )
        query = select(Case, Referral).join(Referral, Referral.id == first)
        if since:
            query = query.where(Case.created_at >= since)
        if until:
            query = query.where(Case.created_at < until)
        rows = self.session.execute(query.order_by(Case.created_at.desc(), Case.id.desc()).limit(limit))
        return [(case, referral) for case, referral in rows]

    def _seen(self, found: Sequence[tuple[Case, Referral]]) -> set[int]:
        ids = [case.id for case, _referral in found]
        return set(self.session.scalars(select(Case.id).where(Case.id.in_(ids), visible(self.work.actor))))
