"""Links by which contractors without an account see one case and say what became of the work.

A link opens nothing after its end, after it was revoked, after the case was closed, or after the case has left the unit. The
last two follow from the referrals of the case, so that an undo brings the link back.
"""

import base64
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select

from civicportal.core.crypto import token_hash
from civicportal.core.work import Service, Work
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.attachments import AttachmentService, PictureFiles
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.events import ONCE
from civicportal.domain.cases.models import CONTRACTED, Attachment, Case, CaseEvent
from civicportal.domain.cases.public_texts import PublicTexts
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import OPEN_STAGES
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.models import ContractorLink
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.types import SENT_BACK
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import Forbidden, NotFound
from civicportal.util.i18n import _

MADE, REVOKED = "contractor_linked", "contractor_ended"
"""``CaseEvent.type`` of a new link and of a revoked one."""
DONE, CANNOT = "done", "cannot"
BEFORE, AFTER = "job_before", "job_after"
"""``Attachment.purpose`` of a contractor's pictures."""
LONGEST_DAYS = 90
"""Maximum of days until the end of a link."""
MOST_OPEN = 5
"""Maximum of links of a case that open it at one time."""
TOKEN_BYTES = 16
"""128 bits: 22 letters, so that the address fits into one SMS."""
USED_AGAIN = timedelta(minutes=10)
"""Time after which another use of a link is recorded."""


@dataclass(frozen=True, kw_only=True)
class ShownLink:
    """A link on the page of its case.

    :ivar maker: name of the person who made it.
    :ivar is_open: it opens the case now.
    :ivar answer: what the contractor has said and what waits for the unit.
    """

    link: ContractorLink
    maker: str
    is_open: bool
    answer: CaseEvent | None = None

    @property
    def is_done(self) -> bool:
        """Return whether the contractor says that the work is done."""
        return self.answer is not None and self.answer.data.get("outcome") == DONE


@dataclass(frozen=True, kw_only=True)
class ContractorView:
    """What a contractor sees of a case, without what identifies its citizen.

    :ivar unit: name of the unit that made the link.
    :ivar photos: pictures of the citizen.
    :ivar own: pictures that came by this link.
    :ivar said: latest answer of the contractor.
    :ivar sent_back: words with which the unit has sent the work back since then.
    """

    link: ContractorLink
    case: Case
    unit: str
    subject: str
    place: str
    words: str
    photos: Sequence[Attachment]
    own: Sequence[Attachment]
    said: CaseEvent | None
    sent_back: str


