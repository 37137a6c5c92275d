"""Answers by SMS to the notification of a closing.

They refer to the case of which the number was notified within seven days and that is not answered yet. If there are several, the message
must name one by its code.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

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

SATISFIED = 5
"""Stars of an acceptance, unless the citizen has given stars already."""
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


class VerdictService(Service):
    """Rate or object on the citizen's behalf."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.ratings = work.get(RatingService)

    def answer(self, message: InboundMessage) -> Reply | None:
        """Apply an answer to a closing.

        Returns None when the message is none.
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
        cases = self._told_of(citizen, verdict.code, possible)
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

    def _told_of(self, citizen: User, code: str, possible: Callable[[Case], bool]) -> Sequence[Case]:
        """Return the candidate cases."""
        since = self.work.clock.now() - OBJECTION_WINDOW
        query = select(Case).where(Case.citizen_id == citizen.id, Case.closed_at > since)
        if code:
            query = query.where(Case.code == code)
        query = query.order_by(Case.closed_at.desc(), Case.id.desc()).with_for_update()
        cases = [
            case for case in self.session.scalars(query) if self._was_told(case, citizen) and possible(case)
        ]
        return [case for case in cases if not self._has_answered(case)] or cases

    def _was_told(self, case: Case, citizen: User) -> bool:
        closing = self.ratings.closing(case)
        # An answer proves that the notification was read, even without a delivery report.
        gone_out = exists().where(
            OutboxMessage.case_id == case.id,
            OutboxMessage.event_id == (closing.id if closing else None),
            OutboxMessage.recipient == citizen.mobile,
            OutboxMessage.state.in_(("sent", "unknown")),
        )
        return bool(self.session.scalar(select(gone_out)))

    def _has_answered(self, case: Case) -> bool:
        standing = self.ratings.standing(case)
        return standing is not None and standing.mine is not None

    def _may_accept(self, case: Case) -> bool:
        return self.ratings.standing(case) is not None

    def _accept(self, case: Case, words: str) -> Reply:
        if not self._has_answered(case):
            self.ratings.rate(case, SATISFIED, words)
        return Reply(kind="inbound.accepted", fields={"TRACK": case.code})

    def _object(self, case: Case, words: str, citizen: User) -> Reply:
        event = self.ratings.object(case, words)
        told = self.work.get(NotificationService).send_immediately(event, citizen)
        return Reply(kind="" if told else "inbound.objected", fields={"TRACK": case.code})
