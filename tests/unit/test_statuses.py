"""Statuses of one stage share a colour: what tells them apart, however many there are."""

from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from translationstring import TranslationString

import civicportal
from civicportal.domain.cases.workflow import State, Workflow
from civicportal.domain.statistics.statuses import status_rows
from civicportal.web.templating import FILTERS

TITLE = TranslationString("Title")
STATES = (("new", "registered", False), ("looked_at", "in_progress", False), ("old", "in_progress", True))
MORE = (("at_work", "in_progress", False), ("done", "done", False))


@pytest.fixture(scope="module")
def macros():
    environment = Environment(
        loader=FileSystemLoader(Path(civicportal.__file__).parent / "templates"), autoescape=True
    )
    environment.filters.update(FILTERS)
    environment.globals["_"] = str
    environment.add_extension("jinja2.ext.i18n")
    return environment.get_template("macros.jinja2").module


def workflow():
    states = [
        State(name=name, title=TITLE, stage=stage, retired=retired)
        for name, stage, retired in (*STATES, *MORE)
    ]
    return Workflow(initial="new", states=tuple(states), transitions=())


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ({}, [("new", 0), ("looked_at", 0), ("at_work", 2), ("done", 0)]),
        ({"old": 3}, [("new", 0), ("looked_at", 0), ("old", 1), ("at_work", 2), ("done", 0)]),
    ],
)
def test_order_within_a_stage_hangs_on_the_workflow_alone(numbers, shown):
    assert [(row.state.name, row.order) for row in status_rows(workflow(), numbers)] == shown


def test_no_two_patterns_are_alike(macros):
    patterns = [
        one.partition(" ")[2].partition('"')[2] for one in str(macros.patterns(30)).split("<pattern")[1:]
    ]
    assert len(patterns) == len(set(patterns)) == 30


def test_a_bar_leaves_out_what_is_nothing_and_fills_its_whole_length(macros):
    bar = str(macros.stack([(1, "c4"), (0, "c1", 0), (2, "c1", 1), (1, "c6", 0)]))
    assert bar.count('class="c') == 3
    assert 'fill="url(#pattern-1)" x="25.0%" width="50.0%"' in bar
    assert 'x="75.0%" width="25.0%"' in bar
