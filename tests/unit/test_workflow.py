"""Workflows are data: what is wrong with one is found before anything runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from translationstring import TranslationString

from civicportal.domain.cases.workflow import (
    OPEN_STAGES,
    STAGES,
    CaseKind,
    State,
    Transition,
    UnknownTransition,
    Workflow,
    unknown_kind,
)
from civicportal.testing import PETITIONS
from civicportal.util.errors import ConfigurationError

TITLE = TranslationString("Title")


def state(name, stage="in_progress", **more):
    return State(name=name, title=TITLE, stage=stage, **more)


def step(name, sources, target, **more):
    return Transition(name=name, title=TITLE, sources=tuple(sources), target=target, **more)


def kind(workflow, **more):
    return CaseKind(name="things", title=TITLE, workflow=workflow, permission_prefix="things:case", **more)


GOOD = Workflow(
    initial="new",
    states=(state("new", "registered"), state("closed", "done")),
    transitions=(
        step("close", ["new"], "closed"),
        step("reopen", ["closed"], "new", actors=frozenset({"citizen"})),
    ),
)


def test_a_good_workflow_has_no_problems():
    assert GOOD.problems() == []
    assert PETITIONS.workflow.problems() == []
    kind(GOOD, rating=True, reopen="reopen").check()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"initial": "nowhere"}, "initial state 'nowhere'"),
        ({"states": (*GOOD.states, state("new", "registered"))}, "same name"),
        ({"states": (*GOOD.states, state("island", "done"))}, "nothing leads to 'island'"),
        ({"states": (*GOOD.states, state("trap"))}, "open state 'trap' has no way out"),
        ({"transitions": (*GOOD.transitions, step("fly", ["new"], "moon"))}, "unknown states ['moon']"),
        ({"transitions": (*GOOD.transitions, step("close", ["new"], "closed"))}, "two transitions 'close'"),
        (
            {
                "states": (*GOOD.states, state("old", retired=True)),
                "transitions": (*GOOD.transitions, step("age", ["new"], "old")),
            },
            "retired state 'old'",
        ),
    ],
)
def test_problems_are_named(changes, problem):
    parts = {"initial": GOOD.initial, "states": GOOD.states, "transitions": GOOD.transitions, **changes}
    assert any(problem in found for found in Workflow(**parts).problems())


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"reopen": "revive"}, "'revive' does not exist"),
        ({"reopen": "close"}, "not for citizens"),
        ({"rating": True}, "needs a reopening transition"),
    ],
)
def test_a_kind_that_cannot_work_is_refused(settings, problem):
    with pytest.raises(ConfigurationError, match=problem):
        kind(GOOD, **settings).check()


def test_an_unknown_step_says_what_is_allowed():
    with pytest.raises(UnknownTransition, match=r"'reopen' is not possible from 'new': allowed is close"):
        GOOD.step("new", "reopen")
    with pytest.raises(UnknownTransition, match="no state 'moon'"):
        GOOD.state("moon")


def test_steps_by_who_acts():
    assert [t.name for t in GOOD.from_state("closed", "citizen")] == ["reopen"]
    assert GOOD.from_state("closed", "staff") == []


def test_a_kind_whose_plugin_is_off_offers_nothing():
    stand_in = unknown_kind("gone")
    assert stand_in.workflow.transitions == ()
    assert stand_in.permission("view") == "gone:case:view"


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])


@st.composite
def workflows(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=5))
    states = tuple(
        state(name, draw(st.sampled_from(list(STAGES))), retired=draw(st.booleans())) for name in names
    )
    transitions = tuple(
        step(draw(NAMES), draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)), draw(NAMES))
        for _number in range(draw(st.integers(0, 6)))
    )
    return Workflow(initial=draw(NAMES), states=states, transitions=transitions)


@given(workflows(), st.lists(st.integers(0, 10), max_size=20))
def test_whatever_passes_the_check_can_be_walked(workflow, choices):
    if workflow.problems():
        return
    here = workflow.state(workflow.initial)
    for choice in choices:
        possible = workflow.from_state(here.name)
        if not possible:
            assert here.stage not in OPEN_STAGES
            return
        taken = possible[choice % len(possible)]
        assert workflow.step(here.name, taken.name) is taken
        here = workflow.state(taken.target)
        assert not here.retired


LIKELY = Workflow(
    initial="new",
    states=(state("new", "registered", likely="close"), state("closed", "done")),
    transitions=(step("ask", ["new"], "new"), step("close", ["new"], "closed")),
)


def test_the_likely_transition_is_offered_first_while_it_is_possible():
    ask, close = LIKELY.transitions
    assert LIKELY.likely("new", [ask, close]) is close
    assert LIKELY.likely("new", [ask]) is ask
    assert LIKELY.likely("closed", []) is None
    assert GOOD.likely("new", [GOOD.transitions[0]]) is GOOD.transitions[0]


@pytest.mark.parametrize("likely", ["fly", "reopen"])
def test_only_a_transition_of_staff_can_be_the_likely_one(likely):
    states = (state("new", "registered", likely=likely), state("closed", "done"))
    back = step("reopen", ["new"], "closed", actors=frozenset({"citizen"}))
    found = Workflow(initial="new", states=states, transitions=(*GOOD.transitions, back)).problems()
    assert f"the state 'new' has no transition {likely!r} of staff" in found
