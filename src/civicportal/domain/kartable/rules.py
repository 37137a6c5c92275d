"""Editing of routing rules: order, hits, and rules that never match."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case as sql_case
from sqlalchemy import func, select
from translationstring import TranslationString

from civicportal.core.db import fetch_row
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.choices import missing_fact
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.routing import BY_RULE
from civicportal.domain.organization.editing import changes, new_key
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.lists import move
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work

LATELY = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class RuleHits:
    """The number of cases a rule has routed.

    :ivar lately: in the last 30 days.
    """

    total: int = 0
    lately: int = 0
    last: datetime | None = None


class RuleService(Service):
    """Manage routing rules."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.organization = work.get(OrganizationService)

    def all(self) -> list[RoutingRule]:
        """Return the rules in order, including disabled ones."""
        return list(self.session.scalars(select(RoutingRule).order_by(RoutingRule.position, RoutingRule.id)))

    def fetch(self, rule_id: int, *, lock: bool = False) -> RoutingRule:
        """Return a rule.

        :raises NotFound: when there is none.
        """
        return fetch_row(self.session, RoutingRule, rule_id, lock=lock)

    def add(self, values: Values) -> RoutingRule:
        """Add a rule at the end.

        :param values: ``title``, ``kind``, ``category_id``, ``facts``, ``choice_id``, ``unit_id``, ``user_id``,
            ``deadline_days``, ``active``.
        """
        last = self.session.scalar(select(func.max(RoutingRule.position)))
        rule = RoutingRule(key=new_key("rule"), position=(last or 0) + 1, **values)
        self.session.add(rule)
        self.session.flush()
        self._record("add", rule, **values)
        return rule

    def change(self, rule: RoutingRule, values: Values) -> None:
        """Change a rule; cases it has routed keep their unit."""
        changed = changes(rule, values)
        for name in changed:
            setattr(rule, name, values[name])
        if changed:
            self._record("change", rule, changes=changed)

    def move(self, rule: RoutingRule, step: int) -> None:
        """Swap a rule with its neighbour.

        :param step: -1 up, 1 down.
        """
        if move(self.all(), rule, step):
            self._record("move", rule, step=step)

    def set_active(self, rule: RoutingRule, active: bool) -> None:
        """Enable or disable a rule."""
        rule.active = active
        self._record("on" if active else "off", rule)

    def hits(self) -> dict[str, RuleHits]:
        """Return the hits of every rule, by key."""
        since = self.work.clock.now() - LATELY
        query = (
            select(
                Referral.rule,
                func.count(),
                func.sum(sql_case((Referral.created_at > since, 1), else_=0)),
                func.max(Referral.created_at),
            )
            # A referral that is passed on keeps the rule of the one before; it is not a new routing.
            .where(Referral.rule.startswith(BY_RULE), Referral.previous_id.is_(None))
            .group_by(Referral.rule)
        )
        return {
            name.removeprefix(BY_RULE): RuleHits(total=total, lately=lately, last=last)
            for name, total, lately, last in self.session.execute(query)
        }

    def may_delete(self, rule: RoutingRule) -> bool:
        """Return whether no case refers to this rule."""
        query = select(Referral.id).where(Referral.rule == BY_RULE + rule.key).limit(1)
        return self.session.scalar(query) is None

    def delete(self, rule: RoutingRule) -> None:
        """Delete a rule that has routed no case.

        :raises Refused: when a case names it.
        """
        if not self.may_delete(rule):
            raise Refused(_("Cases name this rule. It can be switched off, not deleted."))
        self._record("delete", rule, title=rule.title)
        self.session.delete(rule)

    def dead(self) -> dict[int, TranslationString]:
        """Return why enabled rules can never match, by id."""
        found: dict[int, TranslationString] = {}
        before: list[RoutingRule] = []
        for rule in self.all():
            if not rule.active:
                continue
            if reason := self._useless(rule) or self._shadowed(rule, before):
                found[rule.id] = reason
            else:
                before.append(rule)
        return found

    def _useless(self, rule: RoutingRule) -> TranslationString | None:
        unit = self.organization.units.by_id.get(rule.unit_id)
        category = self.organization.categories.by_id.get(rule.category_id or 0)
        if unit is None or not unit.active:
            return _("Its unit takes no cases any more.")
        if rule.kind and rule.kind not in kinds_of(self.work.site):
            return _("Its service is switched off.")
        if category and not category.active:
            return _("Its category is switched off.")
        if rule.choice_id and not self.work.get(QuestionnaireService).is_offered(rule.choice_id):
            return _("Its answer is not offered any more.")
        return missing_fact(self.work.site, self._kind(rule), rule.facts)

    def _shadowed(self, rule: RoutingRule, before: Sequence[RoutingRule]) -> TranslationString | None:
        for other in before:
            if self.covers(other, rule):
                title = other.title or other.key
                return _("“${title}” stands before it and takes all its cases.", mapping={"title": title})
        return None

    def covers(self, broad: RoutingRule, narrow: RoutingRule) -> bool:
        """Return whether one rule matches every case that another matches."""
        if broad.kind and broad.kind != self._kind(narrow):
            return False
        if broad.category_id:
            subtree = self.organization.categories.subtree(broad.category_id)
            if narrow.category_id not in subtree:
                return False
        return broad.choice_id in (None, narrow.choice_id) and broad.facts.items() <= narrow.facts.items()

    def _kind(self, rule: RoutingRule) -> str | None:
        category = self.organization.categories.by_id.get(rule.category_id or 0)
        return rule.kind or (category.kind if category else None)

    def _record(self, what: str, rule: RoutingRule, **data: object) -> None:
        self.work.get(AuditService).record(
            f"routing:{what}", id=rule.id, key=rule.key, subject_id=None, case_id=None, **data
        )
