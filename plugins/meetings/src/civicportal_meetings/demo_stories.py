"""Histories of the demo's requests."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RequestStory:
    """One request.

    :ivar sent: days ago.
    :ivar end: status today: registered, in_review, scheduled, held, absent, cancelled, withdrawn, declined.
    :ivar ahead: a future time is this many days after the start of next week, a past one this many days after the
        request.
    :ivar this_week: its time is on this working day of the current week, 0 the first; if that has passed, the request
        has its end, else the time is still in the future.
    :ivar session: it has a seat in the past (-1) or next (1) public meeting day.
    :ivar answer: the citizen's answer: "confirm" or "ask_another_time".
    :ivar moved: the time was changed once.
    :ivar order: status of an order of the mayor: registered, in_progress, done.
    """

    sent: float
    end: str
    ahead: int = 9
    this_week: int | None = None
    session: int = 0
    answer: str = ""
    moved: bool = False
    order: str = ""

    @property
    def may_be_open(self) -> bool:
        """Return whether the request may still be open today."""
        return self.end in OPEN_ENDS or self.this_week is not None


OPEN_ENDS = ("registered", "in_review", "scheduled")
PUBLIC_DAYS = {-1: 21, 1: -9}
"""Days ago of the public meeting days; the later one is in the future."""

STORIES = (
    RequestStory(sent=148, end="held", order="done"),
    RequestStory(sent=121, end="held", answer="confirm"),
    RequestStory(sent=97, end="held", order="done", moved=True),
    RequestStory(sent=83, end="absent"),
    RequestStory(sent=69, end="declined"),
    RequestStory(sent=62, end="held", order="in_progress"),
    RequestStory(sent=51, end="cancelled"),
    RequestStory(sent=44, end="held", answer="confirm", order="registered"),
    RequestStory(sent=38, end="held", session=-1, order="in_progress"),
    RequestStory(sent=36, end="held", session=-1, answer="confirm"),
    RequestStory(sent=35, end="absent", session=-1),
    RequestStory(sent=27, end="withdrawn"),
    RequestStory(sent=20, end="declined"),
    RequestStory(sent=19, end="held", this_week=0, answer="confirm"),
    RequestStory(sent=18.5, end="held", this_week=1),
    RequestStory(sent=18, end="absent", this_week=2, answer="confirm"),
    RequestStory(sent=17.5, end="held", this_week=3, answer="confirm"),
    RequestStory(sent=17, end="held", this_week=4),
    RequestStory(sent=16, end="scheduled", session=1, answer="confirm"),
    RequestStory(sent=15, end="scheduled", session=1),
    RequestStory(sent=14, end="in_review", session=1),
    RequestStory(sent=12, end="scheduled", ahead=0, answer="confirm"),
    RequestStory(sent=11, end="scheduled", ahead=1, moved=True),
    RequestStory(sent=9, end="scheduled", ahead=3, answer="ask_another_time"),
    RequestStory(sent=8, end="scheduled", ahead=4),
    RequestStory(sent=5, end="in_review"),
    RequestStory(sent=4, end="in_review"),
    RequestStory(sent=3, end="registered"),
    RequestStory(sent=2, end="registered"),
    RequestStory(sent=1.2, end="registered"),
    RequestStory(sent=0.3, end="registered"),
)
