"""Figures by status."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from civicportal.domain.cases.workflow import State, Workflow


@dataclass(frozen=True, kw_only=True)
class StatusRow:
    """A row of the table, and a segment of the bar.

    :ivar order: its position among the statuses of its stage, from 0: the stage gives the colour, this the pattern. It
        does not depend on the figures.
    """

    state: State
    number: int
    order: int


def status_rows(workflow: Workflow, numbers: Mapping[str, int]) -> list[StatusRow]:
    """Return the statuses in workflow order.

    A retired one only if it has cases.

    :param numbers: number of cases by status.
    """
    rows, seen = [], Counter[str]()
    for state in workflow.states:
        number = numbers.get(state.name, 0)
        if number or not state.retired:
            rows.append(StatusRow(state=state, number=number, order=seen[state.stage]))
        seen[state.stage] += 1
    return rows
