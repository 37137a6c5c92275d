"""Histories of the demo's requests."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Story:
    """One request.

    :ivar sent: days ago.
    :ivar end: status today: registered, in_review, scheduled, held, absent, cancelled, withdrawn, declined.
    :ivar ahead: a future time is this many days after the start of next week, a past one this many days after the request.
    :ivar this_week: its time is on this working day of the current week, 0 the first; if that has passed, the request has its end,
    else the time is still in the future.
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
    Story(sent=148, end="held", order="done"),
    Story(sent=121, end="held", answer="confirm"),
    Story(sent=97, end="held", order="done", moved=True),
    Story(sent=83, end="absent"),
    Story(sent=69, end="declined"),
    Story(sent=62, end="held", order="in_progress"),
    Story(sent=51, end="cancelled"),
    Story(sent=44, end="held", answer="confirm", order="registered"),
    Story(sent=38, end="held", session=-1, order="in_progress"),
    Story(sent=36, end="held", session=-1, answer="confirm"),
    Story(sent=35, end="absent", session=-1),
    Story(sent=27, end="withdrawn"),
    Story(sent=20, end="declined"),
    Story(sent=19, end="held", this_week=0, answer="confirm"),
    Story(sent=18.5, end="held", this_week=1),
    Story(sent=18, end="absent", this_week=2, answer="confirm"),
    Story(sent=17.5, end="held", this_week=3, answer="confirm"),
    Story(sent=17, end="held", this_week=4),
    Story(sent=16, end="scheduled", session=1, answer="confirm"),
    Story(sent=15, end="scheduled", session=1),
    Story(sent=14, end="in_review", session=1),
    Story(sent=12, end="scheduled", ahead=0, answer="confirm"),
    Story(sent=11, end="scheduled", ahead=1, moved=True),
    Story(sent=9, end="scheduled", ahead=3, answer="ask_another_time"),
    Story(sent=8, end="scheduled", ahead=4),
    Story(sent=5, end="in_review"),
    Story(sent=4, end="in_review"),
    Story(sent=3, end="registered"),
    Story(sent=2, end="registered"),
    Story(sent=1.2, end="registered"),
    Story(sent=0.3, end="registered"),
)