class ContractorService(KartableService):
    """Make, list and revoke links; send work back to its contractor."""

    @property
    def enabled(self) -> bool:
        """Return whether the site has such links."""
        return bool(self.work.site.settings["contractors"]["enabled"])

    def may_make(self, case: Case) -> bool:
        """Return whether the actor may make a link: for cases that may be shown to others, and that they may work on."""
        kind = self.cases.kind(case)
        return (
            self.enabled
            and kind.publishable
            and not kind.papers
            and self.access.action_referral(case) is not None
            and self.access.may_act(case, kind.permission("work"))
        )

    @property
    def usual_end(self) -> date:
        """Return the last day of a link whose maker chooses no other."""
        days = self.work.site.settings["contractors"]["days"]
        today: date = self.work.site.calendar.today(self.work.clock.now())
        return today + timedelta(days=days)

    def make(
        self,
        case: Case,
        *,
        name: str,
        last_day: date,
        instruction: str = "",
        mobile: str | None = None,
        version: int | None = None,
        once: str = "",
    ) -> tuple[ContractorLink, str]:
        """Make a link for a contractor.

        :param case: locked.
        :param last_day: day at whose end it ends.
        :param mobile: E.164; the link is sent there, and the number is not stored with it.
        :param once: idempotency key of a call, by which :meth:`token_again` returns the token once more.
        :returns: the link and its token, which is not stored.
        :raises Forbidden: without the right, or when cases of this kind are not shown to others.
        :raises ReferralError: when too many links open the case.
        """
        referral = self._own_referral(case, version, "work")
        if not self.may_make(case):
            raise Forbidden("no links of contractors for this case")
        if sum(shown.is_open for shown in self.of(case)) >= MOST_OPEN:
            raise ReferralError(_("This case has too many open links: revoke one of them first."))
        now, calendar = self.work.clock.now(), self.work.site.calendar
        token = self._token(case, once, now) if once else secrets.token_urlsafe(TOKEN_BYTES)
        link = ContractorLink(
            case_id=case.id,
            unit_id=referral.to_unit_id,
            referral_id=referral.id,
            name=name,
            instruction=instruction,
            token_hash=token_hash(token),
            made_by_id=self.work.actor.user_id,
            created_at=now,
            ends_at=calendar.day_bounds(last_day)[1],
        )
        self.session.add(link)
        self.session.flush()
        _record(self.work, case, MADE, link, internal_text=instruction)
        self.work.get(AuditService).record("contractor:make", case_id=case.id, link=link.id)
        if mobile:
            self.work.get(NotificationService).send(
                "contractor.link",
                recipient=mobile,
                sealed={"LINK": token},
                case=case,
                at_once=True,
                expires_at=link.ends_at,
            )
        return link, token

    def token_again(self, case: Case, link: ContractorLink, once: str) -> str | None:
        """Return the token of a link to the call that made it; None to another one, or after a change of keys."""
        token = self._token(case, once, link.created_at)
        return token if token_hash(token) == link.token_hash else None

    def of(self, case: Case) -> list[ShownLink]:
        """Return the links of a case, latest first, with what waits for the unit."""
        query = select(ContractorLink, _belongs()).join(Case, Case.id == ContractorLink.case_id)
        query = query.where(ContractorLink.case_id == case.id).order_by(ContractorLink.id.desc())
        rows = self.session.execute(query).all()
        names = self.work.get(AccountService).names(link.made_by_id for link, _belonging in rows)
        now = self.work.clock.now()
        answers = self._answers(case) if rows else {}
        return [
            ShownLink(
                link=link,
                maker=names.get(link.made_by_id or 0, ""),
                is_open=self.enabled and belongs and link.revoked_at is None and link.ends_at > now,
                # An answer waits for the unit after the end of its link too.
                answer=answers.get(link.id) if belongs and link.answered_at else None,
            )
            for link, belongs in rows
        ]

    def mentioned(self, case: Case) -> list[ShownLink]:
        """Return the links of a case as :meth:`of`, without a statement if its history mentions none."""
        return self.of(case) if any(event.type == MADE for event in self.cases.events(case)) else []

    def revoke(self, case: Case, link_id: int, *, version: int | None = None) -> CaseEvent:
        """End a link.

        :raises Forbidden: without the right to work on the case.
        :raises NotFound: when the case has no such link.
        :raises ReferralError: when it has ended before.
        """
        self._own_referral(case, version, "work")
        link = self._link(case, link_id)
        if link.revoked_at is not None:
            raise ReferralError(_("This link was revoked before."))
        link.revoked_at, link.answered_at = self.work.clock.now(), None
        self._settle(case)
        self.work.get(AuditService).record("contractor:revoke", case_id=case.id, link=link.id)
        return _record(self.work, case, REVOKED, link)

    def send_back(
        self, case: Case, link_id: int, note: str, *, mobile: str | None = None, version: int | None = None
    ) -> CaseEvent:
        """Send the work back to its contractor, who reads the note at the link.

        :param mobile: E.164; an SMS there says so, and the number is not stored with the link.
        :raises Forbidden: without the right to work on the case.
        :raises NotFound: when the case has no such link.
        :raises ReferralError: when the contractor has not answered, or the link has ended.
        """
        self._own_referral(case, version, "work")
        link = self._link(case, link_id)
        if link.answered_at is None or not any(one.is_open and one.link is link for one in self.of(case)):
            raise ReferralError(_("This link has ended, or its contractor has not answered: make a new one."))
        link.answered_at = None
        self._settle(case)
        if mobile:
            self.work.get(NotificationService).send(
                "contractor.sent_back", recipient=mobile, case=case, expires_at=link.ends_at
            )
        return _record(self.work, case, SENT_BACK, link, internal_text=note)

    def copy_after(self, case: Case, keys: Sequence[str], owner: str) -> list[str]:
        """Copy pictures of contractors for a step that they prove; the originals stay with what was said.

        :param keys: anything that is no picture of a contractor of this case is ignored.
        :param owner: who claims the copies.
        """
        files, attachments = PictureFiles(self.work.site), self.work.get(AttachmentService)
        copied = []
        for picture in attachments.of_case(case):
            if picture.purpose == AFTER and picture.key in keys:
                copied.append(files.copy(picture.key))
                attachments.duplicate(picture, copied[-1], owner)
        return copied

    def _answers(self, case: Case) -> dict[int, CaseEvent]:
        """Return the latest answer of each contractor by the id of the link."""
        said = (event for event in reversed(self.cases.events(case)) if event.type == CONTRACTED)
        return {event.data.get("link", 0): event for event in said}

    def _token(self, case: Case, once: str, moment: datetime) -> str:
        """Return the token of a link that a call makes, which only the keys of the site and the call tell."""
        parts = (case.code, once, moment.astimezone(UTC).isoformat())
        digest: bytes = self.work.site.keys.mac("contractor", *parts)
        return base64.urlsafe_b64encode(digest[:TOKEN_BYTES]).decode().rstrip("=")

    def _link(self, case: Case, link_id: int) -> ContractorLink:
        link = self.session.get(ContractorLink, link_id)
        if link is None or link.case_id != case.id:
            raise NotFound("no such link")
        return link

    def _settle(self, case: Case) -> None:
        """Remove the mark of the case when no answer waits any more."""
        self.session.flush()
        waits = select(ContractorLink.id).where(
            ContractorLink.case_id == case.id, ContractorLink.answered_at.is_not(None)
        )
        referral = self.access.action_referral(case)
        if referral is not None:
            referral.contracted = self.session.scalar(waits.limit(1)) is not None


