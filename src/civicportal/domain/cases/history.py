"""The public history of a case: units are named, persons never."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.models import Attachment, Case, CaseEvent
from civicportal.domain.cases.public_texts import PublicTexts
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import STAGES, CaseKind, UnknownTransition
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

TITLES: dict[str, TranslationString] = {
    "returned": _("Sent back to ${unit}"),
    "referred": _("Referred to ${unit}"),
    "commented": _("Expert comment"),
    "corrected": _("Details of the case were corrected"),
    "noted": _("You added to your request"),
}
VOICES: dict[str, tuple[TranslationString, TranslationString]] = {
    "objection": (_("Your objection"), _("Objection of the citizen")),
    "answer": (_("Your answer"), _("Answer of the citizen")),
    "note": (_("Your note"), _("Note of the citizen")),
    "follower": (_("Your note"), _("Note of a follower")),
}
"""Names of a citizen's texts: for the citizen, and for others."""
REOPENED = (_("Opened again at your request"), _("Opened again at the request of the citizen"))


@dataclass(frozen=True, kw_only=True)
class PublicEvent:
    """One entry of the timeline.

    :ivar id: of the entry in the history.
    :ivar stage: as the macro ``step`` draws it; empty without a change of status.
    :ivar author: of ``text``: the unit, or what the citizen's text is, for instance "Your answer"; empty without a
        text.
    :ivar photos: of the work before and after, if visible.
    """

    id: int
    title: str | TranslationString
    moment: datetime
    stage: str = ""
    text: str = ""
    author: str | TranslationString = ""
    photos: Sequence[Attachment] = ()


def status_title(kind: CaseKind, case: Case) -> TranslationString:
    """Return the title of a status for staff, or of its stage if the service is inactive."""
    try:
        return kind.workflow.state(case.status).title
    except UnknownTransition:
        return STAGES[case.stage]


class PublicHistory:
    """Build the timeline for citizens, followers and visitors."""

    def __init__(self, work: "Work") -> None:
        self.cases = work.get(CaseService)
        self.attachments = work.get(AttachmentService)
        self.texts = work.get(PublicTexts)
        self.reader_id = work.actor.user_id
        self.organization = work.get(OrganizationService)

    def of(self, case: Case, *, own: bool = False, audiences: Sequence[str] = ()) -> list[PublicEvent]:
        """Return the public events of a case, latest first.

        A follower sees their own notes too.

        :param own: the reader is the case's citizen, who alone sees the texts they sent.
        :param audiences: of the pictures this reader may see, for instance ``("citizen", "public")``.
        """
        events = self.cases.events(case)
        undone = {event.data.get("event") for event in events if event.type == "undone"}
        noted = {event.id for event in events if event.type == "noted"}
        photos = [
            photo
            for photo in self.photos(case, audiences)
            if photo.purpose == "after" or photo.event_id in noted
        ]
        mine = {event.id for event in events if event.is_by_follower and event.actor_id == self.reader_id}
        if mine:
            photos += [photo for photo in self.attachments.of_case(case) if photo.event_id in mine]
        return [
            self._event(case, event, own, [photo for photo in photos if photo.event_id == event.id])
            for event in events
            if event.id in mine
            or (event.public and event.id not in undone and (own or event.type != "noted"))
        ]

    def photos(self, case: Case, audiences: Sequence[str]) -> list[Attachment]:
        """Return the visible pictures of a case, oldest first."""
        if not audiences:
            return []
        return [photo for photo in self.attachments.of_case(case) if photo.audience in audiences]

    def _event(self, case: Case, event: CaseEvent, own: bool, photos: Sequence[Attachment]) -> PublicEvent:
        kind = self.cases.kind(case)
        by_citizen = event.realm == "citizen"
        own = own or event.is_by_follower
        if by_citizen:
            # An objection is stored as internal text, which followers never see.
            text = (event.public_text or event.internal_text) if own else ""
        else:
            text = event.public_text if own else self.texts.said(case, event.public_text, event.data)
        author = voice_of(kind, event, own=own) or self.organization.unit_name(event.unit_id)
        return PublicEvent(
            id=event.id,
            title=self._title(kind, event, own),
            moment=event.at,
            stage=_stage(kind, event),
            text=text,
            author=author if text else "",
            photos=photos,
        )

    def _title(self, kind: CaseKind, event: CaseEvent, own: bool) -> str | TranslationString:
        if says_itself(kind, event):
            return name_of_step(kind, event)
        if reopened := title_of_reopening(kind, event, own=own):
            return reopened
        if event.after:
            return kind.public_status(event.after, own=own)
        if event.is_by_follower:
            return _("You added to this request")
        if event.type == "commented" and event.automation:
            return _("Message of the municipality")
        title = TITLES.get(event.type, _("Note"))
        unit_id = event.data.get("unit_id")
        return _(title, mapping={"unit": self.organization.unit_name(unit_id)})


def voice_of(kind: CaseKind, event: CaseEvent, *, own: bool = False) -> TranslationString | None:
    """Return what a citizen's text is; None for texts of staff.

    :param own: for the citizen who wrote it.
    """
    if event.realm != "citizen":
        return None
    state = kind.workflow.by_name.get(event.before or "")
    if event.is_by_follower:
        name = "follower"
    elif event.transition is not None and event.transition == kind.reopen:
        name = "objection"
    elif state and event.transition is not None and event.transition == state.answer:
        name = "answer"
    else:
        name = "note"
    return VOICES[name][not own]


def title_of_reopening(kind: CaseKind, event: CaseEvent, *, own: bool = False) -> TranslationString | None:
    """Return the title of an event by which the citizen opened the case again, else None."""
    reopens = event.realm == "citizen" and event.transition is not None and event.transition == kind.reopen
    return REOPENED[not own] if reopens else None


def says_itself(kind: CaseKind, event: CaseEvent) -> bool:
    """Return whether a transition shows its own title instead of the new status.

    It does not change the status, or it ends a question without an answer.
    """
    state = kind.workflow.by_name.get(event.before or "")
    unanswered = state.unanswered if state else None
    return event.transition is not None and (event.before == event.after or event.transition == unanswered)


def name_of_step(kind: CaseKind, event: CaseEvent) -> TranslationString:
    """Return the title of an event's transition."""
    named = (step.title for step in kind.workflow.transitions if step.name == event.transition)
    return next(named, kind.title)


def _stage(kind: CaseKind, event: CaseEvent) -> str:
    if event.type in ("referred", "returned"):
        return "referred"
    if not event.after:
        return ""
    known = kind.workflow.by_name.get(event.after)
    return known.stage if known else ""
