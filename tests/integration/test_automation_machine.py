"""Whatever happens, an automation acts at most once for an event, causes no other one, and leaves no case unattended.

A machine opens cases and moves them as staff and citizens, switches automations on and off, lets time pass, and runs
the jobs of the worker, some of whose transactions end before their commit.
"""

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from selection import LONG
from sqlalchemy import select

from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.automation.actions import ActionService
from civicportal.domain.automation.ages import queue_due
from civicportal.domain.automation.models import Automation, AutomationRun
from civicportal.domain.automation.running import run_waiting
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.automation.triggers import TRIGGERS
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import UnknownTransition
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.escalation import escalate
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.organization.models import Category
from civicportal.testing import make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.util.errors import Conflict, Forbidden, NotFound, Refused

pytestmark = pytest.mark.both_databases

EXAMPLES, STEPS = (60, 40) if LONG else (8, 25)
#: What may be said no to; anything else is a fault.
NO = (Refused, Forbidden, NotFound, Conflict, UnknownTransition)
STEPS_OF = {
    "staff": ("accept", "pause", "resume", "finish", "reject"),
    "citizen": ("withdraw", "object"),
}
#: Anything of a list, by a number that means the same when the list is shorter.
any_number = st.integers(0, 10_000)


class Killed(BaseException):
    """The process ends: nothing is committed, and no failure is counted."""


