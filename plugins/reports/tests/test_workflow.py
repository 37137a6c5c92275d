"""The workflow as a table, and what holds on every walk through it."""

import pytest
from civicportal_reports.messages import MESSAGES
from civicportal_reports.workflow import CLOSED, OPEN, REPORTS, WORKFLOW
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from civicportal.api.cases import Workflow
from civicportal.api.plugins import Conflict

STAFF_STEPS = {
    "registered": {
        "start_review": "in_review",
        "start_action": "in_action",
        "ask_citizen": "waiting_citizen",
        "close": "reviewed",
        "reject": "rejected",
        "out_of_scope": "out_of_scope",
        "duplicate": "duplicate",
    },
    "in_review": {
        "start_action": "in_action",
        "ask_citizen": "waiting_citizen",
        "close": "reviewed",
        "reject": "rejected",
        "out_of_scope": "out_of_scope",
        "duplicate": "duplicate",
    },
    "in_action": {
        "ask_citizen": "waiting_citizen",
        "close": "reviewed",
        "reject": "rejected",
        "out_of_scope": "out_of_scope",
        "duplicate": "duplicate",
    },
    "waiting_citizen": {
        "start_review": "in_review",
        "start_action": "in_action",
        "close": "reviewed",
        "reject": "rejected",
        "out_of_scope": "out_of_scope",
        "duplicate": "duplicate",
    },
    "reviewed": {"reopen": "in_review"},
    "rejected": {"reopen": "in_review"},
    "out_of_scope": {"reopen": "in_review"},
    "duplicate": {"reopen": "in_review"},
    "withdrawn": {"reopen": "in_review"},
}
CITIZEN_STEPS = {
    "registered": {"withdraw": "withdrawn"},
    "in_review": {"withdraw": "withdrawn"},
    "in_action": {"withdraw": "withdrawn"},
    "waiting_citizen": {"citizen_answers": "in_review", "withdraw": "withdrawn"},
    "reviewed": {"reopen": "in_review"},
    "rejected": {"reopen": "in_review"},
    "out_of_scope": {"reopen": "in_review"},
    "duplicate": {"reopen": "in_review"},
    "withdrawn": {"reopen": "in_review"},
}


@pytest.mark.parametrize(("actor", "table"), [("staff", STAFF_STEPS), ("citizen", CITIZEN_STEPS)])
def test_steps_are_those_of_the_table(actor, table):
    found = {
        state.name: {step.name: step.target for step in WORKFLOW.from_state(state.name, actor)}
        for state in WORKFLOW.states
    }
    assert found == table


def test_kind_is_sound():
    REPORTS.check()
    assert {state.name for state in WORKFLOW.states if state.is_open} == set(OPEN)
    assert {state.name for state in WORKFLOW.states if not state.is_open} == set(CLOSED)


def test_only_waiting_for_the_citizen_holds_the_deadline():
    assert [state.name for state in WORKFLOW.states if state.pauses_deadline] == ["waiting_citizen"]


def test_every_state_of_which_citizens_hear_has_a_text():
    reached = {step.target for step in WORKFLOW.transitions if step.notify} | {WORKFLOW.initial}
    assert {f"reports.{state}" for state in reached} <= {message.key for message in MESSAGES}


def test_texts_name_their_fields():
    for message in MESSAGES:
        named = {part.partition("}")[0] for part in str(message.text).split("{")[1:]}
        assert named == set(message.fields), message.key


@pytest.mark.parametrize("step", ["ask_citizen", "close", "reject", "out_of_scope", "reopen", "duplicate"])
def test_steps_that_the_citizen_reads_ask_for_words(step):
    schema = next(t.schema for t in WORKFLOW.transitions if t.name == step)()
    assert "public_text" in {child.name for child in schema.children}


class Walk(RuleBasedStateMachine):
    """A person takes any offered step, or tries one that is not offered."""

    @initialize()
    def start(self):
        self.status = WORKFLOW.initial
        self.closings = self.reopenings = 0

    @rule(data=st.data())
    def take(self, data):
        step = data.draw(st.sampled_from(WORKFLOW.from_state(self.status)))
        before, after = WORKFLOW.state(self.status), WORKFLOW.state(step.target)
        self.closings += before.is_open and not after.is_open
        self.reopenings += not before.is_open and after.is_open
        self.status = WORKFLOW.step(self.status, step.name).target

    @rule(name=st.sampled_from([t.name for t in WORKFLOW.transitions]))
    def try_any(self, name):
        offered = {step.name for step in WORKFLOW.from_state(self.status)}
        if name not in offered:
            with pytest.raises(Conflict):
                WORKFLOW.step(self.status, name)

    @invariant()
    def somebody_can_always_go_on(self):
        assert WORKFLOW.from_state(getattr(self, "status", WORKFLOW.initial), "staff")

    @invariant()
    def closings_and_reopenings_take_turns(self):
        if hasattr(self, "status"):
            is_open = WORKFLOW.state(self.status).stage in Workflow.OPEN_STAGES
            assert self.closings - self.reopenings == (0 if is_open else 1)

    @invariant()
    def nobody_is_registered_twice(self):
        assert all(step.target != "registered" for step in WORKFLOW.transitions)


TestWalk = Walk.TestCase


def test_closing_is_the_likely_step_while_a_report_is_under_review():
    likely = {state.name: state.likely for state in WORKFLOW.states if state.likely}
    assert likely == {"in_review": "close", "in_action": "close"}
