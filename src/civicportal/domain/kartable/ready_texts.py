"""Ready texts and opinions, offered in forms of transitions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from translationstring import TranslationString

from civicportal.core.translated import text_in
from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.workflow import CaseKind, Transition
from civicportal.domain.kartable.models import ReadyText
from civicportal.domain.notifications.texts import fill, used_fields
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _, localized_digits
from civicportal.util.lists import move
from civicportal.util.tracking import grouped
from civicportal.util.values import Values

WORDS = "public_text"
"""The form field that receives the text."""
FIELDS: dict[str, TranslationString] = {
    "NAME": _("Name of the citizen"),
    "CODE": _("Tracking code"),
    "SUBJECT": _("Subject"),
    "UNIT": _("Unit"),
    "DATE": _("Today's date"),
}
OPINIONS, ON_TOPIC, TEXTS = _("Opinions of units"), _("Texts on this topic"), _("Ready texts")
GROUPS = (OPINIONS, ON_TOPIC, TEXTS)
"""Headings in their order."""


@dataclass(frozen=True, kw_only=True)
class ReadyTextOption:
    """A text that can be inserted into the answer.

    :ivar key: its value in the form.
    :ivar text: with placeholders replaced.
    """

    key: str
    group: TranslationString
    title: str
    text: str

    @property
    def rank(self) -> int:
        """Return the place of its group."""
        return GROUPS.index(self.group)


def asks_for_words(transition: Transition) -> bool:
    """Return whether a staff transition has a public text field."""
    if transition.schema is None or "staff" not in transition.actors:
        return False
    return WORDS in {node.name for node in transition.schema().children}


def unknown_fields(text: str) -> list[str]:
    """Return the placeholders of a text that are unknown."""
    return sorted(used_fields(text) - FIELDS.keys())


FINISHED = _("The work has been done. Thank you for reporting it.")
"""The answer to the citizen where the site has no ready text for it."""


class ReadyTextService(Service):
    """Manage ready texts, and fill them in for a case."""

    # -- offering -------------------------------------------------------------------------------------------

    def offers(self, case: Case, transition: Transition, *, kept: bool = False) -> list[ReadyTextOption]:
        """Return the texts offered for a transition.

        Opinions of units come first, the latest of them before the others, then the texts on the topic of the case.

        :param kept: for a page that is kept offline: without opinions and without the citizen's name.
        """
        if not asks_for_words(transition):
            return []
        opinions = () if kept else self._opinions(case)
        return [*opinions, *self._texts(case, transition, named=not kept)]

    def preset(self, case: Case, transition: Transition) -> str:
        """Return the words with which the form of finished work begins: the first text, never an opinion, else a general one.

        It is without a name, for pages that are kept offline.
        """
        if not asks_for_words(transition):
            return ""
        first = next(iter(self.offers(case, transition, kept=True)), None)
        return first.text if first else str(self.work.site.localizer().translate(FINISHED))

    def filled(self, text: str, case: Case) -> str:
        """Return a text for the citizen of a case with its placeholders replaced."""
        return fill(text, self._values(case, named=True))

    def _opinions(self, case: Case) -> Iterator[ReadyTextOption]:
        name = self.work.get(OrganizationService).unit_name
        for referral in reversed(self.work.get(AccessService).referrals(case)):
            if referral.type == "inquiry" and referral.answer:
                yield ReadyTextOption(
                    key=f"opinion-{referral.id}",
                    group=OPINIONS,
                    title=name(referral.to_unit_id),
                    text=referral.answer,
                )

    def _texts(self, case: Case, transition: Transition, *, named: bool = True) -> Iterator[ReadyTextOption]:
        kept = self.work.reference(f"ready_texts:{case.kind}", partial(_read_texts, case.kind))
        topics = self.work.get(OrganizationService).categories.path(case.category_id)
        fitting = {None, *(category.id for category in topics)}
        rows = [
            row
            for row in kept
            if row.active and row.transition in ("", transition.name) and row.category_id in fitting
        ]
        values = self._values(case, named=named) if rows else {}
        for row in sorted(rows, key=lambda row: row.category_id is None):
            yield ReadyTextOption(
                key=f"text-{row.id}",
                group=TEXTS if row.category_id is None else ON_TOPIC,
                title=text_in(row, "title", self.work.locale),
                text=fill(row.text, values),
            )

    def _values(self, case: Case, *, named: bool) -> dict[str, str]:
        site = self.work.site
        return {
            "NAME": self._name(case, named=named),
            "CODE": localized_digits(grouped(case.code), site.locale),
            "SUBJECT": case.subject,
            "UNIT": self.work.get(OrganizationService).unit_name(case.unit_id, site.locale),
            "DATE": site.calendar.format_date(self.work.clock.now(), "long", locale=site.locale),
        }

    def _name(self, case: Case, *, named: bool) -> str:
        known = named and case.citizen_id and self.work.get(AccessService).can(case, "contact")
        citizen = self.session.get(User, case.citizen_id) if known else None
        unnamed: str = self.work.site.localizer().translate(_("Citizen"))
        return citizen.name if citizen and citizen.name else unnamed

    # -- keeping --------------------------------------------------------------------------------------------

    def kinds(self) -> list[CaseKind]:
        """Return the kinds whose texts the actor may manage."""
        kinds = kinds_of(self.work.site).values()
        return [kind for kind in kinds if self.work.actor.permits(kind.permission("work"))]

    def rows(self, kind: str) -> Sequence[ReadyText]:
        """Return the texts of a kind in their order."""
        return _read_texts(kind, self.session)

    def fetch(self, text_id: int) -> ReadyText:
        """Return a text that the actor may manage.

        :raises NotFound: when there is none, or it belongs to a kind they do not work on.
        """
        row = self.session.get(ReadyText, text_id)
        if row is None or row.kind not in {kind.name for kind in self.kinds()}:
            raise NotFound("no such text")
        return row

    def add(
        self,
        kind: str,
        *,
        title: str,
        text: str,
        transition: str = "",
        category_id: int | None = None,
        active: bool = True,
        translations: Mapping[str, Values] | None = None,
    ) -> ReadyText:
        """Add a text after the others of its kind.

        :param category_id: the topic that it is offered for; None for every one.
        :param translations: its titles in other languages, for staff: ``{"en": {"title": "Thanks"}}``.
        """
        row = ReadyText(
            kind=kind,
            transition=transition,
            category_id=category_id,
            position=self._next_position(kind),
            title=title,
            text=text,
            active=active,
            translations=translations or {},
        )
        self.session.add(row)
        self.session.flush()
        return row

    def change(
        self,
        row: ReadyText,
        kind: str,
        *,
        title: str,
        text: str,
        transition: str,
        category_id: int | None,
        active: bool,
        translations: Mapping[str, Values],
    ) -> None:
        """Change a text.

        One that is moved to another kind becomes the last there.
        """
        if row.kind != kind:
            row.kind, row.position = kind, self._next_position(kind)
        row.transition, row.category_id = transition, category_id
        row.title, row.text, row.active = title, text, active
        row.translations = {**row.translations, **translations}

    def move(self, row: ReadyText, by: int) -> None:
        """Swap a text with the previous (-1) or the next one (1)."""
        move(list(self.rows(row.kind)), row, by)

    def _next_position(self, kind: str) -> int:
        last = self.session.scalar(select(func.max(ReadyText.position)).where(ReadyText.kind == kind))
        return (last or 0) + 1


def _read_texts(kind: str, session: Session) -> Sequence[ReadyText]:
    query = select(ReadyText).where(ReadyText.kind == kind)
    return session.scalars(query.order_by(ReadyText.position, ReadyText.id)).all()
