"""Server-side sessions: the cookie contains a random token, the database its hash.

A visitor has a row only if there is something to store: a pending form, a verified tracking code, a second factor
being set up.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import BindParameter, ColumnElement, Select, String, cast, delete, or_, select, update

from civicportal.core.clock import SKEW
from civicportal.core.crypto import CannotDecrypt, new_token, token_hash
from civicportal.core.db import changed_rows
from civicportal.core.work import Service
from civicportal.domain.accounts.models import Session, User
from civicportal.util.errors import CivicportalError
from civicportal.util.queries import NamedRecord
from civicportal.util.values import Values

#: NIST SP 800-63B §4: staff at AAL2, citizens at AAL1.
LIFE = {"citizen": timedelta(days=30), "staff": timedelta(hours=12), "visitor": timedelta(hours=1)}
STAFF_IDLE = timedelta(minutes=30)
PROOF = timedelta(minutes=5)
"""Validity of an authentication for pages that ask again."""
LARGEST = 32 * 1024
"""Maximum bytes of one stored value, as JSON."""
MOST_KEPT = 8
"""Maximum values stored for one browser; the oldest is dropped."""
FORM = "form:"
"""Key prefix of a pending form, followed by the path of its page, for instance ``form:/reports/new``."""

OF = "of"
"""Key in a visitor's row for the owner of a stored value: the person of the expired session that the row was before."""


Kept = dict[str, dict[str, Any]]
"""Stored JSON values by key, each with the time until which it is kept."""


def is_alive(now: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a valid session, without that on idle time."""
    return (
        or_(Session.realm == "citizen", Session.realm == "staff"),
        Session.expires_at > now,
        Session.epoch == User.session_epoch,
        User.disabled_at.is_(None),
        User.deleted_at.is_(None),
    )


class TooLarge(CivicportalError):
    """The data is too large to be stored."""


class SessionService(Service):
    """Open, find and end sessions, and store visitors' data."""

    # --- people

    def open(
        self,
        realm: Literal["citizen", "staff"],
        user: User,
        user_agent: str = "",
        *,
        replaces: str | None = None,
    ) -> str:
        """Open a session and return its token.

        :param replaces: this browser's token: its session ends, and the visitor's data is moved.
        """
        now, token = self.work.clock.now(), new_token()
        self.session.add(
            Session(
                token_hash=token_hash(token),
                realm=realm,
                user_id=user.id,
                epoch=user.session_epoch,
                created_at=now,
                last_seen_at=now,
                expires_at=now + LIFE[realm],
                proved_at=now,
                user_agent=user_agent[:200],
                data=self._take_over(replaces, user) if replaces else {},
            )
        )
        self.session.execute(update(User).where(User.id == user.id).values(last_seen_at=now))
        self.session.flush()
        return token

    def live(self, token: str) -> tuple[Session, User] | None:
        """Return the active session of a token with its person."""
        now = self.work.clock.now()
        query = select(Session, User).join(User, User.id == Session.user_id)
        found = self.session.execute(query.where(_is(token), *is_alive(now))).first()
        return None if found is None or is_idle(found[0], now) else (found[0], found[1])

    def row(self, token: str) -> Session | None:
        """Return the row of a token, including one of an ended session."""
        return self.session.scalar(select(Session).where(_is(token)))

    def list_of(self, user: User) -> Sequence[Session]:
        """Return a person's active sessions, latest first."""
        rows = self.session.scalars(
            select(Session)
            .join(User, User.id == Session.user_id)
            .where(*is_alive(self.work.clock.now()), Session.user_id == user.id)
            .order_by(Session.last_seen_at.desc(), Session.id.desc())
        )
        now = self.work.clock.now()
        return [row for row in rows if not is_idle(row, now)]

    def end(self, token: str) -> None:
        """End a session; copies of its cookie become invalid."""
        self.session.execute(delete(Session).where(_is(token)))

    def end_one(self, user: User, session_id: int) -> bool:
        """End one of a person's sessions.

        :returns: False when it is not theirs or has ended.
        """
        ended = self.session.execute(
            delete(Session).where(Session.id == session_id, Session.user_id == user.id)
        )
        return bool(changed_rows(ended))

    def end_all_others(self, user: User, session_id: int | None) -> None:
        """End a person's sessions except this one."""
        self.session.execute(
            delete(Session).where(Session.user_id == user.id, Session.id != (session_id or 0))
        )

    def end_everything(self, user: User) -> None:
        """End all of a person's sessions, including those being opened concurrently."""
        self.session.execute(
            update(User).where(User.id == user.id).values(session_epoch=User.session_epoch + 1)
        )
        self.session.refresh(user, ["session_epoch"])
        self.session.execute(delete(Session).where(Session.user_id == user.id))

    # --- asking again

    def is_proved(self, session_id: int | None) -> bool:
        """Return whether the person has authenticated within the last five minutes."""
        session = self.session.get(Session, session_id) if session_id else None
        if session is None or session.proved_at is None:
            return False
        now = self.work.clock.now()
        return now - PROOF < session.proved_at <= now + SKEW

    def prove(self, session_id: int | None) -> None:
        """Record that the person has just authenticated."""
        self.session.execute(
            update(Session).where(Session.id == session_id).values(proved_at=self.work.clock.now())
        )

    # --- what a visitor wrote

    def keep_visitor_data(
        self, token: str, key: str, values: object, lifetime: timedelta = LIFE["visitor"]
    ) -> None:
        """Store JSON values under a key for this browser.

        :param token: ``request.ensure_session_token()``.
        :param key: for a form, :data:`FORM` and the path of its page, where the sign-in leads back.
        :raises TooLarge: for more than 32 KiB.
        """
        if len(json.dumps(values, ensure_ascii=False).encode()) > LARGEST:
            raise TooLarge(f"more than {LARGEST} bytes for {key!r}")
        now = self.work.clock.now()
        row = self._row_to_write(token, now)
        kept = _unexpired(row.data, now)
        kept.pop(key, None)
        while len(kept) >= MOST_KEPT:
            del kept[next(iter(kept))]
        kept[key] = {"values": values, "until": (now + lifetime).isoformat()}
        row.data = kept
        self.session.flush()

    def store_encrypted(self, token: str, key: str, value: object) -> None:
        """Store data encrypted: it may contain what otherwise only encrypted columns hold.

        :param value: a JSON value.
        :raises TooLarge: as :meth:`keep_visitor_data`.
        """
        sealed = self.work.site.keys.encrypt(json.dumps(value, ensure_ascii=False))
        self.keep_visitor_data(token, key, sealed)

    def decrypted(self, token: str, begin: str) -> Values:
        """Return the values stored by :meth:`store_encrypted` under a key prefix, oldest first.

        Values of an encryption key that was removed since are left out: the person has to fill in the form again.
        """
        found = {}
        for key, sealed in self.stored(token, begin).items():
            # Anything else was stored unencrypted by an older release.
            if isinstance(sealed, str):
                with suppress(CannotDecrypt):
                    found[key] = json.loads(self.work.site.keys.decrypt(sealed))
        return found

    def visitor_data(self, token: str, key: str) -> Any:
        """Return the value stored under a key, or None."""
        return self.stored(token).get(key)

    def stored(self, token: str, begin: str = "") -> Values:
        """Return the values stored under a key prefix, oldest first.

        Data of a person whose session has ended waits for their return and is shown to no one else.
        """
        row = self.row(token)
        if row is None or (row.user_id is not None and self.live(token) is None):
            return {}
        kept = _of(None, _unexpired(row.data, self.work.clock.now()))
        return {key: one["values"] for key, one in kept.items() if key.startswith(begin)}

    def pending_form(self, token: str) -> str | None:
        """Return the path of the latest pending form, if any."""
        forms = list(self.stored(token, FORM))
        return forms[-1].removeprefix(FORM) if forms else None

    def forget(self, token: str, key: str) -> None:
        """Delete the value stored under a key."""
        row = self._locked(token)
        if row and key in row.data:
            row.data = {name: kept for name, kept in row.data.items() if name != key}
            self.session.flush()

    def drop_expired(self, after: int, limit: int) -> int | None:
        """Delete expired data from a batch of sessions.

        Every backup would contain it.

        :param after: id of the last session of the previous batch.
        :returns: the same for the next batch, None at the end.
        """
        filled = select(Session).where(Session.id > after, cast(Session.data, String) != "{}")
        filled = filled.order_by(Session.id).limit(limit).with_for_update(skip_locked=True)
        rows = self.session.scalars(filled).all()
        for row in rows:
            row.data = _unexpired(row.data, self.work.clock.now())
        self.session.flush()
        return rows[-1].id if rows else None

    # --- inside

    def _row_to_write(self, token: str, now: datetime) -> Session:
        """Return this browser's row for writing.

        The row of an ended session becomes a visitor's, with its data marked as the person's.
        """
        row = self._locked(token)
        if row is not None and self.live(token) is not None:
            return row
        row = row or self._new_visitor(token, now)
        if row.user_id is not None:
            row.data = {key: {**kept, OF: row.user_id} for key, kept in _unexpired(row.data, now).items()}
        row.realm, row.user_id, row.proved_at, row.last_seen_at = "visitor", None, None, now
        row.expires_at = now + LIFE["visitor"]
        return row

    def _new_visitor(self, token: str, now: datetime) -> Session:
        # A concurrent request of this browser has created the row.
        statement = self.work.site.engines.insert(Session).values(
            token_hash=token_hash(token), realm="visitor", created_at=now, last_seen_at=now, expires_at=now
        )
        self.session.execute(statement.on_conflict_do_nothing(index_elements=["token_hash"]))
        return self.session.scalars(self._to_write(token)).one()

    def _locked(self, token: str) -> Session | None:
        return self.session.scalar(self._to_write(token))

    @staticmethod
    def _to_write(token: str) -> Select[Session]:
        query = select(Session).where(_is(token)).with_for_update()
        return query.execution_options(populate_existing=True)

    def _take_over(self, token: str, user: User) -> Kept:
        """End the old session, and move its data.

        The data is not moved if it belongs to another person.
        """
        row = self.row(token)
        if row is None:
            return {}
        self.session.delete(row)
        if row.user_id not in (None, user.id):
            return {}
        kept = _unexpired(row.data, self.work.clock.now())
        return _of(user.id, kept) | _of(None, kept)


def _is(token: str) -> ColumnElement[bool]:
    return Session.token_hash == token_hash(token)


def is_idle(session: Session | NamedRecord, now: datetime) -> bool:
    """Return whether a staff session was idle for too long.

    If it was last seen in the future, the clock was set back and the idle time is unknown: it counts as idle.
    """
    return session.realm == "staff" and not now - STAFF_IDLE < session.last_seen_at <= now + SKEW


def _unexpired(data: Kept, now: datetime) -> Kept:
    return {key: kept for key, kept in data.items() if datetime.fromisoformat(kept["until"]) > now}


def _of(user_id: int | None, data: Kept) -> Kept:
    """Return a person's data in a visitor's row.

    None selects that of no person.
    """
    own = {key: kept for key, kept in data.items() if kept.get(OF) == user_id}
    return {key: {name: kept[name] for name in ("values", "until")} for key, kept in own.items()}
