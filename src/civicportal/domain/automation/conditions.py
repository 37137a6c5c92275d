"""If an automation applies to a case."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement

from civicportal.core.work import Service
from civicportal.domain.automation.models import Automation
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.services import OrganizationService, Tree
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.persian import folded

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.organization.models import Category, Unit

_BETWEEN = re.compile(r"[,،;؛\n]+")


class ConditionService(Service):
    """Compare cases with the conditions of automations."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.organization = work.get(OrganizationService)
        self.questionnaires = work.get(QuestionnaireService)

    def fits(self, automation: Automation, case: Case, *, but_status: bool = False) -> bool:
        """Return whether a case meets all conditions.

        :param but_status: whatever its status is.
        """
        return (
            automation.kind in (None, case.kind)
            and (but_status or automation.status in (None, case.status))
            and automation.source in (None, case.source)
            and automation.urgent in (None, case.urgent)
            and _covers(self.organization.categories, automation.category_id, case.category_id)
            and _covers(self.organization.units, automation.unit_id, case.unit_id)
            and self._has_words(automation, case)
            and self._has_facts(automation, case)
            and self._has_choice(automation, case)
        )

    def sql(self, automation: Automation) -> Iterable[ColumnElement[bool]]:
        """Yield the conditions that are columns of a case, except for kind and status."""
        if automation.source:
            yield Case.source == automation.source
        if automation.urgent is not None:
            yield Case.urgent.is_(automation.urgent)
        if automation.category_id:
            yield Case.category_id.in_(self.organization.categories.subtree(automation.category_id))
        if automation.unit_id:
            yield Case.unit_id.in_(self.organization.units.subtree(automation.unit_id))
        if automation.choice_id:
            yield self.questionnaires.has_choice(automation.choice_id)

    def _has_choice(self, automation: Automation, case: Case) -> bool:
        return automation.choice_id is None or automation.choice_id in self.questionnaires.chosen(case)

    def _has_facts(self, automation: Automation, case: Case) -> bool:
        if not automation.facts:
            return True
        kind = kind_of(self.work.site, case.kind)
        facts = kind.facts(case, self.work) if kind.facts else {}
        return all(facts.get(name) == value for name, value in automation.facts.items())

    @staticmethod
    def _has_words(automation: Automation, case: Case) -> bool:
        words = words_of(automation.words)
        text = f" {folded(case.subject, case.body, case.place)} " if words else ""
        return not words or any(f" {word} " in text for word in words)


def _covers(tree: "Tree[Category] | Tree[Unit]", root_id: int | None, row_id: int | None) -> bool:
    return root_id is None or row_id in tree.subtree(root_id)


def words_of(text: str) -> Sequence[str]:
    """Return the words or phrases of a condition, as they are compared."""
    return [word for part in _BETWEEN.split(text) if (word := folded(part))]
