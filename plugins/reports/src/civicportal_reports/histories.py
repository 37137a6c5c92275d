"""Random histories of demo reports: transitions in office hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from civicportal.api.demo import DemoRandom
from civicportal.api.localization import CityCalendar

#: Percentages of final states.
ENDINGS = {"close": 82, "reject": 6, "out_of_scope": 5, "duplicate": 4, "stuck": 3}
#: Percentages of ratings.
STARS = {5: 45, 4: 30, 3: 12, 2: 8, 1: 5}
SETTLED_AFTER = timedelta(days=21)
"""Most reports older than this are closed."""


@dataclass(frozen=True, kw_only=True)
class PlannedAction:
    """A planned action.

    :ivar name: a transition of the workflow, or "refer", "comment", "rate".
    """

    name: str
    at: datetime


def plan(
    rng: DemoRandom, sent: datetime, now: datetime, calendar: CityCalendar, *, deadline_days: float
) -> list[PlannedAction]:
    """Return the past actions of one report.

    :param deadline_days: office days; most reports meet it.
    """
    pace = deadline_days * rng.uniform(0.3, 1.25) / 4
    at = calendar.add_working_days(sent, rng.uniform(0.05, 0.6))
    steps = [PlannedAction(name="start_review", at=at)]
    for name in _middle(rng, settled=now - sent > SETTLED_AFTER):
        at = calendar.add_working_days(at, max(0.05, pace * rng.uniform(0.5, 1.5)))
        steps.append(PlannedAction(name=name, at=at))
    steps += _after(rng, steps[-1], calendar)
    return [step for step in steps if step.at < now]


def _middle(rng: DemoRandom, *, settled: bool) -> list[str]:
    names = ["comment"] if rng.random() < 0.45 else []
    if rng.random() < 0.2:
        names.append("refer")
    asked = rng.random() < 0.1
    if asked:
        names.append("ask_citizen")
    if asked and (settled or rng.random() < 0.5):
        names.append("citizen_answers")
    elif asked:
        return names
    ending = rng.weighted_choice(ENDINGS)
    if ending in ("close", "stuck"):
        names.append("start_action")
    return names if ending == "stuck" else [*names, ending]


def _after(rng: DemoRandom, last: PlannedAction, calendar: CityCalendar) -> list[PlannedAction]:
    if last.name != "close":
        return []
    if rng.random() < 0.06:
        again = last.at + timedelta(hours=rng.uniform(3, 60))
        return [
            PlannedAction(name="reopen", at=again),
            PlannedAction(name="start_action", at=calendar.add_working_days(again, 1)),
            PlannedAction(name="close", at=calendar.add_working_days(again, rng.uniform(2, 4))),
        ]
    if rng.random() < 0.55:
        return [PlannedAction(name="rate", at=last.at + timedelta(hours=rng.uniform(1, 90)))]
    return []