class ContractorPageService(Service):
    """What the contractor of a link may do; the actor is a visitor, also if a person is signed in there."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)

    def open(self, token: str) -> ContractorView:
        """Return the case of a link.

        :raises NotFound: when there is no such link, or it has ended.
        """
        link, case = self._fetch(token)
        texts, pictures = self.work.get(PublicTexts), self.work.get(AttachmentService).of_case(case)
        events = list(self._of_link(case, link))
        last = next((event for event in events if event.type in (CONTRACTED, SENT_BACK)), None)
        return ContractorView(
            link=link,
            case=case,
            unit=self.work.get(OrganizationService).unit_name(link.unit_id),
            subject=texts.shown(case, self.cases.subject(case))
            or self.work.site.localizer().translate(self.cases.kind(case).title),
            place=texts.shown(case, case.place) or texts.place(case),
            words=texts.shown(case, case.body),
            photos=[one for one in pictures if one.purpose == "before" and one.audience != "staff"],
            own=[one for one in pictures if one.event_id in {event.id for event in events}],
            said=next((event for event in events if event.type == CONTRACTED), None),
            sent_back=last.internal_text if last and last.type == SENT_BACK else "",
        )

    def picture(self, token: str, key: str) -> Attachment:
        """Return a picture that the contractor of a link may see.

        :raises NotFound: when there is none.
        """
        opened = self.open(token)
        found = next((one for one in (*opened.photos, *opened.own) if one.key == key), None)
        if found is None:
            raise NotFound("no such picture")
        return found

    def note_use(self, token: str) -> None:
        """Record that a link was opened, once in a while.

        :raises NotFound: see :meth:`open`.
        """
        link, case = self._fetch(token)
        now = self.work.clock.now()
        if link.used_at is None or link.used_at < now - USED_AGAIN:
            link.used_at = now
            self.work.get(AuditService).record("contractor:open", case_id=case.id, link=link.id)

    def answer(
        self,
        token: str,
        outcome: str,
        *,
        note: str = "",
        before: Sequence[str] = (),
        after: Sequence[str] = (),
        owner: str = "",
        once: str = "",
    ) -> CaseEvent:
        """Record what a contractor says; the status of the case stays.

        :param outcome: ``DONE`` or ``CANNOT``.
        :param before: keys of uploaded pictures from before the work, ``after`` of those after it, and ``owner`` their
            uploader.
        :param once: the form's idempotency key: sent again, the event of the first time is returned.
        :raises NotFound: see :meth:`open`.
        :raises Refused: when the unit has not looked at the former answer yet, or a picture no longer exists.
        """
        link, case = self._fetch(token, lock=True)
        earlier = (event for event in self._of_link(case, link) if once and event.data.get(ONCE) == once)
        if (said := next(earlier, None)) is not None:
            self.cases.was_repeated = True
            return said
        if link.answered_at is not None:
            raise Refused(_("Your answer has arrived before. The unit has not looked at it yet."))
        referral = self.work.get(AccessService).action_referral(case)
        with self.work.savepoint():
            link.answered_at = link.used_at = self.work.clock.now()
            if referral is not None:
                referral.contracted = True
            data = {"outcome": outcome, ONCE: once}
            event = _record(self.work, case, CONTRACTED, link, internal_text=note, data=data)
            for purpose, keys in ((BEFORE, before), (AFTER, after)):
                self.work.get(AttachmentService).claim(keys, owner, case, event, purpose=purpose)
            self.work.get(AuditService).record(
                "contractor:answer", case_id=case.id, link=link.id, outcome=outcome
            )
        return event

    def _fetch(self, token: str, *, lock: bool = False) -> tuple[ContractorLink, Case]:
        query = (
            select(ContractorLink, Case)
            .join(Case, Case.id == ContractorLink.case_id)
            .where(ContractorLink.token_hash == token_hash(token), _opens(self.work.clock.now()))
        )
        row = self.session.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None or not self.work.get(ContractorService).enabled:
            raise NotFound("no such link")
        link, case = row
        return link, case

    def _of_link(self, case: Case, link: ContractorLink) -> Iterator[CaseEvent]:
        return (event for event in self.cases.events(case) if event.data.get("link") == link.id)


def _record(
    work: Work,
    case: Case,
    type_: str,
    link: ContractorLink,
    *,
    data: Mapping[str, object] | None = None,
    internal_text: str = "",
) -> CaseEvent:
    cases = work.get(CaseService)
    # Officers with a form open are told that the case has changed.
    case.updated_at = work.clock.now()
    about = {"contractor": link.name, "link": link.id, **(data or {})}
    event = cases.record(case, type_, unit_id=link.unit_id, internal_text=internal_text, data=about)
    work.relay(CaseChange(case=case, event=event, kind=cases.kind(case), notify=False))
    return event


def _opens(now: datetime) -> ColumnElement[bool]:
    """Return the condition for links that open their ``Case`` now."""
    return and_(ContractorLink.revoked_at.is_(None), ContractorLink.ends_at > now, _belongs())


def _belongs() -> ColumnElement[bool]:
    """Return the condition for links whose ``Case`` is open and has not left their unit since they were made."""
    gone = exists().where(
        Referral.case_id == ContractorLink.case_id,
        Referral.type == "action",
        Referral.id >= ContractorLink.referral_id,
        Referral.closed_how.is_distinct_from("undone"),
        or_(Referral.to_unit_id != ContractorLink.unit_id, Referral.closed_how.is_not_distinct_from("acted")),
    )
    return and_(Case.stage.in_(OPEN_STAGES), Case.unit_id == ContractorLink.unit_id, ~gone)
