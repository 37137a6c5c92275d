"""Automations: their administration, and queuing of runs in the transaction of their cause."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from translationstring import TranslationString

from civicportal.core.db import fetch_row
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.automation.models import Automation, AutomationRun
from civicportal.domain.automation.triggers import triggers_of
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.choices import missing_fact
from civicportal.domain.organization.editing import changes, new_key
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.lists import IdPage, move, newest_first
from civicportal.util.values import Values

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

COUNTED = timedelta(days=30)
MOST_AUTOMATIONS = 100
STATES: dict[str, TranslationString] = {
    "waiting": _("Waiting"),
    "done": _("Done"),
    "refused": _("Not possible"),
    "failed": _("Failed"),
}
"""States of runs that the log shows, with their titles."""


@dataclass(frozen=True, kw_only=True)
class AutomationSummary:
    """How an automation is doing.

    :ivar done: runs of the last thirty days that did something.
    :ivar unsuccessful: those that were refused or failed.
    :ivar last: time of the last of them that did something.
    """

    done: int = 0
    unsuccessful: int = 0
    last: datetime | None = None


class AutomationService(Service):
    """Administer automations, and queue runs for changes of cases."""

    # -- events ---------------------------------------------------------------------------------------------

    def case_changed(self, change: CaseChange) -> None:
        """Queue the runs for a change, which the worker runs after the commit.

        Nothing of an automation is looked at here except when it runs and for which service: whatever its other settings
        are, the change goes through.
        """
        automations = self.work.reference("automations", _read_active)
        if not automations:
            return
        triggers = set(triggers_of(change.kind, change.event))
        fitting = [
            one for one in automations if one.trigger in triggers and one.kind in (None, change.kind.name)
        ]
        if not fitting:
            return
        now = self.work.clock.now()
        rows = [
            {
                "automation_id": one.id,
                "case_id": change.case.id,
                "event_id": change.event.id,
                "state": "waiting",
                # Staff can take back a step for a moment; until then nothing follows from it.
                "due_at": now + self._undo if self.work.actor.is_staff else now,
                "attempts": 0,
                "reason": "",
                "created_at": now,
            }
            for one in fitting
        ]
        self.session.execute(self.work.site.engines.insert(AutomationRun).values(rows))

    @property
    def _undo(self) -> timedelta:
        return timedelta(seconds=self.work.site.settings["notifications"]["undo_seconds"])

    # -- administration -------------------------------------------------------------------------------------

    def all(self) -> list[Automation]:
        """Return the automations in order, including disabled ones."""
        return list(self.session.scalars(select(Automation).order_by(Automation.position, Automation.id)))

    def fetch(self, automation_id: int, *, lock: bool = False) -> Automation:
        """Return an automation.

        :raises NotFound: when there is none.
        """
        return fetch_row(self.session, Automation, automation_id, lock=lock)

    def add(self, values: Values) -> Automation:
        """Add an automation at the end.

        :param values: columns of the table.
        :raises Refused: when there are too many.
        """
        rows = self.all()
        if len(rows) >= MOST_AUTOMATIONS:
            text = _(
                "There are ${count} automations already, which is the maximum.",
                mapping={"count": MOST_AUTOMATIONS},
            )
            raise Refused(text)
        automation = Automation(
            **{"key": new_key("automation"), **values},
            position=rows[-1].position + 1 if rows else 1,
            active_since=self.work.clock.now(),
        )
        self.session.add(automation)
        self.session.flush()
        self._record("add", automation, **values)
        return automation

    def change(self, automation: Automation, values: Values) -> None:
        """Change an automation; what it has done stays.

        Another time or another age counts from now on.
        """
        changed = changes(automation, values)
        for name in changed:
            setattr(automation, name, values[name])
        is_new_start = changed.keys() & {"trigger", "age", "age_unit"} or "active" in changed
        if is_new_start and automation.active:
            automation.active_since = self.work.clock.now()
        # Someone has looked at it.
        automation.failing = False
        if changed:
            self._record("change", automation, changes=changed)

    def move(self, automation: Automation, step: int) -> None:
        """Swap an automation with its neighbour.

        :param step: -1 up, 1 down.
        """
        if move(self.all(), automation, step):
            self._record("move", automation, step=step)

    def set_active(self, automation: Automation, active: bool) -> None:
        """Switch an automation on or off."""
        if active and not automation.active:
            automation.active_since, automation.failing = self.work.clock.now(), False
        automation.active = active
        self._record("on" if active else "off", automation)

    def referring_to(self, unit_id: int) -> list[Automation]:
        """Return the active automations that refer cases to a unit."""
        return [one for one in self.all() if one.active and one.to_unit_id == unit_id]

    def hand_over(self, unit_id: int, target_id: int) -> None:
        """Let the active automations that refer to a unit refer to another one."""
        for automation in self.referring_to(unit_id):
            self.change(automation, {"to_unit_id": target_id, "to_user_id": None})

    def may_delete(self, automation: Automation) -> bool:
        """Return whether it has done nothing."""
        query = select(AutomationRun.id).where(
            AutomationRun.automation_id == automation.id, AutomationRun.state == "done"
        )
        return self.session.scalar(query.limit(1)) is None

    def delete(self, automation: Automation) -> None:
        """Delete an automation that has done nothing.

        :raises Refused: when cases name it.
        """
        if not self.may_delete(automation):
            raise Refused(_("Cases name this automation. It can be switched off, not deleted."))
        self._record("delete", automation)
        self.session.delete(automation)

    def summaries(self) -> dict[int, AutomationSummary]:
        """Return how automations are doing, by id."""
        query = (
            select(
                AutomationRun.automation_id,
                AutomationRun.state,
                func.count().label("number"),
                func.max(AutomationRun.done_at).label("last"),
            )
            .where(
                AutomationRun.state.in_(("done", "refused", "failed")),
                AutomationRun.done_at > self.work.clock.now() - COUNTED,
            )
            .group_by(AutomationRun.automation_id, AutomationRun.state)
        )
        counts: dict[int, dict[str, int]] = {}
        last: dict[int, datetime] = {}
        for row in self.session.execute(query):
            counts.setdefault(row.automation_id, {})[row.state] = row.number
            if row.state == "done":
                last[row.automation_id] = row.last
        return {
            one: AutomationSummary(
                done=found.get("done", 0),
                unsuccessful=found.get("refused", 0) + found.get("failed", 0),
                last=last.get(one),
            )
            for one, found in counts.items()
        }

    def last_problems(self) -> Mapping[int, AutomationRun]:
        """Return the last run of each automation, if it was refused or failed."""
        ended = (AutomationRun.state.in_(("done", "refused", "failed")),)
        latest = (
            select(AutomationRun.id)
            .where(AutomationRun.automation_id == Automation.id, *ended)
            .order_by(AutomationRun.done_at.desc(), AutomationRun.id.desc())
            .limit(1)
            .correlate(Automation)
            .scalar_subquery()
        )
        query = select(AutomationRun).join(Automation, AutomationRun.id == latest)
        runs = self.session.scalars(query.where(AutomationRun.state != "done"))
        return {run.automation_id: run for run in runs}

    def unusable(self, automation: Automation) -> TranslationString | None:
        """Return why an automation can do nothing, if it is so."""
        organization = self.work.get(OrganizationService)
        category = organization.categories.by_id.get(automation.category_id or 0)
        to_unit = organization.units.by_id.get(automation.to_unit_id or 0)
        if automation.kind and automation.kind not in kinds_of(self.work.site):
            return _("Its service is switched off.")
        if category and not category.active:
            return _("Its category is switched off.")
        if to_unit and not to_unit.active:
            return _("Its unit takes no cases any more.")
        if automation.choice_id and not self.work.get(QuestionnaireService).is_offered(automation.choice_id):
            return _("Its answer is not offered any more.")
        kind = automation.kind or (category.kind if category else None)
        return missing_fact(self.work.site, kind, automation.facts)

    def runs(
        self,
        automation: Automation,
        state: str | None,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> IdPage:
        """Return one page of the log of an automation, each run with its case."""
        rows = (
            select(AutomationRun, Case)
            .join(Case, Case.id == AutomationRun.case_id)
            .where(
                AutomationRun.automation_id == automation.id,
                AutomationRun.state.in_((state,) if state else tuple(STATES)),
            )
        )
        return newest_first(self.session, rows, AutomationRun.id, before=before, after=after)

    def visible(self, case_ids: Iterable[int]) -> frozenset[int]:
        """Return which of some cases the actor may see."""
        query = select(Case.id).where(Case.id.in_(list(case_ids)), visible(self.work.actor))
        return frozenset(self.session.scalars(query))

    def _record(self, what: str, automation: Automation, **data: object) -> None:
        self.work.get(AuditService).record(
            f"automation:{what}",
            id=automation.id,
            subject_id=None,
            case_id=None,
            **{"title": automation.title, **data},
        )


def _read_active(session: "Session") -> Sequence[Automation]:
    query = select(Automation).where(Automation.active)
    return session.scalars(query.order_by(Automation.position, Automation.id)).all()
