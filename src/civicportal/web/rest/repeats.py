"""Calls that are sent twice: the same idempotency key makes one thing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from civicportal.core.work import Service
from civicportal.util.i18n import _
from civicportal.web.rest.models import RepeatableCall
from civicportal.web.rest.problems import Problem

if TYPE_CHECKING:
    from civicportal.core.site import Site

KEEP = timedelta(days=7)
"""How long a key is remembered."""
OTHER_BODY = _("This Idempotency-Key was sent with another body. Choose a new key for another thing.")


class RepeatService(Service):
    """Remember the calls that made something."""

    def begin(self, caller: str, key: str, content: bytes) -> tuple[RepeatableCall, bool]:
        """Return the row of a call, and whether it was there: then what it made is to be returned again.

        A concurrent call with the same key waits here until the first one has committed.

        :param content: path and body, by which a call is the same.
        :raises Problem: 422 for a key that came with another content.
        """
        mac = self.work.site.keys.mac
        key_hash = mac("repeat", caller, key).hex()[:32]
        body_hash = mac("repeat", content.decode("latin-1")).hex()[:32]
        before = self._find(caller, key_hash)
        if before is None:
            row = RepeatableCall(
                caller=caller,
                key_hash=key_hash,
                body_hash=body_hash,
                made="",
                created_at=self.work.clock.now(),
            )
            try:
                with self.work.savepoint():
                    self.session.add(row)
            except IntegrityError:
                before = self._find(caller, key_hash)
                if before is None:
                    raise
            else:
                return row, False
        if before.body_hash != body_hash:
            raise Problem(422, OTHER_BODY)
        return before, True

    def _find(self, caller: str, key_hash: str) -> RepeatableCall | None:
        query = select(RepeatableCall).where(
            RepeatableCall.caller == caller, RepeatableCall.key_hash == key_hash
        )
        return self.session.scalar(query)


def clean_calls(site: Site) -> None:
    """Delete idempotency keys that are older than a week."""
    with site.work() as work:
        work.session.execute(
            delete(RepeatableCall).where(RepeatableCall.created_at < site.clock.now() - KEEP)
        )
