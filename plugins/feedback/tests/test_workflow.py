"""The workflow as a table, and what holds of its texts."""

import pytest
from civicportal_feedback.messages import MESSAGES
from civicportal_feedback.workflow import CLOSED, FEEDBACK, OPEN, WORKFLOW

STAFF_STEPS = {
    "registered": {"answer": "answered", "start_review": "in_review", "archive": "archived"},
    "in_review": {"answer": "answered", "archive": "archived"},
    "answered": {"reopen": "in_review"},
    "archived": {"reopen": "in_review"},
    "withdrawn": {"reopen": "in_review"},
}
CITIZEN_STEPS = {
    "registered": {"withdraw": "withdrawn"},
    "in_review": {"withdraw": "withdrawn"},
    "answered": {"reopen": "in_review"},
    "archived": {"reopen": "in_review"},
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
    FEEDBACK.check()
    assert {state.name for state in WORKFLOW.states if state.is_open} == set(OPEN)
    assert {state.name for state in WORKFLOW.states if not state.is_open} == set(CLOSED)
    assert FEEDBACK.level == 0
    assert not FEEDBACK.publishable


def test_every_state_of_which_citizens_hear_has_a_text():
    reached = {step.target for step in WORKFLOW.transitions if step.notify} | {WORKFLOW.initial}
    keys = {message.key for message in MESSAGES}
    assert {f"feedback.{state}" for state in reached} | {"feedback.referred", "feedback.reopened"} <= keys


def test_texts_name_their_fields():
    for message in MESSAGES:
        named = {part.partition("}")[0] for part in str(message.text).split("{")[1:]}
        assert named == set(message.fields), message.key


@pytest.mark.parametrize("step", ["answer", "archive", "reopen"])
def test_steps_that_the_citizen_reads_ask_for_words(step):
    schema = next(t.schema for t in WORKFLOW.transitions if t.name == step)()
    assert "public_text" in {child.name for child in schema.children}


def test_the_answer_is_the_likely_step_of_an_open_message():
    likely = {state.name: state.likely for state in WORKFLOW.states if state.likely}
    assert likely == {"registered": "answer", "in_review": "answer"}
