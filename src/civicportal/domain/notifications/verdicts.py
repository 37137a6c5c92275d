"""Answers by SMS to the notification of a closing.

They refer to the case about which this number was last asked: by the notification of its closing, or by the reply to
the last answer. If several are not answered yet, the message must name one by its code. A verdict has two answers,
which are no stars.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from civicportal.core.messages import Reply
from civicportal.core.work import Service
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.steps import OBJECTION_WINDOW
from civicportal.domain.notifications.models import InboundMessage, OutboxMessage
from civicportal.domain.notifications.services import NotificationService
from civicportal.util.i18n import latin_digits
from civicportal.util.persian import key

if TYPE_CHECKING:
    from civicportal.core.work import Work

SATISFIED, DISSATISFIED = 5, 1
"""How the two answers are stored, unless the citizen has given stars already."""
MOST_CODES = 2
"""As many as fit into the placeholder of a template."""
_WORD = re.compile(r"\s*(\w+)[\s.,،:؛-]*(.*)", re.DOTALL)
_CODE = re.compile(r"((?:\d[ -]?){9}\d)(?!\d)[\s.,،:؛-]*(.*)", re.DOTALL)
_NOTHING = Reply(kind="inbound.nothing", fields={})


@dataclass(frozen=True, kw_only=True)
class ClosingReply:
    """An answer to a closing.

    :ivar code: of the case, empty if none is named.
    :ivar words: the text after it.
    """

    accepts: bool
    code: str
    words: str


def read(text: str, accept: str, object_: str) -> ClosingReply | None:
    """Parse a message, or return None when it is neither.

    :param accept: the word of the site that accepts; empty for none.
    :param object_: the word of the site that objects.
    """
    found = _WORD.match(latin_digits(text))
    if found is None:
        return None
    word, rest = key(found[1]), found[2]
    if not word or word not in (key(accept), key(object_)):
        return None
    named = _CODE.match(rest)
    code, words = (re.sub(r"\D", "", named[1]), named[2]) if named else ("", rest)
    return ClosingReply(accepts=word == key(accept), code=code, words=words.strip())


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A closed case about which the number was asked.

    :ivar at: when it was last asked.
    :ivar answered_at: when the citizen rated the closing, or None.
    """

    case: Case
    at: datetime
    answered_at: datetime | None


class VerdictService(Service):
    """Rate or object on the citizen's behalf."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.ratings = work.get(RatingService)

    def answer(self, message: InboundMessage) -> Reply | None:
        """Apply an answer to a closing.

        :returns: None when the message is none.
        """
        settings = self.work.site.settings["notifications"]
        verdict = read(message.text, settings["accept"], settings["object"])
        if verdict is None:
            return None
        open_account = (User.disabled_at.is_(None), User.deleted_at.is_(None))
        citizen = self.session.scalar(select(User).where(User.mobile == message.sender, *open_account))
        if citizen is None:
            return _NOTHING
        with self.work.acting_as(identity_of(self.work, citizen, "citizen")):
            return self._take(verdict, citizen)

    def _take(self, verdict: ClosingReply, citizen: User) -> Reply:
        possible = self._may_accept if verdict.accepts else self.ratings.may_object
        cases = self._meant(self._asked(citizen, verdict.code, possible), verdict)
        if not cases:
            return _NOTHING
        if len(cases) > 1:
            codes = " ".join(case.code for case in cases[:MOST_CODES])
            return Reply(kind="inbound.which", fields={"CODES": codes})
        try:
            if verdict.accepts:
                return self._accept(cases[0], verdict.words)
            return self._object(cases[0], verdict.words, citizen)
        except Refused:
            return _NOTHING

    def _asked(self, citizen: User, code: str, possible: Callable[[Case], bool]) -> list[_Asked]:
        """Return the candidate cases, the one about which the number was asked last first."""
        since = self.work.clock.now() - OBJECTION_WINDOW
        query = select(Case).where(Case.citizen_id == citizen.id, Case.closed_at > since)
        if code:
            query = query.where(Case.code == code)
        query = query.order_by(Case.closed_at.desc(), Case.id.desc()).with_for_update()
        found = [(case, self._asked_at(case, citizen)) for case in self.session.scalars(query)]
        asked = [
            _Asked(case=case, at=at, answered_at=self._answered_at(case))
            for case, at in found
            if at is not None and possible(case)
        ]
        return sorted(asked, key=lambda one: one.at, reverse=True)

    @staticmethod
    def _meant(asked: list[_Asked], verdict: ClosingReply) -> list[Case]:
        """Return the case to which a verdict refers, or several if that is not certain."""
        waiting = [one for one in asked if one.answered_at is None]
        answered = [one for one in asked if one.answered_at is not None]
        last = max(answered, key=lambda one: one.answered_at or one.at, default=None)
        if last is None or (verdict.accepts and waiting):
            return [one.case for one in waiting]
        # A citizen who changes their mind means the case of their last answer, unless another one was closed since.
        if all(one.at <= (last.answered_at or last.at) for one in waiting):
            return [last.case]
        return [one.case for one in waiting]

    def _asked_at(self, case: Case, citizen: User) -> datetime | None:
        """Return when the number was notified of the last closing, None if it was not.

        A citizen who withdrew the case was not asked for a verdict.
        """
        closing = self.ratings.closing(case)
        if closing is None or closing.realm == "citizen":
            return None
        # An answer proves that the notification was read, even without a delivery report.
        gone_out = select(func.max(func.coalesce(OutboxMessage.sent_at, OutboxMessage.created_at))).where(
            OutboxMessage.case_id == case.id,
            OutboxMessage.event_id == closing.id,
            OutboxMessage.recipient == citizen.mobile,
            OutboxMessage.state.in_(("sent", "unknown")),
        )
        return self.session.scalar(gone_out)

    def _answered_at(self, case: Case) -> datetime | None:
        standing = self.ratings.standing(case)
        return standing.mine.updated_at if standing is not None and standing.mine is not None else None

    def _has_no_stars(self, case: Case) -> bool:
        standing = self.ratings.standing(case)
        return standing is None or standing.mine is None or standing.mine.two_answers

    def _may_accept(self, case: Case) -> bool:
        return self.ratings.standing(case) is not None

    def _accept(self, case: Case, words: str) -> Reply:
        if self._answered_at(case) is None:
            self.ratings.rate(case, SATISFIED, words, two_answers=True)
        return Reply(kind="inbound.accepted", fields={"TRACK": case.code})

    def _object(self, case: Case, words: str, citizen: User) -> Reply:
        with self.work.savepoint():
            if self._may_accept(case) and self._has_no_stars(case):
                # The reason is kept with the objection.
                self.ratings.rate(case, DISSATISFIED, two_answers=True)
            event = self.ratings.object(case, words)
        told = self.work.get(NotificationService).send_immediately(event, citizen)
        return Reply(kind="" if told else "inbound.objected", fields={"TRACK": case.code})
