"""The service for cases; no other code changes a status."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError

from civicportal.core.work import Service
from civicportal.domain.audit.digests import digest_words
from civicportal.domain.cases.access.rights import AccessService, visible
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.codes import CodeService
from civicportal.domain.cases.deadlines import resume, set_deadline
from civicportal.domain.cases.errors import Refused, StaleVersion
from civicportal.domain.cases.events import ONCE, Events
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.measures import count, note_move, recounting
from civicportal.domain.cases.models import Attachment, Case, CaseEvent
from civicportal.domain.cases.opening import OpeningService
from civicportal.domain.cases.public_texts import ALLOWED, PublicTexts
from civicportal.domain.cases.reading import ReadingService
from civicportal.domain.cases.schemas import step_values
from civicportal.domain.cases.snapshots import put_back, snapshot
from civicportal.domain.cases.steps import Step, StepService
from civicportal.domain.cases.subjects import SubjectService
from civicportal.domain.cases.workflow import CaseKind, Transition
from civicportal.domain.organization.models import Category
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import Forbidden, NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work


SENT_TWICE = timedelta(minutes=10)
"""Period in which the same note by the same person is treated as a resubmitted form."""


class CaseService(Service):
    """Open, read and change cases.

    Every change is an event and is passed to ``case_changed``.

    :ivar was_repeated: whether the form of :meth:`open_once` or :meth:`apply` had been processed before.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.was_repeated = False
        self._steps = work.get(StepService)
        self._events = Events(work)

    def kind(self, case: Case) -> CaseKind:
        """Return the kind of a case."""
        return kind_of(self.work.site, case.kind)

    # -- reading --------------------------------------------------------------------------------------------

    def fetch(self, code: str, verb: str = "view", *, lock: bool = False) -> Case:
        """Return a case by its code, if the actor may see it.

        :param lock: lock it for update (``FOR UPDATE``).
        :raises NotFound: when there is none, or the actor may not know of it.
        """
        return self._one(Case.code == code, visible(self.work.actor, verb), lock=lock)

    def fetch_own(self, code: str, *, lock: bool = False) -> Case:
        """Return a case of the acting citizen.

        :raises NotFound: when there is none, or it belongs to another person.
        """
        me = self.work.actor.user_id
        return self._one(Case.code == code, Case.citizen_id == me, Case.citizen_id.is_not(None), lock=lock)

    def by_idempotency_key(self, idempotency_key: str) -> Case | None:
        """Return the case opened earlier by the same form."""
        return self.work.get(CodeService).opened_by(idempotency_key)

    def events(self, case: Case, *, public: bool = False) -> Sequence[CaseEvent]:
        """Return the history, latest first; for citizens only public events."""
        return [event for event in self._events.of(case) if event.public or not public]

    def load_events(self, cases: Iterable[Case]) -> None:
        """Load the history of many cases in one statement."""
        self._events.load(cases)

    def last_event(self, case: Case) -> CaseEvent | None:
        """Return the latest event of a case."""
        return self._events.last(case)

    def _one(self, *conditions: ColumnElement[bool], lock: bool) -> Case:
        case = self.work.get(ReadingService).one(*conditions, lock=lock)
        if case is None:
            raise NotFound("no such case")
        return case

    def detail(self, case: Case) -> Any:
        """Return the case's row in the kind's own table, if any.

        For a case that is being routed and not written yet, it is the row that will be written with it.
        """
        return self.work.get(OpeningService).detail(case)

    def subject(self, case: Case) -> str:
        """Return the subject of a case in the language of the unit of work; templates write ``case|subject``."""
        return self.work.get(SubjectService).of(case)

    # -- opening --------------------------------------------------------------------------------------------

    def open(
        self,
        kind: CaseKind,
        *,
        subject: str,
        body: str,
        citizen_id: int | None,
        place: str = "",
        people: Sequence[str] = (),
        category: Category | None = None,
        detail: Any = None,
        attachments: Sequence[str] = (),
        owner: str = "",
        source: str = "web",
        urgent: bool = False,
        idempotency_key: str | None = None,
    ) -> Case:
        """Open a case: route it, write case, detail, event and claimed pictures, then call the hooks.

        :param people: names by which the case is found besides its citizen's, with the same right.
        :param detail: row of the kind's detail model; its ``case_id`` is set here.
        :param attachments: keys of uploaded pictures.
        :param owner: their uploader; see :class:`~civicportal.domain.cases.attachments.AttachmentService`.
        :raises AttachmentNotFound: when a picture is missing or not the owner's.
        """
        case = self.work.get(OpeningService).prepare(
            kind,
            detail,
            subject=subject,
            place=place,
            body=body,
            people=people,
            citizen_id=citizen_id,
            category=category,
            urgent=urgent,
            source=source,
            idempotency_key=idempotency_key,
        )
        self.session.add(case)
        self.session.flush()
        if detail is not None:
            detail.case_id = case.id
            self.session.add(detail)
        # A case is opened from outside the unit to which it is routed.
        event = self.record(case, "opened", after=case.status, public=True, unit_id=None)
        self.work.get(AttachmentService).claim(attachments, owner, case, event)
        count(self.work, case)
        self.work.relay(CaseChange(case=case, event=event, kind=kind))
        return case

    def open_once(self, key: str | None, open_case: Callable[[], Case]) -> Case:
        """Open a case once per idempotency key.

        :param key: the case's ``idempotency_key``, unique over all kinds and people: begin it with the kind and the id
            of the citizen, as two people may send the same form. Without one every attempt opens a case.
        """
        before = self.by_idempotency_key(key) if key else None
        self.was_repeated = before is not None
        if before is not None:
            return before
        try:
            with self.work.savepoint():
                return open_case()
        except IntegrityError:
            # A concurrent submission of the same form has committed first.
            before = self.by_idempotency_key(key) if key else None
            if before is None:
                raise
            self.was_repeated = True
            return before

    # -- changing -------------------------------------------------------------------------------------------

    def steps(self, case: Case) -> list[Step]:
        """Return the transitions of the actor's realm from the current status, with the reason of impossible ones."""
        return self._steps.possible(case)

    def finishing_step(self, case: Case) -> Transition | None:
        """Return the step that finishes the work, see :meth:`StepService.finishing`."""
        return self._steps.finishing(case)

    def apply(
        self,
        case: Case,
        name: str,
        *,
        version: int | None = None,
        data: Values | None = None,
        public_text: str = "",
        internal_text: str = "",
        attachments: Sequence[str] = (),
        owner: str = "",
        notify: bool = True,
        allowed: Collection[str] = (),
        once: str = "",
    ) -> CaseEvent:
        """Take a transition of the workflow.

        :param version: version of the case in the form; None when the caller has just read it.
        :param attachments: keys of pictures that show the work done.
        :param allowed: words that are not names in the public text, see
            :class:`~civicportal.domain.cases.public_texts.PublicTexts`.
        :param once: idempotency key of the form: sent again, the event of the first time is returned. The case has to be
            locked.
        :raises PersonalDataFound: when the case is public and its public text contains personal data.
        :raises UnknownTransition: when there is no such step from here.
        :raises StaleVersion: when the case was changed since the form was shown.
        :raises Forbidden: when the actor may not take it.
        :raises Refused: when a guard refuses, or a picture no longer exists.
        """
        before = self._events.by_form(case, once) if once else None
        self.was_repeated = before is not None
        if before is not None:
            return before
        self.check_version(case, version)
        kind = self.kind(case)
        transition = self._steps.permitted(case, name)
        notify = notify and self._steps.notifies(case, transition)
        self._check_public(case, "public_text", public_text, allowed)
        # A plugin's hook may refuse the transition too.
        with self.work.savepoint():
            former = snapshot(case) | self._holder(case)
            self._move(case, kind, transition.target)
            event = self.record(
                case,
                "transition",
                transition=name,
                before=str(former["status"]),
                after=case.status,
                public=transition.notify or bool(public_text),
                public_text=public_text,
                internal_text=internal_text,
                data={
                    **(data or {}),
                    **_allowed(allowed),
                    **({ONCE: once} if once else {}),
                    "undo": former,
                },
            )
            self.work.get(AttachmentService).claim(attachments, owner, case, event, purpose="after")
            change = CaseChange(case=case, event=event, kind=kind, transition=transition, notify=notify)
            self.work.relay(change)
        return event

    def apply_form(
        self,
        case: Case,
        name: str,
        values: Values,
        *,
        version: int | None = None,
        owner: str = "",
        allowed: Collection[str] = (),
        notify: bool = True,
    ) -> CaseEvent:
        """Take a transition with the values of its form; see :meth:`apply`.

        Texts and pictures (``public_text``, ``internal_text``, ``photos``) go to the history, everything else into the
        event's ``data``.

        :param owner: of the pictures, :meth:`~civicportal.web.request.Request.upload_owner`.
        :param allowed: findings of personal data that the officer allows, as in :meth:`apply`.
        """
        return self.apply(
            case, name, version=version, owner=owner, allowed=allowed, notify=notify, **step_values(values)
        )

    def comment(
        self,
        case: Case,
        text: str,
        *,
        expert: bool = False,
        public: bool = False,
        allowed: Collection[str] = (),
    ) -> CaseEvent:
        """Add an internal note or a public comment.

        The same text by the same person within ten minutes is a form sent twice: the existing comment is returned. The
        case has to be locked.

        :param allowed: as in :meth:`apply`.
        :raises PersonalDataFound: when the case is public and a public comment contains personal data.
        :raises Forbidden: without the right to comment.
        """
        kind = self.kind(case)
        if self.work.actor.realm != "system" and not self.may_comment(case):
            raise Forbidden("may not comment")
        said = {
            "public": public and expert,
            "public_text": text if public and expert else "",
            "internal_text": "" if public and expert else text,
        }
        before = self._said_before(
            case, "commented", said, lambda event: bool(event.data.get("expert")) == expert
        )
        if before is not None:
            return before
        if public and expert:
            self._check_public(case, "text", text, allowed)
        event = self.record(case, "commented", data={"expert": expert, **_allowed(allowed)}, **said)
        self.work.relay(CaseChange(case=case, event=event, kind=kind, notify=public and expert))
        return event

    def add_note(
        self, case: Case, text: str, *, attachments: Sequence[str] = (), owner: str = ""
    ) -> CaseEvent:
        """Add a note of the case's citizen or of a follower, with pictures.

        The status stays. Only staff and its author read the note of a follower. The same text and pictures within ten minutes are a form sent twice: the existing note is
        returned. The case has to be locked.

        :param attachments: keys of uploaded pictures.
        :param owner: their uploader; see :class:`~civicportal.domain.cases.attachments.AttachmentService`.
        :raises Forbidden: when the actor is neither.
        :raises Refused: when the case is closed, or a picture no longer exists.
        """
        own = case.citizen_id == self.work.actor.user_id
        if not self.work.actor.is_citizen or not (own or self.work.get(FollowerService).find(case)):
            raise Forbidden("neither the citizen of the case nor a follower")
        if not case.is_open:
            raise Refused(_("The request is closed: a note can no longer be added."))
        said = {
            "public": own,
            "public_text": text if own else "",
            "internal_text": "" if own else text,
        }
        before = self._said_before(case, "noted", said, lambda event: self._came_with(event, attachments))
        if before is not None:
            return before
        with self.work.savepoint():
            # Officers with a form open are told that the case has changed.
            case.updated_at = self.work.clock.now()
            event = self.record(case, "noted", **said)
            self.work.get(AttachmentService).claim(attachments, owner, case, event)
            self.work.relay(CaseChange(case=case, event=event, kind=self.kind(case), notify=False))
        return event

    def _said_before(
        self, case: Case, type_: str, said: Values, is_same: Callable[[CaseEvent], bool]
    ) -> CaseEvent | None:
        """Return the event of a form that the actor has sent twice."""
        if self.work.actor.user_id is None:
            return None
        query = select(CaseEvent).where(
            CaseEvent.case_id == case.id,
            CaseEvent.type == type_,
            CaseEvent.actor_id == self.work.actor.user_id,
            CaseEvent.at > self.work.clock.now() - SENT_TWICE,
            *(getattr(CaseEvent, name) == value for name, value in said.items()),
        )
        return next(filter(is_same, self.session.scalars(query).all()), None)

    def _came_with(self, event: CaseEvent, keys: Collection[str]) -> bool:
        """Return whether an event has pictures of the same contents as uploaded ones, and no others.

        :param keys: of the uploaded pictures, which may have been claimed since.
        """
        of_event = select(Attachment.sha256).where(Attachment.event_id == event.id)
        uploaded = select(Attachment.sha256).where(Attachment.key.in_(keys))
        there, sent = (sorted(self.session.scalars(query)) for query in (of_event, uploaded))
        return there == sent and len(sent) == len(set(keys))

    def publish(
        self, case: Case, public: bool, *, body: str | None = None, allowed: Collection[str] = ()
    ) -> None:
        """Publish the case with its pictures, or hide it again.

        :param body: its public text; None for the one published before, else its own text.
        :param allowed: words that are not names in it, see :class:`~civicportal.domain.cases.public_texts.PublicTexts`.
        :raises PersonalDataFound: when its text or its subject contains personal data.
        :raises Forbidden: without the right to work on it, or when cases of this kind are never public.
        """
        self._steps.require_work(case)
        if public and not self.kind(case).publishable:
            raise Forbidden(f"cases of {case.kind} are not published")
        if public:
            words = body if body is not None else case.public_body or case.body
            self.work.get(PublicTexts).release(case, words, allowed=allowed)
        with recounting(self.work, case):
            case.public, case.updated_at = public, self.work.clock.now()
        self.work.get(AttachmentService).set_public(case, public)
        self.record(case, "published" if public else "hidden")

    def mark_urgent(self, case: Case, urgent: bool) -> None:
        """Set or remove the mark "urgent".

        :raises Forbidden: without the right to work on it.
        """
        self._steps.require_work(case)
        case.urgent, case.updated_at = urgent, self.work.clock.now()
        self.record(case, "urgent" if urgent else "not_urgent")

    def restore(self, case: Case, event: CaseEvent) -> None:
        """Restore unit, status, stage and deadline from before an event (an undo)."""
        before = event.data["undo"]
        with recounting(self.work, case):
            put_back(case, before)
            case.updated_at = self.work.clock.now()

    def assign(self, case: Case, unit_id: int, *, passed_on: bool = False) -> None:
        """Set the unit that holds the case.

        :param passed_on: it was referred or returned there by staff.
        """
        with recounting(self.work, case):
            case.unit_id = unit_id
            case.hops += passed_on
            case.updated_at = self.work.clock.now()

    def set_deadline(self, case: Case, start: datetime, days: float | None) -> None:
        """Set the deadline of a case, never before its registration.

        :param start: start of the time, possibly before the registration, such as the date of a letter.
        :param days: office days from the start; None or 0 for no deadline.
        """
        set_deadline(case, start, days, self.work.get(OrganizationService).calendar)

    def recounting(self, case: Case) -> AbstractContextManager[None]:
        """Update the counters after the block."""
        return recounting(self.work, case)

    def record(self, case: Case, type_: str, **values: object) -> CaseEvent:
        """Add an event by the current actor; no hook is called."""
        actor = self.work.actor
        event = CaseEvent(
            case_id=case.id,
            type=type_,
            actor_id=actor.user_id,
            actor_name=actor.name,
            realm=actor.realm,
            on_behalf_of_id=self.work.get(AccessService).on_behalf_of(case),
            at=self.work.clock.now(),
            **{"unit_id": case.unit_id, "data": {}, **values},
        )
        event.digests = digest_words(self.work.site.keys, event)
        self._events.add(event)
        return event

    def check_version(self, case: Case, version: int | None) -> None:
        """Refuse a form that was made from an older version.

        :raises StaleVersion: names both versions.
        """
        if version is not None and version != case.version:
            raise StaleVersion(f"case {case.code}: version {version} was read, it is {case.version} now")

    def may_comment(self, case: Case) -> bool:
        """Return whether the actor may add a note or an expert comment."""
        return self._steps.may_comment(case)

    def _check_public(self, case: Case, name: str, text: str, allowed: Collection[str]) -> None:
        """Refuse personal data in public texts of staff.

        Texts of citizens are not checked.
        """
        if case.public and text and not self.work.actor.is_citizen:
            self.work.get(PublicTexts).check(case, {name: text}, allowed=allowed, addressed=True)

    def _holder(self, case: Case) -> dict[str, int | None]:
        """Return the person who has taken over a case, for the undo of a transition of staff."""
        referral = self.work.get(AccessService).action_referral(case) if self.work.actor.is_staff else None
        return {"taken_by_id": referral.taken_by_id} if referral else {}

    def _move(self, case: Case, kind: CaseKind, target: str) -> None:
        now, calendar = self.work.clock.now(), self.work.get(OrganizationService).calendar
        old, new = kind.workflow.state(case.status), kind.workflow.state(target)
        with recounting(self.work, case):
            if old.pauses_deadline:
                resume(case, now, calendar)
            case.paused_at = now if new.pauses_deadline else None
            case.status, case.stage = new.name, new.stage
            if old.is_open or new.is_open:
                case.closed_at = None if new.is_open else now
            case.updated_at = now
            note_move(case, was_open=old.is_open, now=now, calendar=calendar)


def _allowed(words: Collection[str]) -> dict[str, list[str]]:
    """Return the event data of words declared not to be names."""
    return {ALLOWED: sorted(words)} if words else {}
