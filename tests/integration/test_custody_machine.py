"""Whatever changes, each open case is attended to or is on the list of unattended cases.

A machine changes memberships, roles, people, deputies, units, categories and cases at random. After every step the
portal's answer for all cases at once is held against :class:`~civicportal.domain.cases.access.rights.AccessService`,
asked person by person.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
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

from civicportal.core.security import Identity
from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import Deputy, Membership, Role, User
from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.cases.access.rights import AccessService, attends, holds
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import UnknownTransition
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.escalation import escalate
from civicportal.domain.kartable.jobs import JobService, NewJob
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.transfer import TransferService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.units import UnitService
from civicportal.portal.admin import findings as arrangement
from civicportal.testing import make_case, make_category, make_staff, make_unit
from civicportal.util.errors import Conflict, Forbidden, NotFound, Refused

pytestmark = pytest.mark.both_databases

EXAMPLES, STEPS = (60, 40) if LONG else (6, 25)
WORK = "petitions:case:work"
VERBS = ("petitions:case:view", WORK, "petitions:case:refer", LEAD)
#: What may be said no to; anything else is a fault.
NO = (Refused, Forbidden, NotFound, Conflict, UnknownTransition)
#: Anything of a list, by a number that means the same when the list is shorter.
any_number = st.integers(0, 10_000)


class City(RuleBasedStateMachine):
    """A small city. Rows of earlier runs stay in the database: their people are gone and their cases closed."""

    site: Any
    serial = 0

    # -- what there is --------------------------------------------------------------------------------------

    @initialize()
    def found(self) -> None:
        """Make units, topics, roles and the first people."""
        City.serial += 1
        name = f"n{City.serial}"
        with self.site.work() as work:
            units = [make_unit(work, f"{name}u{number}") for number in range(3)]
            units[1].parent_id = units[0].id
            topics = [make_category(work, f"{name}t{number}", unit=units[number]) for number in range(2)]
            roles = [
                Role(key=f"{name}r{number}", title=f"{name}r{number}", permissions=[]) for number in range(3)
            ]
            work.session.add_all(roles)
            work.session.flush()
            service = work.get(RoleService)
            for row, rights in zip(roles, (VERBS[:3], (LEAD,), VERBS[:1]), strict=True):
                service.change(row, title=row.title, permissions=rights)
            if work.session.scalar(select(Role.id).where(Role.builtin)) is None:
                make_staff(work, "administrator", username="admin")
            self.units, self.topics = [row.id for row in units], [row.id for row in topics]
            self.roles, self.people, self.cases = [row.id for row in roles], [], []
            self.name = name
        for number in range(2):
            self.hire(number, number, None)

    def teardown(self) -> None:
        """Close every case and send everybody home."""
        with self.site.work() as work:
            for case in self.open_cases(work):
                referral = work.get(AccessService).action_referral(case)
                case.status, case.stage, case.closed_at = "rejected", "rejected", work.clock.now()
                for one in filter(None, (referral, *work.get(AccessService).open_jobs(case))):
                    one.closed_at, one.closed_how = work.clock.now(), "closed"
            for user in work.session.scalars(select(User).where(User.id.in_(self.people or [0]))):
                user.disabled_at = work.clock.now()
            for row in work.session.scalars(select(Deputy)):
                work.session.delete(row)

    # -- people ---------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.people) < 6)
    @rule(role=any_number, unit=any_number, topic=st.none() | any_number)
    def hire(self, role: int, unit: int, topic: int | None) -> None:
        with self.site.work() as work:
            user = make_staff(work, self.role_key(work, role), username=f"{self.name}p{len(self.people)}")
            row = work.session.scalars(select(Membership).where(Membership.user_id == user.id)).one()
            row.unit_id = self.one(self.units, unit)
            row.category_id = None if topic is None else self.one(self.topics, topic)
            self.people.append(user.id)

    @precondition(lambda self: self.people)
    @rule(person=any_number, role=any_number, unit=st.none() | any_number, topic=st.none() | any_number)
    def give_role(self, person: int, role: int, unit: int | None, topic: int | None) -> None:
        def give(work: Any) -> None:
            work.get(MembershipService).give(
                work.session.get(User, self.one(self.people, person)),
                work.session.get(Role, self.one(self.roles, role)),
                unit=None if unit is None else work.session.get(Unit, self.one(self.units, unit)),
                category=None if topic is None else work.session.get(Category, self.one(self.topics, topic)),
            )

        self.attempt(None, give)

    @precondition(lambda self: self.people)
    @rule(person=any_number, number=any_number)
    def take_role(self, person: int, number: int) -> None:
        with self.site.work() as work:
            user = work.session.get(User, self.one(self.people, person))
            service = work.get(MembershipService)
            if rows := service.of(user):
                service.take(user, self.one([row.id for row in rows], number))

    @precondition(lambda self: self.people)
    @rule(person=any_number, deed=st.sampled_from(["disable", "enable", "delete", "restore"]))
    def close_or_open_an_account(self, person: int, deed: str) -> None:
        def act(work: Any) -> None:
            service = work.get(MemberService)
            getattr(service, deed)(service.fetch(self.one(self.people, person), lock=True))

        self.attempt(None, act)

    @rule(role=any_number, right=st.sampled_from(VERBS))
    def change_a_role(self, role: int, right: str) -> None:
        with self.site.work() as work:
            service = work.get(RoleService)
            row = service.fetch(self.one(self.roles, role), lock=True)
            service.change(row, title=row.title, permissions=service.names(row) ^ {right})

    @precondition(lambda self: len(self.people) > 1)
    @rule(absent=any_number, deputy=any_number, days=st.integers(0, 1))
    def set_a_deputy(self, absent: int, deputy: int, days: int) -> None:
        def act(work: Any) -> None:
            user = work.session.get(User, self.one(self.people, absent))
            service = work.get(DeputyService)
            last = service.today + timedelta(days=days)
            service.add(user, self.one(self.people, deputy), service.today, last)

        self.attempt(None, act)

    @rule(number=any_number)
    def end_a_deputyship(self, number: int) -> None:
        with self.site.work() as work:
            if rows := work.session.scalars(select(Deputy).order_by(Deputy.id)).all():
                row = self.one(rows, number)
                work.get(DeputyService).end(work.session.get(User, row.absent_id), row.id)

    @rule()
    def a_day_passes(self) -> None:
        self.site.clock.advance(days=1)

    # -- the organisation -----------------------------------------------------------------------------------

    @precondition(lambda self: len(self.units) < 5)
    @rule(parent=st.none() | any_number)
    def make_a_unit(self, parent: int | None) -> None:
        with self.site.work() as work:
            above = None if parent is None else self.one(self.units, parent)
            self.units.append(make_unit(work, f"{self.name}u{len(self.units)}", parent_id=above).id)

    @rule(unit=any_number, parent=st.none() | any_number)
    def move_a_unit(self, unit: int, parent: int | None) -> None:
        def act(work: Any) -> None:
            service = work.get(UnitService)
            row = service.fetch(self.one(self.units, unit), lock=True)
            above = None if parent is None else self.one(self.units, parent)
            values = {"name": row.name, "short_name": row.short_name, "phone": row.phone, "parent_id": above}
            service.change(row, values)

        self.attempt(None, act)

    @rule(unit=any_number)
    def close_or_open_a_unit(self, unit: int) -> None:
        def act(work: Any) -> None:
            service = work.get(UnitService)
            row = service.fetch(self.one(self.units, unit), lock=True)
            (service.close if row.active else service.open)(row)

        self.attempt(None, act)

    @rule(topic=any_number, unit=any_number)
    def give_a_topic_to_another_unit(self, topic: int, unit: int) -> None:
        with self.site.work() as work:
            row = work.session.get(Category, self.one(self.topics, topic))
            row.unit_id = self.one(self.units, unit)

    @rule(topic=any_number, below=any_number)
    def change_the_tree_of_topics(self, topic: int, below: int) -> None:
        with self.site.work() as work:
            one, other = self.one(self.topics, topic), self.one(self.topics, below)
            row = work.session.get(Category, one)
            is_root = work.session.get(Category, other).parent_id is None
            has_none_below = one not in work.session.scalars(select(Category.parent_id)).all()
            row.parent_id = (
                other if one != other and is_root and has_none_below and not row.parent_id else None
            )

    # -- cases ----------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.cases) < 6)
    @rule(topic=st.none() | any_number)
    def send_a_case(self, topic: int | None) -> None:
        with self.site.work() as work:
            category = None if topic is None else work.session.get(Category, self.one(self.topics, topic))
            self.cases.append(make_case(work, category=category).id)

    @precondition(lambda self: self.cases and self.people)
    @rule(case=any_number, person=any_number, to=st.none() | any_number, take_over=st.booleans())
    def assign(self, case: int, person: int, to: int | None, take_over: bool) -> None:
        user_id = None if to is None else self.one(self.people, to)
        before = self.unattended()

        def act(work: Any, row: Case) -> None:
            service = work.get(AssignmentService)
            if take_over:
                service.take_over(row)
            else:
                service.assign(row, user_id)

        self.with_case(case, person, act)
        assert self.unattended() <= before

    @precondition(lambda self: self.cases and self.people)
    @rule(
        case=any_number,
        person=st.none() | any_number,
        unit=any_number,
        to=st.none() | any_number,
        unattended=st.booleans(),
    )
    def refer(self, case: int, person: int | None, unit: int, to: int | None, unattended: bool) -> None:
        user_id = None if to is None else self.one(self.people, to)
        before = self.unattended()

        def act(work: Any, row: Case) -> None:
            service = work.get(KartableService)
            service.refer(row, self.one(self.units, unit), user_id=user_id, unattended=unattended)

        self.with_case(case, person, act)
        if not unattended:
            assert self.unattended() <= before

    @precondition(lambda self: self.cases and self.people)
    @rule(
        case=any_number,
        person=st.none() | any_number,
        deed=st.sampled_from(["take", "release", "give_back", "accept", "reject", "undo"]),
    )
    def work_on_a_case(self, case: int, person: int | None, deed: str) -> None:
        def act(work: Any, row: Case) -> None:
            if deed == "undo":
                if event := work.get(UndoService).last(row):
                    work.get(UndoService).undo(row, event.id)
            elif deed in ("accept", "reject"):
                work.get(CaseService).apply(row, deed)
            else:
                getattr(work.get(KartableService), deed)(row)

        self.with_case(case, person, act)

    @precondition(lambda self: self.cases and self.people)
    @rule(
        case=any_number,
        person=st.none() | any_number,
        units=st.lists(any_number, min_size=1, max_size=3),
        answer=st.booleans(),
    )
    def split(self, case: int, person: int | None, units: list[int], answer: bool) -> None:
        before = self.unattended()

        def act(work: Any, row: Case) -> None:
            if row.status == "registered":
                work.get(CaseService).apply(row, "accept")
            jobs = [NewJob(unit_id=self.one(self.units, unit), task="x") for unit in units]
            work.get(JobService).split(row, jobs, answer="Done." if answer else "")

        self.with_case(case, person, act)
        assert self.unattended() <= before

    @precondition(lambda self: self.cases and self.people)
    @rule(
        case=any_number,
        person=st.none() | any_number,
        number=any_number,
        deed=st.sampled_from(["take_job", "release_job", "finish", "refuse", "withdraw"]),
    )
    def work_on_a_job(self, case: int, person: int | None, number: int, deed: str) -> None:
        def act(work: Any, row: Case) -> None:
            if jobs := work.get(AccessService).open_jobs(row):
                job, text = self.one(jobs, number), {"text": "no"} if deed == "refuse" else {}
                getattr(work.get(JobService), deed)(row, job.id, **text)

        self.with_case(case, person, act)

    @precondition(lambda self: self.cases)
    @rule(case=any_number)
    def open_again(self, case: int) -> None:
        with self.site.work() as work:
            row = work.session.get(Case, self.one(self.cases, case))
            citizen, code = identity_of(work, work.session.get(User, row.citizen_id), "citizen"), row.code

        def act(work: Any) -> None:
            work.get(CaseService).apply(work.get(CaseService).fetch_own(code, lock=True), "object")

        self.attempt(citizen, act)

    @rule()
    def pass_up_what_is_late(self) -> None:
        self.site.settings["escalation"] = {"steps": ("head", "above"), "every": 1}
        self.site.clock.advance(days=20)
        before = self.unattended()
        escalate(self.site)
        # The days of deputies have passed; the step itself leaves no case unattended.
        assert self.unattended() <= before

    @precondition(lambda self: self.people)
    @rule(person=any_number, heir=st.none() | any_number)
    def pass_on_what_a_person_has(self, person: int, heir: int | None) -> None:
        with self.site.work() as work:
            to = None if heir is None else self.one(self.people, heir)
            work.get(TransferService).pass_on(self.one(self.people, person), to, "", 10)

    # -- what holds -----------------------------------------------------------------------------------------

    @invariant()
    def every_open_case_has_somebody_or_is_on_the_list(self) -> None:
        if not getattr(self, "cases", None):
            return
        with self.site.work(write=False) as work:
            people = self.at_work(work)
            alone, without_job, cases = set(), set(), self.open_cases(work)
            for case in cases:
                if not any(self.has(work, person, case) for person in people):
                    alone.add(case.id)
                for job in work.get(AccessService).open_jobs(case):
                    if not any(self.has_job(work, person, case, job) for person in people):
                        without_job.add(case.id)
            custody = work.get(CustodyService)
            assert {case.id for case in cases if custody.of(case) == "none"} == alone
            alone |= without_job
            listed = set(work.session.scalars(select(Referral.case_id).where(custody.unattended())))
            assert listed == alone
            assert custody.count() == len(alone)
            found = [one for one in arrangement.findings(work) if one.place == "kartable"]
            assert [one.text.mapping["count"] for one in found] == ([len(alone)] if alone else [])
            admin = identity_of(
                work, work.session.scalars(select(User).where(User.username == "admin")).one(), "staff"
            )
            with work.acting_as(admin):
                assert {row[0].id for row in work.get(CustodyService).page().rows} == alone

    @invariant()
    def jobs_end_with_their_case_and_the_last_one_moves_it_on(self) -> None:
        with self.site.work(write=False) as work:
            for case in work.session.scalars(
                select(Case).where(Case.id.in_(getattr(self, "cases", ()) or [0]))
            ):
                access = work.get(AccessService)
                jobs, action = access.open_jobs(case), access.action_referral(case)
                assert (action is None) == (case.closed_at is not None)
                assert not jobs or action is not None
                assert action is None or action.asked == bool(jobs)
                assert action is None or not (jobs and action.jobs_ended)

    @invariant()
    def gaps_are_where_nobody_would_have_a_case(self) -> None:
        if not getattr(self, "units", None):
            return
        with self.site.work(write=False) as work:
            people = [self.without_administrators(person) for person in self.at_work(work)]
            custody = work.get(CustodyService)
            gaps = {(gap.unit.id, id_) for gap in custody.gaps() for id_ in gap.categories}
            pairs = self.pairs(work)
            alone = {pair for pair in pairs if not any(self.would_have(person, *pair) for person in people)}
            assert {pair for pair in gaps if pair in pairs} == alone
            for unit_id, category_id in pairs:
                answer = custody.before("petitions", category_id, unit_id)
                assert (answer == "none") == ((unit_id, category_id) in alone)
                case = Case(kind="petitions", unit_id=None, category_id=category_id)
                referral = Referral(type="inquiry", to_unit_id=unit_id)
                assert custody.is_read(case, unit_id) == any(
                    holds(self.of_units(one), case, referral) for one in people
                )

    # -- inside ---------------------------------------------------------------------------------------------

    @staticmethod
    def one(some: Any, number: int) -> Any:
        return some[number % len(some)]

    def role_key(self, work: Any, number: int) -> str:
        return str(work.session.get(Role, self.one(self.roles, number)).key)

    def attempt(self, who: Identity | None, act: Callable[[Any], object]) -> None:
        with suppress(*NO), self.site.work(**({"actor": who} if who else {})) as work:
            act(work)

    def with_case(self, case: int, person: int | None, act: Callable[[Any, Case], object]) -> None:
        """Let a person, or an administrator, do something with a case, if they may."""
        with self.site.work(write=False) as work:
            chosen = User.username == "admin" if person is None else User.id == self.one(self.people, person)
            user = work.session.scalars(select(User).where(chosen)).one()
            who = identity_of(work, user, "staff") if self.is_at_work(user) else None
            code = work.session.get(Case, self.one(self.cases, case)).code
        if who is not None:
            self.attempt(who, lambda work: act(work, work.get(CaseService).fetch(code, lock=True)))

    def unattended(self) -> set[int]:
        with self.site.work(write=False) as work:
            condition = work.get(CustodyService).unattended()
            return set(work.session.scalars(select(Referral.case_id).where(condition)))

    def open_cases(self, work: Any) -> list[Case]:
        query = select(Case).where(Case.id.in_(self.cases or [0]), Case.closed_at.is_(None))
        return list(work.session.scalars(query))

    @staticmethod
    def is_at_work(user: User) -> bool:
        return user.username is not None and user.disabled_at is None and user.deleted_at is None

    def at_work(self, work: Any) -> list[Identity]:
        users = work.session.scalars(select(User)).all()
        return [identity_of(work, user, "staff") for user in users if self.is_at_work(user)]

    @staticmethod
    def without_administrators(person: Identity) -> Identity:
        return replace(person, grants=tuple(grant for grant in person.grants if not grant.administrator))

    @staticmethod
    def of_units(person: Identity) -> Identity:
        return replace(person, grants=tuple(grant for grant in person.grants if grant.units is not None))

    def has(self, work: Any, person: Identity, case: Case) -> bool:
        """Return whether a case is in a kartable and its owner may work on it; an administrator's only in person."""
        own = {person.user_id, *person.deputy_for}
        referral = work.get(AccessService).action_referral(case)
        in_hand = bool(own & {referral.to_user_id, referral.taken_by_id})
        with work.acting_as(person if in_hand else self.without_administrators(person)):
            access = work.get(AccessService)
            return holds(work.actor, case, access.action_referral(case)) and access.may_act(case, WORK)

    def has_job(self, work: Any, person: Identity, case: Case, job: Referral) -> bool:
        """Return whether a job is in a kartable and its owner may do it; an administrator's only in person."""
        in_hand = bool({person.user_id, *person.deputy_for} & {job.to_user_id, job.taken_by_id})
        return attends(person if in_hand else self.without_administrators(person), WORK, case, job)

    @staticmethod
    def would_have(person: Identity, unit_id: int, category_id: int) -> bool:
        case = Case(kind="petitions", unit_id=unit_id, category_id=category_id)
        referral = Referral(type="action", to_unit_id=unit_id)
        return attends(person, WORK, case, referral)

    def pairs(self, work: Any) -> set[tuple[int, int]]:
        units = [row for row in self.units if work.session.get(Unit, row).active]
        parents = set(work.session.scalars(select(Category.parent_id)))
        return {(unit_id, topic) for unit_id in units for topic in self.topics if topic not in parents}


def test_every_open_case_is_attended_or_listed(site):
    class Machine(City):
        pass

    Machine.site = site
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
