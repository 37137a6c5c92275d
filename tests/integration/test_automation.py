"""Automations: when they run, on which cases, what they do, and that none causes another one."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from integration.concurrent import concurrently
from sqlalchemy import select
from translationstring import TranslationString

from civicportal.domain.accounts.models import User
from civicportal.domain.automation import running
from civicportal.domain.automation.ages import AgeService, DueCase, queue_due
from civicportal.domain.automation.findings import findings
from civicportal.domain.automation.models import Automation, AutomationRun
from civicportal.domain.automation.running import MOST_ATTEMPTS, MOST_FAILURES, run_waiting, waiting
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import Transition
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.webhooks.models import WebhookDelivery
from civicportal.domain.webhooks.services import WebhookService
from civicportal.testing import (
    identity,
    make_case,
    make_category,
    make_staff,
    make_unit,
    outbox,
    plan,
)

pytestmark = pytest.mark.both_databases

#: Saturday 1405/09/07, 8:05 in Tehran.
MORNING = datetime(2026, 11, 28, 4, 35, tzinfo=UTC)


class City:
    """Two units with an officer each, and what tests do in it."""

    def __init__(self, site, clock):
        self.site, self.clock = site, clock
        clock.set(MORNING)
        with site.work() as work:
            self.units = {}
            for name in ("roads", "waste"):
                unit = make_unit(work, name)
                self.units[name] = unit.id
                make_staff(work, f"of_{name}", unit=unit)
            root = make_category(work, "cleaning", unit=work.session.get(Unit, self.units["waste"]))
            self.topic = root.id
            self.leaf = make_category(
                work, "bin", unit=work.session.get(Unit, self.units["waste"]), parent_id=root.id
            ).id
            self.officer = identity(
                work,
                make_staff(
                    work, "officer", unit=work.session.get(Unit, self.units["waste"]), username="chief"
                ),
            )

    def automate(self, **values):
        usual = {"title": "the rule", "trigger": "opened", "active": True}
        with self.site.work() as work:
            return work.get(AutomationService).add({**usual, **values}).id

    def open(self, **values):
        with self.site.work() as work:
            category = work.session.get(Category, values.pop("category", self.leaf))
            return make_case(work, category=category, **values).id

    def step(self, case_id, name, actor=None):
        with self.site.work(actor=actor or self.officer) as work:
            work.get(CaseService).apply(work.session.get(Case, case_id), name)

    def run(self, **later):
        self.clock.advance(**(later or {"minutes": 1}))
        run_waiting(self.site)

    def runs(self):
        with self.site.work(write=False) as work:
            return work.session.scalars(select(AutomationRun).order_by(AutomationRun.id)).all()

    def case(self, case_id):
        with self.site.work(write=False) as work:
            case = work.session.get(Case, case_id)
            referral = work.get(AccessService).action_referral(case)
            return case, referral

    def events(self, case_id):
        with self.site.work(write=False) as work:
            query = select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.id)
            return work.session.scalars(query).all()


@pytest.fixture
def city(site, clock):
    return City(site, clock)


def test_a_new_case_is_marked_and_referred_with_a_note(city):
    city.automate(set_urgent=True, to_unit_id=city.units["roads"], note="please look today")
    case_id = city.open()
    case, referral = city.case(case_id)
    assert (case.urgent, referral.to_unit_id) == (False, city.units["waste"])
    city.run()
    case, referral = city.case(case_id)
    assert (case.urgent, case.unit_id, referral.to_unit_id) == (
        True,
        city.units["roads"],
        city.units["roads"],
    )
    assert referral.note == "please look today"
    assert [event.type for event in city.events(case_id)] == ["opened", "urgent", "referred"]
    assert [event.automation for event in city.events(case_id)] == ["", "the rule", "the rule"]
    with city.site.work(write=False) as work:
        history = work.get(StaffHistory).of(work.session.get(Case, case_id))
    assert [entry.automation for entry in history] == ["the rule", "the rule", ""]
    assert [run.state for run in city.runs()] == ["done"]


def test_an_event_is_acted_on_once(city):
    city.automate(note="seen")
    case_id = city.open()
    for _again in range(3):
        city.run()
    assert [event.type for event in city.events(case_id)] == ["opened", "commented"]


def test_without_active_automations_a_change_writes_nothing_more(city):
    city.automate(note="seen", active=False)
    city.open()
    assert city.runs() == []


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"kind": "petitions"}, True),
        ({"kind": "other"}, False),
        ({"status": "registered"}, True),
        ({"status": "working"}, False),
        ({"source": "web"}, True),
        ({"source": "sms"}, False),
        ({"urgent": False}, True),
        ({"urgent": True}, False),
        ({"words": "چراغ، زباله"}, True),
        ({"words": "تیر برق"}, False),
        ({"facts": {"district": "two"}}, True),
        ({"facts": {"district": "one"}}, False),
    ],
)
def test_conditions(city, condition, fits):
    city.automate(note="seen", **condition)
    case_id = city.open(place="two")
    city.run()
    assert len(city.events(case_id)) == (2 if fits else 1)
    assert [run.state for run in city.runs()] == (["done"] if fits else [])


def test_categories_and_units_include_those_below(city):
    city.automate(note="category", category_id=city.topic)
    city.automate(note="unit", unit_id=city.units["waste"])
    city.automate(note="elsewhere", unit_id=city.units["roads"])
    case_id = city.open()
    city.run()
    assert [event.internal_text for event in city.events(case_id)] == ["", "category", "unit"]


def test_what_an_automation_does_causes_no_other_one(city):
    city.automate(to_unit_id=city.units["roads"])
    city.automate(trigger="referred", to_unit_id=city.units["waste"], title="back")
    city.automate(trigger="referred", note="seen")
    case_id = city.open()
    for _again in range(3):
        city.run()
    assert [event.type for event in city.events(case_id)] == ["opened", "referred"]
    with city.site.work() as work:
        work.get(KartableService).refer(work.session.get(Case, case_id), city.units["waste"])
    city.run()
    assert len(city.events(case_id)) == 3


def test_a_step_of_staff_is_acted_on_after_the_time_for_taking_it_back(city, site):
    city.automate(trigger="moved", status="working", note="in work")
    case_id = city.open()
    city.step(case_id, "accept")
    run_waiting(site)
    assert [event.type for event in city.events(case_id)] == ["opened", "transition"]
    city.run(seconds=site.settings["notifications"]["undo_seconds"])
    assert [event.type for event in city.events(case_id)] == ["opened", "transition", "commented"]


def test_nothing_follows_from_a_step_that_was_taken_back(city, site):
    from civicportal.domain.kartable.undo import UndoService

    city.automate(trigger="moved", note="in work")
    case_id = city.open()
    city.step(case_id, "accept")
    with site.work(actor=city.officer) as work:
        undo = work.get(UndoService)
        case = work.session.get(Case, case_id)
        undo.undo(case, undo.last(case).id)
    city.run()
    assert [event.type for event in city.events(case_id)] == ["opened", "transition", "undone"]


def test_a_case_is_not_referred_to_a_unit_where_nobody_would_see_it(city, site):
    with site.work() as work:
        empty = make_unit(work, "empty").id
    city.automate(set_urgent=True, to_unit_id=empty)
    case_id = city.open()
    city.run()
    case, referral = city.case(case_id)
    assert (case.urgent, referral.to_unit_id) == (False, city.units["waste"])
    assert [event.type for event in city.events(case_id)] == ["opened"]
    (run,) = city.runs()
    assert run.state == "refused"
    assert "empty" in run.reason


def test_a_person_who_has_left_is_replaced_by_the_unit(city, site):
    with site.work() as work:
        person = make_staff(work, "left", unit=work.session.get(Unit, city.units["roads"]), username="left")
        number = person.id
    city.automate(to_unit_id=city.units["roads"], to_user_id=number)
    first = city.open()
    city.run()
    assert city.case(first)[1].to_user_id == number
    with site.work() as work:
        work.session.get(User, number).disabled_at = work.clock.now()
    second = city.open()
    city.run()
    referral = city.case(second)[1]
    assert (referral.to_unit_id, referral.to_user_id) == (city.units["roads"], None)


def test_an_automation_that_fails_in_a_row_is_switched_off_and_told(city, site):
    from civicportal.core.checks import collect_findings

    with site.work() as work:
        empty = make_unit(work, "empty").id
    number = city.automate(to_unit_id=empty)
    for _case in range(MOST_FAILURES + 1):
        city.open()
        city.run()
    with site.work() as work:
        automation = work.session.get(Automation, number)
        assert (automation.active, automation.failing) == (False, True)
        told = [finding.place for _owner, finding in collect_findings(work)]
        assert f"automation {number}" in told
        work.get(AutomationService).set_active(automation, True)
        assert not automation.failing
    assert [run.state for run in city.runs()] == ["refused"] * MOST_FAILURES
    city.open()
    city.run()
    with site.work(write=False) as work:
        assert work.session.get(Automation, number).active


def test_an_automation_that_someone_has_changed_is_reported_no_more(city, site):
    number = city.automate(note="seen")
    with site.work() as work:
        automation = work.session.get(Automation, number)
        automation.active, automation.failing = False, True
    with site.work() as work:
        assert [finding.place for finding in findings(work)] == [f"automation {number}"]
        service = work.get(AutomationService)
        service.change(service.fetch(number), {"note": "read"})
    with site.work(write=False) as work:
        assert not list(findings(work))


def test_an_error_of_the_portal_is_tried_again_and_then_given_up(city, monkeypatch):
    from civicportal.domain.automation.actions import ActionService

    def broken(*_args):
        raise RuntimeError("a fault")

    city.automate(note="seen")
    case_id = city.open()
    monkeypatch.setattr(ActionService, "act", broken)
    for _again in range(MOST_ATTEMPTS - 1):
        city.run()
        assert [run.state for run in city.runs()] == ["waiting"]
    city.run()
    assert [run.state for run in city.runs()] == ["failed"]
    assert len(city.events(case_id)) == 1


def test_the_citizen_gets_a_message_and_is_told_by_sms(city, site):
    city.automate(message="{NAME} گرامی، درخواست {CODE} به {UNIT} رسید.")
    case_id = city.open()
    city.run()
    event = city.events(case_id)[-1]
    assert (event.type, event.public) == ("commented", True)
    assert event.public_text.startswith("شهروند نمونه گرامی")
    assert "{" not in event.public_text
    with site.work(write=False) as work:
        assert [m.kind for m in outbox(work)] == ["petitions.registered", "petitions.answered"]


def test_a_closed_case_is_not_referred_and_that_is_no_failure(city):
    city.automate(trigger="closed", to_unit_id=city.units["roads"])
    city.automate(trigger="closed", note="closed")
    case_id = city.open()
    city.step(case_id, "reject")
    city.run()
    assert [event.type for event in city.events(case_id)] == ["opened", "transition", "commented"]
    assert [run.state for run in city.runs()] == ["done"]


def test_time_since_the_registration(city, site):
    old = city.open()
    city.clock.advance(days=10)
    city.automate(trigger="age", age=2.0, note="two days")
    new = city.open()
    city.clock.advance(days=1, hours=1)
    queue_due(site)
    city.run()
    assert len(city.events(new)) == 1
    city.clock.advance(days=1)
    for _again in range(2):
        queue_due(site)
        city.run()
    assert [event.type for event in city.events(new)] == ["opened", "commented"]
    assert len(city.events(old)) == 1


def test_the_backlog_counts_only_if_it_is_wanted(city, site):
    old = city.open()
    city.clock.advance(days=10)
    city.automate(trigger="age", age=2.0, note="two days", backlog=True)
    queue_due(site)
    city.run()
    assert len(city.events(old)) == 2


def test_a_shorter_age_does_not_reach_back(city, site):
    number = city.automate(trigger="age", age=20.0, note="days")
    old = city.open()
    city.clock.advance(days=10)
    with site.work() as work:
        service = work.get(AutomationService)
        service.change(service.fetch(number), {"age": 1.0})
    new = city.open()
    city.clock.advance(days=4)
    queue_due(site)
    city.run()
    assert (len(city.events(old)), len(city.events(new))) == (1, 2)


def test_one_run_of_the_job_is_bounded(city, site, monkeypatch):
    monkeypatch.setattr(running, "BATCH", 1)
    city.automate(note="seen")
    cases = [city.open() for _number in range(running.MOST_BATCHES + 2)]
    city.run()
    assert sum(len(city.events(case_id)) == 2 for case_id in cases) == running.MOST_BATCHES
    city.run()
    assert all(len(city.events(case_id)) == 2 for case_id in cases)


def test_time_in_a_status_counts_from_each_step_of_a_person(city, site):
    city.automate(trigger="status_age", age=3.0, age_unit="hours", status="working", note="still in work")
    case_id = city.open()
    for _period in range(2):
        city.clock.advance(days=1)
        city.step(case_id, "accept" if not _period else "resume")
        city.clock.advance(hours=2)
        queue_due(site)
        city.run()
        before = len(city.events(case_id))
        city.clock.advance(days=1)
        for _again in range(2):
            queue_due(site)
            city.run()
        assert len(city.events(case_id)) == before + 1
        city.step(case_id, "pause")
    types = [event.type for event in city.events(case_id)]
    assert types.count("commented") == 2


def test_time_past_the_deadline(city, site):
    city.automate(trigger="overdue", age=0.0, note="late")
    case_id = city.open()
    city.clock.advance(days=1)
    queue_due(site)
    city.run()
    assert len(city.events(case_id)) == 1
    city.clock.advance(days=10)
    for _again in range(2):
        queue_due(site)
        city.run()
    city.step(case_id, "accept")
    queue_due(site)
    city.run()
    assert [event.type for event in city.events(case_id)] == ["opened", "commented", "transition"]


def test_a_case_that_did_not_fit_is_looked_at_again_when_it_has_changed(city, site):
    city.automate(trigger="age", age=1.0, words="fire", note="fire")
    case_id = city.open()
    city.clock.advance(days=3)
    queue_due(site)
    city.run()
    (run,) = city.runs()
    assert run.state == "nothing"
    queue_due(site)
    assert [run.state for run in city.runs()] == ["nothing"]
    with site.work() as work:
        case = work.session.get(Case, case_id)
        case.body, case.urgent = "a fire", True
    queue_due(site)
    city.run()
    assert [event.internal_text for event in city.events(case_id)] == ["", "fire"]


@pytest.fixture
def asking(site, monkeypatch):
    """Let petitions ask their citizens from the status "working"."""
    kind = kinds_of(site)["petitions"]
    workflow = kind.workflow
    states = tuple(
        replace(state, answer="reply") if state.name == "waiting" else state for state in workflow.states
    )
    steps = [
        replace(step, actors=frozenset({"staff", "system"})) if step.name == "pause" else step
        for step in workflow.transitions
    ]
    steps.append(
        Transition(
            name="reply",
            title=TranslationString("Reply"),
            sources=("waiting",),
            target="working",
            actors=frozenset({"citizen"}),
        )
    )
    changed = replace(kind, workflow=replace(workflow, states=states, transitions=tuple(steps)))
    monkeypatch.setitem(kinds_of(site), "petitions", changed)


def test_the_citizen_is_asked_and_the_case_waits(asking, city, site):
    city.automate(trigger="moved", status="working", kind="petitions", question="{NAME} گرامی، کدام در؟")
    case_id = city.open()
    city.step(case_id, "accept")
    city.run()
    case, _referral = city.case(case_id)
    assert case.status == "waiting"
    event = city.events(case_id)[-1]
    assert (event.automation, event.public_text) == ("the rule", "شهروند نمونه گرامی، کدام در؟")
    with site.work() as work:
        citizen = identity(work, work.session.get(User, case.citizen_id), "citizen")
    city.step(case_id, "reply", citizen)
    city.run()
    assert city.case(case_id)[0].status == "waiting"
    assert [event.realm for event in city.events(case_id)] == [
        "system",
        "staff",
        "system",
        "citizen",
        "system",
    ]


def test_a_question_that_the_status_does_not_allow_is_refused(asking, city):
    city.automate(kind="petitions", set_urgent=True, question="Which door?")
    case_id = city.open()
    city.run()
    assert [run.state for run in city.runs()] == ["refused"]
    assert not city.case(case_id)[0].urgent


def test_a_message_in_a_published_case_is_checked_like_every_public_text(city, site):
    city.automate(trigger="noted", message="Please call +989121234567")
    case_id = city.open()
    with site.work() as work:
        work.get(CaseService).publish(work.session.get(Case, case_id), True)
    with site.work(actor=city.officer) as work:
        work.get(CaseService).comment(work.session.get(Case, case_id), "a note")
    city.run()
    assert [run.state for run in city.runs()] == ["refused"]
    assert "989121234567" not in city.runs()[0].reason
    assert city.events(case_id)[-1].automation == ""


def test_webhooks_hear_which_automation_has_chosen_a_case(city, site):
    with site.work() as work:
        columns = {"address": "https://a.example/", "description": "", "events": ["case.automated"]}
        work.get(WebhookService).add({**columns, "category_id": None, "unit_id": None})
    city.automate(tells=True)
    case_id = city.open()
    city.run()
    with site.work(write=False) as work:
        (delivery,) = work.session.scalars(select(WebhookDelivery)).all()
    assert json.loads(delivery.body)["data"]["automation"] == "the rule"
    assert delivery.case_id == case_id


class TestPlans:
    """However many cases there are, those that are due are read along an index, and closed ones never."""

    pytestmark = pytest.mark.one_database("postgresql")

    @pytest.mark.parametrize(
        ("trigger", "status", "index"),
        [
            ("age", None, "ix_cases_kind_status_created_at_id"),
            ("status_age", "working", "ix_cases_kind_status_created_at_id"),
            ("overdue", None, "ix_cases_open_deadline"),
        ],
    )
    def test_due_cases(self, city, site, filled_tables, trigger, status, index):
        number = city.automate(trigger=trigger, age=2.0, status=status)
        with site.work(write=False, patience=10) as work, filled_tables(site) as tables:
            service, automation = work.get(AgeService), work.session.get(Automation, number)
            for scope in service.scopes(automation):
                after = DueCase(case_id=7, moment=work.clock.now(), version=1, cause=1)
                for last in (None, after):
                    found = plan(tables, service.query(automation, scope, last))
                    assert f"Scan using {index} on cases" in found, found
                    assert "Seq Scan" not in found, found
                    assert not re.search(r"^Sort  [(]|(?<!Incremental )Sort  [(]", found), found

    def test_what_waits(self, site, filled_tables):
        with site.work(write=False) as work, filled_tables(site, sort=True) as tables:
            found = plan(tables, waiting(work))
        assert "ix_automation_runs_waiting" in found, found


@pytest.mark.one_database("postgresql")
def test_two_workers_act_once(city, site):
    city.automate(set_urgent=True, note="seen", message="we are at it")
    case_id = city.open()
    city.clock.advance(minutes=1)
    with concurrently(
        site, lambda: run_waiting(site), before=lambda statement: "INSERT INTO case_events" in statement
    ):
        run_waiting(site)
    assert [event.type for event in city.events(case_id)] == ["opened", "urgent", "commented", "commented"]
    with site.work(write=False) as work:
        assert len([m for m in outbox(work) if m.kind == "petitions.answered"]) == 1