class Portal(RuleBasedStateMachine):
    """A city with two attended units and one without staff. Rows of earlier runs stay in the database."""

    site: Any
    clock: Any
    serial = 0

    @initialize()
    def found(self) -> None:
        """Make units, people, a category; switch off the automations of earlier runs."""
        Portal.serial += 1
        name = f"m{Portal.serial}"
        with self.site.work() as work:
            for one in work.get(AutomationService).all():
                one.active = False
            units = [make_unit(work, f"{name}u{number}") for number in range(3)]
            self.units = [unit.id for unit in units]
            self.staff = [
                make_staff(work, f"{name}r{number}", unit=units[number], username=f"{name}p{number}").id
                for number in range(2)
            ]
            self.citizen = make_citizen(work, f"+98901{Portal.serial:07d}").id
            self.topic = make_category(work, f"{name}t", unit=units[0]).id
            self.cases: list[int] = []
            self.automations: list[int] = []

    # -- what happens ---------------------------------------------------------------------------------------

    @rule(
        trigger=st.sampled_from(sorted(TRIGGERS)),
        to=st.sampled_from([None, 0, 1, 2]),
        urgent=st.sampled_from([None, True, False]),
        message=st.booleans(),
        note=st.booleans(),
        tells=st.booleans(),
        backlog=st.booleans(),
        status=st.sampled_from([None, "registered", "working"]),
        age=st.sampled_from([0.5, 1.0, 3.0]),
    )
    def automate(self, trigger, to, urgent, message, note, tells, backlog, status, age) -> None:
        """Add an automation; some refer to the unit without staff."""
        with self.site.work() as work:
            added = work.get(AutomationService).add(
                {
                    "title": f"a{len(self.automations)}",
                    "trigger": trigger,
                    "age": age,
                    "backlog": backlog,
                    "category_id": self.topic,
                    "status": status,
                    "set_urgent": urgent,
                    "to_unit_id": None if to is None else self.units[to],
                    "message": "we are at it" if message else "",
                    "note": "look" if note else "",
                    "tells": tells,
                }
            )
            self.automations.append(added.id)

    @precondition(lambda self: self.automations)
    @rule(which=any_number, active=st.booleans())
    def switch(self, which, active) -> None:
        """Switch an automation on or off."""
        with self.site.work() as work:
            service = work.get(AutomationService)
            service.set_active(service.fetch(self.automations[which % len(self.automations)]), active)

    @rule()
    def open(self) -> None:
        """Open a case; without active automations nothing is written for them."""
        with self.site.work() as work:
            citizen = work.session.get(User, self.citizen)
            before = self.number_of_runs(work)
            case = make_case(work, citizen=citizen, category=work.session.get(Category, self.topic))
            active = work.session.scalar(select(Automation.id).where(Automation.active).limit(1))
            if active is None:
                assert self.number_of_runs(work) == before
            self.cases.append(case.id)

    @precondition(lambda self: self.cases)
    @rule(which=any_number, who=any_number, step=any_number)
    def step(self, which, who, step) -> None:
        """Take a step as staff or as the citizen."""
        realm = ("staff", "staff", "citizen")[step % 3]
        name = STEPS_OF[realm][step % len(STEPS_OF[realm])]
        with suppress(*NO), self.acting(realm, who) as work:
            work.get(CaseService).apply(self.case(work, which), name)

    @precondition(lambda self: self.cases)
    @rule(which=any_number, who=any_number, to=st.integers(0, 1))
    def refer(self, which, who, to) -> None:
        """Refer a case."""
        with suppress(*NO), self.acting("staff", who) as work:
            work.get(KartableService).refer(self.case(work, which), self.units[to])

    @precondition(lambda self: self.cases)
    @rule(which=any_number, who=any_number, by_citizen=st.booleans())
    def write(self, which, who, by_citizen) -> None:
        """Write a note."""
        with suppress(*NO), self.acting("citizen" if by_citizen else "staff", who) as work:
            case, cases = self.case(work, which), work.get(CaseService)
            if by_citizen:
                cases.add_note(case, f"more {self.clock.now()}")
            else:
                cases.comment(case, "a note")

    @precondition(lambda self: self.cases)
    @rule(which=any_number, who=any_number)
    def undo(self, which, who) -> None:
        """Take back the last step."""
        with suppress(*NO), self.acting("staff", who) as work:
            case, undo = self.case(work, which), work.get(UndoService)
            if event := undo.last(case):
                undo.undo(case, event.id)

    @rule(minutes=st.sampled_from([1, 30, 600, 3000]))
    def wait(self, minutes) -> None:
        """Let time pass."""
        self.clock.advance(minutes=minutes)

    @rule(kill=st.sampled_from(["", "", "before", "after"]))
    def work(self, kill) -> None:
        """Run the worker; it may be killed in its first transaction, before or after the actions."""
        queue_due(self.site)
        escalate(self.site)
        before = self.summary()
        if not kill:
            run_waiting(self.site)
            return
        act = ActionService.act

        def killed(service: ActionService, *args: Any) -> bool:
            if kill == "after":
                act(service, *args)
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ActionService, "act", killed)
            try:
                run_waiting(self.site)
            except Killed:
                assert self.summary()[1:] == before[1:]

    # -- what always holds ----------------------------------------------------------------------------------

    @invariant()
    def acts_once_and_for_people(self) -> None:
        """Each run belongs to an event of a person or the registration, and none has two."""
        if not self.automations:
            return
        with self.site.work(write=False) as work:
            query = (
                select(AutomationRun, CaseEvent)
                .join(CaseEvent, CaseEvent.id == AutomationRun.event_id)
                .where(AutomationRun.automation_id.in_(self.automations))
            )
            rows = work.session.execute(query).all()
            runs = Counter((run.automation_id, run.event_id) for run, _event in rows)
            assert all(number == 1 for number in runs.values())
            for run, event in rows:
                assert event.case_id == run.case_id
                assert event.type == "opened" or event.realm != "system"

    @invariant()
    def no_more_than_was_ordered(self) -> None:
        """The history has the entries of an automation as often as it is said to have acted."""
        if not self.automations:
            return
        with self.site.work(write=False) as work:
            for automation_id in self.automations:
                automation = work.session.get_one(Automation, automation_id)
                done = work.session.scalars(
                    select(AutomationRun.case_id).where(
                        AutomationRun.automation_id == automation_id, AutomationRun.state == "done"
                    )
                ).all()
                events = work.session.scalars(
                    select(CaseEvent).where(
                        CaseEvent.case_id.in_(self.cases),
                        CaseEvent.actor_name == f"automation:{automation.title}",
                    )
                ).all()
                acted = Counter(event.case_id for event in events)
                assert acted.keys() <= Counter(done).keys()
                for kind in {event.type for event in events}:
                    most = 2 if kind == "commented" else 1
                    for case_id, number in Counter(e.case_id for e in events if e.type == kind).items():
                        assert number <= most * Counter(done)[case_id]

    @invariant()
    def every_open_case_has_somebody(self) -> None:
        """No automation has put a case where no one sees it."""
        if not self.cases:
            return
        with self.site.work(write=False) as work:
            for case in work.session.scalars(select(Case).where(Case.id.in_(self.cases))).all():
                referral = work.get(AccessService).action_referral(case)
                assert (referral is not None) == case.is_open
                if case.is_open:
                    assert work.get(CustodyService).of(case) != "none"

    # -- helpers --------------------------------------------------------------------------------------------

    def acting(self, realm: str, who: int) -> Any:
        with self.site.work(write=False) as work:
            user_id = self.citizen if realm == "citizen" else self.staff[who % len(self.staff)]
            actor = identity_of(work, work.session.get(User, user_id), realm)
        return self.site.work(actor=actor)

    def case(self, work: Any, which: int) -> Case:
        case_id = self.cases[which % len(self.cases)]
        return work.session.scalars(select(Case).where(Case.id == case_id).with_for_update()).one()

    @staticmethod
    def number_of_runs(work: Any) -> int:
        return len(work.session.scalars(select(AutomationRun.id)).all())

    def summary(self) -> tuple[list[str], list[int]]:
        with self.site.work(write=False) as work:
            runs = work.session.scalars(select(AutomationRun.state).order_by(AutomationRun.id)).all()
            return list(runs), list(work.session.scalars(select(CaseEvent.id).order_by(CaseEvent.id)))


def test_whatever_happens(site, clock):
    class Machine(Portal):
        pass

    Machine.site, Machine.clock = site, clock
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )
