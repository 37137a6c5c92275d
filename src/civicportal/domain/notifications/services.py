"""Queuing of messages in the outbox, in the transaction of their cause."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from civicportal.core.crypto import CannotDecrypt
from civicportal.core.db import BigId, changed_rows
from civicportal.core.messages import Lane
from civicportal.core.work import Service
from civicportal.domain.accounts.models import OtpChallenge, User
from civicportal.domain.cases.errors import CannotUndo
from civicportal.domain.cases.followers import FollowerService, hearing
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.notifications import timing
from civicportal.domain.notifications.arrivals import ARRIVALS
from civicportal.domain.notifications.choices import PreferenceService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.notifications.notices import (
    NoticeData,
    NoticeRenderer,
    facts_of,
    keys_of,
    keys_of_step,
)
from civicportal.domain.notifications.outbox import insert_unless_opted_out, write_messages
from civicportal.domain.notifications.sms import SmsLength
from civicportal.domain.notifications.texts import TextService, fill
from civicportal.util.calendar import CityCalendar
from civicportal.util.queries import NamedRecord

if TYPE_CHECKING:
    from civicportal.core.security import Identity
    from civicportal.core.work import Work
    from civicportal.domain.cases.changes import CaseChange
    from civicportal.domain.cases.models import Case, CaseEvent

#: Recipients of a case who can be reached and have not opted out; built once, because every transition uses it.
_TOLD = (
    select(User.id, User.mobile, User.locale)
    .where(
        hearing(bindparam("case_id", type_=BigId), bindparam("citizen_id", type_=BigId)),
        User.mobile.is_not(None),
        User.disabled_at.is_(None),
        User.deleted_at.is_(None),
        PreferenceService.wants("case_notices"),
    )
    .order_by(User.id)
)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A message as it would be sent, with its cost."""

    key: str
    text: str
    length: SmsLength


class NotificationService(Service):
    """Queue messages: one row of the outbox per event and person."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.site = work.site
        self.texts = work.get(TextService)
        self.notices = work.get(NoticeRenderer)

    # -- cases ----------------------------------------------------------------------------------------------

    def case_changed(self, change: "CaseChange") -> None:
        """Notify the citizen and the followers of a change."""
        if change.type == "undone":
            self._cancel(change.case, change.event.data.get("event"))
        elif change.notify:
            self._tell(change)

    def _tell(self, change: "CaseChange") -> None:
        facts = facts_of(change)
        key = self.notices.choose(keys_of(change), facts)
        if key is None:
            return
        me, case = self.work.actor, change.case
        facts = replace(facts, own=self.notices.own_fields(case, key))
        if change.type == "opened" and me.is_citizen and me.user_id == case.citizen_id and me.mobile:
            # The sender of a new case is loaded already, except for their preferences.
            insert_unless_opted_out(self.work, "case_notices", self._row(change, key, facts, me.user_id, me))
            return
        rows = [self._row(change, key, facts, person.id, person) for person in self._people(change)]
        write_messages(self.work, rows)

    def _row(
        self,
        change: "CaseChange",
        key: str,
        facts: NoticeData,
        user_id: int | None,
        person: "NamedRecord | Identity | User",
    ) -> dict[str, object]:
        """Return the message row for a person with ``mobile`` and ``locale``."""
        case, locale = change.case, self.locale_of(person)
        fields = self.notices.fields(case, facts, locale, own=user_id == case.citizen_id)
        return {
            "event_key": f"{change.event.id}:{user_id}:sms",
            "kind": key,
            "recipient": person.mobile,
            "user_id": user_id,
            "case_id": case.id,
            "event_id": change.event.id,
            "next_at": self._due(change),
            **self._content(key, locale, fields),
        }

    def _people(self, change: "CaseChange") -> Sequence[NamedRecord]:
        """Return the reachable recipients of a change."""
        case = change.case
        return self.session.execute(_TOLD, {"case_id": case.id, "citizen_id": case.citizen_id}).all()

    def _due(self, change: "CaseChange") -> datetime:
        now = self.work.clock.now()
        if change.type == "opened":
            return now
        if self.work.actor.is_staff:
            now += timedelta(seconds=self.site.settings["notifications"]["undo_seconds"])
        return self._awake(now)

    def _awake(self, moment: datetime) -> datetime:
        return timing.after_quiet_hours(moment, self.quiet_hours, self.site.calendar)

    @cached_property
    def quiet_hours(self) -> tuple[time, time]:
        """Return start and end of the city's quiet hours."""
        return CityCalendar.parse_hours(self.site.settings["notifications"]["quiet_hours"])

    def _cancel(self, case: "Case", event_id: int | None) -> None:
        """Cancel the notifications of a transition.

        :raises CannotUndo: when the worker has leased one.
        """
        of_step = (OutboxMessage.case_id == case.id, OutboxMessage.event_id == event_id)
        self.session.execute(
            update(OutboxMessage)
            .where(*of_step, OutboxMessage.state == "new")
            .values(state="cancelled")
            .execution_options(synchronize_session=False)
        )
        gone = select(OutboxMessage.id).where(*of_step, OutboxMessage.state != "cancelled")
        if self.session.scalar(gone.limit(1)) is not None:
            raise CannotUndo(f"a notice of event {event_id} has gone out")

    def send_immediately(self, event: "CaseEvent", citizen: User) -> bool:
        """Make a notification to one person due at once.

        :returns: whether there is one.
        """
        of_event = (OutboxMessage.event_id == event.id, OutboxMessage.user_id == citizen.id)
        changed = self.session.execute(
            update(OutboxMessage)
            .where(*of_event, OutboxMessage.state == "new")
            .values(next_at=self.work.clock.now())
            .execution_options(synchronize_session=False)
        )
        return changed_rows(changed) > 0

    # -- codes ----------------------------------------------------------------------------------------------

    def send_code(self, challenge: OtpChallenge, locale: str = "") -> None:
        """Queue the code of a challenge.

        :param locale: of the recipient; the site's own if empty.
        """
        if challenge.hollow:
            return
        self.session.flush()
        self._add(
            event_key=f"code:{challenge.id}:sms",
            kind=self._code_key(challenge),
            lane="codes",
            recipient=challenge.mobile,
            user_id=challenge.user_id,
            challenge_id=challenge.id,
            locale=locale,
            next_at=self.work.clock.now(),
            expires_at=challenge.expires_at,
        )

    def text_of(self, message: OutboxMessage) -> str:
        """Return the text of a message.

        The text of a code is derived from its challenge, and empty after the deletion of the challenge; one with a
        sealed value is empty when its key is gone.
        """
        if message.challenge_id is None:
            sealed = _sealed(message)
            values = {name: value for name, value in self.fields_of(message).items() if name in sealed}
            return fill(message.text, values) if all(values.values()) else ""
        return self.texts.render(message.kind, message.locale or None, self.fields_of(message)) or ""

    def fields_of(self, message: OutboxMessage) -> dict[str, str]:
        """Return the values of the text's placeholders, for transports that send templates."""
        if message.challenge_id is None:
            fields: dict[str, str] = json.loads(message.fields)
            return {**fields, **{name: self._unsealed(value) for name, value in _sealed(message).items()}}
        challenge = self.session.get(OtpChallenge, message.challenge_id)
        code = self.site.keys.otp_code(challenge.nonce) if challenge else ""
        return self.texts.values(message.kind, {"CODE": code})

    def _unsealed(self, value: str) -> str:
        try:
            return self.site.keys.decrypt(value)
        except CannotDecrypt:
            return ""

    def _code_key(self, challenge: OtpChallenge) -> str:
        """Return the text key of a code's purpose.

        Browsers can fill in the code if the portal has a public address.
        """
        key = f"otp.{challenge.purpose}"
        key = key if key in self.site.messages else "otp.login"
        return key if self.site.public_url else f"{key}.short"

    # -- anything else --------------------------------------------------------------------------------------

    def send(
        self,
        kind: str,
        *,
        recipient: str,
        user_id: int | None = None,
        fields: Mapping[str, str] | None = None,
        lane: Lane = "notices",
        case: "Case | None" = None,
        once: str = "",
        locale: str | None = None,
        at_once: bool = False,
        expires_at: datetime | None = None,
        sealed: Mapping[str, str] | None = None,
    ) -> bool:
        """Queue a message with a registered text.

        :param kind: key of the text.
        :param recipient: E.164.
        :param once: name of the event: a second message with the same name to the same number is ignored.
        :param at_once: ignore the quiet hours; for answers to an action of the person.
        :param sealed: secret values of placeholders, which the outbox stores encrypted, apart from the text.
        :returns: False when there is no text of this key.
        """
        content = self._content(kind, locale, fields or {}, sealed or {})
        if not content:
            return False
        now = self.work.clock.now()
        name = self._event_key(once, recipient) if once else secrets.token_hex(16)
        self._add(
            event_key=name,
            kind=kind,
            lane=lane,
            recipient=recipient,
            user_id=user_id,
            case_id=case.id if case else None,
            next_at=now if at_once else self._awake(now),
            expires_at=expires_at,
            **content,
        )
        return True

    def has_queued(self, once: str, recipient: str) -> bool:
        """Return whether :meth:`send` has queued a message with this name to this number."""
        query = select(OutboxMessage.id).where(OutboxMessage.event_key == self._event_key(once, recipient))
        return self.session.scalar(query) is not None

    def preview(self, key: str, fields: Mapping[str, str], locale: str | None = None) -> Preview | None:
        """Return a rendered text, or None for an unknown key."""
        text = self.texts.render(key, locale, fields)
        return None if text is None else Preview(key=key, text=text, length=SmsLength.of(text))

    def preview_step(
        self,
        case: "Case",
        *,
        target: str | None = None,
        own: str | None = None,
        unit_id: int | None = None,
        moment: datetime | None = None,
        note: str = "",
        own_fields: Mapping[str, str] | None = None,
    ) -> Preview | None:
        """Return the citizen's message for a transition or a referral.

        :param target: the new state of a transition; None for a referral.
        :param own: suffix of the text key that the transition defines.
        :param unit_id: the addressee of a referral.
        :param moment: of an appointment; now if None.
        :param own_fields: values of the kind's own fields as they would be, over those that the case has.
        :raises Refused: when a value is longer than a field.
        :raises MessageFieldsMissing: when one of the kind's own placeholders has no value yet.
        """
        kind = kind_of(self.site, case.kind)
        keys = keys_of_step(kind, case.status, target, own) if target else [f"{kind.name}.referred"]
        facts = NoticeData(
            status=target or case.status,
            moment=moment or self.work.clock.now(),
            unit_id=unit_id or case.unit_id,
            note=note,
        )
        key = self.notices.choose(keys, facts)
        citizen = self.session.get(User, case.citizen_id) if case.citizen_id else None
        if key is None or citizen is None:
            return None
        locale = self.locale_of(citizen)
        facts = replace(facts, own=self.notices.own_fields(case, key, own_fields))
        return self.preview(key, self.notices.fields(case, facts, locale), locale)

    def tells(self, case: "Case", change: str) -> bool:
        """Return whether a change can be notified.

        It can if there is a text for it, and the case has a recipient.

        :param change: end of the text's key, for instance "corrected".
        """
        told = f"{case.kind}.{change}" in self.site.messages
        return told and bool(self.work.get(FollowerService).recipients(case))

    def remind(self, case: "Case", kind: str, *, moment: datetime, once: str, expires_at: datetime) -> None:
        """Queue one message to the citizen of a case.

        :param kind: key of the text.
        :param moment: date and time in the message.
        :param once: name of the event; a second message with the same name is ignored.
        :param expires_at: it is not sent after this time.
        """
        user = self._reachable(case)
        if user is None or user.mobile is None:
            return
        locale = self.locale_of(user)
        facts = NoticeData(status=case.status, moment=moment, unit_id=case.unit_id)
        self.send(
            kind,
            recipient=user.mobile,
            user_id=user.id,
            case=case,
            locale=locale,
            fields=self.work.get(NoticeRenderer).fields(case, facts, locale),
            once=once,
            expires_at=expires_at,
        )

    def note_delivery(self, message_id: int, state: str, at: datetime | None = None) -> None:
        """Store the provider's delivery report for a message of the outbox.

        :param state: "arrived", "off" (the phone was off, full or out of reach), "not_taken" by the operator, "lost" on
            its way, "blocked" by the recipient, or "silent" where the provider does not say.
        :param at: time of the delivery, aware; now if the provider does not say.
        :raises ValueError: for another state.
        """
        if state not in ARRIVALS:
            raise ValueError(f"the delivery {state!r} is none of {', '.join(ARRIVALS)}")
        self.session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id)
            .values(delivery=state, delivered_at=at or self.work.clock.now())
            .execution_options(synchronize_session=False)
        )

    # -- inside ---------------------------------------------------------------------------------------------

    def _reachable(self, case: "Case") -> User | None:
        if case.citizen_id not in self.work.get(FollowerService).recipients(case):
            return None
        reachable = (
            User.disabled_at.is_(None),
            User.deleted_at.is_(None),
            PreferenceService.wants("case_notices"),
        )
        return self.work.session.scalar(select(User).where(User.id == case.citizen_id, *reachable))

    def _content(
        self, key: str, locale: str | None, fields: Mapping[str, str], sealed: Mapping[str, str] = {}
    ) -> dict[str, str]:
        text = self.texts.render(key, locale, fields)
        if text is None:
            return {}
        secret = {name: [self.site.keys.encrypt(value)] for name, value in sealed.items()}
        values = json.dumps({**self.texts.values(key, fields), **secret}, ensure_ascii=False)
        return {"text": text, "fields": values, "locale": locale or ""}

    def _add(self, **values: object) -> None:
        write_messages(self.work, [values])

    def locale_of(self, person: "NamedRecord | Identity | User") -> str:
        """Return the message language of a person with a ``locale``."""
        return str(person.locale) if person.locale in self.site.languages else self.site.locale

    def _event_key(self, once: str, recipient: str) -> str:
        return f"{once}:{self._digest(recipient)}:sms"

    def _digest(self, recipient: str) -> str:
        return self.site.keys.mac("outbox", recipient).hex()[:24]


def _sealed(message: OutboxMessage) -> dict[str, str]:
    """Return the encrypted values of a message by placeholder; each stands in a list of its own."""
    fields = json.loads(message.fields)
    return {name: value[0] for name, value in fields.items() if isinstance(value, list)}
