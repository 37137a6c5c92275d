"""One generated case with all rows that belong to it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from benchmarks.seed.city import City
from benchmarks.seed.kinds import About, Kind
from benchmarks.seed.pictures import pictures
from benchmarks.seed.words import Skew
from civicportal.domain.cases.measures import SATISFIED
from civicportal.domain.cases.models import Case, CaseEvent, Follower, Rating
from civicportal.domain.cases.public_type import CHECKED, PublicText
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search_index import words_of
from civicportal.domain.notifications.models import OutboxMessage

Row = tuple[type[Any], dict[str, Any]]

EVENTS, LINES = 8, 4
"""Ids set aside for the events and the referrals of one case: its rows can name each other before they are written."""
STARS = (5, 5, 5, 5, 4, 4, 4, 3, 2, 1)
SOURCES = ("web",) * 41 + ("phone",) * 7 + ("counter",) * 2
NOTED = 0.2
"""Of the steps after which an officer leaves a note for others, the first of a case alone."""
RECENT = timedelta(days=60)
"""Messages older than this are not kept."""
_CITIZENS = Skew(1000, 0.5)


class Story:
    """The n-th case of a city.

    :param number: from 0; the case's id is one higher.
    """

    def __init__(self, city: City, kind: Kind, rng: Random, number: int, code: str) -> None:
        self.city, self.kind, self.rng = city, kind, rng
        self.id = number + 1
        self.sent = city.moment(number)
        self.events: list[dict[str, Any]] = []
        self.referrals: list[dict[str, Any]] = []
        self._noted = False
        self.citizen = self._citizen()
        self.about: About
        self.case = self._case(number, code)
        self._walk()
        self.rating = self._rating()

    def rows(self) -> Iterator[Row]:
        """Yield its rows, each after those it references."""
        yield Case, self.case
        yield from self.kind.details(self)
        for event in self.events:
            yield CaseEvent, event
        for referral in self.referrals:
            yield Referral, referral
        if self.rating:
            yield Rating, self.rating
        yield from pictures(self)
        yield from self._follower()
        yield from self._messages()

    @property
    def closing(self) -> dict[str, Any] | None:
        """Return the event that closed it, if it is closed."""
        return self.events[-1] if self.case["closed_at"] else None

    # -- the case -------------------------------------------------------------------------------------------

    def _citizen(self) -> int:
        # Few send much: a thousandth of the citizens is as busy as the first.
        block = max(self.city.citizens // 1000, 1)
        number = _CITIZENS.draw(self.rng) * block + self.rng.randrange(block)
        return self.city.first_citizen + number % self.city.citizens

    def _case(self, number: int, code: str) -> dict[str, Any]:
        about = self.about = self.kind.about(self.city, self.rng)
        words = [*self.city.vocabulary.draw(self.rng), *self.city.seasons.words(self.sent, self.rng)]
        body = " ".join(words)
        deadline, since, work = self.city.deadline(self.sent, about.days)
        name = self.city.person(self.citizen - self.city.first_citizen)
        return {
            "id": number + 1,
            "code": code,
            "kind": self.kind.name,
            "citizen_id": self.citizen,
            "subject": about.subject,
            "place": about.place,
            "body": body,
            "public_body": None,
            "category_id": about.category_id,
            "unit_id": about.unit_id,
            "status": self.kind.first,
            "stage": "registered",
            "urgent": self.rng.random() < 0.03,
            "public": False,
            "source": self.rng.choice(SOURCES),
            "created_at": self.sent,
            "updated_at": self.sent,
            "closed_at": None,
            "paused_at": None,
            "reopenings": 0,
            "hops": 0,
            "rated": 0,
            "satisfied": 0,
            "deadline": deadline,
            "deadline_from": since,
            "deadline_work": work,
            "version": 1,
            "people": about.people,
            **words_of(about.subject, about.place, body, about.category, name, about.people),
        }

    # -- what happened to it --------------------------------------------------------------------------------

    def _walk(self) -> None:
        case, rng = self.case, self.rng
        promised = (case["deadline"] - self.sent) / timedelta(hours=1)
        # Most keep to the deadline; some stay open for long, the later ones more.
        pace = promised * rng.lognormvariate(-0.45, 0.5)
        path = self.kind.path(rng, stuck=rng.random() < 0.20 + 0.42 * self.id / self.city.cases)
        self._event("opened", self.sent, None, self.kind.first, public=True, citizen=True)
        self._referral(self.sent, case["unit_id"], rule="category")
        at = self.sent
        for status in path:
            at += timedelta(hours=pace / len(path) * rng.uniform(0.5, 1.5))
            if at >= self.city.until:
                break
            self._step(status, at)
        case["version"] = len(self.events)
        case["updated_at"] = self.events[-1]["at"]
        case["public"] = self.about.public and case["stage"] != "registered" and rng.random() < 0.9
        if case["public"]:
            # As its officer has released it.
            case["public_body"] = PublicText(case["body"], CHECKED)

    def _step(self, status: str, at: datetime) -> None:
        if status == "referred":
            self._refer(at)
            return
        if status == "reopened":
            self._reopen(at)
            return
        case, stage = self.case, self.kind.stages[status]
        open_ = stage == "in_progress"
        officer = self._officer()
        words = "" if open_ else " ".join(self.city.vocabulary.draw(self.rng, 6, 14))
        name = self.kind.steps[status]
        self._event(
            "transition", at, case["status"], status, name=name, public=True, officer=officer, text=words
        )
        case["status"], case["stage"] = status, stage
        case["paused_at"] = at if status == "waiting_citizen" else None
        referral = self.referrals[-1]
        referral["read_at"] = referral["read_at"] or at
        referral["taken_by_id"] = referral["taken_by_id"] or (
            officer[0] if officer and self.rng.random() < 0.6 else None
        )
        if not open_:
            case["closed_at"] = at
            self._end_referral(at, "closed")
        elif officer and not self._noted and self.rng.random() < NOTED:
            self._note(at, officer)

    def _note(self, at: datetime, officer: tuple[int, str]) -> None:
        self._noted = True
        words = " ".join(self.city.vocabulary.draw(self.rng, 6, 14))
        self._event("commented", at, None, None, public=False, officer=officer, internal=words)

    def _refer(self, at: datetime) -> None:
        target = self.rng.choice(self.city.unit_ids)
        if target == self.case["unit_id"]:
            return
        self._event("referred", at, None, None, public=True, officer=self._officer())
        self._end_referral(at, "referred")
        self.case["unit_id"] = target
        self.case["hops"] += 1
        self._referral(at, target)

    def _reopen(self, at: datetime) -> None:
        case = self.case
        self._event("transition", at, case["status"], "in_review", name="reopen", public=True, citizen=True)
        case.update(status="in_review", stage=self.kind.stages["in_review"], closed_at=None)
        case["deadline"], case["deadline_from"], case["deadline_work"] = self.city.deadline(
            at, self.about.days
        )
        case["reopenings"] += 1
        self._referral(at, case["unit_id"])

    def _event(
        self,
        type_: str,
        at: datetime,
        before: str | None,
        after: str | None,
        *,
        name: str | None = None,
        public: bool,
        citizen: bool = False,
        officer: tuple[int, str] | None = None,
        text: str = "",
        internal: str = "",
    ) -> None:
        self.events.append(
            {
                "id": self.id * EVENTS + len(self.events),
                "case_id": self.id,
                "type": type_,
                "transition": name,
                "before": before,
                "after": after,
                "actor_id": self.citizen if citizen else officer and officer[0],
                "actor_name": "" if citizen or not officer else officer[1],
                "door": "citizen" if citizen else "staff",
                "unit_id": self.case["unit_id"],
                "public": public,
                "public_text": text,
                "internal_text": internal,
                "data": {},
                "at": at,
            }
        )

    def _referral(self, at: datetime, unit_id: int, rule: str = "") -> None:
        before = self.referrals[-1] if self.referrals else None
        self.referrals.append(
            {
                "id": self.id * LINES + len(self.referrals),
                "case_id": self.id,
                "type": "action",
                "from_unit_id": before["to_unit_id"] if before else None,
                "from_user_id": None,
                "to_unit_id": unit_id,
                "taken_by_id": None,
                "rule": rule,
                "created_at": at,
                "read_at": None,
                "closed_at": None,
                "closed_how": None,
                "previous_id": before["id"] if before else None,
                "opened_event_id": self.events[-1]["id"],
                "closed_event_id": None,
                "reopened": self.case["reopenings"] > 0,
            }
        )

    def _end_referral(self, at: datetime, how: str) -> None:
        self.referrals[-1].update(closed_at=at, closed_how=how, closed_event_id=self.events[-1]["id"])

    def _officer(self) -> tuple[int, str] | None:
        officers = self.city.officers.get(self.case["unit_id"])
        return self.rng.choice(officers) if officers else None

    # -- around it ------------------------------------------------------------------------------------------

    def _rating(self) -> dict[str, Any] | None:
        closing = self.closing
        if closing is None or self.case["stage"] != "done" or not self.kind.rated or self.rng.random() > 0.45:
            return None
        at = closing["at"] + timedelta(hours=self.rng.uniform(1, 90))
        stars = self.rng.choice(STARS)
        self.case.update(rated=1, satisfied=int(stars >= SATISFIED))
        return {
            "case_id": self.id,
            "user_id": self.citizen,
            "closing_id": closing["id"],
            "stars": stars,
            "created_at": at,
            "updated_at": at,
        }

    def _follower(self) -> Iterator[Row]:
        if self.kind.name != "reports" or self.rng.random() > 0.05:
            return
        other = self._citizen()
        if other != self.citizen:
            yield Follower, {"case_id": self.id, "user_id": other, "muted": False, "created_at": self.sent}

    def _messages(self) -> Iterator[Row]:
        mobile = self.city.mobile(self.citizen - self.city.first_citizen)
        for event in self.events:
            if event["public"] and self.city.until - event["at"] < RECENT:
                yield OutboxMessage, self._message(event, mobile)

    def _message(self, event: dict[str, Any], mobile: str) -> dict[str, Any]:
        return {
            "event_key": f"{event['id']}:{mobile}:sms",
            "kind": f"{self.kind.name}.{event['after'] or 'referred'}",
            "recipient": mobile,
            "user_id": self.citizen,
            "case_id": self.id,
            "event_id": event["id"],
            "text": f"{self.case['code']} {self.case['subject'][:60]}",
            "state": "sent",
            "attempts": 1,
            "created_at": event["at"],
            "next_at": event["at"],
            "sent_at": event["at"],
        }
