"""Calls that are sent twice: the same idempotency key makes one thing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

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
    """Remember the call of this unit of work that makes something."""

    _row_id: int | None = None

    def begin(self, caller: str, key: str, content: bytes) -> str | None:
        """Remember a call, and return what the same call has made before; None for a new one.

        A concurrent call with the same key waits here until the first one has committed.

        :param content: path and body, by which a call is the same.
        :raises Problem: 422 for a key that came with another content.
        """
        mac = self.work.site.keys.mac
        columns = {
            "caller": caller,
            "key_hash": mac("repeat", caller, key).hex()[:32],
            "body_hash": mac("repeat", content.decode("latin-1")).hex()[:32],
        }
        row = self.work.site.engines.insert(RepeatableCall).values(
            **columns, made="", created_at=self.work.clock.now()
        )
        unique = ["caller", "key_hash"]
        new = row.on_conflict_do_nothing(index_elements=unique).returning(RepeatableCall.id)
        self._row_id = self.session.scalar(new)
        if self._row_id is not None:
            return None
        before = self.session.execute(
            select(RepeatableCall.body_hash, RepeatableCall.made).filter_by(
                **{name: columns[name] for name in unique}
            )
        ).one()
        if before.body_hash != columns["body_hash"]:
            raise Problem(422, OTHER_BODY)
        return str(before.made)

    def finish(self, made: str) -> None:
        """Store what the call has made, if it is to be found again by that.

        :param made: see :meth:`~civicportal.web.rest.operations.Call.made`; empty for nothing.
        """
        if made:
            row = update(RepeatableCall).where(RepeatableCall.id == self._row_id)
            self.session.execute(row.values(made=made))


def clean_calls(site: Site) -> None:
    """Delete idempotency keys that are older than a week."""
    with site.work() as work:
        work.session.execute(
            delete(RepeatableCall).where(RepeatableCall.created_at < site.clock.now() - KEEP)
        )
