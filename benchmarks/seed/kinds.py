"""Differences between generated reports, messages and meetings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from civicportal_feedback.models import Feedback
from civicportal_meetings.models import Appointment, MeetingRequest
from civicportal_reports.models import Report

if TYPE_CHECKING:
    from benchmarks.seed.city import City
    from benchmarks.seed.stories import Row, Story


@dataclass(frozen=True, kw_only=True)
class About:
    """Subject and first unit of a case.

    :ivar category: its name.
    :ivar detail: the columns of its detail table.
    :ivar people: a name by which it is found besides its citizen's.
    """

    subject: str
    unit_id: int
    detail: dict[str, Any]
    days: float = 5.0
    place: str = ""
    category_id: int | None = None
    category: str = ""
    public: bool = False
    people: str = ""


class Kind:
    """A kind of cases.

    :cvar stages: of the states that a case may reach.
    :cvar steps: the name of the step that leads there.
    """

    name: str
    first = "registered"
    rated = True
    stages: dict[str, str]
    steps: dict[str, str]

    def about(self, city: "City", rng: Random) -> About:
        """Return the subject of a new case."""
        raise NotImplementedError

    def path(self, rng: Random, *, stuck: bool) -> list[str]:
        """Return the states it goes through; "referred" for a hop to another unit, "reopened" for an objection.

        :param stuck: it will not be closed.
        """
        raise NotImplementedError

    def details(self, story: "Story") -> Iterator["Row"]:
        """Yield the rows of its own tables."""
        raise NotImplementedError


class Reports(Kind):
    """City reports: a subject of the tree and a place on the map."""

    name = "reports"
    stages = {
        "in_review": "in_progress",
        "in_action": "in_progress",
        "waiting_citizen": "in_progress",
        "reviewed": "done",
        "rejected": "rejected",
        "out_of_scope": "rejected",
    }
    steps = {
        "in_review": "start_review",
        "in_action": "start_action",
        "waiting_citizen": "ask_citizen",
        "reviewed": "close",
        "rejected": "reject",
        "out_of_scope": "out_of_scope",
    }
    endings = ("reviewed",) * 88 + ("rejected",) * 7 + ("out_of_scope",) * 5

    def about(self, city: "City", rng: Random) -> About:
        subject = city.subjects[city.subject_skew.draw(rng)]
        place = city.places[city.place_skew.draw(rng)]
        assert place.point is not None
        words = "، ".join(part for part in (place.street, place.district) if part)
        text = f"{subject.name}، {place.street or place.district}"
        return About(
            subject=text[:200],
            place=words[:300],
            unit_id=subject.unit_id,
            category_id=subject.id,
            category=subject.name,
            days=subject.days,
            public=subject.public,
            detail={
                "lat": place.point.lat,
                "lon": place.point.lon,
                "district": place.district,
                "street": place.street,
            },
        )

    def path(self, rng: Random, *, stuck: bool) -> list[str]:
        path = ["in_review"] if rng.random() < 0.7 else []
        if rng.random() < 0.14:
            path.append("referred")
        if stuck:
            return [*path, rng.choice(("in_action", "waiting_citizen"))] if rng.random() < 0.5 else path
        ending = rng.choice(self.endings)
        again = ["reopened", "reviewed"] if ending == "reviewed" and rng.random() < 0.06 else []
        return [*path, *(["in_action"] if rng.random() < 0.25 else []), ending, *again]

    def details(self, story: "Story") -> Iterator["Row"]:
        yield Report, {"case_id": story.id, **story.about.detail}


class Messages(Kind):
    """Suggestions, criticism, complaints and thanks to the municipality."""

    name = "feedback"
    stages = {"in_review": "in_progress", "answered": "done", "archived": "rejected"}
    steps = {"in_review": "start_review", "answered": "answer", "archived": "archive"}
    types = ("suggestion",) * 4 + ("criticism",) * 3 + ("complaint",) * 2 + ("thanks",)

    def about(self, city: "City", rng: Random) -> About:
        subject = " ".join(city.vocabulary.draw(rng, 3, 6))
        detail = {"type": rng.choice(self.types), "unit_id": rng.choice(city.unit_ids)}
        return About(subject=subject, unit_id=city.unit_of["pr"], detail=detail)

    def path(self, rng: Random, *, stuck: bool) -> list[str]:
        path = ["in_review"] if rng.random() < 0.6 else []
        return path if stuck else [*path, "answered" if rng.random() < 0.9 else "archived"]

    def details(self, story: "Story") -> Iterator["Row"]:
        yield Feedback, {"case_id": story.id, **story.about.detail}


class Meetings(Kind):
    """Requests to meet the mayor, some of them held."""

    name = "meetings"
    rated = False
    stages = {"in_review": "in_progress", "scheduled": "in_progress", "held": "done", "declined": "rejected"}
    steps = {"in_review": "start_review", "scheduled": "schedule", "held": "hold", "declined": "decline"}

    def about(self, city: "City", rng: Random) -> About:
        subject = " ".join(city.vocabulary.draw(rng, 3, 6))
        name = city.person(rng.randrange(city.citizens))
        unit, detail = city.unit_of["mayor"], {"party": "natural", "name": name}
        return About(subject=subject, unit_id=unit, detail=detail, days=7.0, people=name)

    def path(self, rng: Random, *, stuck: bool) -> list[str]:
        if stuck:
            return ["in_review"] if rng.random() < 0.6 else []
        return ["in_review", "scheduled", "held"] if rng.random() < 0.4 else ["in_review", "declined"]

    def details(self, story: "Story") -> Iterator["Row"]:
        yield MeetingRequest, {"case_id": story.id, **story.about.detail}
        steps = {event["after"]: event for event in story.events}
        if made := steps.get("scheduled"):
            yield Appointment, _appointment(story.id, made, steps.get("held"))


def _appointment(case_id: int, made: dict[str, Any], held: dict[str, Any] | None) -> dict[str, Any]:
    start = held["at"] - timedelta(minutes=15) if held else made["at"] + timedelta(days=3)
    return {
        "id": made["id"],
        "case_id": case_id,
        "start": start,
        "end": start + timedelta(minutes=15),
        "made_by": made["id"],
        "made_at": made["at"],
        "ended_by": held["id"] if held else None,
        "ended_at": held["at"] if held else None,
        "ended_how": "hold" if held else "",
    }


KINDS = (*(Reports(),) * 90, *(Messages(),) * 8, *(Meetings(),) * 2)
"""Of a hundred cases."""
