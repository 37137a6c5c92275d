"""Numbers of statuses, each with what tells it apart from the others of its stage."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from civicportal.cases.workflow import State, Workflow


@dataclass(frozen=True, kw_only=True)
class StatusRow:
    """One line of the table, and one piece of the bar.

    :ivar order: its place among the statuses of its stage, from 0: the stage gives the colour, this the pattern. It is the
        same whatever is counted.
    """

    state: State
    number: int
    order: int


def status_rows(workflow: Workflow, numbers: Mapping[str, int]) -> list[StatusRow]:
    """Return the statuses as the workflow names them; a retired one only where cases are left in it.

    :param numbers: number of cases by status.
    """
    rows, seen = [], Counter[str]()
    for state in workflow.states:
        number = numbers.get(state.name, 0)
        if number or not state.retired:
            rows.append(StatusRow(state=state, number=number, order=seen[state.stage]))
        seen[state.stage] += 1
    return rows
